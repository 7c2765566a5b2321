/* SPDX-License-Identifier: MIT */
/*
 * Turning operators into instructions.
 *
 * Every operator is a phase: it reads its inputs from memory, writes its
 * results to memory, and ends with a barrier, behind which all cores see them,
 * and with a place to leave the cores to another job.
 * A core takes its share of a phase by R[CORE] and R[NCORES], so one program
 * runs on any number of cores, with the same result to the bit.
 *
 * Order within a phase is by tokens, of two kinds. An *edge* is a counter for
 * a pair of engines: the k-th signal meets the k-th wait, both in program
 * order, and since engines work in order it covers all that stood before. A
 * *ring* is memory in two slots that take turns: a counter says how many are
 * free, and the address of the slot toggles in a scalar register.
 */
#ifndef LIBNPU_COMPILER_LOWER_H
#define LIBNPU_COMPILER_LOWER_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/compile.h>
#include <npu/program.h>

#include "graph.h"

/**
 * struct share - what a core does of a number of units
 * @units: all of them
 * @first: register, the core's first unit
 * @count: register, how many
 */
struct share {
	uint32_t units;
	uint8_t first, count;
};

#define MAX_SHARES 8
#define MAX_TEMPORARY 4

/**
 * struct ring - two slots of SRAM that take turns
 * @addr: register, the address of the slot whose turn it is
 * @flip: what turns one address into the other
 * @free: counter, slots that may be written
 */
struct ring {
	uint8_t addr;
	uint32_t flip;
	uint8_t free;
};

/**
 * struct lower - state of lowering one program
 * @b: builder
 * @target: device
 * @max_rows: most tokens of a run
 * @stream: weights go from memory straight to the matrix engine
 * @kv: caches of the graph
 * @batch: rows are tokens of different sequences, each with its own place
 * @pos: register, position of the first token; unless it is a @batch
 * @slot: register, address of the run's slot; unless it is a @batch
 * @rows: tokens of this run
 * @logits: how many of the last tokens get logits
 * @logits_first: register, the first of them
 * @in: ring that LD fills; @full: LD to whoever reads it
 * @out: ring that holds results until ST has stored them
 * @wide: ring that VEC fills for MAT, with what was narrower in @in
 * @ld_mat: edges from one engine to another, and so on
 * @mat_acc: from a MATMUL that is done with an accumulator to VEC
 * @shares: shares computed so far, @n_shares
 * @temporary: shares of this operator alone, @n_temporary
 */
struct lower {
	struct npu_builder *b;
	const struct npu_target *target;
	uint32_t max_rows;
	bool stream, batch;
	const struct kv_layout *kv;
	uint8_t pos, slot;
	struct npu_value rows;
	struct npu_value logits;
	uint8_t logits_first;
	struct ring in, out, wide;
	uint8_t full;
	uint8_t ld_mat, mat_vec, mat_acc, vec_mat, mat_st, vec_st, st_ld;
	uint8_t vec_cp, cp_st, ld_cp, ld_vec;
	struct share shares[MAX_SHARES];
	uint32_t n_shares;
	struct share temporary[MAX_TEMPORARY];
	uint32_t n_temporary;
};

/**
 * struct row_range - rows of a tensor that an operator works on
 * @count: how many
 * @first: register, index of the first
 * @max: most that there can be
 */
struct row_range {
	struct npu_value count;
	uint8_t first;
	uint32_t max;
};

/**
 * struct lower_spec - what program to make of a graph
 * @single: every run has one token
 * @max_rows: most tokens of a run
 * @stream: weights go straight to the matrix engine
 * @batch: every row is a token of a sequence of its own; logits are of all
 * @context: positions of the cache
 * @no_cpu: an operator that the device cannot do is an error
 * @cpu_space: one that does not fit goes to the CPU too, like one that the
 *	device lacks a feature for
 *
 * Arguments of the program: of a @batch the number of rows. Of others the
 * position of the first token; unless it is @single also the number of tokens,
 * and for how many of them, from the last, logits are wanted; and the slot.
 */
struct lower_spec {
	bool single, batch;
	uint32_t max_rows;
	bool stream;
	uint32_t context;
	bool no_cpu, cpu_space;
};

/**
 * lower_range() - make a program of some operators
 * @g: graph, placed
 * @target: device; of its features only YIELD is looked at
 * @spec: which program
 * @first: first operator
 * @end: first operator behind them
 * @data: receives the program; the caller frees it with free()
 * @size: receives its bytes
 * @err: which operator could not be lowered, and why
 *
 * Operator n of the graph gets tag n + 1, tag 0 is the program's start.
 *
 * Return: 0 or a negative errno.
 */
int lower_range(const struct graph *g, const struct npu_target *target,
		const struct lower_spec *spec, uint32_t first, uint32_t end,
		void **data, uint32_t *size, struct npu_error *err);

/** lower_num_args() - number of a program's arguments */
uint32_t lower_num_args(const struct lower_spec *spec);

/* lower_common.c: what the operators share */

/** lower_share() - this core's share of a fixed number of units, for this operator */
struct share lower_share(struct lower *l, uint32_t units);

/** lower_share_of() - the share of a number that a value holds; free its registers */
struct share lower_share_of(struct lower *l, struct npu_value units);

/** lower_share_rows() - the share of so many rows, @each units a row; free its registers */
struct share lower_share_rows(struct lower *l, const struct row_range *rows, uint64_t each);

/** lower_release() - give back what the shares of an operator took for it alone */
void lower_release(struct lower *l);

/** lower_ring() - give a ring two slots of @size bytes of SRAM */
void lower_ring(struct lower *l, struct ring *ring, const char *name, uint64_t size);

/** lower_turn() - go to the other slot */
void lower_turn(struct lower *l, const struct ring *ring);

/** lower_edge() - order @to behind what @from has been given so far, by counter */
void lower_edge(struct lower *l, uint8_t counter, unsigned int from, unsigned int to);

/** lower_op_rows() - rows that an operator works on */
struct row_range lower_op_rows(const struct lower *l, const struct op *op);

/** lower_div_up() - R[@dst] = @value / @by, rounded up */
void lower_div_up(struct lower *l, uint8_t dst, struct npu_value value, uint32_t by);

/** lower_min() - R[@dst] = min(R[@a], @limit) */
void lower_min(struct lower *l, uint8_t dst, uint8_t a, uint32_t limit);

/** lower_mem() - R[@dst] = @va + R[@index] * @stride; an address of memory */
struct npu_loc lower_mem(struct lower *l, uint8_t dst, uint64_t va, uint8_t index,
			 uint64_t stride);

/** lower_clip() - R[@dst] = min(@limit, R[@end] - R[@at]), for the last of a loop */
void lower_clip(struct lower *l, uint8_t dst, uint8_t end, uint8_t at, uint32_t limit);

/**
 * struct places - positions and slots of a batch's rows, in SRAM
 * @pos: I32 by row
 * @slot: I32 by row
 */
struct places {
	uint32_t pos, slot;
};

/** lower_places() - load them for this phase; an edge orders the CP behind it */
struct places lower_places(struct lower *l);

/** lower_place() - R[@pos] and R[@slot], the slot's number, of the row R[@row] */
void lower_place(struct lower *l, const struct places *places, uint8_t row, uint8_t pos,
		 uint8_t slot);

/** lower_slot() - R[@slot], a slot's number, becomes its address */
void lower_slot(struct lower *l, uint8_t slot);

/**
 * lower_page_address() - R[@dst] = address of a position's page, and R[@in] its place there
 * @l: state
 * @dst: register
 * @in: register, position within the page; NPU_R_ZERO: not wanted
 * @slot: register, address of the slot
 * @at: register, position
 */
void lower_page_address(struct lower *l, uint8_t dst, uint8_t in, uint8_t slot, uint8_t at);

/* One function an operator */

void lower_embed(struct lower *l, const struct op *op);
void lower_linear(struct lower *l, const struct op *op);
void lower_swiglu(struct lower *l, const struct op *op);
void lower_qkv(struct lower *l, const struct op *op);
void lower_attention(struct lower *l, const struct op *op);
void lower_argmax(struct lower *l, const struct op *op);
void lower_map(struct lower *l, const struct op *op);
void lower_norm(struct lower *l, const struct op *op);
void lower_softmax(struct lower *l, const struct op *op);
void lower_rope(struct lower *l, const struct op *op);
void lower_copy(struct lower *l, const struct op *op);
void lower_transpose(struct lower *l, const struct op *op);
void lower_topk(struct lower *l, const struct op *op);

#endif /* LIBNPU_COMPILER_LOWER_H */
