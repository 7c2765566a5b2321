/* SPDX-License-Identifier: MIT */
/* Activations on their way into a matrix product. */
#ifndef LIBNPU_COMPILER_NORM_H
#define LIBNPU_COMPILER_NORM_H

#include "lower.h"

/**
 * struct activation - rows in SRAM, as the matrix engine takes them
 * @addr: I8 rows of @k columns, packed
 * @scale: F32 scale of each row
 * @half: binary16 rows, for matrices that are not quantised
 * @outlier: binary16 rows of the @outliers columns that @addr has zeros for
 * @index: I32, which columns they are
 * @norm: weights of the norm, if there is one
 * @norm_bias: what LayerNorm adds, likewise
 * @k: columns
 * @outliers: number of outliers
 * @size: bytes of an element of the input, F32 or F16
 * @int8: @addr and @scale are wanted
 * @f16: @half is wanted
 * @fixed: scale of all rows, or 0: each row has its own
 *
 * What is not wanted is 0.
 */
struct activation {
	uint32_t addr, scale, half, outlier, index, norm, norm_bias, k, outliers, size;
	bool int8, f16;
	float fixed;
};

/**
 * activation_alloc() - SRAM for the quantised rows of an operator's input
 * @l: state
 * @op: operator
 * @rows: its rows
 * @act: receives the addresses
 */
void activation_alloc(struct lower *l, const struct op *op,
		      const struct row_range *rows, struct activation *act);

/**
 * activation_load() - read rows, normalise them if the operator says so, quantise them
 * @l: state; its ring in has slots of @block rows of input or more
 * @op: operator
 * @rows: its rows
 * @act: where to
 * @block: rows at a time
 *
 * All cores do this for all rows: it is less work than an exchange. What MAT
 * is given next finds the rows complete.
 */
void activation_load(struct lower *l, const struct op *op,
		     const struct row_range *rows, const struct activation *act,
		     uint32_t block);

#endif /* LIBNPU_COMPILER_NORM_H */
