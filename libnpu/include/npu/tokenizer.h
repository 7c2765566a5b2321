/* SPDX-License-Identifier: MIT */
/*
 * Text to token ids and back, with the vocabulary in a GGUF file's metadata:
 * byte-level BPE as GPT-2 defines it ("gpt2", with the pre-tokenisers of the
 * common families), and SentencePiece's BPE with byte fallback ("llama").
 */
#ifndef NPU_TOKENIZER_H
#define NPU_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/gguf.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_TOKEN_NONE UINT32_MAX

/**
 * enum npu_encode_flags - how npu_tokenizer_encode() reads its text
 * @NPU_ENCODE_BOS: start with the beginning-of-text token if the file asks
 *	for one (tokenizer.ggml.add_bos_token)
 * @NPU_ENCODE_SPECIAL: text that spells a control token, such as
 *	``<|endoftext|>``, becomes that token; never set it for text from others
 * @NPU_ENCODE_EOS: end with the end-of-text token if the file asks for one
 *	(tokenizer.ggml.add_eos_token)
 * @NPU_ENCODE_MORE: the text goes on from another: SentencePiece's blank does
 *	not come before it
 */
enum npu_encode_flags {
	NPU_ENCODE_BOS		= 1u << 0,
	NPU_ENCODE_SPECIAL	= 1u << 1,
	NPU_ENCODE_EOS		= 1u << 2,
	NPU_ENCODE_MORE		= 1u << 3,
};

/**
 * struct npu_text_part - part of a text to encode
 * @text: its bytes
 * @len: how many
 * @special: control tokens that are spelt within it become those tokens
 */
struct npu_text_part {
	const char *text;
	size_t len;
	bool special;
};

struct npu_tokenizer;

/**
 * struct npu_decoder - bytes of a character whose rest has not come yet
 * @pending: the bytes
 * @count: how many there are, at most 3
 *
 * @skip_blank: a blank comes first that is not the text's own
 *
 * One belongs to each stream of tokens. For tokens that go on from a text,
 * such as those that a model generates, start with all zero; for those of a
 * whole text, with npu_decoder_start().
 */
struct npu_decoder {
	unsigned char pending[3];
	unsigned char count;
	bool skip_blank;
};

/**
 * npu_tokenizer_create() - build the tokenizer of a model file
 * @gguf: open file; may be closed afterwards
 * @tokenizer: receives it; free it with npu_tokenizer_destroy(). It is never
 *	written after this, so threads may share it
 * @err: receives the reason, or NULL
 *
 * Return: 0; -EINVAL when the metadata lacks or contradicts something;
 * -ENOTSUP for another kind of tokenizer; -ENOMEM.
 */
int npu_tokenizer_create(const struct npu_gguf *gguf,
			 struct npu_tokenizer **tokenizer,
			 struct npu_error *err);

/** npu_tokenizer_destroy() - free a tokenizer; NULL is allowed */
void npu_tokenizer_destroy(struct npu_tokenizer *tokenizer);

/** npu_tokenizer_count() - number of tokens; ids are less than this */
uint32_t npu_tokenizer_count(const struct npu_tokenizer *tokenizer);

/** npu_tokenizer_bos() - beginning-of-text token, or NPU_TOKEN_NONE */
uint32_t npu_tokenizer_bos(const struct npu_tokenizer *tokenizer);

/** npu_tokenizer_eos() - end-of-text token, or NPU_TOKEN_NONE */
uint32_t npu_tokenizer_eos(const struct npu_tokenizer *tokenizer);

/**
 * npu_tokenizer_find() - a special token by its name, such as "<|im_end|>"
 *
 * Return: the token, or NPU_TOKEN_NONE when no control or user-defined token
 * is called @text.
 */
uint32_t npu_tokenizer_find(const struct npu_tokenizer *tokenizer,
			    const char *text);

/**
 * npu_tokenizer_is_end() - whether a model that produces @id has finished
 *
 * True for the end-of-text token, those that end a turn or a message, and the
 * special tokens that chat models are known to end an answer with.
 */
bool npu_tokenizer_is_end(const struct npu_tokenizer *tokenizer, uint32_t id);

/**
 * npu_tokenizer_encode() - turn bytes into tokens
 * @tokenizer: tokenizer
 * @text: any bytes; those that are not UTF-8 are encoded one by one
 * @len: number of bytes, at most INT32_MAX
 * @flags: enum npu_encode_flags
 * @ids: receives the tokens; the caller frees them with free()
 * @count: receives their number, at most 2 * @len + 3
 * @err: receives the reason, or NULL
 *
 * Takes O(n log n) time and O(n) memory for any input. A SentencePiece
 * vocabulary puts a blank before a text, and before what follows a control
 * token, unless the file says otherwise (tokenizer.ggml.add_space_prefix);
 * npu_decoder_start() takes the first one off again.
 *
 * Return: 0; -EILSEQ when the vocabulary has no token for a byte, and no
 * unknown token either; -E2BIG for too long a text; -ENOMEM.
 */
int npu_tokenizer_encode(const struct npu_tokenizer *tokenizer,
			 const char *text, size_t len, unsigned int flags,
			 uint32_t **ids, size_t *count, struct npu_error *err);

/**
 * npu_tokenizer_encode_parts() - turn a text in several parts into tokens
 * @tokenizer: tokenizer
 * @parts: parts; the text is one after the other, and merges go across them
 * @n_parts: number of @parts
 * @flags: NPU_ENCODE_BOS, NPU_ENCODE_EOS, NPU_ENCODE_MORE
 * @ids: as for npu_tokenizer_encode()
 * @count: as for npu_tokenizer_encode(), with the length of all parts
 * @err: receives the reason, or NULL
 *
 * For texts from several sources: only within the parts that say so do control
 * tokens count, so a user cannot forge one.
 *
 * Return: as npu_tokenizer_encode().
 */
int npu_tokenizer_encode_parts(const struct npu_tokenizer *tokenizer,
			       const struct npu_text_part *parts,
			       size_t n_parts, unsigned int flags,
			       uint32_t **ids, size_t *count,
			       struct npu_error *err);

/**
 * npu_tokenizer_piece() - the bytes that a token stands for
 * @tokenizer: tokenizer
 * @id: token
 * @len: receives the number of bytes
 *
 * Return: the bytes, not NUL-terminated; NULL when there is no such token.
 * A control token has the bytes of its name.
 */
const char *npu_tokenizer_piece(const struct npu_tokenizer *tokenizer,
				uint32_t id, size_t *len);

/**
 * npu_tokenizer_decode_size() - buffer size that every
 * npu_tokenizer_decode() call fits in
 */
size_t npu_tokenizer_decode_size(const struct npu_tokenizer *tokenizer);

/** npu_decoder_start() - get ready for the first token of a whole text */
void npu_decoder_start(const struct npu_tokenizer *tokenizer,
		       struct npu_decoder *decoder);

/**
 * npu_tokenizer_decode() - text that one more token completes
 * @tokenizer: tokenizer
 * @decoder: state of this stream
 * @id: next token; control tokens give no text
 * @out: receives the bytes, without NUL
 * @size: bytes that @out has room for
 * @len: receives the number of bytes written
 *
 * A character whose bytes are spread over several tokens comes out whole,
 * with the token that ends it. Bytes that cannot be part of UTF-8 come out
 * unchanged: the output of a stream and its flush is its tokens' bytes.
 *
 * Return: 0; -EINVAL when there is no such token; -ENOSPC, with nothing
 * changed, when @out is too small.
 */
int npu_tokenizer_decode(const struct npu_tokenizer *tokenizer,
			 struct npu_decoder *decoder, uint32_t id,
			 char *out, size_t size, size_t *len);

/**
 * npu_decoder_flush() - what is left of a character that never ended
 * @decoder: state of the stream; empty afterwards
 * @out: receives at most 3 bytes
 *
 * Return: number of bytes.
 */
size_t npu_decoder_flush(struct npu_decoder *decoder, char out[3]);

#ifdef __cplusplus
}
#endif

#endif /* NPU_TOKENIZER_H */
