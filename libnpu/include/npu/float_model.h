/* SPDX-License-Identifier: MIT */
/*
 * A transformer in float on the CPU: what quantisation is calibrated with and
 * measured against. It takes whole texts at once and knows no cache; to
 * generate text is not its purpose.
 */
#ifndef NPU_FLOAT_MODEL_H
#define NPU_FLOAT_MODEL_H

#include <npu/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_float_model;

/**
 * npu_float_model_create() - prepare a model for texts of some length
 * @model: description, which must outlive this; weights of any type
 * @rows: most tokens of a text
 * @float_model: receives it; free it with npu_float_model_destroy()
 * @err: what failed
 *
 * Return: 0, -EINVAL when @rows is 0 or exceeds the model's context, -ENOMEM.
 */
int npu_float_model_create(const struct npu_model *model, uint32_t rows,
			   struct npu_float_model **float_model, struct npu_error *err);

/** npu_float_model_destroy() - free it; NULL is allowed */
void npu_float_model_destroy(struct npu_float_model *float_model);

/**
 * npu_float_model_run() - logits of every token of a text
 * @float_model: model
 * @tokens: text, from position 0
 * @n: number of tokens
 * @logits: receives @n rows of config.vocab logits
 * @err: what failed
 *
 * Return: 0, or -EINVAL for a token that there is not, too many or none.
 */
int npu_float_model_run(struct npu_float_model *float_model, const uint32_t *tokens,
			uint32_t n, float *logits, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_FLOAT_MODEL_H */
