// SPDX-License-Identifier: MIT
/* The operators of a transformer in plain C and float. */
#include <math.h>

#include "llama_ref.h"

void llama_ref_rmsnorm(float *out, const float *x, const float *weight,
		       uint32_t n, float eps)
{
	double squares = 0;
	float scale;

	for (uint32_t i = 0; i < n; i++)
		squares += (double)x[i] * x[i];
	scale = (float)(1 / sqrt(squares / n + eps));
	for (uint32_t i = 0; i < n; i++)
		out[i] = x[i] * scale * weight[i];
}

void llama_ref_layernorm(float *out, const float *x, const float *weight,
			 const float *bias, uint32_t n, float eps)
{
	double mean = 0, variance = 0;

	for (uint32_t i = 0; i < n; i++)
		mean += (double)x[i] / n;
	for (uint32_t i = 0; i < n; i++)
		variance += (x[i] - mean) * (x[i] - mean) / n;
	for (uint32_t i = 0; i < n; i++)
		out[i] = (x[i] - mean) / sqrt(variance + eps) * weight[i] +
			 bias[i];
}

float llama_ref_gelu(float x)
{
	double inner = sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);

	return (float)(0.5 * x * (1 + tanh(inner)));
}

void llama_ref_angles(float *cosines, float *sines, uint32_t dims, uint32_t pos,
		      float base)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		double angle = pos * pow(base, -2.0 * i / dims);

		cosines[i] = (float)cos(angle);
		sines[i] = (float)sin(angle);
	}
}

void llama_ref_rope(float *head, uint32_t dims, const float *cosines,
		    const float *sines)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		float a = head[2 * i], b = head[2 * i + 1];

		head[2 * i] = a * cosines[i] - b * sines[i];
		head[2 * i + 1] = a * sines[i] + b * cosines[i];
	}
}

void llama_ref_rope_halves(float *head, uint32_t dims, const float *cosines,
			   const float *sines)
{
	float *other = head + dims / 2;

	for (uint32_t i = 0; i < dims / 2; i++) {
		float a = head[i], b = other[i];

		head[i] = a * cosines[i] - b * sines[i];
		other[i] = a * sines[i] + b * cosines[i];
	}
}

void llama_ref_softmax(float *x, uint32_t n)
{
	float max = x[0], sum = 0;

	for (uint32_t i = 1; i < n; i++)
		max = x[i] > max ? x[i] : max;
	for (uint32_t i = 0; i < n; i++) {
		x[i] = expf(x[i] - max);
		sum += x[i];
	}
	for (uint32_t i = 0; i < n; i++)
		x[i] /= sum;
}

/* Any address will do for these, and they may alias floats. */
typedef float lanes __attribute__((vector_size(16), aligned(4), may_alias));

/*
 * Sums side by side, so that the next addition need not wait for the last. On
 * one processor or another, the order of additions is the same.
 */
float llama_ref_dot(const float *a, const float *b, uint32_t n)
{
	lanes sums[8] = { { 0 } };
	float sum = 0;
	uint32_t i = 0;

	for (; i + 32 <= n; i += 32) {
		const lanes *x = (const lanes *)(a + i);
		const lanes *y = (const lanes *)(b + i);

#pragma GCC unroll 8
		for (int k = 0; k < 8; k++)
			sums[k] += x[k] * y[k];
	}
	for (; i < n; i++)
		sum += a[i] * b[i];
#pragma GCC unroll 8
	for (int k = 0; k < 8; k++)
		sum += sums[k][0] + sums[k][1] + sums[k][2] + sums[k][3];
	return sum;
}

void llama_ref_matvec(float *out, const float *matrix, const float *x,
		      uint32_t rows, uint32_t n)
{
	for (uint32_t r = 0; r < rows; r++)
		out[r] = llama_ref_dot(matrix + (size_t)r * n, x, n);
}
