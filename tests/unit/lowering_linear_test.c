// SPDX-License-Identifier: MIT
/*
 * Linear layers and SwiGLU on the device core against sums in double, over odd
 * shapes, little SRAM and several cores.
 */
#include <math.h>

#include "arith_convert.h"
#include "compiler/bias.h"
#include "rig.h"
#include "tap.h"

#define EPS 1e-5f

struct shape {
	uint32_t rows, tokens, k, n, cores, sram;
	bool single, norm, residual, swiglu, half, bias;
	uint8_t act;
};

static const struct shape shapes[] = {
	{ 1, 1, 192, 512, 1, 1 << 20, true, false, false, false, false, false, 0 },
	{ 1, 1, 192, 512, 2, 1 << 20, true, true, false, false, false, false, 0 },
	{ 1, 1, 33, 65, 3, 1 << 16, true, true, true, false, false, false, 0 },
	{ 1, 1, 100, 1000, 4, 1 << 16, true, true, false, true, false, false, 0 },
	{ 32, 32, 192, 512, 1, 1 << 20, false, true, false, false, false, false, 0 },
	{ 32, 32, 192, 512, 2, 1 << 18, false, true, false, true, false, false, 0 },
	{ 32, 7, 192, 192, 2, 1 << 18, false, false, true, false, false, false, 0 },
	{ 8, 8, 512, 192, 1, 1 << 16, false, false, true, false, false, false, 0 },
	{ 5, 3, 33, 65, 1, 1 << 16, false, true, true, false, false, false, 0 },
	{ 5, 5, 65, 33, 4, 1 << 16, false, true, false, true, false, false, 0 },
	{ 3, 3, 100, 17, 4, 1 << 14, false, false, false, false, false, false, 0 },
	{ 2, 2, 1000, 50, 2, 1 << 14, false, false, true, false, false, false, 0 },
	{ 2, 2, 1000, 50, 2, 1 << 14, false, true, false, true, false, false, 0 },
	{ 1, 1, 1, 1, 2, 1 << 14, false, true, true, false, false, false, 0 },
	{ 9, 9, 4, 15, 3, 1 << 14, false, true, true, true, false, false, 0 },
	{ 32, 30, 192, 512, 2, 1 << 18, false, false, true, false, true, false, 0 },
	{ 1, 1, 512, 192, 2, 1 << 16, true, false, true, false, true, false, 0 },
	{ 5, 4, 101, 65, 3, 1 << 14, false, true, false, false, true, false, 0 },
	{ 1, 1, 33, 65, 3, 1 << 16, true, true, true, false, false, true, NPU_UNARY_RELU },
	{ 5, 4, 101, 65, 3, 1 << 14, false, true, false, false, true, true, NPU_UNARY_GELU },
	{ 2, 2, 1000, 50, 2, 1 << 14, false, false, true, false, false, true, NPU_UNARY_SILU },
	{ 2, 2, 1000, 50, 2, 1 << 14, false, true, false, true, false, true, NPU_UNARY_SILU },
	{ 1, 1, 64, 40, 2, 1 << 14, true, true, false, true, false, true, NPU_UNARY_GELU },
	{ 9, 9, 70, 33, 1, 1 << 15, false, false, false, false, false, true, 0 },
};

struct data {
	struct tensor *x, *res, *y, *norm;
	const struct npu_gguf_tensor *w[2], *wn, *bias[2];
};

static void build_op(struct rig *r, const struct shape *s, struct data *d)
{
	struct op *op = graph_op(&r->g, s->swiglu ? OP_SWIGLU : OP_LINEAR, "test op");

	d->x = rig_tensor(r, s->half ? NPU_TYPE_F16 : NPU_TYPE_F32, s->rows, s->k, "x");
	d->res = rig_tensor(r, NPU_TYPE_F32, s->rows, s->n, "res");
	d->y = rig_tensor(r, s->swiglu ? NPU_TYPE_F16 : NPU_TYPE_F32, s->rows, s->n, "y");
	d->w[0] = rig_weights(r, s->k, s->n);
	d->w[1] = rig_weights(r, s->k, s->n);
	d->wn = rig_weights(r, s->k, 1);
	op->x = d->x;
	op->y[0] = d->y;
	op->res = s->residual && !s->swiglu ? d->res : NULL;
	op->norm = s->norm ? weights_vector(&r->g, d->wn) : NULL;
	op->eps = EPS;
	op->act = s->swiglu && !s->act ? NPU_UNARY_SILU : s->act;
	op->w[0] = weights_matrix(&r->g, d->w[0], 16);
	op->w[1] = s->swiglu ? weights_matrix(&r->g, d->w[1], 16) : op->w[0];
	for (int i = 0; i < (s->bias ? 1 + s->swiglu : 0); i++) {
		d->bias[i] = rig_weights(r, s->n, 1);
		op->bias[i] = bias_vector(&r->g, d->bias[i], 16);
	}
}

static float get(const struct rig *r, const struct tensor *t, size_t i)
{
	return arith_load(t->type, (uint8_t *)rig_data(r, t) + i * arith_size(t->type));
}

static void put(const struct rig *r, const struct tensor *t, size_t i, float value)
{
	arith_store(t->type, (uint8_t *)rig_data(r, t) + i * arith_size(t->type), value);
}

/* One row of input, normalised; as it is, and as INT8 sees it. */
static void make_input(const struct rig *r, const struct shape *s, const struct data *d,
		       uint32_t row, double *exact, double *coarse)
{
	double ss = 0, most = 0;

	for (uint32_t i = 0; i < s->k; i++) {
		exact[i] = get(r, d->x, (size_t)row * s->k + i);
		ss += exact[i] * exact[i];
	}
	for (uint32_t i = 0; i < s->k; i++) {
		if (s->norm)
			exact[i] *= ((const float *)d->wn->data)[i] / sqrt(ss / s->k + EPS);
		if (fabs(exact[i]) > most)
			most = fabs(exact[i]);
	}
	for (uint32_t i = 0; i < s->k; i++)
		coarse[i] = most > 0 ? rint(exact[i] * 127 / most) * most / 127 : 0;
}

static double dot(const struct npu_gguf_tensor *w, uint32_t n, const double *x, bool coarse)
{
	const float *row = (const float *)w->data + n * w->dims[0];
	double most = 0, sum = 0;

	for (uint32_t i = 0; i < w->dims[0]; i++)
		if (fabs(row[i]) > most)
			most = fabs(row[i]);
	for (uint32_t i = 0; i < w->dims[0]; i++)
		sum += x[i] * (coarse ? rint(row[i] * 127 / most) * most / 127 : row[i]);
	return sum;
}

static double bias_of(const struct shape *s, const struct data *d, int i, uint32_t n)
{
	return s->bias ? ((const float *)d->bias[i]->data)[n] : 0;
}

static double activation(uint8_t act, double v)
{
	switch (act) {
	case NPU_UNARY_RELU:
		return v > 0 ? v : 0;
	case NPU_UNARY_GELU:
		return v / 2 * (1 + tanh(sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
	case NPU_UNARY_SILU:
		return v / (1 + exp(-v));
	default:
		return v;
	}
}

static double output(const struct shape *s, const struct data *d, uint32_t n,
		     const double *x, bool coarse, float res)
{
	double v = dot(d->w[0], n, x, coarse) + bias_of(s, d, 0, n);

	if (s->swiglu)
		return activation(s->act ? s->act : NPU_UNARY_SILU, v) *
		       (dot(d->w[1], n, x, coarse) + bias_of(s, d, 1, n));
	return activation(s->act, v + (s->residual ? res : 0));
}

/* Largest distance to what INT8 should give, in units of the largest result. */
static double compare(struct rig *r, const struct shape *s, const struct data *d,
		      const float *res, double *cosine)
{
	double *exact = calloc(s->k, sizeof(double)), *coarse = calloc(s->k, sizeof(double));
	float *want = calloc((size_t)s->tokens * s->n, sizeof(float));
	float *y = calloc((size_t)s->tokens * s->n, sizeof(float));
	double worst = 0, most = 1e-9;

	if (!exact || !coarse || !want || !y)
		abort();
	for (uint32_t m = 0; m < s->tokens; m++) {
		make_input(r, s, d, m, exact, coarse);
		for (uint32_t n = 0; n < s->n; n++) {
			size_t i = (size_t)m * s->n + n;
			double v = output(s, d, n, coarse, true, res[i]);

			y[i] = get(r, d->y, i);
			want[i] = output(s, d, n, exact, false, res[i]);
			most = fmax(most, fabs(v));
			worst = fmax(worst, fabs(y[i] - v));
		}
	}
	*cosine = rig_cosine(y, want, (size_t)s->tokens * s->n);
	free(exact);
	free(coarse);
	free(want);
	free(y);
	return worst / most;
}

static bool rows_untouched(const struct rig *r, const struct shape *s, const struct data *d)
{
	for (size_t i = (size_t)s->tokens * s->n; i < (size_t)s->rows * s->n; i++)
		if (get(r, d->y, i) != 77)
			return false;
	return true;
}

static void test_shape(const struct shape *s)
{
	struct npu_completion done;
	struct data d;
	struct rig r;
	double worst, cosine;
	float *res;

	rig_init(&r, s->cores, s->sram, s->rows, s->single, s->rows);
	build_op(&r, s, &d);
	if (!ok(rig_build(&r), "%u x %u x %u on %u cores of %u bytes compiles", s->tokens,
		s->k, s->n, s->cores, s->sram)) {
		diag("%s", r.err.message);
		rig_free(&r);
		return;
	}
	res = rig_data(&r, d.res);
	for (size_t i = 0; i < (size_t)s->rows * s->k; i++)
		put(&r, d.x, i, 2 * rig_random(&r));
	rig_fill(&r, res, (size_t)s->rows * s->n, 1);
	for (size_t i = 0; i < (size_t)s->rows * s->n; i++)
		put(&r, d.y, i, 77);
	ok(rig_run(&r, 0, s->tokens, 0, &done), "  and runs");
	worst = compare(&r, s, &d, res, &cosine);
	ok(worst < 0.01, "  close to the INT8 product: %.2g of the largest", worst);
	ok(cosine > 0.999, "  close to the float product: cosine %.6f", cosine);
	ok(rows_untouched(&r, s, &d), "  rows beyond the tokens stay");
	rig_free(&r);
}

static void test_too_small(void)
{
	static const struct shape s = { .rows = 4, .tokens = 4, .k = 4096, .n = 64,
					.cores = 1, .sram = 16384, .norm = true };
	struct data d;
	struct rig r;

	rig_init(&r, s.cores, s.sram, s.rows, s.single, s.rows);
	build_op(&r, &s, &d);
	ok(!rig_build(&r), "a layer that cannot fit is refused");
	ok(strstr(r.err.message, "test op") && strstr(r.err.message, "SRAM"),
	   "with its name: %s", r.err.message);
	rig_free(&r);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		test_shape(&shapes[i]);
	test_too_small();
	return done_testing();
}
