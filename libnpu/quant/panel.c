// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "int4.h"
#include "int8.h"
#include "model/half.h"
#include "nf4.h"
#include "panel.h"

int panel_init(struct panel *p, const struct npu_quant_format *format, uint32_t k)
{
	bool half = format->kind == NPU_QUANT_F16;
	bool dq;

	memset(p, 0, sizeof(*p));
	p->format = *format;
	p->layout = quant_layout_of(format);
	p->k = k;
	p->groups = half ? 0 : quant_groups(&p->layout, k);
	dq = p->layout.scale == NPU_TYPE_I8;
	p->pairs = dq ? (p->groups + 15) / 16 : 0;
	if (half) {
		p->half = calloc(k, PANEL_ROWS * sizeof(*p->half));
		return p->half ? 0 : -ENOMEM;
	}
	p->codes = calloc(k, PANEL_ROWS);
	p->scales = calloc(p->groups, PANEL_ROWS * sizeof(*p->scales));
	if (p->layout.zeros)
		p->zeros = calloc(p->groups, PANEL_ROWS);
	if (dq) {
		p->bytes = calloc(p->groups, PANEL_ROWS);
		p->pair = calloc(p->pairs, 2 * sizeof(*p->pair));
	}
	if (!p->codes || !p->scales || (p->layout.zeros && !p->zeros) ||
	    (dq && (!p->bytes || !p->pair)))
		return -ENOMEM;
	return 0;
}

void panel_free(struct panel *p)
{
	free(p->codes);
	free(p->half);
	free(p->scales);
	free(p->zeros);
	free(p->bytes);
	free(p->pair);
	memset(p, 0, sizeof(*p));
}

void panel_clear(struct panel *p)
{
	size_t n = (size_t)p->k * PANEL_ROWS, scales = (size_t)p->groups * PANEL_ROWS;

	if (p->half) {
		memset(p->half, 0, n * sizeof(*p->half));
		return;
	}
	memset(p->codes, p->bytes ? NF4_ZERO : 0, n);
	memset(p->scales, 0, scales * sizeof(*p->scales));
	if (p->zeros)
		memset(p->zeros, 0, scales);
	if (p->bytes) {
		memset(p->bytes, 0, scales);
		memset(p->pair, 0, p->pairs * 2 * sizeof(*p->pair));
	}
}

static bool to_half_row(uint16_t *dst, const float *src, uint32_t k)
{
	for (uint32_t i = 0; i < k; i++) {
		dst[i] = float_to_half(src[i]);
		if ((dst[i] & 0x7c00) == 0x7c00)
			return false;
	}
	return true;
}

/* One group of a row, in the formats whose groups do not depend on each other. */
static float quantize_group(struct panel *p, uint32_t row, uint32_t g, const float *src,
			    const float *importance, uint32_t n)
{
	int8_t *codes = p->codes + (size_t)row * p->k + (size_t)g * p->layout.group;

	if (p->zeros)
		return int4_asymmetric(codes, &p->zeros[row * p->groups + g], src,
				       importance, n);
	if (p->format.kind == NPU_QUANT_INT4)
		return int4_symmetric(codes, src, importance, n);
	if (p->layout.group)
		return npu_int8_quantize_half(codes, src, n);
	return npu_int8_quantize(codes, src, n);
}

static bool quantize_row(struct panel *p, uint32_t row, const float *src,
			 const float *importance)
{
	uint32_t step = p->layout.group ? p->layout.group : p->k;

	for (uint32_t g = 0; g < p->groups; g++) {
		uint32_t at = g * step, n = p->k - at < step ? p->k - at : step;
		float scale = quantize_group(p, row, g, src + at,
					     importance ? importance + at : NULL, n);

		if (!isfinite(scale))
			return false;
		p->scales[row * p->groups + g] = scale;
	}
	return true;
}

bool panel_quantize(struct panel *p, const float *src, uint32_t rows,
		    const float *importance)
{
	panel_clear(p);
	if (p->bytes)
		return nf4_quantize(p, src, rows);
	for (uint32_t r = 0; r < rows; r++) {
		const float *row = src + (size_t)r * p->k;

		if (!(p->half ? to_half_row(p->half + (size_t)r * p->k, row, p->k) :
				quantize_row(p, r, row, importance)))
			return false;
	}
	return true;
}

/* The weight that a code stands for. */
static float value_of(const struct panel *p, uint32_t row, uint32_t k)
{
	uint32_t step = p->layout.group ? p->layout.group : p->k;
	size_t at = (size_t)row * p->k + k, g = (size_t)row * p->groups + k / step;

	if (p->bytes)
		return nf4_codebook[p->codes[at] & 15] * p->scales[g];
	return (p->codes[at] - (p->zeros ? p->zeros[g] : 0)) * p->scales[g];
}

float panel_round(struct panel *p, uint32_t row, uint32_t k, float value)
{
	uint32_t step = p->layout.group ? p->layout.group : p->k;
	size_t at = (size_t)row * p->k + k, g = (size_t)row * p->groups + k / step;
	float scale = p->scales[g];

	if (p->bytes)
		p->codes[at] = nf4_round(value, scale);
	else if (p->format.kind == NPU_QUANT_INT4)
		p->codes[at] = int4_round(value, scale, p->zeros ? p->zeros[g] : -1);
	else
		p->codes[at] = int8_round(value, scale);
	return value_of(p, row, k);
}

void panel_row(const struct panel *p, uint32_t row, float *dst)
{
	for (uint32_t i = 0; i < p->k; i++)
		dst[i] = p->half ? half_to_float(p->half[(size_t)row * p->k + i]) :
				   value_of(p, row, i);
}
