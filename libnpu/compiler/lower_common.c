// SPDX-License-Identifier: MIT
/* What the lowering of all operators shares: shares, rings, addresses. */
#include <errno.h>

#include "lower.h"

/* first = core * units / cores, count = (core + 1) * units / cores - first */
static struct share make_share(struct lower *l, struct npu_value units)
{
	struct npu_builder *b = l->b;
	struct share share = {
		.first = npu_builder_reg(b), .count = npu_builder_reg(b),
	};

	npu_build_alu(b, NPU_ALU_MUL, share.first, NPU_R_CORE, units.reg, units.imm);
	npu_build_alu(b, NPU_ALU_DIV, share.first, share.first, NPU_R_NCORES, 0);
	npu_build_alu(b, NPU_ALU_ADD, share.count, NPU_R_CORE, NPU_R_ZERO, 1);
	npu_build_alu(b, NPU_ALU_MUL, share.count, share.count, units.reg, units.imm);
	npu_build_alu(b, NPU_ALU_DIV, share.count, share.count, NPU_R_NCORES, 0);
	npu_build_alu(b, NPU_ALU_SUB, share.count, share.count, share.first, 0);
	return share;
}

/* Widths that come first stay computed; others are computed for each operator. */
struct share lower_share(struct lower *l, uint32_t units)
{
	struct share share;

	for (uint32_t i = 0; i < l->n_shares; i++)
		if (l->shares[i].units == units)
			return l->shares[i];
	share = make_share(l, npu_imm(units));
	share.units = units;
	if (l->n_shares < MAX_SHARES)
		l->shares[l->n_shares++] = share;
	else if (l->n_temporary < MAX_TEMPORARY)
		l->temporary[l->n_temporary++] = share;
	else
		npu_builder_fail(l->b, -ENOSPC, "an operator has more than %u widths",
				 MAX_TEMPORARY);
	return share;
}

void lower_release(struct lower *l)
{
	while (l->n_temporary) {
		const struct share *share = &l->temporary[--l->n_temporary];

		npu_builder_reg_free(l->b, share->first);
		npu_builder_reg_free(l->b, share->count);
	}
}

struct share lower_share_rows(struct lower *l, const struct row_range *rows, uint64_t each)
{
	struct share share;
	uint8_t t;

	if (!rows->count.reg)
		return make_share(l, npu_imm(rows->count.imm * each));
	t = npu_builder_reg(l->b);
	npu_build_alu(l->b, NPU_ALU_MUL, t, rows->count.reg, NPU_R_ZERO, each);
	share = make_share(l, npu_reg(t));
	npu_builder_reg_free(l->b, t);
	return share;
}

struct share lower_share_of(struct lower *l, struct npu_value units)
{
	return make_share(l, units);
}

void lower_ring(struct lower *l, struct ring *ring, const char *name, uint64_t size)
{
	uint32_t slot = npu_builder_sram(l->b, name, size);
	uint32_t other = npu_builder_sram(l->b, name, size);

	ring->flip = slot ^ other;
	npu_build_set(l->b, ring->addr, slot);
}

void lower_turn(struct lower *l, const struct ring *ring)
{
	npu_build_alu(l->b, NPU_ALU_XOR, ring->addr, ring->addr, NPU_R_ZERO, ring->flip);
}

void lower_edge(struct lower *l, uint8_t counter, unsigned int from, unsigned int to)
{
	npu_build_nop(l->b, from, npu_order(0, NPU_TOKEN(counter)));
	npu_build_nop(l->b, to, npu_order(NPU_TOKEN(counter), 0));
}

struct row_range lower_op_rows(const struct lower *l, const struct op *op)
{
	struct row_range range = { .count = l->rows, .max = l->max_rows };

	switch (op->rows) {
	case ROWS_ALL:
		break;
	case ROWS_LOGITS:
		range.count = l->logits;
		range.first = l->logits_first;
		break;
	case ROWS_LAST:
		range.count = l->logits;
		break;
	case ROWS_FIXED:
		range.count = npu_imm(op->n_rows);
		range.max = op->n_rows;
		break;
	}
	return range;
}

void lower_div_up(struct lower *l, uint8_t dst, struct npu_value value, uint32_t by)
{
	if (!value.reg) {
		npu_build_set(l->b, dst, (value.imm + by - 1) / by);
		return;
	}
	npu_build_alu(l->b, NPU_ALU_ADD, dst, value.reg, NPU_R_ZERO, by - 1);
	if (by > 1)
		npu_build_alu(l->b, NPU_ALU_DIV, dst, dst, NPU_R_ZERO, by);
}

void lower_min(struct lower *l, uint8_t dst, uint8_t a, uint32_t limit)
{
	npu_build_alu(l->b, NPU_ALU_MIN, dst, a, NPU_R_ZERO, limit);
}

struct npu_loc lower_mem(struct lower *l, uint8_t dst, uint64_t va, uint8_t index,
			 uint64_t stride)
{
	npu_build_lea(l->b, dst, &(struct npu_affine){
		.imm = va,
		.term = { { npu_reg(index), npu_imm(stride) } },
	});
	return npu_at(dst, 0);
}

void lower_clip(struct lower *l, uint8_t dst, uint8_t end, uint8_t at, uint32_t limit)
{
	npu_build_alu(l->b, NPU_ALU_SUB, dst, end, at, 0);
	lower_min(l, dst, dst, limit);
}

struct places lower_places(struct lower *l)
{
	uint64_t row = (uint64_t)l->kv->batch * sizeof(int32_t);
	uint8_t t = npu_builder_reg(l->b);
	struct places places;

	places.pos = npu_builder_sram(l->b, "positions and slots", 2 * row);
	places.slot = places.pos + row;
	npu_build_load(l->b, &(struct npu_insn_dma){
		.sram = npu_at(0, places.pos), .row = npu_imm(2 * row),
		.mem = lower_mem(l, t, l->kv->places->va, NPU_R_ZERO, 0),
	}, npu_order(0, 0));
	lower_edge(l, l->ld_cp, NPU_ENGINE_LD, NPU_ENGINE_CP);
	npu_builder_reg_free(l->b, t);
	return places;
}

void lower_place(struct lower *l, const struct places *places, uint8_t row, uint8_t pos,
		 uint8_t slot)
{
	npu_build_alu(l->b, NPU_ALU_MUL, slot, row, NPU_R_ZERO, sizeof(int32_t));
	npu_build_sload(l->b, pos, npu_at(slot, places->pos), npu_order(0, 0));
	npu_build_sload(l->b, slot, npu_at(slot, places->slot), npu_order(0, 0));
}

void lower_slot(struct lower *l, uint8_t slot)
{
	npu_build_alu(l->b, NPU_ALU_MUL, slot, slot, NPU_R_ZERO, l->kv->slot_bytes);
	npu_build_alu(l->b, NPU_ALU_ADD, slot, slot, NPU_R_ZERO, l->kv->tensor->va);
}

void lower_page_address(struct lower *l, uint8_t dst, uint8_t in, uint8_t slot, uint8_t at)
{
	uint8_t page = npu_builder_reg(l->b);

	npu_build_alu(l->b, NPU_ALU_DIV, page, at, NPU_R_ZERO, KV_PAGE_TOKENS);
	if (in) {
		npu_build_alu(l->b, NPU_ALU_MUL, in, page, NPU_R_ZERO, KV_PAGE_TOKENS);
		npu_build_alu(l->b, NPU_ALU_SUB, in, at, in, 0);
	}
	npu_build_lea(l->b, dst, &(struct npu_affine){
		.base = slot,
		.term = { { npu_reg(page), npu_imm(l->kv->page_bytes) } },
	});
	npu_builder_reg_free(l->b, page);
}
