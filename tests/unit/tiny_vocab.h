/* SPDX-License-Identifier: MIT */
/* Builds small vocabularies: byte-level BPE, and SentencePiece's. */
#ifndef NPU_TESTS_TINY_VOCAB_H
#define NPU_TESTS_TINY_VOCAB_H

#include <stdio.h>

#include "gguf_builder.h"

#define TINY_MAX_TOKENS 1024
#define TINY_LEN 64

/*
 * Tokens in the order of their ids, then so many that no text has; merges in the
 * order of their ranks.
 */
struct tiny_vocab {
	char text[TINY_MAX_TOKENS][TINY_LEN];
	int32_t kind[TINY_MAX_TOKENS];
	float score[TINY_MAX_TOKENS];
	uint32_t count, unused;
	char merge[TINY_MAX_TOKENS][TINY_LEN];
	uint32_t merges;
};

/*
 * A byte in GPT-2's alphabet, by its own definition: what Latin-1 prints is
 * itself, the rest is numbered from 256 on in the order that it is met.
 */
static inline void tiny_letter(unsigned char byte, char *out)
{
	uint32_t code = 256;

	for (int c = 0; c <= byte; c++) {
		int prints = (c > 32 && c < 127) || (c > 160 && c != 173);

		if (c == byte && prints)
			code = c;
		else if (c < byte && !prints)
			code++;
	}
	if (code < 128)
		sprintf(out, "%c", code);
	else
		sprintf(out, "%c%c", 0xc0 | code >> 6, 0x80 | (code & 63));
}

/* Longer strings than fit are a mistake in the test. */
static inline void tiny_join(char out[TINY_LEN], const char *a, const char *gap,
			     const char *b)
{
	size_t len = 0;

	for (int i = 0; i < 3; i++) {
		const char *part = i == 0 ? a : i == 1 ? gap : b;
		size_t more = strlen(part);

		if (len + more >= TINY_LEN)
			abort();
		memcpy(out + len, part, more);
		len += more;
	}
	out[len] = '\0';
}

static inline uint32_t tiny_token(struct tiny_vocab *v, const char *text,
				  int32_t kind)
{
	tiny_join(v->text[v->count], text, "", "");
	v->kind[v->count] = kind;
	return v->count++;
}

/* Token i is byte i. */
static inline void tiny_bytes(struct tiny_vocab *v)
{
	char letter[4];

	for (int c = 0; c < 256; c++) {
		tiny_letter(c, letter);
		tiny_token(v, letter, 1);
	}
}

/* A new token from two that are there; gives back its id. */
static inline uint32_t tiny_merge(struct tiny_vocab *v, uint32_t left,
				  uint32_t right)
{
	char joined[TINY_LEN];

	tiny_join(v->merge[v->merges++], v->text[left], " ", v->text[right]);
	tiny_join(joined, v->text[left], "", v->text[right]);
	return tiny_token(v, joined, 1);
}

static inline void tiny_vocab_strings(struct builder *b, const char *key,
				      char (*text)[TINY_LEN], uint32_t count)
{
	struct bytes *file = add_array(b, key, NPU_GGUF_VALUE_STRING, count);

	for (uint32_t i = 0; i < count; i++)
		put_string(file, text[i], strlen(text[i]));
}

/* The tokens that no text has are of kind 5, unused, and have a score of 0. */
static inline void tiny_put_unused(struct builder *b, const struct tiny_vocab *v,
				   uint32_t value)
{
	for (uint32_t i = 0; i < v->unused; i++)
		put_u32(&b->file, value);
}

static inline void tiny_tokens(struct builder *b, const struct tiny_vocab *v)
{
	struct bytes *file = add_array(b, "tokenizer.ggml.tokens", NPU_GGUF_VALUE_STRING,
				       v->count + v->unused);
	char text[32];

	for (uint32_t i = 0; i < v->count; i++)
		put_string(file, v->text[i], strlen(v->text[i]));
	for (uint32_t i = 0; i < v->unused; i++)
		put_string(file, text, sprintf(text, "<|unused %u|>", i));
}

static inline void tiny_kinds(struct builder *b, const struct tiny_vocab *v)
{
	put(add_array(b, "tokenizer.ggml.token_type", NPU_GGUF_VALUE_I32,
		      v->count + v->unused), v->kind, 4 * v->count);
	tiny_put_unused(b, v, 5);
}

/* All but the name of the pre-tokeniser. */
static inline void tiny_vocab_entries(struct builder *b, struct tiny_vocab *v)
{
	add_string(b, "tokenizer.ggml.model", "gpt2");
	tiny_tokens(b, v);
	tiny_kinds(b, v);
	tiny_vocab_strings(b, "tokenizer.ggml.merges", v->merge, v->merges);
}

static inline void tiny_vocab_metadata(struct builder *b,
				       struct tiny_vocab *v)
{
	add_string(b, "tokenizer.ggml.pre", "gpt-2");
	tiny_vocab_entries(b, v);
}

/* Tokens 0 to 2 are <unk>, <s> and </s>, token 3 + i is byte i. */
static inline void tiny_pieces_start(struct tiny_vocab *v)
{
	char text[8];

	v->count = v->merges = 0;
	tiny_token(v, "<unk>", 2);
	tiny_token(v, "<s>", 3);
	tiny_token(v, "</s>", 3);
	for (int c = 0; c < 256; c++) {
		sprintf(text, "<0x%02X>", c);
		tiny_token(v, text, 6);
	}
}

static inline uint32_t tiny_piece(struct tiny_vocab *v, const char *text,
				  float score)
{
	v->score[v->count] = score;
	return tiny_token(v, text, 1);
}

static inline void tiny_pieces_metadata(struct builder *b, struct tiny_vocab *v)
{
	add_string(b, "tokenizer.ggml.model", "llama");
	tiny_tokens(b, v);
	put(add_array(b, "tokenizer.ggml.scores", NPU_GGUF_VALUE_F32, v->count + v->unused),
	    v->score, 4 * v->count);
	tiny_put_unused(b, v, 0);
	tiny_kinds(b, v);
}

#endif /* NPU_TESTS_TINY_VOCAB_H */
