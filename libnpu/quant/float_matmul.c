// SPDX-License-Identifier: MIT
#include <stddef.h>

#include "float_matmul.h"

#define ROWS 6	/* of x at a time: as many sums as registers hold */

typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));

/* Sums of @n rows of x, which the compiler unrolls for a constant @n. */
static inline __attribute__((always_inline)) void
some_rows(float *y, uint64_t ld_y, const float *x, const float *panel, uint32_t k, int n)
{
	lanes sum[ROWS] = { { 0 } };

	for (uint32_t i = 0; i < k; i++) {
		lanes w = *(const lanes *)(panel + (size_t)i * FLOAT_PANEL);

#pragma GCC unroll 6
		for (int r = 0; r < n; r++)
			sum[r] += x[(size_t)r * k + i] * w;
	}
	for (int r = 0; r < n; r++)
		*(lanes *)(y + r * ld_y) = sum[r];
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

/* h[j] += a * x[j] + b * y[j] + c * z[j] + d * u[j], j < n: four rows in one pass. */
static inline __attribute__((always_inline)) void
add_rows(float *h, const float *const x[4], const float a[4], uint32_t n)
{
	for (uint32_t j = 0; j < n; j++)
		h[j] += a[0] * x[0][j] + a[1] * x[1][j] + a[2] * x[2][j] + a[3] * x[3][j];
}

FLOAT_CLONES
void float_gram(float *h, const float *x, uint32_t rows, uint32_t k)
{
	for (uint32_t i = 0; i < k; i++) {
		float *row = h + (size_t)i * k;

		for (uint32_t r = 0; r < rows; r += 4) {
			const float *p[4];
			float a[4];

			for (uint32_t q = 0; q < 4; q++) {
				p[q] = x + (size_t)(r + q < rows ? r + q : r) * k;
				a[q] = r + q < rows ? p[q][i] : 0;
			}
			add_rows(row, p, a, i + 1);
		}
	}
}
