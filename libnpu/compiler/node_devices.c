// SPDX-License-Identifier: MIT
#include <errno.h>

#include <hw/npu_isa.h>

#include "node_devices.h"
#include "quant/cut.h"

struct npu_tensor *npu_graph_weight_columns(struct npu_graph *graph,
					    struct npu_tensor *weight,
					    uint64_t first, uint64_t count)
{
	struct npu_error why = { 0 };
	struct npu_shape shape;
	struct npu_tensor *v;
	uint64_t inputs;
	int ret;

	if (graph->err.code || !weight)
		return NULL;
	shape = weight->shape;
	inputs = shape_last(&shape);
	if (first == 0 && count == inputs)
		return weight;
	if (weight->kind != VALUE_WEIGHT || shape.n_dims != 2 || !count || first > inputs ||
	    count > inputs - first || first % quant_cut_unit(weight->source)) {
		npu_graph_fail(graph, -EINVAL, "%s: inputs %llu to %llu of %llu cannot be taken of it",
			       weight->name, (unsigned long long)first,
			       (unsigned long long)(first + count), (unsigned long long)inputs);
		return NULL;
	}
	shape.dims[1] = count;
	v = node_value(graph, VALUE_WEIGHT, weight->name, NPU_TYPE_F32, &shape);
	if (!v)
		return NULL;
	ret = quant_cut(weight->source, first, count, &v->own, &v->memory, &why);
	if (ret)
		npu_graph_fail(graph, ret, "%s", why.message);
	v->source = &v->own;
	return v;
}

struct npu_tensor *npu_graph_all_reduce(struct npu_graph *graph, const char *name,
					struct npu_tensor *x, struct npu_tensor *residual,
					uint32_t rank, uint32_t devices)
{
	struct npu_tensor *in[] = { x, residual };
	struct node *n = node_new(graph, NODE_ALL_REDUCE, name, in, 2, 2);

	if (!n)
		return NULL;
	if (x->kind != VALUE_NODE || x->from->kind != NODE_LINEAR || x->exchange || x->output[0] ||
	    !shape_equal(&x->shape, &residual->shape) || rank >= devices) {
		node_fail(graph, n, "'%s' is not a linear layer's result of the shape of '%s'",
			  x->name, residual->name);
		return NULL;
	}
	n->first = rank;
	n->devices = devices;
	x->exchange = n;
	return node_result(graph, n, NPU_TYPE_F32, &x->shape);
}

void npu_graph_output_columns(struct npu_graph *graph, const char *name,
			      struct npu_tensor *x, uint64_t first, uint64_t cols)
{
	npu_graph_output(graph, name, x);
	if (graph->err.code)
		return;
	if (x->from->kind != NODE_LINEAR || first > cols || shape_last(&x->shape) > cols - first) {
		npu_graph_fail(graph, -EINVAL, "output '%s': columns from %llu on of %llu are not those of '%s'",
			       name, (unsigned long long)first, (unsigned long long)cols, x->name);
		return;
	}
	x->out_first = first;
	x->out_cols = cols;
}
