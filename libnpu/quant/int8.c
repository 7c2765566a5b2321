// SPDX-License-Identifier: MIT
#include <math.h>

#include "int8.h"
#include "model/half.h"

static float largest(const float *src, size_t n)
{
	float most = 0;

	for (size_t i = 0; i < n; i++)
		if (fabsf(src[i]) > most)
			most = fabsf(src[i]);
	return most;
}

static int8_t to_int8(float q)
{
	q = rintf(q);
	/* also takes what is not a number */
	return q > -127 ? (q < 127 ? (int8_t)q : 127) : (q <= -127 ? -127 : 0);
}

static void scale_all(int8_t *dst, const float *src, size_t n, float inverse)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = to_int8(src[i] * inverse);
}

int8_t int8_round(float value, float scale)
{
	return to_int8(scale > 0 ? value / scale : 0);
}

float npu_int8_quantize(int8_t *dst, const float *src, size_t n)
{
	float most = largest(src, n);

	scale_all(dst, src, n, most > 0 ? 127 / most : 0);
	return most / 127;
}

float npu_int8_quantize_half(int8_t *dst, const float *src, size_t n)
{
	float scale = half_to_float(float_to_half(largest(src, n) / 127));

	scale_all(dst, src, n, scale > 0 ? 1 / scale : 0);
	return scale;
}
