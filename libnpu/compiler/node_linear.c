// SPDX-License-Identifier: MIT
/* Nodes that have weights: embedding, linear layer, norms. */
#include "node.h"

struct npu_tensor *npu_graph_embedding(struct npu_graph *graph, const char *name,
				       struct npu_tensor *table,
				       struct npu_tensor *index)
{
	struct npu_tensor *in[] = { table, index };
	struct node *n = node_new(graph, NODE_EMBEDDING, name, in, 2, 2);
	char text[SHAPE_TEXT_LEN];

	if (!n || !node_is_weight(graph, n, table, "table"))
		return NULL;
	if (table->shape.n_dims != 2) {
		node_fail(graph, n, "table '%s' is %s, not [entries][width]", table->name,
			  shape_text(text, &table->shape));
		return NULL;
	}
	if (index->type != NPU_TYPE_I32 || index->shape.n_dims != 1 ||
	    index->shape.dims[0] != NPU_ROWS || index->kind == VALUE_NODE) {
		node_fail(graph, n, "index '%s' of %s is not an input I32[rows]", index->name,
			  shape_text(text, &index->shape));
		return NULL;
	}
	return node_result(graph, n, NPU_TYPE_F32,
			   &NPU_SHAPE(NPU_ROWS, table->shape.dims[1]));
}

/* A vector of weights as long as @n. */
static bool check_vector(struct npu_graph *g, const struct node *node,
			 const struct npu_tensor *v, const char *what, uint64_t n)
{
	char text[SHAPE_TEXT_LEN];

	if (!v)
		return true;
	if (!node_is_weight(g, node, v, what))
		return false;
	if (v->shape.n_dims == 1 && v->shape.dims[0] == n)
		return true;
	node_fail(g, node, "%s '%s' is %s, not [%llu]", what, v->name,
		  shape_text(text, &v->shape), (unsigned long long)n);
	return false;
}

struct npu_tensor *npu_graph_linear(struct npu_graph *graph, const char *name,
				    struct npu_tensor *x, struct npu_tensor *weight,
				    struct npu_tensor *bias, enum npu_act act)
{
	struct npu_tensor *in[] = { x, weight, bias };
	struct node *n = node_new(graph, NODE_LINEAR, name, in, 3, 2);
	char a[SHAPE_TEXT_LEN], b[SHAPE_TEXT_LEN];

	if (!n || !node_is_float(graph, n, x, "input") ||
	    !node_is_weight(graph, n, weight, "weight"))
		return NULL;
	if (x->shape.n_dims != 2 || weight->shape.n_dims != 2 ||
	    shape_last(&x->shape) != shape_last(&weight->shape)) {
		node_fail(graph, n, "input '%s' is %s, weight '%s' is %s: they must be [rows][inputs] and [outputs][inputs]",
			  x->name, shape_text(a, &x->shape), weight->name,
			  shape_text(b, &weight->shape));
		return NULL;
	}
	if (!check_vector(graph, n, bias, "bias", weight->shape.dims[0]))
		return NULL;
	if ((unsigned int)act >= NPU_ACT_COUNT) {
		node_fail(graph, n, "there is no activation %d", act);
		return NULL;
	}
	n->act = act;
	return node_result(graph, n, NPU_TYPE_F32,
			   &NPU_SHAPE(x->shape.dims[0], weight->shape.dims[0]));
}

static struct npu_tensor *norm(struct npu_graph *g, enum node_kind kind,
			       const char *name, struct npu_tensor *const *in,
			       uint32_t n_in, float eps)
{
	struct node *n = node_new(g, kind, name, in, n_in, 1);
	uint64_t last;

	if (!n || !node_is_float(g, n, in[0], "input"))
		return NULL;
	last = shape_last(&in[0]->shape);
	for (uint32_t i = 1; i < n_in; i++)
		if (!check_vector(g, n, in[i], i == 1 ? "weight" : "bias", last))
			return NULL;
	if (!(eps >= 0)) {
		node_fail(g, n, "eps of %g: it is added to a square, and not negative", eps);
		return NULL;
	}
	n->a = eps;
	return node_result(g, n, NPU_TYPE_F32, &in[0]->shape);
}

struct npu_tensor *npu_graph_rmsnorm(struct npu_graph *graph, const char *name,
				     struct npu_tensor *x, struct npu_tensor *weight,
				     float eps)
{
	struct npu_tensor *in[] = { x, weight };

	return norm(graph, NODE_RMSNORM, name, in, 2, eps);
}

struct npu_tensor *npu_graph_layernorm(struct npu_graph *graph, const char *name,
				       struct npu_tensor *x, struct npu_tensor *weight,
				       struct npu_tensor *bias, float eps)
{
	struct npu_tensor *in[] = { x, weight, bias };

	return norm(graph, NODE_LAYERNORM, name, in, 3, eps);
}
