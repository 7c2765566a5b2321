/* SPDX-License-Identifier: MIT */
/* Formats of weights, and files that hold quantised ones. */
#ifndef NPU_QUANT_H
#define NPU_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/progress.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum npu_quant_kind - how the weights of a matrix are held */
enum npu_quant_kind {
	NPU_QUANT_AUTO,		/* whatever is closest to what the file has */
	NPU_QUANT_F16,		/* binary16; activations too */
	NPU_QUANT_INT8,		/* symmetric, by output channel or by group of inputs */
	NPU_QUANT_INT4,		/* by group of inputs */
	NPU_QUANT_NF4,		/* 4-bit NormalFloat, scales quantised once more */
	NPU_QUANT_MIXED,	/* INT8, outlier inputs in binary16 */
};

/**
 * struct npu_quant_format - a format of weights; all zero is NPU_QUANT_AUTO
 * @kind: enum npu_quant_kind
 * @group: inputs that share a scale: 16 (INT8 only), 32, 64 or 128; 0 for one
 *	scale an output channel
 * @asymmetric: INT4 with a zero point for each group
 */
struct npu_quant_format {
	uint32_t kind;
	uint32_t group;
	bool asymmetric;
};

#define NPU_QUANT_NAME_LEN 24

/**
 * npu_quant_parse() - a format by its name
 * @text: "auto", "f16", "int8", "int8-g32", "int4-g64", "int4-g64-asym", "nf4",
 *	"nf4-g128", "mixed"; without "-g", INT4 and NF4 have groups of 64
 * @format: receives the format
 * @err: what names there are
 *
 * Return: 0 or -EINVAL.
 */
int npu_quant_parse(const char *text, struct npu_quant_format *format,
		    struct npu_error *err);

/** npu_quant_name() - the name of a format, as npu_quant_parse() takes it */
const char *npu_quant_name(const struct npu_quant_format *format,
			   char name[NPU_QUANT_NAME_LEN]);

/**
 * struct npu_text - tokens that a model reads from position 0 on
 * @tokens: tokens
 * @n: number of them, 1 to the model's context
 */
struct npu_text {
	const uint32_t *tokens;
	uint32_t n;
};

/** enum npu_quant_scales - where the scales of INT8 activations come from */
enum npu_quant_scales {
	NPU_SCALES_DYNAMIC,	/* each row's largest magnitude, as it comes */
	NPU_SCALES_ABSMAX,	/* the largest magnitude in the calibration text */
	NPU_SCALES_PERCENTILE,	/* the magnitude that a part of all does not exceed */
	NPU_SCALES_MSE,		/* the smallest mean squared error of rounding, clipping */
};

/**
 * struct npu_quantize_options - how to quantise a file
 * @format: format of the matrices; in those of four bits the output matrix is INT8
 * @gptq: round by GPTQ instead of to the nearest (INT8, INT4, NF4)
 * @damp: GPTQ's damping, part of the mean diagonal; 0: 0.01
 * @outlier_threshold: of NPU_QUANT_MIXED: an input is an outlier if it ever
 *	exceeds this; 0: 6, as LLM.int8() has it
 * @scales: enum npu_quant_scales
 * @percentile: of NPU_SCALES_PERCENTILE, in percent; 0: 99.99
 * @texts: calibration, for GPTQ, outliers and scales that are not dynamic
 * @n_texts: number of @texts
 * @memory: most bytes for GPTQ's Hessians; 0: 1 GiB
 * @progress: told how many bytes are written, or NULL
 * @opaque: passed to @progress
 */
struct npu_quantize_options {
	struct npu_quant_format format;
	bool gptq;
	double damp;
	float outlier_threshold;
	uint32_t scales;
	double percentile;
	const struct npu_text *texts;
	uint64_t n_texts;
	uint64_t memory;
	npu_progress_fn *progress;
	void *opaque;
};

/**
 * struct npu_quantized - what has become of one tensor
 * @name: its name
 * @format: its format
 * @from: bytes before, @bytes after
 * @outliers: inputs in binary16
 * @input_scale: static scale of its input, 0: dynamic
 * @error: root of the mean squared error, relative to the weights'
 */
struct npu_quantized {
	char name[65];
	struct npu_quant_format format;
	uint64_t from, bytes;
	uint32_t outliers;
	float input_scale;
	double error;
};

/**
 * struct npu_quantize_report - what has become of a file
 * @tensors: those that were quantised, @n of them
 * @from: bytes of all tensors before, @bytes after
 */
struct npu_quantize_report {
	struct npu_quantized *tensors;
	uint64_t n, from, bytes;
};

struct npu_gguf;

/**
 * npu_quantize() - write a model with quantised matrices
 * @gguf: open file
 * @path: file to write
 * @options: how
 * @report: receives what has been done; free it with npu_quantize_report_free()
 * @err: what failed
 *
 * Everything but the matrices is copied. Documentation/quantisation.rst
 * describes the file.
 *
 * Return: 0 or a negative errno.
 */
int npu_quantize(const struct npu_gguf *gguf, const char *path,
		 const struct npu_quantize_options *options,
		 struct npu_quantize_report *report, struct npu_error *err);

/** npu_quantize_report_free() - free what a report holds */
void npu_quantize_report_free(struct npu_quantize_report *report);

#ifdef __cplusplus
}
#endif

#endif /* NPU_QUANT_H */
