// SPDX-License-Identifier: MIT
/* Nodes that move elements, and those that choose among them. */
#include <string.h>

#include "node.h"

static bool same_but_last(const struct npu_shape *a, const struct npu_shape *b)
{
	return a->n_dims == b->n_dims &&
	       !memcmp(a->dims, b->dims, (a->n_dims - 1) * sizeof(a->dims[0]));
}

struct npu_tensor *npu_graph_concat(struct npu_graph *graph, const char *name,
				    struct npu_tensor *const *parts, uint32_t n_parts)
{
	struct node *n = node_new(graph, NODE_CONCAT, name, parts, n_parts, n_parts);
	char a[SHAPE_TEXT_LEN], b[SHAPE_TEXT_LEN];
	struct npu_shape shape;

	if (!n)
		return NULL;
	if (!n_parts || parts[0]->shape.dims[parts[0]->shape.n_dims - 1] >= NPU_LAST_ROWS) {
		node_fail(graph, n, n_parts ? "rows of a run cannot stand side by side" :
			  "there are no parts");
		return NULL;
	}
	shape = parts[0]->shape;
	for (uint32_t i = 0; i < n_parts; i++) {
		if (!node_is_float(graph, n, parts[i], "part"))
			return NULL;
		if (!same_but_last(&parts[i]->shape, &shape)) {
			node_fail(graph, n, "'%s' is %s and '%s' is %s: only the last dimension may differ",
				  parts[0]->name, shape_text(a, &parts[0]->shape),
				  parts[i]->name, shape_text(b, &parts[i]->shape));
			return NULL;
		}
		if (i)
			shape.dims[shape.n_dims - 1] += shape_last(&parts[i]->shape);
	}
	return node_result(graph, n, NPU_TYPE_F32, &shape);
}

struct npu_tensor *npu_graph_slice(struct npu_graph *graph, const char *name,
				   struct npu_tensor *x, uint64_t first,
				   uint64_t count)
{
	struct node *n = node_new(graph, NODE_SLICE, name, &x, 1, 1);
	char text[SHAPE_TEXT_LEN];
	struct npu_shape shape;
	uint64_t last;

	if (!n || !node_is_float(graph, n, x, "input"))
		return NULL;
	shape = x->shape;
	last = shape.dims[shape.n_dims - 1];
	if (last >= NPU_LAST_ROWS || !count || first > last || count > last - first) {
		node_fail(graph, n, "columns %llu to %llu of '%s', which is %s",
			  (unsigned long long)first, (unsigned long long)(first + count),
			  x->name, shape_text(text, &x->shape));
		return NULL;
	}
	n->first = first;
	shape.dims[shape.n_dims - 1] = count;
	return node_result(graph, n, NPU_TYPE_F32, &shape);
}

struct npu_tensor *npu_graph_reshape(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, struct npu_shape shape)
{
	struct node *n = node_new(graph, NODE_RESHAPE, name, &x, 1, 1);
	char a[SHAPE_TEXT_LEN], b[SHAPE_TEXT_LEN];
	uint64_t from, to;

	if (!n)
		return NULL;
	from = x->shape.dims[0] >= NPU_LAST_ROWS ? x->shape.dims[0] : 0;
	to = shape.n_dims && shape.dims[0] >= NPU_LAST_ROWS ? shape.dims[0] : 0;
	if (!shape.n_dims || shape.n_dims > NPU_GRAPH_MAX_DIMS || from != to ||
	    shape_inner(&shape) != shape_inner(&x->shape)) {
		node_fail(graph, n, "'%s' is %s, which has other rows or another number of elements than %s",
			  x->name, shape_text(a, &x->shape), shape_text(b, &shape));
		return NULL;
	}
	return node_result(graph, n, x->type, &shape);
}

struct npu_tensor *npu_graph_transpose(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x)
{
	struct node *n = node_new(graph, NODE_TRANSPOSE, name, &x, 1, 1);
	char text[SHAPE_TEXT_LEN];
	struct npu_shape shape;
	uint32_t d;

	if (!n || !node_is_float(graph, n, x, "input"))
		return NULL;
	shape = x->shape;
	d = shape.n_dims;
	if (d < 2 || shape.dims[d - 2] >= NPU_LAST_ROWS) {
		node_fail(graph, n, "'%s' is %s: it needs two last dimensions that are not rows",
			  x->name, shape_text(text, &x->shape));
		return NULL;
	}
	shape.dims[d - 2] = x->shape.dims[d - 1];
	shape.dims[d - 1] = x->shape.dims[d - 2];
	return node_result(graph, n, NPU_TYPE_F32, &shape);
}

struct npu_tensor *npu_graph_last_rows(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x)
{
	struct node *n = node_new(graph, NODE_LAST_ROWS, name, &x, 1, 1);
	char text[SHAPE_TEXT_LEN];
	struct npu_shape shape;

	if (!n || !node_is_float(graph, n, x, "input"))
		return NULL;
	if (x->shape.dims[0] != NPU_ROWS) {
		node_fail(graph, n, "'%s' is %s and does not have the rows of a run", x->name,
			  shape_text(text, &x->shape));
		return NULL;
	}
	shape = x->shape;
	shape.dims[0] = NPU_LAST_ROWS;
	return node_result(graph, n, NPU_TYPE_F32, &shape);
}

/* A node that searches along the last dimension of @x. */
static struct node *search(struct npu_graph *g, enum node_kind kind, const char *name,
			   struct npu_tensor *x)
{
	struct node *n = node_new(g, kind, name, &x, 1, 1);
	char text[SHAPE_TEXT_LEN];

	if (!n || !node_is_float(g, n, x, "input"))
		return NULL;
	if (x->shape.n_dims >= 2)
		return n;
	node_fail(g, n, "'%s' is %s; a search is along the last of at least two dimensions",
		  x->name, shape_text(text, &x->shape));
	return NULL;
}

struct npu_tensor *npu_graph_argmax(struct npu_graph *graph, const char *name,
				    struct npu_tensor *x)
{
	struct node *n = search(graph, NODE_ARGMAX, name, x);
	struct npu_shape shape;

	if (!n)
		return NULL;
	shape = x->shape;
	shape.n_dims--;
	return node_result(graph, n, NPU_TYPE_I32, &shape);
}

struct npu_tensor *npu_graph_topk(struct npu_graph *graph, const char *name,
				  struct npu_tensor *x, uint32_t k,
				  struct npu_tensor **index)
{
	struct node *n = search(graph, NODE_TOPK, name, x);
	struct npu_tensor *values;
	struct npu_shape shape;

	*index = NULL;
	if (!n)
		return NULL;
	shape = x->shape;
	if (!k || k > shape_last(&shape)) {
		node_fail(graph, n, "the %u largest of %llu", k,
			  (unsigned long long)shape_last(&shape));
		return NULL;
	}
	n->first = k;
	shape.dims[shape.n_dims - 1] = k;
	values = node_result(graph, n, NPU_TYPE_F32, &shape);
	*index = node_result(graph, n, NPU_TYPE_I32, &shape);
	return values;
}
