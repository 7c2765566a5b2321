// SPDX-License-Identifier: MIT
/*
 * Any text, by tokenizers of both kinds and every way of cutting: no byte is
 * lost, and no character comes out in two parts. The first byte of the input
 * chooses the tokenizer.
 */
#include <stdlib.h>
#include <string.h>

#include <npu/tokenizer.h>

#include "model/utf8.h"
#include "tiny_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pre[] = {
	NULL, "gpt-2", "llama-bpe", "qwen2", "smollm", "default", "falcon",
	"tekken", "gpt-4o",
};

#define KINDS (sizeof(pre) / sizeof(pre[0]))

static void fill(struct builder *b, const char *name)
{
	static struct tiny_vocab v;

	builder_start(b, 3);
	v.count = v.merges = 0;
	if (!name) {
		tiny_pieces_start(&v);
		tiny_piece(&v, "\xe2\x96\x81", -9);
		tiny_piece(&v, "a", -8);
		tiny_piece(&v, "\xe2\x96\x81\xe2\x96\x81", -1);
		tiny_piece(&v, "\xe2\x96\x81" "a", -2);
		tiny_piece(&v, "aa", -3);
		tiny_pieces_metadata(b, &v);
		return;
	}
	tiny_bytes(&v);
	tiny_merge(&v, 'a', 'a');
	tiny_merge(&v, ' ', ' ');
	tiny_merge(&v, 256, 256);
	tiny_merge(&v, '1', '2');
	add_string(b, "tokenizer.ggml.pre", name);
	tiny_vocab_entries(b, &v);
}

static struct npu_tokenizer *make(const char *name)
{
	struct npu_tokenizer *t;
	struct npu_gguf *gguf;
	struct builder b;

	fill(&b, name);
	builder_end(&b);
	if (npu_gguf_open_memory("fuzz", b.file.data, b.file.size, &gguf, NULL) ||
	    npu_tokenizer_create(gguf, &t, NULL))
		abort();
	npu_gguf_close(gguf);
	builder_free(&b);
	return t;
}

/* For each place in the text, whether it lies inside a character. */
static char *mark_insides(const char *text, size_t len)
{
	char *inside = calloc(len + 1, 1);
	size_t at = 0;
	uint32_t code;

	while (at < len) {
		int step = utf8_next((const unsigned char *)text + at, len - at,
				     &code);

		for (int i = 1; i < step; i++)
			inside[at + i] = 1;
		at += step > 0 ? step : 1;
	}
	return inside;
}

static void check(const struct npu_tokenizer *t, const uint32_t *ids,
		  size_t count, const char *text, size_t len)
{
	char *out = malloc(len + npu_tokenizer_decode_size(t) + 3);
	char *inside = mark_insides(text, len);
	struct npu_decoder decoder;
	size_t done = 0, more;

	npu_decoder_start(t, &decoder);
	for (size_t i = 0; i < count; i++) {
		if (npu_tokenizer_decode(t, &decoder, ids[i], out + done,
					 npu_tokenizer_decode_size(t), &more))
			abort();
		done += more;
		if (done > len || inside[done])
			abort();
	}
	done += npu_decoder_flush(&decoder, out + done);
	if (done != len || memcmp(out, text, len))
		abort();
	free(inside);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct npu_tokenizer *tokenizers[KINDS];
	uint32_t kind = size ? data[0] % KINDS : 0, *ids;
	const char *text = (const char *)data + 1;
	size_t count;

	if (!size)
		return 0;
	if (!tokenizers[kind])
		tokenizers[kind] = make(pre[kind]);
	if (npu_tokenizer_encode(tokenizers[kind], text, size - 1, 0, &ids,
				 &count, NULL))
		abort();
	check(tokenizers[kind], ids, count, text, size - 1);
	free(ids);
	return 0;
}
