// SPDX-License-Identifier: MIT
/*
 * Decoder-only transformers as graphs: Llama and its relatives (Touvron et al.,
 * 2023) with RMSNorm, RoPE and gated feed-forward layers, GPT-2 (Radford et
 * al., 2019) with LayerNorm, learned positions and biases, and what lies
 * between the two.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node_devices.h"
#include "transformer.h"

/**
 * struct blocks - what all blocks share
 * @g: graph
 * @m: model
 * @s: which part of it
 * @rope: rotation of queries and keys
 * @layer: block that is being built
 */
struct blocks {
	struct npu_graph *g;
	const struct npu_model *m;
	const struct shard *s;
	struct npu_rope rope;
	uint32_t layer;
};

/* Name of a node of the current block. */
struct block_name {
	char text[NPU_JOB_NAME_LEN];
};

static struct block_name name_of(const struct blocks *b, const char *what)
{
	struct block_name name;

	snprintf(name.text, sizeof(name.text), "blk.%u.%s", b->layer, what);
	return name;
}

static struct npu_tensor *weight(const struct blocks *b, const struct npu_gguf_tensor *w)
{
	return w ? npu_graph_weight(b->g, w) : NULL;
}

/* Some outputs of a matrix, or elements of a bias. */
static struct npu_tensor *outputs(const struct blocks *b, const struct npu_gguf_tensor *w,
				  struct range range, uint64_t each)
{
	struct npu_tensor *whole = weight(b, w);

	if (!whole || range.count * each == w->dims[w->n_dims - 1])
		return whole;
	return npu_graph_weight_rows(b->g, whole, range.first * each, range.count * each);
}

static struct npu_tensor *norm(const struct blocks *b, const char *name,
			       struct npu_tensor *x, const struct npu_gguf_tensor *w,
			       const struct npu_gguf_tensor *bias)
{
	float eps = b->m->config.norm_eps;

	if (b->m->config.norm == NPU_MODEL_LAYERNORM)
		return npu_graph_layernorm(b->g, name, x, weight(b, w), weight(b, bias), eps);
	return npu_graph_rmsnorm(b->g, name, x, weight(b, w), eps);
}

/* A layer of which each device computes some outputs, @range of @each. */
static struct npu_tensor *spread(const struct blocks *b, const char *what,
				 struct npu_tensor *x, const struct npu_gguf_tensor *w,
				 const struct npu_gguf_tensor *bias, struct range range,
				 uint64_t each, enum npu_act act)
{
	return npu_graph_linear(b->g, name_of(b, what).text, x, outputs(b, w, range, each),
				outputs(b, bias, range, each), act);
}

/*
 * A layer of which each device has some inputs, @range of @each, behind it the
 * sum of all devices, and the residual stream @x. One of them adds the bias.
 */
static struct npu_tensor *gather(const struct blocks *b, const char *what,
				 struct npu_tensor *y, const struct npu_gguf_tensor *w,
				 const struct npu_gguf_tensor *bias, struct range range,
				 uint64_t each, struct npu_tensor *x)
{
	const struct block_name name = name_of(b, what);
	struct npu_tensor *some = npu_graph_weight_columns(b->g, weight(b, w),
							   range.first * each,
							   range.count * each);

	y = npu_graph_linear(b->g, name.text, y, some, b->s->rank ? NULL : weight(b, bias),
			     NPU_ACT_NONE);
	if (b->s->devices == 1)
		return npu_graph_add(b->g, name.text, y, x);
	return npu_graph_all_reduce(b->g, name.text, y, x, b->s->rank, b->s->devices);
}

/* Heads of queries or keys: a matrix, a norm where there is one, a rotation. */
static struct npu_tensor *heads(const struct blocks *b, const char *what,
				struct npu_tensor *x, struct range range,
				const struct npu_gguf_tensor *w,
				const struct npu_gguf_tensor *bias,
				const struct npu_gguf_tensor *head_norm, bool rotate)
{
	const struct npu_model_config *c = &b->m->config;
	struct block_name name = name_of(b, what);

	x = spread(b, what, x, w, bias, range, c->head_dim, NPU_ACT_NONE);
	x = npu_graph_reshape(b->g, name.text, x,
			      NPU_SHAPE(NPU_ROWS, range.count, c->head_dim));
	if (head_norm)
		x = npu_graph_rmsnorm(b->g, name.text, x, weight(b, head_norm), c->norm_eps);
	return rotate ? npu_graph_rope(b->g, name.text, x, &b->rope) : x;
}

static struct npu_tensor *attention(const struct blocks *b,
				    const struct npu_model_layer *w, struct npu_tensor *x)
{
	const struct npu_model_config *c = &b->m->config;
	bool rotate = c->rope != NPU_MODEL_ROPE_NONE;
	struct npu_tensor *q, *k, *v;
	char name[NPU_JOB_NAME_LEN];
	struct npu_cache *cache;

	x = norm(b, name_of(b, "attn_norm").text, x, w->attn_norm, w->attn_norm_bias);
	q = heads(b, "attn_q", x, b->s->heads, w->attn_q, w->attn_q_bias, w->attn_q_norm, rotate);
	k = heads(b, "attn_k", x, b->s->kv_heads, w->attn_k, w->attn_k_bias, w->attn_k_norm,
		  rotate);
	v = heads(b, "attn_v", x, b->s->kv_heads, w->attn_v, w->attn_v_bias, NULL, false);
	snprintf(name, sizeof(name), "blk.%u", b->layer);
	cache = npu_graph_cache(b->g, name, b->s->kv_heads.count, c->head_dim);
	x = npu_graph_attention(b->g, name_of(b, "attention").text, q, k, v, cache,
				&(struct npu_attention){ .window = c->window });
	return npu_graph_reshape(b->g, name_of(b, "attention").text, x,
				 NPU_SHAPE(NPU_ROWS, b->s->heads.count * c->head_dim));
}

static struct npu_tensor *feed_forward(const struct blocks *b,
				       const struct npu_model_layer *w,
				       struct npu_tensor *x)
{
	struct npu_tensor *gate, *up;

	x = norm(b, name_of(b, "ffn_norm").text, x, w->ffn_norm, w->ffn_norm_bias);
	if (!w->ffn_gate)
		return spread(b, "ffn_up", x, w->ffn_up, w->ffn_up_bias, b->s->ffn, 1,
			      NPU_ACT_GELU);
	gate = spread(b, "ffn_gate", x, w->ffn_gate, w->ffn_gate_bias, b->s->ffn, 1,
		      NPU_ACT_SILU);
	up = spread(b, "ffn_up", x, w->ffn_up, w->ffn_up_bias, b->s->ffn, 1, NPU_ACT_NONE);
	return npu_graph_mul(b->g, name_of(b, "swiglu").text, gate, up);
}

static struct npu_tensor *block(struct blocks *b, uint32_t layer, struct npu_tensor *x)
{
	const struct npu_model_layer *w = &b->m->layer[layer];
	struct npu_tensor *y;

	b->layer = layer;
	y = attention(b, w, x);
	x = gather(b, "attn_output", y, w->attn_output, w->attn_output_bias, b->s->heads,
		   b->m->config.head_dim, x);
	y = feed_forward(b, w, x);
	return gather(b, "ffn_down", y, w->ffn_down, w->ffn_down_bias, b->s->ffn, 1, x);
}

/* Speeds are copied by each node that has them, so they live only here. */
static double *start(struct blocks *b, struct npu_graph *g, const struct npu_model *m,
		     const struct shard *s)
{
	const struct npu_model_config *c = &m->config;
	double *speeds;

	*b = (struct blocks){ .g = g, .m = m, .s = s };
	if (c->rope == NPU_MODEL_ROPE_NONE)
		return NULL;
	speeds = calloc(c->rope_dims, sizeof(*speeds));
	if (!speeds) {
		npu_graph_fail(g, -ENOMEM, "no memory for %u frequencies", c->rope_dims);
		return NULL;
	}
	b->rope = (struct npu_rope){
		.dims = c->rope_dims, .speeds = speeds,
		.pairs = c->rope == NPU_MODEL_ROPE_HALVES ? NPU_ROPE_HALVES :
							    NPU_ROPE_NEIGHBOURS,
		.magnitude = npu_model_rope(m, speeds),
	};
	return speeds;
}

static struct npu_tensor *embed(const struct blocks *b)
{
	struct npu_tensor *tokens, *x, *place;

	tokens = npu_graph_input(b->g, "tokens", NPU_TYPE_I32, NPU_SHAPE(NPU_ROWS));
	x = npu_graph_embedding(b->g, "embedding", weight(b, b->m->token_embd), tokens);
	if (!b->m->position_embd)
		return x;
	place = npu_graph_embedding(b->g, "positions", weight(b, b->m->position_embd),
				    npu_graph_positions(b->g));
	return npu_graph_add(b->g, "embedding", x, place);
}

/* Several devices leave what they have side by side, for the CPU to choose from. */
static void head(const struct blocks *b, struct npu_tensor *x)
{
	const struct range *vocab = &b->s->vocab;

	x = npu_graph_linear(b->g, "logits", x, outputs(b, b->m->output, *vocab, 1), NULL,
			     NPU_ACT_NONE);
	if (b->s->devices > 1) {
		npu_graph_output_columns(b->g, "logits", x, vocab->first, b->m->config.vocab);
		return;
	}
	npu_graph_output(b->g, "logits", x);
	npu_graph_output(b->g, "next", npu_graph_argmax(b->g, "argmax", x));
}

void transformer_graph(struct npu_graph *g, const struct npu_model *model,
		       const struct shard *shard)
{
	struct npu_tensor *x;
	struct blocks b;
	double *speeds = start(&b, g, model, shard);

	x = embed(&b);
	for (uint32_t i = 0; i < model->config.layers; i++)
		x = block(&b, i, x);
	x = npu_graph_last_rows(g, "logits", x);
	x = norm(&b, "output_norm", x, model->output_norm, model->output_norm_bias);
	head(&b, x);
	free(speeds);
}

void transformer_block_graph(struct npu_graph *g, const struct npu_model *model,
			     const struct shard *shard, uint32_t layer)
{
	struct npu_tensor *x;
	struct blocks b;
	double *speeds = start(&b, g, model, shard);

	x = npu_graph_input(g, "x", NPU_TYPE_F32, NPU_SHAPE(NPU_ROWS, model->config.d_model));
	npu_graph_output(g, "y", block(&b, layer, x));
	free(speeds);
}
