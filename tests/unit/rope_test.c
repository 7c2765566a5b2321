// SPDX-License-Identifier: MIT
/* RoPE's angles: plain, and each way of scaling, against the formulas. */
#include <math.h>

#include <npu/model.h>

#include "tap.h"
#include "tiny_model.h"

#define DIMS 64
#define PAIRS (DIMS / 2)

static const struct tiny base = {
	.vocab = 5, .d_model = DIMS, .layers = 1, .heads = 1, .kv_heads = 1,
	.head_dim = DIMS, .ffn = 4, .context = 8192, .rope_dims = DIMS,
	.tied = true, .seed = 3,
};

static double angles(const struct tiny *tiny, double *frequency)
{
	struct npu_model *model;
	struct builder b;
	double magnitude;
	struct exact e;

	tiny_build(&b, tiny);
	e = open_exact(b.file.data, b.file.size);
	if (e.ret || npu_model_create(e.gguf, &model, &e.err))
		bail_out(e.err.message);
	magnitude = npu_model_rope(model, frequency);
	npu_model_destroy(model);
	close_exact(&e);
	builder_free(&b);
	return magnitude;
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fabs(b);
}

/* 10000^(-2i / 64) */
static double plain(int i)
{
	return exp(-i * log(10000) / PAIRS);
}

static void test_linear(void)
{
	struct tiny tiny = base;
	double f[PAIRS];
	int bad = 0;

	ok(angles(&tiny, f) == 1, "plain: magnitude 1");
	for (int i = 0; i < PAIRS; i++)
		bad += !near(f[i], plain(i));
	is(bad, 0, "plain frequencies");
	tiny.factor = 4;
	ok(angles(&tiny, f) == 1, "a factor without a type: magnitude 1");
	for (int i = bad = 0; i < PAIRS; i++)
		bad += !near(f[i], plain(i) / 4);
	is(bad, 0, "linear scaling");
	tiny.scaling = "none";
	angles(&tiny, f);
	ok(near(f[7], plain(7)), "type none ignores the factor");
}

static void test_divisors(void)
{
	struct tiny tiny = base;
	double f[PAIRS];
	int bad = 0;

	tiny.freqs = true;
	ok(angles(&tiny, f) == 1, "divisors: magnitude 1");
	for (int i = 0; i < PAIRS; i++)
		bad += !near(f[i], plain(i) / (1 + 3.0 * i / PAIRS));
	is(bad, 0, "divided frequencies");
}

/*
 * Original context 2048, factor 4. Turns of pair i in 2048 positions:
 * 2048 f / 2 pi, which is 32 at i = 8.06 and 1 at i = 20.1. So pairs up to 8
 * are plain, those from 21 on are divided, between them it is linear.
 */
static void test_yarn(void)
{
	struct tiny tiny = base;
	double f[PAIRS];
	int bad = 0;

	tiny.scaling = "yarn";
	tiny.factor = 4;
	ok(near(angles(&tiny, f), 1 + 0.1 * log(4)), "YaRN: magnitude");
	for (int i = 0; i < PAIRS; i++) {
		double kept = i <= 8 ? 1 : i >= 21 ? 0 : 1 - (i - 8) / 13.0;

		bad += !near(f[i], plain(i) * (kept + (1 - kept) / 4));
	}
	is(bad, 0, "YaRN's frequencies");
}

int main(void)
{
	test_linear();
	test_divisors();
	test_yarn();
	return done_testing();
}
