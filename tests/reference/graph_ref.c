// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/node.h"
#include "graph_ref.h"

/**
 * struct graph_ref - a graph and its values
 * @graph: graph
 * @max_rows: most rows of a run
 * @context: positions of caches
 * @pos: of this run; likewise @rows and @last
 * @values: elements of each value, in the graph's order
 * @keys: of each cache, [position][head][element]; likewise @vals
 */
struct graph_ref {
	struct npu_graph *graph;
	uint32_t max_rows, context, pos, rows, last;
	double **values, **keys, **vals;
};

static uint64_t elements(const struct npu_shape *s, uint64_t rows, uint64_t last)
{
	uint64_t n = shape_inner(s);

	return s->dims[0] == NPU_ROWS ? n * rows : s->dims[0] == NPU_LAST_ROWS ? n * last : n;
}

static void *take(uint64_t n)
{
	void *p = calloc(n ? n : 1, sizeof(double));

	if (!p)
		abort();
	return p;
}

static uint32_t index_of(const struct graph_ref *ref, const struct npu_tensor *tensor)
{
	uint32_t i = 0;

	for (const struct npu_tensor *v = ref->graph->values; v != tensor; v = v->next)
		i++;
	return i;
}

double *graph_ref_value(struct graph_ref *ref, const struct npu_tensor *tensor)
{
	return tensor ? ref->values[index_of(ref, tensor)] : NULL;
}

uint64_t graph_ref_count(const struct graph_ref *ref, const struct npu_tensor *tensor)
{
	return elements(&tensor->shape, ref->rows, ref->last);
}

static void load_weight(double *to, const struct npu_gguf_tensor *w)
{
	float *row = take(w->dims[0]);

	for (uint64_t r = 0; r < w->rows; r++) {
		npu_gguf_tensor_row(w, r, row);
		for (uint64_t i = 0; i < w->dims[0]; i++)
			*to++ = row[i];
	}
	free(row);
}

struct graph_ref *graph_ref_new(struct npu_graph *graph, uint32_t rows, uint32_t context)
{
	struct graph_ref *ref = calloc(1, sizeof(*ref));
	uint32_t n = 0, i = 0;

	if (!ref)
		abort();
	*ref = (struct graph_ref){ .graph = graph, .max_rows = rows, .context = context };
	for (const struct npu_tensor *v = graph->values; v; v = v->next)
		n++;
	ref->values = take(n);
	for (const struct npu_tensor *v = graph->values; v; v = v->next, i++) {
		ref->values[i] = take(elements(&v->shape, rows, rows));
		if (v->kind == VALUE_WEIGHT)
			load_weight(ref->values[i], v->source);
	}
	n = 0;
	for (const struct npu_cache *c = graph->caches; c; c = c->next)
		n++;
	ref->keys = take(n);
	ref->vals = take(n);
	i = 0;
	for (const struct npu_cache *c = graph->caches; c; c = c->next, i++) {
		ref->keys[i] = take((uint64_t)context * c->heads * c->head_dim);
		ref->vals[i] = take((uint64_t)context * c->heads * c->head_dim);
	}
	return ref;
}

void graph_ref_free(struct graph_ref *ref)
{
	uint32_t i = 0;

	for (const struct npu_tensor *v = ref->graph->values; v; v = v->next)
		free(ref->values[i++]);
	i = 0;
	for (const struct npu_cache *c = ref->graph->caches; c; c = c->next, i++) {
		free(ref->keys[i]);
		free(ref->vals[i]);
	}
	free(ref->values);
	free(ref->keys);
	free(ref->vals);
	free(ref);
}

static double activation(enum npu_act act, double x)
{
	switch (act) {
	case NPU_ACT_RELU:
		return x > 0 ? x : 0;
	case NPU_ACT_GELU:
		return x / 2 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
	case NPU_ACT_GELU_ERF:
		return x / 2 * (1 + erf(x / sqrt(2)));
	case NPU_ACT_SILU:
		return x / (1 + exp(-x));
	case NPU_ACT_TANH:
		return tanh(x);
	case NPU_ACT_SIGMOID:
		return 1 / (1 + exp(-x));
	default:
		return x;
	}
}

/* What a node computes with: elements of operands and results, vectors, their length. */
struct work {
	const struct node *n;
	const double *in[4];
	double *out[2];
	uint64_t vectors, cols;
};

static void embedding(struct graph_ref *ref, const struct work *w)
{
	uint64_t width = shape_last(&w->n->out[0]->shape);

	for (uint32_t r = 0; r < ref->rows; r++) {
		uint64_t at = w->n->in[1]->kind == VALUE_POSITIONS ? ref->pos + r :
			      (uint64_t)w->in[1][r];

		memcpy(w->out[0] + r * width, w->in[0] + at * width, width * sizeof(double));
	}
}

static void linear(const struct work *w)
{
	uint64_t k = w->cols, n = shape_last(&w->n->out[0]->shape);

	for (uint64_t r = 0; r < w->vectors; r++)
		for (uint64_t c = 0; c < n; c++) {
			double sum = w->in[2] ? w->in[2][c] : 0;

			for (uint64_t i = 0; i < k; i++)
				sum += w->in[0][r * k + i] * w->in[1][c * k + i];
			w->out[0][r * n + c] = activation(w->n->act, sum);
		}
}

static void norm(const struct work *w)
{
	bool layer = w->n->kind == NODE_LAYERNORM;

	for (uint64_t r = 0; r < w->vectors; r++) {
		const double *x = w->in[0] + r * w->cols;
		double *y = w->out[0] + r * w->cols, mean = 0, square = 0;

		for (uint64_t i = 0; layer && i < w->cols; i++)
			mean += x[i] / w->cols;
		for (uint64_t i = 0; i < w->cols; i++)
			square += (x[i] - mean) * (x[i] - mean) / w->cols;
		for (uint64_t i = 0; i < w->cols; i++)
			y[i] = (x[i] - mean) / sqrt(square + w->n->a) *
			       (w->in[1] ? w->in[1][i] : 1) +
			       (layer && w->in[2] ? w->in[2][i] : 0);
	}
}

static void rope(struct graph_ref *ref, const struct work *w)
{
	const struct npu_rope *rope = &w->n->rope;
	uint64_t heads = w->vectors / ref->rows;
	bool halves = rope->pairs == NPU_ROPE_HALVES;

	for (uint64_t v = 0; v < w->vectors; v++) {
		const double *x = w->in[0] + v * w->cols;
		double *y = w->out[0] + v * w->cols;

		memcpy(y, x, w->cols * sizeof(*y));
		for (uint32_t i = 0; i < rope->dims / 2; i++) {
			uint32_t a = halves ? i : 2 * i, b = halves ? i + rope->dims / 2 : a + 1;
			double angle = (ref->pos + v / heads) * rope->speeds[i];
			double c = rope->magnitude * cos(angle), s = rope->magnitude * sin(angle);

			y[a] = x[a] * c - x[b] * s;
			y[b] = x[b] * c + x[a] * s;
		}
	}
}

static void one_head(struct graph_ref *ref, const struct work *w, const double *keys,
		     const double *vals, uint32_t row, uint64_t head)
{
	const struct npu_cache *c = w->n->cache;
	uint64_t heads = w->n->in[0]->shape.dims[1], hd = c->head_dim;
	uint64_t kv = head / (heads / c->heads), end = ref->pos + row + 1;
	uint64_t first = w->n->first && end > w->n->first ? end - w->n->first : 0;
	const double *q = w->in[0] + (row * heads + head) * hd;
	double *y = w->out[0] + (row * heads + head) * hd, sum = 0;
	double *score = take(end), most = -INFINITY;

	for (uint64_t t = first; t < end; t++) {
		for (uint64_t i = 0; i < hd; i++)
			score[t] += q[i] * keys[(t * c->heads + kv) * hd + i] * w->n->a;
		most = fmax(most, score[t]);
	}
	memset(y, 0, hd * sizeof(*y));
	for (uint64_t t = first; t < end; t++) {
		double p = exp(score[t] - most);

		sum += p;
		for (uint64_t i = 0; i < hd; i++)
			y[i] += p * vals[(t * c->heads + kv) * hd + i];
	}
	for (uint64_t i = 0; i < hd; i++)
		y[i] /= sum;
	free(score);
}

static void attention(struct graph_ref *ref, const struct work *w)
{
	const struct npu_cache *c = ref->graph->caches;
	uint64_t row = (uint64_t)w->n->cache->heads * w->n->cache->head_dim;
	uint32_t i = 0;

	for (; c != w->n->cache; c = c->next)
		i++;
	memcpy(ref->keys[i] + ref->pos * row, w->in[1], ref->rows * row * sizeof(double));
	memcpy(ref->vals[i] + ref->pos * row, w->in[2], ref->rows * row * sizeof(double));
	for (uint32_t r = 0; r < ref->rows; r++)
		for (uint64_t h = 0; h < w->n->in[0]->shape.dims[1]; h++)
			one_head(ref, w, ref->keys[i], ref->vals[i], r, h);
}

static double both(enum node_kind kind, double a, double b)
{
	return kind == NODE_ADD ? a + b : kind == NODE_SUB ? a - b : a * b;
}

static void elementwise(const struct work *w)
{
	const struct node *n = w->n;
	uint64_t count = w->vectors * w->cols;
	uint64_t b = n->n_in == 2 && !shape_equal(&n->in[1]->shape, &n->out[0]->shape) ?
		     shape_inner(&n->in[1]->shape) : count;

	for (uint64_t i = 0; i < count; i++) {
		double x = w->in[0][i];

		w->out[0][i] = n->kind == NODE_ACT ? activation(n->act, x) :
			       n->kind == NODE_SCALE ? x * n->a + n->b :
			       both(n->kind, x, w->in[1][i % b]);
	}
}

static void softmax(const struct work *w)
{
	for (uint64_t r = 0; r < w->vectors; r++) {
		const double *x = w->in[0] + r * w->cols;
		double *y = w->out[0] + r * w->cols, most = -INFINITY, sum = 0;

		for (uint64_t i = 0; i < w->cols; i++)
			most = fmax(most, x[i] * w->n->a);
		for (uint64_t i = 0; i < w->cols; i++)
			sum += exp(x[i] * w->n->a - most);
		for (uint64_t i = 0; i < w->cols; i++)
			y[i] = exp(x[i] * w->n->a - most) / sum;
	}
}

static void concat(struct graph_ref *ref, const struct work *w)
{
	uint64_t all = shape_last(&w->n->out[0]->shape), at = 0;

	for (uint32_t p = 0; p < w->n->n_in; p++) {
		const double *x = graph_ref_value(ref, w->n->in[p]);
		uint64_t cols = shape_last(&w->n->in[p]->shape);

		for (uint64_t r = 0; r < w->vectors; r++)
			memcpy(w->out[0] + r * all + at, x + r * cols, cols * sizeof(*x));
		at += cols;
	}
}

static void slice(const struct work *w)
{
	uint64_t cols = shape_last(&w->n->out[0]->shape);

	for (uint64_t r = 0; r < w->vectors; r++)
		memcpy(w->out[0] + r * cols, w->in[0] + r * w->cols + w->n->first,
		       cols * sizeof(double));
}

static void transpose(const struct work *w)
{
	const struct npu_shape *s = &w->n->in[0]->shape;
	uint64_t a = s->dims[s->n_dims - 2], b = w->cols;

	for (uint64_t m = 0; m < w->vectors / a; m++)
		for (uint64_t i = 0; i < a * b; i++)
			w->out[0][m * a * b + i % b * a + i / b] = w->in[0][m * a * b + i];
}

/* The k largest, one after the other; of equal ones the lowest column. */
static void search(const struct work *w, uint64_t k, double *index, double *value)
{
	bool *taken = take(w->cols);

	for (uint64_t r = 0; r < w->vectors; r++) {
		memset(taken, 0, w->cols * sizeof(*taken));
		for (uint64_t j = 0; j < k; j++) {
			uint64_t best = w->cols;

			for (uint64_t i = 0; i < w->cols; i++)
				if (!taken[i] && (best == w->cols ||
						  w->in[0][r * w->cols + i] >
						  w->in[0][r * w->cols + best]))
					best = i;
			taken[best] = true;
			index[r * k + j] = best;
			if (value)
				value[r * k + j] = w->in[0][r * w->cols + best];
		}
	}
	free(taken);
}

static void run_node(struct graph_ref *ref, const struct work *w)
{
	uint64_t row;

	switch (w->n->kind) {
	case NODE_EMBEDDING:
		embedding(ref, w);
		break;
	case NODE_LINEAR:
		linear(w);
		break;
	case NODE_RMSNORM:
	case NODE_LAYERNORM:
		norm(w);
		break;
	case NODE_ROPE:
		rope(ref, w);
		break;
	case NODE_ATTENTION:
		attention(ref, w);
		break;
	case NODE_SOFTMAX:
		softmax(w);
		break;
	case NODE_CONCAT:
		concat(ref, w);
		break;
	case NODE_SLICE:
		slice(w);
		break;
	case NODE_RESHAPE:
		memcpy(w->out[0], w->in[0], w->vectors * w->cols * sizeof(double));
		break;
	case NODE_TRANSPOSE:
		transpose(w);
		break;
	case NODE_LAST_ROWS:
		row = shape_inner(&w->n->out[0]->shape);
		memcpy(w->out[0], w->in[0] + (ref->rows - ref->last) * row,
		       ref->last * row * sizeof(double));
		break;
	case NODE_ARGMAX:
		search(w, 1, w->out[0], NULL);
		break;
	case NODE_TOPK:
		search(w, w->n->first, w->out[1], w->out[0]);
		break;
	default:
		elementwise(w);
	}
}

void graph_ref_run(struct graph_ref *ref, uint32_t pos, uint32_t rows, uint32_t last)
{
	ref->pos = pos;
	ref->rows = rows;
	ref->last = last;
	for (const struct node *n = ref->graph->nodes; n; n = n->next) {
		struct work w = { .n = n, .cols = shape_last(&n->in[0]->shape) };

		w.vectors = elements(&n->in[0]->shape, rows, last) / w.cols;
		for (uint32_t i = 0; i < n->n_in && i < 4; i++)
			w.in[i] = graph_ref_value(ref, n->in[i]);
		for (int i = 0; i < 2; i++)
			w.out[i] = graph_ref_value(ref, n->out[i]);
		run_node(ref, &w);
	}
}
