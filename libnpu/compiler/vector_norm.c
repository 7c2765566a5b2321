// SPDX-License-Identifier: MIT
/*
 * RMSNorm and LayerNorm as operators of their own. A vector that does not fit
 * is read several times, in tiles: for its mean, its variance, and the result.
 */
#include "long_walk.h"
#include "walk.h"

#define F32 4u

static void whole_vectors(struct lower *l, const struct op *op,
			  const struct walk_need *need)
{
	struct walk_window from = { .tensor = op->x, .ld = op->cols };
	struct walk_window to = { .tensor = op->y[0], .ld = op->cols };
	struct npu_order order = npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->vec_st));
	struct npu_loc weight, bias = { 0 };
	struct npu_insn_vec v;
	uint32_t in, out;
	struct walk w;

	walk_choose(l, op, need, &w);
	w.flat = false;		/* one element is a vector here */
	in = walk_region(&w, tensor_element_size(op->x->type));
	out = op->x->type == NPU_TYPE_F32 ? in : walk_region(&w, F32);
	weight = walk_shared(l, &w, op->norm);
	if (op->norm_kind == NORM_LAYER)
		bias = walk_shared(l, &w, op->norm_bias);
	walk_begin(l, &w);
	walk_load(l, &w, &from, in, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	v = walk_vec_from(l, &w, op->x->type, in);
	v.dst = walk_slot(l, out);
	v.type_dst = NPU_TYPE_F32;
	v.ld_dst = walk_ld(&w, F32);
	v.src1 = weight;
	v.type_src1 = NPU_TYPE_F32;
	v.bcast1 = NPU_BCAST_ROW;
	v.src2 = bias;
	v.type_src2 = NPU_TYPE_F32;
	v.bcast2 = NPU_BCAST_ROW;
	if (op->norm_kind == NORM_LAYER)
		npu_build_layernorm(l->b, &v, op->eps, order);
	else
		npu_build_rmsnorm(l->b, &v, op->eps, order);
	walk_store(l, &w, &to, out, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
}

/**
 * struct moments - SRAM of a long vector's sums
 * @parts: F32, a sum of each tile
 * @mean: F32, less than zero what is subtracted
 * @scale: F32, 1 / sqrt(variance + eps)
 */
struct moments {
	uint32_t parts, mean, scale;
};

/* A reduction of the tile in the slot, to its place among the parts. */
static void reduce_tile(struct lower *l, struct long_walk *lw, const struct moments *m,
			unsigned int fn)
{
	struct npu_insn_vec v = long_vec(l, lw);

	v.dst = npu_at(lw->i4, m->parts);
	v.ld_dst = npu_imm(F32);
	npu_build_reduce(l->b, fn, &v, npu_order(0, NPU_TOKEN(l->in.free)));
}

/* dst = fn(sum of the parts * a + b) */
static void fold_parts(struct lower *l, const struct long_walk *lw,
		       const struct moments *m, uint32_t dst, unsigned int fn, float a,
		       float b)
{
	struct npu_insn_vec v = long_parts(dst, m->parts, lw->tiles);

	npu_build_reduce(l->b, NPU_REDUCE_SUM, &v, npu_order(0, 0));
	v = long_parts(dst, dst, 1);
	npu_build_unary_affine(l->b, fn, &v, a, b, npu_order(0, 0));
}

static void find_mean(struct lower *l, const struct op *op, struct long_walk *lw,
		      const struct moments *m)
{
	long_pass(l, lw);
	long_load(l, lw, NULL, NULL);
	reduce_tile(l, lw, m, NPU_REDUCE_SUM);
	long_pass_end(l, lw);
	fold_parts(l, lw, m, m->mean, NPU_UNARY_COPY, -1 / (float)op->cols, 0);
}

static void subtract_mean(struct lower *l, struct long_walk *lw, const struct moments *m)
{
	struct npu_insn_vec v = long_vec(l, lw);

	long_scalar(&v, m->mean);
	npu_build_binary(l->b, NPU_BINARY_ADD, &v, npu_order(0, 0));
}

static void find_scale(struct lower *l, const struct op *op, struct long_walk *lw,
		       const struct moments *m)
{
	long_pass(l, lw);
	long_load(l, lw, NULL, NULL);
	if (op->norm_kind == NORM_LAYER)
		subtract_mean(l, lw, m);
	reduce_tile(l, lw, m, NPU_REDUCE_SUMSQ);
	long_pass_end(l, lw);
	fold_parts(l, lw, m, m->scale, NPU_UNARY_RSQRT, 1 / (float)op->cols, op->eps);
}

static void apply(struct lower *l, const struct op *op, struct long_walk *lw,
		  const struct moments *m)
{
	bool layer = op->norm_kind == NORM_LAYER;
	struct npu_insn_vec v;

	long_pass(l, lw);
	long_load(l, lw, op->norm, layer ? op->norm_bias : NULL);
	if (layer)
		subtract_mean(l, lw, m);
	v = long_vec(l, lw);
	long_scalar(&v, m->scale);
	npu_build_binary(l->b, NPU_BINARY_MUL, &v, npu_order(0, 0));
	v.bcast1 = NPU_BCAST_NONE;
	v.src1 = npu_at(l->in.addr, lw->shared[0]);
	v.src2 = npu_at(l->in.addr, lw->shared[1]);
	v.type_src2 = NPU_TYPE_F32;
	if (layer)
		npu_build_muladd(l->b, &v, npu_order(0, NPU_TOKEN(l->vec_st)));
	else
		npu_build_binary(l->b, NPU_BINARY_MUL, &v,
				 npu_order(0, NPU_TOKEN(l->vec_st)));
	long_store(l, lw);
	long_pass_end(l, lw);
}

static void long_vectors(struct lower *l, const struct op *op)
{
	bool layer = op->norm_kind == NORM_LAYER;
	struct long_walk lw;
	struct moments m;

	m.mean = npu_builder_sram(l->b, "mean", F32);
	m.scale = npu_builder_sram(l->b, "scale", F32);
	long_choose(l, op, 1 + layer, F32, 64, &lw);
	m.parts = npu_builder_sram(l->b, "sums of tiles", (uint64_t)lw.tiles * F32);
	long_begin(l, &lw);
	if (layer)
		find_mean(l, op, &lw, &m);
	find_scale(l, op, &lw, &m);
	apply(l, op, &lw, &m);
	long_end(l, &lw);
}

void lower_norm(struct lower *l, const struct op *op)
{
	bool single = op->x->type == NPU_TYPE_F32;
	struct walk_need need = {
		.name = "ring of vectors", .regions = single ? 1 : 2,
		.elem = F32 + (single ? 0 : tensor_element_size(op->x->type)),
		.shared = op->norm_kind == NORM_LAYER ? 2 : 1,
	};

	if (walk_fits(l, op, &need))
		whole_vectors(l, op, &need);
	else
		long_vectors(l, op);
}
