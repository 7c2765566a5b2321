/* SPDX-License-Identifier: MIT */
/*
 * Functions of the vector engine on one binary32 number.
 *
 * Documentation/isa.rst, "Numbers", formula by formula: every operation rounds
 * by itself, so this must be compiled without floating-point contraction.
 */
#ifndef NPU_CORE_ARITH_MATH_H
#define NPU_CORE_ARITH_MATH_H

#include "arith_convert.h"

#define ARITH_EXP_MAX		0x42b17217u	/* 88.7228 */
#define ARITH_EXP_MIN		0xc2aeac4fu	/* -87.3365 */
#define ARITH_LOG2E		0x3fb8aa3bu
#define ARITH_MINUS_LN2_HIGH	0xbf317200u
#define ARITH_MINUS_LN2_LOW	0xb5bfbe8eu

/* exp(r) for small r: 1/k! from k = 7 down to 0. */
#define ARITH_EXP_TERMS		8
static const float arith_exp_term[ARITH_EXP_TERMS] = {
	1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24,
	1.0f / 6, 1.0f / 2, 1.0f, 1.0f,
};

/* gelu: 2 sqrt(2/pi) * 0.044715 and 2 sqrt(2/pi). */
#define ARITH_GELU_CUBE		0x3d922279u
#define ARITH_GELU_LINE		0x3fcc422au

/* erf: sqrt(1/2), and p, a5..a1 of Abramowitz and Stegun 7.1.26. */
#define ARITH_ERF_SCALE		0x3f3504f3u
#define ARITH_ERF_P		0x3ea7ba05u
#define ARITH_ERF_TERMS		5
static const uint32_t arith_erf_term[ARITH_ERF_TERMS] = {
	0x3f87dc22, 0xbfba00e3, 0x3fb5f0e3, 0xbe91a98e, 0x3e827906,
};

static inline float arith_max(float a, float b)
{
	return a > b ? a : b;
}

static inline float arith_min(float a, float b)
{
	return a < b ? a : b;
}

/* 2^n, n in -126..127. */
static inline float arith_power_of_two(int n)
{
	return arith_from_bits((uint32_t)(n + 127) << 23);
}

static inline float arith_exp(float x)
{
	float n, r, p;
	int whole, half;

	if (x != x)
		return x;
	if (x > arith_from_bits(ARITH_EXP_MAX))
		return INFINITY;
	if (x < arith_from_bits(ARITH_EXP_MIN))
		return 0.0f;
	n = rintf(x * arith_from_bits(ARITH_LOG2E));
	r = fmaf(n, arith_from_bits(ARITH_MINUS_LN2_HIGH), x);
	r = fmaf(n, arith_from_bits(ARITH_MINUS_LN2_LOW), r);
	p = arith_exp_term[0];
	for (int i = 1; i < ARITH_EXP_TERMS; i++)
		p = fmaf(p, r, arith_exp_term[i]);
	/* Two steps, since 2^128 and 2^-127 are no normal floats. */
	whole = (int)n;
	half = whole >> 1;
	return p * arith_power_of_two(half) * arith_power_of_two(whole - half);
}

static inline float arith_sigmoid(float x)
{
	return 1.0f / (1.0f + arith_exp(-x));
}

static inline float arith_silu(float x)
{
	return x / (1.0f + arith_exp(-x));
}

static inline float arith_tanh(float x)
{
	float t = arith_exp(-2.0f * fabsf(x));

	return copysignf((1.0f - t) / (1.0f + t), x);
}

static inline float arith_gelu(float x)
{
	float inner = fmaf(x * x, arith_from_bits(ARITH_GELU_CUBE),
			   arith_from_bits(ARITH_GELU_LINE));

	return x / (1.0f + arith_exp(-(x * inner)));
}

static inline float arith_gelu_erf(float x)
{
	float z = fabsf(x) * arith_from_bits(ARITH_ERF_SCALE);
	float t = 1.0f / fmaf(arith_from_bits(ARITH_ERF_P), z, 1.0f);
	float q = arith_from_bits(arith_erf_term[0]);
	float erf;

	for (int i = 1; i < ARITH_ERF_TERMS; i++)
		q = fmaf(q, t, arith_from_bits(arith_erf_term[i]));
	erf = 1.0f - q * t * arith_exp(-(z * z));
	return x * 0.5f * (1.0f + copysignf(erf, x));
}

/* @op is an enum npu_unary. */
static inline float arith_unary(unsigned int op, float x)
{
	switch (op) {
	case NPU_UNARY_RELU:
		return x > 0.0f ? x : 0.0f;
	case NPU_UNARY_GELU:
		return arith_gelu(x);
	case NPU_UNARY_GELU_ERF:
		return arith_gelu_erf(x);
	case NPU_UNARY_SILU:
		return arith_silu(x);
	case NPU_UNARY_EXP:
		return arith_exp(x);
	case NPU_UNARY_SIGMOID:
		return arith_sigmoid(x);
	case NPU_UNARY_TANH:
		return arith_tanh(x);
	case NPU_UNARY_RECIP:
		return 1.0f / x;
	case NPU_UNARY_SQRT:
		return sqrtf(x);
	case NPU_UNARY_RSQRT:
		return 1.0f / sqrtf(x);
	case NPU_UNARY_ABS:
		return fabsf(x);
	case NPU_UNARY_SQUARE:
		return x * x;
	default:
		return x;
	}
}

/* @op is an enum npu_binary. */
static inline float arith_binary(unsigned int op, float a, float b)
{
	switch (op) {
	case NPU_BINARY_SUB:
		return a - b;
	case NPU_BINARY_MUL:
		return a * b;
	case NPU_BINARY_DIV:
		return a / b;
	case NPU_BINARY_MAX:
		return arith_max(a, b);
	case NPU_BINARY_MIN:
		return arith_min(a, b);
	default:
		return a + b;
	}
}

#endif /* NPU_CORE_ARITH_MATH_H */
