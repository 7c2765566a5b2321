// SPDX-License-Identifier: MIT
/*
 * Bytes and operations of the operators of a transformer, as the compiler
 * builds them: norm and quantisation belong to the product behind them, the
 * addition of the residual to the one before it. Documentation/roofline.rst has
 * the sums.
 */
#include <math.h>

#include "operators.h"

/* Bytes of values between operators; passes of the vector engine: timing.rst. */
#define STREAM 4.0	/* of the residual stream, F32 */
#define HALF 2.0	/* of values that become INT8 again, F16 */
#define NORM 2.0
#define QUANT 2.0
#define ROPE 2.0
#define COPY 1.0
#define SOFTMAX 6.0
#define SILU_GATE 5.0
#define GELU 4.0
#define SCORE 4.0	/* of a score, F32, in plain attention */
#define PANEL 16.0	/* columns that stay together */
#define TILE 128.0	/* positions of the cache that are loaded at a time */

double npu_plan_weight_bits(const struct npu_quant_format *f)
{
	double group = f->group;

	switch (f->kind) {
	case NPU_QUANT_F16:
		return 16;
	case NPU_QUANT_INT4:	/* a scale in F16, and a byte of zero point */
		return 4 + (group ? (16 + (f->asymmetric ? 8 : 0)) / group : 0);
	case NPU_QUANT_NF4:	/* a byte of scale, and two F32 for sixteen of them */
		return 4 + (8 + 64 / 256.0) / (group ? group : 64);
	default:
		return 8 + (group ? 16 / group : 0);
	}
}

enum npu_plan_type plan_type_of(const struct npu_quant_format *f)
{
	switch (f->kind) {
	case NPU_QUANT_F16:
		return NPU_PLAN_F16;
	case NPU_QUANT_INT4:
	case NPU_QUANT_NF4:
		return NPU_PLAN_I4;
	default:
		return NPU_PLAN_I8;
	}
}

/* Bytes of an element of the residual stream. */
static double stream(const struct npu_plan_work *w)
{
	return w->unfused ? HALF : STREAM;
}

/* Rows of a step, and how often it reads the weights. */
static double rows(const struct npu_plan_work *w)
{
	return (double)w->batch * w->tokens;
}

double plan_chunks(const struct npu_plan_work *w)
{
	return w->chunk ? ceil((double)w->tokens / w->chunk) : 1;
}

/* A product of @m rows with a matrix [k][n], read @times. */
static void product(const struct npu_plan_work *w, double m, double k, double n,
		    double times, struct npu_plan_cost *cost)
{
	cost->macs[plan_type_of(&w->weights)] += m * k * n;
	cost->weight_bytes += times * k * n * npu_plan_weight_bits(&w->weights) / 8;
}

/* Rows of @width elements through memory once, of @size bytes. */
static void pass(double m, double width, double size, struct npu_plan_cost *cost)
{
	cost->other_bytes += m * width * size;
}

/*
 * Input of a product: read, normalised, quantised, before the product can begin.
 * The compiler repeats that on every core rather than exchange the result.
 */
static void input(const struct npu_plan_work *w, unsigned int cores, double m, double width,
		  double size, bool norm, struct npu_plan_cost *cost)
{
	double passes = (norm && !w->unfused ? NORM : 0) +
			(w->weights.kind == NPU_QUANT_F16 ? COPY : QUANT);

	if (w->unfused) {
		pass(m, width, size, cost);
		return;
	}
	cost->before_bytes += cores * m * width * size;
	cost->before_ops += cores * m * width * passes;
	cost->other_bytes += cores * m * width * size;
	cost->vector_ops += cores * m * width * passes;
}

static void qkv(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		unsigned int cores, struct npu_plan_cost *cost)
{
	double m = rows(w), q = (double)s->heads * s->head_dim;
	double kv = (double)s->kv_heads * s->head_dim;

	product(w, m, s->d_model, q + 2 * kv, plan_chunks(w), cost);
	input(w, cores, m, s->d_model, stream(w), true, cost);
	cost->vector_ops += m * (ROPE * (q + kv) + COPY * kv);
	pass(m, q, HALF, cost);
	cost->kv_bytes += m * 2 * kv * w->kv_bytes;
}

/*
 * Positions that the tokens of a sequence are multiplied with, summed over them:
 * what the causal mask leaves, but in a chunk all up to its end.
 */
static double pairs(const struct npu_plan_work *w)
{
	double sum = 0;

	if (!w->chunk)
		return w->tokens * (w->position + (w->tokens + 1) / 2.0);
	for (double at = 0; at < w->tokens; at += w->chunk) {
		double now = fmin(w->chunk, w->tokens - at);

		sum += now * (w->position + at + now);
	}
	return sum;
}

/* Positions whose keys and values are read: all so far, once for each chunk. */
static double reads(const struct npu_plan_work *w)
{
	double chunk = w->chunk ? w->chunk : w->tokens, sum = 0;

	for (double at = chunk; at < w->tokens; at += chunk)
		sum += w->position + at;
	return sum + w->position + w->tokens;
}

static void attention(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		      unsigned int cores, struct npu_plan_cost *cost)
{
	double q = (double)s->heads * s->head_dim, kv = (double)s->kv_heads * s->head_dim;
	double scores = w->batch * pairs(w) * s->heads;

	(void)cores;
	cost->macs[NPU_PLAN_F16] += 2 * scores * s->head_dim;
	cost->vector_ops += SOFTMAX * scores + rows(w) * q * 2;
	cost->kv_bytes += w->batch * reads(w) * 2 * kv * w->kv_bytes;
	pass(rows(w), q, 2 * HALF, cost);
	if (w->attention == NPU_PLAN_FLASH)
		return;
	/* scores out and in, probabilities out and in; the mask saves nothing */
	cost->other_bytes += w->batch * (double)w->tokens * (w->position + w->tokens) *
			     s->heads * 2 * (w->unfused ? HALF + HALF : SCORE + HALF);
}

static void attention_output(const struct npu_plan_shape *s, const struct npu_plan_work *w,
			     unsigned int cores, struct npu_plan_cost *cost)
{
	double m = rows(w), q = (double)s->heads * s->head_dim;

	product(w, m, q, s->d_model, plan_chunks(w), cost);
	input(w, cores, m, q, HALF, false, cost);
	pass(m, s->d_model, (w->unfused ? 1 : 2) * stream(w), cost);
}

static void ffn_in(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		   unsigned int cores, struct npu_plan_cost *cost)
{
	double m = rows(w), matrices = s->gated ? 2 : 1;

	product(w, m, s->d_model, s->ffn * matrices, plan_chunks(w), cost);
	input(w, cores, m, s->d_model, stream(w), true, cost);
	pass(m, s->ffn, HALF * (w->unfused ? matrices : 1), cost);
	if (!w->unfused)
		cost->vector_ops += m * s->ffn * (s->gated ? SILU_GATE : GELU);
}

static void ffn_out(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		    unsigned int cores, struct npu_plan_cost *cost)
{
	double m = rows(w);

	product(w, m, s->ffn, s->d_model, plan_chunks(w), cost);
	input(w, cores, m, s->ffn, HALF, false, cost);
	pass(m, s->d_model, (w->unfused ? 1 : 2) * stream(w), cost);
}

/*
 * What a framework without compiler does besides: two norms, two additions, RoPE
 * of queries and keys, the activation, each from memory to memory in 16 bits.
 */
static void elementwise(const struct npu_plan_shape *s, const struct npu_plan_work *w,
			unsigned int cores, struct npu_plan_cost *cost)
{
	double m = rows(w);
	double rope = (double)(s->heads + s->kv_heads) * s->head_dim;

	(void)cores;
	pass(m, s->d_model, (2 * 2 + 2 * 3) * HALF, cost);
	pass(m, rope, 2 * HALF, cost);
	pass(m, s->ffn, (s->gated ? 3 : 2) * HALF, cost);
	cost->vector_ops += m * (s->d_model * 2 * (NORM + COPY) + rope * ROPE +
				 s->ffn * (s->gated ? SILU_GATE : GELU));
}

/* In the formats of four bits the output matrix stays INT8. */
static void logits(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		   unsigned int cores, struct npu_plan_cost *cost)
{
	struct npu_plan_work output = *w;

	if (plan_type_of(&w->weights) == NPU_PLAN_I4)
		output.weights = (struct npu_quant_format){ .kind = NPU_QUANT_INT8 };
	product(&output, w->batch, s->d_model, s->vocab, 1, cost);
	input(&output, cores, w->batch, s->d_model, stream(w), true, cost);
	cost->vector_ops += COPY * (double)w->batch * s->vocab;
	pass(w->batch, s->vocab, 2 * STREAM, cost);
}

static void embedding(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		      unsigned int cores, struct npu_plan_cost *cost)
{
	(void)cores;
	cost->vector_ops += COPY * rows(w) * s->d_model;
	cost->weight_bytes += rows(w) * s->d_model * HALF;
	pass(rows(w), s->d_model, stream(w), cost);
}

/* Units of work of an operator; a core takes whole ones. */
static double units(const struct npu_plan_shape *s, unsigned int kind)
{
	switch (kind) {
	case NPU_PLAN_QKV:
		return s->heads + 2.0 * s->kv_heads;
	case NPU_PLAN_ATTENTION:
		return s->kv_heads;
	case NPU_PLAN_FFN_IN:
		return ceil(s->ffn / PANEL);
	case NPU_PLAN_LOGITS:
		return ceil(s->vocab / PANEL);
	default:
		return ceil(s->d_model / PANEL);
	}
}

/*
 * Transfers of a core in a row: weights of the norm, input, weights, result; of
 * attention keys and values of each tile of each head, besides queries and result.
 */
static double transfers(const struct npu_plan_shape *s, const struct npu_plan_work *w,
			unsigned int cores, unsigned int kind)
{
	double tiles;

	switch (kind) {
	case NPU_PLAN_QKV:
		return 5;	/* a table of RoPE as well */
	case NPU_PLAN_ATTENTION:
		tiles = ceil(reads(w) / plan_chunks(w) / TILE);
		return w->batch * ceil((double)s->kv_heads / cores) * (2 * tiles + 2);
	case NPU_PLAN_FFN_IN:
	case NPU_PLAN_LOGITS:
		return 4;
	default:
		return 3;
	}
}

/*
 * With more cores than heads the compiler cuts a head's queries; what they share
 * is then read by each, so that nothing is won.
 */
static void shares(const struct npu_plan_shape *s, const struct npu_plan_work *w,
		   unsigned int cores, unsigned int kind, struct npu_plan_cost *cost)
{
	double n = units(s, kind);

	cost->uneven = 1;
	if (w->unfused || kind == NPU_PLAN_EMBEDDING)
		return;
	cost->uneven = ceil(n / cores) * cores / n;
	cost->transfers = plan_chunks(w) * transfers(s, w, cores, kind);
}

static void times(struct npu_plan_cost *cost, double n)
{
	for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
		cost->macs[i] *= n;
	cost->vector_ops *= n;
	cost->weight_bytes *= n;
	cost->kv_bytes *= n;
	cost->other_bytes *= n;
	cost->before_ops *= n;
	cost->before_bytes *= n;
	cost->transfers *= n;
}

typedef void (*operator_fn)(const struct npu_plan_shape *s, const struct npu_plan_work *w,
			    unsigned int cores, struct npu_plan_cost *cost);

void plan_operator(const struct npu_plan_shape *shape, const struct npu_plan_work *work,
		   unsigned int cores, unsigned int kind, struct npu_plan_cost *cost)
{
	static const operator_fn operators[NPU_PLAN_KINDS] = {
		[NPU_PLAN_EMBEDDING] = embedding,
		[NPU_PLAN_QKV] = qkv,
		[NPU_PLAN_ATTENTION] = attention,
		[NPU_PLAN_ATTENTION_OUTPUT] = attention_output,
		[NPU_PLAN_FFN_IN] = ffn_in,
		[NPU_PLAN_FFN_OUT] = ffn_out,
		[NPU_PLAN_LOGITS] = logits,
		[NPU_PLAN_ELEMENTWISE] = elementwise,
	};

	*cost = (struct npu_plan_cost){ 0 };
	if (kind == NPU_PLAN_ELEMENTWISE && !work->unfused)
		return;
	operators[kind](shape, work, cores, cost);
	shares(shape, work, cores, kind, cost);
	if (kind != NPU_PLAN_EMBEDDING && kind != NPU_PLAN_LOGITS)
		times(cost, shape->layers);
}
