/* SPDX-License-Identifier: MIT */
/*
 * Operators that need several passes over a vector that does not fit into
 * SRAM: a loop over the vectors, which cores share, and within it for each
 * pass a loop over the vector's tiles.
 */
#ifndef LIBNPU_COMPILER_LONG_WALK_H
#define LIBNPU_COMPILER_LONG_WALK_H

#include "lower.h"

/**
 * struct long_walk - the loops
 * @op: operator
 * @tile: elements of a tile, @tiles of them in a vector
 * @in: region of a slot for elements as they are in memory
 * @value: for F32; the same as @in if they are F32
 * @shared: for elements of vectors that all share, one behind the other
 * @vector: register, index of the vector
 * @i: register, index of the tile; @i4 four times that
 * @col: register, first element of the tile
 * @n: register, elements of the tile
 * @t: registers for addresses
 * @share: vectors of this core
 */
struct long_walk {
	const struct op *op;
	uint32_t tile, tiles;
	uint32_t in, value, shared[2];
	uint8_t vector, i, i4, col, n, t[2];
	struct share share;
};

/**
 * long_choose() - choose the tile and take the SRAM of the ring
 * @l: state
 * @op: operator
 * @shared: number of shared vectors
 * @each: bytes of SRAM that the operator takes for each tile of a vector
 * @fixed: bytes that it takes beside that
 * @lw: receives the sizes
 */
void long_choose(struct lower *l, const struct op *op, uint32_t shared, uint32_t each,
		 uint32_t fixed, struct long_walk *lw);

/** long_begin() - start of the loop over vectors */
void long_begin(struct lower *l, struct long_walk *lw);

/** long_end() - end of it */
void long_end(struct lower *l, struct long_walk *lw);

/** long_pass() - start of a loop over the tiles of the vector */
void long_pass(struct lower *l, struct long_walk *lw);

/** long_pass_end() - end of it: the next slot */
void long_pass_end(struct lower *l, struct long_walk *lw);

/** long_load() - the tile of @x, which becomes F32, and of shared vectors or NULL */
void long_load(struct lower *l, struct long_walk *lw, const struct tensor *a,
	       const struct tensor *b);

/** long_store() - the tile, behind what VEC signalled with vec_st */
void long_store(struct lower *l, struct long_walk *lw);

/** long_vec() - an instruction on the tile in place */
struct npu_insn_vec long_vec(const struct lower *l, const struct long_walk *lw);

/** long_fill() - one F32 in SRAM */
void long_fill(struct lower *l, uint32_t at, float value);

/** long_parts() - an instruction from @n F32 at @parts to one at @dst */
struct npu_insn_vec long_parts(uint32_t dst, uint32_t parts, uint32_t n);

/** long_scalar() - let an instruction have one F32 in SRAM as its second source */
void long_scalar(struct npu_insn_vec *v, uint32_t at);

#endif /* LIBNPU_COMPILER_LONG_WALK_H */
