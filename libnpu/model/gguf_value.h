/* SPDX-License-Identifier: MIT */
/* Types of GGUF metadata values. */
#ifndef NPU_MODEL_GGUF_VALUE_H
#define NPU_MODEL_GGUF_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* Name of an enum npu_gguf_value_type, NULL for a number that is none. */
const char *gguf_value_name(uint32_t type);

/* Bytes of a value of a fixed-size type, 0 for all else. */
size_t gguf_value_size(uint32_t type);

#endif /* NPU_MODEL_GGUF_VALUE_H */
