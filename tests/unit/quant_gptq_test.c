// SPDX-License-Identifier: MIT
/*
 * GPTQ: the factor of its Hessian against a plain one, and what it is for: on
 * correlated inputs the layer's output is closer than with rounding alone.
 */
#include <errno.h>
#include <math.h>

#include "quant/cholesky.h"
#include "quant/float_matmul.h"
#include "quant/gptq.h"
#include "tap.h"

static uint32_t seed = 99;

static float random_float(void)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) * 0x1p-23f - 1;
}

/* Rows of inputs that share a few causes, as activations do. */
static float *correlated(uint32_t rows, uint32_t k)
{
	uint32_t causes = k / 4 + 1;
	float *x = calloc(rows, k * sizeof(*x)), *mix = calloc(causes, k * sizeof(*mix));

	for (size_t i = 0; i < (size_t)causes * k; i++)
		mix[i] = random_float();
	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t c = 0; c < causes; c++) {
			float strength = 3 * random_float() / (1 + c);

			for (uint32_t i = 0; i < k; i++)
				x[r * k + i] += strength * mix[c * k + i] +
						0.01f * random_float();
		}
	free(mix);
	return x;
}

static void test_factor(uint32_t n)
{
	double *h = calloc(n, n * sizeof(*h)), *u = calloc(n, n * sizeof(*u)), worst = 0;
	float *x = correlated(2 * n, n);
	bool upper = true;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			for (uint32_t r = 0; r < 2 * n; r++)
				h[i * n + j] += (double)x[r * n + i] * x[r * n + j];
			h[i * n + j] += i == j;
			u[i * n + j] = h[i * n + j];
		}
	ok(cholesky_of_inverse(u, n), "%u x %u is positive definite", n, n);
	/* inverse(H) = U^T U, so H U^T U = 1, so U H U^T = 1 */
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++) {
			double sum = i == j ? -1 : 0;

			upper &= j >= i || u[i * n + j] == 0;
			for (uint32_t a = i; a < n; a++)
				for (uint32_t b = j; b < n; b++)
					sum += u[i * n + a] * h[a * n + b] * u[j * n + b];
			worst = fmax(worst, fabs(sum));
		}
	ok(upper, "  the factor is upper triangular");
	ok(worst < 1e-6, "  U H U^T = 1, to %.2g", worst);
	free(h);
	free(u);
	free(x);
}

static void test_not_definite(void)
{
	double a[] = { 1, 2, 2, 1 }, nan[] = { NAN, 0, 0, 1 };
	float gram[] = { NAN, 0, 0, 1 };
	struct gptq g;

	ok(!cholesky_of_inverse(a, 2), "an indefinite matrix has no factor");
	ok(!cholesky_of_inverse(nan, 2), "nor has one of no numbers");
	is(gptq_init(&g, gram, 2, 0.01), -EINVAL, "a Hessian that is not finite is refused");
}

/* An input that never was anything but zero does no harm. */
static void test_dead_input(void)
{
	float gram[16] = { 0 };
	struct gptq g;

	gram[0] = 4;
	gram[10] = 1;
	is(gptq_init(&g, gram, 4, 0.01), 0, "inputs that are always zero");
	ok(g.order[0] == 0 && g.order[1] == 2, "come last");
	gptq_free(&g);
}

static double output_error(const struct panel *p, const float *w, const float *x,
			   uint32_t rows, uint32_t k)
{
	float *back = calloc(k, sizeof(*back));
	double error = 0;

	for (uint32_t c = 0; c < 16; c++) {
		panel_row(p, c, back);
		for (uint32_t r = 0; r < rows; r++) {
			double d = 0;

			for (uint32_t i = 0; i < k; i++)
				d += (double)(w[c * k + i] - back[i]) * x[r * k + i];
			error += d * d;
		}
	}
	free(back);
	return error;
}

static void test_better(const char *name, uint32_t k)
{
	uint32_t rows = 2 * k;
	float *x = correlated(2 * rows, k), *gram = calloc(k, k * sizeof(*gram));
	float *w = calloc(16 * k, sizeof(*w)), *copy = calloc(16 * k, sizeof(*w));
	const float *unseen = x + (size_t)rows * k;
	struct npu_quant_format format;
	double nearest, seen, fresh;
	struct panel p;
	struct gptq g;

	npu_quant_parse(name, &format, NULL);
	panel_init(&p, &format, k);
	for (uint32_t i = 0; i < 16 * k; i++) {
		w[i] = random_float() + random_float();
		copy[i] = w[i];
	}
	float_gram(gram, x, rows, k);
	is(gptq_init(&g, gram, k, 0.01), 0, "%s, %u inputs", name, k);
	panel_quantize(&p, w, 16, NULL);
	nearest = output_error(&p, w, x, rows, k);
	fresh = output_error(&p, w, unseen, rows, k);
	ok(gptq_panel(&g, &p, copy, 16), "  rounds");
	seen = output_error(&p, w, x, rows, k);
	ok(seen < 0.7 * nearest, "  error of the output %.3f of that of rounding",
	   seen / nearest);
	fresh = output_error(&p, w, unseen, rows, k) / fresh;
	ok(fresh < 0.8, "  and of inputs that it has not seen %.3f", fresh);
	gptq_free(&g);
	panel_free(&p);
	free(x);
	free(gram);
	free(w);
	free(copy);
}

static void test_gram(void)
{
	float *x = correlated(7, 9), h[81] = { 0 };
	double worst = 0;

	float_gram(h, x, 7, 9);
	for (uint32_t i = 0; i < 9; i++)
		for (uint32_t j = 0; j <= i; j++) {
			double want = 0;

			for (uint32_t r = 0; r < 7; r++)
				want += (double)x[r * 9 + i] * x[r * 9 + j];
			worst = fmax(worst, fabs(h[i * 9 + j] - want) / (1 + fabs(want)));
		}
	ok(worst < 1e-5, "sums of products: %.2g", worst);
	free(x);
}

int main(void)
{
	test_gram();
	test_factor(5);
	test_factor(64);
	test_factor(130);
	test_not_definite();
	test_dead_input();
	test_better("int4-g32", 96);
	test_better("int4-g64-asym", 130);
	test_better("nf4-g32", 64);
	test_better("int8", 96);
	return done_testing();
}
