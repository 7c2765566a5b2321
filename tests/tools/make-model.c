// SPDX-License-Identifier: MIT
/*
 * Writes a model file of random weights, of any architecture and element type,
 * with a tokenizer of either kind: for trying programs on shapes that the
 * built-in model does not have, and as a start for fuzzers.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tiny_model.h"
#include "tiny_vocab.h"

struct options {
	struct tiny tiny;
	uint32_t vocab;
	bool pieces;
	const char *file;
};

static void usage(FILE *out)
{
	fputs("usage: make-model [OPTION]... FILE.gguf\n"
	      "  --arch NAME       llama (default), qwen2, qwen3 or gpt2\n"
	      "  --type NAME       element type of matrices, such as Q4_0 (default F32)\n"
	      "  --tokenizer KIND  gpt2 (default) or llama\n"
	      "  --width N         of the residual stream (64)\n"
	      "  --ffn N           of the feed-forward layer (the width)\n"
	      "  --heads N         heads, which divide the width (4)\n"
	      "  --kv-heads N      of keys and values (half of the heads; gpt2: all)\n"
	      "  --layers N        blocks (2)\n"
	      "  --vocab N         tokens, more than a few hundred (those that text needs)\n"
	      "  --context N       positions (128)\n"
	      "  --window N        positions that each one sees (all)\n"
	      "  --freqs           divisors of RoPE's frequencies, as Llama 3 has\n"
	      "  --untied          an output matrix of its own\n"
	      "  --seed N          of the random numbers (1)\n", out);
}

static bool parse_type(const char *name, uint32_t *type)
{
	for (*type = 0; *type <= NPU_GGUF_BF16; ++*type)
		if (npu_gguf_type_name(*type) &&
		    !strcmp(name, npu_gguf_type_name(*type)))
			return true;
	return false;
}

static bool parse_number(const char *text, uint32_t *value)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	*value = number;
	return *text >= '0' && *text <= '9' && !*end && number <= 1 << 20;
}

static bool parse_one(struct options *o, int c, const char *value)
{
	switch (c) {
	case 'a':
		o->tiny.arch = value;
		return !strcmp(value, "llama") || !strcmp(value, "qwen2") ||
		       !strcmp(value, "qwen3") || !strcmp(value, "gpt2");
	case 't':
		return parse_type(value, &o->tiny.type);
	case 'k':
		o->pieces = !strcmp(value, "llama");
		return o->pieces || !strcmp(value, "gpt2");
	case 'w':
		return parse_number(value, &o->tiny.d_model) &&
		       o->tiny.d_model && o->tiny.d_model % 8 == 0;
	case 'F':
		return parse_number(value, &o->tiny.ffn) && o->tiny.ffn;
	case 'H':
		return parse_number(value, &o->tiny.heads) && o->tiny.heads;
	case 'K':
		return parse_number(value, &o->tiny.kv_heads) && o->tiny.kv_heads;
	case 'v':
		return parse_number(value, &o->vocab);
	case 'l':
		return parse_number(value, &o->tiny.layers) && o->tiny.layers;
	case 'c':
		return parse_number(value, &o->tiny.context) && o->tiny.context;
	case 'i':
		return parse_number(value, &o->tiny.window);
	case 's':
		return parse_number(value, &o->tiny.seed);
	case 'f':
		o->tiny.freqs = true;
		return true;
	case 'u':
		o->tiny.tied = false;
		return true;
	case 'h':
		usage(stdout);
		exit(0);
	default:
		return false;
	}
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "arch", required_argument, NULL, 'a' },
		{ "type", required_argument, NULL, 't' },
		{ "tokenizer", required_argument, NULL, 'k' },
		{ "width", required_argument, NULL, 'w' },
		{ "ffn", required_argument, NULL, 'F' },
		{ "heads", required_argument, NULL, 'H' },
		{ "kv-heads", required_argument, NULL, 'K' },
		{ "vocab", required_argument, NULL, 'v' },
		{ "layers", required_argument, NULL, 'l' },
		{ "context", required_argument, NULL, 'c' },
		{ "window", required_argument, NULL, 'i' },
		{ "seed", required_argument, NULL, 's' },
		{ "freqs", no_argument, NULL, 'f' },
		{ "untied", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (!parse_one(o, c, optarg)) {
			fprintf(stderr, "make-model: cannot take '%s'\n",
				optarg ? optarg : argv[optind - 1]);
			return false;
		}
	}
	if (optind + 1 != argc)
		return false;
	o->file = argv[optind];
	return true;
}

/* All bytes, a few merges or pieces, and tokens for a chat. */
static void fill_vocab(struct tiny_vocab *v, bool pieces)
{
	static const char *const words[] = {
		"\xe2\x96\x81", "e", "t", "h", "th", "he", "the", "\xe2\x96\x81the",
	};

	if (pieces) {
		tiny_pieces_start(v);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			tiny_piece(v, words[i], i < 4 ? -100.0f - i : -1.0f * i);
	} else {
		tiny_bytes(v);
		tiny_merge(v, 't', 'h');
		tiny_merge(v, 256, 'e');
		tiny_merge(v, ' ', 257);
		tiny_token(v, "<|endoftext|>", 3);
	}
	tiny_token(v, "<|im_start|>", 3);
	tiny_token(v, "<|im_end|>", 3);
}

static void build(struct builder *b, struct options *o)
{
	struct tiny_vocab *v = calloc(1, sizeof(*v));

	if (!v)
		abort();
	fill_vocab(v, o->pieces);
	v->unused = o->vocab > v->count ? o->vocab - v->count : 0;
	o->tiny.vocab = v->count + v->unused;
	builder_start(b, 3);
	tiny_metadata(b, &o->tiny);
	if (o->pieces) {
		tiny_pieces_metadata(b, v);
	} else {
		tiny_vocab_metadata(b, v);
		add_u32(b, "tokenizer.ggml.bos_token_id", 259);
		add_u32(b, "tokenizer.ggml.eos_token_id", 259);
		add_bool(b, "tokenizer.ggml.add_bos_token", 1);
	}
	add_string(b, "tokenizer.chat_template", "chatml");
	tiny_tensors(b, o->tiny);
	builder_end(b);
	free(v);
}

/* Also says what the shape cannot be. */
static bool shape(struct tiny *t)
{
	uint32_t per = npu_gguf_type_elements(t->type);
	bool gpt2 = t->arch && !strcmp(t->arch, "gpt2");

	t->heads = t->heads ? t->heads : 4;
	if (!t->kv_heads)
		t->kv_heads = gpt2 || t->heads == 1 ? t->heads : t->heads / 2;
	t->ffn = t->ffn ? t->ffn : t->d_model;
	t->head_dim = t->d_model / t->heads;
	t->rope_dims = t->head_dim;
	if (t->d_model % per || t->ffn % per) {
		fprintf(stderr, "make-model: widths of %u and %u are no multiples of %u, as %s needs\n",
			t->d_model, t->ffn, per, npu_gguf_type_name(t->type));
		return false;
	}
	if (t->d_model % t->heads || t->head_dim % 2 || t->heads % t->kv_heads ||
	    (gpt2 && t->kv_heads != t->heads)) {
		fprintf(stderr, "make-model: %u heads, %u of keys and values, do not divide a width of %u\n",
			t->heads, t->kv_heads, t->d_model);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options o = {
		.tiny = { .d_model = 64, .layers = 2, .context = 128,
			  .tied = true, .seed = 1 },
	};
	struct builder b;
	FILE *file;

	if (!parse(argc, argv, &o)) {
		usage(stderr);
		return 2;
	}
	if (!shape(&o.tiny))
		return 2;
	build(&b, &o);
	file = fopen(o.file, "wb");
	if (!file || fwrite(b.file.data, 1, b.file.size, file) != b.file.size ||
	    fclose(file)) {
		perror(o.file);
		return 1;
	}
	builder_free(&b);
	return 0;
}
