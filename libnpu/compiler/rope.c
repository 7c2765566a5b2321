// SPDX-License-Identifier: MIT
/* RoPE as an operator of its own (Su et al., 2021). */
#include "walk.h"

#define F32 4u

/* Rows of a table for the round's rows, which are of different sequences. */
static void gather_table(struct lower *l, struct walk *w, const struct tensor *table,
			 const struct places *places, uint64_t row, uint32_t region,
			 uint32_t signal)
{
	npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->at, NPU_R_ZERO, sizeof(int32_t));
	npu_build_gather(l->b, &(struct npu_insn_dma){
		.sram = walk_slot(l, region), .sram_stride = npu_imm(row),
		.mem = lower_mem(l, w->t[0], table->va, NPU_R_ZERO, 0),
		.mem_stride = npu_imm(row), .index = npu_at(w->t[1], places->pos),
		.row = npu_imm(row), .rows = npu_reg(w->n), .limit = npu_imm(table->dims[0]),
	}, npu_order(0, signal));
}

/* Rows of a table for the round's rows, which are tokens. */
static void load_table(struct lower *l, const struct op *op, struct walk *w,
		       const struct tensor *table, const struct places *places,
		       uint32_t region, uint32_t signal)
{
	uint64_t row = (uint64_t)op->shape.rope_dims / 2 * F32;

	if (l->batch) {
		gather_table(l, w, table, places, row, region, signal);
		return;
	}
	npu_build_alu(l->b, NPU_ALU_MUL, w->t[1], w->n, NPU_R_ZERO, row);
	npu_build_lea(l->b, w->t[0], &(struct npu_affine){
		.imm = table->va,
		.term = { { npu_reg(w->at), npu_imm(row) }, { npu_reg(l->pos), npu_imm(row) } },
	});
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = walk_slot(l, region), .mem = npu_at(w->t[0], 0),
		.row = npu_reg(w->t[1]),
	}, npu_order(0, signal));
}

static void rotate(struct lower *l, const struct op *op, struct walk *w, uint32_t in,
		   uint32_t out, const uint32_t table[2])
{
	struct npu_value ld = npu_imm((uint64_t)op->shape.rope_dims / 2 * F32);
	struct npu_insn_vec v = walk_vec_from(l, w, op->x->type, in);

	v.dst = walk_slot(l, out);
	v.type_dst = NPU_TYPE_F32;
	v.ld_dst = walk_ld(w, F32);
	v.src1 = walk_slot(l, table[0]);
	v.type_src1 = NPU_TYPE_F32;
	v.ld_src1 = ld;
	v.src2 = walk_slot(l, table[1]);
	v.type_src2 = NPU_TYPE_F32;
	v.ld_src2 = ld;
	npu_build_rope(l->b, &v, op->shape.rope_dims, op->shape.head_dim,
		       op->rope_halves ? NPU_F_HALF : 0,
		       npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->vec_st)));
}

void lower_rope(struct lower *l, const struct op *op)
{
	bool single = op->x->type == NPU_TYPE_F32;
	uint32_t row = op->shape.rope_dims / 2 * F32;
	struct walk_need need = {
		.name = "ring of heads", .regions = single ? 3 : 4, .each = 2 * row,
		.elem = F32 + (single ? 0 : tensor_element_size(op->x->type)),
		.grain = op->shape.head_dim,
	};
	struct walk_window from = { .tensor = op->x, .ld = op->cols };
	struct walk_window to = { .tensor = op->y[0], .ld = op->cols };
	struct places places = { 0 };
	uint32_t in, out, table[2];
	struct walk w;

	if (l->batch)
		places = lower_places(l);
	walk_choose(l, op, &need, &w);
	in = walk_region(&w, tensor_element_size(op->x->type));
	out = single ? in : walk_region(&w, F32);
	table[0] = walk_each(&w, row);
	table[1] = walk_each(&w, row);
	walk_begin(l, &w);
	walk_load(l, &w, &from, in, npu_order(NPU_TOKEN(l->in.free), 0));
	load_table(l, op, &w, op->cos, &places, table[0], 0);
	load_table(l, op, &w, op->sin, &places, table[1], NPU_TOKEN(l->full));
	rotate(l, op, &w, in, out, table);
	walk_store(l, &w, &to, out, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	walk_end(l, &w);
}
