// SPDX-License-Identifier: MIT
/* npu-compile: from a model file to a job file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <npu/compile.h>
#include <npu/gguf.h>
#include <npu/image_cache.h>
#include <npu/job.h>
#include <npu/model_image.h>
#include <npu/npu.h>

#include "exit_status.h"
#include "json.h"
#include "placement.h"
#include "progress.h"
#include "units.h"

static const char usage[] =
	"Usage: npu-compile [OPTION]... MODEL.gguf -o JOB.bin\n"
	"Compile a language model to a job file, without a device.\n"
	"\n"
	"  -o, --output=FILE   the job file\n"
	"  -b, --block=N       only transformer block N, from input x to output y\n"
	"      --context=N     positions of the KV cache (default: the model's, at most 4096)\n"
	"      --chunk=N       tokens of a prefill run (default: 32, or what fits)\n"
	"      --type=FORMAT   format of the weights, such as int8, int4-g64, nf4 (default:\n"
	"                      what is closest to the model's)\n"
	"      --kv-type=TYPE  of the KV cache: f16 (default) or i8\n"
	"      --sequences=N   sequences that the cache has addresses for\n"
	"      --batch=N       most sequences of a run of several; 1: no such program\n"
	"      --cores=N       cores to divide the work for (default 2)\n"
	"      --sram=BYTES    SRAM of a core (default 1048576)\n"
	"      --without=FEATURE   as for a device that lacks it, such as GATHER or MAT_F16\n"
	"      --no-fallback   an operator that the device cannot do is an error, and\n"
	"                      does not run on the CPU\n"
	"  -r, --report        tell of each operator: where it runs and why, SRAM, bytes\n"
	"                      moved, predicted cycles\n"
	"  -j, --json          write all of that as JSON\n"
	"      --cache=DIR     keep compiled models there (default: NPU_CACHE, or\n"
	"                      npu under XDG_CACHE_HOME or ~/.cache)\n"
	"      --no-cache      compile anew, and keep nothing\n"
	"      --help          show this text\n"
	"      --version       show the version\n"
	"\n"
	"Exit status: 0 written, 1 failed, 2 bad model or command line.\n";

struct arguments {
	const char *model, *output, *cache;
	bool no_cache, report, json;
	int64_t block;
	struct npu_target target;
	struct npu_compile_options compile;
};

static bool parse_u32(const char *text, const char *option, uint32_t *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || n > UINT32_MAX) {
		fprintf(stderr, "npu-compile: --%s: '%s' is not a number from 0 to %u\n",
			option, text, UINT32_MAX);
		return false;
	}
	*value = n;
	return true;
}

/* Take a feature from those of the device. */
static bool parse_feature(const char *text, uint64_t *features)
{
	for (uint32_t bit = 0; npu_feature_name(bit); bit++) {
		if (strcasecmp(text, npu_feature_name(bit)))
			continue;
		*features &= ~(1ull << bit);
		return true;
	}
	fprintf(stderr, "npu-compile: --without=%s: there are", text);
	for (uint32_t bit = 0; npu_feature_name(bit); bit++)
		fprintf(stderr, " %s", npu_feature_name(bit));
	fputc('\n', stderr);
	return false;
}

static bool parse_type(struct arguments *a)
{
	struct npu_error why;

	if (!npu_quant_parse(optarg, &a->compile.weights, &why))
		return true;
	fprintf(stderr, "npu-compile: --type: %s\n", why.message);
	return false;
}

static bool parse_kv(struct arguments *a)
{
	a->compile.kv = strcmp(optarg, "i8") ? NPU_KV_F16 : NPU_KV_I8;
	if (a->compile.kv == NPU_KV_I8 || !strcmp(optarg, "f16"))
		return true;
	fprintf(stderr, "npu-compile: --kv-type=%s: f16 or i8 is wanted\n", optarg);
	return false;
}

static bool take_option(struct arguments *a, int option)
{
	uint32_t block;

	switch (option) {
	case 'o':
		a->output = optarg;
		return true;
	case 'b':
		if (!parse_u32(optarg, "block", &block))
			return false;
		a->block = block;
		return true;
	case 'x':
		return parse_u32(optarg, "context", &a->compile.context);
	case 'k':
		return parse_u32(optarg, "chunk", &a->compile.chunk);
	case 't':
		return parse_type(a);
	case 'V':
		return parse_kv(a);
	case 'S':
		return parse_u32(optarg, "sequences", &a->compile.sequences);
	case 'B':
		return parse_u32(optarg, "batch", &a->compile.batch);
	case 'c':
		return parse_u32(optarg, "cores", &a->target.cores);
	case 's':
		return parse_u32(optarg, "sram", &a->target.sram_size);
	case 'w':
		return parse_feature(optarg, &a->target.features);
	case 'F':
		a->compile.no_fallback = true;
		return true;
	case 'r':
		a->report = true;
		return true;
	case 'j':
		a->json = true;
		return true;
	case 'C':
		a->cache = optarg;
		return true;
	case 'N':
		a->no_cache = true;
		return true;
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_OK);
	case 'v':
		puts("npu-compile " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-compile --help'.\n", stderr);
		return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "block", required_argument, NULL, 'b' },
		{ "context", required_argument, NULL, 'x' },
		{ "chunk", required_argument, NULL, 'k' },
		{ "type", required_argument, NULL, 't' },
		{ "kv-type", required_argument, NULL, 'V' },
		{ "sequences", required_argument, NULL, 'S' },
		{ "batch", required_argument, NULL, 'B' },
		{ "cores", required_argument, NULL, 'c' },
		{ "sram", required_argument, NULL, 's' },
		{ "without", required_argument, NULL, 'w' },
		{ "no-fallback", no_argument, NULL, 'F' },
		{ "report", no_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "cache", required_argument, NULL, 'C' },
		{ "no-cache", no_argument, NULL, 'N' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int option;

	a->block = -1;
	npu_target_default(&a->target);
	while ((option = getopt_long(argc, argv, "o:b:rj", options, NULL)) >= 0)
		if (!take_option(a, option))
			return false;
	if (optind + 1 == argc)
		a->model = argv[optind];
	if (a->model && a->output)
		return true;
	fputs("npu-compile: name one model file, and the job file with -o; see --help\n",
	      stderr);
	return false;
}

/* Whether a program is a part of another one's run. */
static bool is_behind(const struct npu_job_image *image, uint32_t program)
{
	for (uint32_t i = 0; i < program; i++)
		if (image->programs[i].next == program)
			return true;
	return false;
}

static uint64_t size_of_run(const struct npu_job_image *image, uint32_t program)
{
	uint64_t size = image->programs[program].size;

	while (image->programs[program].next) {
		program = image->programs[program].next;
		size += image->programs[program].size;
	}
	return size;
}

static uint64_t memory_of(const struct npu_job_image *image)
{
	uint64_t memory = 0;

	for (uint32_t i = 0; i < image->n_segments; i++)
		memory += image->segments[i].size;
	return memory;
}

static void summary(const struct arguments *a, const struct npu_job_image *image)
{
	char text[UNITS_LEN];

	printf("%s: %s of memory", a->output, units_bytes(memory_of(image), text));
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (!is_behind(image, i))
			printf(", %s %s", image->programs[i].name,
			       units_bytes(size_of_run(image, i), text));
	putchar('\n');
}

/*
 * A program's report, on the default machine with the target's cores and SRAM. A
 * program whose way depends on its data has none, which is no failure.
 */
static void report_program(const struct arguments *a, const struct npu_job_image *image,
			   uint32_t program, struct json *json)
{
	struct npu_report *report;
	struct npu_error why;
	char device[64];

	snprintf(device, sizeof(device), "edge,cores=%u,sram=%u", a->target.cores,
		 a->target.sram_size);
	if (npu_report_create(image, program, NULL, device, NULL, &report, &why)) {
		fprintf(stderr, "npu-compile: no report: %s\n", why.message);
		return;
	}
	placement_warn("npu-compile", report);
	if (a->json)
		placement_json(json, report);
	else if (a->report)
		placement_show(report);
	npu_report_free(report);
}

/* Loudly where something runs on the CPU, and in full if asked for. */
static void report(const struct arguments *a, const struct npu_job_image *image)
{
	struct json json = { 0 };

	if (a->json) {
		json_object(&json, NULL);
		json_string(&json, "file", a->output);
		json_uint(&json, "memory", memory_of(image));
		json_array(&json, "programs");
	} else {
		summary(a, image);
	}
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (!is_behind(image, i) &&
		    (a->report || a->json || image->programs[i].next ||
		     image->programs[i].place == NPU_JOB_ON_CPU))
			report_program(a, image, i, &json);
	if (a->json) {
		json_close_array(&json);
		json_close_object(&json);
	}
}

/* Without a cache the work is done all the same. */
static struct npu_image_cache *open_cache(const struct arguments *a)
{
	struct npu_image_cache *cache = NULL;
	struct npu_error why = { 0 };

	if (!a->no_cache && npu_image_cache_open(a->cache, 0, &cache, &why))
		fprintf(stderr, "npu-compile: %s\n", why.message);
	return cache;
}

static int compile_model(const struct arguments *a, const struct npu_gguf *gguf,
			 struct npu_job_image **image, struct npu_error *err)
{
	struct npu_image_cache *cache = open_cache(a);
	struct npu_image_cache_outcome outcome;
	int ret = npu_image_cache_compile(cache, gguf, &a->target, &a->compile, image,
					  &outcome, err);

	if (outcome.note[0])
		fprintf(stderr, "npu-compile: %s\n", outcome.note);
	npu_image_cache_close(cache);
	return ret;
}

static int compile(const struct arguments *a, struct npu_error *err)
{
	struct npu_job_image *image;
	struct npu_gguf *gguf;
	int ret = npu_gguf_open(a->model, &gguf, err);

	if (ret)
		return STATUS_BAD_INPUT;
	if (a->block < 0)
		ret = compile_model(a, gguf, &image, err);
	else
		ret = npu_compile_llama_block(gguf, a->block, &a->target, &a->compile,
					      &image, err);
	progress_end(a->compile.progress_opaque);
	if (ret) {
		npu_gguf_close(gguf);
		return ret == -ENOMEM ? STATUS_FAILED : STATUS_BAD_INPUT;
	}
	/* With its tokenizer the whole model runs without the model file. */
	if (a->block < 0)
		ret = npu_model_image_write(image, gguf, a->output, err);
	else
		ret = npu_job_image_write(image, a->output, err);
	npu_gguf_close(gguf);
	if (!ret)
		report(a, image);
	npu_job_image_free(image);
	return ret ? STATUS_FAILED : STATUS_OK;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct npu_error err = { 0 };
	struct progress progress;
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_BAD_INPUT;
	progress_start(&progress, "compiling");
	arguments.compile.progress = progress_update;
	arguments.compile.progress_opaque = &progress;
	status = compile(&arguments, &err);
	if (status != STATUS_OK)
		fprintf(stderr, "npu-compile: %s\n", err.message);
	return status;
}
