// SPDX-License-Identifier: MIT
/* npu-bench: the roofline of a program. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_regs.h>

#include <npu/compile.h>
#include <npu/npu.h>
#include <npu/report.h>

#include "exit_status.h"
#include "roofline.h"

static const char usage[] =
	"Usage: npu-bench --roofline=FILE [OPTION]...\n"
	"Tell of each operator of a program how far it is from what the machine can do,\n"
	"which resource holds it back, and what twice of each would give. Nothing runs:\n"
	"the figures are those that a run would count.\n"
	"\n"
	"  -R, --roofline=FILE     a job file, or a model (GGUF), which is compiled\n"
	"  -p, --program=NAME      this program (default: each that does not depend on data)\n"
	"  -a, --arg=NAME=VALUE    value of an argument, such as pos=1000\n"
	"  -d, --device=MACHINE    PROFILE,PROPERTY=VALUE,... (default edge)\n"
	"  -q, --quant=FORMAT      format of a model's weights\n"
	"      --context=N         positions of a model's KV cache\n"
	"      --chunk=N           tokens of a prefill run\n"
	"  -e, --each              do not put the operators of all blocks together\n"
	"  -s, --svg=FILE          draw it (of one program: give --program)\n"
	"  -j, --json              write JSON\n"
	"      --help              show this text\n"
	"      --version           show the version\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 bad file or command line.\n";

#define MAX_ARGS 16

struct arguments {
	const char *file, *program, *device, *svg;
	const char *arg_name[MAX_ARGS];
	uint64_t arg_value[MAX_ARGS];
	unsigned int num_args;
	struct npu_compile_options compile;
	bool each, json;
};

static bool complain(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "npu-bench: --%s=%s: %s is wanted\n", option, value, wanted);
	return false;
}

static bool parse_number(const char *option, const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return (!errno && *text && *text != '-' && !*end && *value <= most) ||
	       complain(option, text, "a number");
}

static bool add_arg(struct arguments *a, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || a->num_args == MAX_ARGS)
		return complain("arg", text, "NAME=VALUE, at most 16 of them,");
	*equals = '\0';
	a->arg_name[a->num_args] = text;
	return parse_number("arg", equals + 1, UINT64_MAX, &a->arg_value[a->num_args++]);
}

static bool parse_u32(const char *option, uint32_t *value)
{
	uint64_t n;

	if (!parse_number(option, optarg, UINT32_MAX, &n))
		return false;
	*value = n;
	return true;
}

static bool parse_quant(struct arguments *a)
{
	struct npu_error err;

	if (!npu_quant_parse(optarg, &a->compile.weights, &err))
		return true;
	fprintf(stderr, "npu-bench: --quant: %s\n", err.message);
	return false;
}

static bool take_option(struct arguments *a, int option)
{
	switch (option) {
	case 'R':
		a->file = optarg;
		return true;
	case 'p':
		a->program = optarg;
		return true;
	case 'a':
		return add_arg(a, optarg);
	case 'd':
		a->device = optarg;
		return true;
	case 'q':
		return parse_quant(a);
	case 'x':
		return parse_u32("context", &a->compile.context);
	case 'k':
		return parse_u32("chunk", &a->compile.chunk);
	case 'e':
		a->each = true;
		return true;
	case 's':
		a->svg = optarg;
		return true;
	case 'j':
		a->json = true;
		return true;
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_OK);
	case 'v':
		puts("npu-bench " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-bench --help'.\n", stderr);
		return false;
	}
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
		{ "roofline", required_argument, NULL, 'R' },
		{ "program", required_argument, NULL, 'p' },
		{ "arg", required_argument, NULL, 'a' },
		{ "device", required_argument, NULL, 'd' },
		{ "quant", required_argument, NULL, 'q' },
		{ "context", required_argument, NULL, 'x' },
		{ "chunk", required_argument, NULL, 'k' },
		{ "each", no_argument, NULL, 'e' },
		{ "svg", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "R:p:a:d:q:es:j", options, NULL)) >= 0)
		if (!take_option(a, option))
			return false;
	if (a->file && optind == argc && (!a->svg || a->program))
		return true;
	fputs(a->svg && !a->program ? "npu-bench: --svg: name one program with --program\n" :
	      "npu-bench: name one file with --roofline; see --help\n", stderr);
	return false;
}

/* A machine in the process tells what to compile for; a dry run needs no weights. */
static int target_of(const struct arguments *a, struct npu_target *target,
		     struct npu_error *err)
{
	struct npu_device *device;
	char name[256];
	int ret;

	snprintf(name, sizeof(name), "sim:%s", a->device ? a->device : "edge");
	ret = npu_device_open(name, &device, err);
	if (ret)
		return ret;
	npu_target_of(npu_device_info(device), target);
	npu_device_close(device);
	return 0;
}

static int compile(const struct arguments *a, const struct npu_gguf *gguf,
		   struct npu_job_image **image, struct npu_error *err)
{
	struct npu_compile_options options = a->compile;
	struct npu_target target;
	int ret = target_of(a, &target, err);

	options.no_data = true;
	return ret ? ret : npu_compile_llama(gguf, &target, &options, image, err);
}

static bool is_gguf(const char *path)
{
	char magic[4] = "";
	FILE *file = fopen(path, "rb");
	bool is = file && fread(magic, 1, 4, file) == 4 && !memcmp(magic, "GGUF", 4);

	if (file)
		fclose(file);
	return is;
}

static int open_image(const struct arguments *a, struct npu_job_image **image,
		      struct npu_error *err)
{
	struct npu_gguf *gguf;
	int ret;

	if (!is_gguf(a->file))
		return npu_job_image_read(a->file, image, err);
	ret = npu_gguf_open(a->file, &gguf, err);
	if (ret)
		return ret;
	ret = compile(a, gguf, image, err);
	npu_gguf_close(gguf);
	return ret;
}

static bool is_behind(const struct npu_job_image *image, uint32_t program)
{
	for (uint32_t i = 0; i < program; i++)
		if (image->programs[i].next == program)
			return true;
	return false;
}

static bool set_args(const struct arguments *a, const struct npu_job_program *p,
		     uint64_t *args)
{
	memcpy(args, p->args, p->num_args * sizeof(*args));
	for (unsigned int i = 0; i < a->num_args; i++) {
		uint32_t j = 0;

		while (j < p->num_args && strcmp(p->arg_names[j], a->arg_name[i]))
			j++;
		if (j < p->num_args) {
			args[j] = a->arg_value[i];
		} else if (a->program) {
			fprintf(stderr, "npu-bench: --arg=%s: program '%s' has no such argument\n",
				a->arg_name[i], p->name);
			return false;
		}
	}
	return true;
}

static int draw(const struct arguments *a, const struct roofline *roofline)
{
	FILE *file = fopen(a->svg, "w");
	char title[256];
	int failed = !file;

	if (file) {
		snprintf(title, sizeof(title), "%s, %s on %s", a->file,
			 roofline->report->program, a->device ? a->device : "edge");
		roofline_svg(file, roofline, title);
		failed = ferror(file);
		failed |= fclose(file);
	}
	if (failed)
		fprintf(stderr, "npu-bench: %s: cannot write: %s\n", a->svg, strerror(errno));
	return failed ? STATUS_FAILED : STATUS_OK;
}

static int show(const struct arguments *a, const struct npu_report *report, struct json *json)
{
	struct roofline roofline;
	int status = STATUS_OK;

	if (!roofline_create(report, a->each, &roofline)) {
		fputs("npu-bench: out of memory\n", stderr);
		return STATUS_FAILED;
	}
	if (a->json)
		roofline_json(json, &roofline);
	else
		roofline_show(&roofline);
	if (a->svg)
		status = draw(a, &roofline);
	roofline_free(&roofline);
	return status;
}

/* One that was not asked for by name and depends on its data is left out, loudly. */
static int bench_program(const struct arguments *a, const struct npu_job_image *image,
			 uint32_t program, struct json *json)
{
	uint64_t args[NPU_JOB_MAX_ARGS];
	struct npu_report *report;
	struct npu_error err;
	int status;

	if (!set_args(a, &image->programs[program], args))
		return STATUS_BAD_INPUT;
	if (npu_report_create(image, program, args, a->device, NULL, &report, &err)) {
		fprintf(stderr, "npu-bench: %s\n", err.message);
		return a->program ? STATUS_BAD_INPUT : STATUS_OK;
	}
	status = show(a, report, json);
	npu_report_free(report);
	return status;
}

static int bench(const struct arguments *a, const struct npu_job_image *image)
{
	struct json json = { 0 };
	int status = STATUS_OK;
	bool found = false;

	if (a->json)
		json_array(&json, NULL);
	for (uint32_t i = 0; i < image->n_programs && !status; i++) {
		if (a->program ? strcmp(image->programs[i].name, a->program) :
				 is_behind(image, i))
			continue;
		found = true;
		status = bench_program(a, image, i, &json);
	}
	if (a->json)
		json_close_array(&json);
	if (found)
		return status;
	fprintf(stderr, "npu-bench: %s: no program '%s': 'npu-objdump' shows which there are\n",
		a->file, a->program);
	return STATUS_BAD_INPUT;
}

int main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct npu_job_image *image;
	struct npu_error err;
	int status;

	if (!parse(argc, argv, &arguments))
		return STATUS_BAD_INPUT;
	if (open_image(&arguments, &image, &err)) {
		fprintf(stderr, "npu-bench: %s\n", err.message);
		return STATUS_BAD_INPUT;
	}
	status = bench(&arguments, image);
	npu_job_image_free(image);
	return status;
}
