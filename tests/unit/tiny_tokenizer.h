/* SPDX-License-Identifier: MIT */
/* Tokenizers of small vocabularies, and ways to look at what they do. */
#ifndef NPU_TESTS_TINY_TOKENIZER_H
#define NPU_TESTS_TINY_TOKENIZER_H

#include <npu/tokenizer.h>

#include "tap.h"
#include "tiny_vocab.h"

static inline struct npu_tokenizer *make(struct builder *b)
{
	struct npu_tokenizer *t = NULL;
	struct exact e;

	builder_end(b);
	e = open_exact(b->file.data, b->file.size);
	if (e.ret || npu_tokenizer_create(e.gguf, &t, &e.err))
		bail_out(e.err.message);
	/* The tokenizer must not need the file any more. */
	close_exact(&e);
	builder_free(b);
	return t;
}

/* Ids of a text with blanks between, for comparing. */
static inline const char *ids_of(const struct npu_tokenizer *t, const char *text,
			  unsigned int flags)
{
	static char out[256];
	static struct npu_error err;
	uint32_t *ids;
	size_t count, len = 0;

	out[0] = '\0';
	if (npu_tokenizer_encode(t, text, strlen(text), flags, &ids, &count,
				 &err))
		return err.message;
	for (size_t i = 0; i < count && len < 240; i++)
		len += sprintf(out + len, i ? " %u" : "%u", ids[i]);
	free(ids);
	return out;
}

/* Decode one token at a time; whole characters only, unless at the end. */
static inline bool decodes_to(const struct npu_tokenizer *t, const uint32_t *ids,
		       size_t count, const char *text, size_t len)
{
	size_t size = npu_tokenizer_decode_size(t), done = 0, n;
	struct npu_decoder decoder;
	char *buffer = malloc(size + 3);
	bool same = true;

	npu_decoder_start(t, &decoder);
	for (size_t i = 0; i < count; i++) {
		if (npu_tokenizer_decode(t, &decoder, ids[i], buffer, size, &n))
			bail_out("cannot decode");
		same = same && n <= len - done &&
		       !memcmp(text + done, buffer, n);
		done += n;
	}
	n = npu_decoder_flush(&decoder, buffer);
	same = same && n == len - done && !memcmp(text + done, buffer, n);
	free(buffer);
	return same;
}

static inline bool round_trips(const struct npu_tokenizer *t, const char *text,
			size_t len)
{
	uint32_t *ids;
	size_t count;
	bool same;

	if (npu_tokenizer_encode(t, text, len, 0, &ids, &count, NULL))
		return false;
	same = count <= 2 * len + 3 && decodes_to(t, ids, count, text, len);
	free(ids);
	return same;
}

#endif /* NPU_TESTS_TINY_TOKENIZER_H */
