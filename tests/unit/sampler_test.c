// SPDX-License-Identifier: MIT
/* The sampler: which tokens it may choose, and how often it does. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <npu/sampler.h>

#include "model/random.h"
#include "tap.h"

#define ROUNDS 100000

static struct npu_sampler *make(float temperature, uint32_t top_k, float top_p,
				float min_p, uint64_t seed)
{
	const struct npu_sampler_params params = {
		.temperature = temperature, .top_k = top_k, .top_p = top_p,
		.min_p = min_p, .seed = seed,
	};
	struct npu_sampler *sampler;
	struct npu_error err;

	if (npu_sampler_create(&params, &sampler, &err))
		bail_out(err.message);
	return sampler;
}

static uint32_t sample(struct npu_sampler *s, const float *logits, uint32_t n)
{
	struct npu_error err;
	uint32_t token;

	if (npu_sampler_sample(s, logits, n, &token, &err))
		bail_out(err.message);
	return token;
}

/* Draw often and count. */
static void count_draws(struct npu_sampler *s, const float *logits, uint32_t n,
			uint32_t *counts)
{
	memset(counts, 0, n * sizeof(*counts));
	for (int i = 0; i < ROUNDS; i++)
		counts[sample(s, logits, n)]++;
	npu_sampler_destroy(s);
}

/*
 * Pearson's statistic over the tokens that may come. With at most 7 degrees
 * of freedom it exceeds 40 about once in a million fair runs, and the seeds
 * here are fixed.
 */
static void draws_like(struct npu_sampler *s, const float *logits,
		       const double *probability, uint32_t n, const char *what)
{
	double statistic = 0;
	uint32_t counts[8];
	int strays = 0;

	count_draws(s, logits, n, counts);
	for (uint32_t i = 0; i < n; i++) {
		double expected = probability[i] * ROUNDS;

		if (expected > 0)
			statistic += (counts[i] - expected) *
				     (counts[i] - expected) / expected;
		else
			strays += counts[i];
	}
	is(strays, 0, "%s: never a token that is filtered out", what);
	ok(statistic < 40, "%s: frequencies fit, chi-square %.1f", what,
	   statistic);
}

/* Probabilities 0.5, 0.25, 0.125, 0.0625, 0.0625 in an order of no meaning. */
static const float logits[] = {
	-2.0794415416798357f, -0.69314718055994531f, -2.7725887222397811f,
	-1.3862943611198906f, -2.7725887222397811f,
};

static void test_distributions(void)
{
	static const double plain[] = { .125, .5, .0625, .25, .0625 };
	static const double two[] = { 0, 2. / 3, 0, 1. / 3, 0 };
	static const double three[] = { 1. / 7, 4. / 7, 0, 2. / 7, 0 };
	static const double four[] = { 2. / 15, 8. / 15, 1. / 15, 4. / 15, 0 };
	static const double one[] = { 0, 1, 0, 0, 0 };
	/* Temperature 0.5 squares the probabilities; their sum is made 1. */
	static const double cold[] = {
		4. / 86, 64. / 86, 1. / 86, 16. / 86, 1. / 86,
	};

	draws_like(make(1, 0, 1, 0, 1), logits, plain, 5, "temperature 1");
	draws_like(make(0.5f, 0, 1, 0, 2), logits, cold, 5, "temperature 0.5");
	draws_like(make(1, 2, 1, 0, 3), logits, two, 5, "top-k 2");
	draws_like(make(1, 99, 1, 0, 4), logits, plain, 5, "top-k 99");
	draws_like(make(1, 4, 1, 0, 5), logits, four, 5,
		   "top-k between equals keeps the lower token");
	draws_like(make(1, 0, 0.8f, 0, 6), logits, three, 5, "top-p 0.8");
	draws_like(make(1, 0, 0.7f, 0, 7), logits, two, 5, "top-p 0.7");
	draws_like(make(1, 0, 1e-6f, 0, 8), logits, one, 5, "top-p of nothing");
	draws_like(make(1, 0, 1, 0.2f, 9), logits, three, 5, "min-p 0.2");
	draws_like(make(1, 0, 1, 1, 10), logits, one, 5, "min-p 1");
	draws_like(make(1, 3, 0.8f, 0, 11), logits, two, 5,
		   "top-p counts what top-k left");
	draws_like(make(1e-30f, 0, 1, 0, 12), logits, one, 5,
		   "a temperature near 0");
}

static void test_hot(void)
{
	static const double even[] = { .2, .2, .2, .2, .2 };
	static const double two[] = { 0, .5, 0, .5, 0 };

	draws_like(make(1e30f, 0, 1, 0, 13), logits, even, 5,
		   "a high temperature");
	draws_like(make(1e30f, 0, 0.7f, 0, 14), logits, two, 5,
		   "top-p looks at temperature 1");
}

static void test_greedy(void)
{
	static const float equal[] = { 1, 3, 3, 2 };
	static const float holes[] = { NAN, -INFINITY, -5, INFINITY, -4, NAN };
	static const float none[] = { NAN, -INFINITY };
	static const float extreme[] = { -3e38f, 3e38f };
	struct npu_sampler *s = make(0, 0, 1, 0, 0), *warm;
	struct npu_error err;
	uint32_t token;

	is(sample(s, logits, 5), 1, "greedy takes the likeliest");
	is(sample(s, equal, 4), 1, "of equals the first");
	is(sample(s, holes, 6), 4, "no logit that is not finite");
	is(sample(s, extreme, 2), 1, "extreme logits");
	is(npu_sampler_sample(s, none, 2, &token, &err), -EDOM,
	   "no finite logit");
	is(npu_sampler_sample(s, none, 0, &token, &err), -EINVAL, "no logit");
	npu_sampler_destroy(s);
	warm = make(1, 0, 0.9f, 0, 0);
	is(sample(warm, holes + 3, 2), 1, "nor when drawing");
	is(sample(warm, extreme, 2), 1, "extreme logits when drawing");
	npu_sampler_destroy(warm);
	if (npu_sampler_create(NULL, &s, &err))
		bail_out(err.message);
	is(sample(s, logits, 5), 1, "greedy without parameters");
	npu_sampler_destroy(s);
	npu_sampler_destroy(NULL);
}

static void test_seeds(void)
{
	struct npu_sampler *a = make(1, 0, 1, 0, 5), *b = make(1, 0, 1, 0, 5);
	struct npu_sampler *c = make(1, 0, 1, 0, 6);
	int same = 0, other = 0;

	for (int i = 0; i < 1000; i++) {
		uint32_t x = sample(a, logits, 5);

		same += x == sample(b, logits, 5);
		other += x == sample(c, logits, 5);
	}
	is(same, 1000, "one seed, one sequence");
	ok(other > 250 && other < 450,
	   "another seed agrees by chance only (%d of 1000)", other);
	npu_sampler_destroy(a);
	npu_sampler_destroy(b);
	npu_sampler_destroy(c);
}

/* The likeliest of many, found without sorting all, against counting. */
static void test_selection(void)
{
	static float many[5000];
	struct random_state random;
	uint32_t allowed = 0;
	bool seen[5000] = { false };
	struct npu_sampler *s = make(1e30f, 10, 1, 0, 1);
	int bad = 0;

	random_seed(&random, 3);
	for (int i = 0; i < 5000; i++)
		many[i] = (float)(random_next(&random) % 400);
	for (int i = 0; i < 2000; i++)
		seen[sample(s, many, 5000)] = true;
	for (int i = 0; i < 5000; i++) {
		int better = 0;

		for (int k = 0; k < 5000; k++)
			better += many[k] > many[i] ||
				  (many[k] == many[i] && k < i);
		allowed += seen[i];
		bad += seen[i] != (better < 10);
	}
	is(bad, 0, "top-k 10 of 5000 are the ten likeliest");
	is(allowed, 10, "and all ten come up");
	npu_sampler_destroy(s);
}

/* First outputs for the state 1, 2, 3, 4, worked out by hand. */
static void test_generator(void)
{
	struct random_state random = { { 1, 2, 3, 4 } };
	struct random_state seeded;

	ok(random_next(&random) == 11520, "xoshiro256**, first output");
	ok(random_next(&random) == 0, "second output");
	ok(random_next(&random) == 1509978240, "third output");
	random_seed(&seeded, 0);
	ok(seeded.s[0] == 0xe220a8397b1dcdafu, "SplitMix64, first output");
	for (int i = 0; i < 1000; i++) {
		double u = random_unit(&seeded);

		if (!(u >= 0 && u < 1))
			bail_out("a number outside [0, 1)");
	}
}

static void test_params(void)
{
	static const struct npu_sampler_params bad[] = {
		{ .temperature = -1, .top_p = 1 },
		{ .temperature = NAN, .top_p = 1 },
		{ .temperature = INFINITY, .top_p = 1 },
		{ .temperature = 1, .top_p = 0 },
		{ .temperature = 1, .top_p = 1.5f },
		{ .temperature = 1, .top_p = NAN },
		{ .temperature = 1, .top_p = 1, .min_p = -0.5f },
		{ .temperature = 1, .top_p = 1, .min_p = 2 },
	};
	struct npu_sampler *s;
	struct npu_error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is(npu_sampler_create(&bad[i], &s, &err), -EINVAL,
		   "refused: %s", err.message);
		is(npu_sampler_create(&bad[i], &s, NULL), -EINVAL,
		   "and without a place for the message");
	}
}

int main(void)
{
	test_distributions();
	test_hot();
	test_greedy();
	test_seeds();
	test_selection();
	test_generator();
	test_params();
	return done_testing();
}
