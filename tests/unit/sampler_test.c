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

/* A sampler at temperature 1 with penalties, which has seen tokens 1, 1 and 3. */
static struct npu_sampler *make_penalised(float repeat, uint32_t last, float frequency,
					  float presence, uint64_t seed)
{
	const struct npu_sampler_params params = {
		.temperature = 1, .top_p = 1, .repeat_penalty = repeat,
		.repeat_last_n = last, .frequency_penalty = frequency,
		.presence_penalty = presence, .seed = seed,
	};
	static const uint32_t said[] = { 1, 1, 3 };
	struct npu_sampler *sampler;
	struct npu_error err;

	if (npu_sampler_create(&params, &sampler, &err) ||
	    npu_sampler_accept(sampler, said, 3, &err))
		bail_out(err.message);
	return sampler;
}

/*
 * Each line's weights are 2^-k by hand: ln 2 off a logit halves the weight. A
 * repeat penalty of 2 squares the weight of a negative logit.
 */
static void test_penalties(void)
{
	const float ln2 = 0.69314718055994531f;
	static const double plain[] = { .125, .5, .0625, .25, .0625 };
	/* Of 2, 8, 1, 4, 1 sixteenths tokens 1 and 3 are squared; or only the last said. */
	static const double squared[] = { 2. / 9, 4. / 9, 1. / 9, 1. / 9, 1. / 9 };
	static const double last[] = { 2. / 13, 8. / 13, 1. / 13, 1. / 13, 1. / 13 };
	/* 8 / 2^2 and 4 / 2; 8 / 2 and 4 / 2; 8 / 2^3 and 4 / 2^2. */
	static const double often[] = { 2. / 8, 2. / 8, 1. / 8, 2. / 8, 1. / 8 };
	static const double once[] = { 2. / 10, 4. / 10, 1. / 10, 2. / 10, 1. / 10 };
	static const double both[] = { 2. / 6, 1. / 6, 1. / 6, 1. / 6, 1. / 6 };

	draws_like(make_penalised(2, 64, 0, 0, 21), logits, squared, 5, "repeat penalty 2");
	draws_like(make_penalised(2, 1, 0, 0, 22), logits, last, 5, "of the last token only");
	draws_like(make_penalised(2, NPU_SAMPLER_WHOLE_TEXT, 0, 0, 23), logits, squared, 5,
		   "of the whole text");
	draws_like(make_penalised(2, 0, ln2, ln2, 24), logits, plain, 5, "of nothing");
	draws_like(make_penalised(1, 64, ln2, 0, 25), logits, often, 5, "frequency penalty");
	draws_like(make_penalised(0, 64, 0, ln2, 26), logits, once, 5, "presence penalty");
	draws_like(make_penalised(1, 64, ln2, ln2, 27), logits, both, 5, "both");
	draws_like(make_penalised(1, 64, 0, 0, 28), logits, plain, 5, "none");
}

static struct npu_sampler *make_repeating(float repeat, uint32_t last)
{
	const struct npu_sampler_params params = {
		.top_p = 1, .repeat_penalty = repeat, .repeat_last_n = last,
	};
	struct npu_sampler *sampler;
	struct npu_error err;

	if (npu_sampler_create(&params, &sampler, &err))
		bail_out(err.message);
	return sampler;
}

static void accept(struct npu_sampler *s, uint32_t token)
{
	struct npu_error err;

	if (npu_sampler_accept(s, &token, 1, &err))
		bail_out(err.message);
}

static void test_penalty_limits(void)
{
	static const float positive[] = { 1, 4, 3 };
	static const float extreme[] = { -3e38f, NAN, 3e38f };
	struct npu_sampler *s = make_repeating(2, 2);

	ok(!npu_sampler_is_greedy(s), "with a penalty the likeliest is not all");
	is(sample(s, positive, 3), 1, "nothing said yet");
	accept(s, 1);
	is(sample(s, positive, 3), 2, "4 / 2 is less than 3");
	accept(s, 99999);
	is(sample(s, positive, 3), 2, "a token without a logit counts as said");
	accept(s, 0);
	is(sample(s, positive, 3), 1, "what is out of reach is as before");
	npu_sampler_destroy(s);

	s = make_repeating(1e30f, NPU_SAMPLER_WHOLE_TEXT);
	accept(s, 0);
	is(sample(s, extreme, 2), 0, "no penalty rules out the only token");
	is(sample(s, extreme, 3), 2, "nor makes it the best");
	npu_sampler_destroy(s);

	s = make(0, 0, 1, 0, 0);
	accept(s, 1);
	ok(npu_sampler_is_greedy(s), "without, it is");
	is(sample(s, positive, 3), 1, "and stays so");
	npu_sampler_destroy(s);
}

/* The window over a long history, against looking at the last 50. */
static void test_penalty_window(void)
{
	struct npu_sampler *s = make_repeating(4, 50);
	struct random_state random;
	static uint32_t said[3000];
	int bad = 0;

	random_seed(&random, 9);
	for (int i = 0; i < 3000; i++) {
		float level[32];
		uint32_t best = 0;

		for (uint32_t t = 0; t < 32; t++)
			level[t] = 33 - (float)t;
		for (int k = i < 50 ? 0 : i - 50; k < i; k++)
			level[said[k]] = (33 - (float)said[k]) / 4;
		for (uint32_t t = 1; t < 32; t++)
			if (level[t] > level[best])
				best = t;
		for (uint32_t t = 0; t < 32; t++)
			level[t] = 33 - (float)t;
		bad += sample(s, level, 32) != best;
		said[i] = random_next(&random) % (i % 7 ? 32 : 4);
		accept(s, said[i]);
	}
	is(bad, 0, "3000 tokens: always the last 50 count");
	npu_sampler_destroy(s);
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
		{ .top_p = 1, .repeat_penalty = -1 },
		{ .top_p = 1, .repeat_penalty = NAN },
		{ .top_p = 1, .frequency_penalty = INFINITY },
		{ .top_p = 1, .presence_penalty = NAN },
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
	test_penalties();
	test_penalty_limits();
	test_penalty_window();
	test_params();
	return done_testing();
}
