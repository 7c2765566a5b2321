/* SPDX-License-Identifier: MIT */
/* What the parts of the tokenizer share. */
#ifndef NPU_MODEL_TOKENIZER_INTERNAL_H
#define NPU_MODEL_TOKENIZER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/gguf.h>
#include <npu/tokenizer.h>

/* Kinds of tokens, numbered as in tokenizer.ggml.token_type. */
enum token_kind {
	TOKEN_NORMAL	= 1,
	TOKEN_UNKNOWN	= 2,
	TOKEN_CONTROL	= 3,
	TOKEN_USER	= 4,
	TOKEN_UNUSED	= 5,
	TOKEN_BYTE	= 6,
};

/**
 * struct bpe_merge - two neighbours that become one token
 * @left: token
 * @right: token
 * @result: token that replaces them
 * @rank: place in the file's list; the lowest rank merges first
 */
struct bpe_merge {
	uint32_t left;
	uint32_t right;
	uint32_t result;
	uint32_t rank;
};

/**
 * struct npu_tokenizer - a vocabulary, read-only once built
 * @count: number of tokens
 * @bos: beginning of text, or NPU_TOKEN_NONE; so are the next three
 * @eos: end of text
 * @eot: end of turn
 * @unknown: stands for bytes without a token
 * @add_bos: texts start with @bos
 * @bytes: what the tokens stand for, one after the other
 * @start: @count + 1 places in @bytes
 * @kind: enum token_kind of each token
 * @longest: most bytes of a token
 * @normal: normal tokens sorted by their bytes
 * @normal_count: how many
 * @special: control and user tokens sorted by their bytes
 * @special_count: how many
 * @special_first: whether a special token starts with this byte
 * @byte_token: token of each byte, or NPU_TOKEN_NONE
 * @merge: merges sorted by left, right, rank
 * @merge_count: how many
 * @merge_start: @count + 1 places in @merge, by left token
 * @splitter: how text is cut before merging
 */
struct npu_tokenizer {
	uint32_t count;
	uint32_t bos;
	uint32_t eos;
	uint32_t eot;
	uint32_t unknown;
	bool add_bos;
	char *bytes;
	size_t *start;
	uint8_t *kind;
	size_t longest;
	uint32_t *normal;
	uint32_t normal_count;
	uint32_t *special;
	uint32_t special_count;
	bool special_first[256];
	uint32_t byte_token[256];
	struct bpe_merge *merge;
	uint32_t merge_count;
	uint32_t *merge_start;
	struct splitter *splitter;
};

/* Bytes and length of a token that exists. */
static inline const char *token_bytes(const struct npu_tokenizer *t,
				      uint32_t id, size_t *len)
{
	*len = t->start[id + 1] - t->start[id];
	return t->bytes + t->start[id];
}

/*
 * Turn a string of the byte alphabet into bytes. @out has room for
 * string->len bytes. Returns the number of bytes, or -1 when a character
 * stands for no byte.
 */
ptrdiff_t bytes_of_string(const struct npu_gguf_string *string, char *out);

/* Parts of npu_tokenizer_create(), in this order. */
int vocab_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
	       struct npu_error *err);
int vocab_index(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err);
int merges_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err);

/* The normal token with these bytes, or NPU_TOKEN_NONE. */
uint32_t vocab_find(const struct npu_tokenizer *t, const char *bytes,
		    size_t len);

/*
 * The longest special token that @text starts with, or NPU_TOKEN_NONE;
 * control tokens count only when @control is set.
 */
uint32_t vocab_match_special(const struct npu_tokenizer *t, const char *text,
			     size_t len, bool control);

/* The merge of two neighbours, or NULL. */
const struct bpe_merge *merges_find(const struct npu_tokenizer *t,
				    uint32_t left, uint32_t right);

#endif /* NPU_MODEL_TOKENIZER_INTERNAL_H */
