// SPDX-License-Identifier: MIT
/* npu-submit: run a job file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/npu.h>

#include "exit_status.h"
#include "submit.h"

static const char usage[] =
	"Usage: npu-submit [OPTION]... FILE\n"
	"Run a job file on an NPU, check its outputs, tell what it cost.\n"
	"\n"
	"  -i, --input=NAME=FILE   set a tensor to the bytes of a file before the first run\n"
	"  -o, --output=NAME=FILE  write a tensor's bytes to a file after the last run\n"
	"  -a, --arg=NAME=VALUE    set an argument of the program\n"
	"  -p, --program=NAME      run this program, not the first\n"
	"  -r, --repeat=N          run so many times\n"
	"  -d, --device=NODE       use this NPU, such as /dev/accel/accel0\n"
	"  -j, --json              write JSON\n"
	"      --help              show this text\n"
	"      --version           show the version\n"
	"\n"
	"Outputs are compared with those that the file expects after every run,\n"
	"unless --input or --arg has changed what goes in.\n"
	"\n"
	"Exit status: 0 it ran and gave what was expected, 1 it did not, 2 bad\n"
	"file or command line.\n";

static void bad_usage(const char *fmt, const char *what)
{
	fputs("npu-submit: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\nTry 'npu-submit --help'.\n", stderr);
	exit(STATUS_BAD_INPUT);
}

static void add_pair(struct submit_pairs *pairs, const char *option, char *text)
{
	char *equals = strchr(text, '=');
	char message[64];

	if (!equals || equals == text || !equals[1]) {
		snprintf(message, sizeof(message), "--%s=%%s: give NAME=%s",
			 option, strcmp(option, "arg") ? "FILE" : "VALUE");
		bad_usage(message, text);
	}
	pairs->list = realloc(pairs->list,
			      (pairs->count + 1) * sizeof(*pairs->list));
	if (!pairs->list) {
		fputs("npu-submit: out of memory\n", stderr);
		exit(STATUS_FAILED);
	}
	*equals = '\0';
	pairs->list[pairs->count].name = text;
	pairs->list[pairs->count].value = equals + 1;
	pairs->count++;
}

static uint32_t parse_repeat(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !n || n > 1000000)
		bad_usage("--repeat=%s: give a number from 1 to 1000000", text);
	return n;
}

static void parse_options(int argc, char **argv, struct submit_options *options)
{
	enum { HELP = 256, VERSION };
	static const struct option longs[] = {
		{ "input", required_argument, NULL, 'i' },
		{ "output", required_argument, NULL, 'o' },
		{ "arg", required_argument, NULL, 'a' },
		{ "program", required_argument, NULL, 'p' },
		{ "repeat", required_argument, NULL, 'r' },
		{ "device", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "i:o:a:p:r:d:j", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			add_pair(&options->inputs, "input", optarg);
			break;
		case 'o':
			add_pair(&options->outputs, "output", optarg);
			break;
		case 'a':
			add_pair(&options->args, "arg", optarg);
			break;
		case 'p':
			options->program = optarg;
			break;
		case 'r':
			options->repeat = parse_repeat(optarg);
			break;
		case 'd':
			options->device = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case HELP:
			fputs(usage, stdout);
			exit(STATUS_OK);
		case VERSION:
			puts("npu-submit " NPU_LIBRARY_VERSION);
			exit(STATUS_OK);
		default:
			fputs("Try 'npu-submit --help'.\n", stderr);
			exit(STATUS_BAD_INPUT);
		}
	}
	if (argc - optind != 1)
		bad_usage("%s", "give one job file");
	options->path = argv[optind];
}

int main(int argc, char **argv)
{
	struct submit_options options = { .repeat = 1 };
	struct npu_error err = { 0 };
	struct npu_job_image *image;
	int status;

	parse_options(argc, argv, &options);
	if (npu_job_image_read(options.path, &image, &err)) {
		fprintf(stderr, "npu-submit: %s\n", err.message);
		return STATUS_BAD_INPUT;
	}
	status = submit_image(&options, image, &err);
	if (err.message[0])
		fprintf(stderr, "npu-submit: %s\n", err.message);
	npu_job_image_free(image);
	free(options.inputs.list);
	free(options.outputs.list);
	free(options.args.list);
	return status;
}
