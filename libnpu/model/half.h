/* SPDX-License-Identifier: MIT */
/* 16-bit floating point formats to float, exactly. */
#ifndef NPU_MODEL_HALF_H
#define NPU_MODEL_HALF_H

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

/* bfloat16 is the upper half of a float. */
static inline float bfloat_to_float(uint16_t bits)
{
	return float_from_bits((uint32_t)bits << 16);
}

#endif /* NPU_MODEL_HALF_H */
