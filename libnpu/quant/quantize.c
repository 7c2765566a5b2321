// SPDX-License-Identifier: MIT
/* A whole file: what to do with each tensor, then the metadata and the data. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/gguf_write.h>

#include "outlier.h"
#include "quantize_tensor.h"
#include "source.h"
#include "stored.h"

#define PERCENTILE 99.99

/**
 * struct job - a file on its way
 * @gguf: file
 * @model: its model
 * @plan: its tensors, @n of them
 * @tensors: what becomes of each
 * @done: the report's, one for each that is quantised, @n_done of them
 */
struct job {
	const struct npu_gguf *gguf;
	struct npu_model *model;
	struct quantize_shared shared;
	struct quant_plan *plan;
	struct quantize_tensor *tensors;
	struct npu_quantized *done;
	uint64_t n, n_done;
};

static bool needs_texts(const struct npu_quantize_options *o)
{
	return o->gptq || o->format.kind == NPU_QUANT_MIXED || o->scales != NPU_SCALES_DYNAMIC;
}

static int check_options(const struct npu_quantize_options *o, struct npu_error *err)
{
	bool whole = o->format.kind == NPU_QUANT_F16;

	if (o->gptq && (whole || o->format.kind == NPU_QUANT_MIXED ||
			o->format.kind == NPU_QUANT_AUTO))
		return npu_error_set(err, -EINVAL, "GPTQ rounds to int8, int4 or nf4 only");
	if (o->scales != NPU_SCALES_DYNAMIC && whole)
		return npu_error_set(err, -EINVAL, "activations of f16 are not quantised");
	if (o->scales > NPU_SCALES_MSE || !(o->percentile >= 0 && o->percentile <= 100))
		return npu_error_set(err, -EINVAL, "no such scales of activations");
	if (needs_texts(o) && !o->n_texts)
		return npu_error_set(err, -EINVAL,
				     "GPTQ, mixed and static activations need a calibration text");
	return 0;
}

/* Outliers and the static scale of a matrix's input. */
static int look_at_input(struct job *j, struct quantize_tensor *t, struct npu_error *err)
{
	const struct npu_quantize_options *o = j->shared.options;
	float threshold = o->outlier_threshold > 0 ? o->outlier_threshold : OUTLIER_THRESHOLD;
	bool mixed = t->done->format.kind == NPU_QUANT_MIXED;
	struct calibration *c = j->shared.calibration;
	uint32_t input = t->plan->input, k;

	if (mixed) {
		k = calibration_width(c, input);
		t->outliers = calloc(k, sizeof(*t->outliers));
		if (!t->outliers)
			return npu_error_set(err, -ENOMEM, "no memory for outliers");
		t->done->outliers = outliers_find(calibration_absmax(c, input), k, threshold,
						  t->outliers);
	}
	if (o->scales == NPU_SCALES_DYNAMIC)
		return 0;
	return calibration_scale(c, input, mixed ? threshold : INFINITY, o->scales,
				 o->percentile > 0 ? o->percentile : PERCENTILE,
				 &t->done->input_scale, err);
}

static int plan_tensor(struct job *j, uint64_t i, struct npu_error *err)
{
	struct quantize_tensor *t = &j->tensors[i];
	const struct npu_gguf_tensor *src = j->plan[i].tensor;
	int ret = 0;

	t->shared = &j->shared;
	t->plan = &j->plan[i];
	if (!t->plan->matrix) {
		if (!src->quant)
			return 0;
		return npu_error_set(err, -ENOTSUP, "%s: quantised, but no matrix", src->name);
	}
	t->done = &j->done[j->n_done++];
	snprintf(t->done->name, sizeof(t->done->name), "%s", src->name);
	t->done->format = quant_resolve(src, &j->shared.options->format);
	t->done->from = src->size;
	if (t->done->format.kind == NPU_QUANT_F16) {
		t->done->bytes = src->rows * src->dims[0] * 2;
		return 0;
	}
	if (quant_as_stored(src, &t->done->format) && src->quant->outliers)
		return npu_error_set(err, -ENOTSUP, "%s: is mixed already", src->name);
	ret = look_at_input(j, t, err);
	t->done->bytes = src->rows * stored_row_bytes(&t->done->format, (uint32_t)src->dims[0],
						      t->done->outliers);
	return ret;
}

static int plan_all(struct job *j, struct npu_error *err)
{
	const struct npu_quantize_options *o = j->shared.options;
	int ret = npu_model_create(j->gguf, &j->model, err);

	if (ret)
		return ret;
	j->n = npu_gguf_tensor_count(j->gguf);
	j->plan = quant_plan_create(j->gguf, j->model);
	j->tensors = calloc(j->n, sizeof(*j->tensors));
	j->done = calloc(j->n, sizeof(*j->done));
	if (!j->plan || !j->tensors || !j->done)
		return npu_error_set(err, -ENOMEM, "no memory for %llu tensors",
				     (unsigned long long)j->n);
	if (needs_texts(o))
		ret = calibration_create(j->model, o->texts, o->n_texts, o->memory,
					 &j->shared.calibration, err);
	for (uint64_t i = 0; !ret && i < j->n; i++)
		ret = plan_tensor(j, i, err);
	return ret;
}

/* Lists of the metadata, an element a quantised tensor. */
struct lists {
	const char **names, **formats;
	char (*format_text)[NPU_QUANT_NAME_LEN];
	uint32_t *inputs, *outliers, *index;
	float *scales;
	uint64_t n, n_index;
};

static void free_lists(struct lists *l)
{
	free(l->names);
	free(l->formats);
	free(l->format_text);
	free(l->inputs);
	free(l->outliers);
	free(l->index);
	free(l->scales);
}

static bool fill_lists(const struct job *j, struct lists *l)
{
	uint64_t all = 0;

	for (uint64_t i = 0; i < j->n_done; i++)
		all += j->done[i].outliers;
	*l = (struct lists){
		.names = calloc(j->n, sizeof(char *)), .formats = calloc(j->n, sizeof(char *)),
		.format_text = calloc(j->n, sizeof(*l->format_text)),
		.inputs = calloc(j->n, sizeof(uint32_t)),
		.outliers = calloc(j->n, sizeof(uint32_t)),
		.index = calloc(all + 1, sizeof(uint32_t)),
		.scales = calloc(j->n, sizeof(float)),
	};
	if (!l->names || !l->formats || !l->format_text || !l->inputs || !l->outliers ||
	    !l->index || !l->scales)
		return false;
	for (uint64_t i = 0; i < j->n; i++) {
		const struct quantize_tensor *t = &j->tensors[i];
		uint64_t at = l->n;

		if (!t->done)
			continue;
		l->names[at] = t->done->name;
		l->formats[at] = npu_quant_name(&t->done->format, l->format_text[at]);
		l->inputs[at] = (uint32_t)t->plan->tensor->dims[0];
		l->outliers[at] = t->done->outliers;
		l->scales[at] = t->done->input_scale;
		for (uint32_t o = 0; o < t->done->outliers; o++)
			l->index[l->n_index++] = t->outliers[o];
		l->n++;
	}
	return true;
}

static int add_metadata(const struct job *j, struct npu_gguf_writer *w, struct lists *l,
			struct npu_error *err)
{
	npu_gguf_writer_copy(w, j->gguf, "npu.quant.");
	if (!fill_lists(j, l))
		return npu_error_set(err, -ENOMEM, "no memory for metadata");
	if (!l->n)
		return 0;
	npu_gguf_writer_u32(w, "npu.quant.version", 1);
	npu_gguf_writer_string(w, "npu.quant.method",
			       j->shared.options->gptq ? "gptq" : "nearest");
	npu_gguf_writer_strings(w, "npu.quant.tensors", l->names, l->n);
	npu_gguf_writer_strings(w, "npu.quant.formats", l->formats, l->n);
	npu_gguf_writer_u32s(w, "npu.quant.inputs", l->inputs, l->n);
	npu_gguf_writer_u32s(w, "npu.quant.outliers", l->outliers, l->n);
	npu_gguf_writer_u32s(w, "npu.quant.outlier_index", l->index, l->n_index);
	npu_gguf_writer_f32s(w, "npu.quant.input_scales", l->scales, l->n);
	return 0;
}

static void add_tensor(struct npu_gguf_writer *w, struct quantize_tensor *t)
{
	const struct npu_gguf_tensor *src = t->plan->tensor;
	struct npu_gguf_new_tensor n = {
		.name = src->name, .type = src->type, .n_dims = src->n_dims,
		.fill = quantize_copy, .opaque = t,
	};

	memcpy(n.dims, src->dims, sizeof(n.dims));
	if (t->done && t->done->format.kind == NPU_QUANT_F16) {
		n.type = NPU_GGUF_F16;
		n.fill = quantize_half;
	} else if (t->done) {
		n.type = NPU_GGUF_I8;
		n.dims[0] = t->done->bytes / src->rows;
		n.fill = quantize_matrix;
	}
	npu_gguf_writer_tensor(w, &n);
}

static int write_file(struct job *j, const char *path, struct npu_error *err)
{
	const struct npu_quantize_options *o = j->shared.options;
	struct npu_gguf_writer *w = npu_gguf_writer_create();
	struct lists l = { 0 };
	int ret;

	if (!w)
		return npu_error_set(err, -ENOMEM, "no memory to write %s", path);
	ret = add_metadata(j, w, &l, err);
	for (uint64_t i = 0; !ret && i < j->n; i++)
		add_tensor(w, &j->tensors[i]);
	if (!ret)
		ret = npu_gguf_writer_write(w, path, o->progress, o->opaque, err);
	free_lists(&l);
	npu_gguf_writer_destroy(w);
	return ret;
}

static void make_report(struct job *j, struct npu_quantize_report *report)
{
	*report = (struct npu_quantize_report){ .tensors = j->done, .n = j->n_done };
	for (uint64_t i = 0; i < j->n; i++) {
		const struct quantize_tensor *t = &j->tensors[i];

		report->from += t->plan->tensor->size;
		report->bytes += t->done ? t->done->bytes : t->plan->tensor->size;
	}
	j->done = NULL;
}

int npu_quantize(const struct npu_gguf *gguf, const char *path,
		 const struct npu_quantize_options *options,
		 struct npu_quantize_report *report, struct npu_error *err)
{
	struct job j = {
		.gguf = gguf, .shared = { .options = options, .factored = UINT32_MAX },
	};
	int ret = check_options(options, err);

	if (!ret)
		ret = plan_all(&j, err);
	if (!ret)
		ret = write_file(&j, path, err);
	if (!ret)
		make_report(&j, report);
	for (uint64_t i = 0; j.tensors && i < j.n; i++)
		free(j.tensors[i].outliers);
	gptq_free(&j.shared.gptq);
	calibration_destroy(j.shared.calibration);
	npu_model_destroy(j.model);
	free(j.plan);
	free(j.tensors);
	free(j.done);
	return ret;
}

void npu_quantize_report_free(struct npu_quantize_report *report)
{
	free(report->tensors);
	memset(report, 0, sizeof(*report));
}
