// SPDX-License-Identifier: MIT
/* Text to tokens: special tokens, then pieces, then byte pairs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpe.h"
#include "splitter.h"
#include "tokenizer_internal.h"

/*
 * A text being encoded. @prefixed holds a blank and a piece; @fresh is set at
 * the start and after a control token; @part is the part that is read now, and
 * @part_end where it ends.
 */
struct encoder {
	const struct npu_tokenizer *tokenizer;
	const char *text;
	size_t len;
	const struct npu_text_part *part;
	size_t part_end;
	struct split *split;
	struct bpe_scratch scratch;
	char *prefixed;
	bool fresh;
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
 * What has no token becomes the unknown token. Until such is met, each token's
 * bytes are passed over, so @done of them lie before it.
 */
static int replace_unknown(struct encoder *e, const char *piece, size_t at,
			   uint32_t *ids, size_t count)
{
	size_t done = 0, len;

	for (size_t i = 0; i < count; i++) {
		if (ids[i] != NPU_TOKEN_NONE) {
			token_bytes(e->tokenizer, ids[i], &len);
			done += len;
			continue;
		}
		if (e->tokenizer->unknown == NPU_TOKEN_NONE)
			return npu_error_set(e->err, -EILSEQ,
					     "byte 0x%02x at offset %zu of the text has no token",
					     (unsigned char)piece[done],
					     at + done);
		ids[i] = e->tokenizer->unknown;
	}
	return 0;
}

/* @at is where the piece starts in the text, for messages. */
static int encode_piece(struct encoder *e, const char *piece, size_t len,
			size_t at)
{
	uint32_t whole = NPU_TOKEN_NONE;
	ptrdiff_t count;
	int ret = make_room(e, len);

	if (ret)
		return ret;
	if (e->tokenizer->splitter &&
	    splitter_takes_whole(e->tokenizer->splitter))
		whole = vocab_find(e->tokenizer, piece, len);
	if (whole != NPU_TOKEN_NONE)
		return push(e, whole);
	count = bpe_encode(e->tokenizer, &e->scratch, piece, len,
			   e->ids + e->count);
	if (count < 0)
		return no_memory(e);
	ret = replace_unknown(e, piece, at, e->ids + e->count, count);
	if (!ret)
		e->count += count;
	return ret;
}

/* SentencePiece merges across all of a text, after a blank of its own. */
static int encode_whole(struct encoder *e, size_t at, size_t end)
{
	if (!e->tokenizer->add_space || !e->fresh)
		return encode_piece(e, e->text + at, end - at, at);
	free(e->prefixed);
	e->prefixed = malloc(end - at + 1);
	if (!e->prefixed)
		return no_memory(e);
	e->prefixed[0] = ' ';
	memcpy(e->prefixed + 1, e->text + at, end - at);
	return encode_piece(e, e->prefixed, end - at + 1, at ? at - 1 : 0);
}

static int encode_pieces(struct encoder *e, size_t at, size_t end)
{
	ptrdiff_t len;
	int ret = 0;

	split_start(e->split, e->text + at, end - at);
	while (!ret && at < end) {
		len = split_next(e->split);
		if (len < 0)
			return npu_error_set(e->err, len,
					     "the text cannot be split at offset %zu",
					     at);
		ret = encode_piece(e, e->text + at, len, at);
		at += len;
	}
	return ret;
}

/* Text without special tokens. */
static int encode_plain(struct encoder *e, size_t at, size_t end)
{
	int ret;

	if (at == end)
		return 0;
	ret = e->split ? encode_pieces(e, at, end) : encode_whole(e, at, end);
	e->fresh = false;
	return ret;
}

/* Bytes from @at on that lie in one part that may spell control tokens. */
static size_t control_room(struct encoder *e, size_t at)
{
	while (e->part_end <= at)
		e->part_end += (++e->part)->len;
	return e->part->special ? e->part_end - at : 0;
}

static int encode_text(struct encoder *e)
{
	size_t plain = 0, at = 0, special_len;
	uint32_t special;
	int ret;

	while (at < e->len) {
		special = vocab_match_special(e->tokenizer, e->text + at,
					      e->len - at, control_room(e, at));
		if (special == NPU_TOKEN_NONE) {
			at++;
			continue;
		}
		ret = encode_plain(e, plain, at);
		if (!ret)
			ret = push(e, special);
		if (ret)
			return ret;
		e->fresh = e->tokenizer->kind[special] == TOKEN_CONTROL;
		token_bytes(e->tokenizer, special, &special_len);
		at += special_len;
		plain = at;
	}
	return encode_plain(e, plain, e->len);
}

static int encode(struct encoder *e, unsigned int flags)
{
	const struct npu_tokenizer *t = e->tokenizer;
	int ret;

	if (t->splitter) {
		e->split = split_create(t->splitter);
		if (!e->split)
			return no_memory(e);
	}
	/* Never give back NULL, even for no tokens. */
	ret = make_room(e, 16);
	if (!ret && flags & NPU_ENCODE_BOS && t->add_bos)
		ret = push(e, t->bos);
	if (!ret)
		ret = encode_text(e);
	if (!ret && flags & NPU_ENCODE_EOS && t->add_eos)
		ret = push(e, t->eos);
	split_destroy(e->split);
	bpe_scratch_free(&e->scratch);
	free(e->prefixed);
	return ret;
}

/* One text of all parts; NULL when there is no memory. */
static char *join(const struct npu_text_part *parts, size_t n_parts, size_t len)
{
	char *text = malloc(len + 1), *end = text;

	for (size_t i = 0; text && i < n_parts; i++) {
		if (parts[i].len)
			memcpy(end, parts[i].text, parts[i].len);
		end += parts[i].len;
	}
	return text;
}

static int check_len(const struct npu_text_part *parts, size_t n_parts,
		     size_t *len, struct npu_error *err)
{
	*len = 0;
	for (size_t i = 0; i < n_parts; i++)
		if (__builtin_add_overflow(*len, parts[i].len, len) ||
		    *len > INT32_MAX)
			return npu_error_set(err, -E2BIG,
					     "a text of %zu bytes is too long, the most is %d",
					     *len, INT32_MAX);
	return 0;
}

int npu_tokenizer_encode_parts(const struct npu_tokenizer *tokenizer,
			       const struct npu_text_part *parts,
			       size_t n_parts, unsigned int flags,
			       uint32_t **ids, size_t *count,
			       struct npu_error *err)
{
	struct encoder e = {
		.tokenizer = tokenizer, .fresh = !(flags & NPU_ENCODE_MORE), .part = parts,
		.part_end = n_parts ? parts[0].len : 0, .err = err,
	};
	char *text = NULL;
	int ret = check_len(parts, n_parts, &e.len, err);

	if (ret)
		return ret;
	if (flags & ~(NPU_ENCODE_BOS | NPU_ENCODE_EOS | NPU_ENCODE_MORE))
		return npu_error_set(err, -EINVAL, "unknown flags 0x%x", flags);
	if (n_parts > 1)
		text = join(parts, n_parts, e.len);
	if (n_parts > 1 && !text)
		return no_memory(&e);
	e.text = n_parts == 1 ? parts->text : text;
	ret = encode(&e, flags);
	free(text);
	if (ret) {
		free(e.ids);
		return ret;
	}
	*ids = e.ids;
	*count = e.count;
	return 0;
}

int npu_tokenizer_encode(const struct npu_tokenizer *tokenizer,
			 const char *text, size_t len, unsigned int flags,
			 uint32_t **ids, size_t *count, struct npu_error *err)
{
	const struct npu_text_part part = {
		.text = text, .len = len, .special = flags & NPU_ENCODE_SPECIAL,
	};

	return npu_tokenizer_encode_parts(tokenizer, &part, 1,
					  flags & ~NPU_ENCODE_SPECIAL, ids,
					  count, err);
}
