// SPDX-License-Identifier: MIT
/* Text to tokens: special tokens, then pieces, then byte pairs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpe.h"
#include "splitter.h"
#include "tokenizer_internal.h"

/* A text being encoded. */
struct encoder {
	const struct npu_tokenizer *tokenizer;
	const char *text;
	struct split *split;
	struct bpe_scratch scratch;
	uint32_t *ids;
	size_t count;
	size_t capacity;
	struct npu_error *err;
};

static int no_memory(struct encoder *e)
{
	return npu_error_set(e->err, -ENOMEM,
			     "out of memory for the tokens of a text");
}

static int make_room(struct encoder *e, size_t more)
{
	size_t capacity = e->capacity * 2;
	uint32_t *ids;

	if (more <= e->capacity - e->count)
		return 0;
	if (capacity < e->count + more)
		capacity = e->count + more;
	ids = realloc(e->ids, capacity * sizeof(*ids));
	if (!ids)
		return no_memory(e);
	e->ids = ids;
	e->capacity = capacity;
	return 0;
}

static int push(struct encoder *e, uint32_t id)
{
	int ret = make_room(e, 1);

	if (!ret)
		e->ids[e->count++] = id;
	return ret;
}

/*
 * Bytes without a token become the unknown token. Until one is met, each
 * token's bytes are passed over, so @at is where that byte is.
 */
static int replace_unknown(struct encoder *e, uint32_t *ids, size_t count,
			   size_t at)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = 1;

		if (ids[i] != NPU_TOKEN_NONE) {
			token_bytes(e->tokenizer, ids[i], &len);
		} else if (e->tokenizer->unknown != NPU_TOKEN_NONE) {
			ids[i] = e->tokenizer->unknown;
		} else {
			return npu_error_set(e->err, -EILSEQ,
					     "byte 0x%02x at offset %zu of the text has no token",
					     (unsigned char)e->text[at], at);
		}
		at += len;
	}
	return 0;
}

static int encode_piece(struct encoder *e, size_t at, size_t len)
{
	ptrdiff_t count;
	int ret = make_room(e, len);

	if (ret)
		return ret;
	count = bpe_encode(e->tokenizer, &e->scratch, e->text + at, len,
			   e->ids + e->count);
	if (count < 0)
		return no_memory(e);
	ret = replace_unknown(e, e->ids + e->count, count, at);
	if (!ret)
		e->count += count;
	return ret;
}

/* Text without special tokens. */
static int encode_plain(struct encoder *e, size_t at, size_t end)
{
	size_t valid = 0;
	ptrdiff_t len;
	int ret = 0;

	while (!ret && at < end) {
		len = split_next(e->split, e->text + at, end - at, &valid);
		if (len < 0)
			return npu_error_set(e->err, len,
					     "the text cannot be split at offset %zu",
					     at);
		ret = encode_piece(e, at, len);
		at += len;
	}
	return ret;
}

static int encode_text(struct encoder *e, size_t len, bool control)
{
	size_t plain = 0, at = 0, special_len;
	uint32_t special;
	int ret;

	while (at < len) {
		special = vocab_match_special(e->tokenizer, e->text + at,
					      len - at, control);
		if (special == NPU_TOKEN_NONE) {
			at++;
			continue;
		}
		ret = encode_plain(e, plain, at);
		if (!ret)
			ret = push(e, special);
		if (ret)
			return ret;
		token_bytes(e->tokenizer, special, &special_len);
		at += special_len;
		plain = at;
	}
	return encode_plain(e, plain, len);
}

static int encode(struct encoder *e, size_t len, unsigned int flags)
{
	int ret = 0;

	e->split = split_create(e->tokenizer->splitter);
	if (!e->split)
		return no_memory(e);
	/* Never give back NULL, even for no tokens. */
	ret = make_room(e, 16);
	if (!ret && flags & NPU_ENCODE_BOS && e->tokenizer->add_bos)
		ret = push(e, e->tokenizer->bos);
	if (!ret)
		ret = encode_text(e, len, flags & NPU_ENCODE_SPECIAL);
	split_destroy(e->split);
	bpe_scratch_free(&e->scratch);
	return ret;
}

int npu_tokenizer_encode(const struct npu_tokenizer *tokenizer,
			 const char *text, size_t len, unsigned int flags,
			 uint32_t **ids, size_t *count, struct npu_error *err)
{
	struct encoder e = {
		.tokenizer = tokenizer, .text = text, .err = err,
	};
	int ret;

	if (len > INT32_MAX)
		return npu_error_set(err, -E2BIG,
				     "a text of %zu bytes is too long, the most is %d",
				     len, INT32_MAX);
	if (flags & ~(NPU_ENCODE_BOS | NPU_ENCODE_SPECIAL))
		return npu_error_set(err, -EINVAL, "unknown flags 0x%x", flags);
	ret = encode(&e, len, flags);
	if (ret) {
		free(e.ids);
		return ret;
	}
	*ids = e.ids;
	*count = e.count;
	return 0;
}
