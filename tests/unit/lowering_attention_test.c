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

#define MAX_HEAD 128
#define MAX_CONTEXT 1024

struct shape {
	struct attention_shape a;
	uint32_t rows, tokens, pos, d, cores, sram;
	bool single, narrow, norms, halves, plain;
};

#define SHAPE(h, kv, hd, rd, ctx) \
	{ .heads = h, .kv_heads = kv, .head_dim = hd, .rope_dims = rd, .context = ctx }

#define RUN(max, n, at, width, c, bytes) \
	.rows = max, .tokens = n, .pos = at, .d = width, .cores = c, .sram = bytes

static const struct shape shapes[] = {
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(1, 1, 0, 192, 1, 1 << 20), .single = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(1, 1, 511, 192, 2, 1 << 20), .single = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(1, 1, 300, 192, 4, 1 << 16), .single = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(32, 32, 0, 192, 2, 1 << 20) },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(32, 21, 100, 192, 4, 1 << 16) },
	{ .a = SHAPE(3, 3, 20, 20, 70), RUN(8, 8, 0, 33, 2, 1 << 16) },
	{ .a = SHAPE(3, 1, 20, 12, 70), RUN(8, 5, 65, 33, 3, 1 << 15) },
	{ .a = SHAPE(4, 2, 6, 6, 40), RUN(16, 16, 24, 20, 1, 1 << 15) },
	{ .a = SHAPE(8, 2, 16, 16, 300), RUN(7, 7, 250, 65, 3, 1 << 15) },
	{ .a = SHAPE(5, 1, 34, 2, 300), RUN(1, 1, 130, 100, 4, 1 << 15), .single = true },
	/* pages begin within a chunk, and a chunk within a page */
	{ .a = SHAPE(4, 4, 24, 24, 100), RUN(40, 40, 15, 48, 2, 1 << 17) },
	{ .a = SHAPE(4, 4, 24, 24, 100), RUN(40, 2, 31, 48, 3, 1 << 16) },
	/* widths of real models: 64, 80, 96, 128 */
	{ .a = SHAPE(4, 2, 64, 64, 256), RUN(5, 5, 200, 96, 2, 1 << 17) },
	{ .a = SHAPE(2, 2, 80, 20, 200), RUN(9, 9, 100, 60, 2, 1 << 17) },
	{ .a = SHAPE(3, 1, 96, 96, 200), RUN(1, 1, 199, 60, 2, 1 << 16), .single = true },
	{ .a = SHAPE(2, 1, 128, 128, 160), RUN(17, 17, 16, 60, 1, 1 << 18) },
	/* norms of heads, pairs in halves, no rotation, another scale */
	{ .a = SHAPE(4, 2, 16, 16, 100), RUN(9, 9, 40, 32, 2, 1 << 16), .norms = true },
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 20, .rope_dims = 16, .context = 100 },
	  RUN(9, 9, 40, 32, 2, 1 << 16), .norms = true, .halves = true },
	{ .a = { .heads = 4, .kv_heads = 4, .head_dim = 10, .context = 100, .scale = 0.125f },
	  RUN(9, 9, 40, 32, 2, 1 << 16) },
	/* windows: within a tile, over tiles, as long as all there is */
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 16, .rope_dims = 16, .context = 600,
	    .window = 5 }, RUN(9, 9, 400, 32, 2, 1 << 16) },
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 16, .rope_dims = 16, .context = 600,
	    .window = 130 }, RUN(40, 40, 500, 32, 3, 1 << 17) },
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 16, .rope_dims = 16, .context = 600,
	    .window = 1 }, RUN(1, 1, 128, 32, 2, 1 << 16), .single = true },
	{ .a = { .heads = 4, .kv_heads = 1, .head_dim = 16, .rope_dims = 16, .context = 600,
	    .window = 600 }, RUN(1, 1, 599, 32, 2, 1 << 16), .single = true },
	/* the plain form, in one block and in several */
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(1, 1, 300, 192, 2, 1 << 20), .single = true,
	  .plain = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(32, 32, 0, 192, 2, 1 << 20), .plain = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(32, 21, 100, 192, 4, 1 << 16), .plain = true },
	{ .a = SHAPE(3, 1, 20, 12, 70), RUN(8, 5, 65, 33, 3, 1 << 15), .plain = true },
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 16, .context = 600, .window = 130,
		 .scale = 0.3f }, RUN(40, 40, 500, 32, 3, 1 << 16), .plain = true },
	/* INT8 */
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(1, 1, 300, 192, 2, 1 << 20), .single = true,
	  .narrow = true },
	{ .a = SHAPE(6, 2, 32, 32, 512), RUN(32, 32, 100, 192, 2, 1 << 18), .narrow = true },
	{ .a = SHAPE(3, 1, 20, 12, 70), RUN(8, 5, 65, 33, 3, 1 << 15), .narrow = true },
	{ .a = SHAPE(4, 2, 6, 6, 40), RUN(16, 16, 24, 20, 1, 1 << 15), .narrow = true,
	  .norms = true },
	{ .a = SHAPE(5, 1, 33, 2, 300), RUN(3, 3, 130, 100, 4, 1 << 15), .narrow = true },
	{ .a = { .heads = 4, .kv_heads = 2, .head_dim = 15, .context = 600, .window = 37 },
	  RUN(40, 40, 500, 32, 3, 1 << 17), .narrow = true },
};

struct data {
	struct tensor *x, *q, *att;
	const struct kv_cache *cache;
	const struct npu_gguf_tensor *w[3], *norm[2];
};

static float half(const void *p, size_t i)
{
	return arith_load(NPU_TYPE_F16, (const uint8_t *)p + 2 * i);
}

/* Element @i of a head at @row of the cache. */
static float cached(const struct shape *s, const uint8_t *row, uint32_t i)
{
	float scale;

	if (!s->narrow)
		return half(row, i);
	memcpy(&scale, row + (s->a.head_dim + 3) / 4 * 4, sizeof(scale));
	return (int8_t)row[i] * scale;
}

static void build_ops(struct rig *r, const struct shape *s, struct data *d)
{
	uint32_t hd = s->a.head_dim;
	struct op *op = graph_op(&r->g, OP_QKV, "qkv");

	d->x = rig_tensor(r, NPU_TYPE_F32, s->rows, s->d, "x");
	d->q = rig_tensor(r, NPU_TYPE_F16, s->rows, s->a.heads * hd, "q");
	d->att = rig_tensor(r, NPU_TYPE_F16, s->rows, s->a.heads * hd, "att");
	d->cache = kv_cache_add(&r->g, s->a.kv_heads, hd);
	d->w[0] = rig_weights(r, s->d, s->a.heads * hd);
	d->w[1] = rig_weights(r, s->d, s->a.kv_heads * hd);
	d->w[2] = rig_weights(r, s->d, s->a.kv_heads * hd);
	op->x = d->x;
	for (int i = 0; i < 3; i++)
		op->w[i] = weights_matrix(&r->g, d->w[i], hd);
	for (int i = 0; i < 2 && s->norms; i++) {
		d->norm[i] = rig_weights(r, hd, 1);
		op->head_norm[i] = weights_vector(&r->g, d->norm[i]);
	}
	op->head_eps = 1e-5f;
	op->rope_halves = s->halves;
	op->y[0] = d->q;
	op->cache = d->cache;
	if (s->a.rope_dims) {
		op->cos = weights_rope(&r->g, s->a.context, s->a.rope_dims, 10000, false);
		op->sin = weights_rope(&r->g, s->a.context, s->a.rope_dims, 10000, true);
	}
	op->shape = s->a;
	op = graph_op(&r->g, OP_ATTENTION, "attention");
	op->x = d->q;
	op->y[0] = d->att;
	op->cache = d->cache;
	op->shape = s->a;
}

/* A head at a position before the run's, or rubbish at one behind it. */
static void fill_row(struct rig *r, const struct shape *s, uint8_t *row, bool rubbish)
{
	float scale = rubbish ? NAN : fabsf(rig_random(r)) / 127;
	uint32_t hd = s->a.head_dim;

	for (uint32_t i = 0; i < hd && !s->narrow; i++)
		arith_store(NPU_TYPE_F16, row + 2 * i, rubbish ? NAN : rig_random(r));
	for (uint32_t i = 0; i < hd && s->narrow; i++)
		row[i] = (int8_t)(rig_random(r) * 127);
	if (s->narrow)
		memcpy(row + (hd + 3) / 4 * 4, &scale, sizeof(scale));
}

/* What is in the cache before: other tokens' keys and values, and rubbish behind. */
static void fill_cache(struct rig *r, const struct shape *s, const struct data *d,
		       uint32_t slot, uint32_t pos)
{
	for (uint32_t p = 0; p < r->g.kv.pages * KV_PAGE_TOKENS; p++)
		for (uint32_t h = 0; h < 2 * s->a.kv_heads; h++)
			fill_row(r, s, rig_kv(r, d->cache, slot, p, h / 2, h % 2), p >= pos);
}

static void rope_halves(float *x, uint32_t dims, const float *cosines, const float *sines)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		float a = x[i], b = x[i + dims / 2];

		x[i] = a * cosines[i] - b * sines[i];
		x[i + dims / 2] = b * cosines[i] + a * sines[i];
	}
}

static void norm_head(float *x, const float *weight, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	for (uint32_t i = 0; i < n; i++)
		x[i] = x[i] / sqrt(sum / n + 1e-5) * weight[i];
}

/* A row of one product, as it should come out. */
static void want_heads(struct rig *r, const struct shape *s, const struct data *d,
		       int which, uint32_t m, uint32_t pos, float *out)
{
	const float *x = rig_data(r, d->x);
	uint32_t hd = s->a.head_dim, n = d->w[which]->rows;
	float cosines[MAX_HEAD / 2], sines[MAX_HEAD / 2];

	llama_ref_matvec(out, d->w[which]->data, x + m * s->d, n, s->d);
	for (uint32_t c = 0; c < n && which < 2; c += hd) {
		if (s->norms)
			norm_head(out + c, d->norm[which]->data, hd);
		if (!s->a.rope_dims)
			continue;
		llama_ref_angles(cosines, sines, s->a.rope_dims, pos, 10000);
		if (s->halves)
			rope_halves(out + c, s->a.rope_dims, cosines, sines);
		else
			llama_ref_rope(out + c, s->a.rope_dims, cosines, sines);
	}
}

/* Largest error of the heads of one token that one product gives, against float. */
static double heads_error(struct rig *r, const struct shape *s, const struct data *d,
			  int which, uint32_t m, uint32_t slot, uint32_t pos)
{
	uint32_t hd = s->a.head_dim, n = d->w[which]->rows;
	float want[1024], got;
	double worst = 0;

	want_heads(r, s, d, which, m, pos, want);
	for (uint32_t c = 0; c < n; c++) {
		if (which)
			got = cached(s, rig_kv(r, d->cache, slot, pos, c / hd, which == 2), c % hd);
		else
			got = half(rig_data(r, d->q), (uint64_t)m * n + c);
		worst = fabs(want[c] - got) <= worst ? worst : fabs(want[c] - got);
	}
	return worst;
}

/* Attention of one head of one token, over the queries and the cache that there are. */
static void attend(struct rig *r, const struct shape *s, const struct data *d,
		   uint32_t m, uint32_t h, uint32_t slot, uint32_t pos, double *out)
{
	uint32_t hd = s->a.head_dim, g = h / (s->a.heads / s->a.kv_heads);
	uint32_t first = s->a.window && pos + 1 > s->a.window ? pos + 1 - s->a.window : 0;
	double score[MAX_CONTEXT], most = -INFINITY, sum = 0;

	for (uint32_t t = first; t <= pos; t++) {
		const uint8_t *key = rig_kv(r, d->cache, slot, t, g, false);

		score[t] = 0;
		for (uint32_t i = 0; i < hd; i++)
			score[t] += (double)half(rig_data(r, d->q), (m * s->a.heads + h) * hd + i) *
				    cached(s, key, i);
		score[t] *= s->a.scale ? s->a.scale : 1 / sqrt(hd);
		most = fmax(most, score[t]);
	}
	memset(out, 0, hd * sizeof(*out));
	for (uint32_t t = first; t <= pos; t++) {
		score[t] = exp(score[t] - most);
		sum += score[t];
	}
	for (uint32_t t = first; t <= pos; t++)
		for (uint32_t i = 0; i < hd; i++)
			out[i] += score[t] / sum *
				  cached(s, rig_kv(r, d->cache, slot, t, g, true), i);
}

static double attention_error(struct rig *r, const struct shape *s, const struct data *d,
			      uint32_t m, uint32_t slot, uint32_t pos)
{
	const void *att = rig_data(r, d->att);
	uint32_t hd = s->a.head_dim;
	double out[MAX_HEAD], worst = 0;

	for (uint32_t h = 0; h < s->a.heads; h++) {
		attend(r, s, d, m, h, slot, pos, out);
		for (uint32_t i = 0; i < hd; i++) {
			double e = fabs(out[i] - half(att, (m * s->a.heads + h) * hd + i));

			worst = e <= worst ? worst : e;
		}
	}
	return worst;
}

/* Queries, keys, values and attention of one row. */
static void check_row(struct rig *r, const struct shape *s, const struct data *d,
		      uint32_t m, uint32_t slot, uint32_t pos, double worst[4])
{
	double e;

	for (int i = 0; i < 3; i++) {
		e = heads_error(r, s, d, i, m, slot, pos);
		worst[i] = e <= worst[i] ? worst[i] : e;
	}
	e = attention_error(r, s, d, m, slot, pos);
	worst[3] = e <= worst[3] ? worst[3] : e;
}

static void tell(const struct shape *s, const double worst[4])
{
	double bound = s->narrow || s->norms ? 0.1 : 0.05;

	ok(worst[0] < bound && worst[1] < bound && worst[2] < bound,
	   "  largest error of queries %.2g, keys %.2g, values %.2g", worst[0], worst[1],
	   worst[2]);
	ok(worst[3] < 3e-3, "  of attention %.2g", worst[3]);
}

static void test_shape(const struct shape *s)
{
	struct npu_completion done;
	double worst[4] = { 0 };
	struct data d;
	struct rig r;

	rig_init(&r, s->cores, s->sram, s->rows, s->single, s->a.context);
	kv_init(&r.g, s->narrow ? NPU_TYPE_I8 : NPU_TYPE_F16, s->a.context, 1, 0);
	r.g.kv.plain = s->plain;
	build_ops(&r, s, &d);
	if (!ok(rig_build(&r), "%u/%u heads of %u, %u tokens at %u, window %u, %u cores of %u bytes: compiles",
		s->a.heads, s->a.kv_heads, s->a.head_dim, s->tokens, s->pos, s->a.window,
		s->cores, s->sram)) {
		diag("%s", r.err.message);
		rig_free(&r);
		return;
	}
	rig_fill(&r, rig_data(&r, d.x), (size_t)s->rows * s->d, 2);
	fill_cache(&r, s, &d, 0, s->pos);
	ok(rig_run(&r, s->pos, s->tokens, 0, &done), "  runs");
	for (uint32_t m = 0; m < s->tokens; m++)
		check_row(&r, s, &d, m, 0, s->pos + m, worst);
	tell(s, worst);
	rig_free(&r);
}

#define SLOTS 5

/* One token of each of several sequences, and the same tokens one by one. */
static void test_batch(const struct shape *s)
{
	static const int32_t at[SLOTS] = { 0, 299, 15, 16, 130 };
	static const int32_t slot_of[SLOTS] = { 4, 1, 0, 3, 2 };
	struct npu_completion done;
	double worst[4] = { 0 };
	struct data d;
	struct rig r;

	rig_init(&r, s->cores, s->sram, SLOTS, false, s->a.context);
	kv_init(&r.g, s->narrow ? NPU_TYPE_I8 : NPU_TYPE_F16, s->a.context, SLOTS, SLOTS);
	r.spec.batch = true;
	r.spec.stream = true;
	build_ops(&r, s, &d);
	if (!ok(rig_build(&r), "batch of %u/%u heads of %u, %u cores of %u bytes: compiles",
		s->a.heads, s->a.kv_heads, s->a.head_dim, s->cores, s->sram)) {
		diag("%s", r.err.message);
		rig_free(&r);
		return;
	}
	rig_fill(&r, rig_data(&r, d.x), (size_t)s->rows * s->d, 2);
	memcpy(rig_data(&r, r.g.kv.places), at, sizeof(at));
	memcpy((int32_t *)rig_data(&r, r.g.kv.places) + SLOTS, slot_of, sizeof(slot_of));
	for (uint32_t i = 0; i < SLOTS; i++)
		fill_cache(&r, s, &d, slot_of[i], at[i]);
	ok(rig_run(&r, 0, s->tokens, 0, &done), "  runs");
	for (uint32_t m = 0; m < s->tokens; m++)
		check_row(&r, s, &d, m, slot_of[m], at[m], worst);
	tell(s, worst);
	rig_free(&r);
}

static void test_batches(void)
{
	static const struct shape batches[] = {
		{ .a = SHAPE(6, 2, 32, 32, 300), RUN(SLOTS, SLOTS, 0, 192, 2, 1 << 20) },
		{ .a = SHAPE(6, 2, 32, 32, 300), RUN(SLOTS, 3, 0, 192, 4, 1 << 16),
		  .narrow = true },
		{ .a = SHAPE(3, 1, 20, 12, 300), RUN(SLOTS, SLOTS, 0, 33, 3, 1 << 15),
		  .norms = true },
		{ .a = { .heads = 2, .kv_heads = 2, .head_dim = 9, .context = 300, .window = 20 },
		  SLOTS, 4, 0, 33, 1, 1 << 15 },
	};

	for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
		test_batch(&batches[i]);
}

static void expect_trap(struct rig *r, const uint64_t *args, uint64_t code, const char *what)
{
	struct npu_completion done;

	r->slot = args[3];
	ok(!rig_run(r, args[0], args[1], args[2], &done) && done.fault.code == NPU_FAULT_TRAP,
	   "%s: faults", what);
	is(done.fault.address, code, "  with its code");
}

static void test_traps(void)
{
	static const struct shape s = { .a = SHAPE(2, 1, 8, 8, 20), RUN(4, 4, 0, 16, 1, 1 << 15) };
	static const struct {
		uint64_t args[4], code;
	} bad[] = {
		{ { 17, 4, 0, 0 }, NPU_TRAP_POSITION }, { { 21, 0, 0, 0 }, NPU_TRAP_POSITION },
		{ { -1, 2, 0, 0 }, NPU_TRAP_POSITION },
		{ { INT64_MAX, 4, 0, 0 }, NPU_TRAP_POSITION },
		{ { 0, 5, 0, 0 }, NPU_TRAP_TOKENS }, { { 0, -1, 0, 0 }, NPU_TRAP_TOKENS },
		{ { 0, 2, 3, 0 }, NPU_TRAP_LOGITS }, { { 0, 2, -1, 0 }, NPU_TRAP_LOGITS },
		{ { 0, 2, 1, 3 }, NPU_TRAP_SLOT }, { { 0, 2, 1, -1 }, NPU_TRAP_SLOT },
	};
	struct npu_completion done;
	struct data d;
	struct rig r;

	rig_init(&r, s.cores, s.sram, s.rows, s.single, s.a.context);
	kv_init(&r.g, NPU_TYPE_F16, s.a.context, 3, 0);
	build_ops(&r, &s, &d);
	ok(rig_build(&r), "traps: compiles");
	r.slot = 2;
	ok(rig_run(&r, 16, 4, 0, &done), "the last positions of the last slot are allowed");
	ok(rig_run(&r, 20, 0, 0, &done), "no token is allowed");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_trap(&r, bad[i].args, bad[i].code, "arguments");
	rig_free(&r);
}

static void test_batch_traps(void)
{
	static const struct shape s = { .a = SHAPE(2, 1, 8, 8, 20), RUN(2, 2, 0, 16, 1, 1 << 15) };
	static const struct {
		int32_t places[4];
		uint64_t rows, code;
	} bad[] = {
		{ { 0, 20, 0, 1 }, 2, NPU_TRAP_POSITION },
		{ { 0, -1, 0, 1 }, 2, NPU_TRAP_POSITION },
		{ { 0, 0, 0, 2 }, 2, NPU_TRAP_SLOT }, { { 0, 0, -1, 1 }, 2, NPU_TRAP_SLOT },
		{ { 0, 0, 0, 1 }, 3, NPU_TRAP_TOKENS },
	};
	struct npu_completion done;
	struct data d;
	struct rig r;

	rig_init(&r, s.cores, s.sram, s.rows, false, s.a.context);
	kv_init(&r.g, NPU_TYPE_F16, s.a.context, 2, 2);
	r.spec.batch = true;
	build_ops(&r, &s, &d);
	ok(rig_build(&r), "traps of a batch: compiles");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(rig_data(&r, r.g.kv.places), bad[i].places, sizeof(bad[i].places));
		expect_trap(&r, (uint64_t[]){ 0, bad[i].rows, 0, 0 }, bad[i].code, "places");
	}
	/* a row that is not there may hold anything */
	memcpy(rig_data(&r, r.g.kv.places), (int32_t[]){ 19, -5, 1, 7 }, 16);
	ok(rig_run(&r, 0, 1, 0, &done), "one row of two");
	ok(rig_run(&r, 0, 0, 0, &done), "no row is allowed");
	rig_free(&r);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		test_shape(&shapes[i]);
	test_batches();
	test_traps();
	test_batch_traps();
	return done_testing();
}
