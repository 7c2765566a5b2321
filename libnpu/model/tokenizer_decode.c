// SPDX-License-Identifier: MIT
/* Tokens to text, a token at a time, without cutting a character in two. */
#include <errno.h>
#include <string.h>

#include "tokenizer_internal.h"
#include "utf8.h"

size_t npu_tokenizer_decode_size(const struct npu_tokenizer *tokenizer)
{
	return tokenizer->longest + sizeof(((struct npu_decoder *)0)->pending);
}

/* How many bytes at the end are the start of a character: at most 3. */
static size_t unfinished(const char *text, size_t len)
{
	size_t at = 0;
	uint32_t code;

	while (at < len) {
		int step = utf8_next((const unsigned char *)text + at, len - at,
				     &code);

		if (step == UTF8_SHORT)
			break;
		at += step == UTF8_BAD ? 1 : step;
	}
	return len - at;
}

static bool has_text(const struct npu_tokenizer *tokenizer, uint32_t id)
{
	return tokenizer->kind[id] != TOKEN_CONTROL &&
	       tokenizer->kind[id] != TOKEN_UNKNOWN;
}

void npu_decoder_start(const struct npu_tokenizer *tokenizer,
		       struct npu_decoder *decoder)
{
	*decoder = (struct npu_decoder){ .skip_blank = tokenizer->add_space };
}

int npu_tokenizer_decode(const struct npu_tokenizer *tokenizer,
			 struct npu_decoder *decoder, uint32_t id,
			 char *out, size_t size, size_t *len)
{
	size_t total, piece_len;
	const char *piece;

	if (id >= tokenizer->count)
		return -EINVAL;
	*len = 0;
	if (!has_text(tokenizer, id))
		return 0;
	piece = token_bytes(tokenizer, id, &piece_len);
	if (decoder->skip_blank && piece_len && *piece == ' ') {
		piece++;
		piece_len--;
	}
	total = decoder->count + piece_len;
	if (total > size)
		return -ENOSPC;
	decoder->skip_blank = false;
	memcpy(out, decoder->pending, decoder->count);
	memcpy(out + decoder->count, piece, piece_len);
	decoder->count = unfinished(out, total);
	*len = total - decoder->count;
	memcpy(decoder->pending, out + *len, decoder->count);
	return 0;
}

size_t npu_decoder_flush(struct npu_decoder *decoder, char out[3])
{
	size_t len = decoder->count;

	memcpy(out, decoder->pending, len);
	decoder->count = 0;
	return len;
}
