// SPDX-License-Identifier: MIT
/* Matrices of the weight segment: quantised, a panel at a time. */
#include <errno.h>
#include <stdlib.h>

#include <hw/npu_isa.h>

#include "quant/panel.h"
#include "quant/source.h"
#include "weights.h"

#define MAX_K_I8  65536u	/* of one MATMUL */
#define MAX_K_F16 (1u << 20)

static uint32_t unit_panels(uint32_t unit)
{
	return (unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS;
}

/* tensor->unit: outputs that stay together; its last panel may have fewer than 16. */
static int fill_matrix(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->source;
	uint64_t units = (src->rows + t->unit - 1) / t->unit;
	uint32_t each = unit_panels(t->unit);
	float *scratch = malloc(src->dims[0] * NPU_PACK_COLS * sizeof(*scratch));
	struct panel p;
	int ret = panel_init(&p, &t->format, src->dims[0]);

	if (ret || !scratch)
		ret = npu_error_set(err, -ENOMEM, "no memory to convert %s", t->name);
	for (uint64_t i = 0; !ret && i < units * each; i++) {
		uint32_t skip = i % each * NPU_PACK_COLS;
		uint64_t first = i / each * t->unit + skip;
		uint64_t rows = t->unit - skip < NPU_PACK_COLS ? t->unit - skip : NPU_PACK_COLS;

		if (first >= src->rows)
			break;
		if (rows > src->rows - first)
			rows = src->rows - first;
		ret = quant_source_panel(src, first, rows, &p, scratch, err);
		if (!ret)
			panel_pack(&p, dst, units * each, i);
	}
	panel_free(&p);
	free(scratch);
	return ret;
}

static bool check_inputs(struct graph *g, const struct npu_gguf_tensor *source,
			 const struct npu_quant_format *format)
{
	uint64_t most = format->kind == NPU_QUANT_F16 ? MAX_K_F16 : MAX_K_I8;

	if (source->dims[0] <= most)
		return true;
	graph_fail(g, -ENOTSUP, "%s: %llu inputs; a matrix product has at most %llu",
		   source->name, (unsigned long long)source->dims[0],
		   (unsigned long long)most);
	return false;
}

struct matrix weights_matrix(struct graph *g, const struct npu_gguf_tensor *source,
			     uint32_t unit)
{
	struct matrix m = { .k = source->dims[0], .n = source->rows, .unit = unit };
	struct npu_quant_format format = quant_resolve(source, &g->weights);
	uint64_t size;

	m.unit_cols = unit_panels(unit) * NPU_PACK_COLS;
	m.units = (m.n + unit - 1) / unit;
	m.layout = quant_layout_of(&format);
	if (format.kind == NPU_QUANT_MIXED) {
		graph_fail(g, -EINVAL,
			   "%s: which inputs are outliers, only activations can say: make the file with npu-quantize --type mixed",
			   source->name);
		return m;
	}
	if (!check_inputs(g, source, &format))
		return m;
	size = quant_sections_of(&m.layout, (uint64_t)m.units * unit_panels(unit), m.k).size;
	m.tensor = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_I8, (uint64_t[]){ size }, 1,
				"%.60s", source->name);
	if (m.tensor) {
		m.tensor->fill = fill_matrix;
		m.tensor->source = source;
		m.tensor->unit = unit;
		m.tensor->format = format;
	}
	return m;
}
