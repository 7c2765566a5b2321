/* SPDX-License-Identifier: MIT */
/* Numbers under an architecture's prefix, checked against their range. */
#ifndef NPU_MODEL_MODEL_KEYS_H
#define NPU_MODEL_MODEL_KEYS_H

#include <npu/gguf.h>

#include "architecture.h"

#define MODEL_KEY_LEN 96

/**
 * struct model_keys - where numbers are read from
 * @gguf: open file
 * @arch: architecture, whose name is the prefix of the keys
 * @err: receives errors, or NULL
 */
struct model_keys {
	const struct npu_gguf *gguf;
	const struct architecture *arch;
	struct npu_error *err;
};

/* The whole key, such as "llama.block_count"; gives back @out. */
const char *model_key(const struct model_keys *keys, const char *key,
		      char out[MODEL_KEY_LEN]);

/* A missing key is an error, unless *@value holds a default that is not 0. */
int model_read_number(const struct model_keys *keys, const char *key,
		      uint32_t max, uint32_t *value);

/* A missing key is an error, unless *@value holds a default above 0. */
int model_read_real(const struct model_keys *keys, const char *key, float min,
		    float max, float *value);

#endif /* NPU_MODEL_MODEL_KEYS_H */
