// SPDX-License-Identifier: MIT
/*
 * Queries, keys, values, RoPE, the cache and attention on the device core,
 * against sums in double over the same cache.
 */
#include <math.h>

#include <npu/compile.h>

#include "kernels_operand.h"
#include "llama_ref.h"
#include "rig.h"
#include "tap.h"

struct shape {
	struct attention_shape a;
	uint32_t rows, tokens, pos, d, cores, sram;
	bool single;
};

static const struct shape shapes[] = {
	{ { 6, 2, 32, 32, 512 }, 1, 1, 0, 192, 1, 1 << 20, true },
	{ { 6, 2, 32, 32, 512 }, 1, 1, 511, 192, 2, 1 << 20, true },
	{ { 6, 2, 32, 32, 512 }, 1, 1, 300, 192, 4, 1 << 16, true },
	{ { 6, 2, 32, 32, 512 }, 32, 32, 0, 192, 2, 1 << 20, false },
	{ { 6, 2, 32, 32, 512 }, 32, 21, 100, 192, 4, 1 << 16, false },
	{ { 3, 3, 20, 20, 70 }, 8, 8, 0, 33, 2, 1 << 16, false },
	{ { 3, 1, 20, 12, 70 }, 8, 5, 65, 33, 3, 1 << 15, false },
	{ { 4, 2, 6, 6, 40 }, 16, 16, 24, 20, 1, 1 << 15, false },
	{ { 8, 2, 16, 16, 300 }, 7, 7, 250, 65, 3, 1 << 15, false },
	{ { 5, 1, 34, 2, 300 }, 1, 1, 130, 100, 4, 1 << 15, true },
};

struct data {
	struct tensor *x, *q, *k, *v, *att;
	const struct npu_gguf_tensor *w[3];
};

static float half(const void *p, size_t i)
{
	return arith_load(NPU_TYPE_F16, (const uint8_t *)p + 2 * i);
}

static void build_ops(struct rig *r, const struct shape *s, struct data *d)
{
	uint32_t hd = s->a.head_dim;
	struct op *op = graph_op(&r->g, OP_QKV, "qkv");

	d->x = rig_tensor(r, NPU_TYPE_F32, s->rows, s->d, "x");
	d->q = rig_tensor(r, NPU_TYPE_F16, s->rows, s->a.heads * hd, "q");
	d->k = rig_tensor(r, NPU_TYPE_F16, s->a.kv_heads * s->a.context, hd, "k");
	d->v = rig_tensor(r, NPU_TYPE_F16, s->a.kv_heads * s->a.context, hd, "v");
	d->att = rig_tensor(r, NPU_TYPE_F16, s->rows, s->a.heads * hd, "att");
	d->w[0] = rig_weights(r, s->d, s->a.heads * hd);
	d->w[1] = rig_weights(r, s->d, s->a.kv_heads * hd);
	d->w[2] = rig_weights(r, s->d, s->a.kv_heads * hd);
	op->x = d->x;
	for (int i = 0; i < 3; i++)
		op->w[i] = weights_matrix(&r->g, d->w[i], hd);
	op->y[0] = d->q;
	op->y[1] = d->k;
	op->y[2] = d->v;
	op->cos = weights_rope(&r->g, s->a.context, s->a.rope_dims, 10000, false);
	op->sin = weights_rope(&r->g, s->a.context, s->a.rope_dims, 10000, true);
	op->shape = s->a;
	op = graph_op(&r->g, OP_ATTENTION, "attention");
	op->x = d->q;
	op->y[0] = d->att;
	op->y[1] = d->k;
	op->y[2] = d->v;
	op->shape = s->a;
}

/* What is in the cache before: other tokens' keys and values, and rubbish behind. */
static void fill_cache(struct rig *r, const struct shape *s, struct tensor *t)
{
	uint8_t *p = rig_data(r, t);

	for (size_t i = 0; i < (size_t)s->a.kv_heads * s->a.context * s->a.head_dim; i++) {
		size_t pos = i / s->a.head_dim % s->a.context;

		arith_store(NPU_TYPE_F16, p + 2 * i,
			    pos < s->pos + s->tokens ? rig_random(r) : NAN);
	}
}

/* Largest error of the heads that one product gives, against float. */
static double heads_error(struct rig *r, const struct shape *s, const struct data *d,
			  int which)
{
	const float *x = rig_data(r, d->x), *w = d->w[which]->data;
	const struct tensor *const results[] = { d->q, d->k, d->v };
	const void *heads = rig_data(r, results[which]);
	uint32_t hd = s->a.head_dim, n = d->w[which]->rows;
	float out[1024], cosines[64], sines[64];
	double worst = 0;

	for (uint32_t m = 0; m < s->tokens; m++) {
		llama_ref_matvec(out, w, x + m * s->d, n, s->d);
		llama_ref_angles(cosines, sines, s->a.rope_dims, s->pos + m, 10000);
		for (uint32_t c = 0; c < n; c++) {
			uint64_t at = ((uint64_t)c / hd * s->a.context + s->pos + m) * hd;

			if (c % hd == 0 && which < 2)
				llama_ref_rope(out + c, s->a.rope_dims, cosines, sines);
			at = which ? at + c % hd : (uint64_t)m * n + c;
			worst = fmax(worst, fabs(out[c] - half(heads, at)));
		}
	}
	return worst;
}

/* Attention of one head of one token, over the F16 queries and cache. */
static void attend(struct rig *r, const struct shape *s, const struct data *d,
		   uint32_t m, uint32_t h, double *out)
{
	const void *q = rig_data(r, d->q), *k = rig_data(r, d->k), *v = rig_data(r, d->v);
	uint32_t hd = s->a.head_dim, g = h / (s->a.heads / s->a.kv_heads);
	size_t base = (size_t)g * s->a.context * hd;
	double score[512], most = -INFINITY, sum = 0;

	for (uint32_t t = 0; t <= s->pos + m; t++) {
		score[t] = 0;
		for (uint32_t i = 0; i < hd; i++)
			score[t] += (double)half(q, (m * s->a.heads + h) * hd + i) *
				    half(k, base + (size_t)t * hd + i);
		score[t] /= sqrt(hd);
		most = fmax(most, score[t]);
	}
	memset(out, 0, hd * sizeof(*out));
	for (uint32_t t = 0; t <= s->pos + m; t++) {
		score[t] = exp(score[t] - most);
		sum += score[t];
	}
	for (uint32_t t = 0; t <= s->pos + m; t++)
		for (uint32_t i = 0; i < hd; i++)
			out[i] += score[t] / sum * half(v, base + (size_t)t * hd + i);
}

static double attention_error(struct rig *r, const struct shape *s, const struct data *d)
{
	const void *att = rig_data(r, d->att);
	uint32_t hd = s->a.head_dim;
	double out[64], worst = 0;

	for (uint32_t m = 0; m < s->tokens; m++)
		for (uint32_t h = 0; h < s->a.heads; h++) {
			attend(r, s, d, m, h, out);
			for (uint32_t i = 0; i < hd; i++) {
				double e = fabs(out[i] - half(att, (m * s->a.heads + h) * hd + i));

				worst = e <= worst ? worst : e;
			}
		}
	return worst;
}

static void test_shape(const struct shape *s)
{
	static const char *const names[] = { "queries", "keys", "values" };
	struct npu_completion done;
	struct data d;
	struct rig r;
	double worst;

	rig_init(&r, s->cores, s->sram, s->rows, s->single, s->a.context);
	build_ops(&r, s, &d);
	if (!ok(rig_build(&r), "%u/%u heads of %u, %u tokens at %u, %u cores of %u bytes: compiles",
		s->a.heads, s->a.kv_heads, s->a.head_dim, s->tokens, s->pos, s->cores, s->sram)) {
		diag("%s", r.err.message);
		rig_free(&r);
		return;
	}
	rig_fill(&r, rig_data(&r, d.x), (size_t)s->rows * s->d, 2);
	fill_cache(&r, s, d.k);
	fill_cache(&r, s, d.v);
	ok(rig_run(&r, s->pos, s->tokens, 0, &done), "  runs");
	for (int i = 0; i < 3; i++) {
		worst = heads_error(&r, s, &d, i);
		ok(worst < 0.05, "  %s: largest error %.2g", names[i], worst);
	}
	worst = attention_error(&r, s, &d);
	ok(worst < 2e-3, "  attention: largest error %.2g", worst);
	rig_free(&r);
}

static void test_traps(void)
{
	static const struct shape s = { { 2, 1, 8, 8, 20 }, 4, 4, 0, 16, 1, 1 << 15, false };
	static const struct {
		uint64_t pos, tokens, logits, code;
	} bad[] = {
		{ 17, 4, 0, NPU_TRAP_POSITION }, { 21, 0, 0, NPU_TRAP_POSITION },
		{ -1, 2, 0, NPU_TRAP_POSITION }, { INT64_MAX, 4, 0, NPU_TRAP_POSITION },
		{ 0, 5, 0, NPU_TRAP_TOKENS }, { 0, -1, 0, NPU_TRAP_TOKENS },
		{ 0, 2, 3, NPU_TRAP_LOGITS }, { 0, 2, -1, NPU_TRAP_LOGITS },
	};
	struct npu_completion done;
	struct data d;
	struct rig r;

	rig_init(&r, s.cores, s.sram, s.rows, s.single, s.a.context);
	build_ops(&r, &s, &d);
	ok(rig_build(&r), "traps: compiles");
	ok(rig_run(&r, 16, 4, 0, &done), "the last positions are allowed");
	ok(rig_run(&r, 20, 0, 0, &done), "no token is allowed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(!rig_run(&r, bad[i].pos, bad[i].tokens, bad[i].logits, &done) &&
		   done.fault.code == NPU_FAULT_TRAP, "arguments %zu fault", i);
		is(done.fault.address, bad[i].code, "  with their code");
	}
	rig_free(&r);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		test_shape(&shapes[i]);
	test_traps();
	return done_testing();
}
