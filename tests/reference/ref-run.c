// SPDX-License-Identifier: MIT
/*
 * Generates text with the float reference, always taking the likeliest token:
 * what npu-run's text, logits and speed are compared with.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <npu/gguf.h>
#include <npu/model.h>
#include <npu/sampler.h>
#include <npu/tokenizer.h>

#include "llama_ref.h"

struct options {
	const char *model;
	const char *prompt;
	const char *logits;
	uint32_t count;
	bool ids;
};

/* What a run needs; zero before it is opened. */
struct run {
	struct npu_gguf *gguf;
	struct npu_model *model;
	struct npu_tokenizer *tokenizer;
	struct npu_sampler *greedy;
	struct llama_ref *ref;
	uint32_t *prompt;
	size_t prompt_len;
	FILE *logits;
	struct npu_decoder decoder;
	char *text;
	struct npu_error err;
};

static void usage(FILE *out)
{
	fputs("usage: ref-run -m MODEL.gguf [-p PROMPT] [-n TOKENS] [--logits FILE] [--ids]\n"
	      "  -m MODEL       GGUF file of a Llama model\n"
	      "  -p PROMPT      text to go on from (default: none)\n"
	      "  -n TOKENS      tokens to generate (default: 64)\n"
	      "  --logits FILE  write the logits of every position, prompt included, as\n"
	      "                 float32, a row of the vocabulary's size each\n"
	      "  --ids          print the ids of all tokens instead of text\n"
	      "Text goes to standard output, figures to standard error.\n", out);
}

static bool parse_count(const char *text, uint32_t *count)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	*count = value;
	return !errno && end != text && !*end && *text != '-' &&
	       value <= NPU_MODEL_MAX_CONTEXT;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "logits", required_argument, NULL, 'l' },
		{ "ids", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "m:p:n:h", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			o->model = optarg;
			break;
		case 'p':
			o->prompt = optarg;
			break;
		case 'n':
			if (parse_count(optarg, &o->count))
				break;
			fprintf(stderr, "ref-run: -n %s is no number of tokens\n",
				optarg);
			return false;
		case 'l':
			o->logits = optarg;
			break;
		case 'i':
			o->ids = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return false;
		}
	}
	return o->model && optind == argc;
}

static int open_model(struct run *r, const struct options *o)
{
	int ret = npu_gguf_open(o->model, &r->gguf, &r->err);

	if (!ret)
		ret = npu_model_create(r->gguf, &r->model, &r->err);
	if (!ret)
		ret = npu_tokenizer_create(r->gguf, &r->tokenizer, &r->err);
	if (!ret)
		ret = npu_sampler_create(NULL, &r->greedy, &r->err);
	if (ret)
		return ret;
	r->text = malloc(npu_tokenizer_decode_size(r->tokenizer));
	return r->text ? 0 : npu_error_set(&r->err, -ENOMEM, "out of memory");
}

/* The prompt's tokens; a model must start from something. */
static int open_prompt(struct run *r, const struct options *o)
{
	uint32_t context = r->model->config.context;
	int ret;

	ret = npu_tokenizer_encode(r->tokenizer, o->prompt, strlen(o->prompt),
				   NPU_ENCODE_BOS, &r->prompt, &r->prompt_len,
				   &r->err);
	if (ret)
		return ret;
	if (!r->prompt_len)
		return npu_error_set(&r->err, -EINVAL,
				     "the prompt has no tokens: give one with -p");
	if (r->prompt_len > context || o->count > context - r->prompt_len)
		return npu_error_set(&r->err, -EINVAL,
				     "%zu tokens of prompt and %u to generate exceed the context of %u",
				     r->prompt_len, o->count, context);
	return llama_ref_create(r->model, r->prompt_len + o->count, &r->ref,
				&r->err);
}

static int open_run(struct run *r, const struct options *o)
{
	int ret = open_model(r, o);

	if (!ret)
		ret = open_prompt(r, o);
	if (ret || !o->logits)
		return ret;
	r->logits = fopen(o->logits, "wb");
	return r->logits ? 0 : npu_error_set(&r->err, -errno,
					     "%s: cannot write: %s", o->logits,
					     strerror(errno));
}

static void close_run(struct run *r)
{
	llama_ref_destroy(r->ref);
	npu_sampler_destroy(r->greedy);
	npu_tokenizer_destroy(r->tokenizer);
	npu_model_destroy(r->model);
	npu_gguf_close(r->gguf);
	free(r->prompt);
	free(r->text);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void print_token(struct run *r, uint32_t token, bool ids)
{
	size_t len;

	if (ids) {
		printf("%u ", token);
	} else {
		npu_tokenizer_decode(r->tokenizer, &r->decoder, token, r->text,
				     npu_tokenizer_decode_size(r->tokenizer),
				     &len);
		fwrite(r->text, 1, len, stdout);
	}
	fflush(stdout);
}

/* One position; @next receives the likeliest token after it. */
static int step(struct run *r, uint32_t token, uint32_t pos, uint32_t *next)
{
	uint32_t vocab = r->model->config.vocab;
	const float *logits = llama_ref_forward(r->ref, token, pos);

	if (r->logits &&
	    fwrite(logits, sizeof(*logits), vocab, r->logits) != vocab)
		return npu_error_set(&r->err, -EIO, "cannot write the logits");
	return npu_sampler_sample(r->greedy, logits, vocab, next, &r->err);
}

static void print_figures(const char *what, size_t tokens, double time)
{
	fprintf(stderr, "%s: %zu tokens in %.3f s, %.1f tokens/s\n", what,
		tokens, time, tokens / time);
}

/*
 * The prompt's tokens, then those that follow from them. The last one is
 * printed but not run: nothing comes after it.
 */
static int generate(struct run *r, const struct options *o)
{
	double start = seconds(), prompt_end = start;
	uint32_t token = 0, pos = 0, made = 0;
	int ret;

	for (; pos < r->prompt_len; pos++) {
		print_token(r, r->prompt[pos], o->ids);
		ret = step(r, r->prompt[pos], pos, &token);
		if (ret)
			return ret;
	}
	prompt_end = seconds();
	while (made < o->count) {
		print_token(r, token, o->ids);
		if (++made == o->count ||
		    npu_tokenizer_is_end(r->tokenizer, token))
			break;
		ret = step(r, token, pos++, &token);
		if (ret)
			return ret;
	}
	fwrite(r->text, 1, npu_decoder_flush(&r->decoder, r->text), stdout);
	putchar('\n');
	print_figures("prompt", r->prompt_len, prompt_end - start);
	if (made > 1)
		print_figures("generated", made - 1, seconds() - prompt_end);
	return 0;
}

static int finish_logits(struct run *r, const struct options *o)
{
	if (!r->logits || !fclose(r->logits))
		return 0;
	return npu_error_set(&r->err, -errno, "%s: cannot write: %s",
			     o->logits, strerror(errno));
}

int main(int argc, char **argv)
{
	struct options o = { .prompt = "", .count = 64 };
	struct run r = { 0 };
	bool opened = false;
	int ret;

	if (!parse(argc, argv, &o)) {
		usage(stderr);
		return 2;
	}
	ret = open_run(&r, &o);
	if (!ret) {
		opened = true;
		ret = generate(&r, &o);
	}
	if (!ret)
		ret = finish_logits(&r, &o);
	close_run(&r);
	if (!ret)
		return 0;
	fprintf(stderr, "ref-run: %s\n", r.err.message);
	return opened ? 1 : 2;
}
