/* SPDX-License-Identifier: MIT */
/* INT8 weights: symmetric, a scale for each output channel or group of inputs. */
#ifndef LIBNPU_QUANT_INT8_H
#define LIBNPU_QUANT_INT8_H

#include <stddef.h>
#include <stdint.h>

/**
 * npu_int8_quantize() - quantise one channel
 * @dst: receives @n integers from -127 to 127
 * @src: weights; one that is not a number becomes 0
 * @n: number of weights
 *
 * scale = max |src| / 127, dst = src / scale, rounded to nearest even.
 *
 * Return: the scale; 0 when all weights are 0; infinite or not a number when
 * a weight is, and then the channel is of no use.
 */
float npu_int8_quantize(int8_t *dst, const float *src, size_t n);

/**
 * npu_int8_quantize_half() - the same with a scale that binary16 holds
 * @dst: receives @n integers from -127 to 127
 * @src: weights
 * @n: number of weights
 *
 * Return: the scale; infinite when binary16 does not reach so far.
 */
float npu_int8_quantize_half(int8_t *dst, const float *src, size_t n);

/** int8_round() - the code of one weight, for its scale; 0 for what is not a number */
int8_t int8_round(float value, float scale);

#endif /* LIBNPU_QUANT_INT8_H */
