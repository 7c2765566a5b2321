// SPDX-License-Identifier: MIT
#include <math.h>

#include <hw/npu_isa.h>

#include "int8.h"

#define BLOCK_K 4u

float npu_int8_quantize(int8_t *dst, const float *src, size_t n)
{
	float most = 0, inverse;

	for (size_t i = 0; i < n; i++)
		if (fabsf(src[i]) > most)
			most = fabsf(src[i]);
	inverse = most > 0 ? 127 / most : 0;
	for (size_t i = 0; i < n; i++) {
		float q = rintf(src[i] * inverse);

		/* also takes what is not a number */
		dst[i] = q > -127 ? (q < 127 ? (int8_t)q : 127) : (q <= -127 ? -127 : 0);
	}
	return most / 127;
}

size_t npu_int8_panel_size(size_t k)
{
	return (k + BLOCK_K - 1) / BLOCK_K * NPU_PACK_BLOCK;
}

void npu_int8_pack(int8_t *packed, size_t column, const int8_t *src, size_t k)
{
	int8_t *panel = packed + column / NPU_PACK_COLS * npu_int8_panel_size(k);
	size_t c = column % NPU_PACK_COLS;

	for (size_t i = 0; i < k; i++)
		panel[i / BLOCK_K * NPU_PACK_BLOCK + c * BLOCK_K + i % BLOCK_K] = src[i];
}
