// SPDX-License-Identifier: MIT
/* Where a graph's values come from and go to: inputs, weights, caches, outputs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

/* An image's tensors are found by name. */
bool node_name_taken(const struct npu_graph *g, const char *name)
{
	for (const struct npu_tensor *v = g->values; v; v = v->next)
		if ((v->kind == VALUE_INPUT && !strcmp(v->name, name)) ||
		    !strcmp(v->output, name))
			return true;
	/* these are names of what the compiler adds */
	return !strcmp(name, "kv") || !strcmp(name, "kv.layout") || !strcmp(name, "places") ||
	       !strcmp(name, "devices");
}

/* Names in an image stand on command lines, as NAME=FILE. */
static bool is_image_name(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || *name == '=')
			return false;
	return true;
}

static bool check_new_name(struct npu_graph *g, const char *name)
{
	if (g->err.code)
		return false;
	if (!name)
		return true;
	if (!is_image_name(name)) {
		npu_graph_fail(g, -EINVAL,
			       "'%.70s': names of inputs and outputs have printable ASCII characters, no space and no '='",
			       name);
		return false;
	}
	if (!node_name_taken(g, name))
		return true;
	npu_graph_fail(g, -EINVAL, "%s: the image has an input, output or other tensor of that name",
		       name);
	return false;
}

struct npu_tensor *npu_graph_input(struct npu_graph *graph, const char *name,
				   uint32_t type, struct npu_shape shape)
{
	if (!check_new_name(graph, name))
		return NULL;
	if (type != NPU_TYPE_F32 && type != NPU_TYPE_F16 && type != NPU_TYPE_I32) {
		npu_graph_fail(graph, -EINVAL, "%s: inputs are F32, F16 or I32, not type %u",
			       name ? name : "", type);
		return NULL;
	}
	if (shape.n_dims && shape.dims[0] == NPU_LAST_ROWS) {
		npu_graph_fail(graph, -EINVAL, "%s: an input has all rows of a run, not the last",
			       name ? name : "");
		return NULL;
	}
	return node_value(graph, VALUE_INPUT, name, type, &shape);
}

struct npu_tensor *npu_graph_weight(struct npu_graph *graph,
				    const struct npu_gguf_tensor *source)
{
	struct npu_shape shape = { 0 };
	char name[NPU_JOB_NAME_LEN];
	struct npu_tensor *v;

	if (graph->err.code)
		return NULL;
	if (!source) {
		npu_graph_fail(graph, -EINVAL, "a weight is missing");
		return NULL;
	}
	shape.n_dims = source->n_dims;
	for (uint32_t i = 0; i < source->n_dims && i < NPU_GRAPH_MAX_DIMS; i++)
		shape.dims[i] = source->dims[source->n_dims - 1 - i];
	snprintf(name, sizeof(name), "%.*s", NPU_JOB_NAME_LEN - 1, source->name);
	v = node_value(graph, VALUE_WEIGHT, name, NPU_TYPE_F32, &shape);
	if (v)
		v->source = source;
	return v;
}

struct npu_tensor *npu_graph_weight_rows(struct npu_graph *graph,
					 struct npu_tensor *weight,
					 uint64_t first, uint64_t count)
{
	struct npu_shape shape;
	struct npu_tensor *v;
	uint64_t each;

	if (graph->err.code)
		return NULL;
	if (!weight || weight->kind != VALUE_WEIGHT) {
		npu_graph_fail(graph, -EINVAL, "%s: rows are taken of weights only",
			       npu_tensor_name(weight));
		return NULL;
	}
	shape = weight->shape;
	if (!count || first > shape.dims[0] || count > shape.dims[0] - first) {
		npu_graph_fail(graph, -EINVAL,
			       "%s: rows %llu to %llu are not within its %llu rows", weight->name,
			       (unsigned long long)first, (unsigned long long)(first + count),
			       (unsigned long long)shape.dims[0]);
		return NULL;
	}
	/* A vector is one row of a file: its elements are what is counted here. */
	if (shape.n_dims == 1 && weight->source->type != NPU_GGUF_F32) {
		npu_graph_fail(graph, -EINVAL, "%s: parts are taken of F32 vectors only",
			       weight->name);
		return NULL;
	}
	shape.dims[0] = count;
	v = node_value(graph, VALUE_WEIGHT, weight->name, NPU_TYPE_F32, &shape);
	if (!v)
		return NULL;
	v->own = *weight->source;
	each = weight->source->size / weight->shape.dims[0];
	v->own.dims[shape.n_dims - 1] = count;
	v->own.rows = shape.n_dims == 1 ? 1 : weight->source->rows / weight->shape.dims[0] * count;
	v->own.row_size = shape.n_dims == 1 ? each * count : weight->source->row_size;
	v->own.size = each * count;
	v->own.offset += each * first;
	v->own.data = (const char *)weight->source->data + each * first;
	v->source = &v->own;
	return v;
}

struct npu_tensor *npu_graph_constant(struct npu_graph *graph, const char *name,
				      const float *data, struct npu_shape shape)
{
	struct npu_tensor *v;

	if (graph->err.code)
		return NULL;
	if (!data || (shape.n_dims && shape.dims[0] >= NPU_LAST_ROWS)) {
		npu_graph_fail(graph, -EINVAL, "%s: a constant has data, and a shape without rows",
			       name ? name : "");
		return NULL;
	}
	v = node_value(graph, VALUE_WEIGHT, name, NPU_TYPE_F32, &shape);
	if (!v)
		return NULL;
	snprintf(v->own.name, sizeof(v->own.name), "%s", name);
	v->own.type = NPU_GGUF_F32;
	v->own.n_dims = shape.n_dims;
	for (uint32_t i = 0; i < NPU_GGUF_MAX_DIMS; i++)
		v->own.dims[i] = i < shape.n_dims ? shape.dims[shape.n_dims - 1 - i] : 1;
	v->own.row_size = v->own.dims[0] * sizeof(float);
	v->own.rows = shape_inner(&shape) / v->own.dims[0];
	v->own.size = v->own.rows * v->own.row_size;
	v->own.data = data;
	v->source = &v->own;
	return v;
}

struct npu_tensor *npu_graph_positions(struct npu_graph *graph)
{
	if (!graph->positions)
		graph->positions = node_value(graph, VALUE_POSITIONS, "positions",
					      NPU_TYPE_I32, &NPU_SHAPE(NPU_ROWS));
	return graph->positions;
}

struct npu_cache *npu_graph_cache(struct npu_graph *graph, const char *name,
				  uint32_t heads, uint32_t head_dim)
{
	struct npu_cache *c;

	if (graph->err.code)
		return NULL;
	if (!name || !*name || strlen(name) >= NPU_JOB_NAME_LEN || !heads || !head_dim) {
		npu_graph_fail(graph, -EINVAL,
			       "cache '%.70s': %u heads of %u; it has at least one of each, and a name of at most %d bytes",
			       name ? name : "", heads, head_dim, NPU_JOB_NAME_LEN - 1);
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		npu_graph_fail(graph, -ENOMEM, "%s: no memory for a cache", name);
		return NULL;
	}
	c->graph = graph;
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->heads = heads;
	c->head_dim = head_dim;
	*graph->last_cache = c;
	graph->last_cache = &c->next;
	return c;
}

void npu_graph_output(struct npu_graph *graph, const char *name,
		      struct npu_tensor *tensor)
{
	if (!check_new_name(graph, name))
		return;
	if (!name || !*name || strlen(name) >= NPU_JOB_NAME_LEN)
		npu_graph_fail(graph, -EINVAL, "output '%.70s': a name has 1 to %d bytes",
			       name ? name : "", NPU_JOB_NAME_LEN - 1);
	else if (!tensor || tensor->graph != graph || tensor->kind != VALUE_NODE)
		npu_graph_fail(graph, -EINVAL, "output '%s': '%s' is not computed by this graph",
			       name, npu_tensor_name(tensor));
	else if (tensor->output[0])
		npu_graph_fail(graph, -EINVAL, "output '%s': '%s' is output '%s' already", name,
			       tensor->name, tensor->output);
	else
		snprintf(tensor->output, sizeof(tensor->output), "%s", name);
}
