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

/* Kinds of tokenizers, by tokenizer.ggml.model. */
enum tokenizer_model {
	TOKENIZER_BPE,	/* gpt2: byte-level BPE with a list of merges */
	TOKENIZER_SPM,	/* llama: SentencePiece's BPE, by scores */
};

#define TOKENIZER_MAX_ENDS 16

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
 * @model: kind
 * @count: number of tokens
 * @bos: beginning of text, or NPU_TOKEN_NONE; so are the next two
 * @eos: end of text
 * @unknown: stands for bytes without a token
 * @end: tokens that end an answer
 * @end_count: how many
 * @add_bos: texts start with @bos
 * @add_eos: texts end with @eos
 * @add_space: texts start with a blank that is not theirs (SPM)
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
 * @rank: order of merging into each token, the lowest first (SPM)
 * @merge: merges sorted by left, right, rank
 * @merge_count: how many
 * @merge_start: @count + 1 places in @merge, by left token
 * @splitter: how text is cut before merging; NULL: not at all
 */
struct npu_tokenizer {
	enum tokenizer_model model;
	uint32_t count;
	uint32_t bos;
	uint32_t eos;
	uint32_t unknown;
	uint32_t end[TOKENIZER_MAX_ENDS];
	uint32_t end_count;
	bool add_bos;
	bool add_eos;
	bool add_space;
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
	uint32_t *rank;
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
int scores_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err);
int ends_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
	      struct npu_error *err);

/* Part of vocab_read(): which tokens are special, once the kinds are known. */
int special_ids_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		     struct npu_error *err);

/* The normal token with these bytes, or NPU_TOKEN_NONE. */
uint32_t vocab_find(const struct npu_tokenizer *t, const char *bytes,
		    size_t len);

/* The special token with these bytes, or NPU_TOKEN_NONE. */
uint32_t vocab_find_special(const struct npu_tokenizer *t, const char *bytes,
			    size_t len);

/*
 * The longest special token that @text starts with, or NPU_TOKEN_NONE;
 * control tokens of more than @control_len bytes do not count.
 */
uint32_t vocab_match_special(const struct npu_tokenizer *t, const char *text,
			     size_t len, size_t control_len);

/* The merge of two neighbours, or NULL. */
const struct bpe_merge *merges_find(const struct npu_tokenizer *t,
				    uint32_t left, uint32_t right);

#endif /* NPU_MODEL_TOKENIZER_INTERNAL_H */
