// SPDX-License-Identifier: MIT
/* RMSNORM and QUANT: F32 or F16 rows of memory become I8 rows in SRAM. */
#include "norm.h"

#define F32 4u

void activation_alloc(struct lower *l, const struct op *op,
		      const struct row_range *rows, struct activation *act)
{
	act->k = op->w[0].k;
	act->size = tensor_element_size(op->x->type);
	act->addr = npu_builder_sram(l->b, "quantised input", (uint64_t)rows->max * act->k);
	act->scale = npu_builder_sram(l->b, "scales of the input", rows->max * F32);
	act->norm = 0;
	if (op->norm)
		act->norm = npu_builder_sram(l->b, "norm weights", (uint64_t)act->k * F32);
}

/* One block of rows: load to the slot, normalise there, quantise from there. */
static void load_block(struct lower *l, const struct op *op,
		       const struct activation *act, struct npu_loc mem,
		       struct npu_loc q, struct npu_loc scale, struct npu_value rows)
{
	uint32_t full = NPU_TOKEN(l->full), ld = act->k * act->size;
	uint8_t type = op->x->type;
	struct npu_loc slot = npu_at(l->in.addr, 0);

	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = slot, .mem = mem, .row = npu_imm(ld), .rows = rows,
		.mem_stride = npu_imm(ld), .sram_stride = npu_imm(ld),
	}, npu_order(NPU_TOKEN(l->in.free), full));
	if (op->norm) {
		npu_build_rmsnorm(l->b, &(struct npu_insn_vec){
			.dst = slot, .type_dst = type, .ld_dst = npu_imm(ld),
			.src0 = slot, .type_src0 = type, .ld_src0 = npu_imm(ld),
			.src1 = npu_at(0, act->norm), .type_src1 = NPU_TYPE_F32,
			.bcast1 = NPU_BCAST_ROW,
			.rows = rows, .cols = npu_imm(act->k),
		}, op->eps, npu_order(full, 0));
		full = 0;
	}
	npu_build_quant(l->b, &(struct npu_insn_vec){
		.dst = q, .type_dst = NPU_TYPE_I8, .ld_dst = npu_imm(act->k),
		.src0 = slot, .type_src0 = type, .ld_src0 = npu_imm(ld),
		.aux0 = scale, .rows = rows, .cols = npu_imm(act->k),
	}, npu_order(full, NPU_TOKEN(l->in.free)));
	lower_turn(l, &l->in);
}

static void load_blocks(struct lower *l, const struct op *op,
			const struct row_range *rows, const struct activation *act,
			uint32_t block)
{
	uint8_t at = npu_builder_reg(l->b), n = npu_builder_reg(l->b);
	uint8_t t = npu_builder_reg(l->b), q = npu_builder_reg(l->b);
	uint8_t scale = npu_builder_reg(l->b);
	uint64_t ld = (uint64_t)act->k * act->size;

	lower_div_up(l, n, rows->count, block);
	npu_build_loop(l->b, at, NPU_R_ZERO, npu_reg(n), npu_imm(block));
	lower_clip(l, n, rows->count.reg, at, block);
	npu_build_alu(l->b, NPU_ALU_ADD, t, at, rows->first, 0);
	lower_mem(l, t, op->x->va, t, ld);
	lower_mem(l, q, act->addr, at, act->k);
	lower_mem(l, scale, act->scale, at, F32);
	load_block(l, op, act, npu_at(t, 0), npu_at(q, 0), npu_at(scale, 0), npu_reg(n));
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, q);
	npu_builder_reg_free(l->b, scale);
}

void activation_load(struct lower *l, const struct op *op,
		     const struct row_range *rows, const struct activation *act,
		     uint32_t block)
{
	uint8_t t = npu_builder_reg(l->b);

	if (op->norm)
		npu_build_load(l->b, &(struct npu_insn_dma){
			.sram = npu_at(0, act->norm),
			.mem = lower_mem(l, t, op->norm->va, NPU_R_ZERO, 0),
			.row = npu_imm((uint64_t)act->k * F32),
		}, npu_order(0, 0));
	if (rows->count.reg && block < rows->max) {
		load_blocks(l, op, rows, act, block);
	} else {
		lower_mem(l, t, op->x->va, rows->first, (uint64_t)act->k * act->size);
		load_block(l, op, act, npu_at(t, 0), npu_at(0, act->addr),
			   npu_at(0, act->scale), rows->count);
	}
	lower_edge(l, l->vec_mat, NPU_ENGINE_VEC, NPU_ENGINE_MAT);
	npu_builder_reg_free(l->b, t);
}
