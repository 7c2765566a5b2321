// SPDX-License-Identifier: MIT
/* A Llama-family transformer as operators (Touvron et al., 2023). */
#include <hw/npu_isa.h>

#include "llama.h"
#include "weights.h"

/**
 * struct blocks - what all blocks share
 * @g: graph
 * @c: the model's numbers
 * @context: positions
 * @chunk: tokens
 * @cos: RoPE table
 * @sin: RoPE table
 * @q: queries of a block
 * @att: output of its attention
 * @hidden: SwiGLU's result
 * @mid: residual stream between attention and feed-forward layer
 */
struct blocks {
	struct graph *g;
	const struct npu_model_config *c;
	uint32_t context, chunk;
	struct tensor *cos, *sin, *q, *att, *hidden, *mid;
};

static struct tensor *rows(struct blocks *b, enum mem_kind mem, uint32_t role,
			   uint32_t type, uint64_t cols, const char *name)
{
	return graph_tensor(b->g, mem, role, type, (uint64_t[]){ b->chunk, cols }, 2,
			    "%s", name);
}

static void blocks_init(struct blocks *b, struct graph *g,
			const struct npu_model_config *c, uint32_t context,
			uint32_t chunk)
{
	uint64_t heads = (uint64_t)c->heads * c->head_dim;

	*b = (struct blocks){ .g = g, .c = c, .context = context, .chunk = chunk };
	b->cos = weights_rope(g, context, c->rope_dims, c->rope_config.base, false);
	b->sin = weights_rope(g, context, c->rope_dims, c->rope_config.base, true);
	b->q = rows(b, MEM_SCRATCH, 0, NPU_TYPE_F16, heads, "queries");
	b->att = rows(b, MEM_SCRATCH, 0, NPU_TYPE_F16, heads, "attention");
	b->hidden = rows(b, MEM_SCRATCH, 0, NPU_TYPE_F16, c->ffn, "hidden");
	b->mid = rows(b, MEM_SCRATCH, 0, NPU_TYPE_F32, c->d_model, "residual");
}

static struct attention_shape shape_of(const struct blocks *b)
{
	return (struct attention_shape){
		.heads = b->c->heads, .kv_heads = b->c->kv_heads,
		.head_dim = b->c->head_dim, .rope_dims = b->c->rope_dims,
		.context = b->context,
	};
}

static void add_attention(struct blocks *b, const struct npu_model_layer *w,
			  uint32_t i, struct tensor *x)
{
	const struct kv_cache *cache = kv_cache_add(b->g, b->c->kv_heads, b->c->head_dim);
	struct op *op = graph_op(b->g, OP_QKV, "blk.%u.qkv", i);

	if (!op)
		return;
	op->x = x;
	op->norm = weights_vector(b->g, w->attn_norm);
	op->eps = b->c->norm_eps;
	op->w[0] = weights_matrix(b->g, w->attn_q, b->c->head_dim);
	op->w[1] = weights_matrix(b->g, w->attn_k, b->c->head_dim);
	op->w[2] = weights_matrix(b->g, w->attn_v, b->c->head_dim);
	op->y[0] = b->q;
	op->cache = cache;
	op->cos = b->cos;
	op->sin = b->sin;
	op->shape = shape_of(b);
	op = graph_op(b->g, OP_ATTENTION, "blk.%u.attention", i);
	if (!op)
		return;
	op->x = b->q;
	op->y[0] = b->att;
	op->cache = cache;
	op->shape = shape_of(b);
}

/* y = res + x * w */
static void add_output(struct blocks *b, const struct npu_gguf_tensor *w, uint32_t i,
		       const char *what, struct tensor *x, struct tensor *res,
		       struct tensor *y)
{
	struct op *op = graph_op(b->g, OP_LINEAR, "blk.%u.%s", i, what);

	if (!op)
		return;
	op->x = x;
	op->w[0] = weights_matrix(b->g, w, NPU_PACK_COLS);
	op->res = res;
	op->y[0] = y;
}

static void add_block(struct blocks *b, const struct npu_model_layer *w, uint32_t i,
		      struct tensor *x, struct tensor *y)
{
	struct op *op;

	add_attention(b, w, i, x);
	add_output(b, w->attn_output, i, "attn_output", b->att, x, b->mid);
	op = graph_op(b->g, OP_SWIGLU, "blk.%u.swiglu", i);
	if (!op)
		return;
	op->x = b->mid;
	op->norm = weights_vector(b->g, w->ffn_norm);
	op->eps = b->c->norm_eps;
	op->w[0] = weights_matrix(b->g, w->ffn_gate, NPU_PACK_COLS);
	op->w[1] = weights_matrix(b->g, w->ffn_up, NPU_PACK_COLS);
	op->act = NPU_UNARY_SILU;
	op->y[0] = b->hidden;
	add_output(b, w->ffn_down, i, "ffn_down", b->hidden, b->mid, y);
}

static void add_embedding(struct blocks *b, const struct npu_model *model,
			  struct tensor *x)
{
	struct tensor *tokens = graph_tensor(b->g, MEM_IO, NPU_JOB_INPUT, NPU_TYPE_I32,
					     (uint64_t[]){ b->chunk }, 1, "tokens");
	struct op *op = graph_op(b->g, OP_EMBED, "embedding");

	if (!op)
		return;
	op->x = weights_embedding(b->g, model->token_embd);
	op->index = tokens;
	op->y[0] = x;
}

static void add_logits(struct blocks *b, const struct npu_model *model,
		       struct tensor *x)
{
	struct tensor *logits = rows(b, MEM_IO, NPU_JOB_OUTPUT, NPU_TYPE_F32,
				     b->c->vocab, "logits");
	struct tensor *next = graph_tensor(b->g, MEM_IO, NPU_JOB_OUTPUT, NPU_TYPE_I32,
					   (uint64_t[]){ b->chunk }, 1, "next");
	struct op *op = graph_op(b->g, OP_LINEAR, "logits");

	if (!op)
		return;
	op->rows = ROWS_LOGITS;
	op->x = x;
	op->norm = weights_vector(b->g, model->output_norm);
	op->eps = b->c->norm_eps;
	op->w[0] = weights_matrix(b->g, model->output, NPU_PACK_COLS);
	op->y[0] = logits;
	op = graph_op(b->g, OP_ARGMAX, "argmax");
	if (!op)
		return;
	op->rows = ROWS_LAST;
	op->vectors = 1;
	op->cols = b->c->vocab;
	op->x = logits;
	op->y[0] = next;
}

void llama_graph(struct graph *g, const struct npu_model *model, uint32_t context,
		 uint32_t chunk)
{
	struct tensor *x;
	struct blocks b;

	blocks_init(&b, g, &model->config, context, chunk);
	x = rows(&b, MEM_SCRATCH, 0, NPU_TYPE_F32, model->config.d_model, "stream");
	add_embedding(&b, model, x);
	for (uint32_t i = 0; i < model->config.layers; i++)
		add_block(&b, &model->layer[i], i, x, x);
	add_logits(&b, model, x);
}

void llama_block_graph(struct graph *g, const struct npu_model *model, uint32_t layer,
		       uint32_t context, uint32_t chunk)
{
	uint64_t d = model->config.d_model;
	struct tensor *x, *y;
	struct blocks b;

	blocks_init(&b, g, &model->config, context, chunk);
	x = rows(&b, MEM_IO, NPU_JOB_INPUT, NPU_TYPE_F32, d, "x");
	y = rows(&b, MEM_IO, NPU_JOB_OUTPUT, NPU_TYPE_F32, d, "y");
	add_block(&b, &model->layer[layer], layer, x, y);
}
