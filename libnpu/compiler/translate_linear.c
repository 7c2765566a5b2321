// SPDX-License-Identifier: MIT
/* Linear layers, with what is fused with them. */
#include <hw/npu_isa.h>

#include "bias.h"
#include "constant.h"
#include "translate.h"
#include "weights.h"

/* The input of a linear layer: through the last rows, and its norm. */
static void take_input(struct translation *t, struct op *op, struct npu_tensor *v)
{
	struct node *n = v->kind == VALUE_NODE ? v->from : NULL;

	if (n && n->plan == PLAN_PART && (n->kind == NODE_RMSNORM || n->kind == NODE_LAYERNORM)) {
		op->norm_kind = n->kind == NODE_LAYERNORM ? NORM_LAYER : NORM_RMS;
		op->eps = n->a;
		op->norm = n->in[1] ? translate_value(t, n->in[1]) :
				      constant_fill(t->to, shape_last(&v->shape), 1);
		if (n->kind == NODE_LAYERNORM)
			op->norm_bias = n->in[2] ? translate_value(t, n->in[2]) :
					constant_fill(t->to, shape_last(&v->shape), 0);
		v = n->in[0];
		n = v->kind == VALUE_NODE ? v->from : NULL;
	}
	if (n && n->plan == PLAN_PART && n->kind == NODE_LAST_ROWS) {
		op->rows = ROWS_LOGITS;
		v = n->in[0];
	}
	op->x = translate_value(t, v);
}

/* Weights and bias of a linear layer as those of an operator. */
static void take_weights(struct translation *t, struct op *op, int i,
			 const struct node *linear, uint32_t unit)
{
	op->w[i] = weights_matrix(t->to, linear->in[1]->source, unit);
	if (linear->in[2])
		op->bias[i] = bias_vector(t->to, linear->in[2]->source, unit);
}

/* Rows of a product: those of its input. */
static void take_rows(struct op *op, const struct npu_shape *shape)
{
	translate_vectors(op, shape, shape_last(shape));
	if (op->rows == ROWS_FIXED)
		op->n_rows = shape->dims[0];
}

/* An activation that the matrix engine lacks, in place behind the product. */
static void activate(struct translation *t, const struct node *n, const struct tensor *x,
		     const struct tensor *y, uint8_t fn)
{
	struct op *op = translate_op(t, OP_MAP, n, &n->out[0]->shape);

	if (!op)
		return;
	translate_vectors(op, &n->out[0]->shape, 1);
	op->map.n_operands = 1;
	op->map.operand[0] = x;
	op->map.n_steps = 1;
	op->map.step[0] = (struct map_step){ .kind = MAP_UNARY, .fn = fn };
	op->y[0] = y;
}

void translate_linear(struct translation *t, struct node *n)
{
	struct node *linear = n->plan == PLAN_LINEAR ? n->part[0] : n;
	struct op *op = translate_op(t, OP_LINEAR, n, &n->out[0]->shape);
	bool apart = n->plan == PLAN_ALONE && n->act != NPU_ACT_NONE;
	const struct tensor *y;

	if (!op)
		return;
	take_rows(op, &n->out[0]->shape);
	take_input(t, op, linear->in[0]);
	take_weights(t, op, 0, linear, NPU_PACK_COLS);
	op->act = apart ? NPU_UNARY_COPY : n->fn;
	op->res = n->res ? translate_value(t, n->res) : NULL;
	op->y[0] = apart ? translate_scratch(t, n, "product", NPU_TYPE_F32, &n->out[0]->shape) :
			   translate_result(t, n->out[0], NPU_TYPE_F32);
	op->y_col = n->out[0]->out_first;
	op->y_ld = n->out[0]->out_cols;
	if (!apart)
		return;
	y = translate_result(t, n->out[0], NPU_TYPE_F32);
	activate(t, n, op->y[0], y, node_unary(n->act));
}

void translate_gated(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_SWIGLU, n, &n->out[0]->shape);

	if (!op)
		return;
	take_rows(op, &n->out[0]->shape);
	take_input(t, op, n->part[0]->in[0]);
	take_weights(t, op, 0, n->part[0], NPU_PACK_COLS);
	take_weights(t, op, 1, n->part[1], NPU_PACK_COLS);
	op->act = n->fn;
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F16);
}

/* Queries, keys and values by their linear layers; queries to @q. */
static void products(struct translation *t, struct node *n, const struct tensor *q,
		     const struct kv_cache *cache, const struct attention_shape *shape)
{
	struct op *op = graph_op(t->to, OP_QKV, "%.58s.qkv", n->cache->name);
	const struct node *rope = n->part[PLAN_ROPE];

	if (!op)
		return;
	take_input(t, op, n->part[0]->in[0]);
	for (int i = 0; i < 3; i++)
		take_weights(t, op, i, n->part[i], shape->head_dim);
	for (int i = 0; i < 2; i++) {
		const struct node *norm = n->part[PLAN_HEAD_NORM + i];

		if (!norm)
			continue;
		op->head_norm[i] = translate_value(t, norm->in[1]);
		op->head_eps = norm->a;
	}
	if (rope) {
		op->cos = constant_rope(t->to, t->context, &rope->rope, false);
		op->sin = constant_rope(t->to, t->context, &rope->rope, true);
		op->rope_halves = rope->rope.pairs == NPU_ROPE_HALVES;
	}
	op->shape = *shape;
	op->cache = cache;
	op->y[0] = q;
}

/* Sizes of a matrix that would give the heads that are there. */
static struct matrix sizes_of(const struct npu_shape *heads)
{
	uint32_t n = heads->dims[1], unit = heads->dims[2];

	return (struct matrix){
		.n = n * unit, .unit = unit, .units = n,
		.unit_cols = (unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS * NPU_PACK_COLS,
	};
}

/* A value as F32: what is kept in F16 becomes so. */
static const struct tensor *single(struct translation *t, const struct node *n,
				   struct npu_tensor *v)
{
	const struct tensor *x = translate_value(t, v), *y;

	if (x && x->type != NPU_TYPE_F32) {
		y = translate_scratch(t, n, "single", NPU_TYPE_F32, &v->shape);
		translate_copy(t, n, x, y, &v->shape);
		return y;
	}
	return x;
}

/* Queries, keys and values as they are. */
static void values(struct translation *t, struct node *n, const struct tensor *q,
		   const struct kv_cache *cache, const struct attention_shape *shape)
{
	const struct tensor *heads[3];
	struct op *op;

	for (int i = 0; i < 3; i++)
		heads[i] = single(t, n, n->in[i]);
	op = graph_op(t->to, OP_QKV, "%.57s.cache", n->cache->name);
	if (!op)
		return;
	for (int i = 0; i < 3; i++) {
		op->heads[i] = heads[i];
		op->w[i] = sizes_of(&n->in[i]->shape);
	}
	op->shape = *shape;
	op->cache = cache;
	op->y[0] = q;
}

void translate_attention(struct translation *t, struct node *n)
{
	const struct npu_cache *c = n->cache;
	const struct node *rope = n->part[PLAN_ROPE];
	const struct attention_shape shape = {
		.heads = n->in[0]->shape.dims[1], .kv_heads = c->heads,
		.head_dim = c->head_dim, .context = t->context,
		.rope_dims = rope ? rope->rope.dims : 0,
		.window = n->first, .scale = n->a,
	};
	const struct kv_cache *cache = kv_cache_add(t->to, c->heads, c->head_dim);
	const struct tensor *q = translate_scratch(t, n, "queries", NPU_TYPE_F16,
						   &n->in[0]->shape);
	struct op *op;

	if (n->plan == PLAN_QKV)
		products(t, n, q, cache, &shape);
	else
		values(t, n, q, cache, &shape);
	op = graph_op(t->to, OP_ATTENTION, "%s", n->name);
	if (!op)
		return;
	op->x = q;
	op->shape = shape;
	op->cache = cache;
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F16);
}
