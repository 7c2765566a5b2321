// SPDX-License-Identifier: MIT
/* Tiles of weights: how large they are, and the product of one. */
#include <errno.h>

#include <npu/disasm.h>

#include "tile.h"

#define MATRICES	3u	/* of an operator */
#define DQ_GROUPS	16u	/* groups that share a pair of their scales */
#define K_ALIGN		64u	/* of a split along K */
#define MAX_TILE_COLS	256u	/* more would not make the matrix engine faster */

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static uint32_t unit_panels(const struct matrix *w)
{
	return w->unit_cols / NPU_PACK_COLS;
}

struct slot_parts slot_parts_of(const struct matrix *w, uint32_t units, uint32_t k)
{
	const struct quant_layout *l = &w->layout;
	uint64_t panels = (uint64_t)units * unit_panels(w);
	struct slot_parts s;

	s.zeros = panels * quant_scale_bytes(l, k);
	s.pairs = s.zeros + round_up(panels * quant_zero_bytes(l, k), NPU_PACK_BLOCK);
	s.codes = s.pairs + round_up(panels * quant_pair_bytes(l, k), NPU_PACK_BLOCK);
	s.size = s.codes + panels * quant_code_bytes(l, k);
	return s;
}

struct matrix outlier_matrix(const struct matrix *w)
{
	static const struct npu_quant_format half = { .kind = NPU_QUANT_F16 };
	struct matrix m = *w;

	m.tensor = w->outlier_w;
	m.k = w->outliers;
	m.outliers = 0;
	m.layout = quant_layout_of(&half);
	return m;
}

/* A split along K starts at a group, and where scales have pairs, at a pair. */
static uint32_t split_of(const struct matrix *w)
{
	uint32_t step = w->layout.scale == NPU_TYPE_I8 ? DQ_GROUPS * w->layout.group :
							 w->layout.group;

	return step > K_ALIGN ? step : K_ALIGN;
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
	uint32_t step = split_of(w), low = 0, high = w->k / step;

	if (l->stream || slot_parts_of(w, units, w->k).size <= slot)
		return w->k;
	while (low < high) {
		uint32_t middle = low + (high - low + 1) / 2;

		if (slot_parts_of(w, units, middle * step).size <= slot)
			low = middle;
		else
			high = middle - 1;
	}
	return units > 1 ? 0 : low * step;
}

uint32_t tile_inputs(const struct lower *l, const struct matrix *w,
		     const struct tiling *tiling)
{
	return fitting_k(l, w, tiling->units, tiling->slot);
}

/* All matrices of an operator, those of outliers behind the others. */
static uint32_t matrices_of(const struct op *op, struct matrix list[2 * MATRICES])
{
	uint32_t n = 0, all;

	for (uint32_t i = 0; i < MATRICES; i++)
		if (op->w[i].tensor)
			list[n++] = op->w[i];
	all = n;
	for (uint32_t i = 0; i < all; i++)
		if (list[i].outliers)
			list[n++] = outlier_matrix(&list[i]);
	return n;
}

/* Whether a tile of each matrix of an operator fits into a slot. */
static bool all_fit(const struct lower *l, const struct op *op, uint32_t units,
		    uint64_t slot)
{
	struct matrix list[2 * MATRICES];
	uint32_t n = matrices_of(op, list);

	for (uint32_t i = 0; i < n; i++)
		if (!fitting_k(l, &list[i], units, slot))
			return false;
	return true;
}

/* Bytes that a slot of weights needs, for matrices split to fit @slot or at all. */
static uint64_t slot_need(const struct lower *l, const struct op *op, uint32_t units,
			  uint64_t slot)
{
	struct matrix list[2 * MATRICES];
	uint32_t n = matrices_of(op, list);
	uint64_t need = 0;

	for (uint32_t i = 0; !l->stream && i < n; i++) {
		uint32_t k = fitting_k(l, &list[i], units, slot);
		uint64_t size;

		if (!k)
			k = list[i].k < split_of(&list[i]) ? list[i].k : split_of(&list[i]);
		size = slot_parts_of(&list[i], units, k).size;
		need = size > need ? size : need;
	}
	return need;
}

/* Features without which a device cannot multiply the operator's matrices. */
static void check_features(struct lower *l, const struct op *op)
{
	struct matrix list[2 * MATRICES];
	uint32_t n = matrices_of(op, list);

	for (uint32_t i = 0; i < n; i++) {
		const struct quant_layout *q = &list[i].layout;
		uint64_t missing = ~l->target->features &
			((q->type == NPU_TYPE_I8 ? NPU_FEAT_MAT_I8 : 0) |
			 (q->type == NPU_TYPE_I4 ? NPU_FEAT_MAT_I4 : 0) |
			 (q->type == NPU_TYPE_C4 ? NPU_FEAT_MAT_C4 : 0) |
			 (q->type == NPU_TYPE_F16 ? NPU_FEAT_MAT_F16 : 0) |
			 (q->group ? NPU_FEAT_GROUP_SCALE : 0) |
			 (q->zeros ? NPU_FEAT_ZERO_POINT : 0) |
			 (q->scale == NPU_TYPE_I8 ? NPU_FEAT_SCALE_DQ8 : 0));

		if (!missing)
			continue;
		npu_builder_fail(l->b, -ENOTSUP,
				 "the device lacks %s, which the format of %s needs: choose other weights",
				 npu_feature_name(__builtin_ctzll(missing)),
				 list[i].tensor->name);
		return;
	}
}

/* The codebook of an operator's matrices, which all are the same, to SRAM. */
static uint32_t load_book(struct lower *l, const struct op *op)
{
	for (uint32_t i = 0; !l->stream && i < MATRICES; i++) {
		const struct matrix *w = &op->w[i];
		uint32_t book;
		uint8_t t;

		if (!w->tensor || !quant_book_bytes(&w->layout))
			continue;
		book = npu_builder_sram(l->b, "codebook", quant_book_bytes(&w->layout));
		t = npu_builder_reg(l->b);
		npu_build_load(l->b, &(struct npu_insn_dma){
			.sram = npu_at(0, book),
			.mem = lower_mem(l, t, w->tensor->va + quant_sections_of(&w->layout,
					 (uint64_t)w->units * unit_panels(w), w->k).book,
					 NPU_R_ZERO, 0),
			.row = npu_imm(quant_book_bytes(&w->layout)),
		}, npu_order(0, 0));
		npu_builder_reg_free(l->b, t);
		return book;
	}
	return 0;
}

/* Bytes of each slot of the ring for results: rows of them, and biases. */
static uint64_t out_slot(const struct op *op, const struct row_range *rows,
			 uint32_t units, uint32_t out_row)
{
	uint64_t row = (uint64_t)rows->max * out_row;

	for (uint32_t i = 0; i < MATRICES; i++)
		row += op->bias[i] ? sizeof(float) : 0;
	return row * units * op->w[0].unit_cols;
}

/* Bytes of each slot of the ring for input, when @units are chosen. */
static uint64_t in_slot(const struct lower *l, const struct op *op,
			const struct row_range *rows, uint32_t units, uint32_t out_row)
{
	uint64_t out = 2 * round_up(out_slot(op, rows, units, out_row), 64);
	uint64_t left = npu_builder_sram_left(l->b);

	return out < left ? (left - out) / 2 / 64 * 64 : 0;
}

void tiling_choose(struct lower *l, const struct op *op, const struct row_range *rows,
		   uint32_t out_row, struct tiling *tiling)
{
	const struct matrix *w = &op->w[0];
	uint64_t row = (uint64_t)w->k * tensor_element_size(op->x->type), slot = 0, need;
	uint32_t units;

	check_features(l, op);
	tiling->book = load_book(l, op);
	for (units = most_units(l, op, rows); units; units--) {
		slot = in_slot(l, op, rows, units, out_row);
		if (slot >= row && all_fit(l, op, units, slot))
			break;
	}
	units = units ? units : 1;
	need = slot_need(l, op, units, slot);
	tiling->units = units;
	tiling->slot = slot > need ? slot : need;
	tiling->block = slot / row < rows->max ? slot / row : rows->max;
	if (!tiling->block)
		tiling->block = 1;
	if (need < tiling->block * row)
		need = tiling->block * row;
	lower_ring(l, &l->in, "ring of weights", need);
	lower_ring(l, &l->out, "ring of results", out_slot(op, rows, units, out_row));
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
