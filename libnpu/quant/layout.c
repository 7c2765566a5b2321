// SPDX-License-Identifier: MIT
#include <hw/npu_isa.h>

#include "layout.h"

#define DQ_GROUPS 16u	/* groups of a panel that share a pair */
#define DQ_PAIR	  8u

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

struct quant_layout quant_layout_of(const struct npu_quant_format *format)
{
	struct quant_layout l = { .group = format->group };

	switch (format->kind) {
	case NPU_QUANT_F16:
		l.type = NPU_TYPE_F16;
		l.block = 2;
		break;
	case NPU_QUANT_INT4:
		l.type = NPU_TYPE_I4;
		l.scale = NPU_TYPE_F16;
		l.zeros = format->asymmetric;
		l.block = 8;
		break;
	case NPU_QUANT_NF4:
		l.type = NPU_TYPE_C4;
		l.scale = NPU_TYPE_I8;
		l.block = 8;
		break;
	default:
		l.type = NPU_TYPE_I8;
		l.scale = format->group ? NPU_TYPE_F16 : NPU_TYPE_F32;
		l.block = 4;
	}
	return l;
}

static uint32_t scale_size(const struct quant_layout *l)
{
	return l->scale == NPU_TYPE_F32 ? 4 : l->scale == NPU_TYPE_F16 ? 2 : 1;
}

uint32_t quant_groups(const struct quant_layout *l, uint32_t k)
{
	return l->group ? (uint32_t)(((uint64_t)k + l->group - 1) / l->group) : 1;
}

uint64_t quant_code_bytes(const struct quant_layout *l, uint32_t k)
{
	return ((uint64_t)k + l->block - 1) / l->block * NPU_PACK_BLOCK;
}

uint64_t quant_scale_bytes(const struct quant_layout *l, uint32_t k)
{
	if (l->scale == NPU_TYPE_NONE)
		return 0;
	return round_up((uint64_t)quant_groups(l, k) * NPU_PACK_COLS * scale_size(l),
			NPU_PACK_BLOCK);
}

uint64_t quant_zero_bytes(const struct quant_layout *l, uint32_t k)
{
	return l->zeros ? quant_scale_bytes(l, k) / scale_size(l) : 0;
}

uint64_t quant_pair_bytes(const struct quant_layout *l, uint32_t k)
{
	if (l->scale != NPU_TYPE_I8)
		return 0;
	return ((uint64_t)quant_groups(l, k) + DQ_GROUPS - 1) / DQ_GROUPS * DQ_PAIR;
}

uint64_t quant_book_bytes(const struct quant_layout *l)
{
	return l->type == NPU_TYPE_C4 ? 16 : 0;
}

struct quant_sections quant_sections_of(const struct quant_layout *l, uint64_t panels,
					uint32_t k)
{
	struct quant_sections s;

	s.scales = panels * quant_code_bytes(l, k);
	s.zeros = s.scales + panels * quant_scale_bytes(l, k);
	s.pairs = round_up(s.zeros + panels * quant_zero_bytes(l, k), NPU_PACK_BLOCK);
	s.book = round_up(s.pairs + panels * quant_pair_bytes(l, k), NPU_PACK_BLOCK);
	s.size = s.book + quant_book_bytes(l);
	return s;
}
