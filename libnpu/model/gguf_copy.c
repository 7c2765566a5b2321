// SPDX-License-Identifier: MIT
/* A model file without its weights. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"

/* Magic and version, then the number of tensors, then that of the entries. */
#define TENSOR_COUNT_AT 8

int npu_gguf_copy_metadata(const struct npu_gguf *gguf, void **data, size_t *size,
			   struct npu_error *err)
{
	unsigned char *copy = malloc(gguf->metadata_end);

	if (!copy)
		return gguf_no_memory(gguf, err);
	memcpy(copy, gguf->data, gguf->metadata_end);
	memset(copy + TENSOR_COUNT_AT, 0, sizeof(uint64_t));
	*data = copy;
	*size = gguf->metadata_end;
	return 0;
}
