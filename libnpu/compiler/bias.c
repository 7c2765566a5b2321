// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <hw/npu_isa.h>

#include <npu/gguf.h>

#include "bias.h"

/* Columns that a unit of outputs takes up. */
static uint64_t unit_columns(uint64_t unit)
{
	return (unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS * NPU_PACK_COLS;
}

/* tensor->unit: outputs that stay together. */
static int fill_bias(const struct tensor *t, void *dst, struct npu_error *err)
{
	uint64_t n = t->source->dims[0], cols = unit_columns(t->unit);
	float *row = malloc(n * sizeof(*row)), *to = dst;

	if (!row)
		return npu_error_set(err, -ENOMEM, "no memory to convert %s", t->name);
	npu_gguf_tensor_row(t->source, 0, row);
	for (uint64_t i = 0; i < n; i++) {
		to[i / t->unit * cols + i % t->unit] = row[i];
		if (isfinite(row[i]))
			continue;
		free(row);
		return npu_error_set(err, -EINVAL,
				     "%s: element %llu is not a finite number: the file is damaged",
				     t->source->name, (unsigned long long)i);
	}
	free(row);
	return 0;
}

struct tensor *bias_vector(struct graph *g, const struct npu_gguf_tensor *source,
			   uint32_t unit)
{
	uint64_t units = (source->dims[0] + unit - 1) / unit;
	struct tensor *t = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_F32,
					(uint64_t[]){ units * unit_columns(unit) }, 1,
					"%.60s", source->name);

	if (t) {
		t->fill = fill_bias;
		t->source = source;
		t->unit = unit;
	}
	return t;
}
