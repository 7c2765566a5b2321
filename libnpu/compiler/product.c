// SPDX-License-Identifier: MIT
/* The product of one tile, whatever format its weights have. */
#include "tile.h"

/**
 * struct operand - one product's weights and input
 * @w: matrix
 * @sections: where its parts lie in memory
 * @a: SRAM of the input's rows
 * @a_size: bytes of an element of them
 * @codes: register, address of the tile's weights in memory; likewise the others
 * @accum: add to the C that is there
 * @last: nothing is added to C behind this one: bias and activation follow
 * @order: tokens of the whole product
 */
struct operand {
	const struct matrix *w;
	struct quant_sections sections;
	uint32_t a, a_size;
	uint8_t codes, scales, zeros, pairs, book;
	bool accum, last;
	struct npu_order order;
};

static uint32_t unit_panels(const struct matrix *w)
{
	return w->unit_cols / NPU_PACK_COLS;
}

static uint32_t scale_size(const struct quant_layout *l)
{
	return l->scale == NPU_TYPE_F32 ? 4 : l->scale == NPU_TYPE_F16 ? 2 : 1;
}

/* A register with the address of the tile's panels of one part. */
static uint8_t part_at(struct lower *l, const struct product *p, const struct operand *o,
		       uint64_t section, uint64_t bytes)
{
	uint8_t reg;

	if (!bytes)
		return NPU_R_ZERO;
	reg = npu_builder_reg(l->b);
	lower_mem(l, reg, o->w->tensor->va + section, p->tile->at,
		  unit_panels(o->w) * bytes);
	return reg;
}

static void take_registers(struct lower *l, const struct product *p, struct operand *o)
{
	const struct quant_layout *q = &o->w->layout;
	uint32_t k = o->w->k;

	o->codes = part_at(l, p, o, 0, quant_code_bytes(q, k));
	o->scales = part_at(l, p, o, o->sections.scales, quant_scale_bytes(q, k));
	o->zeros = part_at(l, p, o, o->sections.zeros, quant_zero_bytes(q, k));
	o->pairs = part_at(l, p, o, o->sections.pairs, quant_pair_bytes(q, k));
	o->book = NPU_R_ZERO;
	if (l->stream && quant_book_bytes(q)) {
		o->book = npu_builder_reg(l->b);
		lower_mem(l, o->book, o->w->tensor->va + o->sections.book, NPU_R_ZERO, 0);
	}
}

static void release_registers(struct lower *l, const struct operand *o)
{
	npu_builder_reg_free(l->b, o->codes);
	npu_builder_reg_free(l->b, o->scales);
	npu_builder_reg_free(l->b, o->zeros);
	npu_builder_reg_free(l->b, o->pairs);
	npu_builder_reg_free(l->b, o->book);
}

/* All of the instruction but where B and its parameters are. */
static struct npu_insn_matmul operands(const struct lower *l, const struct product *p,
				       const struct operand *o, uint32_t k0, uint32_t k)
{
	const struct quant_layout *q = &o->w->layout;
	bool half = q->type == NPU_TYPE_F16, last = o->last && k0 + k == o->w->k;

	return (struct npu_insn_matmul){
		.a = npu_at(0, o->a + (uint64_t)k0 * o->a_size),
		.lda = npu_imm((uint64_t)o->w->k * o->a_size),
		.type_a = half ? NPU_TYPE_F16 : NPU_TYPE_I8, .type_b = q->type,
		.layout = NPU_LAYOUT_PACK,
		.c = p->c, .ldc = npu_imm(p->ldc), .type_c = p->type_c,
		.sa = npu_at(0, p->act->scale), .type_s = q->scale,
		.m = p->rows->count, .n = npu_reg(p->tile->cols), .k = npu_imm(k),
		.ldb = npu_imm(quant_code_bytes(q, k)),
		.lds = npu_imm(quant_scale_bytes(q, k)), .group = npu_imm(q->group),
		.flags = (half ? 0 : NPU_F_SA | (q->group ? NPU_F_GROUP : NPU_F_SB)) |
			 (q->zeros ? NPU_F_ZP : 0) | (o->accum || k0 ? NPU_F_ACCUM : 0) |
			 (last && p->bias ? NPU_F_BIAS : 0),
		.act = last ? p->fn : NPU_UNARY_COPY,
		.bias = npu_at(l->out.addr, p->bias_at),
	};
}

static struct npu_loc bias_in_memory(struct lower *l, const struct product *p, uint8_t t)
{
	return lower_mem(l, t, p->bias->va, p->tile->at,
			 (uint64_t)p->w->unit_cols * sizeof(float));
}

uint32_t product_bias(struct lower *l, struct product *p, const struct tensor *bias,
		      uint64_t offset, uint32_t wait)
{
	uint8_t t, row;

	p->bias = bias;
	p->bias_at = offset;
	if (!bias || l->stream)
		return wait;
	t = npu_builder_reg(l->b);
	row = npu_builder_reg(l->b);
	npu_build_alu(l->b, NPU_ALU_MUL, row, p->tile->cols, NPU_R_ZERO, sizeof(float));
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->out.addr, offset), .mem = bias_in_memory(l, p, t),
		.row = npu_reg(row),
	}, npu_order(wait, NPU_TOKEN(l->ld_mat)));
	npu_builder_reg_free(l->b, t);
	npu_builder_reg_free(l->b, row);
	return NPU_TOKEN(l->ld_mat);
}

/* The matrix engine reads the tile's weights from memory as it goes. */
static void stream_product(struct lower *l, const struct product *p,
			   const struct operand *o)
{
	struct npu_insn_matmul mm = operands(l, p, o, 0, o->w->k);
	uint8_t t = npu_builder_reg(l->b);

	mm.flags |= NPU_F_STREAM;
	if (p->bias && o->last)
		mm.bias = bias_in_memory(l, p, t);
	mm.b = npu_at(o->codes, 0);
	mm.sb = npu_at(o->scales, 0);
	mm.aux = npu_at(o->book ? o->book : o->zeros, 0);
	mm.dq = npu_at(o->pairs, 0);
	npu_build_matmul(l->b, &mm, o->order);
	npu_builder_reg_free(l->b, t);
}

/* Load @row bytes of each of the tile's panels of a part to its place in the slot. */
static void load_part(struct lower *l, uint8_t panels, uint8_t mem, uint64_t at,
		      uint64_t row, uint64_t mem_stride, uint64_t sram, uint64_t stride,
		      struct npu_order order)
{
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(l->in.addr, sram), .sram_stride = npu_imm(stride),
		.mem = npu_at(mem, at), .mem_stride = npu_imm(mem_stride),
		.row = npu_imm(row), .rows = npu_reg(panels),
	}, order);
}

/* Scales, zero points and pairs of @k inputs from @k0 on. */
static void load_parameters(struct lower *l, const struct operand *o, uint8_t panels,
			    const struct slot_parts *slot, uint32_t k0, uint32_t k)
{
	const struct quant_layout *q = &o->w->layout;
	uint64_t row = (uint64_t)quant_groups(q, k) * NPU_PACK_COLS, first = 0;
	struct npu_order order = npu_order(NPU_TOKEN(l->in.free), 0), none = npu_order(0, 0);
	uint32_t size = scale_size(q), all = o->w->k;

	if (q->group)
		first = (uint64_t)k0 / q->group * NPU_PACK_COLS;
	load_part(l, panels, o->scales, first * size, row * size,
		  quant_scale_bytes(q, all), 0, quant_scale_bytes(q, k), order);
	if (o->zeros)
		load_part(l, panels, o->zeros, first, row, quant_zero_bytes(q, all),
			  slot->zeros, quant_zero_bytes(q, k), none);
	if (o->pairs)
		load_part(l, panels, o->pairs, first / 32, quant_pair_bytes(q, k),
			  quant_pair_bytes(q, all), slot->pairs, quant_pair_bytes(q, k),
			  none);
}

/* One slot: parameters and weights of @k inputs from @k0 on, then their product. */
static void ring_product(struct lower *l, const struct product *p,
			 const struct operand *o, uint32_t k0, uint32_t k)
{
	const struct quant_layout *q = &o->w->layout;
	struct slot_parts slot = slot_parts_of(o->w, p->tiling->units, k);
	struct npu_insn_matmul mm = operands(l, p, o, k0, k);
	struct npu_order order = npu_order(NPU_TOKEN(l->full), NPU_TOKEN(l->in.free));
	uint8_t panels = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_MUL, panels, p->tile->units, NPU_R_ZERO,
		      unit_panels(o->w));
	if (o->scales)
		load_parameters(l, o, panels, &slot, k0, k);
	load_part(l, panels, o->codes, k0 / q->block * NPU_PACK_BLOCK,
		  quant_code_bytes(q, k), quant_code_bytes(q, o->w->k), slot.codes,
		  quant_code_bytes(q, k),
		  npu_order(o->scales ? 0 : NPU_TOKEN(l->in.free), NPU_TOKEN(l->full)));
	mm.b = npu_at(l->in.addr, slot.codes);
	mm.sb = npu_at(l->in.addr, 0);
	mm.aux = quant_book_bytes(q) ? npu_at(0, p->tiling->book) :
				       npu_at(l->in.addr, slot.zeros);
	mm.dq = npu_at(l->in.addr, slot.pairs);
	if (!k0)
		order.wait |= o->order.wait;
	if (k0 + k == o->w->k)
		order.signal |= o->order.signal;
	npu_build_matmul(l->b, &mm, order);
	lower_turn(l, &l->in);
	npu_builder_reg_free(l->b, panels);
}

static void multiply(struct lower *l, const struct product *p, struct operand *o)
{
	uint32_t step = tile_inputs(l, o->w, p->tiling), k = o->w->k;

	o->sections = quant_sections_of(&o->w->layout,
					(uint64_t)o->w->units * unit_panels(o->w), k);
	take_registers(l, p, o);
	if (l->stream)
		stream_product(l, p, o);
	else
		for (uint32_t at = 0; step && at < k; at += step)
			ring_product(l, p, o, at, k - at < step ? k - at : step);
	release_registers(l, o);
}

void tile_product(struct lower *l, const struct product *p)
{
	bool half = p->w->layout.type == NPU_TYPE_F16;
	struct matrix rest = outlier_matrix(p->w);
	struct operand o = {
		.w = p->w, .a = half ? p->act->half : p->act->addr, .a_size = half ? 2 : 1,
		.accum = p->accum, .last = !rest.k, .order = p->order,
	};

	if (rest.k)
		o.order.signal = 0;
	multiply(l, p, &o);
	if (!rest.k)
		return;
	o = (struct operand){
		.w = &rest, .a = p->act->outlier, .a_size = 2, .accum = true,
		.last = true, .order = npu_order(0, p->order.signal),
	};
	multiply(l, p, &o);
}
