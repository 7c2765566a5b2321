// SPDX-License-Identifier: MIT
/* Nodes of attention: rotation by position, and attention over a cache. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"

/* Speeds are taken over, whether they are given or follow from the base. */
static bool take_speeds(struct npu_graph *g, struct node *n, const struct npu_rope *rope)
{
	uint32_t pairs = rope->dims / 2;
	double *speeds = calloc(pairs, sizeof(*speeds));

	n->rope = *rope;
	n->rope.speeds = speeds;
	if (!speeds) {
		npu_graph_fail(g, -ENOMEM, "%s: no memory for %u frequencies", n->name, pairs);
		return false;
	}
	for (uint32_t i = 0; i < pairs; i++) {
		speeds[i] = rope->speeds ? rope->speeds[i] :
			    pow(rope->base, -2.0 * i / rope->dims);
		if (isfinite(speeds[i]))
			continue;
		node_fail(g, n, "pair %u turns by %g a position", i, speeds[i]);
		return false;
	}
	return true;
}

struct npu_tensor *npu_graph_rope(struct npu_graph *graph, const char *name,
				  struct npu_tensor *x, const struct npu_rope *rope)
{
	struct node *n = node_new(graph, NODE_ROPE, name, &x, 1, 1);
	char text[SHAPE_TEXT_LEN];

	if (!n || !node_is_float(graph, n, x, "input"))
		return NULL;
	if (x->shape.dims[0] != NPU_ROWS || x->shape.n_dims < 2 || x->shape.n_dims > 3) {
		node_fail(graph, n, "input '%s' is %s, not [rows][heads][head_dim]", x->name,
			  shape_text(text, &x->shape));
		return NULL;
	}
	if (!rope || !rope->dims || rope->dims % 2 || rope->dims > shape_last(&x->shape)) {
		node_fail(graph, n, "%u elements of a head of %llu turn: it must be an even number of them",
			  rope ? rope->dims : 0, (unsigned long long)shape_last(&x->shape));
		return NULL;
	}
	if ((!rope->speeds && !(rope->base > 0)) || !isfinite(rope->magnitude) ||
	    (rope->pairs != NPU_ROPE_NEIGHBOURS && rope->pairs != NPU_ROPE_HALVES)) {
		node_fail(graph, n, "base %g, magnitude %g, pairs %d: base and magnitude must be positive, pairs one of enum npu_rope_pairs",
			  rope->base, rope->magnitude, rope->pairs);
		return NULL;
	}
	if (!take_speeds(graph, n, rope))
		return NULL;
	if (n->rope.magnitude == 0)
		n->rope.magnitude = 1;
	return node_result(graph, n, NPU_TYPE_F32, &x->shape);
}

static bool is_heads(const struct npu_tensor *v)
{
	return v->shape.n_dims == 3 && v->shape.dims[0] == NPU_ROWS;
}

static bool check_cache(struct npu_graph *g, const struct node *n,
			const struct npu_cache *cache)
{
	if (!cache || cache->graph != g)
		node_fail(g, n, "a cache of this graph is missing");
	else if (cache->user)
		node_fail(g, n, "cache '%s' belongs to '%s' already", cache->name,
			  cache->user->name);
	else
		return true;
	return false;
}

static bool check_attention(struct npu_graph *g, const struct node *n,
			    const struct npu_cache *cache)
{
	static const char *const what[] = { "query", "key", "value" };
	const struct npu_shape *q = &n->in[0]->shape;
	char text[SHAPE_TEXT_LEN];

	for (int i = 0; i < 3; i++) {
		if (!node_is_float(g, n, n->in[i], what[i]))
			return false;
		if (is_heads(n->in[i]))
			continue;
		node_fail(g, n, "%s '%s' is %s, not [rows][heads][head_dim]", what[i],
			  n->in[i]->name, shape_text(text, &n->in[i]->shape));
		return false;
	}
	for (int i = 1; i < 3; i++) {
		const struct npu_shape *s = &n->in[i]->shape;

		if (s->dims[1] == cache->heads && s->dims[2] == cache->head_dim)
			continue;
		node_fail(g, n, "%s '%s' is %s, cache '%s' is for %u heads of %u", what[i],
			  n->in[i]->name, shape_text(text, s), cache->name, cache->heads,
			  cache->head_dim);
		return false;
	}
	if (q->dims[1] % cache->heads || q->dims[2] != cache->head_dim) {
		node_fail(g, n, "query '%s' is %s, and cache '%s' has %u heads of %u: query heads are a multiple of them, as wide",
			  n->in[0]->name, shape_text(text, q), cache->name, cache->heads,
			  cache->head_dim);
		return false;
	}
	return true;
}

struct npu_tensor *npu_graph_attention(struct npu_graph *graph, const char *name,
				       struct npu_tensor *q, struct npu_tensor *k,
				       struct npu_tensor *v, struct npu_cache *cache,
				       const struct npu_attention *attention)
{
	static const struct npu_attention defaults;
	struct npu_tensor *in[] = { q, k, v };
	struct node *n = node_new(graph, NODE_ATTENTION, name, in, 3, 3);

	if (!n)
		return NULL;
	if (!check_cache(graph, n, cache) || !check_attention(graph, n, cache))
		return NULL;
	attention = attention ? attention : &defaults;
	if (!isfinite(attention->scale)) {
		node_fail(graph, n, "scale of %g", attention->scale);
		return NULL;
	}
	n->cache = cache;
	n->a = attention->scale != 0 ? attention->scale : 1 / sqrtf(cache->head_dim);
	n->first = attention->window;
	cache->user = n;
	return node_result(graph, n, NPU_TYPE_F32, &q->shape);
}
