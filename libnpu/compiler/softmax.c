// SPDX-License-Identifier: MIT
/*
 * Softmax along vectors. One that does not fit is read twice, in tiles: first
 * for its maximum and sum, kept as the online softmax keeps them (Milakov and
 * Gimelshein, 2018), then for the result.
 */
#include <math.h>

#include "long_walk.h"
#include "walk.h"

#define F32 4u

static void divide(struct lower *l, struct npu_insn_vec v, struct npu_loc by,
		   uint32_t signal)
{
	v.src1 = by;
	v.type_src1 = NPU_TYPE_F32;
	v.ld_src1 = npu_imm(F32);
	v.bcast1 = NPU_BCAST_COL;
	npu_build_binary(l->b, NPU_BINARY_DIV, &v, npu_order(0, signal));
}

static void whole_vectors(struct lower *l, const struct op *op,
			  const struct walk_need *need)
{
	struct walk_window from = { .tensor = op->x, .ld = op->cols };
	struct walk_window to = { .tensor = op->y[0], .ld = op->cols };
	uint32_t in, out, aux[3];
	struct npu_insn_vec v;
	struct walk w;

	walk_choose(l, op, need, &w);
	w.flat = false;		/* one element is a vector here */
	in = walk_region(&w, tensor_element_size(op->x->type));
	out = op->x->type == NPU_TYPE_F32 ? in : walk_region(&w, F32);
	for (int i = 0; i < 3; i++)
		aux[i] = walk_each(&w, F32);
	walk_begin(l, &w);
	walk_load(l, &w, &from, in, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	v = walk_vec_from(l, &w, op->x->type, in);
	v.dst = walk_slot(l, out);
	v.type_dst = NPU_TYPE_F32;
	v.ld_dst = walk_ld(&w, F32);
	v.aux0 = walk_slot(l, aux[0]);
	v.aux1 = walk_slot(l, aux[1]);
	v.aux2 = walk_slot(l, aux[2]);
	npu_build_softmax(l->b, &v, &(struct npu_softmax){
		.scale = op->eps, .hi = w.cols, .div = npu_imm(NPU_VAL_MAX), .flags = NPU_F_INIT,
	}, npu_order(NPU_TOKEN(l->full), 0));
	v.src0 = v.dst;
	v.type_src0 = NPU_TYPE_F32;
	v.ld_src0 = v.ld_dst;
	divide(l, v, v.aux1, NPU_TOKEN(l->vec_st));
	walk_store(l, &w, &to, out, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
}

/* Maximum and sum of the vector. */
static void first_pass(struct lower *l, const struct op *op, struct long_walk *lw,
		       const uint32_t aux[3])
{
	struct npu_insn_vec v;

	long_fill(l, aux[0], -INFINITY);
	long_fill(l, aux[1], 0);
	long_pass(l, lw);
	long_load(l, lw, NULL, NULL);
	v = long_vec(l, lw);
	v.aux0 = npu_at(0, aux[0]);
	v.aux1 = npu_at(0, aux[1]);
	v.aux2 = npu_at(0, aux[2]);
	npu_build_softmax(l->b, &v, &(struct npu_softmax){
		.scale = op->eps, .hi = npu_reg(lw->n), .div = npu_imm(NPU_VAL_MAX),
	}, npu_order(0, NPU_TOKEN(l->in.free)));
	long_pass_end(l, lw);
}

/* exp(x * scale - m) / l */
static void second_pass(struct lower *l, const struct op *op, struct long_walk *lw,
			const uint32_t aux[3])
{
	struct npu_insn_vec v;

	long_pass(l, lw);
	long_load(l, lw, NULL, NULL);
	v = long_vec(l, lw);
	npu_build_unary_affine(l->b, NPU_UNARY_COPY, &v, op->eps, 0, npu_order(0, 0));
	long_scalar(&v, aux[0]);
	npu_build_binary(l->b, NPU_BINARY_SUB, &v, npu_order(0, 0));
	npu_build_unary(l->b, NPU_UNARY_EXP, &v, npu_order(0, 0));
	long_scalar(&v, aux[1]);
	npu_build_binary(l->b, NPU_BINARY_DIV, &v, npu_order(0, NPU_TOKEN(l->vec_st)));
	long_store(l, lw);
	long_pass_end(l, lw);
}

void lower_softmax(struct lower *l, const struct op *op)
{
	bool single = op->x->type == NPU_TYPE_F32;
	struct walk_need need = {
		.name = "ring of vectors", .each = 3 * F32, .regions = single ? 4 : 5,
		.elem = F32 + (single ? 0 : tensor_element_size(op->x->type)),
	};
	struct long_walk lw;
	uint32_t aux[3];

	if (walk_fits(l, op, &need)) {
		whole_vectors(l, op, &need);
		return;
	}
	for (int i = 0; i < 3; i++)
		aux[i] = npu_builder_sram(l->b, "maximum and sum", F32);
	long_choose(l, op, 0, 0, 0, &lw);
	long_begin(l, &lw);
	first_pass(l, op, &lw, aux);
	second_pass(l, op, &lw, aux);
	long_end(l, &lw);
}
