/* SPDX-License-Identifier: MIT */
/* Which tensors of a file are quantised, and what their inputs are. */
#ifndef LIBNPU_QUANT_PLAN_H
#define LIBNPU_QUANT_PLAN_H

#include <npu/model.h>

/**
 * struct quant_plan - a tensor of the file
 * @tensor: tensor
 * @matrix: it is a matrix that is quantised
 * @input: number of its input, as in struct float_watch
 */
struct quant_plan {
	const struct npu_gguf_tensor *tensor;
	bool matrix;
	uint32_t input;
};

/**
 * quant_plan_create() - all tensors of a file, in its order
 * @gguf: file
 * @model: its model
 *
 * An embedding that only gives rows stays as it is; one that is the output
 * matrix too is quantised.
 *
 * Return: npu_gguf_tensor_count() of them, to be freed with free(); NULL
 * without memory.
 */
struct quant_plan *quant_plan_create(const struct npu_gguf *gguf,
				     const struct npu_model *model);

#endif /* LIBNPU_QUANT_PLAN_H */
