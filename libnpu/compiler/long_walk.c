// SPDX-License-Identifier: MIT
#include "long_walk.h"

#define F32 4u
#define ALIGN 64u
#define GRAIN 64u		/* elements */
#define TILE_ELEMENTS 8192u	/* more would not make transfers cheaper */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

void long_choose(struct lower *l, const struct op *op, uint32_t shared, uint32_t each,
		 uint32_t fixed, struct long_walk *lw)
{
	uint32_t size = tensor_element_size(op->x->type);
	uint32_t elem = size + (size == F32 ? 0 : F32) + shared * F32;
	uint64_t left = npu_builder_sram_left(l->b), tile = TILE_ELEMENTS, need;

	*lw = (struct long_walk){ .op = op };
	for (;; tile -= GRAIN) {
		need = 2 * round_up(tile * elem, ALIGN) +
		       (op->cols + tile - 1) / tile * each + fixed;
		if (need <= left || tile == GRAIN)
			break;
	}
	lw->tile = tile;
	lw->tiles = (op->cols + tile - 1) / tile;
	lw->value = size == F32 ? 0 : tile * size;
	lw->shared[0] = lw->value + tile * F32;
	lw->shared[1] = lw->shared[0] + tile * F32;
	lower_ring(l, &l->in, "ring of tiles", tile * elem);
}

void long_begin(struct lower *l, struct long_walk *lw)
{
	uint8_t *const regs[] = { &lw->vector, &lw->i, &lw->i4, &lw->col, &lw->n, &lw->t[0],
				  &lw->t[1] };
	struct row_range rows = lower_op_rows(l, lw->op);

	lw->share = lower_share_rows(l, &rows, lw->op->vectors);
	for (unsigned int i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		*regs[i] = npu_builder_reg(l->b);
	npu_build_loop(l->b, lw->vector, lw->share.first, npu_reg(lw->share.count),
		       npu_imm(1));
}

void long_end(struct lower *l, struct long_walk *lw)
{
	const uint8_t regs[] = { lw->vector, lw->i, lw->i4, lw->col, lw->n, lw->t[0],
				 lw->t[1], lw->share.first, lw->share.count };

	npu_build_endloop(l->b);
	for (unsigned int i = 0; i < sizeof(regs); i++)
		npu_builder_reg_free(l->b, regs[i]);
}

void long_pass(struct lower *l, struct long_walk *lw)
{
	npu_build_loop(l->b, lw->i, NPU_R_ZERO, npu_imm(lw->tiles), npu_imm(1));
	npu_build_alu(l->b, NPU_ALU_MUL, lw->i4, lw->i, NPU_R_ZERO, F32);
	npu_build_alu(l->b, NPU_ALU_MUL, lw->col, lw->i, NPU_R_ZERO, lw->tile);
	npu_build_set(l->b, lw->n, lw->op->cols);
	lower_clip(l, lw->n, lw->n, lw->col, lw->tile);
}

void long_pass_end(struct lower *l, struct long_walk *lw)
{
	(void)lw;
	lower_turn(l, &l->in);
	npu_build_endloop(l->b);
}

static struct npu_insn_dma tile_dma(struct lower *l, struct long_walk *lw,
				    const struct tensor *tensor, bool shared,
				    uint32_t region)
{
	uint32_t size = tensor_element_size(tensor->type);

	npu_build_alu(l->b, NPU_ALU_MUL, lw->t[1], lw->n, NPU_R_ZERO, size);
	npu_build_lea(l->b, lw->t[0], &(struct npu_affine){
		.imm = tensor->va,
		.term = { { npu_reg(lw->col), npu_imm(size) },
			  { npu_reg(shared ? NPU_R_ZERO : lw->vector),
			    npu_imm(lw->op->cols * size) } },
	});
	return (struct npu_insn_dma){
		.sram = npu_at(l->in.addr, region), .mem = npu_at(lw->t[0], 0),
		.row = npu_reg(lw->t[1]),
	};
}

void long_load(struct lower *l, struct long_walk *lw, const struct tensor *a,
	       const struct tensor *b)
{
	const struct tensor *const shared[] = { a, b };
	const struct tensor *x = lw->op->x;
	uint32_t full = NPU_TOKEN(l->full);
	struct npu_insn_dma dma;
	struct npu_insn_vec v;

	dma = tile_dma(l, lw, x, false, lw->in);
	npu_build_load(l->b, &dma, npu_order(NPU_TOKEN(l->in.free), a || b ? 0 : full));
	for (int i = 0; i < 2; i++) {
		if (!shared[i])
			continue;
		dma = tile_dma(l, lw, shared[i], true, lw->shared[i]);
		npu_build_load(l->b, &dma, npu_order(0, i || !b ? full : 0));
	}
	if (x->type == NPU_TYPE_F32) {
		npu_build_nop(l->b, NPU_ENGINE_VEC, npu_order(full, 0));
		return;
	}
	v = long_vec(l, lw);
	v.src0 = npu_at(l->in.addr, lw->in);
	v.type_src0 = x->type;
	npu_build_unary(l->b, NPU_UNARY_COPY, &v, npu_order(full, 0));
}

void long_store(struct lower *l, struct long_walk *lw)
{
	struct npu_insn_dma dma = tile_dma(l, lw, lw->op->y[0], false, lw->value);

	npu_build_store(l->b, &dma, npu_order(NPU_TOKEN(l->vec_st), NPU_TOKEN(l->in.free)));
}

struct npu_insn_vec long_vec(const struct lower *l, const struct long_walk *lw)
{
	return (struct npu_insn_vec){
		.dst = npu_at(l->in.addr, lw->value), .type_dst = NPU_TYPE_F32,
		.src0 = npu_at(l->in.addr, lw->value), .type_src0 = NPU_TYPE_F32,
		.rows = npu_imm(1), .cols = npu_reg(lw->n),
	};
}

void long_fill(struct lower *l, uint32_t at, float value)
{
	npu_build_fill(l->b, &(struct npu_insn_vec){
		.dst = npu_at(0, at), .type_dst = NPU_TYPE_F32,
		.rows = npu_imm(1), .cols = npu_imm(1),
	}, value, npu_order(0, 0));
}

struct npu_insn_vec long_parts(uint32_t dst, uint32_t parts, uint32_t n)
{
	return (struct npu_insn_vec){
		.dst = npu_at(0, dst), .type_dst = NPU_TYPE_F32, .ld_dst = npu_imm(F32),
		.src0 = npu_at(0, parts), .type_src0 = NPU_TYPE_F32,
		.rows = npu_imm(1), .cols = npu_imm(n),
	};
}

void long_scalar(struct npu_insn_vec *v, uint32_t at)
{
	v->src1 = npu_at(0, at);
	v->type_src1 = NPU_TYPE_F32;
	v->bcast1 = NPU_BCAST_SCALAR;
}
