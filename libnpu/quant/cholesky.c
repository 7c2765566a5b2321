// SPDX-License-Identifier: MIT
#include <math.h>
#include <stddef.h>

#include "cholesky.h"
#include "float_lanes.h"

#define BLOCK 64u	/* a block of doubles, 32 KiB, stays in the nearest cache */

static inline __attribute__((always_inline)) double
dot(const double *a, const double *b, uint32_t n)
{
	double sum[8] = { 0 }, rest = 0;
	uint32_t i = 0;

	for (; i + 8 <= n; i += 8)
		for (int j = 0; j < 8; j++)
			sum[j] += a[i + j] * b[i + j];
	for (; i < n; i++)
		rest += a[i] * b[i];
	for (int j = 0; j < 8; j++)
		rest += sum[j];
	return rest;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The block on the diagonal from @at to @end, whose updates have been made. */
static bool factor_block(double *a, uint32_t n, uint32_t at, uint32_t end)
{
	for (uint32_t i = at; i < end; i++) {
		double *row = a + (size_t)i * n;

		for (uint32_t j = at; j <= i; j++) {
			const double *other = a + (size_t)j * n;
			double v = row[j] - dot(row + at, other + at, j - at);

			if (j < i)
				row[j] = v / other[j];
			else if (v > 0 && isfinite(v))
				row[j] = sqrt(v);
			else
				return false;
		}
	}
	return true;
}

/* The rows below a factored block. */
static void solve_below(double *a, uint32_t n, uint32_t at, uint32_t end)
{
	for (uint32_t i = end; i < n; i++) {
		double *row = a + (size_t)i * n;

		for (uint32_t j = at; j < end; j++) {
			const double *other = a + (size_t)j * n;

			row[j] = (row[j] - dot(row + at, other + at, j - at)) / other[j];
		}
	}
}

/* Take what the block's columns explain from all that is left. */
static void update_rest(double *a, uint32_t n, uint32_t at, uint32_t end)
{
	for (uint32_t tile = end; tile < n; tile += BLOCK)
		for (uint32_t i = tile; i < n; i++) {
			double *row = a + (size_t)i * n;

			for (uint32_t j = tile; j < min(tile + BLOCK, i + 1); j++)
				row[j] -= dot(row + at, a + (size_t)j * n + at, end - at);
		}
}

FLOAT_CLONES
bool cholesky_lower(double *a, uint32_t n)
{
	for (uint32_t at = 0; at < n; at += BLOCK) {
		uint32_t end = min(at + BLOCK, n);

		if (!factor_block(a, n, at, end))
			return false;
		solve_below(a, n, at, end);
		update_rest(a, n, at, end);
	}
	return true;
}

/*
 * Row i of the inverse is a combination of the rows above it, whose factors
 * are in row i itself: a block of them is put aside before it is overwritten.
 */
FLOAT_CLONES
void cholesky_invert(double *l, uint32_t n)
{
	double factor[BLOCK];

	for (uint32_t i = 0; i < n; i++) {
		double *row = l + (size_t)i * n;

		for (uint32_t c = 0; c < i; c += BLOCK) {
			uint32_t end = min(c + BLOCK, i);

			for (uint32_t j = c; j < end; j++)
				factor[j - c] = row[j];
			for (uint32_t j = c; j < end; j++)
				row[j] = 0;
			for (uint32_t j = c; j < end; j++) {
				const double *above = l + (size_t)j * n;

				for (uint32_t k = 0; k <= j; k++)
					row[k] -= factor[j - c] * above[k];
			}
		}
		for (uint32_t k = 0; k < i; k++)
			row[k] /= row[i];
		row[i] = 1 / row[i];
	}
}

static void reverse(double *a, uint32_t n)
{
	size_t last = (size_t)n * n - 1;

	for (size_t i = 0; i < last - i; i++) {
		double t = a[i];

		a[i] = a[last - i];
		a[last - i] = t;
	}
}

bool cholesky_of_inverse(double *h, uint32_t n)
{
	reverse(h, n);
	if (!cholesky_lower(h, n))
		return false;
	cholesky_invert(h, n);
	reverse(h, n);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < i; j++)
			h[(size_t)i * n + j] = 0;
	return true;
}
