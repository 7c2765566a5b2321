// SPDX-License-Identifier: MIT
/* Nodes that compute each element by itself, and softmax. */
#include <math.h>
#include <string.h>

#include "node.h"

/* What the weight @b gives for each of several vectors of @a: the last dimensions. */
static bool is_broadcast(const struct npu_tensor *a, const struct npu_tensor *b)
{
	uint32_t skip = a->shape.n_dims - b->shape.n_dims;

	return b->kind == VALUE_WEIGHT && b->shape.n_dims < a->shape.n_dims &&
	       !memcmp(a->shape.dims + skip, b->shape.dims,
		       b->shape.n_dims * sizeof(b->shape.dims[0]));
}

static struct npu_tensor *binary(struct npu_graph *g, enum node_kind kind,
				 const char *name, struct npu_tensor *a,
				 struct npu_tensor *b)
{
	struct npu_tensor *in[] = { a, b };
	struct node *n = node_new(g, kind, name, in, 2, 2);
	char x[SHAPE_TEXT_LEN], y[SHAPE_TEXT_LEN];

	if (!n || !node_is_float(g, n, a, "operand") || !node_is_float(g, n, b, "operand"))
		return NULL;
	if (!shape_equal(&a->shape, &b->shape) && !is_broadcast(a, b)) {
		node_fail(g, n, "'%s' is %s and '%s' is %s: the second must have the shape of the first, or be a weight of its last dimensions",
			  a->name, shape_text(x, &a->shape), b->name,
			  shape_text(y, &b->shape));
		return NULL;
	}
	return node_result(g, n, NPU_TYPE_F32, &a->shape);
}

struct npu_tensor *npu_graph_add(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b)
{
	return binary(graph, NODE_ADD, name, a, b);
}

struct npu_tensor *npu_graph_sub(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b)
{
	return binary(graph, NODE_SUB, name, a, b);
}

struct npu_tensor *npu_graph_mul(struct npu_graph *graph, const char *name,
				 struct npu_tensor *a, struct npu_tensor *b)
{
	return binary(graph, NODE_MUL, name, a, b);
}

/* A node with one floating point operand. */
static struct node *unary(struct npu_graph *g, enum node_kind kind, const char *name,
			  struct npu_tensor *x)
{
	struct node *n = node_new(g, kind, name, &x, 1, 1);

	return n && node_is_float(g, n, x, "operand") ? n : NULL;
}

struct npu_tensor *npu_graph_act(struct npu_graph *graph, const char *name,
				 struct npu_tensor *x, enum npu_act act)
{
	struct node *n = unary(graph, NODE_ACT, name, x);

	if (!n)
		return NULL;
	if ((unsigned int)act >= NPU_ACT_COUNT) {
		node_fail(graph, n, "there is no activation %d", act);
		return NULL;
	}
	n->act = act;
	return node_result(graph, n, NPU_TYPE_F32, &x->shape);
}

struct npu_tensor *npu_graph_scale(struct npu_graph *graph, const char *name,
				   struct npu_tensor *x, float factor, float offset)
{
	struct node *n = unary(graph, NODE_SCALE, name, x);

	if (!n)
		return NULL;
	n->a = factor;
	n->b = offset;
	return node_result(graph, n, NPU_TYPE_F32, &x->shape);
}

struct npu_tensor *npu_graph_softmax(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, float scale)
{
	struct node *n = unary(graph, NODE_SOFTMAX, name, x);

	if (!n)
		return NULL;
	if (!isfinite(scale)) {
		node_fail(graph, n, "scale of %g", scale);
		return NULL;
	}
	n->a = scale;
	return node_result(graph, n, NPU_TYPE_F32, &x->shape);
}
