/* SPDX-License-Identifier: MIT */
/* The numbers of a model. */
#ifndef NPU_MODEL_MODEL_CONFIG_H
#define NPU_MODEL_MODEL_CONFIG_H

#include <npu/gguf.h>
#include <npu/model.h>

/* Read the numbers and check each alone and against the others. */
int model_read_config(const struct npu_gguf *gguf,
		      struct npu_model_config *config, struct npu_error *err);

#endif /* NPU_MODEL_MODEL_CONFIG_H */
