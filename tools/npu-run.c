// SPDX-License-Identifier: MIT
/* npu-run: text from a language model on an NPU. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/llm.h>
#include <npu/npu.h>
#include <npu/sampler.h>
#include <npu/tokenizer.h>

#include "exit_status.h"
#include "json.h"
#include "units.h"

static const char usage[] =
	"Usage: npu-run -m MODEL.gguf [-p PROMPT] [-n N] [OPTION]...\n"
	"Continue a text with a language model on an NPU.\n"
	"\n"
	"  -m, --model=FILE     GGUF file of a Llama-family model\n"
	"  -p, --prompt=TEXT    text to continue (default: none)\n"
	"  -n, --tokens=N       tokens to generate (default 128)\n"
	"      --temp=T         temperature; 0 takes the likeliest token (default 0)\n"
	"      --top-k=K        choose among the K likeliest tokens (default: all)\n"
	"      --top-p=P        choose among the likeliest that sum to P (default 1)\n"
	"      --min-p=P        drop tokens P times less likely than the best (default 0)\n"
	"      --seed=S         start of the random sequence (default 0)\n"
	"      --context=N      positions of the KV cache (default: the model's, at most 4096)\n"
	"      --chunk=N        tokens of a prefill run (default: 32, or what fits)\n"
	"  -d, --device=NODE    such as /dev/accel/accel0 (default: the first NPU)\n"
	"  -j, --json           text and figures as JSON, when all is done\n"
	"      --help           show this text\n"
	"      --version        show the version\n"
	"\n"
	"The text goes to standard output as it is generated, figures to standard error.\n"
	"\n"
	"Exit status: 0 done, 1 the device failed, 2 bad model or command line.\n";

/**
 * struct arguments - the command line
 * @model: file
 * @prompt: text
 * @device: node, or NULL
 * @tokens: most tokens to generate
 * @json: figures as JSON
 * @sampling: how to choose a token
 * @llm: choices of the model
 */
struct arguments {
	const char *model, *prompt, *device;
	uint32_t tokens;
	bool json;
	struct npu_sampler_params sampling;
	struct npu_llm_options llm;
};

/**
 * struct text - text so far
 * @data: bytes, kept for JSON
 * @len: number of them
 */
struct text {
	char *data;
	size_t len;
};

/**
 * struct writer - what a run holds
 * @args: the command line
 * @gguf: model file
 * @tokenizer: of the file
 * @sampler: how to choose
 * @device: NPU
 * @llm: model on it
 * @sequence: its text
 * @decoder: of the generated text
 * @piece: room for one token's text, @piece_size bytes
 * @text: prompt and what was generated
 * @generated: number of tokens
 * @stopped: why it stopped
 */
struct writer {
	const struct arguments *args;
	struct npu_gguf *gguf;
	struct npu_tokenizer *tokenizer;
	struct npu_sampler *sampler;
	struct npu_device *device;
	struct npu_llm *llm;
	struct npu_sequence *sequence;
	struct npu_decoder decoder;
	char *piece;
	size_t piece_size;
	struct text text;
	uint32_t generated;
	const char *stopped;
};

static bool bad_number(const char *option, const char *text, const char *what)
{
	fprintf(stderr, "npu-run: --%s: '%s' is not %s\n", option, text, what);
	return false;
}

static bool parse_u64(const char *text, const char *option, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || *value > most)
		return bad_number(option, text, "a number that fits");
	return true;
}

static bool parse_u32(const char *text, const char *option, uint32_t *value)
{
	uint64_t wide;

	if (!parse_u64(text, option, UINT32_MAX, &wide))
		return false;
	*value = wide;
	return true;
}

/* What is out of range is for the sampler to say. */
static bool parse_float(const char *text, const char *option, float *value)
{
	char *end;

	*value = strtof(text, &end);
	return (!*end && end != text) || bad_number(option, text, "a number");
}

enum {
	OPT_TEMP = 256,
	OPT_TOP_K,
	OPT_TOP_P,
	OPT_MIN_P,
	OPT_SEED,
	OPT_CONTEXT,
	OPT_CHUNK,
	OPT_HELP,
	OPT_VERSION,
};

static bool take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'm':
		a->model = optarg;
		return true;
	case 'p':
		a->prompt = optarg;
		return true;
	case 'd':
		a->device = optarg;
		return true;
	case 'n':
		return parse_u32(optarg, "tokens", &a->tokens);
	case OPT_TEMP:
		return parse_float(optarg, "temp", &a->sampling.temperature);
	case OPT_TOP_K:
		return parse_u32(optarg, "top-k", &a->sampling.top_k);
	case OPT_TOP_P:
		return parse_float(optarg, "top-p", &a->sampling.top_p);
	case OPT_MIN_P:
		return parse_float(optarg, "min-p", &a->sampling.min_p);
	case OPT_SEED:
		return parse_u64(optarg, "seed", UINT64_MAX, &a->sampling.seed);
	case OPT_CONTEXT:
		return parse_u32(optarg, "context", &a->llm.compile.context);
	case OPT_CHUNK:
		return parse_u32(optarg, "chunk", &a->llm.compile.chunk);
	case 'j':
		a->json = true;
		return true;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(STATUS_OK);
	case OPT_VERSION:
		puts("npu-run " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-run --help'.\n", stderr);
		return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "prompt", required_argument, NULL, 'p' },
		{ "tokens", required_argument, NULL, 'n' },
		{ "device", required_argument, NULL, 'd' },
		{ "temp", required_argument, NULL, OPT_TEMP },
		{ "top-k", required_argument, NULL, OPT_TOP_K },
		{ "top-p", required_argument, NULL, OPT_TOP_P },
		{ "min-p", required_argument, NULL, OPT_MIN_P },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "context", required_argument, NULL, OPT_CONTEXT },
		{ "chunk", required_argument, NULL, OPT_CHUNK },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "m:p:n:d:j", options, NULL)) >= 0)
		if (!take_option(a, option))
			return false;
	if (a->model && optind == argc)
		return true;
	fputs(a->model ? "npu-run: too many arguments; see --help\n" :
			 "npu-run: give a model with -m FILE; see --help\n", stderr);
	return false;
}

static bool keep(struct text *text, const char *data, size_t len)
{
	char *more = realloc(text->data, text->len + len + 1);

	if (!more)
		return false;
	memcpy(more + text->len, data, len);
	text->data = more;
	text->len += len;
	more[text->len] = 0;
	return true;
}

static int emit(struct writer *s, const char *data, size_t len, struct npu_error *err)
{
	if (!keep(&s->text, data, len))
		return npu_error_set(err, -ENOMEM, "no memory for the text");
	if (s->args->json)
		return 0;
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout))
		return npu_error_set(err, -errno, "cannot write the text: %s",
				     strerror(errno));
	return 0;
}

/* The model, before any device is needed: what is wrong with it comes first. */
static int open_model(struct writer *s, struct npu_error *err)
{
	int ret = npu_gguf_open(s->args->model, &s->gguf, err);

	if (!ret)
		ret = npu_tokenizer_create(s->gguf, &s->tokenizer, err);
	if (!ret)
		ret = npu_sampler_create(&s->args->sampling, &s->sampler, err);
	if (ret)
		return ret;
	s->piece_size = npu_tokenizer_decode_size(s->tokenizer);
	s->piece = malloc(s->piece_size + 1);
	return s->piece ? 0 : npu_error_set(err, -ENOMEM, "no memory for a token");
}

static int run_prompt(struct writer *s, struct npu_error *err)
{
	const char *prompt = s->args->prompt;
	uint32_t *ids;
	size_t n;
	int ret = npu_tokenizer_encode(s->tokenizer, prompt, strlen(prompt),
				       NPU_ENCODE_BOS, &ids, &n, err);

	if (ret)
		return ret;
	if (!n)
		ret = npu_error_set(err, -EINVAL,
				    "the prompt has no tokens: give some text with -p");
	if (!ret)
		ret = emit(s, prompt, strlen(prompt), err);
	if (!ret)
		ret = npu_sequence_append(s->sequence, ids, n, NULL, err);
	free(ids);
	return ret;
}

/* Without temperature the device's own choice is the answer. */
static int choose(struct writer *s, uint32_t *token, struct npu_error *err)
{
	if (s->args->sampling.temperature > 0)
		return npu_sampler_sample(s->sampler, npu_sequence_logits(s->sequence),
					  npu_llm_vocab(s->llm), token, err);
	*token = npu_sequence_next(s->sequence);
	return 0;
}

static int generate(struct writer *s, struct npu_error *err)
{
	size_t len;
	int ret = 0;

	s->stopped = "length";
	while (!ret && s->generated < s->args->tokens) {
		uint32_t token;

		ret = choose(s, &token, err);
		if (ret)
			return ret;
		s->generated++;
		if (npu_tokenizer_is_end(s->tokenizer, token)) {
			s->stopped = "end of text";
			break;
		}
		ret = npu_tokenizer_decode(s->tokenizer, &s->decoder, token, s->piece,
					   s->piece_size, &len);
		if (ret)
			return npu_error_set(err, ret,
					     "the model chose token %u, which the tokenizer lacks",
					     token);
		ret = emit(s, s->piece, len, err);
		if (ret || s->generated == s->args->tokens)
			break;
		if (npu_sequence_length(s->sequence) == npu_llm_context(s->llm)) {
			s->stopped = "context is full";
			break;
		}
		ret = npu_sequence_decode(s->sequence, token, err);
	}
	return ret ? ret : emit(s, s->piece, npu_decoder_flush(&s->decoder, s->piece), err);
}

static void print_stats(const struct writer *s, const char *name, enum npu_llm_phase phase)
{
	char joules[UNITS_LEN], bytes[UNITS_LEN];
	struct npu_llm_stats stats;
	double n;

	npu_llm_stats(s->llm, phase, &stats);
	n = stats.tokens;
	if (!stats.tokens)
		return;
	fprintf(stderr, "%-10s %5" PRIu64 " tokens  %8.1f tokens/s wall  %9.1f tokens/s modelled",
		name, stats.tokens, n / (stats.wall_ns * 1e-9), n / stats.model_seconds);
	fprintf(stderr, "  %s and %s a token\n", units_joules(stats.joules / n, joules),
		units_bytes(stats.bytes / n, bytes));
}

static void json_stats(const struct writer *s, struct json *json, const char *name,
		       enum npu_llm_phase phase)
{
	struct npu_llm_stats stats;
	double n;

	npu_llm_stats(s->llm, phase, &stats);
	n = stats.tokens ? stats.tokens : 1;
	json_object(json, name);
	json_uint(json, "tokens", stats.tokens);
	json_uint(json, "runs", stats.runs);
	json_double(json, "wall_seconds", stats.wall_ns * 1e-9);
	json_double(json, "model_seconds", stats.model_seconds);
	if (stats.tokens) {
		json_double(json, "wall_tokens_per_second", n / (stats.wall_ns * 1e-9));
		json_double(json, "model_tokens_per_second", n / stats.model_seconds);
	}
	json_double(json, "joules_per_token", stats.joules / n);
	json_double(json, "bytes_per_token", stats.bytes / n);
	json_double(json, "macs_per_token", stats.macs / n);
	json_close_object(json);
}

static void report(const struct writer *s)
{
	struct json json = { 0 };

	if (!s->args->json) {
		putchar('\n');
		fflush(stdout);
		print_stats(s, "prompt", NPU_LLM_PREFILL);
		print_stats(s, "generated", NPU_LLM_DECODE);
		return;
	}
	json_object(&json, NULL);
	json_string(&json, "text", s->text.data ? s->text.data : "");
	json_uint(&json, "generated", s->generated);
	json_string(&json, "stopped", s->stopped);
	json_stats(s, &json, "prompt", NPU_LLM_PREFILL);
	json_stats(s, &json, "decode", NPU_LLM_DECODE);
	json_close_object(&json);
}

/* What is wrong with model or command line is the user's to mend. */
static int status_of(int ret)
{
	switch (ret) {
	case 0:
		return STATUS_OK;
	case -EINVAL:
	case -ENOENT:
	case -ENOTSUP:
	case -ENOSPC:
	case -EOVERFLOW:
	case -E2BIG:
	case -EILSEQ:
		return STATUS_BAD_INPUT;
	default:
		return STATUS_FAILED;
	}
}

static int run(struct writer *s, struct npu_error *err)
{
	int status = status_of(open_model(s, err));

	if (status != STATUS_OK)
		return status;
	if (npu_device_open(s->args->device, &s->device, err))
		return STATUS_FAILED;
	status = status_of(npu_llm_open(s->device, s->gguf, &s->args->llm, &s->llm, err));
	if (status != STATUS_OK)
		return status;
	status = status_of(npu_sequence_create(s->llm, &s->sequence, err));
	if (status != STATUS_OK)
		return status;
	status = status_of(run_prompt(s, err));
	if (status != STATUS_OK)
		return status;
	if (generate(s, err))
		return STATUS_FAILED;
	report(s);
	return STATUS_OK;
}

static void release(struct writer *s)
{
	npu_sequence_destroy(s->sequence);
	npu_llm_close(s->llm);
	npu_device_close(s->device);
	npu_sampler_destroy(s->sampler);
	npu_tokenizer_destroy(s->tokenizer);
	npu_gguf_close(s->gguf);
	free(s->piece);
	free(s->text.data);
}

int main(int argc, char **argv)
{
	struct arguments arguments = {
		.prompt = "", .tokens = 128, .sampling = { .top_p = 1 },
	};
	struct writer writer = { .args = &arguments };
	struct npu_error err = { 0 };
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_BAD_INPUT;
	status = run(&writer, &err);
	if (status != STATUS_OK)
		fprintf(stderr, "npu-run: %s\n", err.message);
	release(&writer);
	return status;
}
