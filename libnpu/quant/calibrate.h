/* SPDX-License-Identifier: MIT */
/*
 * What the inputs of a model's matrices look like, from a float run over real
 * text. Inputs are numbered as in struct float_watch.
 */
#ifndef LIBNPU_QUANT_CALIBRATE_H
#define LIBNPU_QUANT_CALIBRATE_H

#include <npu/model.h>
#include <npu/quant.h>

struct calibration;

/**
 * calibration_create() - run the texts once and note each column's largest magnitude
 * @model: model, which must outlive this
 * @texts: texts, likewise
 * @n_texts: number of them, not 0
 * @memory: most bytes of Hessians at a time; at least one is kept
 * @c: receives it; free it with calibration_destroy()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int calibration_create(const struct npu_model *model, const struct npu_text *texts,
		       uint64_t n_texts, uint64_t memory, struct calibration **c,
		       struct npu_error *err);

/** calibration_destroy() - free it; NULL is allowed */
void calibration_destroy(struct calibration *c);

/** calibration_width() - columns of an input */
uint32_t calibration_width(const struct calibration *c, uint32_t input);

/** calibration_absmax() - largest magnitude of each column of an input */
const float *calibration_absmax(const struct calibration *c, uint32_t input);

/**
 * calibration_gram() - sums of products of an input's columns
 * @c: calibration
 * @input: which
 * @gram: receives [k][k], of which j <= i counts; until the next call
 * @err: what failed
 *
 * Runs the texts again when it does not have them: for as many inputs from
 * this one on as memory allows.
 *
 * Return: 0 or a negative errno.
 */
int calibration_gram(struct calibration *c, uint32_t input, const float **gram,
		     struct npu_error *err);

/**
 * calibration_scale() - a static scale for quantising an input to INT8
 * @c: calibration
 * @input: which
 * @threshold: columns that exceed this do not count; INFINITY: all count
 * @method: enum npu_quant_scales, not NPU_SCALES_DYNAMIC
 * @percentile: for NPU_SCALES_PERCENTILE
 * @scale: receives it, never 0
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int calibration_scale(struct calibration *c, uint32_t input, float threshold,
		      uint32_t method, double percentile, float *scale,
		      struct npu_error *err);

#endif /* LIBNPU_QUANT_CALIBRATE_H */
