/* SPDX-License-Identifier: MIT */
/*
 * Inputs that INT8 would spoil (Dettmers et al., "LLM.int8(): 8-bit Matrix
 * Multiplication for Transformers at Scale", 2022): a few columns of the
 * activations are far larger than all others, and always the same ones. They
 * are multiplied in binary16, so that the scale of the others stays small.
 */
#ifndef LIBNPU_QUANT_OUTLIER_H
#define LIBNPU_QUANT_OUTLIER_H

#include <stdint.h>

#define OUTLIER_THRESHOLD 6.0f	/* the paper's */

/**
 * outliers_find() - columns whose magnitude exceeds a threshold
 * @absmax: [@k] largest magnitude of each
 * @k: columns
 * @threshold: threshold
 * @index: receives them, rising; room for @k
 *
 * Return: how many there are.
 */
uint32_t outliers_find(const float *absmax, uint32_t k, float threshold, uint32_t *index);

/**
 * outliers_take() - move outlier weights out of a row
 * @row: weights; those of outliers become 0
 * @index: which they are
 * @n: how many
 * @half: receives them as binary16
 */
void outliers_take(float *row, const uint32_t *index, uint32_t n, uint16_t *half);

#endif /* LIBNPU_QUANT_OUTLIER_H */
