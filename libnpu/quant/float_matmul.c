// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "float_lanes.h"
#include "float_matmul.h"

#define ROWS 6	/* of x at a time: as many sums as registers hold */

/* Sums of @n rows of x, which the compiler unrolls for a constant @n. */
static inline __attribute__((always_inline)) void
some_rows(float *y, uint64_t ld_y, const float *x, const float *panel, uint32_t k, int n)
{
	float_lanes sum[ROWS] = { { 0 } };

	for (uint32_t i = 0; i < k; i++) {
		float_lanes w = *(const float_lanes *)(panel + (size_t)i * FLOAT_PANEL);

#pragma GCC unroll 6
		for (int r = 0; r < n; r++)
			sum[r] += x[(size_t)r * k + i] * w;
	}
	for (int r = 0; r < n; r++)
		*(float_lanes *)(y + r * ld_y) = sum[r];
}

FLOAT_CLONES
void float_panel_multiply(float *y, uint64_t ld_y, const float *x, const float *panel,
			  uint32_t rows, uint32_t k)
{
	uint32_t r = 0;

	for (; r + ROWS <= rows; r += ROWS)
		some_rows(y + r * ld_y, ld_y, x + (size_t)r * k, panel, k, ROWS);
	for (; r < rows; r++)
		some_rows(y + r * ld_y, ld_y, x + (size_t)r * k, panel, k, 1);
}

#define GRAM_ROWS 8u	/* of x in one pass over a row of sums */

/* h[j] += sum over rows r of x[r][i] * x[r][j], j < n, of @rows rows at most 8 */
static inline __attribute__((always_inline)) void
add_rows(float *h, const float *x, uint32_t rows, uint32_t k, uint32_t i, uint32_t n)
{
	uint32_t j = 0;

	for (; rows == GRAM_ROWS && j + FLOAT_LANES <= n; j += FLOAT_LANES) {
		float_lanes sum = *(float_lanes *)(h + j);

#pragma GCC unroll 8
		for (uint32_t r = 0; r < GRAM_ROWS; r++)
			sum += x[(size_t)r * k + i] *
			       *(const float_lanes *)(x + (size_t)r * k + j);
		*(float_lanes *)(h + j) = sum;
	}
	for (uint32_t r = 0; r < rows; r++)
		float_axpy(h + j, x[(size_t)r * k + i], x + (size_t)r * k + j, n - j);
}

FLOAT_CLONES
void float_gram(float *h, const float *x, uint32_t rows, uint32_t k)
{
	for (uint32_t r = 0; r < rows; r += GRAM_ROWS) {
		uint32_t n = rows - r < GRAM_ROWS ? rows - r : GRAM_ROWS;

		for (uint32_t i = 0; i < k; i++)
			add_rows(h + (size_t)i * k, x + (size_t)r * k, n, k, i, i + 1);
	}
}
