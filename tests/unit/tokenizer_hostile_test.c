// SPDX-License-Identifier: MIT
/* Vocabularies that contradict themselves, and files with flipped bits. */
#include <errno.h>
#include <string.h>

#include <npu/model.h>
#include <npu/tokenizer.h>

#include "tap.h"
#include "tiny_model.h"
#include "tiny_vocab.h"

static struct tiny_vocab vocab;

static void fill_vocab(void)
{
	vocab.count = vocab.merges = 0;
	tiny_token(&vocab, "a", 1);
	tiny_token(&vocab, "b", 1);
	tiny_merge(&vocab, 0, 1);
	tiny_token(&vocab, "<s>", 3);
}

static void refused(struct builder *b, int code, const char *reason)
{
	struct npu_tokenizer *t = NULL;
	struct exact e;

	builder_end(b);
	e = open_exact(b->file.data, b->file.size);
	if (is(e.ret, 0, "the file itself is good")) {
		int ret = npu_tokenizer_create(e.gguf, &t, &e.err);

		is(ret, code, "refused: %s", reason);
		is(e.err.code, code, "code");
		ok(strstr(e.err.message, reason) &&
		   !strncmp(e.err.message, "test: ", 6),
		   "message: %s", e.err.message);
		is(npu_tokenizer_create(e.gguf, &t, NULL), code,
		   "and without a place for the message");
	}
	close_exact(&e);
	builder_free(b);
}

/* A file with the vocabulary as it is now, to which the caller adds. */
static struct builder *with_vocab(struct builder *b)
{
	builder_start(b, 3);
	tiny_vocab_metadata(b, &vocab);
	return b;
}

static void test_keys(void)
{
	static const char *const one[] = { "a" };
	static const int32_t kind = 1;
	struct builder b;

	builder_start(&b, 3);
	refused(&b, -EINVAL, "'tokenizer.ggml.model' is missing");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "t5");
	refused(&b, -ENOTSUP,
		"tokenizer 't5' is not supported (supported: llama, gpt2)");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	add_string(&b, "tokenizer.ggml.pre", "bloom");
	refused(&b, -ENOTSUP, "pre-tokeniser 'bloom'");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	refused(&b, -EINVAL, "'tokenizer.ggml.tokens' is missing");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	add_strings(&b, "tokenizer.ggml.tokens", one, 0);
	refused(&b, -EINVAL, "0 tokens, expected 1 to");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	add_strings(&b, "tokenizer.ggml.tokens", one, 1);
	refused(&b, -EINVAL, "'tokenizer.ggml.merges' is missing");
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	add_strings(&b, "tokenizer.ggml.tokens", one, 1);
	put(add_array(&b, "tokenizer.ggml.token_type", NPU_GGUF_VALUE_I32, 0),
	    &kind, 0);
	refused(&b, -EINVAL, "0 token types for 1 tokens");
}

static void test_tokens(void)
{
	struct builder b;

	fill_vocab();
	vocab.kind[1] = 7;
	refused(with_vocab(&b), -EINVAL, "token 1 has unknown type 7");
	fill_vocab();
	vocab.kind[1] = -1;
	refused(with_vocab(&b), -EINVAL, "token 1 has unknown type -1");
	fill_vocab();
	strcpy(vocab.text[1], "b c");
	refused(with_vocab(&b), -EINVAL,
		"token 1 'b c' has a character that stands for no byte");
	fill_vocab();
	strcpy(vocab.text[1], "\xc3");
	refused(with_vocab(&b), -EINVAL, "token 1 '\\xc3' has a character");
	fill_vocab();
	add_u32(with_vocab(&b), "tokenizer.ggml.eos_token_id", 4);
	refused(&b, -EINVAL, "eos_token_id is 4, but there are 4 tokens");
	add_bool(with_vocab(&b), "tokenizer.ggml.add_bos_token", 1);
	refused(&b, -EINVAL, "there is no bos_token_id");
}

static void test_merges(void)
{
	struct builder b;

	fill_vocab();
	strcpy(vocab.merge[0], "ab");
	refused(with_vocab(&b), -EINVAL, "merge 0 'ab' has no space");
	fill_vocab();
	strcpy(vocab.merge[0], "a c");
	refused(with_vocab(&b), -EINVAL, "is no token");
	fill_vocab();
	strcpy(vocab.merge[0], "b a");
	refused(with_vocab(&b), -EINVAL, "is no token");
	fill_vocab();
	strcpy(vocab.merge[0], "a b a");
	refused(with_vocab(&b), -EINVAL, "stands for no byte");
	fill_vocab();
	strcpy(vocab.merge[0], " ab");
	refused(with_vocab(&b), -EINVAL, "is no token");
}

static void test_long_special(void)
{
	const char *tokens[] = { "a", NULL };
	const int32_t kinds[] = { 1, 4 };
	struct builder b;
	char name[258];

	memset(name, 'x', 257);
	name[257] = '\0';
	tokens[1] = name;
	builder_start(&b, 3);
	add_string(&b, "tokenizer.ggml.model", "gpt2");
	add_strings(&b, "tokenizer.ggml.tokens", tokens, 2);
	put(add_array(&b, "tokenizer.ggml.token_type", NPU_GGUF_VALUE_I32, 2),
	    kinds, 8);
	add_strings(&b, "tokenizer.ggml.merges", tokens, 0);
	refused(&b, -EINVAL, "token 1 is special and has 257 bytes");
}

/* Use all that a file offers, if it offers anything. */
static void use(const struct npu_gguf *gguf)
{
	static const char text[] = "abba <s>ab\xff";
	struct npu_tokenizer *t;
	struct npu_model *model;
	uint32_t *ids;
	size_t count;

	if (!npu_model_create(gguf, &model, NULL))
		npu_model_destroy(model);
	if (npu_tokenizer_create(gguf, &t, NULL))
		return;
	if (!npu_tokenizer_encode(t, text, sizeof(text) - 1,
				  NPU_ENCODE_BOS | NPU_ENCODE_SPECIAL, &ids,
				  &count, NULL)) {
		struct npu_decoder decoder = { 0 };
		size_t size = npu_tokenizer_decode_size(t), len;
		char *out = malloc(size);

		for (size_t i = 0; i < count; i++)
			npu_tokenizer_decode(t, &decoder, ids[i], out, size,
					     &len);
		free(out);
		free(ids);
	}
	npu_tokenizer_destroy(t);
}

static void build_whole(struct builder *b)
{
	struct tiny tiny = {
		.vocab = 4, .d_model = 2, .layers = 1, .heads = 1,
		.kv_heads = 1, .head_dim = 2, .ffn = 1, .context = 2,
		.rope_dims = 2, .tied = true,
	};

	fill_vocab();
	builder_start(b, 3);
	tiny_metadata(b, &tiny);
	tiny_vocab_metadata(b, &vocab);
	add_u32(b, "tokenizer.ggml.bos_token_id", 3);
	add_u32(b, "tokenizer.ggml.unknown_token_id", 0);
	add_bool(b, "tokenizer.ggml.add_bos_token", 1);
	tiny_tensors(b, tiny);
	builder_end(b);
}

static void test_flips(void)
{
	size_t opened = 0, bits;
	struct builder b;
	struct exact e;

	build_whole(&b);
	bits = (b.file.size - b.payload.size) * 8;
	for (size_t bit = 0; bit < bits; bit++) {
		b.file.data[bit / 8] ^= 1u << bit % 8;
		e = open_exact(b.file.data, b.file.size);
		if (!e.ret) {
			use(e.gguf);
			opened++;
		}
		close_exact(&e);
		b.file.data[bit / 8] ^= 1u << bit % 8;
	}
	ok(opened > 1000 && opened < bits,
	   "survives %zu bit flips, %zu of which leave a readable file", bits,
	   opened);
	builder_free(&b);
}

int main(void)
{
	test_keys();
	test_tokens();
	test_merges();
	test_long_special();
	test_flips();
	return done_testing();
}
