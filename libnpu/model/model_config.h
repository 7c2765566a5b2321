/* SPDX-License-Identifier: MIT */
/* The numbers of a model. */
#ifndef NPU_MODEL_MODEL_CONFIG_H
#define NPU_MODEL_MODEL_CONFIG_H

#include "model_keys.h"

/* Read the numbers and check each alone and against the others. */
int model_read_config(const struct model_keys *keys,
		      struct npu_model_config *config);

/* The part of it that is about RoPE; the heads must have been read. */
int model_read_rope(const struct model_keys *keys,
		    struct npu_model_config *config);

#endif /* NPU_MODEL_MODEL_CONFIG_H */
