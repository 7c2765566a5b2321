// SPDX-License-Identifier: MIT
/* Matrices of the weight segment: quantised, a panel at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "quant/panel.h"
#include "quant/source.h"
#include "quant/stored.h"
#include "weights.h"

#define MAX_K_I8  65536u	/* of one MATMUL */
#define MAX_K_F16 (1u << 20)

static uint32_t unit_panels(uint32_t unit)
{
	return (unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS;
}

/* Rows of a matrix that one of its panels holds: a unit starts a panel. */
static uint64_t rows_of_panel(const struct tensor *t, uint64_t i, uint64_t *first)
{
	uint32_t each = unit_panels(t->unit), skip = i % each * NPU_PACK_COLS;
	uint64_t rows = t->unit - skip < NPU_PACK_COLS ? t->unit - skip : NPU_PACK_COLS;

	*first = i / each * t->unit + skip;
	if (*first >= t->source->rows)
		return 0;
	return rows < t->source->rows - *first ? rows : t->source->rows - *first;
}

static uint64_t panels_of(const struct tensor *t)
{
	return (t->source->rows + t->unit - 1) / t->unit * unit_panels(t->unit);
}

/* tensor->unit: outputs that stay together; its last panel may have fewer than 16. */
static int fill_matrix(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->source;
	float *scratch = malloc(src->dims[0] * NPU_PACK_COLS * sizeof(*scratch));
	struct panel p;
	int ret = panel_init(&p, &t->format, src->dims[0]);

	if (ret || !scratch)
		ret = npu_error_set(err, -ENOMEM, "no memory to convert %s", t->name);
	for (uint64_t i = 0, first, rows; !ret && i < panels_of(t); i++) {
		rows = rows_of_panel(t, i, &first);
		if (!rows)
			continue;
		ret = quant_source_panel(src, first, rows, &p, scratch, err);
		if (!ret)
			panel_pack(&p, dst, panels_of(t), i);
	}
	panel_free(&p);
	free(scratch);
	return ret;
}

/* The outlier inputs of a stored matrix, as a matrix of binary16. */
static int fill_outliers(const struct tensor *t, void *dst, struct npu_error *err)
{
	uint32_t k = t->source->quant->outliers;
	struct panel p;
	int ret = panel_init(&p, &t->format, k);

	if (ret)
		ret = npu_error_set(err, -ENOMEM, "no memory to convert %s", t->name);
	for (uint64_t i = 0, first, rows; !ret && i < panels_of(t); i++) {
		rows = rows_of_panel(t, i, &first);
		if (!rows)
			continue;
		panel_clear(&p);
		for (uint64_t r = 0; r < rows; r++)
			stored_outliers(t->source, first + r, p.half + r * k);
		for (uint64_t e = 0; !ret && e < rows * k; e++)
			if ((p.half[e] & 0x7c00) == 0x7c00)
				ret = npu_error_set(err, -EINVAL,
						    "%s: row %llu has an outlier that is not a finite number: the file is damaged",
						    t->source->name,
						    (unsigned long long)(first + e / k));
		panel_pack(&p, dst, panels_of(t), i);
	}
	panel_free(&p);
	return ret;
}

static int fill_index(const struct tensor *t, void *dst, struct npu_error *err)
{
	(void)err;
	memcpy(dst, t->source->quant->outlier_index, t->size);
	return 0;
}

/* The second part of a matrix whose outlier inputs are kept in binary16. */
static void add_outliers(struct graph *g, struct matrix *m)
{
	static const struct npu_quant_format half = { .kind = NPU_QUANT_F16 };
	const struct npu_gguf_tensor *source = m->tensor->source;
	struct quant_layout layout = quant_layout_of(&half);
	uint32_t k = source->quant->outliers;
	uint64_t size = quant_sections_of(&layout, panels_of(m->tensor), k).size;

	if (!k)
		return;
	m->outlier_w = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_I8, (uint64_t[]){ size }, 1,
				    "%.50s outliers", source->name);
	m->outlier_index = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_I32,
					(uint64_t[]){ k }, 1, "%.50s columns", source->name);
	if (!m->outlier_w || !m->outlier_index)
		return;
	m->outliers = k;
	m->outlier_w->fill = fill_outliers;
	m->outlier_w->source = source;
	m->outlier_w->unit = m->unit;
	m->outlier_w->format = half;
	m->outlier_index->fill = fill_index;
	m->outlier_index->source = source;
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
	if (format.kind == NPU_QUANT_MIXED && !quant_as_stored(source, &format)) {
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
	if (m.tensor && quant_as_stored(source, &format)) {
		m.input_scale = source->quant->input_scale;
		add_outliers(g, &m);
	}
	return m;
}
