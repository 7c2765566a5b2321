/* SPDX-License-Identifier: MIT */
/* Activations on their way into an INT8 matrix product. */
#ifndef LIBNPU_COMPILER_NORM_H
#define LIBNPU_COMPILER_NORM_H

#include "lower.h"

/**
 * struct activation - quantised rows in SRAM
 * @addr: I8 rows of @k columns, packed
 * @scale: F32 scale of each row
 * @norm: weights of the norm, if there is one
 * @k: columns
 * @size: bytes of an element of the input, F32 or F16
 */
struct activation {
	uint32_t addr, scale, norm, k, size;
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
