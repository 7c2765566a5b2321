// SPDX-License-Identifier: MIT
/* The transformers of npu/model.h in float, a whole text at a time. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float_matmul.h"
#include "float_model.h"
#include "float_ops.h"

/**
 * struct npu_float_model - a model and room for a text
 * @model: description
 * @rows: most tokens
 * @x: residual stream; @normed: the input of a branch; @branch: its result
 * @q: queries, then the heads' output; @keys and @values likewise by token
 * @hidden: of the feed-forward layer; @up: its other half, under SwiGLU
 * @ops: scratch of the operators
 * @frequency: radians a position for each pair of RoPE
 * @magnitude: what cosines and sines are multiplied by
 */
struct npu_float_model {
	const struct npu_model *model;
	uint32_t rows;
	float *x, *normed, *branch, *q, *keys, *values, *hidden, *up;
	struct float_ops ops;
	double *frequency, magnitude;
};

static float *take(uint64_t rows, uint64_t cols)
{
	return calloc(rows, cols * sizeof(float));
}

static bool allocate(struct npu_float_model *f)
{
	const struct npu_model_config *c = &f->model->config;
	uint64_t heads = (uint64_t)c->heads * c->head_dim;
	uint64_t kv = (uint64_t)c->kv_heads * c->head_dim;
	uint64_t widest = c->ffn > heads ? c->ffn : heads;

	f->x = take(f->rows, c->d_model);
	f->normed = take(f->rows, c->d_model);
	f->branch = take(f->rows, c->d_model);
	f->q = take(f->rows, heads);
	f->keys = take(f->rows, kv);
	f->values = take(f->rows, kv);
	f->hidden = take(f->rows, c->ffn);
	f->up = take(f->rows, c->ffn);
	f->frequency = calloc(c->rope_dims / 2 + 1, sizeof(*f->frequency));
	return f->x && f->normed && f->branch && f->q && f->keys && f->values && f->hidden &&
	       f->up && f->frequency &&
	       float_ops_init(&f->ops, f->rows, widest > c->d_model ? widest : c->d_model);
}

int npu_float_model_create(const struct npu_model *model, uint32_t rows,
			   struct npu_float_model **float_model, struct npu_error *err)
{
	struct npu_float_model *f;

	if (!rows || rows > model->config.context)
		return npu_error_set(err, -EINVAL, "texts of %u tokens: the model takes 1 to %u",
				     rows, model->config.context);
	f = calloc(1, sizeof(*f));
	if (f) {
		f->model = model;
		f->rows = rows;
	}
	if (!f || !allocate(f)) {
		npu_float_model_destroy(f);
		return npu_error_set(err, -ENOMEM, "no memory for %u tokens in float", rows);
	}
	if (model->config.rope != NPU_MODEL_ROPE_NONE)
		f->magnitude = npu_model_rope(model, f->frequency);
	*float_model = f;
	return 0;
}

void npu_float_model_destroy(struct npu_float_model *float_model)
{
	struct npu_float_model *f = float_model;

	if (!f)
		return;
	free(f->x);
	free(f->normed);
	free(f->branch);
	free(f->q);
	free(f->keys);
	free(f->values);
	free(f->hidden);
	free(f->up);
	free(f->frequency);
	float_ops_free(&f->ops);
	free(f);
}

/* Whether the inputs up to @input are all that is wanted. */
static bool seen(const struct float_watch *w, uint32_t input, const float *x, uint32_t n,
		 uint32_t k)
{
	if (!w)
		return false;
	w->see(w->opaque, input, x, n, k);
	return input >= w->last;
}

static void norm(struct npu_float_model *f, const struct npu_gguf_tensor *w,
		 const struct npu_gguf_tensor *bias, uint32_t n)
{
	const struct npu_model_config *c = &f->model->config;

	float_norm(f->normed, f->x, w->data, bias ? bias->data : NULL, n, c->d_model,
		   c->norm_eps, c->norm == NPU_MODEL_LAYERNORM);
}

/* Queries or keys: RMSNorm of each head if there is one, then RoPE. */
static void finish_heads(const struct npu_float_model *f, float *x, uint32_t heads,
			 const struct npu_gguf_tensor *head_norm, uint32_t n)
{
	const struct npu_model_config *c = &f->model->config;

	if (head_norm)
		float_norm(x, x, head_norm->data, NULL, n * heads, c->head_dim, c->norm_eps,
			   false);
	for (uint32_t r = 0; c->rope != NPU_MODEL_ROPE_NONE && r < n; r++)
		float_rope(x + (size_t)r * heads * c->head_dim, heads, c->head_dim,
			   c->rope_dims, f->frequency, f->magnitude, r,
			   c->rope == NPU_MODEL_ROPE_HALVES);
}

static bool attention(struct npu_float_model *f, uint32_t layer, uint32_t n,
		      const struct float_watch *watch)
{
	const struct npu_model_config *c = &f->model->config;
	const struct npu_model_layer *l = &f->model->layer[layer];
	uint32_t input = layer * FLOAT_INPUTS;
	struct float_heads h = {
		.heads = c->heads, .kv_heads = c->kv_heads, .head_dim = c->head_dim,
		.window = c->window,
	};

	norm(f, l->attn_norm, l->attn_norm_bias, n);
	if (seen(watch, input + FLOAT_ATTN, f->normed, n, c->d_model))
		return true;
	float_linear(&f->ops, f->q, f->normed, l->attn_q, l->attn_q_bias, n);
	float_linear(&f->ops, f->keys, f->normed, l->attn_k, l->attn_k_bias, n);
	float_linear(&f->ops, f->values, f->normed, l->attn_v, l->attn_v_bias, n);
	finish_heads(f, f->q, c->heads, l->attn_q_norm, n);
	finish_heads(f, f->keys, c->kv_heads, l->attn_k_norm, n);
	float_attention(&f->ops, &h, f->q, f->keys, f->values, n);
	if (seen(watch, input + FLOAT_HEADS, f->q, n, c->heads * c->head_dim))
		return true;
	float_linear(&f->ops, f->branch, f->q, l->attn_output, l->attn_output_bias, n);
	float_add(f->x, f->branch, (uint64_t)n * c->d_model);
	return false;
}

static bool feed_forward(struct npu_float_model *f, uint32_t layer, uint32_t n,
			 const struct float_watch *watch)
{
	const struct npu_model_config *c = &f->model->config;
	const struct npu_model_layer *l = &f->model->layer[layer];
	uint32_t input = layer * FLOAT_INPUTS;

	norm(f, l->ffn_norm, l->ffn_norm_bias, n);
	if (seen(watch, input + FLOAT_FFN, f->normed, n, c->d_model))
		return true;
	float_linear(&f->ops, f->up, f->normed, l->ffn_up, l->ffn_up_bias, n);
	if (l->ffn_gate) {
		float_linear(&f->ops, f->hidden, f->normed, l->ffn_gate, l->ffn_gate_bias, n);
		float_swiglu(f->hidden, f->up, (uint64_t)n * c->ffn);
	} else {
		float_gelu(f->hidden, f->up, (uint64_t)n * c->ffn);
	}
	if (seen(watch, input + FLOAT_HIDDEN, f->hidden, n, c->ffn))
		return true;
	float_linear(&f->ops, f->branch, f->hidden, l->ffn_down, l->ffn_down_bias, n);
	float_add(f->x, f->branch, (uint64_t)n * c->d_model);
	return false;
}

static int check_tokens(const struct npu_float_model *f, const uint32_t *tokens, uint32_t n,
			struct npu_error *err)
{
	if (!n || n > f->rows)
		return npu_error_set(err, -EINVAL, "a text of %u tokens, there is room for 1 to %u",
				     n, f->rows);
	for (uint32_t i = 0; i < n; i++)
		if (tokens[i] >= f->model->config.vocab)
			return npu_error_set(err, -EINVAL, "token %u: the model has %u",
					     tokens[i], f->model->config.vocab);
	return 0;
}

static void embed(struct npu_float_model *f, const uint32_t *tokens, uint32_t n)
{
	uint32_t d = f->model->config.d_model;

	for (uint32_t i = 0; i < n; i++) {
		npu_gguf_tensor_row(f->model->token_embd, tokens[i], f->x + (size_t)i * d);
		if (!f->model->position_embd)
			continue;
		npu_gguf_tensor_row(f->model->position_embd, i, f->branch);
		float_add(f->x + (size_t)i * d, f->branch, d);
	}
}

static int run(struct npu_float_model *f, const uint32_t *tokens, uint32_t n, float *logits,
	       const struct float_watch *watch, struct npu_error *err)
{
	const struct npu_model_config *c = &f->model->config;
	int ret = check_tokens(f, tokens, n, err);

	if (ret)
		return ret;
	embed(f, tokens, n);
	for (uint32_t i = 0; i < c->layers; i++)
		if (attention(f, i, n, watch) || feed_forward(f, i, n, watch))
			return 0;
	norm(f, f->model->output_norm, f->model->output_norm_bias, n);
	if (seen(watch, c->layers * FLOAT_INPUTS, f->normed, n, c->d_model))
		return 0;
	if (logits)
		float_linear(&f->ops, logits, f->normed, f->model->output, NULL, n);
	return 0;
}

int npu_float_model_run(struct npu_float_model *float_model, const uint32_t *tokens,
			uint32_t n, float *logits, struct npu_error *err)
{
	return run(float_model, tokens, n, logits, NULL, err);
}

int float_model_watch(struct npu_float_model *float_model, const uint32_t *tokens,
		      uint32_t n, const struct float_watch *watch, struct npu_error *err)
{
	return run(float_model, tokens, n, NULL, watch, err);
}
