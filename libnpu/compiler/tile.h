/* SPDX-License-Identifier: MIT */
/* An INT8 matrix product as a loop over tiles of the weights. */
#ifndef LIBNPU_COMPILER_TILE_H
#define LIBNPU_COMPILER_TILE_H

#include "lower.h"
#include "norm.h"

/**
 * struct tiling - sizes of the tiles of one operator
 * @units: units of output columns in a tile
 * @k: inputs in a tile; less than all only if a unit of them does not fit
 * @block: rows of input that are quantised at a time
 */
struct tiling {
	uint32_t units, k, block;
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
 */
void tiling_choose(struct lower *l, const struct op *op, const struct row_range *rows,
		   uint32_t out_row, struct tiling *tiling);

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
	bool accum;
	struct npu_order order;
};

/** tile_product() - compute it, with weights loaded through the ring or streamed */
void tile_product(struct lower *l, const struct product *p);

#endif /* LIBNPU_COMPILER_TILE_H */
