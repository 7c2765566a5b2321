// SPDX-License-Identifier: MIT
#include <math.h>

#include "nf4.h"

#define DQ_GROUPS 16u

/* Appendix E of the paper, times 127. */
const int8_t nf4_codebook[16] = {
	-127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127,
};

float nf4_scale(uint8_t byte, const float *pair)
{
	return fmaf(byte, pair[0], pair[1]);
}

int8_t nf4_round(float value, float scale)
{
	float x = scale > 0 ? value / scale : 0;
	int8_t i = 0;

	while (i < 15 && x > (nf4_codebook[i] + nf4_codebook[i + 1]) * 0.5f)
		i++;
	return i;
}

/* The groups @first.. that share a pair. */
static void quantize_scales(struct panel *p, uint32_t rows, uint32_t first)
{
	uint32_t end = first + DQ_GROUPS < p->groups ? first + DQ_GROUPS : p->groups;
	float low = INFINITY, high = 0, *pair = p->pair + 2 * (first / DQ_GROUPS);

	for (uint32_t r = 0; r < rows; r++) {
		for (uint32_t g = first; g < end; g++) {
			float s = p->scales[r * p->groups + g];

			low = s < low ? s : low;
			high = s > high ? s : high;
		}
	}
	pair[0] = (high - low) / 255;
	pair[1] = low;
	for (uint32_t r = 0; r < rows; r++) {
		for (uint32_t g = first; g < end; g++) {
			size_t i = (size_t)r * p->groups + g;
			float byte = pair[0] > 0 ? (p->scales[i] - low) / pair[0] : 0;

			p->bytes[i] = byte < 255 ? (uint8_t)rintf(byte) : 255;
			p->scales[i] = nf4_scale(p->bytes[i], pair);
		}
	}
}

void nf4_double_quantize(struct panel *p, uint32_t rows)
{
	for (uint32_t g = 0; g < p->groups; g += DQ_GROUPS)
		quantize_scales(p, rows, g);
}

static float group_scale(const float *src, uint32_t n)
{
	float most = 0;

	for (uint32_t i = 0; i < n; i++)
		most = fabsf(src[i]) > most ? fabsf(src[i]) : most;
	return most / 127;
}

bool nf4_quantize(struct panel *p, const float *src, uint32_t rows)
{
	for (uint32_t r = 0; r < rows; r++) {
		for (uint32_t g = 0; g < p->groups; g++) {
			uint32_t at = g * p->layout.group;
			uint32_t n = p->k - at < p->layout.group ? p->k - at : p->layout.group;
			float scale = group_scale(src + (size_t)r * p->k + at, n);

			if (!isfinite(scale))
				return false;
			p->scales[r * p->groups + g] = scale;
		}
	}
	nf4_double_quantize(p, rows);
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t i = 0; i < p->k; i++)
			p->codes[(size_t)r * p->k + i] =
				nf4_round(src[(size_t)r * p->k + i],
					  p->scales[r * p->groups + i / p->layout.group]);
	return true;
}
