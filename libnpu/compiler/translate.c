// SPDX-License-Identifier: MIT
/* Memory of values, and the nodes that become an operator by themselves. */
#include <errno.h>
#include <stdio.h>

#include <hw/npu_isa.h>

#include "constant.h"
#include "fuse.h"
#include "translate.h"
#include "weights.h"

/* Dimensions in the image: as many rows as there can be. */
static void image_dims(const struct translation *t, const struct npu_shape *s,
		       uint64_t dims[NPU_GRAPH_MAX_DIMS])
{
	for (uint32_t i = 0; i < s->n_dims; i++)
		dims[i] = s->dims[i] >= NPU_LAST_ROWS ? t->rows : s->dims[i];
}

const struct tensor *translate_tensor(struct translation *t, enum mem_kind mem,
				      uint32_t role, uint32_t type,
				      const struct npu_shape *shape, const char *name)
{
	uint64_t dims[NPU_GRAPH_MAX_DIMS];

	image_dims(t, shape, dims);
	return graph_tensor(t->to, mem, role, type, dims, shape->n_dims, "%s", name);
}

const struct tensor *translate_value(struct translation *t, struct npu_tensor *v)
{
	if (v->kind == VALUE_WEIGHT && !v->mem)
		v->mem = constant_floats(t->to, v->source);
	return v->mem;
}

/* Type that an output has in the image. */
static uint32_t output_type(const struct npu_tensor *v)
{
	return v->type == NPU_TYPE_I32 ? NPU_TYPE_I32 : NPU_TYPE_F32;
}

const struct tensor *translate_result(struct translation *t, struct npu_tensor *v,
				      uint32_t type)
{
	bool output = v->output[0] && type == output_type(v);
	struct npu_shape whole = v->shape;

	if (v->exchange) {
		v->mem = translate_partial(t, v);
		return v->mem;
	}
	if (v->out_cols) {
		whole.dims[whole.n_dims - 1] = v->out_cols;
		v->mem = translate_tensor(t, MEM_SHARED, NPU_JOB_OUTPUT, type, &whole, v->output);
		return v->mem;
	}
	v->mem = translate_tensor(t, output ? MEM_IO : MEM_SCRATCH, output ? NPU_JOB_OUTPUT : 0,
			    type, &v->shape, output ? v->output : v->name);
	return v->mem;
}

const struct tensor *translate_scratch(struct translation *t, const struct node *n,
				       const char *what, uint32_t type,
				       const struct npu_shape *shape)
{
	char name[NPU_JOB_NAME_LEN];

	snprintf(name, sizeof(name), "%.40s %s", n->name, what);
	return translate_tensor(t, MEM_SCRATCH, 0, type, shape, name);
}

void translate_vectors(struct op *op, const struct npu_shape *shape, uint64_t cols)
{
	uint64_t elements = shape_inner(shape);

	op->cols = cols;
	op->n_rows = 1;
	switch (shape->dims[0]) {
	case NPU_ROWS:
		op->rows = ROWS_ALL;
		break;
	case NPU_LAST_ROWS:
		op->rows = ROWS_LAST;
		break;
	default:
		op->rows = ROWS_FIXED;
	}
	op->vectors = elements / cols;
}

struct op *translate_op(struct translation *t, enum op_kind kind, const struct node *n,
			const struct npu_shape *shape)
{
	struct op *op = graph_op(t->to, kind, "%s", n->name);

	if (op)
		translate_vectors(op, shape, shape_last(shape));
	return op;
}

void translate_copy(struct translation *t, const struct node *n, const struct tensor *from,
		    const struct tensor *to, const struct npu_shape *shape)
{
	struct op *op = translate_op(t, OP_COPY, n, shape);

	if (!op)
		return;
	op->x = from;
	op->y[0] = to;
	translate_vectors(op, shape, 1);
	op->x_ld = 1;
	op->y_ld = 1;
}

void translate_output(struct translation *t, const struct node *n, struct npu_tensor *v)
{
	const struct tensor *to;

	if (!v->output[0] || !v->mem || v->mem->role == NPU_JOB_OUTPUT)
		return;
	to = translate_tensor(t, MEM_IO, NPU_JOB_OUTPUT, output_type(v), &v->shape, v->output);
	translate_copy(t, n, v->mem, to, &v->shape);
}

static void embedding(struct translation *t, struct node *n)
{
	const struct tensor *table = weights_embedding(t->to, n->in[0]->source);
	bool positions = n->in[1]->kind == VALUE_POSITIONS;
	struct op *op = translate_op(t, positions ? OP_COPY : OP_EMBED, n, &n->out[0]->shape);

	if (!op)
		return;
	op->x = table;
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
	op->x_ld = op->cols;
	op->y_ld = op->cols;
	if (positions)
		op->at_positions = true;
	else
		op->index = n->in[1]->mem;
	if (positions && n->in[0]->shape.dims[0] < t->context)
		graph_fail(t->to, -EINVAL, "%s: embedding: table '%s' has %llu positions, the graph is compiled for %u",
			   n->name, n->in[0]->name,
			   (unsigned long long)n->in[0]->shape.dims[0], t->context);
}

static void norm(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_NORM, n, &n->out[0]->shape);

	if (!op)
		return;
	op->norm_kind = n->kind == NODE_LAYERNORM ? NORM_LAYER : NORM_RMS;
	op->eps = n->a;
	op->norm = n->in[1] ? translate_value(t, n->in[1]) : constant_fill(t->to, op->cols, 1);
	if (n->kind == NODE_LAYERNORM)
		op->norm_bias = n->in[2] ? translate_value(t, n->in[2]) :
					   constant_fill(t->to, op->cols, 0);
	op->x = translate_value(t, n->in[0]);
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
}

static void softmax(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_SOFTMAX, n, &n->out[0]->shape);

	if (!op)
		return;
	op->eps = n->a;
	op->x = translate_value(t, n->in[0]);
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
}

static void rope(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_ROPE, n, &n->out[0]->shape);

	if (!op)
		return;
	op->shape.head_dim = op->cols;
	op->shape.rope_dims = n->rope.dims;
	op->rope_halves = n->rope.pairs == NPU_ROPE_HALVES;
	op->cos = constant_rope(t->to, t->context, &n->rope, false);
	op->sin = constant_rope(t->to, t->context, &n->rope, true);
	translate_vectors(op, &n->out[0]->shape, shape_inner(&n->out[0]->shape));
	op->x = translate_value(t, n->in[0]);
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
}

static void concat(struct translation *t, struct node *n)
{
	const struct tensor *y = translate_result(t, n->out[0], NPU_TYPE_F32);
	uint64_t at = 0;

	for (uint32_t i = 0; i < n->n_in; i++) {
		struct op *op = translate_op(t, OP_COPY, n, &n->in[i]->shape);

		if (!op)
			return;
		op->x = translate_value(t, n->in[i]);
		op->x_ld = op->cols;
		op->y[0] = y;
		op->y_ld = shape_last(&n->out[0]->shape);
		op->y_col = at;
		at += op->cols;
	}
}

static void slice(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_COPY, n, &n->out[0]->shape);

	if (!op)
		return;
	op->x = translate_value(t, n->in[0]);
	op->x_ld = shape_last(&n->in[0]->shape);
	op->x_col = n->first;
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
	op->y_ld = op->cols;
}

static void transpose(struct translation *t, struct node *n)
{
	const struct npu_shape *s = &n->in[0]->shape;
	struct op *op = translate_op(t, OP_TRANSPOSE, n, &n->out[0]->shape);

	if (!op)
		return;
	op->k = s->dims[s->n_dims - 2];
	translate_vectors(op, s, op->k * shape_last(s));
	op->x = translate_value(t, n->in[0]);
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
}

static void last_rows(struct translation *t, struct node *n)
{
	struct op *op = translate_op(t, OP_COPY, n, &n->out[0]->shape);

	if (!op)
		return;
	translate_vectors(op, &n->out[0]->shape, shape_inner(&n->out[0]->shape));
	op->rows = ROWS_LOGITS;
	op->x = translate_value(t, n->in[0]);
	op->x_ld = op->cols;
	op->y[0] = translate_result(t, n->out[0], NPU_TYPE_F32);
	op->y_ld = op->cols;
}

static void search(struct translation *t, struct node *n)
{
	bool argmax = n->kind == NODE_ARGMAX;
	struct op *op = translate_op(t, argmax ? OP_ARGMAX : OP_TOPK, n, &n->in[0]->shape);

	if (!op)
		return;
	op->k = n->first;
	op->x = translate_value(t, n->in[0]);
	op->y[0] = translate_result(t, n->out[0], argmax ? NPU_TYPE_I32 : NPU_TYPE_F32);
	if (!argmax)
		op->y[1] = translate_result(t, n->out[1], NPU_TYPE_I32);
}

static void reshape(struct translation *t, struct node *n)
{
	n->out[0]->mem = translate_value(t, n->in[0]);
	/* what it is made of may be an output of another name */
	if (!n->out[0]->output[0])
		return;
	translate_copy(t, n, n->out[0]->mem,
		       translate_tensor(t, MEM_IO, NPU_JOB_OUTPUT, output_type(n->out[0]),
				  &n->out[0]->shape, n->out[0]->output), &n->out[0]->shape);
}

static void alone(struct translation *t, struct node *n)
{
	static void (*const translate[])(struct translation *t, struct node *n) = {
		[NODE_EMBEDDING] = embedding, [NODE_LINEAR] = translate_linear,
		[NODE_RMSNORM] = norm, [NODE_LAYERNORM] = norm, [NODE_ROPE] = rope,
		[NODE_ATTENTION] = translate_attention, [NODE_ACT] = translate_map,
		[NODE_ADD] = translate_map, [NODE_SUB] = translate_map,
		[NODE_MUL] = translate_map, [NODE_SCALE] = translate_map,
		[NODE_SOFTMAX] = softmax, [NODE_CONCAT] = concat, [NODE_SLICE] = slice,
		[NODE_RESHAPE] = reshape, [NODE_TRANSPOSE] = transpose,
		[NODE_LAST_ROWS] = last_rows, [NODE_ARGMAX] = search, [NODE_TOPK] = search,
		[NODE_ALL_REDUCE] = translate_all_reduce,
	};

	translate[n->kind](t, n);
}

static void translate_node(struct translation *t, struct node *n)
{
	switch (n->plan) {
	case PLAN_DEAD:
	case PLAN_PART:
		return;
	case PLAN_ALONE:
		alone(t, n);
		break;
	case PLAN_LINEAR:
		translate_linear(t, n);
		break;
	case PLAN_GATED:
		translate_gated(t, n);
		break;
	case PLAN_QKV:
		translate_attention(t, n);
		break;
	case PLAN_MAP:
		translate_map(t, n);
		break;
	}
	if (n->kind != NODE_RESHAPE)
		translate_output(t, n, n->out[0]);
}

void translate_graph(struct translation *t)
{
	for (struct npu_tensor *v = t->from->values; v; v = v->next) {
		v->mem = NULL;
		if (v->kind == VALUE_INPUT)
			v->mem = translate_tensor(t, MEM_IO, NPU_JOB_INPUT, v->type, &v->shape,
					    v->name);
	}
	for (struct node *n = t->from->nodes; n && !t->to->err.code; n = n->next)
		translate_node(t, n);
}
