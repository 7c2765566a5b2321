// SPDX-License-Identifier: MIT
/* Life of a public graph, its nodes and values. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "node.h"

static const char *const kind_names[] = {
	[NODE_EMBEDDING] = "embedding", [NODE_LINEAR] = "linear",
	[NODE_RMSNORM] = "rmsnorm", [NODE_LAYERNORM] = "layernorm",
	[NODE_ROPE] = "rope", [NODE_ATTENTION] = "attention",
	[NODE_ACT] = "activation", [NODE_ADD] = "add", [NODE_SUB] = "sub",
	[NODE_MUL] = "mul", [NODE_SCALE] = "scale", [NODE_SOFTMAX] = "softmax",
	[NODE_CONCAT] = "concat", [NODE_SLICE] = "slice", [NODE_RESHAPE] = "reshape",
	[NODE_TRANSPOSE] = "transpose", [NODE_LAST_ROWS] = "last rows",
	[NODE_ARGMAX] = "argmax", [NODE_TOPK] = "top-k", [NODE_ALL_REDUCE] = "all-reduce",
};

int npu_graph_create(struct npu_graph **graph, struct npu_error *err)
{
	struct npu_graph *g = calloc(1, sizeof(*g));

	if (!g)
		return npu_error_set(err, -ENOMEM, "no memory for a graph");
	g->last_value = &g->values;
	g->last_node = &g->nodes;
	g->last_cache = &g->caches;
	*graph = g;
	return 0;
}

void npu_graph_destroy(struct npu_graph *graph)
{
	struct npu_tensor *v, *next_v;
	struct npu_cache *c, *next_c;
	struct node *n, *next_n;

	if (!graph)
		return;
	for (v = graph->values; v; v = next_v) {
		next_v = v->next;
		free(v->memory);
		free(v);
	}
	for (n = graph->nodes; n; n = next_n) {
		next_n = n->next;
		free((void *)n->rope.speeds);
		free(n);
	}
	for (c = graph->caches; c; c = next_c) {
		next_c = c->next;
		free(c);
	}
	free(graph);
}

const struct npu_error *npu_graph_error(const struct npu_graph *graph)
{
	return &graph->err;
}

static void fail(struct npu_graph *g, int code, const char *where, const char *fmt,
		 va_list args)
{
	char text[NPU_ERROR_LEN - NPU_ERROR_LEN / 4];

	if (g->err.code)
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	npu_error_set(&g->err, code, "%.100s%s", where, text);
}

void npu_graph_fail(struct npu_graph *graph, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail(graph, code, "", fmt, args);
	va_end(args);
}

void node_fail(struct npu_graph *g, const struct node *n, const char *fmt, ...)
{
	char where[NPU_JOB_NAME_LEN + 16];
	va_list args;

	snprintf(where, sizeof(where), "%s: %s: ", n->name, kind_names[n->kind]);
	va_start(args, fmt);
	fail(g, -EINVAL, where, fmt, args);
	va_end(args);
}

const char *node_kind_name(enum node_kind kind)
{
	return kind_names[kind];
}

struct npu_shape npu_tensor_shape(const struct npu_tensor *tensor)
{
	return tensor ? tensor->shape : (struct npu_shape){ 0 };
}

uint32_t npu_tensor_type(const struct npu_tensor *tensor)
{
	return tensor ? tensor->type : NPU_TYPE_NONE;
}

const char *npu_tensor_name(const struct npu_tensor *tensor)
{
	return tensor ? tensor->name : "";
}

/* Whether a tensor of this shape can exist at all. */
static bool check_shape(struct npu_graph *g, const char *name,
			const struct npu_shape *s)
{
	char text[SHAPE_TEXT_LEN];
	uint64_t inner;

	if (!s->n_dims || s->n_dims > NPU_GRAPH_MAX_DIMS) {
		npu_graph_fail(g, -EINVAL, "%s: %u dimensions; a tensor has 1 to %u", name,
			       s->n_dims, NPU_GRAPH_MAX_DIMS);
		return false;
	}
	for (uint32_t i = 0; i < s->n_dims; i++)
		if (!s->dims[i] || (i && s->dims[i] >= NPU_LAST_ROWS)) {
			npu_graph_fail(g, -EINVAL,
				       "%s: a shape of %s: sizes are not zero, and only the first is that of rows",
				       name, shape_text(text, s));
			return false;
		}
	inner = shape_inner(s);
	if (inner && inner < 1ull << (NPU_VA_BITS - 4))
		return true;
	npu_graph_fail(g, -EOVERFLOW, "%s: %s is too large for an address space", name,
		       shape_text(text, s));
	return false;
}

/* A name as it is taken over: not empty, and whole. */
static bool check_name(struct npu_graph *g, const char *name)
{
	if (name && *name && strlen(name) < NPU_JOB_NAME_LEN)
		return true;
	npu_graph_fail(g, -EINVAL, "'%.70s': a name has 1 to %d bytes", name ? name : "",
		       NPU_JOB_NAME_LEN - 1);
	return false;
}

struct npu_tensor *node_value(struct npu_graph *g, enum value_kind kind,
			      const char *name, uint32_t type,
			      const struct npu_shape *shape)
{
	struct npu_tensor *v;

	if (g->err.code || !check_name(g, name) || !check_shape(g, name, shape))
		return NULL;
	v = calloc(1, sizeof(*v));
	if (!v) {
		npu_graph_fail(g, -ENOMEM, "%s: no memory for a tensor", name);
		return NULL;
	}
	v->graph = g;
	v->kind = kind;
	snprintf(v->name, sizeof(v->name), "%s", name);
	v->type = type;
	v->shape = *shape;
	*g->last_value = v;
	g->last_value = &v->next;
	return v;
}

/* Operands must be there, of this graph, and not the positions of anything. */
static bool check_operands(struct npu_graph *g, const struct node *n, uint32_t needed)
{
	for (uint32_t i = 0; i < n->n_in; i++) {
		const struct npu_tensor *v = n->in[i];

		if (!v && i < needed)
			node_fail(g, n, "operand %u is missing", i + 1);
		else if (v && v->graph != g)
			node_fail(g, n, "'%s' belongs to another graph", v->name);
		else if (v && v->kind == VALUE_POSITIONS && n->kind != NODE_EMBEDDING)
			node_fail(g, n, "positions can only be the index of an embedding");
		else
			continue;
		return false;
	}
	return true;
}

struct node *node_new(struct npu_graph *g, enum node_kind kind, const char *name,
		      struct npu_tensor *const *in, uint32_t n_in, uint32_t needed)
{
	struct node *n;

	if (g->err.code || !check_name(g, name))
		return NULL;
	n = calloc(1, sizeof(*n) + n_in * sizeof(n->in[0]));
	if (!n) {
		npu_graph_fail(g, -ENOMEM, "%s: no memory for a node", name);
		return NULL;
	}
	*g->last_node = n;
	g->last_node = &n->next;
	n->kind = kind;
	snprintf(n->name, sizeof(n->name), "%s", name);
	n->n_in = n_in;
	if (n_in)
		memcpy(n->in, in, n_in * sizeof(n->in[0]));
	return check_operands(g, n, needed) ? n : NULL;
}

struct npu_tensor *node_result(struct npu_graph *g, struct node *n, uint32_t type,
			       const struct npu_shape *shape)
{
	struct npu_tensor *v = node_value(g, VALUE_NODE, n->name, type, shape);

	if (!v)
		return NULL;
	v->from = n;
	n->out[!!n->out[0]] = v;
	return v;
}

bool node_is_weight(struct npu_graph *g, const struct node *n,
		    const struct npu_tensor *value, const char *what)
{
	if (value->kind == VALUE_WEIGHT)
		return true;
	node_fail(g, n, "%s '%s' is computed, not a weight", what, value->name);
	return false;
}

bool node_is_float(struct npu_graph *g, const struct node *n,
		   const struct npu_tensor *value, const char *what)
{
	if (value->type == NPU_TYPE_F32 || value->type == NPU_TYPE_F16)
		return true;
	node_fail(g, n, "%s '%s' holds integers, not floating point numbers", what,
		  value->name);
	return false;
}

uint8_t node_unary(enum npu_act act)
{
	static const uint8_t unary[NPU_ACT_COUNT] = {
		[NPU_ACT_NONE] = NPU_UNARY_COPY, [NPU_ACT_RELU] = NPU_UNARY_RELU,
		[NPU_ACT_GELU] = NPU_UNARY_GELU, [NPU_ACT_GELU_ERF] = NPU_UNARY_GELU_ERF,
		[NPU_ACT_SILU] = NPU_UNARY_SILU, [NPU_ACT_TANH] = NPU_UNARY_TANH,
		[NPU_ACT_SIGMOID] = NPU_UNARY_SIGMOID,
	};

	return unary[act];
}
