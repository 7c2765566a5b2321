// SPDX-License-Identifier: MIT
/*
 * The largest elements of vectors, by ARGMAX and TOPK. A vector that does not
 * fit is taken in tiles: the best of each are candidates, among which the best
 * are chosen; both prefer the lower column.
 */
#include <errno.h>

#include "long_walk.h"
#include "walk.h"

#define F32 4u
#define I32 4u
#define MOST 256u	/* results of one TOPK */

static bool is_argmax(const struct op *op)
{
	return op->kind == OP_ARGMAX;
}

/* Results of a vector. */
static uint32_t results(const struct op *op)
{
	return is_argmax(op) ? 1 : op->k;
}

/* Columns @n of the source to @index, their elements to @value; @k at most. */
static void search(struct lower *l, const struct op *op, struct npu_insn_vec v,
		   struct npu_loc index, struct npu_loc value, struct npu_value k,
		   struct npu_order order)
{
	v.dst = index;
	v.type_dst = NPU_TYPE_I32;
	v.ld_dst = npu_imm(I32);
	v.aux0 = value;
	if (is_argmax(op))
		npu_build_argmax(l->b, &v, order);
	else
		npu_build_topk(l->b, &v, k, order);
}

static void whole_vectors(struct lower *l, const struct op *op,
			  const struct walk_need *need)
{
	struct walk_window from = { .tensor = op->x, .ld = op->cols };
	uint32_t k = results(op), in, index, value;
	struct npu_insn_vec v;
	struct walk w;

	walk_choose(l, op, need, &w);
	w.flat = false;		/* one element is a vector here */
	in = walk_region(&w, tensor_element_size(op->x->type));
	index = walk_each(&w, k * I32);
	value = walk_each(&w, k * F32);
	walk_begin(l, &w);
	walk_load(l, &w, &from, in, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	v = walk_vec_from(l, &w, op->x->type, in);
	search(l, op, v, walk_slot(l, index), walk_slot(l, value), npu_imm(k),
	       npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->vec_st)));
	if (!is_argmax(op))
		walk_store_each(l, &w, op->y[0], k, value,
				npu_order(NPU_TOKEN(l->vec_st), 0));
	walk_store_each(l, &w, is_argmax(op) ? op->y[0] : op->y[1], k, index,
			npu_order(is_argmax(op) ? NPU_TOKEN(l->vec_st) : 0,
				  NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
}

/**
 * struct candidates - SRAM of a long vector's search
 * @index: I32, columns within their tiles, k for each tile
 * @value: F32, their elements
 * @best: I32, which candidates are the best; behind it their columns
 * @best_value: F32, their elements
 * @n: number of candidates
 */
struct candidates {
	uint32_t index, value, best, best_value, n;
};

static void search_tiles(struct lower *l, const struct op *op, struct long_walk *lw,
			 const struct candidates *c)
{
	uint32_t k = results(op);
	uint8_t at, most;

	long_pass(l, lw);
	long_load(l, lw, NULL, NULL);
	at = npu_builder_reg(l->b);
	most = npu_builder_reg(l->b);
	npu_build_alu(l->b, NPU_ALU_MUL, at, lw->i, NPU_R_ZERO, (uint64_t)k * I32);
	lower_min(l, most, lw->n, k);
	search(l, op, long_vec(l, lw), npu_at(at, c->index), npu_at(at, c->value),
	       npu_reg(most), npu_order(0, NPU_TOKEN(l->in.free)));
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, most);
	long_pass_end(l, lw);
}

/* Candidate j becomes its column, j / k * tile + index[j], by the command processor. */
static void find_columns(struct lower *l, const struct op *op,
			 const struct long_walk *lw, const struct candidates *c)
{
	uint8_t at = npu_builder_reg(l->b), j = npu_builder_reg(l->b);
	uint8_t t = npu_builder_reg(l->b);

	npu_build_nop(l->b, NPU_ENGINE_CP, npu_order(NPU_TOKEN(l->vec_cp), 0));
	npu_build_loop(l->b, at, NPU_R_ZERO, npu_imm(results(op)), npu_imm(I32));
	npu_build_sload(l->b, j, npu_at(at, c->best), npu_order(0, 0));
	npu_build_alu(l->b, NPU_ALU_MUL, t, j, NPU_R_ZERO, I32);
	npu_build_sload(l->b, t, npu_at(t, c->index), npu_order(0, 0));
	npu_build_alu(l->b, NPU_ALU_DIV, j, j, NPU_R_ZERO, results(op));
	npu_build_lea(l->b, t, &(struct npu_affine){
		.base = t, .term = { { npu_reg(j), npu_imm(lw->tile) } },
	});
	npu_build_sstore(l->b, npu_at(at, c->best), t, npu_order(0, 0));
	npu_build_endloop(l->b);
	npu_build_nop(l->b, NPU_ENGINE_CP, npu_order(0, NPU_TOKEN(l->cp_st)));
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, j);
	npu_builder_reg_free(l->b, t);
}

static void store_best(struct lower *l, const struct long_walk *lw,
		       const struct tensor *to, uint32_t k, uint32_t from,
		       struct npu_order order)
{
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, from), .row = npu_imm((uint64_t)k * I32),
		.mem = lower_mem(l, lw->t[0], to->va, lw->vector, (uint64_t)k * I32),
	}, order);
}

static void long_vectors(struct lower *l, const struct op *op)
{
	uint32_t k = results(op), last;
	struct candidates c;
	struct long_walk lw;

	c.best = npu_builder_sram(l->b, "columns", (uint64_t)k * I32);
	c.best_value = npu_builder_sram(l->b, "elements", (uint64_t)k * F32);
	long_choose(l, op, 0, k * (I32 + F32), 128, &lw);
	c.index = npu_builder_sram(l->b, "columns of candidates", (uint64_t)lw.tiles * k * I32);
	c.value = npu_builder_sram(l->b, "candidates", (uint64_t)lw.tiles * k * F32);
	last = op->cols - (uint64_t)(lw.tiles - 1) * lw.tile;
	c.n = (lw.tiles - 1) * k + (last < k ? last : k);
	if (lw.tile < k)
		npu_builder_fail(l->b, -ENOSPC, "SRAM: the %u largest are more than a tile of %u",
				 k, lw.tile);
	long_begin(l, &lw);
	search_tiles(l, op, &lw, &c);
	search(l, op, long_parts(0, c.value, c.n), npu_at(0, c.best), npu_at(0, c.best_value),
	       npu_imm(k), npu_order(0, NPU_TOKEN(l->vec_cp)));
	find_columns(l, op, &lw, &c);
	store_best(l, &lw, is_argmax(op) ? op->y[0] : op->y[1], k, c.best,
		   npu_order(NPU_TOKEN(l->cp_st), 0));
	if (!is_argmax(op))
		store_best(l, &lw, op->y[0], k, c.best_value, npu_order(0, 0));
	/* the next vector's candidates come where these are */
	lower_edge(l, l->st_ld, NPU_ENGINE_ST, NPU_ENGINE_LD);
	long_end(l, &lw);
}

static void lower_search(struct lower *l, const struct op *op)
{
	uint32_t size = tensor_element_size(op->x->type), k = results(op);
	struct walk_need need = {
		.name = "ring of vectors", .regions = 3, .elem = size, .each = k * (I32 + F32),
	};

	if (walk_fits(l, op, &need))
		whole_vectors(l, op, &need);
	else
		long_vectors(l, op);
}

void lower_argmax(struct lower *l, const struct op *op)
{
	lower_search(l, op);
}

void lower_topk(struct lower *l, const struct op *op)
{
	if (op->k > MOST)
		npu_builder_fail(l->b, -ENOTSUP, "the %u largest; the device finds at most %u",
				 op->k, MOST);
	lower_search(l, op);
}
