/* SPDX-License-Identifier: MIT */
/* Byte pair encoding of one piece of text. */
#ifndef NPU_MODEL_BPE_H
#define NPU_MODEL_BPE_H

#include <stddef.h>
#include <stdint.h>

struct npu_tokenizer;

/* Memory that pieces of a text share, so that few of them allocate any. */
struct bpe_scratch {
	struct bpe_symbol *symbol;
	struct bpe_candidate *heap;
	size_t capacity;
};

void bpe_scratch_free(struct bpe_scratch *scratch);

/*
 * Merge the @len bytes of @piece into tokens. @ids has room for @len of them;
 * what has no token and no byte tokens either becomes NPU_TOKEN_NONE. Returns
 * the number of tokens, or -ENOMEM. Takes O(len log len) time.
 */
ptrdiff_t bpe_encode(const struct npu_tokenizer *t, struct bpe_scratch *scratch,
		     const char *piece, size_t len, uint32_t *ids);

#endif /* NPU_MODEL_BPE_H */
