// SPDX-License-Identifier: MIT
/* Panels in the layout of npu_isa.h: blocks of 64 bytes, 4 of them a column. */
#include <string.h>

#include <hw/npu_isa.h>

#include "model/half.h"
#include "nf4.h"
#include "panel.h"

#define COLUMN_BYTES (NPU_PACK_BLOCK / NPU_PACK_COLS)

/* The byte of @lane of a column's four, from the inputs that start at @k. */
static uint8_t pack_nibbles(const int8_t *row, uint32_t k, uint32_t n, uint32_t lane)
{
	uint8_t low = k + lane < n ? row[k + lane] & 15 : 0;
	uint8_t high = k + lane + COLUMN_BYTES < n ? row[k + lane + COLUMN_BYTES] & 15 : 0;

	return (uint8_t)(low | high << 4);
}

static void pack_codes(const struct panel *p, uint8_t *dst)
{
	bool nibbles = p->layout.type == NPU_TYPE_I4 || p->layout.type == NPU_TYPE_C4;

	for (uint32_t k = 0; k < p->k; k += p->layout.block, dst += NPU_PACK_BLOCK) {
		for (uint32_t i = 0; i < NPU_PACK_BLOCK; i++) {
			const int8_t *row = p->codes + (size_t)(i / COLUMN_BYTES) * p->k;
			uint32_t lane = i % COLUMN_BYTES;

			if (nibbles)
				dst[i] = pack_nibbles(row, k, p->k, lane);
			else
				dst[i] = k + lane < p->k ? (uint8_t)row[k + lane] : 0;
		}
	}
}

static void pack_half(const struct panel *p, uint8_t *dst)
{
	for (uint32_t k = 0; k < p->k; k += p->layout.block, dst += NPU_PACK_BLOCK) {
		for (uint32_t i = 0; i < NPU_PACK_BLOCK / 2; i++) {
			uint32_t at = k + i % 2;
			uint16_t v = at < p->k ? p->half[(size_t)(i / 2) * p->k + at] : 0;

			memcpy(dst + 2 * i, &v, sizeof(v));
		}
	}
}

/* [16][groups] becomes [groups][16] of the type of the scales. */
static void pack_scales(const struct panel *p, uint8_t *dst)
{
	for (uint32_t g = 0; g < p->groups; g++) {
		for (uint32_t c = 0; c < PANEL_ROWS; c++) {
			size_t from = (size_t)c * p->groups + g, to = g * PANEL_ROWS + c;
			uint16_t half = float_to_half(p->scales[from]);

			if (p->layout.scale == NPU_TYPE_F32)
				memcpy(dst + 4 * to, &p->scales[from], 4);
			else if (p->layout.scale == NPU_TYPE_F16)
				memcpy(dst + 2 * to, &half, sizeof(half));
			else
				dst[to] = p->bytes[from];
		}
	}
}

void panel_pack(const struct panel *p, void *matrix, uint64_t panels, uint64_t index)
{
	struct quant_sections s = quant_sections_of(&p->layout, panels, p->k);
	uint8_t *base = matrix, *zeros;

	if (p->half) {
		pack_half(p, base + index * quant_code_bytes(&p->layout, p->k));
		return;
	}
	pack_codes(p, base + index * quant_code_bytes(&p->layout, p->k));
	pack_scales(p, base + s.scales + index * quant_scale_bytes(&p->layout, p->k));
	zeros = base + s.zeros + index * quant_zero_bytes(&p->layout, p->k);
	for (uint32_t g = 0; p->zeros && g < p->groups; g++)
		for (uint32_t c = 0; c < PANEL_ROWS; c++)
			zeros[g * PANEL_ROWS + c] = p->zeros[c * p->groups + g];
	if (p->pair)
		memcpy(base + s.pairs + index * quant_pair_bytes(&p->layout, p->k), p->pair,
		       p->pairs * 2 * sizeof(*p->pair));
	if (p->layout.type == NPU_TYPE_C4)
		memcpy(base + s.book, nf4_codebook, sizeof(nf4_codebook));
}
