/* SPDX-License-Identifier: MIT */
/* One tensor of a file on its way into the next. */
#ifndef LIBNPU_QUANT_QUANTIZE_TENSOR_H
#define LIBNPU_QUANT_QUANTIZE_TENSOR_H

#include "calibrate.h"
#include "gptq.h"
#include "plan.h"

/**
 * struct quantize_shared - what the tensors of a file share
 * @options: how
 * @calibration: of the inputs, or NULL
 * @gptq: factor of input @factored, shared by the matrices that read it
 * @factored: which; UINT32_MAX: none
 */
struct quantize_shared {
	const struct npu_quantize_options *options;
	struct calibration *calibration;
	struct gptq gptq;
	uint32_t factored;
};

/**
 * struct quantize_tensor - one of them
 * @shared: what it shares
 * @plan: what it is
 * @outliers: which inputs are outliers, @done->outliers of them
 * @done: for the report: format and static scale, receives the error
 */
struct quantize_tensor {
	struct quantize_shared *shared;
	const struct quant_plan *plan;
	uint32_t *outliers;
	struct npu_quantized *done;
};

/** quantize_copy() - a tensor as it is; fill of struct npu_gguf_new_tensor */
int quantize_copy(void *opaque, void *dst, uint64_t size, struct npu_error *err);

/** quantize_half() - a tensor as binary16; @opaque is a struct quantize_tensor */
int quantize_half(void *opaque, void *dst, uint64_t size, struct npu_error *err);

/** quantize_matrix() - a tensor as rows of quant/stored.h; likewise */
int quantize_matrix(void *opaque, void *dst, uint64_t size, struct npu_error *err);

#endif /* LIBNPU_QUANT_QUANTIZE_TENSOR_H */
