/* SPDX-License-Identifier: MIT */
/*
 * Sixteen floats at a time, whatever the CPU has for them. Inlined into
 * functions that FLOAT_CLONES compiles for several CPUs.
 */
#ifndef LIBNPU_QUANT_FLOAT_LANES_H
#define LIBNPU_QUANT_FLOAT_LANES_H

#include <stdint.h>

#define FLOAT_LANES 16u

/* Sums may round differently from CPU to CPU. */
#if defined(__x86_64__)
#define FLOAT_CLONES __attribute__((target_clones("avx512f", "fma", "default")))
#else
#define FLOAT_CLONES
#endif

/* Any address will do for these, and they may alias floats. */
typedef float float_lanes __attribute__((vector_size(64), aligned(4), may_alias));

/* sum of a[i] * b[i] */
static inline __attribute__((always_inline)) float
float_dot(const float *a, const float *b, uint32_t n)
{
	float_lanes sums = { 0 };
	float sum = 0;
	uint32_t i = 0;

	for (; i + FLOAT_LANES <= n; i += FLOAT_LANES)
		sums += *(const float_lanes *)(a + i) * *(const float_lanes *)(b + i);
	for (; i < n; i++)
		sum += a[i] * b[i];
#pragma GCC unroll 16
	for (uint32_t j = 0; j < FLOAT_LANES; j++)
		sum += sums[j];
	return sum;
}

/* y[i] += a * x[i] */
static inline __attribute__((always_inline)) void
float_axpy(float *y, float a, const float *x, uint32_t n)
{
	uint32_t i = 0;

	for (; i + FLOAT_LANES <= n; i += FLOAT_LANES)
		*(float_lanes *)(y + i) += a * *(const float_lanes *)(x + i);
	for (; i < n; i++)
		y[i] += a * x[i];
}

#endif /* LIBNPU_QUANT_FLOAT_LANES_H */
