// SPDX-License-Identifier: MIT
/* npu-objdump: what is in a job file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>
#include <hw/npu_regs.h>
#include <npu/npu.h>

#include "exit_status.h"
#include "json.h"
#include "units.h"

static const char usage[] =
	"Usage: npu-objdump [OPTION]... FILE\n"
	"Show a job file: segments, tensors, programs and their instructions.\n"
	"\n"
	"  -p, --program=NAME  of the programs, only this one\n"
	"  -n, --no-code       leave out the instructions\n"
	"  -j, --json          write JSON\n"
	"      --help          show this text\n"
	"      --version       show the version\n"
	"\n"
	"Exit status: 0 shown, 2 no sound job file or bad command line.\n";

struct options {
	const char *path;
	const char *program;
	bool json;
	bool no_code;
};

static const char *role_name(uint32_t role)
{
	switch (role) {
	case NPU_JOB_INPUT:
		return "input";
	case NPU_JOB_OUTPUT:
		return "output";
	case NPU_JOB_STATE:
		return "state";
	default:
		return "const";
	}
}

/* Such as "F32[3][5]". */
static const char *shape(const struct npu_job_tensor *tensor, char *out,
			 size_t size)
{
	size_t len = snprintf(out, size, "%s", npu_type_name(tensor->type));

	for (uint32_t i = 0; i < tensor->n_dims && len < size; i++)
		len += snprintf(out + len, size - len, "[%" PRIu64 "]",
				tensor->dims[i]);
	return out;
}

/* The image has been checked: a program lies in its segment's data. */
static const struct npu_program *find_code(const struct npu_job_image *image,
					   const struct npu_job_program *program)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *segment = &image->segments[i];

		if (program->va >= segment->va &&
		    program->va - segment->va < segment->size)
			return (const void *)((const char *)segment->data +
					      (program->va - segment->va));
	}
	return NULL;
}

static uint32_t num_insns(const struct npu_job_program *program)
{
	return (program->size - sizeof(struct npu_program)) / NPU_INSN_SIZE;
}

static const char *disassemble(const struct npu_job_image *image,
			       const struct npu_program *code, uint32_t i,
			       char text[NPU_DISASM_LEN])
{
	const char *at = (const char *)(code + 1) + (size_t)i * NPU_INSN_SIZE;
	const char *tag = NULL;
	struct npu_insn insn;

	memcpy(&insn, at, sizeof(insn));
	if (insn.tag < image->n_tags && image->tags[insn.tag][0])
		tag = image->tags[insn.tag];
	npu_disasm(&insn, tag, text, NPU_DISASM_LEN);
	return text;
}

static void show_segments(const struct npu_job_image *image)
{
	char size[UNITS_LEN], data[UNITS_LEN];

	printf("\nsegments:\n");
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *segment = &image->segments[i];

		printf("  %-16s %#12" PRIx64 "  %10s, %10s of data%s\n",
		       segment->name, segment->va,
		       units_bytes(segment->size, size),
		       units_bytes(segment->data_size, data),
		       segment->readonly ? ", readonly" : "");
	}
}

static void show_tensors(const struct npu_job_image *image)
{
	char dims[96];

	printf("\ntensors:\n");
	for (uint32_t i = 0; i < image->n_tensors; i++) {
		const struct npu_job_tensor *tensor = &image->tensors[i];

		printf("  %#12" PRIx64 "  %-6s  %-20s %s%s\n", tensor->va,
		       role_name(tensor->role),
		       shape(tensor, dims, sizeof(dims)), tensor->name,
		       tensor->expected ? " (expected value given)" : "");
	}
}

static void show_header(const struct npu_program *code)
{
	printf("  instruction set %u.%u, SRAM %u bytes, cores %u to ",
	       NPU_VERSION_MAJOR(code->isa_version),
	       NPU_VERSION_MINOR(code->isa_version), code->sram_size,
	       code->min_cores);
	if (code->max_cores)
		printf("%u, features", code->max_cores);
	else
		printf("any, features");
	for (uint32_t bit = 0; bit < 64; bit++) {
		if (!(code->features & 1ull << bit))
			continue;
		if (npu_feature_name(bit))
			printf(" %s", npu_feature_name(bit));
		else
			printf(" bit%u", bit);
	}
	printf("%s\n", code->features ? "" : " none");
	if (code->magic != NPU_PROGRAM_MAGIC)
		printf("  header's magic number is %#x, not %#x: the device will refuse it\n",
		       code->magic, NPU_PROGRAM_MAGIC);
}

static void show_program(const struct options *options,
			 const struct npu_job_image *image,
			 const struct npu_job_program *program)
{
	const struct npu_program *code = find_code(image, program);
	struct npu_program header;
	char text[NPU_DISASM_LEN];

	memcpy(&header, code, sizeof(header));
	printf("\nprogram %s: at %#" PRIx64 ", %u instructions, ",
	       program->name, program->va, num_insns(program));
	if (program->cores)
		printf("on %u core%s\n", program->cores,
		       program->cores == 1 ? "" : "s");
	else
		printf("on all cores\n");
	show_header(&header);
	if (program->place == NPU_JOB_ON_CPU)
		printf("  runs on the CPU: %s\n", program->reason);
	if (program->next)
		printf("  followed by %s\n", image->programs[program->next].name);
	for (uint32_t i = 0; i < program->num_args; i++)
		printf("  argument r%u %s = %" PRId64 "\n", NPU_R_ARG(i),
		       program->arg_names[i], (int64_t)program->args[i]);
	for (uint32_t i = 0; !options->no_code && i < num_insns(program); i++)
		printf("  %6u  %s\n", i, disassemble(image, code, i, text));
}

static bool wanted(const struct options *options,
		   const struct npu_job_program *program)
{
	return !options->program || !strcmp(options->program, program->name);
}

static void show(const struct options *options, const struct npu_job_image *image)
{
	printf("%s: %u segments, %u tensors, %u programs, %u tags\n",
	       options->path, image->n_segments, image->n_tensors,
	       image->n_programs, image->n_tags);
	show_segments(image);
	show_tensors(image);
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (wanted(options, &image->programs[i]))
			show_program(options, image, &image->programs[i]);
}

static void json_segments(struct json *json, const struct npu_job_image *image)
{
	json_array(json, "segments");
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *segment = &image->segments[i];

		json_object(json, NULL);
		json_string(json, "name", segment->name);
		json_uint(json, "va", segment->va);
		json_uint(json, "size", segment->size);
		json_uint(json, "data_size", segment->data_size);
		json_bool(json, "readonly", segment->readonly);
		json_close_object(json);
	}
	json_close_array(json);
}

static void json_tensors(struct json *json, const struct npu_job_image *image)
{
	json_array(json, "tensors");
	for (uint32_t i = 0; i < image->n_tensors; i++) {
		const struct npu_job_tensor *tensor = &image->tensors[i];

		json_object(json, NULL);
		json_string(json, "name", tensor->name);
		json_string(json, "role", role_name(tensor->role));
		json_string(json, "type", npu_type_name(tensor->type));
		json_array(json, "shape");
		for (uint32_t d = 0; d < tensor->n_dims; d++)
			json_uint(json, NULL, tensor->dims[d]);
		json_close_array(json);
		json_uint(json, "va", tensor->va);
		json_bool(json, "expected", tensor->expected);
		json_close_object(json);
	}
	json_close_array(json);
}

static void json_args(struct json *json, const struct npu_job_program *program)
{
	json_array(json, "args");
	for (uint32_t i = 0; i < program->num_args; i++) {
		json_object(json, NULL);
		json_string(json, "name", program->arg_names[i]);
		json_uint(json, "value", program->args[i]);
		json_close_object(json);
	}
	json_close_array(json);
}

static void json_program(struct json *json, const struct options *options,
			 const struct npu_job_image *image,
			 const struct npu_job_program *program)
{
	const struct npu_program *code = find_code(image, program);
	struct npu_program header;
	char text[NPU_DISASM_LEN];

	memcpy(&header, code, sizeof(header));
	json_object(json, NULL);
	json_string(json, "name", program->name);
	json_uint(json, "va", program->va);
	json_uint(json, "cores", program->cores);
	json_string(json, "place", program->place == NPU_JOB_ON_CPU ? "cpu" : "device");
	if (program->place == NPU_JOB_ON_CPU)
		json_string(json, "reason", program->reason);
	if (program->next)
		json_string(json, "next", image->programs[program->next].name);
	json_uint(json, "isa_version", header.isa_version);
	json_uint(json, "features", header.features);
	json_uint(json, "sram_size", header.sram_size);
	json_uint(json, "min_cores", header.min_cores);
	json_uint(json, "max_cores", header.max_cores);
	json_uint(json, "num_insns", num_insns(program));
	json_args(json, program);
	if (!options->no_code) {
		json_array(json, "insns");
		for (uint32_t i = 0; i < num_insns(program); i++)
			json_string(json, NULL, disassemble(image, code, i, text));
		json_close_array(json);
	}
	json_close_object(json);
}

static void show_json(const struct options *options,
		      const struct npu_job_image *image)
{
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "file", options->path);
	json_segments(&json, image);
	json_tensors(&json, image);
	json_array(&json, "programs");
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (wanted(options, &image->programs[i]))
			json_program(&json, options, image, &image->programs[i]);
	json_close_array(&json);
	json_close_object(&json);
}

static void parse_options(int argc, char **argv, struct options *options)
{
	enum { HELP = 256, VERSION };
	static const struct option longs[] = {
		{ "program", required_argument, NULL, 'p' },
		{ "no-code", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:nj", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			options->program = optarg;
			break;
		case 'n':
			options->no_code = true;
			break;
		case 'j':
			options->json = true;
			break;
		case HELP:
			fputs(usage, stdout);
			exit(STATUS_OK);
		case VERSION:
			puts("npu-objdump " NPU_LIBRARY_VERSION);
			exit(STATUS_OK);
		default:
			fputs("Try 'npu-objdump --help'.\n", stderr);
			exit(STATUS_BAD_INPUT);
		}
	}
	if (argc - optind != 1) {
		fputs("npu-objdump: give one job file\nTry 'npu-objdump --help'.\n",
		      stderr);
		exit(STATUS_BAD_INPUT);
	}
	options->path = argv[optind];
}

static bool has_program(const struct options *options,
			const struct npu_job_image *image)
{
	for (uint32_t i = 0; i < image->n_programs; i++)
		if (wanted(options, &image->programs[i]))
			return true;
	fprintf(stderr, "npu-objdump: %s: no program '%s'\n", options->path,
		options->program);
	return false;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	struct npu_job_image *image;
	struct npu_error err = { 0 };
	int status = STATUS_BAD_INPUT;

	parse_options(argc, argv, &options);
	if (npu_job_image_read(options.path, &image, &err)) {
		fprintf(stderr, "npu-objdump: %s\n", err.message);
		return STATUS_BAD_INPUT;
	}
	if (has_program(&options, image)) {
		if (options.json)
			show_json(&options, image);
		else
			show(&options, image);
		status = STATUS_OK;
	}
	npu_job_image_free(image);
	return status;
}
