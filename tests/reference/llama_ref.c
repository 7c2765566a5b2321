// SPDX-License-Identifier: MIT
/* A Llama transformer in plain C and float. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llama_ref.h"

struct layer {
	float *attn_norm, *wq, *wk, *wv, *wo;
	float *ffn_norm, *w_gate, *w_up, *w_down;
	/* Keys and values: context rows of kv_heads * head_dim. */
	float *keys, *values;
};

struct llama_ref {
	struct npu_model_config c;
	uint32_t context;
	float *embedding;
	float *output_norm;
	float *output;
	struct layer *layer;

	/* Activations of one token. */
	float *x;		/* residual stream, d_model */
	float *normed;		/* d_model */
	float *q;		/* heads * head_dim */
	float *heads_out;	/* heads * head_dim */
	float *branch;		/* what a branch adds to x, d_model */
	float *gate, *up;	/* ffn */
	float *cosines, *sines;	/* of this position's angles, rope_dims / 2 */
	float *scores;		/* context */
	float *logits;		/* vocab */
};

void llama_ref_rmsnorm(float *out, const float *x, const float *weight,
		       uint32_t n, float eps)
{
	double squares = 0;
	float scale;

	for (uint32_t i = 0; i < n; i++)
		squares += (double)x[i] * x[i];
	scale = (float)(1 / sqrt(squares / n + eps));
	for (uint32_t i = 0; i < n; i++)
		out[i] = x[i] * scale * weight[i];
}

void llama_ref_angles(float *cosines, float *sines, uint32_t dims, uint32_t pos,
		      float base)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		double angle = pos * pow(base, -2.0 * i / dims);

		cosines[i] = (float)cos(angle);
		sines[i] = (float)sin(angle);
	}
}

void llama_ref_rope(float *head, uint32_t dims, const float *cosines,
		    const float *sines)
{
	for (uint32_t i = 0; i < dims / 2; i++) {
		float a = head[2 * i], b = head[2 * i + 1];

		head[2 * i] = a * cosines[i] - b * sines[i];
		head[2 * i + 1] = a * sines[i] + b * cosines[i];
	}
}

void llama_ref_softmax(float *x, uint32_t n)
{
	float max = x[0], sum = 0;

	for (uint32_t i = 1; i < n; i++)
		max = x[i] > max ? x[i] : max;
	for (uint32_t i = 0; i < n; i++) {
		x[i] = expf(x[i] - max);
		sum += x[i];
	}
	for (uint32_t i = 0; i < n; i++)
		x[i] /= sum;
}

/* Any address will do for these, and they may alias floats. */
typedef float lanes __attribute__((vector_size(16), aligned(4), may_alias));

/*
 * Sums side by side, so that the next addition need not wait for the last. On
 * one processor or another, the order of additions is the same.
 */
static inline float dot(const float *a, const float *b, uint32_t n)
{
	lanes sums[8] = { { 0 } };
	float sum = 0;
	uint32_t i = 0;

	for (; i + 32 <= n; i += 32) {
		const lanes *x = (const lanes *)(a + i);
		const lanes *y = (const lanes *)(b + i);

#pragma GCC unroll 8
		for (int k = 0; k < 8; k++)
			sums[k] += x[k] * y[k];
	}
	for (; i < n; i++)
		sum += a[i] * b[i];
#pragma GCC unroll 8
	for (int k = 0; k < 8; k++)
		sum += sums[k][0] + sums[k][1] + sums[k][2] + sums[k][3];
	return sum;
}

void llama_ref_matvec(float *out, const float *matrix, const float *x,
		      uint32_t rows, uint32_t n)
{
	for (uint32_t r = 0; r < rows; r++)
		out[r] = dot(matrix + (size_t)r * n, x, n);
}

static void add(float *x, const float *y, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		x[i] += y[i];
}

/* One head looks at all positions up to @pos. */
static void attend(struct llama_ref *t, const struct layer *l, uint32_t head,
		   uint32_t pos)
{
	uint32_t dim = t->c.head_dim, row = t->c.kv_heads * dim;
	uint32_t kv_head = head / (t->c.heads / t->c.kv_heads);
	const float *keys = l->keys + kv_head * dim;
	const float *values = l->values + kv_head * dim;
	const float *q = t->q + head * dim;
	float *out = t->heads_out + head * dim;
	float scale = 1 / sqrtf(dim);

	for (uint32_t p = 0; p <= pos; p++)
		t->scores[p] = dot(q, keys + (size_t)p * row, dim) * scale;
	llama_ref_softmax(t->scores, pos + 1);
	memset(out, 0, dim * sizeof(*out));
	for (uint32_t p = 0; p <= pos; p++)
		for (uint32_t i = 0; i < dim; i++)
			out[i] += t->scores[p] * values[(size_t)p * row + i];
}

static void attention(struct llama_ref *t, const struct layer *l, uint32_t pos)
{
	const struct npu_model_config *c = &t->c;
	uint32_t q_row = c->heads * c->head_dim;
	uint32_t kv_row = c->kv_heads * c->head_dim;
	float *key = l->keys + (size_t)pos * kv_row;
	float *value = l->values + (size_t)pos * kv_row;

	llama_ref_rmsnorm(t->normed, t->x, l->attn_norm, c->d_model,
			  c->norm_eps);
	llama_ref_matvec(t->q, l->wq, t->normed, q_row, c->d_model);
	llama_ref_matvec(key, l->wk, t->normed, kv_row, c->d_model);
	llama_ref_matvec(value, l->wv, t->normed, kv_row, c->d_model);
	for (uint32_t h = 0; h < c->heads; h++)
		llama_ref_rope(t->q + h * c->head_dim, c->rope_dims,
			       t->cosines, t->sines);
	for (uint32_t h = 0; h < c->kv_heads; h++)
		llama_ref_rope(key + h * c->head_dim, c->rope_dims,
			       t->cosines, t->sines);
	for (uint32_t h = 0; h < c->heads; h++)
		attend(t, l, h, pos);
	llama_ref_matvec(t->branch, l->wo, t->heads_out, c->d_model, q_row);
	add(t->x, t->branch, c->d_model);
}

/* SwiGLU (Shazeer, 2020): down(silu(gate(x)) * up(x)) */
static void feed_forward(struct llama_ref *t, const struct layer *l)
{
	const struct npu_model_config *c = &t->c;

	llama_ref_rmsnorm(t->normed, t->x, l->ffn_norm, c->d_model, c->norm_eps);
	llama_ref_matvec(t->gate, l->w_gate, t->normed, c->ffn, c->d_model);
	llama_ref_matvec(t->up, l->w_up, t->normed, c->ffn, c->d_model);
	for (uint32_t i = 0; i < c->ffn; i++)
		t->gate[i] *= t->up[i] / (1 + expf(-t->gate[i]));
	llama_ref_matvec(t->branch, l->w_down, t->gate, c->d_model, c->ffn);
	add(t->x, t->branch, c->d_model);
}

const float *llama_ref_forward(struct llama_ref *ref, uint32_t token,
			       uint32_t pos)
{
	struct llama_ref *t = ref;
	const struct npu_model_config *c = &t->c;

	if (token >= c->vocab || pos >= t->context)
		return NULL;
	memcpy(t->x, t->embedding + (size_t)token * c->d_model,
	       c->d_model * sizeof(*t->x));
	llama_ref_angles(t->cosines, t->sines, c->rope_dims, pos,
			 c->rope_config.base);
	for (uint32_t i = 0; i < c->layers; i++) {
		attention(t, &t->layer[i], pos);
		feed_forward(t, &t->layer[i]);
	}
	llama_ref_rmsnorm(t->normed, t->x, t->output_norm, c->d_model,
			  c->norm_eps);
	llama_ref_matvec(t->logits, t->output, t->normed, c->vocab, c->d_model);
	return t->logits;
}

static float *floats_of(const struct npu_gguf_tensor *tensor)
{
	float *floats = calloc(tensor->rows, tensor->dims[0] * sizeof(*floats));

	for (uint64_t r = 0; floats && r < tensor->rows; r++)
		npu_gguf_tensor_row(tensor, r, floats + r * tensor->dims[0]);
	return floats;
}

static bool load_layer(struct llama_ref *t, struct layer *l,
		       const struct npu_model_layer *from)
{
	size_t kv = (size_t)t->c.kv_heads * t->c.head_dim;

	l->attn_norm = floats_of(from->attn_norm);
	l->wq = floats_of(from->attn_q);
	l->wk = floats_of(from->attn_k);
	l->wv = floats_of(from->attn_v);
	l->wo = floats_of(from->attn_output);
	l->ffn_norm = floats_of(from->ffn_norm);
	l->w_gate = floats_of(from->ffn_gate);
	l->w_up = floats_of(from->ffn_up);
	l->w_down = floats_of(from->ffn_down);
	l->keys = calloc(t->context, kv * sizeof(*l->keys));
	l->values = calloc(t->context, kv * sizeof(*l->values));
	return l->attn_norm && l->wq && l->wk && l->wv && l->wo &&
	       l->ffn_norm && l->w_gate && l->w_up && l->w_down && l->keys &&
	       l->values;
}

static bool load(struct llama_ref *t, const struct npu_model *model)
{
	t->embedding = floats_of(model->token_embd);
	t->output_norm = floats_of(model->output_norm);
	t->output = t->c.tied ? t->embedding : floats_of(model->output);
	t->layer = calloc(t->c.layers, sizeof(*t->layer));
	if (!t->embedding || !t->output_norm || !t->output || !t->layer)
		return false;
	for (uint32_t i = 0; i < t->c.layers; i++)
		if (!load_layer(t, &t->layer[i], &model->layer[i]))
			return false;
	return true;
}

static bool allocate_activations(struct llama_ref *t)
{
	uint32_t q_row = t->c.heads * t->c.head_dim;

	t->x = calloc(t->c.d_model, sizeof(float));
	t->normed = calloc(t->c.d_model, sizeof(float));
	t->branch = calloc(t->c.d_model, sizeof(float));
	t->q = calloc(q_row, sizeof(float));
	t->heads_out = calloc(q_row, sizeof(float));
	t->gate = calloc(t->c.ffn, sizeof(float));
	t->up = calloc(t->c.ffn, sizeof(float));
	t->cosines = calloc(t->c.rope_dims / 2, sizeof(float));
	t->sines = calloc(t->c.rope_dims / 2, sizeof(float));
	t->scores = calloc(t->context, sizeof(float));
	t->logits = calloc(t->c.vocab, sizeof(float));
	return t->x && t->normed && t->branch && t->q && t->heads_out &&
	       t->gate && t->up && t->cosines && t->sines && t->scores &&
	       t->logits;
}

int llama_ref_create(const struct npu_model *model, uint32_t context,
		     struct llama_ref **ref, struct npu_error *err)
{
	struct llama_ref *t;

	if (!context || context > model->config.context)
		return npu_error_set(err, -EINVAL,
				     "context of %u positions, expected 1 to %u",
				     context, model->config.context);
	t = calloc(1, sizeof(*t));
	if (t) {
		t->c = model->config;
		t->context = context;
	}
	if (!t || !load(t, model) || !allocate_activations(t)) {
		llama_ref_destroy(t);
		return npu_error_set(err, -ENOMEM,
				     "out of memory for the float model");
	}
	*ref = t;
	return 0;
}

static void free_layer(struct layer *l)
{
	free(l->attn_norm);
	free(l->wq);
	free(l->wk);
	free(l->wv);
	free(l->wo);
	free(l->ffn_norm);
	free(l->w_gate);
	free(l->w_up);
	free(l->w_down);
	free(l->keys);
	free(l->values);
}

void llama_ref_destroy(struct llama_ref *ref)
{
	if (!ref)
		return;
	for (uint32_t i = 0; ref->layer && i < ref->c.layers; i++)
		free_layer(&ref->layer[i]);
	free(ref->layer);
	if (ref->output != ref->embedding)
		free(ref->output);
	free(ref->embedding);
	free(ref->output_norm);
	free(ref->x);
	free(ref->normed);
	free(ref->branch);
	free(ref->q);
	free(ref->heads_out);
	free(ref->gate);
	free(ref->up);
	free(ref->cosines);
	free(ref->sines);
	free(ref->scores);
	free(ref->logits);
	free(ref);
}
