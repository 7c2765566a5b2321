// SPDX-License-Identifier: MIT
/* Contents of the weight segment, converted from the model file. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "model/half.h"
#include "weights.h"

static int no_memory(const struct tensor *t, struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "no memory to convert %s", t->name);
}

static int not_finite(const struct tensor *t, uint64_t row, struct npu_error *err)
{
	return npu_error_set(err, -EINVAL,
			     "%s: row %llu has a weight that is not a finite number: the file is damaged",
			     t->source->name, (unsigned long long)row);
}

static int fill_vector(const struct tensor *t, void *dst, struct npu_error *err)
{
	float *v = dst;

	npu_gguf_tensor_row(t->source, 0, v);
	for (uint64_t i = 0; i < t->dims[0]; i++)
		if (!isfinite(v[i]))
			return not_finite(t, 0, err);
	return 0;
}

struct tensor *weights_vector(struct graph *g, const struct npu_gguf_tensor *source)
{
	struct tensor *t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32, source->dims, 1,
					"%.60s", source->name);

	if (t) {
		t->fill = fill_vector;
		t->source = source;
	}
	return t;
}

static int fill_embedding(const struct tensor *t, void *dst, struct npu_error *err)
{
	uint64_t d = t->dims[1];
	uint16_t *half = dst;
	float *row = malloc(d * sizeof(*row));

	if (!row)
		return no_memory(t, err);
	for (uint64_t n = 0; n < t->dims[0]; n++) {
		npu_gguf_tensor_row(t->source, n, row);
		for (uint64_t i = 0; i < d; i++) {
			half[n * d + i] = float_to_half(row[i]);
			if (isfinite(row[i]) && (half[n * d + i] & 0x7c00) != 0x7c00)
				continue;
			free(row);
			return npu_error_set(err, -EINVAL,
					     "%s: row %llu has a weight that binary16 cannot hold",
					     t->name, (unsigned long long)n);
		}
	}
	free(row);
	return 0;
}

struct tensor *weights_embedding(struct graph *g, const struct npu_gguf_tensor *source)
{
	struct tensor *t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F16,
					(uint64_t[]){ source->dims[1], source->dims[0] }, 2,
					"%.50s rows", source->name);

	if (t) {
		t->fill = fill_embedding;
		t->source = source;
	}
	return t;
}

/* tensor->base: of the angles; tensor->unit: 1 for sines, 0 for cosines. */
static int fill_rope(const struct tensor *t, void *dst, struct npu_error *err)
{
	uint64_t pairs = t->dims[1];
	float *table = dst;

	(void)err;
	for (uint64_t i = 0; i < pairs; i++) {
		double speed = pow(t->base, -(double)i / pairs);

		for (uint64_t pos = 0; pos < t->dims[0]; pos++)
			table[pos * pairs + i] = t->unit ? sin(pos * speed) : cos(pos * speed);
	}
	return 0;
}

struct tensor *weights_rope(struct graph *g, uint32_t context, uint32_t dims,
			    float base, bool sine)
{
	struct tensor *t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32,
					(uint64_t[]){ context, dims / 2 }, 2,
					sine ? "rope sines" : "rope cosines");

	if (t) {
		t->fill = fill_rope;
		t->base = base;
		t->unit = sine;
	}
	return t;
}

int weights_fill(const struct graph *g, void *segment, struct npu_error *err)
{
	uint64_t done = 0;

	for (const struct tensor *t = g->tensors; t; t = t->next) {
		int ret;

		if (!t->fill)
			continue;
		if (g->progress)
			g->progress(g->progress_opaque, t->name, done, g->size[MEM_WEIGHTS]);
		done += t->size;
		ret = t->fill(t, (char *)segment + (t->va - g->base[MEM_WEIGHTS]), err);
		if (ret)
			return ret;
	}
	if (g->progress)
		g->progress(g->progress_opaque, "weights", g->size[MEM_WEIGHTS],
			    g->size[MEM_WEIGHTS]);
	return 0;
}
