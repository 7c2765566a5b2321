// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"
#include "float_matmul.h"
#include "float_model.h"
#include "histogram.h"

#define MEMORY (1ull << 30)

/**
 * struct input - one input of matrices
 * @k: columns
 * @absmax: of each column
 * @gram: sums of products, or NULL when it is not wanted now
 */
struct input {
	uint32_t k;
	float *absmax, *gram;
};

/**
 * struct calibration - inputs and the texts that they come from
 * @model: model
 * @texts: texts, @n_texts of them
 * @f: the model in float
 * @memory: for grams
 * @inputs: by number, @n_inputs of them
 * @histogram: of input @counted, of columns up to @threshold
 */
struct calibration {
	const struct npu_model *model;
	const struct npu_text *texts;
	uint64_t n_texts, memory;
	struct npu_float_model *f;
	struct input *inputs;
	uint32_t n_inputs;
	struct histogram *histograms;
	float threshold;
};

static uint32_t width(const struct npu_model_config *c, uint32_t input)
{
	if (input == c->layers * FLOAT_INPUTS)
		return c->d_model;
	switch (input % FLOAT_INPUTS) {
	case FLOAT_HEADS:
		return c->heads * c->head_dim;
	case FLOAT_HIDDEN:
		return c->ffn;
	default:
		return c->d_model;
	}
}

static int run_all(struct calibration *c, const struct float_watch *watch,
		   struct npu_error *err)
{
	int ret = 0;

	for (uint64_t i = 0; !ret && i < c->n_texts; i++)
		ret = float_model_watch(c->f, c->texts[i].tokens, c->texts[i].n, watch, err);
	return ret;
}

static void see_absmax(void *opaque, uint32_t input, const float *x, uint32_t rows,
		       uint32_t k)
{
	struct calibration *c = opaque;
	float *most = c->inputs[input].absmax;

	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t i = 0; i < k; i++) {
			float v = fabsf(x[(size_t)r * k + i]);

			most[i] = v > most[i] ? v : most[i];
		}
}

static int allocate(struct calibration *c, struct npu_error *err)
{
	uint32_t rows = 0;

	c->n_inputs = c->model->config.layers * FLOAT_INPUTS + 1;
	c->inputs = calloc(c->n_inputs, sizeof(*c->inputs));
	if (!c->inputs)
		return npu_error_set(err, -ENOMEM, "no memory for calibration");
	for (uint32_t i = 0; i < c->n_inputs; i++) {
		c->inputs[i].k = width(&c->model->config, i);
		c->inputs[i].absmax = calloc(c->inputs[i].k, sizeof(float));
		if (!c->inputs[i].absmax)
			return npu_error_set(err, -ENOMEM, "no memory for calibration");
	}
	for (uint64_t i = 0; i < c->n_texts; i++)
		rows = c->texts[i].n > rows ? c->texts[i].n : rows;
	return npu_float_model_create(c->model, rows, &c->f, err);
}

int calibration_create(const struct npu_model *model, const struct npu_text *texts,
		       uint64_t n_texts, uint64_t memory, struct calibration **calibration,
		       struct npu_error *err)
{
	struct calibration *c = calloc(1, sizeof(*c));
	struct float_watch watch = { .see = see_absmax, .opaque = c };
	int ret;

	if (!c)
		return npu_error_set(err, -ENOMEM, "no memory for calibration");
	c->model = model;
	c->texts = texts;
	c->n_texts = n_texts;
	c->memory = memory ? memory : MEMORY;
	ret = allocate(c, err);
	watch.last = c->n_inputs - 1;
	if (!ret)
		ret = run_all(c, &watch, err);
	if (ret)
		calibration_destroy(c);
	else
		*calibration = c;
	return ret;
}

static void drop_grams(struct calibration *c)
{
	for (uint32_t i = 0; c->inputs && i < c->n_inputs; i++) {
		free(c->inputs[i].gram);
		c->inputs[i].gram = NULL;
	}
}

void calibration_destroy(struct calibration *c)
{
	if (!c)
		return;
	drop_grams(c);
	for (uint32_t i = 0; c->inputs && i < c->n_inputs; i++)
		free(c->inputs[i].absmax);
	free(c->inputs);
	free(c->histograms);
	npu_float_model_destroy(c->f);
	free(c);
}

uint32_t calibration_width(const struct calibration *c, uint32_t input)
{
	return c->inputs[input].k;
}

const float *calibration_absmax(const struct calibration *c, uint32_t input)
{
	return c->inputs[input].absmax;
}

static void see_gram(void *opaque, uint32_t input, const float *x, uint32_t rows, uint32_t k)
{
	struct calibration *c = opaque;

	if (c->inputs[input].gram)
		float_gram(c->inputs[input].gram, x, rows, k);
}

int calibration_gram(struct calibration *c, uint32_t input, const float **gram,
		     struct npu_error *err)
{
	struct float_watch watch = { .see = see_gram, .opaque = c };
	uint64_t used = 0;
	int ret = 0;

	if (!c->inputs[input].gram) {
		drop_grams(c);
		for (uint32_t i = input; i < c->n_inputs; i++) {
			uint64_t k = c->inputs[i].k, size = k * k * sizeof(float);

			if (i > input && size > c->memory - used)
				break;
			c->inputs[i].gram = calloc(k, k * sizeof(float));
			if (!c->inputs[i].gram)
				return npu_error_set(err, -ENOMEM,
						     "no memory for a Hessian of %llu bytes",
						     (unsigned long long)size);
			used = used + size < c->memory ? used + size : c->memory;
			watch.last = i;
		}
		ret = run_all(c, &watch, err);
	}
	*gram = c->inputs[input].gram;
	return ret;
}

/* The largest magnitude of the columns that count. */
static float largest(const struct input *input, float threshold)
{
	float most = 0;

	for (uint32_t i = 0; i < input->k; i++)
		if (input->absmax[i] <= threshold && input->absmax[i] > most)
			most = input->absmax[i];
	return most;
}

static void see_counts(void *opaque, uint32_t input, const float *x, uint32_t rows,
		       uint32_t k)
{
	struct calibration *c = opaque;

	for (uint32_t r = 0; r < rows; r++)
		for (uint32_t i = 0; i < k; i++)
			if (c->inputs[input].absmax[i] <= c->threshold)
				histogram_add(&c->histograms[input], x[(size_t)r * k + i]);
}

/* Histograms of all inputs, in one more run. */
static int count(struct calibration *c, float threshold, struct npu_error *err)
{
	struct float_watch watch = { .see = see_counts, .opaque = c, .last = c->n_inputs - 1 };

	if (c->histograms && c->threshold == threshold)
		return 0;
	free(c->histograms);
	c->histograms = calloc(c->n_inputs, sizeof(*c->histograms));
	if (!c->histograms)
		return npu_error_set(err, -ENOMEM, "no memory for histograms of %u inputs",
				     c->n_inputs);
	c->threshold = threshold;
	for (uint32_t i = 0; i < c->n_inputs; i++)
		c->histograms[i].most = largest(&c->inputs[i], threshold);
	return run_all(c, &watch, err);
}

int calibration_scale(struct calibration *c, uint32_t input, float threshold,
		      uint32_t method, double percentile, float *scale,
		      struct npu_error *err)
{
	float most = largest(&c->inputs[input], threshold);
	int ret;

	if (method != NPU_SCALES_ABSMAX) {
		ret = count(c, threshold, err);
		if (ret)
			return ret;
		most = method == NPU_SCALES_MSE ?
		       histogram_best_clip(&c->histograms[input]) :
		       histogram_percentile(&c->histograms[input], percentile);
	}
	if (!isfinite(most))
		return npu_error_set(err, -EINVAL,
				     "activations of the calibration text are not finite");
	/* An input that is always zero: any scale will do. */
	*scale = most > 1e-30f ? most / 127 : 1;
	return 0;
}
