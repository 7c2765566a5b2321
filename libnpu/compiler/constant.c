// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <string.h>

#include <hw/npu_isa.h>

#include <npu/graph.h>

#include "constant.h"

static int fill_floats(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->source;
	float *to = dst;

	for (uint64_t r = 0; r < src->rows; r++, to += src->dims[0]) {
		npu_gguf_tensor_row(src, r, to);
		for (uint64_t i = 0; i < src->dims[0]; i++)
			if (!isfinite(to[i]))
				return npu_error_set(err, -EINVAL,
						     "%s: row %llu has a number that is not finite: the file is damaged",
						     src->name, (unsigned long long)r);
	}
	return 0;
}

const struct tensor *constant_floats(struct graph *g, const struct npu_gguf_tensor *source)
{
	struct tensor *t;

	for (t = g->tensors; t; t = t->next)
		if (t->fill == fill_floats && t->source == source)
			return t;
	t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32,
			 (uint64_t[]){ source->dims[0] * source->rows }, 1, "%.60s",
			 source->name);
	if (t) {
		t->fill = fill_floats;
		t->source = source;
	}
	return t;
}

/* tensor->base: the value. */
static int fill_value(const struct tensor *t, void *dst, struct npu_error *err)
{
	float *to = dst;

	(void)err;
	for (uint64_t i = 0; i < t->dims[0]; i++)
		to[i] = t->base;
	return 0;
}

const struct tensor *constant_fill(struct graph *g, uint64_t n, float value)
{
	struct tensor *t;

	for (t = g->tensors; t; t = t->next)
		if (t->fill == fill_value && t->dims[0] == n && t->base == value)
			return t;
	t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32, (uint64_t[]){ n }, 1,
			 "%llu times %g", (unsigned long long)n, value);
	if (t) {
		t->fill = fill_value;
		t->base = value;
	}
	return t;
}

/* tensor->unit: 1 for sines, 0 for cosines. */
static int fill_rope(const struct tensor *t, void *dst, struct npu_error *err)
{
	uint64_t pairs = t->dims[1];
	float *table = dst;

	(void)err;
	for (uint64_t pos = 0; pos < t->dims[0]; pos++)
		for (uint64_t i = 0; i < pairs; i++) {
			double angle = pos * t->rope->speeds[i];

			*table++ = t->rope->magnitude * (t->unit ? sin(angle) : cos(angle));
		}
	return 0;
}

static bool same_table(const struct npu_rope *a, const struct npu_rope *b)
{
	return a->dims == b->dims && a->magnitude == b->magnitude &&
	       !memcmp(a->speeds, b->speeds, a->dims / 2 * sizeof(a->speeds[0]));
}

const struct tensor *constant_rope(struct graph *g, uint32_t context,
				   const struct npu_rope *rope, bool sine)
{
	struct tensor *t;

	for (t = g->tensors; t; t = t->next)
		if (t->fill == fill_rope && t->unit == sine && same_table(t->rope, rope))
			return t;
	t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32,
			 (uint64_t[]){ context, rope->dims / 2 }, 2,
			 sine ? "rope sines" : "rope cosines");
	if (t) {
		t->fill = fill_rope;
		t->rope = rope;
		t->unit = sine;
	}
	return t;
}
