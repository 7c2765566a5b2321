/* SPDX-License-Identifier: MIT */
/* The tensors of a model. */
#ifndef NPU_MODEL_MODEL_TENSORS_H
#define NPU_MODEL_MODEL_TENSORS_H

#include "architecture.h"

/*
 * Find all tensors of @model, whose numbers are known, and check their shapes
 * and types. On failure npu_model_destroy() frees what is there.
 */
int model_find_tensors(const struct npu_gguf *gguf,
		       const struct architecture *arch, struct npu_model *model,
		       struct npu_error *err);

#endif /* NPU_MODEL_MODEL_TENSORS_H */
