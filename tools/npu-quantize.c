// SPDX-License-Identifier: MIT
/* npu-quantize: from a model file to a smaller one. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/model.h>
#include <npu/npu.h>
#include <npu/quant.h>

#include "documents.h"
#include "exit_status.h"
#include "json.h"
#include "progress.h"
#include "units.h"

static const char usage[] =
	"Usage: npu-quantize [OPTION]... IN.gguf OUT.gguf --type TYPE\n"
	"Quantise the matrices of a model; npu-run and npu-compile take the result.\n"
	"\n"
	"  -t, --type=TYPE         int8[-gN], int4[-gN][-asym], nf4[-gN], mixed, f16, auto;\n"
	"                          gptq[-gN][-asym], gptq-nf4, gptq-int8: rounded by GPTQ.\n"
	"                          N inputs share a scale: 32, 64 (default) or 128\n"
	"  -c, --calibrate=FILE    text that shows what activations are like; gptq, mixed\n"
	"                          and static activations need it\n"
	"      --documents         empty lines separate documents in that text\n"
	"      --tokens=N          read that many tokens of it (default 16384)\n"
	"      --window=N          tokens that are read together (default: the context,\n"
	"                          at most 512)\n"
	"      --activations=KIND  dynamic: a scale for each token (default), or static: one\n"
	"                          scale, from the calibration text\n"
	"      --method=METHOD     of static: absmax (default), percentile, mse\n"
	"      --percentile=P      of that method (default 99.99)\n"
	"      --threshold=X       of mixed: inputs that exceed X stay in binary16 (default 6)\n"
	"      --damp=X            of gptq: part of the mean diagonal (default 0.01)\n"
	"      --json              summary in JSON\n"
	"      --help              show this text\n"
	"      --version           show the version\n"
	"\n"
	"Exit status: 0 written, 1 failed, 2 bad model, text or command line.\n";

struct arguments {
	const char *in, *out, *type, *calibrate;
	struct npu_quantize_options quantize;
	bool documents, json;
	uint64_t tokens;
	uint32_t window;
};

static bool parse_number(const char *text, const char *option, double least, double most,
			 double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	if (!errno && end != text && !*end && *value >= least && *value <= most)
		return true;
	fprintf(stderr, "npu-quantize: --%s: '%s' is not a number from %g to %g\n", option,
		text, least, most);
	return false;
}

/* A type's name, where "gptq-" may stand before, and "gptq" for "gptq-int4". */
static bool parse_type(struct arguments *a)
{
	struct npu_error err;
	const char *type = a->type;
	char name[64];

	if (!strncmp(type, "gptq", 4) && (!type[4] || type[4] == '-')) {
		bool group = !type[4] || type[5] == 'g' || type[5] == 'a';

		a->quantize.gptq = true;
		snprintf(name, sizeof(name), "%s%s", group ? "int4" : "",
			 group ? type + 4 : type + 5);
		type = name;
	}
	if (!npu_quant_parse(type, &a->quantize.format, &err))
		return true;
	fprintf(stderr, "npu-quantize: --type: %s; gptq before them\n", err.message);
	return false;
}

static bool parse_choice(const char *text, const char *option, const char *const *names,
			 uint32_t n, uint32_t *value)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(text, names[i]))
			continue;
		*value = i;
		return true;
	}
	fprintf(stderr, "npu-quantize: --%s: no '%s'; see --help\n", option, text);
	return false;
}

static bool take_number(struct arguments *a, int option)
{
	double value;

	switch (option) {
	case 'n':
		if (!parse_number(optarg, "tokens", 1, 1e9, &value))
			return false;
		a->tokens = (uint64_t)value;
		return true;
	case 'w':
		if (!parse_number(optarg, "window", 1, 1 << 20, &value))
			return false;
		a->window = (uint32_t)value;
		return true;
	case 'p':
		return parse_number(optarg, "percentile", 50, 100, &a->quantize.percentile);
	case 'T':
		if (!parse_number(optarg, "threshold", 1e-6, 1e6, &value))
			return false;
		a->quantize.outlier_threshold = (float)value;
		return true;
	default:
		return parse_number(optarg, "damp", 1e-9, 1, &a->quantize.damp);
	}
}

static bool take_option(struct arguments *a, int option, uint32_t *kind, uint32_t *method)
{
	static const char *const kinds[] = { "dynamic", "static" };
	static const char *const methods[] = { "absmax", "percentile", "mse" };

	switch (option) {
	case 't':
		a->type = optarg;
		return true;
	case 'c':
		a->calibrate = optarg;
		return true;
	case 'd':
		a->documents = true;
		return true;
	case 'j':
		a->json = true;
		return true;
	case 'a':
		return parse_choice(optarg, "activations", kinds, 2, kind);
	case 'm':
		return parse_choice(optarg, "method", methods, 3, method);
	case 'n': case 'w': case 'p': case 'T': case 'D':
		return take_number(a, option);
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_OK);
	case 'v':
		puts("npu-quantize " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-quantize --help'.\n", stderr);
		return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "type", required_argument, NULL, 't' },
		{ "calibrate", required_argument, NULL, 'c' },
		{ "documents", no_argument, NULL, 'd' },
		{ "tokens", required_argument, NULL, 'n' },
		{ "window", required_argument, NULL, 'w' },
		{ "activations", required_argument, NULL, 'a' },
		{ "method", required_argument, NULL, 'm' },
		{ "percentile", required_argument, NULL, 'p' },
		{ "threshold", required_argument, NULL, 'T' },
		{ "damp", required_argument, NULL, 'D' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	uint32_t kind = 0, method = UINT32_MAX;
	int option;

	a->tokens = 16384;
	while ((option = getopt_long(argc, argv, "t:c:", options, NULL)) >= 0)
		if (!take_option(a, option, &kind, &method))
			return false;
	if (optind + 2 != argc || !a->type) {
		fputs("npu-quantize: name one model file, the file to write, and --type; see --help\n",
		      stderr);
		return false;
	}
	if (!kind && method != UINT32_MAX) {
		fputs("npu-quantize: --method is of --activations=static\n", stderr);
		return false;
	}
	if (kind)
		a->quantize.scales = NPU_SCALES_ABSMAX + (method == UINT32_MAX ? 0 : method);
	a->in = argv[optind];
	a->out = argv[optind + 1];
	return parse_type(a);
}

static void show(const struct arguments *a, const struct npu_quantize_report *r)
{
	char from[UNITS_LEN], to[UNITS_LEN], name[NPU_QUANT_NAME_LEN];

	printf("%-28s %-14s %10s %10s %9s %9s\n", "tensor", "format", "bytes", "error",
	       "outliers", "scale");
	for (uint64_t i = 0; i < r->n; i++) {
		const struct npu_quantized *t = &r->tensors[i];

		printf("%-28s %-14s %10" PRIu64 " %9.3f%% %9" PRIu32, t->name,
		       npu_quant_name(&t->format, name), t->bytes, t->error * 100, t->outliers);
		if (t->input_scale > 0)
			printf(" %9.3g\n", t->input_scale);
		else
			printf(" %9s\n", "dynamic");
	}
	printf("%s: %s of tensors, from %s\n", a->out, units_bytes(r->bytes, to),
	       units_bytes(r->from, from));
}

static void show_json(const struct arguments *a, const struct npu_quantize_report *r)
{
	char name[NPU_QUANT_NAME_LEN];
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "file", a->out);
	json_string(&json, "type", a->type);
	json_uint(&json, "bytes", r->bytes);
	json_uint(&json, "bytes_before", r->from);
	json_array(&json, "tensors");
	for (uint64_t i = 0; i < r->n; i++) {
		const struct npu_quantized *t = &r->tensors[i];

		json_object(&json, NULL);
		json_string(&json, "name", t->name);
		json_string(&json, "format", npu_quant_name(&t->format, name));
		json_uint(&json, "bytes", t->bytes);
		json_uint(&json, "bytes_before", t->from);
		json_double(&json, "error", t->error);
		json_uint(&json, "outliers", t->outliers);
		json_double(&json, "input_scale", t->input_scale);
		json_close_object(&json);
	}
	json_close_array(&json);
	json_close_object(&json);
}

static int read_calibration(struct arguments *a, const struct npu_gguf *gguf,
			    struct documents *d, struct npu_error *err)
{
	struct npu_tokenizer *tokenizer;
	struct npu_model *model;
	uint32_t window;
	int ret;

	if (!a->calibrate)
		return 0;
	ret = npu_model_create(gguf, &model, err);
	if (ret)
		return ret;
	window = model->config.context < 512 ? model->config.context : 512;
	if (a->window > model->config.context)
		ret = npu_error_set(err, -EINVAL, "--window: the model takes %" PRIu32 " tokens",
				    model->config.context);
	else if (a->window)
		window = a->window;
	npu_model_destroy(model);
	if (!ret)
		ret = npu_tokenizer_create(gguf, &tokenizer, err);
	if (ret)
		return ret;
	ret = documents_read(a->calibrate, tokenizer, a->documents, window, a->tokens, d, err);
	npu_tokenizer_destroy(tokenizer);
	a->quantize.texts = d->windows;
	a->quantize.n_texts = d->n;
	return ret;
}

static int status_of(int ret)
{
	return ret == -ENOMEM || ret == -EIO || ret == -ENOSPC ? STATUS_FAILED :
								 STATUS_BAD_INPUT;
}

static int quantize(struct arguments *a, struct npu_error *err)
{
	struct npu_quantize_report report;
	struct documents documents = { 0 };
	struct progress progress;
	struct npu_gguf *gguf;
	int ret = npu_gguf_open(a->in, &gguf, err);

	if (ret)
		return STATUS_BAD_INPUT;
	progress_start(&progress, "quantising");
	a->quantize.progress = progress_update;
	a->quantize.opaque = &progress;
	ret = read_calibration(a, gguf, &documents, err);
	if (!ret)
		ret = npu_quantize(gguf, a->out, &a->quantize, &report, err);
	progress_end(&progress);
	if (!ret) {
		(a->json ? show_json : show)(a, &report);
		npu_quantize_report_free(&report);
	}
	documents_free(&documents);
	npu_gguf_close(gguf);
	return ret ? status_of(ret) : STATUS_OK;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct npu_error err = { 0 };
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_BAD_INPUT;
	status = quantize(&arguments, &err);
	if (status != STATUS_OK)
		fprintf(stderr, "npu-quantize: %s\n", err.message);
	return status;
}
