/* SPDX-License-Identifier: MIT */
/*
 * 4-bit NormalFloat: sixteen levels that a normal distribution fills equally
 * (Dettmers et al., "QLoRA: Efficient Finetuning of Quantized LLMs", 2023),
 * with the scales of the groups quantised once more.
 */
#ifndef LIBNPU_QUANT_NF4_H
#define LIBNPU_QUANT_NF4_H

#include "panel.h"

#define NF4_ZERO 7	/* index of the level 0 */

/** nf4_codebook - the levels times 127, rounded: what the device multiplies with */
extern const int8_t nf4_codebook[16];

/**
 * nf4_quantize() - quantise rows
 * @p: panel of NF4, cleared
 * @src: [@rows][p->k] finite weights
 * @rows: 1 to 16
 *
 * Scales, max |w| / 127 of a group, become bytes between the least and the
 * largest of 16 groups by 16 rows. Weights are then rounded for the scales
 * as they came out.
 *
 * Return: true; false when a scale overflows.
 */
bool nf4_quantize(struct panel *p, const float *src, uint32_t rows);

/** nf4_scale() - a scale as the device computes it from its byte and pair */
float nf4_scale(uint8_t byte, const float *pair);

/**
 * nf4_double_quantize() - bytes and pairs for the scales of a panel
 * @p: panel; p->scales are read, and replaced by what the bytes stand for
 * @rows: rows that count
 */
void nf4_double_quantize(struct panel *p, uint32_t rows);

/** nf4_round() - index of the level nearest to a weight, for a scale */
int8_t nf4_round(float value, float scale);

#endif /* LIBNPU_QUANT_NF4_H */
