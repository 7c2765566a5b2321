/* SPDX-License-Identifier: MIT */
/* 16-bit floating point formats to float, exactly, and back, rounded. */
#ifndef NPU_MODEL_HALF_H
#define NPU_MODEL_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_from_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 mantissa bits. */
static inline float half_to_float(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16;
	uint32_t exponent = half >> 10 & 0x1f;
	uint32_t mantissa = half & 0x3ff;

	if (exponent == 0x1f)
		return float_from_bits(sign | 0x7f800000 | mantissa << 13);
	if (exponent)
		return float_from_bits(sign | (exponent + 127 - 15) << 23 |
				       mantissa << 13);
	/* Subnormal: mantissa * 2^-24, which float holds exactly. */
	return (sign ? -1.0f : 1.0f) * (float)mantissa * 0x1p-24f;
}

/* Nearest binary16, ties to even; what is too large becomes infinite. */
static inline uint16_t float_to_half(float value)
{
	uint32_t bits, sign, half;
	float magnitude = fabsf(value);

	memcpy(&bits, &value, sizeof(bits));
	sign = bits >> 16 & 0x8000;
	if (magnitude >= 65520)
		return (uint16_t)(sign | 0x7c00);
	if (magnitude < 0x1p-14f)	/* subnormal: a multiple of 2^-24 */
		return (uint16_t)(sign | (uint16_t)rintf(magnitude * 0x1p24f));
	bits &= 0x7fffffff;
	if (bits > 0x7f800000)
		return 0x7e00;
	half = (bits - (112u << 23)) >> 13;
	bits &= 0x1fff;
	return (uint16_t)(sign | (half + (bits > 0x1000 || (bits == 0x1000 && half & 1))));
}

/* bfloat16 is the upper half of a float. */
static inline float bfloat_to_float(uint16_t bits)
{
	return float_from_bits((uint32_t)bits << 16);
}

#endif /* NPU_MODEL_HALF_H */
