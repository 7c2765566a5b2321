// SPDX-License-Identifier: MIT
/* npu-perplexity: how well a model on the NPU foretells a text. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/float_model.h>
#include <npu/llm.h>
#include <npu/npu.h>

#include "documents.h"
#include "exit_status.h"
#include "json.h"
#include "progress.h"
#include "score.h"
#include "units.h"

static const char usage[] =
	"Usage: npu-perplexity [OPTION]... -m MODEL.gguf -f TEXT\n"
	"Score a text with a model on the NPU: perplexity, and how far from float.\n"
	"\n"
	"  -m, --model=FILE     model, as it is or from npu-quantize\n"
	"  -f, --file=TEXT      text\n"
	"      --documents      empty lines separate documents\n"
	"      --window=N       tokens of a window, which sees nothing of the one before\n"
	"                       (default: the model's context, at most 4096)\n"
	"      --tokens=N       score that many tokens at most\n"
	"      --kl=FILE.gguf   compare with that model in float: KL divergence, and how\n"
	"                       often both think the same token likeliest\n"
	"      --float          run the model in float on the CPU instead of on the NPU\n"
	"      --type=FORMAT    format of the weights on the NPU (default auto)\n"
	"      --chunk=N        tokens of a job (default 32)\n"
	"      --decode=N       then generate N tokens, for the modelled speed\n"
	"      --device=DEVICE  as for npu-run\n"
	"      --json           results in JSON\n"
	"      --help           show this text\n"
	"      --version        show the version\n"
	"\n"
	"Exit status: 0 scored, 1 failed, 2 bad model, text or command line.\n";

/* What the command line says. */
struct arguments {
	const char *model, *text, *kl, *device;
	bool documents, float_model, json;
	uint32_t window, chunk, decode;
	uint64_t tokens;
	struct npu_quant_format format;
};

/**
 * struct session - what is open
 * @gguf: model; @model: its description
 * @reference_gguf: model to compare with, or NULL; @reference_model likewise
 * @reference: that model in float
 * @self: the model itself in float, with --float
 * @device: NPU; @llm: the model on it
 * @documents: text
 * @logits: of a window; @other: the reference's
 */
struct session {
	struct npu_gguf *gguf, *reference_gguf;
	struct npu_model *model, *reference_model;
	struct npu_float_model *reference, *self;
	struct npu_device *device;
	struct npu_llm *llm;
	struct documents documents;
	float *logits, *other;
	uint32_t window, vocab;
};

static bool parse_u64(const char *text, const char *option, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (!errno && end != text && !*end && *text != '-' && *value && *value <= most)
		return true;
	fprintf(stderr, "npu-perplexity: --%s: '%s' is not a number from 1 to %" PRIu64 "\n",
		option, text, most);
	return false;
}

static bool parse_u32(const char *text, const char *option, uint32_t *value)
{
	uint64_t wide;

	if (!parse_u64(text, option, 1 << 22, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

static bool take_format(struct arguments *a)
{
	struct npu_error err;

	if (!npu_quant_parse(optarg, &a->format, &err))
		return true;
	fprintf(stderr, "npu-perplexity: --type: %s\n", err.message);
	return false;
}

static bool take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'm':
		a->model = optarg;
		return true;
	case 'f':
		a->text = optarg;
		return true;
	case 'D':
		a->documents = true;
		return true;
	case 'w':
		return parse_u32(optarg, "window", &a->window);
	case 'n':
		return parse_u64(optarg, "tokens", 1ull << 40, &a->tokens);
	case 'k':
		a->kl = optarg;
		return true;
	case 'F':
		a->float_model = true;
		return true;
	case 't':
		return take_format(a);
	case 'c':
		return parse_u32(optarg, "chunk", &a->chunk);
	case 'g':
		return parse_u32(optarg, "decode", &a->decode);
	case 'd':
		a->device = optarg;
		return true;
	case 'j':
		a->json = true;
		return true;
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_OK);
	case 'v':
		puts("npu-perplexity " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-perplexity --help'.\n", stderr);
		return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "file", required_argument, NULL, 'f' },
		{ "documents", no_argument, NULL, 'D' },
		{ "window", required_argument, NULL, 'w' },
		{ "tokens", required_argument, NULL, 'n' },
		{ "kl", required_argument, NULL, 'k' },
		{ "float", no_argument, NULL, 'F' },
		{ "type", required_argument, NULL, 't' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "decode", required_argument, NULL, 'g' },
		{ "device", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "m:f:", options, NULL)) >= 0)
		if (!take_option(a, option))
			return false;
	if (optind == argc && a->model && a->text)
		return true;
	fputs("npu-perplexity: name a model with -m and a text with -f; see --help\n", stderr);
	return false;
}

static int choose_window(const struct arguments *a, struct session *s, struct npu_error *err)
{
	uint32_t most = s->model->config.context;

	if (s->reference_model && s->reference_model->config.context < most)
		most = s->reference_model->config.context;
	s->window = a->window ? a->window : most < 4096 ? most : 4096;
	s->vocab = s->model->config.vocab;
	if (s->window > most)
		return npu_error_set(err, -EINVAL, "--window: %" PRIu32
				     " tokens, the model takes %" PRIu32, s->window, most);
	if (s->reference_model && s->reference_model->config.vocab != s->vocab)
		return npu_error_set(err, -EINVAL,
				     "%s has %" PRIu32 " tokens, %s has %" PRIu32
				     ": these cannot be compared", a->model, s->vocab, a->kl,
				     s->reference_model->config.vocab);
	return 0;
}

/* Files, and the text cut into windows: what can be wrong with the input. */
static int open_input(const struct arguments *a, struct session *s, struct npu_error *err)
{
	struct npu_tokenizer *tokenizer;
	int ret = npu_gguf_open(a->model, &s->gguf, err);

	if (!ret)
		ret = npu_model_create(s->gguf, &s->model, err);
	if (!ret && a->kl)
		ret = npu_gguf_open(a->kl, &s->reference_gguf, err);
	if (!ret && a->kl)
		ret = npu_model_create(s->reference_gguf, &s->reference_model, err);
	if (!ret)
		ret = choose_window(a, s, err);
	if (!ret)
		ret = npu_tokenizer_create(s->gguf, &tokenizer, err);
	if (ret)
		return ret;
	ret = documents_read(a->text, tokenizer, a->documents, s->window, a->tokens,
			     &s->documents, err);
	npu_tokenizer_destroy(tokenizer);
	return ret;
}

static int open_models(const struct arguments *a, struct session *s, struct progress *p,
		       struct npu_error *err)
{
	struct npu_llm_options options = {
		.compile = { .chunk = a->chunk, .weights = a->format,
			     .progress = progress_update, .progress_opaque = p },
	};
	int ret = 0;

	options.compile.context = s->window > a->decode + 1 ? s->window : a->decode + 1;
	s->logits = calloc(s->window, s->vocab * sizeof(float));
	s->other = calloc(s->window, s->vocab * sizeof(float));
	if (!s->logits || !s->other)
		return npu_error_set(err, -ENOMEM, "no memory for logits of %" PRIu32 " tokens",
				     s->window);
	if (a->kl)
		ret = npu_float_model_create(s->reference_model, s->window, &s->reference, err);
	if (!ret && a->float_model)
		return npu_float_model_create(s->model, s->window, &s->self, err);
	if (!ret)
		ret = npu_device_open(a->device, &s->device, err);
	if (!ret)
		ret = npu_llm_open(s->device, s->gguf, &options, &s->llm, err);
	return ret;
}

static void close_session(struct session *s)
{
	npu_llm_close(s->llm);
	npu_device_close(s->device);
	npu_float_model_destroy(s->self);
	npu_float_model_destroy(s->reference);
	npu_model_destroy(s->model);
	npu_model_destroy(s->reference_model);
	npu_gguf_close(s->gguf);
	npu_gguf_close(s->reference_gguf);
	documents_free(&s->documents);
	free(s->logits);
	free(s->other);
}

static int run_window(struct session *s, const struct npu_text *w, struct npu_error *err)
{
	struct npu_sequence *sequence;
	int ret;

	if (s->self)
		return npu_float_model_run(s->self, w->tokens, w->n, s->logits, err);
	ret = npu_sequence_create(s->llm, &sequence, err);
	if (ret)
		return ret;
	ret = npu_sequence_append(sequence, w->tokens, w->n, s->logits, err);
	npu_sequence_destroy(sequence);
	return ret;
}

static int score_all(struct session *s, struct score *score, struct progress *p,
		     struct npu_error *err)
{
	for (uint64_t i = 0; i < s->documents.n; i++) {
		const struct npu_text *w = &s->documents.windows[i];
		int ret = run_window(s, w, err);

		if (!ret && s->reference)
			ret = npu_float_model_run(s->reference, w->tokens, w->n, s->other, err);
		if (ret)
			return ret;
		for (uint32_t t = 0; t < w->n; t++) {
			const float *logits = s->logits + (size_t)t * s->vocab;

			score_add(score, logits, s->vocab, w->tokens[t + 1]);
			if (s->reference)
				score_compare(score, logits, s->other + (size_t)t * s->vocab,
					      s->vocab, w->tokens[t + 1]);
		}
		progress_update(p, "tokens", score->tokens, s->documents.total);
	}
	return 0;
}

/* Generate, always the likeliest token, so that decoding has figures too. */
static int decode(const struct arguments *a, struct session *s, struct npu_error *err)
{
	struct npu_sequence *sequence;
	int ret;

	if (!a->decode || !s->llm)
		return 0;
	ret = npu_sequence_create(s->llm, &sequence, err);
	if (ret)
		return ret;
	ret = npu_sequence_append(sequence, s->documents.windows[0].tokens, 1, NULL, err);
	for (uint32_t i = 0; !ret && i < a->decode; i++)
		ret = npu_sequence_decode(sequence, npu_sequence_next(sequence), err);
	npu_sequence_destroy(sequence);
	return ret;
}

static void show_speed(const char *what, const struct npu_llm_stats *stats)
{
	char text[UNITS_LEN], joules[UNITS_LEN];

	if (!stats->tokens)
		return;
	printf("%s: %" PRIu64 " tokens, modelled %s tokens/s, %s/token, ", what, stats->tokens,
	       units_number(stats->tokens / stats->model_seconds, text),
	       units_joules(stats->joules / stats->tokens, joules));
	printf("%s/token\n", units_bytes(stats->bytes / stats->tokens, text));
}

static void show(const struct session *s, const struct score *score)
{
	struct npu_llm_stats stats;

	printf("perplexity %.4f +- %.4f (%.4f nats a token, %" PRIu64 " tokens in %" PRIu64
	       " windows)\n", score_perplexity(score), score_deviation(score),
	       score->nll / score->tokens, score->tokens, s->documents.n);
	if (score->compared)
		printf("reference perplexity %.4f (%+.3f %%), KL divergence %.5f nats, same likeliest token %.2f %%\n",
		       exp(score->reference_nll / score->compared),
		       100 * (exp((score->nll - score->reference_nll) / score->compared) - 1),
		       score->kl / score->compared, 100.0 * score->same / score->compared);
	if (!s->llm)
		return;
	npu_llm_stats(s->llm, NPU_LLM_PREFILL, &stats);
	show_speed("prefill", &stats);
	npu_llm_stats(s->llm, NPU_LLM_DECODE, &stats);
	show_speed("decode", &stats);
}

static void json_speed(struct json *json, const char *what, const struct npu_llm_stats *stats)
{
	if (!stats->tokens)
		return;
	json_object(json, what);
	json_uint(json, "tokens", stats->tokens);
	json_double(json, "tokens_per_second", stats->tokens / stats->model_seconds);
	json_double(json, "joules_per_token", stats->joules / stats->tokens);
	json_double(json, "bytes_per_token", (double)stats->bytes / stats->tokens);
	json_close_object(json);
}

static void show_json(const struct arguments *a, const struct session *s,
		      const struct score *score)
{
	char name[NPU_QUANT_NAME_LEN];
	struct npu_llm_stats stats;
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "model", a->model);
	json_string(&json, "type", s->self ? "float" : npu_quant_name(&a->format, name));
	json_uint(&json, "tokens", score->tokens);
	json_double(&json, "perplexity", score_perplexity(score));
	json_double(&json, "deviation", score_deviation(score));
	json_double(&json, "nats_per_token", score->nll / score->tokens);
	if (score->compared) {
		json_double(&json, "reference_perplexity",
			    exp(score->reference_nll / score->compared));
		json_double(&json, "kl", score->kl / score->compared);
		json_double(&json, "same_top", (double)score->same / score->compared);
	}
	if (s->llm) {
		npu_llm_stats(s->llm, NPU_LLM_PREFILL, &stats);
		json_speed(&json, "prefill", &stats);
		npu_llm_stats(s->llm, NPU_LLM_DECODE, &stats);
		json_speed(&json, "decode", &stats);
	}
	json_close_object(&json);
}

static int run(const struct arguments *a, struct session *s, struct npu_error *err)
{
	struct score score = { 0 };
	struct progress progress;
	int ret;

	if (open_input(a, s, err))
		return STATUS_BAD_INPUT;
	progress_start(&progress, "compiling");
	ret = open_models(a, s, &progress, err);
	progress_end(&progress);
	if (ret)
		return ret == -EINVAL || ret == -ENOTSUP ? STATUS_BAD_INPUT : STATUS_FAILED;
	progress_start(&progress, "scoring");
	ret = score_all(s, &score, &progress, err);
	if (!ret)
		ret = decode(a, s, err);
	progress_end(&progress);
	if (ret)
		return STATUS_FAILED;
	if (a->json)
		show_json(a, s, &score);
	else
		show(s, &score);
	return STATUS_OK;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct session session = { 0 };
	struct npu_error err = { 0 };
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_BAD_INPUT;
	status = run(&arguments, &session, &err);
	if (status != STATUS_OK)
		fprintf(stderr, "npu-perplexity: %s\n", err.message);
	close_session(&session);
	return status;
}
