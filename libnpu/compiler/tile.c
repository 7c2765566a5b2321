// SPDX-License-Identifier: MIT
/* Tiles of weights: how large they are, and the product of one. */
#include <errno.h>

#include "tile.h"

#define F32		4u
#define K_ALIGN		64u	/* of a split along K */
#define MAX_TILE_COLS	256u	/* more would not make the matrix engine faster */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Bytes of a slot that holds scales and weights of @units and @k. */
static uint64_t weight_slot(const struct matrix *w, uint32_t units, uint32_t k)
{
	uint64_t cols = (uint64_t)units * w->unit_cols;

	return round_up(cols * F32, NPU_PACK_BLOCK) + cols * round_up(k, 4);
}

/* Most units for which a core still has a few tiles to overlap, and the work is allowed. */
static uint32_t most_units(const struct lower *l, const struct op *op,
			   const struct row_range *rows)
{
	const struct matrix *w = &op->w[0];
	uint64_t work = (uint64_t)rows->max * w->unit_cols * w->k;
	uint64_t most = MAX_TILE_COLS / w->unit_cols;
	uint64_t each = w->units / (l->target->cores * 2);

	if (l->stream)
		most = (w->units + l->target->cores - 1) / l->target->cores;
	else if (most > each)
		most = each;
	if (most > (1ull << l->target->work_max) / (work ? work : 1))
		most = (1ull << l->target->work_max) / (work ? work : 1);
	return most ? most : 1;
}

/* Largest k of a tile for slots of @slot bytes; 0: none. */
static uint32_t fitting_k(const struct lower *l, const struct matrix *w,
			  uint32_t units, uint64_t slot)
{
	uint64_t cols = (uint64_t)units * w->unit_cols;
	uint64_t scales = round_up(cols * F32, NPU_PACK_BLOCK), k;

	if (l->stream || weight_slot(w, units, w->k) <= slot)
		return w->k;
	if (units > 1 || scales >= slot)
		return 0;
	k = (slot - scales) / cols / K_ALIGN * K_ALIGN;
	return k;
}

/* Bytes of each slot of the ring for input, when @units are chosen. */
static uint64_t in_slot(const struct lower *l, const struct row_range *rows,
			uint32_t units, uint32_t out_row, const struct matrix *w)
{
	uint64_t out = 2 * round_up((uint64_t)rows->max * units * w->unit_cols * out_row, 64);
	uint64_t left = npu_builder_sram_left(l->b);

	return out < left ? (left - out) / 2 / 64 * 64 : 0;
}

void tiling_choose(struct lower *l, const struct op *op, const struct row_range *rows,
		   uint32_t out_row, struct tiling *tiling)
{
	const struct matrix *w = &op->w[0];
	uint64_t row = (uint64_t)w->k * tensor_element_size(op->x->type), slot = 0, need;
	uint32_t units = most_units(l, op, rows), k = 0;

	for (; units; units--) {
		slot = in_slot(l, rows, units, out_row, w);
		k = slot >= row ? fitting_k(l, w, units, slot) : 0;
		if (k)
			break;
	}
	if (!k) {
		units = 1;
		k = w->k < K_ALIGN ? w->k : K_ALIGN;
	}
	need = l->stream ? 0 : weight_slot(w, units, k);
	tiling->units = units;
	tiling->k = k;
	tiling->block = slot / row < rows->max ? slot / row : rows->max;
	if (!tiling->block)
		tiling->block = 1;
	if (need < tiling->block * row)
		need = tiling->block * row;
	lower_ring(l, &l->in, "ring of weights", need);
	lower_ring(l, &l->out, "ring of results",
		   (uint64_t)rows->max * units * w->unit_cols * out_row);
}

void tile_loop(struct lower *l, const struct matrix *w, const struct share *share,
	       const struct tiling *tiling, struct tile *tile)
{
	uint8_t end = npu_builder_reg(l->b), n = npu_builder_reg(l->b);

	tile->at = npu_builder_reg(l->b);
	tile->units = npu_builder_reg(l->b);
	tile->cols = npu_builder_reg(l->b);
	lower_div_up(l, n, npu_reg(share->count), tiling->units);
	npu_build_loop(l->b, tile->at, share->first, npu_reg(n), npu_imm(tiling->units));
	npu_build_alu(l->b, NPU_ALU_ADD, end, share->first, share->count, 0);
	lower_clip(l, tile->units, end, tile->at, tiling->units);
	npu_build_alu(l->b, NPU_ALU_MUL, tile->cols, tile->units, NPU_R_ZERO, w->unit_cols);
	if (w->unit == w->unit_cols && w->n % w->unit) {
		/* the last panel has columns that do not exist */
		npu_build_alu(l->b, NPU_ALU_MUL, n, tile->at, NPU_R_ZERO, w->unit);
		npu_build_set(l->b, end, w->n);
		npu_build_alu(l->b, NPU_ALU_SUB, n, end, n, 0);
		npu_build_alu(l->b, NPU_ALU_MIN, tile->cols, tile->cols, n, 0);
	}
	npu_builder_reg_free(l->b, end);
	npu_builder_reg_free(l->b, n);
}

void tile_endloop(struct lower *l, struct tile *tile)
{
	npu_build_endloop(l->b);
	npu_builder_reg_free(l->b, tile->at);
	npu_builder_reg_free(l->b, tile->units);
	npu_builder_reg_free(l->b, tile->cols);
}

/* Bytes of all columns' weights; the scales lie behind them. */
static uint64_t packed_size(const struct matrix *w)
{
	return (uint64_t)w->units * w->unit_cols * round_up(w->k, 4);
}

static struct npu_insn_matmul operands(const struct product *p, uint32_t k0, uint32_t k)
{
	return (struct npu_insn_matmul){
		.a = npu_at(0, p->act->addr + k0), .lda = npu_imm(p->act->k),
		.type_a = NPU_TYPE_I8, .type_b = NPU_TYPE_I8, .layout = NPU_LAYOUT_PACK,
		.c = p->c, .ldc = npu_imm(p->ldc), .type_c = p->type_c,
		.sa = npu_at(0, p->act->scale), .type_s = NPU_TYPE_F32,
		.m = p->rows->count, .n = npu_reg(p->tile->cols), .k = npu_imm(k),
		.flags = NPU_F_SA | NPU_F_SB | (p->accum || k0 ? NPU_F_ACCUM : 0),
	};
}

/* The matrix engine reads the tile's weights from memory as it goes. */
static void stream_product(struct lower *l, const struct product *p, uint8_t wt,
			   uint8_t scale)
{
	struct npu_insn_matmul mm = operands(p, 0, p->w->k);

	mm.flags |= NPU_F_STREAM;
	mm.b = npu_at(wt, 0);
	mm.ldb = npu_imm(round_up(p->w->k, 4) * NPU_PACK_COLS);
	mm.sb = npu_at(scale, 0);
	npu_build_matmul(l->b, &mm, p->order);
}

/* One slot: scales and weights of @k inputs from @k0 on, then their product. */
static void ring_product(struct lower *l, const struct product *p, uint8_t wt,
			 uint8_t scale, uint32_t k0, uint32_t k)
{
	uint32_t cols = p->tiling->units * p->w->unit_cols;
	uint32_t scales = round_up(cols * F32, NPU_PACK_BLOCK);
	uint32_t row = round_up(k, 4) * NPU_PACK_COLS;
	struct npu_insn_matmul mm = operands(p, k0, k);
	struct npu_order order = npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->in.free));
	uint8_t t = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_MUL, t, p->tile->units, NPU_R_ZERO,
		      p->w->unit_cols * F32);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, 0), .mem = npu_at(scale, 0), .row = npu_reg(t),
	}, npu_order(NPU_TOKEN(l->in.free), 0));
	npu_build_alu(l->b, NPU_ALU_MUL, t, p->tile->units, NPU_R_ZERO,
		      p->w->unit_cols / NPU_PACK_COLS);
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, scales), .sram_stride = npu_imm(row),
		.mem = npu_at(wt, (uint64_t)k0 * NPU_PACK_COLS), .rows = npu_reg(t),
		.mem_stride = npu_imm(round_up(p->w->k, 4) * NPU_PACK_COLS),
		.row = npu_imm(row),
	}, npu_order(0, NPU_TOKEN(l->full)));
	mm.b = npu_at(l->in.addr, scales);
	mm.ldb = npu_imm(row);
	mm.sb = npu_at(l->in.addr, 0);
	if (!k0)
		order.wait |= p->order.wait;
	if (k0 + k == p->w->k)
		order.signal |= p->order.signal;
	npu_build_matmul(l->b, &mm, order);
	lower_turn(l, &l->in);
	npu_builder_reg_free(l->b, t);
}

void tile_product(struct lower *l, const struct product *p)
{
	uint8_t wt = npu_builder_reg(l->b), scale = npu_builder_reg(l->b);
	uint64_t unit_bytes = p->w->unit_cols * round_up(p->w->k, 4);

	lower_mem(l, wt, p->w->tensor->va, p->tile->at, unit_bytes);
	lower_mem(l, scale, p->w->tensor->va + packed_size(p->w), p->tile->at,
		  (uint64_t)p->w->unit_cols * F32);
	if (l->stream)
		stream_product(l, p, wt, scale);
	else
		for (uint32_t k = 0; k < p->w->k; k += p->tiling->k)
			ring_product(l, p, wt, scale, k,
				     p->w->k - k < p->tiling->k ? p->w->k - k : p->tiling->k);
	npu_builder_reg_free(l->b, wt);
	npu_builder_reg_free(l->b, scale);
}
