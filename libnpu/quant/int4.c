// SPDX-License-Identifier: MIT
#include <math.h>
#include <stddef.h>

#include "int4.h"
#include "model/half.h"

/* inlined into what is compiled for several CPUs */

#define STEPS 10	/* scales that are tried on each side */

/* One choice of scale and zero point, and its squared error. */
struct choice {
	float scale, error;
	int zero, low, high;
};

static float clamp(float v, float low, float high)
{
	return v < low ? low : v > high ? high : v;
}

static float level(float value, float inverse, const struct choice *c)
{
	return clamp(rintf(value * inverse) + c->zero, c->low, c->high) - c->zero;
}

/* The best scale for the levels that @c's scale rounds to: sum wxq / sum wqq. */
static void refit(struct choice *c, const float *src, const float *importance, uint32_t n)
{
	float inverse = 1 / c->scale, xq = 0, qq = 0;

	for (uint32_t i = 0; i < n; i++) {
		float w = importance ? importance[i] : 1;
		float q = level(src[i], inverse, c);

		xq += w * src[i] * q;
		qq += w * q * q;
	}
	if (qq > 0 && xq != 0)
		c->scale = xq / qq;
}

static void measure(struct choice *c, const float *src, const float *importance, uint32_t n)
{
	float inverse;

	c->scale = half_to_float(float_to_half(c->scale));
	c->error = 0;
	inverse = c->scale != 0 ? 1 / c->scale : 0;
	for (uint32_t i = 0; i < n; i++) {
		float w = importance ? importance[i] : 1;
		float e = src[i] - level(src[i], inverse, c) * c->scale;

		c->error += w * e * e;
	}
}

/* Try @c, refitted to what it rounds to; keep the better in @best. */
static void consider(struct choice *best, struct choice c, const float *src,
		     const float *importance, uint32_t n)
{
	refit(&c, src, importance, n);
	measure(&c, src, importance, n);
	if (c.error < best->error)
		*best = c;
}

int8_t int4_round(float value, float scale, int zero)
{
	struct choice c = {
		.zero = zero < 0 ? 0 : zero, .low = zero < 0 ? -8 : 0,
		.high = zero < 0 ? 7 : 15,
	};

	return (int8_t)(level(value, scale != 0 ? 1 / scale : 0, &c) + c.zero);
}

static void apply(int8_t *codes, const float *src, uint32_t n, const struct choice *c)
{
	float inverse = c->scale != 0 ? 1 / c->scale : 0;

	for (uint32_t i = 0; i < n; i++)
		codes[i] = (int8_t)(level(src[i], inverse, c) + c->zero);
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
	struct choice best = { .error = INFINITY, .low = -8, .high = 7 };
	float low, high, most;

	range_of(src, n, &low, &high);
	most = high > -low ? high : -low;
	if (!(most / 8 < 65504))
		return INFINITY;
	for (int i = 0; most > 0 && i < 2 * STEPS; i++) {
		struct choice c = best;

		/* from no clipping at 7 levels a side to 7 levels for 3/4 of it */
		c.scale = most / (7 + (i / 2) * 0.25f) * (i % 2 ? -1 : 1);
		consider(&best, c, src, importance, n);
	}
	apply(codes, src, n, &best);
	return best.scale;
}

float int4_asymmetric(int8_t *codes, uint8_t *zero, const float *src,
		      const float *importance, uint32_t n)
{
	struct choice best = { .error = INFINITY, .low = 0, .high = 15 };
	float low, high;

	range_of(src, n, &low, &high);
	if (!(high - low < 65504))
		return INFINITY;
	for (int i = 0; high > low && i < STEPS; i++) {
		float part = 1 - i * 0.03f;
		struct choice c = best;

		c.scale = (high - low) * part / 15;
		c.zero = (int)clamp(rintf(-low * part / c.scale), 0, 15);
		consider(&best, c, src, importance, n);
	}
	apply(codes, src, n, &best);
	*zero = (uint8_t)best.zero;
	return best.scale;
}
