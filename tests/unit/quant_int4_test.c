// SPDX-License-Identifier: MIT
/*
 * The search for the scale of an INT4 group, which works on all candidates at
 * once, against its definition, one candidate after the other.
 */
#include <math.h>
#include <stdlib.h>

#include "model/half.h"
#include "quant/int4.h"
#include "tap.h"

#define MOST 128

struct group {
	float w[MOST], importance[MOST];
	uint32_t n;
	bool weighted;
};

struct found {
	int8_t codes[MOST];
	float scale, error;
	int zero;
};

static float level(float v, float inverse, int low, int high)
{
	float q = rintf(v * inverse);

	return q < low ? low : q > high ? high : q;
}

/* Levels from @low to @high, refitted by least squares; into @best if it is better. */
static void try_one(const struct group *g, float scale, int low, int high, struct found *best)
{
	float xq = 0, qq = 0, error = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		float w = g->weighted ? g->importance[i] : 1;
		float q = level(g->w[i], 1 / scale, low, high);

		xq += w * g->w[i] * q;
		qq += w * q * q;
	}
	if (qq > 0 && xq != 0)
		scale = xq / qq;
	scale = half_to_float(float_to_half(scale));
	for (uint32_t i = 0; i < g->n; i++) {
		float w = g->weighted ? g->importance[i] : 1;
		float e = g->w[i] - level(g->w[i], scale != 0 ? 1 / scale : 0, low, high) * scale;

		error += w * e * e;
	}
	if (error < best->error)
		*best = (struct found){ .scale = scale, .error = error, .zero = -low };
}

static void set_codes(const struct group *g, int low, int high, bool symmetric,
		      struct found *f)
{
	float inverse = f->scale != 0 ? 1 / f->scale : 0;

	for (uint32_t i = 0; i < g->n; i++)
		f->codes[i] = (int8_t)(level(g->w[i], inverse, low, high) +
				       (symmetric ? 0 : f->zero));
}

static void define_symmetric(const struct group *g, float low, float high, struct found *f)
{
	float most = high > -low ? high : -low;

	*f = (struct found){ .error = INFINITY };
	for (int i = 0; most > 0 && i < 20; i++)
		try_one(g, most / (7 + (i / 2) * 0.25f) * (i % 2 ? -1 : 1), -8, 7, f);
	set_codes(g, -8, 7, true, f);
}

static void define_asymmetric(const struct group *g, float low, float high, struct found *f)
{
	*f = (struct found){ .error = INFINITY };
	for (int i = 0; high > low && i < 10; i++) {
		float part = 1 - i * 0.03f, scale = (high - low) * part / 15;
		float zero = rintf(-low * part / scale);

		zero = !(zero > 0) ? 0 : zero > 15 ? 15 : zero;
		try_one(g, scale, -(int)zero, 15 - (int)zero, f);
	}
	set_codes(g, -f->zero, 15 - f->zero, false, f);
}

static bool same(const struct group *g, bool symmetric)
{
	const float *importance = g->weighted ? g->importance : NULL;
	float low = 0, high = 0, scale;
	struct found want;
	int8_t codes[MOST];
	uint8_t zero = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		low = fminf(low, g->w[i]);
		high = fmaxf(high, g->w[i]);
	}
	if (symmetric)
		define_symmetric(g, low, high, &want);
	else
		define_asymmetric(g, low, high, &want);
	scale = symmetric ? int4_symmetric(codes, g->w, importance, g->n) :
			    int4_asymmetric(codes, &zero, g->w, importance, g->n);
	return scale == want.scale && (symmetric || zero == want.zero) &&
	       !memcmp(codes, want.codes, g->n);
}

static float uniform(void)
{
	return rand() / (float)RAND_MAX * 2 - 1;
}

/* Of every length and size of weights, some of one sign, some zero, some of equal steps. */
static void fill(struct group *g, int round)
{
	float size = ldexpf(1, round % 23 == 0 ? -(rand() % 150) : rand() % 30 - 20);

	g->n = 1 + rand() % MOST;
	g->weighted = round & 1;
	for (uint32_t i = 0; i < g->n; i++) {
		float u = uniform();

		switch (round % 4) {
		case 0:
			g->w[i] = size * u * u * u;
			break;
		case 1:
			g->w[i] = size * fabsf(u);
			break;
		case 2:
			g->w[i] = size * rintf(15 * u);
			break;
		default:
			g->w[i] = rand() % 9 ? size * u : 0;
		}
		g->importance[i] = rand() % 5 ? u * u : 0;
	}
}

int main(void)
{
	int symmetric = 0, asymmetric = 0;
	struct group g;
	float flat[5] = { 0 };
	int8_t codes[5];
	uint8_t zero;

	srand(4);
	for (int i = 0; i < 4000; i++) {
		fill(&g, i);
		symmetric += same(&g, true);
		asymmetric += same(&g, false);
	}
	is(symmetric, 4000, "symmetric groups are as their definition");
	is(asymmetric, 4000, "groups with zero points are as theirs");
	ok(int4_symmetric(codes, flat, NULL, 5) == 0 && !codes[4], "nothing but zeros");
	ok(int4_asymmetric(codes, &zero, flat, NULL, 5) == 0 && !codes[4] && !zero,
	   "and with a zero point");
	flat[1] = 3e38f;
	ok(isinf(int4_symmetric(codes, flat, NULL, 5)), "what binary16 has no scale for");
	is(int4_round(NAN, 1, -1), -8, "what is not a number has a code too");
	is(int4_round(NAN, 1, 3), 0, "  and with a zero point");
	return done_testing();
}
