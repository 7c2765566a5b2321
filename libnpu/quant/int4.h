/* SPDX-License-Identifier: MIT */
/*
 * INT4 weights: a group of inputs shares a binary16 scale and, if asymmetric,
 * a zero point.
 *
 * Sixteen levels are few, so that the largest weight of a group should not
 * decide for the others: the scale is searched among some that clip it, each
 * then set to the least-squares optimum for its rounding, and the one with
 * the smallest squared error is taken (as OMSE in Choukroun et al., "Low-bit
 * Quantization of Neural Networks for Efficient Inference", 2019).
 */
#ifndef LIBNPU_QUANT_INT4_H
#define LIBNPU_QUANT_INT4_H

#include <stdint.h>

/**
 * int4_symmetric() - quantise a group to -8..7 times a scale
 * @codes: receives @n values
 * @src: weights
 * @importance: weight of each squared error, or NULL for 1
 * @n: number of weights
 *
 * The scale may be negative: so the eighth level is on the side that needs it.
 *
 * Return: the scale, a value of binary16; infinite when that has none so large.
 */
float int4_symmetric(int8_t *codes, const float *src, const float *importance, uint32_t n);

/**
 * int4_asymmetric() - quantise a group to (0..15 - zero point) times a scale
 * @codes: receives @n values from 0 to 15
 * @zero: receives the zero point, 0 to 15
 * @src: weights
 * @importance: weight of each squared error, or NULL for 1
 * @n: number of weights
 *
 * Return: as int4_symmetric().
 */
float int4_asymmetric(int8_t *codes, uint8_t *zero, const float *src,
		      const float *importance, uint32_t n);

/**
 * int4_round() - the code of one weight
 * @value: weight
 * @scale: scale of its group
 * @zero: zero point, -1 when symmetric
 */
int8_t int4_round(float value, float scale, int zero);

#endif /* LIBNPU_QUANT_INT4_H */
