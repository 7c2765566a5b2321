// SPDX-License-Identifier: MIT
/* Token embedding: rows of a table by index, widened to F32. Cores share the tokens. */
#include "lower.h"

#define F32 4u
#define F16 2u
#define I32 4u
#define MAX_BLOCK 64u	/* tokens gathered at a time */

/* A slot holds indices, then F16 rows, then F32 rows. */
struct slot_layout {
	uint32_t block, half, single, size;
};

static uint32_t align(uint32_t n)
{
	return (n + 63) / 64 * 64;
}

static struct slot_layout choose_block(const struct lower *l, uint32_t max, uint32_t d)
{
	struct slot_layout s = { .block = max < MAX_BLOCK ? max : MAX_BLOCK };

	for (;; s.block = (s.block + 1) / 2) {
		s.half = align(s.block * I32);
		s.single = s.half + align(s.block * d * F16);
		s.size = s.single + align(s.block * d * F32);
		if (s.block == 1 || s.size <= npu_builder_sram_left(l->b) / 2)
			return s;
	}
}

/* Rows @at .. @at + @n of this run. */
static void embed_block(struct lower *l, const struct op *op,
			const struct slot_layout *s, uint8_t at, uint8_t n)
{
	uint32_t d = op->x->dims[1];
	uint8_t t = npu_builder_reg(l->b), row = npu_builder_reg(l->b);
	struct npu_loc half = npu_at(l->in.addr, s->half);
	struct npu_loc single = npu_at(l->in.addr, s->single);

	npu_build_alu(l->b, NPU_ALU_MUL, row, n, NPU_R_ZERO, I32);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, 0), .row = npu_reg(row),
		.mem = lower_mem(l, t, op->index->va, at, I32),
	}, npu_order(NPU_TOKEN(l->in.free), 0));
	npu_build_gather(l->b, &(struct npu_insn_dma){
		.sram = half, .sram_stride = npu_imm((uint64_t)d * F16),
		.mem = lower_mem(l, t, op->x->va, NPU_R_ZERO, 0),
		.mem_stride = npu_imm((uint64_t)d * F16), .index = npu_at(l->in.addr, 0),
		.row = npu_imm((uint64_t)d * F16), .rows = npu_reg(n),
		.limit = npu_imm(op->x->dims[0]),
	}, npu_order(0, NPU_TOKEN(l->full)));
	npu_build_unary(l->b, NPU_UNARY_COPY, &(struct npu_insn_vec){
		.dst = single, .type_dst = NPU_TYPE_F32, .ld_dst = npu_imm((uint64_t)d * F32),
		.src0 = half, .type_src0 = NPU_TYPE_F16, .ld_src0 = npu_imm((uint64_t)d * F16),
		.rows = npu_reg(n), .cols = npu_imm(d),
	}, npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->vec_st)));
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = single, .sram_stride = npu_imm((uint64_t)d * F32),
		.mem = lower_mem(l, t, op->y[0]->va, at, (uint64_t)d * F32),
		.mem_stride = npu_imm((uint64_t)d * F32),
		.row = npu_imm((uint64_t)d * F32), .rows = npu_reg(n),
	}, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
	lower_turn(l, &l->in);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, row);
}

void lower_embed(struct lower *l, const struct op *op)
{
	struct slot_layout s = choose_block(l, l->max_rows, op->x->dims[1]);
	struct share share = lower_share_of(l, l->rows);
	uint8_t at = npu_builder_reg(l->b), n = npu_builder_reg(l->b);

	lower_ring(l, &l->in, "ring of embeddings", s.size);
	lower_div_up(l, n, npu_reg(share.count), s.block);
	npu_build_loop(l->b, at, share.first, npu_reg(n), npu_imm(s.block));
	npu_build_alu(l->b, NPU_ALU_ADD, n, share.first, share.count, 0);
	lower_clip(l, n, n, at, s.block);
	embed_block(l, op, &s, at, n);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, n);
	npu_builder_reg_free(l->b, share.first);
	npu_builder_reg_free(l->b, share.count);
}
