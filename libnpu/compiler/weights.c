// SPDX-License-Identifier: MIT
/* Contents of the weight segment, converted from the model file. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "quant/int8.h"
#include "weights.h"

#define MAX_K 65536u	/* of one MATMUL of I8 */

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

/* tensor->unit: outputs that stay together. */
static int fill_matrix(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->source;
	uint32_t cols = (t->unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS * NPU_PACK_COLS;
	uint64_t k = src->dims[0], units = (src->rows + t->unit - 1) / t->unit;
	float *row = malloc(k * sizeof(*row));
	int8_t *q = malloc(k);
	char *scales = (char *)dst + units * (cols / NPU_PACK_COLS) * npu_int8_panel_size(k);
	int ret = row && q ? 0 : no_memory(t, err);

	for (uint64_t n = 0; !ret && n < src->rows; n++) {
		uint64_t column = n / t->unit * cols + n % t->unit;
		float scale;

		npu_gguf_tensor_row(src, n, row);
		scale = npu_int8_quantize(q, row, k);
		if (!isfinite(scale))
			ret = not_finite(t, n, err);
		npu_int8_pack(dst, column, q, k);
		memcpy(scales + column * sizeof(scale), &scale, sizeof(scale));
	}
	free(row);
	free(q);
	return ret;
}

struct matrix weights_matrix(struct graph *g, const struct npu_gguf_tensor *source,
			     uint32_t unit)
{
	struct matrix m = { .k = source->dims[0], .n = source->rows, .unit = unit };
	uint64_t size, scales;

	m.unit_cols = (unit + NPU_PACK_COLS - 1) / NPU_PACK_COLS * NPU_PACK_COLS;
	m.units = (m.n + unit - 1) / unit;
	if (source->dims[0] > MAX_K) {
		graph_fail(g, -ENOTSUP, "%s: %llu inputs; a matrix product has at most %u",
			   source->name, (unsigned long long)source->dims[0], MAX_K);
		return m;
	}
	size = (uint64_t)m.units * (m.unit_cols / NPU_PACK_COLS) * npu_int8_panel_size(m.k);
	scales = (uint64_t)m.units * m.unit_cols * sizeof(float);
	m.tensor = graph_tensor(g, MEM_WEIGHTS, 0, NPU_TYPE_I8,
				(uint64_t[]){ size + scales }, 1, "%.60s", source->name);
	if (m.tensor) {
		m.tensor->fill = fill_matrix;
		m.tensor->source = source;
		m.tensor->unit = unit;
	}
	return m;
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

/* Nearest binary16, ties to even; what is too large becomes infinite. */
static uint16_t to_half(float value)
{
	uint32_t bits, sign, half;
	float magnitude = fabsf(value);

	memcpy(&bits, &value, sizeof(bits));
	sign = bits >> 16 & 0x8000;
	if (magnitude >= 65520)
		return sign | 0x7c00;
	if (magnitude < 0x1p-14f)	/* subnormal: a multiple of 2^-24 */
		return sign | (uint16_t)rintf(magnitude * 0x1p24f);
	bits &= 0x7fffffff;
	half = (bits - (112u << 23)) >> 13;
	bits &= 0x1fff;
	return sign | (half + (bits > 0x1000 || (bits == 0x1000 && half & 1)));
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
			half[n * d + i] = to_half(row[i]);
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
