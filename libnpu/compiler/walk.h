/* SPDX-License-Identifier: MIT */
/*
 * Operators that work on vectors, each by itself: a loop over blocks of them,
 * or over tiles of vectors that are too long or too few, shared over the cores.
 *
 * A round of the loop loads into a slot of the ring in, computes there, and
 * stores from there: LD, VEC and ST work on different slots at one time.
 */
#ifndef LIBNPU_COMPILER_WALK_H
#define LIBNPU_COMPILER_WALK_H

#include "lower.h"

/**
 * struct walk_need - what a round takes of SRAM, and how it may be divided
 * @name: of the ring, in messages
 * @elem: bytes of a slot for each element
 * @each: bytes of a slot for each vector
 * @regions: number of regions of a slot that these bytes are in
 * @shared: vectors of F32 that are the same for all
 * @grain: vectors are cut at multiples of it; 0: they stay whole
 */
struct walk_need {
	const char *name;
	uint32_t elem, each, regions, shared, grain;
};

/**
 * struct walk - the loop
 * @op: operator; its vectors and cols say what is walked over
 * @rows: rows of the run
 * @flat: vectors of one element: a round is one row of @n columns
 * @tile: elements of a tile; op.cols: vectors are whole
 * @tiles: tiles of a vector
 * @block: most vectors of a round; 1 unless they are whole
 * @used: bytes of a slot that walk_region() has given out
 * @at: register, first vector of the round
 * @n: register, vectors of the round
 * @col: register, first element of the tile; ZERO when vectors are whole
 * @cols: elements of the tile
 * @t: registers for addresses
 * @share: units of this core
 */
struct walk {
	const struct op *op;
	struct row_range rows;
	bool flat;
	uint32_t tile, tiles, block;
	uint64_t used;
	uint8_t at, n, col;
	struct npu_value cols;
	uint8_t t[2];
	struct share share;
};

/**
 * struct walk_window - columns of a tensor whose rows are vectors
 * @tensor: tensor
 * @first: register, its first vector, added to the walk's; usually ZERO
 * @col: first column
 * @ld: columns of the tensor in all
 */
struct walk_window {
	const struct tensor *tensor;
	uint8_t first;
	uint64_t col, ld;
};

/** walk_fits() - whether whole vectors fit into the SRAM that is left */
bool walk_fits(const struct lower *l, const struct op *op, const struct walk_need *need);

/** walk_choose() - choose block and tile, and take the SRAM of the ring */
void walk_choose(struct lower *l, const struct op *op, const struct walk_need *need,
		 struct walk *w);

/** walk_region() - a region of a slot with elements of @size bytes */
uint32_t walk_region(struct walk *w, uint32_t size);

/** walk_each() - a region of a slot with @size bytes for each vector */
uint32_t walk_each(struct walk *w, uint32_t size);

/** walk_shared() - SRAM for an F32 vector that all share, loaded here if vectors are whole */
struct npu_loc walk_shared(struct lower *l, struct walk *w, const struct tensor *v);

/** walk_shared_load() - its tile of the round; does nothing if vectors are whole */
void walk_shared_load(struct lower *l, struct walk *w, const struct tensor *v,
		      struct npu_loc to, struct npu_order order);

/** walk_begin() - start of the loop's body */
void walk_begin(struct lower *l, struct walk *w);

/** walk_end() - end of it: the next slot */
void walk_end(struct lower *l, struct walk *w);

/** walk_load() - the round's part of a tensor, to a region */
void walk_load(struct lower *l, struct walk *w, const struct walk_window *from,
	       uint32_t region, struct npu_order order);

/** walk_store() - a region to the round's part of a tensor */
void walk_store(struct lower *l, struct walk *w, const struct walk_window *to,
		uint32_t region, struct npu_order order);

/** walk_store_each() - a region of walk_each(), @n elements of 4 bytes a vector */
void walk_store_each(struct lower *l, struct walk *w, const struct tensor *to, uint32_t n,
		     uint32_t region, struct npu_order order);

/** walk_slot() - a region of the slot whose turn it is */
struct npu_loc walk_slot(const struct lower *l, uint32_t region);

/** walk_vec() - rows and columns of the round's vector instructions */
struct npu_insn_vec walk_vec(const struct walk *w);

/** walk_vec_from() - the same, with a region of elements of @type as src0 */
struct npu_insn_vec walk_vec_from(const struct lower *l, const struct walk *w, uint8_t type,
				  uint32_t region);

/** walk_ld() - bytes from vector to vector in a region of elements of @size bytes */
struct npu_value walk_ld(const struct walk *w, uint32_t size);

#endif /* LIBNPU_COMPILER_WALK_H */
