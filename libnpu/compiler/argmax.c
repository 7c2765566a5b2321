// SPDX-License-Identifier: MIT
/*
 * The most likely token: ARGMAX of the last row of logits, by the first core.
 * A row that is longer than a slot is taken in tiles, then the best of the
 * tiles' maxima wins; both prefer the lower column.
 */
#include "lower.h"

#define F32 4u
#define I32 4u
#define MAX_TILE 16384u	/* columns */

/**
 * struct maxima - SRAM of the tiles' results
 * @index: I32, column of the maximum within its tile
 * @value: F32, the maximum
 * @best: I32, tile with the greatest; behind it the final column
 * @best_value: F32
 */
struct maxima {
	uint32_t index, value, best, best_value;
};

static void argmax_tile(struct lower *l, const struct op *op, const struct maxima *m,
			uint32_t tile, uint32_t n_cols)
{
	uint8_t at = npu_builder_reg(l->b), i = npu_builder_reg(l->b);
	uint8_t cols = npu_builder_reg(l->b), t = npu_builder_reg(l->b);
	uint8_t row = npu_builder_reg(l->b);

	/* i counts bytes of results, so that it is an address of theirs */
	npu_build_loop(l->b, i, NPU_R_ZERO, npu_imm((n_cols + tile - 1) / tile), npu_imm(I32));
	npu_build_alu(l->b, NPU_ALU_MUL, at, i, NPU_R_ZERO, tile / I32);
	npu_build_set(l->b, cols, n_cols);
	lower_clip(l, cols, cols, at, tile);
	npu_build_alu(l->b, NPU_ALU_MUL, row, cols, NPU_R_ZERO, F32);
	if (l->logits.reg)
		npu_build_alu(l->b, NPU_ALU_SUB, t, l->logits.reg, NPU_R_ZERO, 1);
	else
		npu_build_set(l->b, t, l->logits.imm - 1);
	npu_build_lea(l->b, t, &(struct npu_affine){
		.imm = op->x->va,
		.term = { { npu_reg(t), npu_imm((uint64_t)n_cols * F32) },
			  { npu_reg(at), npu_imm(F32) } },
	});
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, 0), .mem = npu_at(t, 0), .row = npu_reg(row),
	}, npu_order(NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	npu_build_argmax(l->b, &(struct npu_insn_vec){
		.dst = npu_at(i, m->index), .type_dst = NPU_TYPE_I32, .ld_dst = npu_imm(I32),
		.src0 = npu_at(l->in.addr, 0), .type_src0 = NPU_TYPE_F32,
		.aux0 = npu_at(i, m->value), .rows = npu_imm(1), .cols = npu_reg(cols),
	}, npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->in.free)));
	lower_turn(l, &l->in);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, at);
	npu_builder_reg_free(l->b, i);
	npu_builder_reg_free(l->b, cols);
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, row);
}

/* next = index[best] + best * tile, computed by the command processor. */
static void store_best(struct lower *l, const struct op *op, const struct maxima *m,
		       uint32_t tile, uint32_t tiles)
{
	uint8_t best = npu_builder_reg(l->b), t = npu_builder_reg(l->b);

	npu_build_argmax(l->b, &(struct npu_insn_vec){
		.dst = npu_at(0, m->best), .type_dst = NPU_TYPE_I32, .ld_dst = npu_imm(I32),
		.src0 = npu_at(0, m->value), .type_src0 = NPU_TYPE_F32,
		.aux0 = npu_at(0, m->best_value), .rows = npu_imm(1), .cols = npu_imm(tiles),
	}, npu_order(0, NPU_TOKEN(l->vec_cp)));
	npu_build_sload(l->b, best, npu_at(0, m->best), npu_order(NPU_TOKEN(l->vec_cp), 0));
	npu_build_alu(l->b, NPU_ALU_MUL, t, best, NPU_R_ZERO, I32);
	npu_build_sload(l->b, t, npu_at(t, m->index), npu_order(0, 0));
	npu_build_lea(l->b, t, &(struct npu_affine){
		.base = t, .term = { { npu_reg(best), npu_imm(tile) } },
	});
	npu_build_sstore(l->b, npu_at(0, m->best), t, npu_order(0, NPU_TOKEN(l->cp_st)));
	npu_build_store(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, m->best), .row = npu_imm(I32),
		.mem = lower_mem(l, t, op->y[0]->va, NPU_R_ZERO, 0),
	}, npu_order(NPU_TOKEN(l->cp_st), 0));
	npu_builder_reg_free(l->b, best);
	npu_builder_reg_free(l->b, t);
}

void lower_argmax(struct lower *l, const struct op *op)
{
	uint32_t n = op->x->dims[1], tile = n < MAX_TILE ? n : MAX_TILE, tiles;
	uint32_t room = npu_builder_sram_left(l->b) / 4 / F32;
	uint8_t once = npu_builder_reg(l->b), zero = npu_builder_reg(l->b);
	struct maxima m;

	if (tile > room && room)
		tile = room;
	/* Whole results, and at least one: the graph has no empty tensors. */
	tile = tile / I32 * I32 + (tile % I32 || !tile ? I32 : 0);
	tiles = (n + tile - 1) / tile;
	m.index = npu_builder_sram(l->b, "columns of maxima", (uint64_t)tiles * I32);
	m.value = npu_builder_sram(l->b, "maxima", (uint64_t)tiles * F32);
	m.best = npu_builder_sram(l->b, "best tile", I32);
	m.best_value = npu_builder_sram(l->b, "greatest maximum", F32);
	lower_ring(l, &l->in, "ring of logits", (uint64_t)tile * F32);
	npu_build_alu(l->b, NPU_ALU_EQ, once, NPU_R_CORE, NPU_R_ZERO, 0);
	if (l->logits.reg) {
		lower_min(l, zero, l->logits.reg, 1);
		npu_build_alu(l->b, NPU_ALU_MUL, once, once, zero, 0);
	}
	npu_build_loop(l->b, zero, NPU_R_ZERO, npu_reg(once), npu_imm(0));
	argmax_tile(l, op, &m, tile, n);
	store_best(l, op, &m, tile, tiles);
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, once);
	npu_builder_reg_free(l->b, zero);
}
