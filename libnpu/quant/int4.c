// SPDX-License-Identifier: MIT
#include <math.h>
#include <stddef.h>

#include "int4.h"
#include "model/half.h"

#define TRIES	  20	/* scales that are tried for a group */
#define ZERO_TRIES 10	/* pairs of scale and zero point */
#define ZERO_LANES 12	/* they and copies, a multiple of four */

/*
 * What is tried for a group, and how it does. All are worked out at once, so
 * that the compiler makes vectors of them, and each has its sums in the order
 * of the weights, whatever the vectors of the CPU.
 */
struct tries {
	float scale[TRIES], inverse[TRIES], low[TRIES], high[TRIES];
	float xq[TRIES], qq[TRIES], error[TRIES];
};

/* What is not a number becomes the lowest. */
static float clamp(float v, float low, float high)
{
	v = v > low ? v : low;
	return v < high ? v : high;
}

/* The nearest integer, ties to even, for what is far smaller than 2^22. */
static float nearest(float v)
{
	return (v + 0x1.8p23f) - 0x1.8p23f;
}

static float invert(float scale)
{
	return scale != 0 ? 1 / scale : 0;
}

/* The best scale for the levels that each scale rounds to: sum wxq / sum wqq. */
static inline __attribute__((always_inline)) void
refit(struct tries *t, unsigned int lanes, const float *src,
	const float *importance, uint32_t n)
{
	for (unsigned int j = 0; j < lanes; j++)
		t->inverse[j] = 1 / t->scale[j];
	for (uint32_t i = 0; i < n; i++) {
		float w = importance ? importance[i] : 1, x = src[i], wx = w * x;

		for (unsigned int j = 0; j < lanes; j++) {
			float q = nearest(clamp(x * t->inverse[j], t->low[j], t->high[j]));

			t->xq[j] += wx * q;
			t->qq[j] += w * q * q;
		}
	}
	for (unsigned int j = 0; j < lanes; j++)
		if (t->qq[j] > 0 && t->xq[j] != 0)
			t->scale[j] = t->xq[j] / t->qq[j];
}

static inline __attribute__((always_inline)) void
measure(struct tries *t, unsigned int lanes, const float *src,
	const float *importance, uint32_t n)
{
	for (unsigned int j = 0; j < lanes; j++) {
		t->scale[j] = half_to_float(float_to_half(t->scale[j]));
		t->inverse[j] = invert(t->scale[j]);
	}
	for (uint32_t i = 0; i < n; i++) {
		float w = importance ? importance[i] : 1, x = src[i];

		for (unsigned int j = 0; j < lanes; j++) {
			float q = nearest(clamp(x * t->inverse[j], t->low[j], t->high[j]));
			float e = x - q * t->scale[j];

			t->error[j] += w * e * e;
		}
	}
}

/* Which of the first @n has the smallest error when refitted; -1: none has one. */
static inline __attribute__((always_inline)) int
choose(struct tries *t, int n, unsigned int lanes, const float *src,
	const float *importance, uint32_t weights)
{
	float least = INFINITY;
	int best = -1;

	refit(t, lanes, src, importance, weights);
	measure(t, lanes, src, importance, weights);
	for (int j = 0; j < n; j++) {
		if (t->error[j] < least) {
			least = t->error[j];
			best = j;
		}
	}
	return best;
}

int8_t int4_round(float value, float scale, int zero)
{
	float low = zero < 0 ? -8 : -zero, high = zero < 0 ? 7 : 15 - zero;

	return (int8_t)(nearest(clamp(value * invert(scale), low, high)) +
			(zero < 0 ? 0 : zero));
}

static void apply(int8_t *codes, const float *src, uint32_t n, float scale, int zero)
{
	for (uint32_t i = 0; i < n; i++)
		codes[i] = int4_round(src[i], scale, zero);
}

static void range_of(const float *src, uint32_t n, float *low, float *high)
{
	*low = 0;
	*high = 0;
	for (uint32_t i = 0; i < n; i++) {
		*low = src[i] < *low ? src[i] : *low;
		*high = src[i] > *high ? src[i] : *high;
	}
}

float int4_symmetric(int8_t *codes, const float *src, const float *importance, uint32_t n)
{
	struct tries t = { 0 };
	float low, high, most, scale;
	int best = -1;

	range_of(src, n, &low, &high);
	most = high > -low ? high : -low;
	if (!(most / 8 < 65504))
		return INFINITY;
	for (int i = 0; i < TRIES; i++) {
		/* from no clipping at 7 levels a side to 7 levels for 3/4 of it */
		t.scale[i] = most / (7 + (i / 2) * 0.25f) * (i % 2 ? -1 : 1);
		t.low[i] = -8;
		t.high[i] = 7;
	}
	if (most > 0)
		best = choose(&t, TRIES, TRIES, src, importance, n);
	scale = best < 0 ? 0 : t.scale[best];
	apply(codes, src, n, scale, -1);
	return scale;
}

float int4_asymmetric(int8_t *codes, uint8_t *zero, const float *src,
		      const float *importance, uint32_t n)
{
	struct tries t = { 0 };
	float low, high, scale;
	int best = -1;

	range_of(src, n, &low, &high);
	if (!(high - low < 65504))
		return INFINITY;
	for (int i = 0; high > low && i < ZERO_LANES; i++) {
		float part = 1 - i % ZERO_TRIES * 0.03f;
		float zero_point;

		/* zero for what is next to nothing */
		t.scale[i] = (high - low) * part / 15;
		zero_point = nearest(clamp(-low * part / t.scale[i], 0, 15));
		t.low[i] = -zero_point;
		t.high[i] = 15 - zero_point;
	}
	if (high > low)
		best = choose(&t, ZERO_TRIES, ZERO_LANES, src, importance, n);
	scale = best < 0 ? 0 : t.scale[best];
	*zero = best < 0 ? 0 : (uint8_t)-t.low[best];
	apply(codes, src, n, scale, *zero);
	return scale;
}
