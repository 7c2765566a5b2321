// SPDX-License-Identifier: MIT
/* A transformer in plain C and float. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llama_ref.h"
#include "ref_weights.h"

/* Keys and values of a block: context rows of kv_heads * head_dim. */
struct cache {
	float *keys, *values;
};

struct llama_ref {
	struct npu_model_config c;
	uint32_t context;
	struct ref_weights weights;
	struct cache *cache;
	double *frequency;	/* of RoPE's pairs */
	double magnitude;	/* of what RoPE has turned */

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

static void add(float *x, const float *y, uint32_t n)
{
	for (uint32_t i = 0; y && i < n; i++)
		x[i] += y[i];
}

static void linear(float *out, const float *matrix, const float *bias,
		   const float *x, uint32_t rows, uint32_t n)
{
	llama_ref_matvec(out, matrix, x, rows, n);
	add(out, bias, rows);
}

static void norm(const struct llama_ref *t, const float *weight,
		 const float *bias)
{
	const struct npu_model_config *c = &t->c;

	if (c->norm == NPU_MODEL_LAYERNORM)
		llama_ref_layernorm(t->normed, t->x, weight, bias, c->d_model,
				    c->norm_eps);
	else
		llama_ref_rmsnorm(t->normed, t->x, weight, c->d_model,
				  c->norm_eps);
}

/* What is done to each head of the queries or keys. */
static void prepare_heads(const struct llama_ref *t, float *heads, uint32_t n,
			  const float *weight)
{
	const struct npu_model_config *c = &t->c;

	for (uint32_t h = 0; h < n; h++) {
		float *head = heads + h * c->head_dim;

		if (weight)
			llama_ref_rmsnorm(head, head, weight, c->head_dim,
					  c->norm_eps);
		if (c->rope == NPU_MODEL_ROPE_NEIGHBOURS)
			llama_ref_rope(head, c->rope_dims, t->cosines, t->sines);
		if (c->rope == NPU_MODEL_ROPE_HALVES)
			llama_ref_rope_halves(head, c->rope_dims, t->cosines,
					      t->sines);
	}
}

/* One head looks at all positions up to @pos that are in its window. */
static void attend(struct llama_ref *t, const struct cache *cache,
		   uint32_t head, uint32_t pos)
{
	uint32_t dim = t->c.head_dim, row = t->c.kv_heads * dim;
	uint32_t kv_head = head / (t->c.heads / t->c.kv_heads);
	const float *keys = cache->keys + kv_head * dim;
	const float *values = cache->values + kv_head * dim;
	const float *q = t->q + head * dim;
	float *out = t->heads_out + head * dim;
	uint32_t first = 0, count;
	float scale = 1 / sqrtf(dim);

	if (t->c.window && pos >= t->c.window)
		first = pos - t->c.window + 1;
	count = pos - first + 1;
	keys += (size_t)first * row;
	values += (size_t)first * row;
	for (uint32_t p = 0; p < count; p++)
		t->scores[p] = llama_ref_dot(q, keys + (size_t)p * row, dim) *
			       scale;
	llama_ref_softmax(t->scores, count);
	memset(out, 0, dim * sizeof(*out));
	for (uint32_t p = 0; p < count; p++)
		for (uint32_t i = 0; i < dim; i++)
			out[i] += t->scores[p] * values[(size_t)p * row + i];
}

static void attention(struct llama_ref *t, const struct ref_layer *l,
		      const struct cache *cache, uint32_t pos)
{
	const struct npu_model_config *c = &t->c;
	uint32_t q_row = c->heads * c->head_dim;
	uint32_t kv_row = c->kv_heads * c->head_dim;
	float *key = cache->keys + (size_t)pos * kv_row;
	float *value = cache->values + (size_t)pos * kv_row;

	norm(t, l->w[ATTN_NORM], l->w[ATTN_NORM_BIAS]);
	linear(t->q, l->w[ATTN_Q], l->w[ATTN_Q_BIAS], t->normed, q_row,
	       c->d_model);
	linear(key, l->w[ATTN_K], l->w[ATTN_K_BIAS], t->normed, kv_row,
	       c->d_model);
	linear(value, l->w[ATTN_V], l->w[ATTN_V_BIAS], t->normed, kv_row,
	       c->d_model);
	prepare_heads(t, t->q, c->heads, l->w[ATTN_Q_NORM]);
	prepare_heads(t, key, c->kv_heads, l->w[ATTN_K_NORM]);
	for (uint32_t h = 0; h < c->heads; h++)
		attend(t, cache, h, pos);
	linear(t->branch, l->w[ATTN_OUTPUT], l->w[ATTN_OUTPUT_BIAS],
	       t->heads_out, c->d_model, q_row);
	add(t->x, t->branch, c->d_model);
}

/*
 * SwiGLU (Shazeer, 2020): down(silu(gate(x)) * up(x)); without a gate,
 * down(gelu(up(x))).
 */
static void feed_forward(struct llama_ref *t, const struct ref_layer *l)
{
	const struct npu_model_config *c = &t->c;

	norm(t, l->w[FFN_NORM], l->w[FFN_NORM_BIAS]);
	linear(t->up, l->w[FFN_UP], l->w[FFN_UP_BIAS], t->normed, c->ffn,
	       c->d_model);
	if (c->activation == NPU_MODEL_SWIGLU)
		linear(t->gate, l->w[FFN_GATE], l->w[FFN_GATE_BIAS], t->normed,
		       c->ffn, c->d_model);
	for (uint32_t i = 0; i < c->ffn; i++) {
		if (c->activation == NPU_MODEL_SWIGLU)
			t->up[i] *= t->gate[i] / (1 + expf(-t->gate[i]));
		else
			t->up[i] = llama_ref_gelu(t->up[i]);
	}
	linear(t->branch, l->w[FFN_DOWN], l->w[FFN_DOWN_BIAS], t->up,
	       c->d_model, c->ffn);
	add(t->x, t->branch, c->d_model);
}

static void turn_to(struct llama_ref *t, uint32_t pos)
{
	for (uint32_t i = 0; i < t->c.rope_dims / 2; i++) {
		double angle = pos * t->frequency[i];

		t->cosines[i] = (float)(cos(angle) * t->magnitude);
		t->sines[i] = (float)(sin(angle) * t->magnitude);
	}
}

const float *llama_ref_forward(struct llama_ref *ref, uint32_t token,
			       uint32_t pos)
{
	struct llama_ref *t = ref;
	const struct npu_model_config *c = &t->c;
	const struct ref_weights *w = &t->weights;

	if (token >= c->vocab || pos >= t->context)
		return NULL;
	memcpy(t->x, w->embedding + (size_t)token * c->d_model,
	       c->d_model * sizeof(*t->x));
	if (w->positions)
		add(t->x, w->positions + (size_t)pos * c->d_model, c->d_model);
	turn_to(t, pos);
	for (uint32_t i = 0; i < c->layers; i++) {
		attention(t, &w->layer[i], &t->cache[i], pos);
		feed_forward(t, &w->layer[i]);
	}
	norm(t, w->output_norm, w->output_norm_bias);
	llama_ref_matvec(t->logits, w->output, t->normed, c->vocab, c->d_model);
	return t->logits;
}

static bool allocate_cache(struct llama_ref *t)
{
	size_t row = (size_t)t->c.kv_heads * t->c.head_dim;

	t->cache = calloc(t->c.layers, sizeof(*t->cache));
	for (uint32_t i = 0; t->cache && i < t->c.layers; i++) {
		t->cache[i].keys = calloc(t->context, row * sizeof(float));
		t->cache[i].values = calloc(t->context, row * sizeof(float));
		if (!t->cache[i].keys || !t->cache[i].values)
			return false;
	}
	return t->cache;
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
	t->cosines = calloc(t->c.rope_dims / 2 + 1, sizeof(float));
	t->sines = calloc(t->c.rope_dims / 2 + 1, sizeof(float));
	t->frequency = calloc(t->c.rope_dims / 2 + 1, sizeof(double));
	t->scores = calloc(t->context, sizeof(float));
	t->logits = calloc(t->c.vocab, sizeof(float));
	return t->x && t->normed && t->branch && t->q && t->heads_out &&
	       t->gate && t->up && t->cosines && t->sines && t->frequency &&
	       t->scores && t->logits;
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
	if (!t || !ref_weights_load(&t->weights, model) || !allocate_cache(t) ||
	    !allocate_activations(t)) {
		llama_ref_destroy(t);
		return npu_error_set(err, -ENOMEM,
				     "out of memory for the float model");
	}
	if (t->c.rope)
		t->magnitude = npu_model_rope(model, t->frequency);
	*ref = t;
	return 0;
}

void llama_ref_destroy(struct llama_ref *ref)
{
	if (!ref)
		return;
	for (uint32_t i = 0; ref->cache && i < ref->c.layers; i++) {
		free(ref->cache[i].keys);
		free(ref->cache[i].values);
	}
	free(ref->cache);
	ref_weights_release(&ref->weights);
	free(ref->x);
	free(ref->normed);
	free(ref->branch);
	free(ref->q);
	free(ref->heads_out);
	free(ref->gate);
	free(ref->up);
	free(ref->cosines);
	free(ref->sines);
	free(ref->frequency);
	free(ref->scores);
	free(ref->logits);
	free(ref);
}
