// SPDX-License-Identifier: MIT
/* Tokenizers of any vocabulary: what they encode, they can decode. */
#include <stdlib.h>
#include <string.h>

#include <npu/tokenizer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] =
	"the <|im_end|> The\n\n 12345 don't \xe2\x96\x81\xe2\x82\xac \xff\xfe <0x41></s>";

static void decode(const struct npu_tokenizer *t, const uint32_t *ids,
		   size_t count)
{
	size_t size = npu_tokenizer_decode_size(t), len;
	struct npu_decoder decoder;
	char *out = malloc(size);

	npu_decoder_start(t, &decoder);
	for (size_t i = 0; out && i < count; i++)
		if (npu_tokenizer_decode(t, &decoder, ids[i], out, size, &len) ||
		    len > size)
			abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npu_tokenizer *t;
	struct npu_gguf *gguf;
	uint32_t *ids;
	size_t count;

	if (npu_gguf_open_memory("fuzz", data, size, &gguf, NULL))
		return 0;
	if (!npu_tokenizer_create(gguf, &t, NULL)) {
		for (unsigned int flags = 0; flags < 8; flags++) {
			if (npu_tokenizer_encode(t, text, sizeof(text) - 1, flags,
						 &ids, &count, NULL))
				continue;
			if (count > 2 * sizeof(text) + 3)
				abort();
			decode(t, ids, count);
			free(ids);
		}
		npu_tokenizer_destroy(t);
	}
	npu_gguf_close(gguf);
	return 0;
}
