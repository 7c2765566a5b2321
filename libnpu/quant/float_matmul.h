/* SPDX-License-Identifier: MIT */
/* Matrix products in float, for calibration and reference. */
#ifndef LIBNPU_QUANT_FLOAT_MATMUL_H
#define LIBNPU_QUANT_FLOAT_MATMUL_H

#include <stdint.h>

#define FLOAT_PANEL 16u	/* columns of a panel */

/**
 * float_panel_multiply() - y[r][c] = sum over k of x[r][k] * panel[k][c]
 * @y: receives @rows rows of 16, @ld_y floats apart
 * @ld_y: at least 16
 * @x: @rows rows of @k floats, packed
 * @panel: [@k][16]
 * @rows: rows
 * @k: columns of x
 */
void float_panel_multiply(float *y, uint64_t ld_y, const float *x, const float *panel,
			  uint32_t rows, uint32_t k);

/**
 * float_gram() - h[i][j] += sum over r of x[r][i] * x[r][j]
 * @h: [@k][@k]; only j <= i is written
 * @x: @rows rows of @k floats, packed
 * @rows: rows
 * @k: columns
 */
void float_gram(float *h, const float *x, uint32_t rows, uint32_t k);

#endif /* LIBNPU_QUANT_FLOAT_MATMUL_H */
