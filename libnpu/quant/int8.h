/* SPDX-License-Identifier: MIT */
/* INT8 weights: symmetric, a scale for each output channel, in the layout PACK. */
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

/** npu_int8_panel_size() - bytes of a panel of 16 columns of @k weights */
size_t npu_int8_panel_size(size_t k);

/**
 * npu_int8_pack() - put one channel into its panel
 * @packed: all panels, zeroed before
 * @column: which column
 * @src: its weights
 * @k: number of weights
 *
 * The layout is NPU_LAYOUT_PACK of npu_isa.h: blocks of 64 bytes, each 16
 * columns by 4 consecutive weights.
 */
void npu_int8_pack(int8_t *packed, size_t column, const int8_t *src, size_t k);

#endif /* LIBNPU_QUANT_INT8_H */
