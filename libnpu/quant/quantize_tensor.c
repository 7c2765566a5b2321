// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/half.h"
#include "outlier.h"
#include "quantize_tensor.h"
#include "source.h"
#include "stored.h"

#define DAMP 0.01	/* the paper's */

/* struct work - memory for sixteen rows, and the error so far */
struct work {
	struct panel panel;
	float *rows, *back;
	uint16_t *half;
	double error, power;
};

static int no_memory(const struct quantize_tensor *t, struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "no memory to quantise %s", t->plan->tensor->name);
}

int quantize_copy(void *opaque, void *dst, uint64_t size, struct npu_error *err)
{
	const struct quantize_tensor *t = opaque;

	(void)err;
	memcpy(dst, t->plan->tensor->data, size);
	return 0;
}

static int read_rows(const struct npu_gguf_tensor *src, uint64_t first, uint32_t rows,
		     float *dst, struct npu_error *err)
{
	for (uint32_t r = 0; r < rows; r++) {
		float *row = dst + r * src->dims[0];

		npu_gguf_tensor_row(src, first + r, row);
		for (uint64_t i = 0; i < src->dims[0]; i++)
			if (!isfinite(row[i]))
				return npu_error_set(err, -EINVAL,
						     "%s: row %llu has a weight that is not a finite number: the file is damaged",
						     src->name,
						     (unsigned long long)(first + r));
	}
	return 0;
}

int quantize_half(void *opaque, void *dst, uint64_t size, struct npu_error *err)
{
	const struct quantize_tensor *t = opaque;
	const struct npu_gguf_tensor *src = t->plan->tensor;
	float *row = malloc(src->dims[0] * sizeof(*row));
	double error = 0, power = 0;
	uint16_t *half = dst;
	int ret = row ? 0 : no_memory(t, err);

	(void)size;
	for (uint64_t r = 0; !ret && r < src->rows; r++) {
		ret = read_rows(src, r, 1, row, err);
		for (uint64_t i = 0; !ret && i < src->dims[0]; i++) {
			uint16_t h = float_to_half(row[i]);
			double d = row[i] - half_to_float(h);

			*half++ = htole16(h);
			error += d * d;
			power += (double)row[i] * row[i];
			if ((h & 0x7c00) == 0x7c00)
				ret = npu_error_set(err, -EINVAL,
						    "%s: row %llu has a weight that binary16 cannot hold: use int8",
						    src->name, (unsigned long long)r);
		}
	}
	t->done->error = power > 0 ? sqrt(error / power) : 0;
	free(row);
	return ret;
}

/* The factor of the tensor's input, made anew when it was another's. */
static int prepare_gptq(const struct quantize_tensor *t, struct npu_error *err)
{
	struct quantize_shared *s = t->shared;
	const float *gram;
	int ret;

	if (s->factored == t->plan->input)
		return 0;
	gptq_free(&s->gptq);
	s->factored = UINT32_MAX;
	ret = calibration_gram(s->calibration, t->plan->input, &gram, err);
	if (ret)
		return ret;
	ret = gptq_init(&s->gptq, gram, calibration_width(s->calibration, t->plan->input),
			s->options->damp > 0 ? s->options->damp : DAMP);
	if (ret)
		return npu_error_set(err, ret, ret == -ENOMEM ?
				     "%s: no memory for GPTQ's factor" :
				     "%s: the Hessian of its input cannot be factored: the calibration text is too short or its activations are not finite",
				     t->plan->tensor->name);
	s->factored = t->plan->input;
	return 0;
}

/* What is stored in the format already has been rounded. */
static bool by_gptq(const struct quantize_tensor *t)
{
	return t->shared->options->gptq &&
	       !quant_as_stored(t->plan->tensor, &t->done->format);
}

static int quantize_rows(const struct quantize_tensor *t, uint64_t first, uint32_t rows,
			 struct work *w, struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->plan->tensor;
	uint32_t n = t->done->outliers;
	char name[NPU_QUANT_NAME_LEN];
	bool good;

	if (!by_gptq(t) && !n)
		return quant_source_panel(src, first, rows, &w->panel, w->rows, err);
	for (uint32_t r = 0; r < rows; r++)
		outliers_take(w->rows + r * src->dims[0], t->outliers, n, w->half + r * n);
	if (by_gptq(t))
		good = gptq_panel(&t->shared->gptq, &w->panel, w->rows, rows);
	else
		good = panel_quantize(&w->panel, w->rows, rows, NULL);
	if (good)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "%s: rows from %llu on have weights too large for %s: use int8",
			     src->name, (unsigned long long)first,
			     npu_quant_name(&w->panel.format, name));
}

/* How far the rows are from what they were, outliers included. */
static void measure(const struct quantize_tensor *t, uint64_t first, uint32_t rows,
		    struct work *w)
{
	uint64_t k = t->plan->tensor->dims[0];
	uint32_t n = t->done->outliers;

	for (uint32_t r = 0; r < rows; r++) {
		npu_gguf_tensor_row(t->plan->tensor, first + r, w->rows);
		panel_row(&w->panel, r, w->back);
		for (uint32_t i = 0; i < n; i++)
			w->back[t->outliers[i]] = half_to_float(w->half[r * n + i]);
		for (uint64_t i = 0; i < k; i++) {
			double d = w->rows[i] - w->back[i];

			w->error += d * d;
			w->power += (double)w->rows[i] * w->rows[i];
		}
	}
}

static int quantize_all(const struct quantize_tensor *t, struct work *w, uint8_t *dst,
			struct npu_error *err)
{
	const struct npu_gguf_tensor *src = t->plan->tensor;
	uint32_t n = t->done->outliers;
	uint64_t row = stored_row_bytes(&t->done->format, (uint32_t)src->dims[0], n);
	int ret = by_gptq(t) ? prepare_gptq(t, err) : 0;

	for (uint64_t first = 0; !ret && first < src->rows; first += PANEL_ROWS) {
		uint32_t rows = src->rows - first < PANEL_ROWS ?
				(uint32_t)(src->rows - first) : PANEL_ROWS;

		ret = read_rows(src, first, rows, w->rows, err);
		if (!ret)
			ret = quantize_rows(t, first, rows, w, err);
		if (ret)
			break;
		for (uint32_t r = 0; r < rows; r++, dst += row)
			stored_put(dst, &w->panel, r, w->half + r * n, n);
		measure(t, first, rows, w);
	}
	return ret;
}

int quantize_matrix(void *opaque, void *dst, uint64_t size, struct npu_error *err)
{
	const struct quantize_tensor *t = opaque;
	uint64_t k = t->plan->tensor->dims[0];
	struct work w = {
		.rows = malloc(k * PANEL_ROWS * sizeof(float)),
		.back = malloc(k * sizeof(float)),
		.half = calloc(PANEL_ROWS, (t->done->outliers + 1) * sizeof(uint16_t)),
	};
	int ret = panel_init(&w.panel, &t->done->format, (uint32_t)k);

	(void)size;
	if (ret || !w.rows || !w.back || !w.half)
		ret = no_memory(t, err);
	else
		ret = quantize_all(t, &w, dst, err);
	t->done->error = w.power > 0 ? sqrt(w.error / w.power) : 0;
	panel_free(&w.panel);
	free(w.rows);
	free(w.back);
	free(w.half);
	return ret;
}
