/* SPDX-License-Identifier: MIT */
/* A matrix product as a loop over tiles of the weights. */
#ifndef LIBNPU_COMPILER_TILE_H
#define LIBNPU_COMPILER_TILE_H

#include "lower.h"
#include "norm.h"

/**
 * struct tiling - sizes of the tiles of one operator
 * @units: units of output columns in a tile
 * @slot: bytes of weights and parameters that fit; of a matrix of which a unit
 *	needs more, a tile has fewer inputs
 * @block: rows of input that are quantised at a time
 * @book: codebook in SRAM, when weights are not streamed and have one
 */
struct tiling {
	uint32_t units;
	uint64_t slot;
	uint32_t block, book;
};

/**
 * struct tile - registers of the loop over tiles, within its body
 * @at: first unit of the tile
 * @units: units of it
 * @cols: columns of it, those that exist
 */
struct tile {
	uint8_t at, units, cols;
};

/**
 * tiling_choose() - choose sizes for the SRAM that is left, and take it
 * @l: state; receives the rings
 * @op: operator
 * @rows: its rows
 * @out_row: bytes of a row of results of one column, over all buffers of a slot
 * @tiling: receives the sizes
 *
 * A slot of results has room for the biases of a tile behind them.
 */
void tiling_choose(struct lower *l, const struct op *op, const struct row_range *rows,
		   uint32_t out_row, struct tiling *tiling);

/** tile_inputs() - most inputs of a tile of a matrix for the SRAM of @tiling */
uint32_t tile_inputs(const struct lower *l, const struct matrix *w,
		     const struct tiling *tiling);

/**
 * struct slot_parts - where the parts of a tile lie in its slot
 * @zeros: zero points; the scales are at 0
 * @pairs: pairs of the scales
 * @codes: weights
 * @size: bytes of all
 */
struct slot_parts {
	uint64_t zeros, pairs, codes, size;
};

/** slot_parts_of() - of @units units and @k inputs of a matrix */
struct slot_parts slot_parts_of(const struct matrix *w, uint32_t units, uint32_t k);

/** outlier_matrix() - a matrix's outlier inputs, as a matrix of their own */
struct matrix outlier_matrix(const struct matrix *w);

/**
 * tile_loop() - start the loop over a core's tiles of a matrix
 * @l: state
 * @w: matrix
 * @share: the core's units
 * @tiling: sizes
 * @tile: receives the registers; tile_endloop() frees them
 */
void tile_loop(struct lower *l, const struct matrix *w, const struct share *share,
	       const struct tiling *tiling, struct tile *tile);

/** tile_endloop() - end of the loop's body */
void tile_endloop(struct lower *l, struct tile *tile);

/**
 * struct product - one matrix product of a tile
 * @act: A
 * @w: B
 * @rows: M
 * @tiling: sizes
 * @tile: registers of the loop
 * @c: C, its rows @ldc bytes apart
 * @type_c: its type
 * @bias: what is added to each column, or NULL; set by product_bias()
 * @bias_at: where it lies in the slot of results, when weights are not streamed
 * @fn: enum npu_unary of the result
 * @accum: add to the C that is there
 * @order: tokens of the whole product, on MAT
 */
struct product {
	const struct activation *act;
	const struct matrix *w;
	const struct row_range *rows;
	const struct tiling *tiling;
	const struct tile *tile;
	struct npu_loc c;
	uint32_t ldc;
	uint8_t type_c;
	const struct tensor *bias;
	uint64_t bias_at;
	uint8_t fn;
	bool accum;
	struct npu_order order;
};

/**
 * product_bias() - give a product a bias
 * @l: state
 * @p: product
 * @bias: laid out as the columns of the matrix, or NULL
 * @offset: where it can go in the slot of results, behind them
 * @wait: tokens that the product takes
 *
 * Return: tokens that it takes now: behind the load of the bias, which took
 * the others.
 */
uint32_t product_bias(struct lower *l, struct product *p, const struct tensor *bias,
		      uint64_t offset, uint32_t wait);

/**
 * tile_product() - compute it, with weights loaded through the ring or streamed
 *
 * Inputs that are outliers have a second product, which adds to the first.
 */
void tile_product(struct lower *l, const struct product *p);

#endif /* LIBNPU_COMPILER_TILE_H */
