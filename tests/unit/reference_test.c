// SPDX-License-Identifier: MIT
/*
 * The float reference: its operators on numbers that are known, and the whole
 * transformer against one that is written another way, without a cache, in
 * double, straight from the definition of attention over a sequence.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <npu/model.h>

#include "llama_ref.h"
#include "tap.h"
#include "tiny_model.h"

static bool near(const float *a, const float *b, uint32_t n, double tolerance)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!(fabs((double)a[i] - b[i]) <= tolerance)) {
			diag("element %u: %g and %g", i, a[i], b[i]);
			return false;
		}
	}
	return true;
}

static void test_rope(void)
{
	static const float head[6] = { 1, 2, 3, 4, 5, 6 };
	float turned[6], cosines[2], sines[2], angles[2];
	float want[6] = { 0, 0, 0, 0, 5, 6 };
	double dot_a = 0, dot_b = 0;

	memcpy(turned, head, sizeof(head));
	llama_ref_angles(cosines, sines, 4, 0, 10000);
	llama_ref_rope(turned, 4, cosines, sines);
	ok(!memcmp(turned, head, sizeof(head)), "position 0 turns nothing");
	llama_ref_angles(cosines, sines, 4, 3, 10000);
	llama_ref_rope(turned, 4, cosines, sines);
	/* Pair 0 turns by 3, pair 1 by 3 / 100. */
	angles[0] = 3;
	angles[1] = 0.03f;
	for (int i = 0; i < 2; i++) {
		want[2 * i] = head[2 * i] * cosf(angles[i]) -
			      head[2 * i + 1] * sinf(angles[i]);
		want[2 * i + 1] = head[2 * i] * sinf(angles[i]) +
				  head[2 * i + 1] * cosf(angles[i]);
	}
	ok(near(turned, want, 6, 1e-5), "position 3 turns pairs of neighbours");
	ok(turned[4] == 5 && turned[5] == 6, "and leaves the rest alone");
	/* What matters to attention is the distance of two positions. */
	for (int pos = 0; pos < 2; pos++) {
		float q[4] = { 1, -2, .5, 3 }, k[4] = { 2, 1, -1, .25 };
		double dot = 0;

		llama_ref_angles(cosines, sines, 4, 7 + pos * 100, 10000);
		llama_ref_rope(q, 4, cosines, sines);
		llama_ref_angles(cosines, sines, 4, 2 + pos * 100, 10000);
		llama_ref_rope(k, 4, cosines, sines);
		for (int i = 0; i < 4; i++)
			dot += (double)q[i] * k[i];
		*(pos ? &dot_b : &dot_a) = dot;
	}
	ok(fabs(dot_a - dot_b) < 1e-5, "scores depend on the distance only");
}

static void test_operators(void)
{
	static const float x[] = { 3, -4, 0, 0 }, weight[] = { 1, 2, 3, 4 };
	static const float matrix[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const float want_norm[] = { 1.2f, -3.2f, 0, 0 };
	static const float want_product[] = { 1 * 3 - 2 * 4, 5 * 3 - 6 * 4 };
	float want_soft[] = { 1. / 7, 2. / 7, 4. / 7 }, large[200], row[200];
	float out[4], soft[] = { 1000, 1000 + logf(2), 1000 + logf(4) };
	int bad = 0;

	llama_ref_rmsnorm(out, x, weight, 4, 0);
	ok(near(out, want_norm, 4, 1e-6), "RMSNorm");
	llama_ref_rmsnorm(out, x, weight, 4, 93.75f);
	ok(fabsf(out[0] - 0.3f) < 1e-6f, "RMSNorm with epsilon");
	llama_ref_softmax(soft, 3);
	ok(near(soft, want_soft, 3, 1e-4), "softmax of large numbers");
	llama_ref_matvec(out, matrix, x, 2, 4);
	ok(near(out, want_product, 2, 0), "matrix times vector");
	for (int i = 0; i < 200; i++) {
		large[i] = i;
		row[i] = 1;
	}
	for (int n = 0; n < 200; n++) {
		llama_ref_matvec(out, row, large, 1, n);
		bad += out[0] != n * (n - 1) / 2;
	}
	is(bad, 0, "dot products of every length to 199");
}

/*
 * The transformer over a whole sequence, written for this test: all positions
 * of a layer at once, plain loops, double.
 */
#define LEN 9
#define WIDE 64

static double weight_at(const struct npu_gguf_tensor *t, uint64_t row,
			uint64_t i)
{
	return ((const float *)t->data)[row * t->dims[0] + i];
}

static void project(const struct npu_gguf_tensor *t,
		    const struct npu_gguf_tensor *bias, double (*in)[WIDE],
		    double (*out)[WIDE])
{
	for (int p = 0; p < LEN; p++)
		for (uint64_t r = 0; r < t->rows; r++) {
			out[p][r] = bias ? weight_at(bias, 0, r) : 0;
			for (uint64_t i = 0; i < t->dims[0]; i++)
				out[p][r] += weight_at(t, r, i) * in[p][i];
		}
}

static void norm_row(const struct npu_gguf_tensor *t,
		     const struct npu_gguf_tensor *bias, double eps,
		     const double *in, double *out)
{
	uint64_t n = t->dims[0];
	double mean = 0, squares = 0;

	for (uint64_t i = 0; bias && i < n; i++)
		mean += in[i] / n;
	for (uint64_t i = 0; i < n; i++)
		squares += (in[i] - mean) * (in[i] - mean) / n;
	for (uint64_t i = 0; i < n; i++)
		out[i] = (in[i] - mean) / sqrt(squares + eps) *
			 weight_at(t, 0, i) + (bias ? weight_at(bias, 0, i) : 0);
}

/* With a bias it is LayerNorm, without RMSNorm. */
static void norm_all(const struct npu_gguf_tensor *t,
		     const struct npu_gguf_tensor *bias, double eps,
		     double (*in)[WIDE], double (*out)[WIDE])
{
	for (int p = 0; p < LEN; p++)
		norm_row(t, bias, eps, in[p], out[p]);
}

static void norm_heads(const struct npu_model_config *c, uint32_t heads,
		       const struct npu_gguf_tensor *t, double (*x)[WIDE])
{
	for (int p = 0; t && p < LEN; p++)
		for (uint32_t h = 0; h < heads; h++)
			norm_row(t, NULL, c->norm_eps, x[p] + h * c->head_dim,
				 x[p] + h * c->head_dim);
}

/* As multiplication of complex numbers: pairs are real and imaginary part. */
static void turn_all(const struct npu_model_config *c, uint32_t heads,
		     double (*x)[WIDE])
{
	for (int p = 0; p < LEN; p++)
		for (uint32_t h = 0; h < heads; h++)
			for (uint32_t i = 0; i < c->rope_dims / 2; i++) {
				bool halves = c->rope == NPU_MODEL_ROPE_HALVES;
				double *re = &x[p][h * c->head_dim +
						   (halves ? i : 2 * i)];
				double *im = re + (halves ? c->rope_dims / 2 : 1);
				double a = p / pow(c->rope_config.base,
						   2.0 * i / c->rope_dims);
				double real = *re * cos(a) - *im * sin(a);

				*im = *re * sin(a) + *im * cos(a);
				*re = real;
			}
}

/* What head @h at position @p makes of the values, element @i. */
static double attended(const struct npu_model_config *c, uint32_t h, int p,
		       uint32_t i, double (*q)[WIDE], double (*k)[WIDE],
		       double (*v)[WIDE])
{
	uint32_t g = h * c->kv_heads / c->heads;
	double sum = 0, total = 0;

	for (int s = 0; s <= p; s++) {
		double score = 0;

		if (c->window && (uint32_t)(p - s) >= c->window)
			continue;
		for (uint32_t j = 0; j < c->head_dim; j++)
			score += q[p][h * c->head_dim + j] *
				 k[s][g * c->head_dim + j];
		score = exp(score / sqrt(c->head_dim));
		total += score;
		sum += score * v[s][g * c->head_dim + i];
	}
	return sum / total;
}

static void add_all(double (*x)[WIDE], double (*y)[WIDE], uint32_t n)
{
	for (int p = 0; p < LEN; p++)
		for (uint32_t i = 0; i < n; i++)
			x[p][i] += y[p][i];
}

/* As GPT-2 computes it: 0.7978845608 is sqrt(2 / pi). */
static double gelu(double x)
{
	double t = exp(-2 * 0.7978845608 * (x + 0.044715 * x * x * x));

	return x / (1 + t);
}

static void block(const struct npu_model_config *c,
		  const struct npu_model_layer *l, double (*x)[WIDE])
{
	static double n[LEN][WIDE], q[LEN][WIDE], k[LEN][WIDE], v[LEN][WIDE];
	static double o[LEN][WIDE], up[LEN][WIDE], branch[LEN][WIDE];

	norm_all(l->attn_norm, l->attn_norm_bias, c->norm_eps, x, n);
	project(l->attn_q, l->attn_q_bias, n, q);
	project(l->attn_k, l->attn_k_bias, n, k);
	project(l->attn_v, l->attn_v_bias, n, v);
	norm_heads(c, c->heads, l->attn_q_norm, q);
	norm_heads(c, c->kv_heads, l->attn_k_norm, k);
	turn_all(c, c->heads, q);
	turn_all(c, c->kv_heads, k);
	for (int p = 0; p < LEN; p++)
		for (uint32_t h = 0; h < c->heads; h++)
			for (uint32_t i = 0; i < c->head_dim; i++)
				o[p][h * c->head_dim + i] =
					attended(c, h, p, i, q, k, v);
	project(l->attn_output, l->attn_output_bias, o, branch);
	add_all(x, branch, c->d_model);
	norm_all(l->ffn_norm, l->ffn_norm_bias, c->norm_eps, x, n);
	project(l->ffn_up, l->ffn_up_bias, n, up);
	if (l->ffn_gate)
		project(l->ffn_gate, l->ffn_gate_bias, n, q);
	for (int p = 0; p < LEN; p++)
		for (uint32_t i = 0; i < c->ffn; i++)
			up[p][i] = l->ffn_gate ?
				   up[p][i] * q[p][i] / (1 + exp(-q[p][i])) :
				   gelu(up[p][i]);
	project(l->ffn_down, l->ffn_down_bias, up, branch);
	add_all(x, branch, c->d_model);
}

static void whole_sequence(const struct npu_model *m, const uint32_t *tokens,
			   double (*logits)[WIDE])
{
	static double x[LEN][WIDE], n[LEN][WIDE];

	for (int p = 0; p < LEN; p++)
		for (uint32_t i = 0; i < m->config.d_model; i++)
			x[p][i] = weight_at(m->token_embd, tokens[p], i) +
				  (m->position_embd ?
				   weight_at(m->position_embd, p, i) : 0);
	for (uint32_t i = 0; i < m->config.layers; i++)
		block(&m->config, &m->layer[i], x);
	norm_all(m->output_norm, m->output_norm_bias, m->config.norm_eps, x, n);
	project(m->output, NULL, n, logits);
}

static const uint32_t tokens[LEN] = { 3, 22, 0, 7, 7, 19, 1, 3, 11 };

static void check_sequence(struct llama_ref *ref, const struct npu_model *m)
{
	static double want[LEN][WIDE];
	double worst = 0, largest = 0;
	float first[WIDE];

	whole_sequence(m, tokens, want);
	for (int p = 0; p < LEN; p++) {
		const float *got = llama_ref_forward(ref, tokens[p], p);

		for (uint32_t i = 0; i < m->config.vocab; i++) {
			worst = fmax(worst, fabs(got[i] - want[p][i]));
			largest = fmax(largest, fabs(want[p][i]));
		}
		if (!p)
			memcpy(first, got, m->config.vocab * sizeof(*got));
	}
	ok(largest > 0.5, "logits are not all small (largest %.2f)", largest);
	ok(worst < 1e-4, "agrees with the other way (worst %.2g)", worst);
	/* Going back overwrites: the same start gives the same again. */
	ok(!memcmp(llama_ref_forward(ref, tokens[0], 0), first,
		   m->config.vocab * sizeof(*first)), "can start again");
}

static void test_model(struct tiny tiny, const char *what)
{
	struct npu_model *model;
	struct llama_ref *ref;
	struct builder b;
	struct exact e;

	diag("%s", what);
	tiny_build(&b, &tiny);
	e = open_exact(b.file.data, b.file.size);
	if (e.ret || npu_model_create(e.gguf, &model, &e.err))
		bail_out(e.err.message);
	is(llama_ref_create(model, model->config.context + 1, &ref, &e.err),
	   -EINVAL, "no more context than the model has");
	if (llama_ref_create(model, LEN, &ref, &e.err))
		bail_out(e.err.message);
	check_sequence(ref, model);
	ok(!llama_ref_forward(ref, tiny.vocab, 0), "no such token");
	ok(!llama_ref_forward(ref, 0, LEN), "no such position");
	llama_ref_destroy(ref);
	npu_model_destroy(model);
	close_exact(&e);
	builder_free(&b);
}

int main(void)
{
	struct tiny tiny = tiny_default;

	test_rope();
	test_operators();
	test_model(tiny, "grouped heads, odd sizes, tied");
	tiny.tied = false;
	tiny.kv_heads = 4;
	tiny.rope_dims = 4;
	test_model(tiny, "a key for each head, part of it rotates, not tied");
	tiny.kv_heads = 1;
	tiny.head_dim = 8;
	tiny.rope_dims = 8;
	tiny.layers = 3;
	test_model(tiny, "one key for all heads, three blocks");
	tiny = tiny_default;
	tiny.bias = true;
	tiny.window = 3;
	test_model(tiny, "biases and a window");
	tiny = tiny_default;
	tiny.arch = "qwen2";
	test_model(tiny, "qwen2");
	tiny.arch = "qwen3";
	tiny.rope_dims = 4;
	test_model(tiny, "qwen3");
	tiny.arch = "gpt2";
	tiny.kv_heads = 4;
	test_model(tiny, "gpt2");
	llama_ref_destroy(NULL);
	return done_testing();
}
