// SPDX-License-Identifier: MIT
/* npu-plan: what a model would do on a machine, before either is there. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/gguf.h>
#include <npu/npu.h>
#include <npu/plan.h>

#include "exit_status.h"
#include "planner.h"

static const char usage[] =
	"Usage: npu-plan [OPTION]...\n"
	"Tell whether a model fits a machine, how fast it would be, and what it takes.\n"
	"\n"
	"  -m, --model=MODEL     a name, or a GGUF file; without it: a table of all names\n"
	"  -d, --device=PROFILE  the machine (default edge); with a table: only this one\n"
	"  -q, --quant=FORMAT    format of the weights, as npu-quantize has it (default int8)\n"
	"  -c, --context=N       positions of the KV cache (default 4096, or the model's)\n"
	"  -p, --prompt=N        tokens of a prompt (default 512)\n"
	"      --chunk=N         tokens of it that weights are read once for (default 32)\n"
	"  -b, --batch=N         sequences at a time (default 1)\n"
	"      --kv-type=TYPE    of the KV cache: f16 (default) or i8\n"
	"      --memory=BYTES    memory of the machine, such as 16G (default: the profile's)\n"
	"      --battery=WH      of the machine, watt hours (default 50)\n"
	"  -j, --json            write JSON\n"
	"  -l, --list            list the models and machines that are known by name\n"
	"      --help            show this text\n"
	"      --version         show the version\n"
	"\n"
	"Exit status: 0 it fits (or a table was asked for), 1 it does not, 2 bad\n"
	"model or command line.\n";

static int bad(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "npu-plan: --%s=%s: %s is wanted\n", option, value, wanted);
	return STATUS_BAD_INPUT;
}

static int parse_number(const char *option, const char *text, uint32_t least, uint32_t *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n < least || n > 1u << 24)
		return bad(option, text, "a number of at most 2^24, not zero");
	*value = n;
	return STATUS_OK;
}

/* Decimal multiples, as memory is sold. */
static int parse_amount(const char *option, const char *text, double *value)
{
	static const char units[] = "kMGT";
	const char *unit;
	char *end;

	*value = strtod(text, &end);
	if (end != text && *end) {
		unit = strchr(units, *end++);
		for (const char *u = units; unit && u <= unit; u++)
			*value *= 1000;
		if (!unit)
			return bad(option, text, "a number, perhaps with k, M, G or T,");
	}
	if (end == text || *end || !(*value > 0) || *value > 1e18)
		return bad(option, text, "a number, perhaps with k, M, G or T,");
	return STATUS_OK;
}

static int parse_kv(struct planner *p, const char *text)
{
	if (!strcmp(text, "f16"))
		p->work.kv_bytes = 2;
	else if (!strcmp(text, "i8"))
		p->work.kv_bytes = 1;
	else
		return bad("kv-type", text, "f16 or i8");
	return STATUS_OK;
}

static int parse_quant(struct planner *p, const char *text)
{
	struct npu_error err;

	if (!npu_quant_parse(text, &p->work.weights, &err))
		return STATUS_OK;
	fprintf(stderr, "npu-plan: --quant: %s\n", err.message);
	return STATUS_BAD_INPUT;
}

static int take_option(struct planner *p, int option)
{
	switch (option) {
	case 'm':
		p->model = optarg;
		return STATUS_OK;
	case 'd':
		p->device = optarg;
		return STATUS_OK;
	case 'q':
		return parse_quant(p, optarg);
	case 'c':
		return parse_number("context", optarg, 1, &p->context);
	case 'p':
		return parse_number("prompt", optarg, 1, &p->prompt);
	case 'k':
		return parse_number("chunk", optarg, 1, &p->work.chunk);
	case 'b':
		return parse_number("batch", optarg, 1, &p->work.batch);
	case 't':
		return parse_kv(p, optarg);
	case 'M':
		return parse_amount("memory", optarg, &p->memory);
	case 'B':
		return parse_amount("battery", optarg, &p->battery);
	case 'j':
		p->json = true;
		return STATUS_OK;
	case 'l':
		p->list = true;
		return STATUS_OK;
	case 'h':
		fputs(usage, stdout);
		exit(STATUS_OK);
	case 'v':
		puts("npu-plan " NPU_LIBRARY_VERSION);
		exit(STATUS_OK);
	default:
		fputs("Try 'npu-plan --help'.\n", stderr);
		return STATUS_BAD_INPUT;
	}
}

static int parse(int argc, char **argv, struct planner *p)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "device", required_argument, NULL, 'd' },
		{ "quant", required_argument, NULL, 'q' },
		{ "context", required_argument, NULL, 'c' },
		{ "prompt", required_argument, NULL, 'p' },
		{ "chunk", required_argument, NULL, 'k' },
		{ "batch", required_argument, NULL, 'b' },
		{ "kv-type", required_argument, NULL, 't' },
		{ "memory", required_argument, NULL, 'M' },
		{ "battery", required_argument, NULL, 'B' },
		{ "json", no_argument, NULL, 'j' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int option, status = STATUS_OK;

	while (!status && (option = getopt_long(argc, argv, "m:d:q:c:p:b:jl", options, NULL)) >= 0)
		status = take_option(p, option);
	if (!status && optind < argc) {
		fprintf(stderr, "npu-plan: '%s': no file is expected here; see --help\n",
			argv[optind]);
		status = STATUS_BAD_INPUT;
	}
	return status;
}

/* A file's weights have a format already, but the plan is for the one asked for. */
static int shape_of_file(struct planner *p, struct npu_error *err)
{
	const char *name = strrchr(p->model, '/');
	struct npu_model *model;
	struct npu_gguf *gguf;
	int ret = npu_gguf_open(p->model, &gguf, err);

	if (ret)
		return ret;
	ret = npu_model_create(gguf, &model, err);
	if (!ret) {
		npu_plan_shape_of(&model->config, name ? name + 1 : p->model, &p->shape);
		npu_model_destroy(model);
	}
	npu_gguf_close(gguf);
	return ret;
}

static int find_model(struct planner *p)
{
	const struct npu_plan_shape *known = npu_plan_shape_find(p->model);
	struct npu_error err = { 0 };

	if (known) {
		p->shape = *known;
	} else if (shape_of_file(p, &err)) {
		fprintf(stderr, "npu-plan: %s\n", err.message);
		if (err.code == -ENOENT)
			fputs("npu-plan: it is no name of a model either: 'npu-plan --list' shows them\n",
			      stderr);
		return STATUS_BAD_INPUT;
	}
	if (!p->context)
		p->context = p->shape.context < 4096 ? p->shape.context : 4096;
	if (p->context <= p->shape.context)
		return STATUS_OK;
	fprintf(stderr, "npu-plan: --context=%u: %s was trained for %u positions\n",
		p->context, p->shape.name, p->shape.context);
	return STATUS_BAD_INPUT;
}

int main(int argc, char **argv)
{
	struct planner p = {
		.prompt = 512, .battery = 50,
		.work = { .batch = 1, .chunk = 32, .kv_bytes = 2,
			  .weights = { .kind = NPU_QUANT_INT8 } },
	};
	struct npu_error err;
	int status = parse(argc, argv, &p);

	if (status)
		return status;
	if (p.list)
		return planner_list(&p);
	if (npu_plan_machine(p.device, &p.machine, &err)) {
		fprintf(stderr, "npu-plan: --device: %s\n", err.message);
		return STATUS_BAD_INPUT;
	}
	if (p.memory)
		p.machine.memory = p.memory;
	if (!p.model)
		return planner_table(&p);
	status = find_model(&p);
	return status ? status : planner_show(&p);
}
