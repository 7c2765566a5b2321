// SPDX-License-Identifier: MIT
/*
 * Linear layers and SwiGLU in every weight format on the device core: against
 * sums in double with the weights as quantised, and against the float product;
 * over odd shapes, splits along K, little SRAM, several cores, streamed or not.
 */
#include <math.h>

#include "arith_convert.h"
#include "quant/panel.h"
#include "rig.h"
#include "tap.h"

struct shape {
	uint32_t rows, k, n, cores, sram;
	bool single, swiglu, half;
};

static const struct shape shapes[] = {
	{ 1, 192, 512, 2, 1 << 20, true, false, false },
	{ 1, 100, 65, 3, 1 << 16, true, true, false },
	{ 32, 192, 192, 2, 1 << 18, false, false, false },
	{ 7, 512, 33, 1, 1 << 16, false, false, true },
	{ 5, 101, 65, 3, 1 << 15, false, true, false },
	{ 2, 3000, 50, 2, 1 << 16, false, false, false },
	{ 1, 1, 1, 2, 1 << 14, true, false, false },
};

struct type {
	const char *name;
	double cosine;
};

static const struct type types[] = {
	{ "f16", 0.999999 }, { "int8", 0.9995 }, { "int8-g32", 0.9995 },
	{ "int4-g32", 0.98 }, { "int4-g64-asym", 0.98 }, { "int4-g128", 0.98 },
	{ "nf4", 0.98 },
};

struct data {
	struct tensor *x, *res, *y;
	const struct npu_gguf_tensor *w[2];
	float *quantized[2];
};

/* The weights as the panels have them, in float. */
static float *quantize(const struct npu_gguf_tensor *t, const struct npu_quant_format *f)
{
	uint32_t k = t->dims[0];
	float *out = calloc(t->rows, k * sizeof(*out));
	struct panel p;

	if (!out || panel_init(&p, f, k))
		abort();
	for (uint64_t n = 0; n < t->rows; n += 16) {
		uint32_t rows = t->rows - n < 16 ? t->rows - n : 16;

		panel_quantize(&p, (const float *)t->data + n * k, rows, NULL);
		for (uint32_t r = 0; r < rows; r++)
			panel_row(&p, r, out + (n + r) * k);
	}
	panel_free(&p);
	return out;
}

static void build_op(struct rig *r, const struct shape *s, struct data *d)
{
	struct op *op = graph_op(&r->g, s->swiglu ? OP_SWIGLU : OP_LINEAR, "test op");

	d->x = rig_tensor(r, s->half ? NPU_TYPE_F16 : NPU_TYPE_F32, s->rows, s->k, "x");
	d->res = rig_tensor(r, NPU_TYPE_F32, s->rows, s->n, "res");
	d->y = rig_tensor(r, s->swiglu ? NPU_TYPE_F16 : NPU_TYPE_F32, s->rows, s->n, "y");
	op->x = d->x;
	op->y[0] = d->y;
	op->res = s->swiglu ? NULL : d->res;
	op->act = s->swiglu ? NPU_UNARY_SILU : NPU_UNARY_COPY;
	for (int i = 0; i < 1 + s->swiglu; i++) {
		d->w[i] = rig_weights(r, s->k, s->n);
		d->quantized[i] = quantize(d->w[i], &r->g.weights);
		op->w[i] = weights_matrix(&r->g, d->w[i], 16);
	}
}

static float get(const struct rig *r, const struct tensor *t, size_t i)
{
	return arith_load(t->type, (uint8_t *)rig_data(r, t) + i * arith_size(t->type));
}

static double dot(const float *w, const double *x, uint32_t k)
{
	double sum = 0;

	for (uint32_t i = 0; i < k; i++)
		sum += x[i] * w[i];
	return sum;
}

/* The input as the matrix engine sees it. */
static void make_input(const struct rig *r, const struct shape *s, const struct data *d,
		       uint32_t row, double *exact, double *seen)
{
	double most = 0;

	for (uint32_t i = 0; i < s->k; i++) {
		exact[i] = get(r, d->x, (size_t)row * s->k + i);
		most = fmax(most, fabs(exact[i]));
	}
	for (uint32_t i = 0; i < s->k; i++)
		seen[i] = r->g.weights.kind == NPU_QUANT_F16 ? exact[i] :
			  most > 0 ? rint(exact[i] * 127 / most) * most / 127 : 0;
}

static double output(const struct shape *s, const float *w0, const float *w1,
		     const double *x, double res)
{
	double v = dot(w0, x, s->k);

	return s->swiglu ? v / (1 + exp(-v)) * dot(w1, x, s->k) : v + res;
}

static double compare(struct rig *r, const struct shape *s, const struct data *d,
		      double *cosine)
{
	double *exact = calloc(s->k, sizeof(double)), *seen = calloc(s->k, sizeof(double));
	float *want = calloc((size_t)s->rows * s->n, sizeof(float));
	float *y = calloc((size_t)s->rows * s->n, sizeof(float));
	double worst = 0, most = 1e-9;

	if (!exact || !seen || !want || !y)
		abort();
	for (uint32_t m = 0; m < s->rows; m++) {
		make_input(r, s, d, m, exact, seen);
		for (uint32_t n = 0; n < s->n; n++) {
			size_t i = (size_t)m * s->n + n, row = (size_t)n * s->k;
			const float *w1 = s->swiglu ? (const float *)d->w[1]->data + row : NULL;
			const float *q1 = s->swiglu ? d->quantized[1] + row : NULL;
			double res = get(r, d->res, i);
			double v = output(s, d->quantized[0] + row, q1, seen, res);

			y[i] = get(r, d->y, i);
			want[i] = output(s, (const float *)d->w[0]->data + row, w1, exact, res);
			most = fmax(most, fabs(v));
			worst = fmax(worst, fabs(y[i] - v));
		}
	}
	*cosine = rig_cosine(y, want, (size_t)s->rows * s->n);
	free(exact);
	free(seen);
	free(want);
	free(y);
	return worst / most;
}

static void test_shape(const struct type *type, const struct shape *s)
{
	double worst = 1, cosine = 0;
	struct npu_completion done;
	struct data d = { 0 };
	struct rig r;

	rig_init(&r, s->cores, s->sram, s->rows, s->single, s->rows);
	npu_quant_parse(type->name, &r.g.weights, NULL);
	build_op(&r, s, &d);
	ok(rig_build(&r), "%s: %u x %u x %u on %u cores of %u bytes%s", type->name, s->rows,
	   s->k, s->n, s->cores, s->sram, s->single ? ", streamed" : "");
	if (!r.image) {
		diag("%s", r.err.message);
	} else {
		for (size_t i = 0; i < (size_t)s->rows * s->k; i++)
			arith_store(d.x->type, (uint8_t *)rig_data(&r, d.x) +
				    i * arith_size(d.x->type), 2 * rig_random(&r));
		rig_fill(&r, rig_data(&r, d.res), (size_t)s->rows * s->n, 1);
		if (ok(rig_run(&r, 0, s->rows, 0, &done), "  runs, without races"))
			worst = compare(&r, s, &d, &cosine);
		ok(worst < 0.002, "  is the product of what was quantised: %.2g", worst);
		ok(cosine > type->cosine, "  close to the float product: %.6f", cosine);
	}
	free(d.quantized[0]);
	free(d.quantized[1]);
	rig_free(&r);
}

/* A device that lacks what a format needs is told so, with names. */
static void test_missing_feature(void)
{
	static const struct { const char *type, *feature; uint64_t bit; } lacks[] = {
		{ "int4", "I4", NPU_FEAT_MAT_I4 }, { "nf4", "C4", NPU_FEAT_MAT_C4 },
		{ "nf4", "DQ8", NPU_FEAT_SCALE_DQ8 }, { "f16", "F16", NPU_FEAT_MAT_F16 },
		{ "int4-asym", "ZERO", NPU_FEAT_ZERO_POINT },
		{ "int8-g32", "GROUP", NPU_FEAT_GROUP_SCALE },
	};

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		struct data d = { 0 };
		struct rig r;

		rig_init(&r, 1, 1 << 16, 1, true, 1);
		npu_quant_parse(lacks[i].type, &r.g.weights, NULL);
		r.target.features &= ~lacks[i].bit;
		r.spec.no_cpu = true;
		build_op(&r, &shapes[0], &d);
		ok(!rig_build(&r) && strstr(r.err.message, lacks[i].feature) &&
		   strstr(r.err.message, "weights 0"), "%s: %s", lacks[i].type,
		   r.err.message);
		free(d.quantized[0]);
		rig_free(&r);
	}
}

int main(void)
{
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
			test_shape(&types[t], &shapes[i]);
	test_missing_feature();
	return done_testing();
}
