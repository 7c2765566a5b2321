/* SPDX-License-Identifier: MIT */
/* Formats of weights, and files that hold quantised ones. */
#ifndef NPU_QUANT_H
#define NPU_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>

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

#ifdef __cplusplus
}
#endif

#endif /* NPU_QUANT_H */
