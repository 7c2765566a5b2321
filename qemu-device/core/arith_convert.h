/* SPDX-License-Identifier: MIT */
/*
 * Element types of the engines: to binary32 and back.
 *
 * Documentation/isa.rst, "Numbers", in portable C. Elements may lie at any
 * alignment.
 */
#ifndef NPU_CORE_ARITH_CONVERT_H
#define NPU_CORE_ARITH_CONVERT_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hw/npu_isa.h"

#ifdef __FAST_MATH__
#error "the instruction set defines every rounding: build without -ffast-math"
#endif
#if FLT_EVAL_METHOD != 0
#error "the instruction set needs float expressions evaluated as float"
#endif

static inline float arith_from_bits(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline uint32_t arith_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline size_t arith_size(unsigned int type)
{
	switch (type) {
	case NPU_TYPE_I8:
		return 1;
	case NPU_TYPE_F16:
	case NPU_TYPE_BF16:
		return 2;
	default:
		return 4;
	}
}

static inline float arith_from_half(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16;
	uint32_t exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
	float magnitude;

	if (exponent == 0x1f)
		return arith_from_bits(sign | 0x7f800000 | mantissa << 13);
	if (exponent)
		return arith_from_bits(sign | (exponent + 127 - 15) << 23 |
				       mantissa << 13);
	magnitude = (float)mantissa * 0x1p-24f;
	return arith_from_bits(sign | arith_bits(magnitude));
}

static inline uint16_t arith_to_half(float f)
{
	uint32_t bits = arith_bits(f);
	uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;

	if (magnitude > 0x7f800000)
		return 0x7e00;
	if (magnitude >= 0x477ff000)	/* 65520, half way beyond 65504 */
		return (uint16_t)(sign | 0x7c00);
	if (magnitude < 0x38800000) {
		/* Below 2^-14 a half counts in 2^-24, as a float near 0.5 does. */
		float sum = arith_from_bits(magnitude) + 0.5f;

		return (uint16_t)(sign | (arith_bits(sum) - arith_bits(0.5f)));
	}
	/* 13 bits less of mantissa: half of the last bit kept, ties to even. */
	magnitude += 0xfff + (magnitude >> 13 & 1);
	return (uint16_t)(sign | (magnitude - ((127u - 15) << 23)) >> 13);
}

static inline float arith_from_bfloat(uint16_t bfloat)
{
	return arith_from_bits((uint32_t)bfloat << 16);
}

static inline uint16_t arith_to_bfloat(float f)
{
	uint32_t bits = arith_bits(f);

	if (f != f)
		return 0x7fc0;
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline int8_t arith_to_i8(float f)
{
	if (f != f)
		return 0;
	if (f >= 127.0f)
		return 127;
	if (f <= -128.0f)
		return -128;
	return (int8_t)rintf(f);
}

static inline int32_t arith_to_i32(float f)
{
	if (f != f)
		return 0;
	if (f >= 0x1p31f)
		return INT32_MAX;
	if (f <= -0x1p31f)
		return INT32_MIN;
	return (int32_t)rintf(f);
}

/* The element of @type at @p as binary32. */
static inline float arith_load(unsigned int type, const uint8_t *p)
{
	uint16_t half;
	int32_t word;
	float f;

	switch (type) {
	case NPU_TYPE_I8:
		return (int8_t)*p;
	case NPU_TYPE_I32:
		memcpy(&word, p, sizeof(word));
		return (float)word;
	case NPU_TYPE_F16:
		memcpy(&half, p, sizeof(half));
		return arith_from_half(half);
	case NPU_TYPE_BF16:
		memcpy(&half, p, sizeof(half));
		return arith_from_bfloat(half);
	default:
		memcpy(&f, p, sizeof(f));
		return f;
	}
}

/* Converts @f to @type and puts it at @p; a NaN becomes the canonical one. */
static inline void arith_store(unsigned int type, uint8_t *p, float f)
{
	uint16_t half;
	uint32_t word;

	switch (type) {
	case NPU_TYPE_I8:
		*p = (uint8_t)arith_to_i8(f);
		return;
	case NPU_TYPE_I32:
		word = (uint32_t)arith_to_i32(f);
		break;
	case NPU_TYPE_F16:
		half = arith_to_half(f);
		memcpy(p, &half, sizeof(half));
		return;
	case NPU_TYPE_BF16:
		half = arith_to_bfloat(f);
		memcpy(p, &half, sizeof(half));
		return;
	default:
		word = f != f ? 0x7fc00000 : arith_bits(f);
	}
	memcpy(p, &word, sizeof(word));
}

#endif /* NPU_CORE_ARITH_CONVERT_H */
