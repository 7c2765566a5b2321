// SPDX-License-Identifier: MIT
/* npu-smi: what NPUs there are, and what they do. */
#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hw/npu_regs.h>
#include <npu/npu.h>

#include "exit_status.h"
#include "json.h"
#include "monitor.h"
#include "units.h"
#include "validate.h"

#define NODES "/dev/accel/accel*"

static const char usage[] =
	"Usage: npu-smi [OPTION]...\n"
	"       npu-smi validate [-d NODE] [-j]\n"
	"Show NPUs, their memory in use, power, jobs, and the processes that use them;\n"
	"or check that one works, from its node to a reset, and say what to do if not.\n"
	"\n"
	"  -d, --device=NODE   show this one only, such as /dev/accel/accel0\n"
	"  -j, --json          write JSON\n"
	"  -l, --loop=SECONDS  show again every so often, until interrupted\n"
	"      --help          show this text\n"
	"      --version       show the version\n"
	"\n"
	"Exit status: 0 shown, or all is well; 1 no NPU, none that may be used, or a check\n"
	"failed; 2 bad command line.\n";

struct options {
	const char *device;
	double loop;
	bool json, validate;
};

static void print_version(char *out, size_t size, uint32_t version)
{
	snprintf(out, size, "%u.%u", NPU_VERSION_MAJOR(version),
		 NPU_VERSION_MINOR(version));
}

static void print_features(uint64_t features)
{
	for (uint32_t bit = 0; bit < 64; bit++) {
		if (!(features & 1ull << bit))
			continue;
		if (npu_feature_name(bit))
			printf(" %s", npu_feature_name(bit));
		else
			printf(" bit%u", bit);
	}
}

static void show_device(const struct npu_device *device)
{
	const struct npu_device_info *info = npu_device_info(device);
	char isa[16], model[16], regs[16], sram[UNITS_LEN];

	print_version(isa, sizeof(isa), info->isa_version);
	print_version(model, sizeof(model), info->model_version);
	print_version(regs, sizeof(regs), info->regs_version);
	printf("%s\n", npu_device_path(device));
	printf("  profile    %s\n", info->profile);
	printf("  versions   driver %s, model %s, instruction set %s, registers %s\n",
	       info->driver_version, model, isa, regs);
	printf("  cores      %u at %.0f MHz, %s of SRAM each\n", info->cores,
	       info->clock_khz / 1e3, units_bytes(info->sram_size, sram));
	printf("  engines    per core and cycle: %u INT8, %u INT4, %u 16-bit MACs, %u vector lanes\n",
	       info->macs_i8, info->macs_i4, info->macs_f16, info->vec_lanes);
	printf("  memory     %.1f GB/s, shared with the CPU\n",
	       info->mem_mbps / 1e3);
	printf("  queues     %u, timeout %u ms (at most %u ms)\n", info->queues,
	       info->timeout_default_ms, info->timeout_max_ms);
	printf("  features  ");
	print_features(info->features);
	putchar('\n');
}

static void show_usage(const struct npu_device_usage *usage)
{
	char buffers[UNITS_LEN], tables[UNITS_LEN];

	printf("  in use     %s in %" PRIu64 " buffers, %s of page tables\n",
	       units_bytes(usage->buffer_bytes, buffers), usage->buffers,
	       units_bytes(usage->page_table_bytes, tables));
	printf("  contexts   %u, in %u address spaces\n", usage->contexts,
	       usage->vms);
	printf("  jobs       %" PRIu64 " done, %" PRIu64 " failed; %u resets\n",
	       usage->jobs_done, usage->jobs_failed, usage->resets);
}

static void json_version(struct json *json, const char *name, uint32_t version)
{
	char text[16];

	print_version(text, sizeof(text), version);
	json_string(json, name, text);
}

static void json_features(struct json *json, uint64_t features)
{
	json_array(json, "features");
	for (uint32_t bit = 0; bit < 64; bit++)
		if (features & 1ull << bit && npu_feature_name(bit))
			json_string(json, NULL, npu_feature_name(bit));
	json_close_array(json);
}

static void json_device(struct json *json, const struct npu_device *device)
{
	const struct npu_device_info *info = npu_device_info(device);

	json_string(json, "device", npu_device_path(device));
	json_string(json, "profile", info->profile);
	json_string(json, "driver_version", info->driver_version);
	json_version(json, "model_version", info->model_version);
	json_version(json, "isa_version", info->isa_version);
	json_version(json, "regs_version", info->regs_version);
	json_uint(json, "cores", info->cores);
	json_uint(json, "clock_khz", info->clock_khz);
	json_uint(json, "sram_bytes", info->sram_size);
	json_uint(json, "memory_mbps", info->mem_mbps);
	json_uint(json, "macs_i8", info->macs_i8);
	json_uint(json, "macs_i4", info->macs_i4);
	json_uint(json, "macs_f16", info->macs_f16);
	json_uint(json, "vec_lanes", info->vec_lanes);
	json_uint(json, "queues", info->queues);
	json_features(json, info->features);
}

static void json_usage(struct json *json, const struct npu_device_usage *usage)
{
	json_uint(json, "buffer_bytes", usage->buffer_bytes);
	json_uint(json, "buffers", usage->buffers);
	json_uint(json, "page_table_bytes", usage->page_table_bytes);
	json_uint(json, "contexts", usage->contexts);
	json_uint(json, "vms", usage->vms);
	json_uint(json, "jobs_done", usage->jobs_done);
	json_uint(json, "jobs_failed", usage->jobs_failed);
	json_uint(json, "resets", usage->resets);
}

static void show_figures(const struct monitor_figures *figures)
{
	char joules[UNITS_LEN];

	if (figures->busy_us >= 0)
		printf("  busy       %.3f s since the driver was loaded, at %" PRId64 " of %" PRId64
		       " MHz\n", (double)figures->busy_us / 1e6, figures->current_mhz,
		       figures->max_mhz);
	if (figures->power_uw >= 0)
		printf("  power      %.3f W%s\n", (double)figures->power_uw / 1e6,
		       figures->asleep ? ", asleep" : "");
	if (figures->energy_uj >= 0)
		printf("  energy     %s since the driver was loaded\n",
		       units_joules((double)figures->energy_uj / 1e6, joules));
	if (figures->temperature_mc != INT64_MIN)
		printf("  temperature %.1f C\n", (double)figures->temperature_mc / 1e3);
}

static void show_clients(const struct monitor_client *clients, size_t count)
{
	char memory[UNITS_LEN], tables[UNITS_LEN], time[UNITS_LEN], joules[UNITS_LEN];

	printf("  %7s %-16s %12s %12s %12s %10s %8s %12s\n", "PID", "process", "memory",
	       "page tables", "core time", "jobs", "failed", "energy");
	for (size_t i = 0; i < count; i++)
		printf("  %7d %-16s %12s %12s %12s %10" PRIu64 " %8" PRIu64 " %12s\n", clients[i].pid,
		       clients[i].name, units_bytes(clients[i].memory, memory),
		       units_bytes(clients[i].tables, tables),
		       units_seconds((double)clients[i].engine_ns / 1e9, time), clients[i].jobs,
		       clients[i].failed,
		       units_joules((double)clients[i].energy_uj / 1e6, joules));
}

static void json_figure(struct json *json, const char *name, int64_t value)
{
	if (value >= 0)
		json_uint(json, name, (uint64_t)value);
}

static void json_monitor(struct json *json, const struct monitor_figures *figures,
			 const struct monitor_client *clients, size_t count)
{
	json_figure(json, "busy_us", figures->busy_us);
	json_figure(json, "resident_bytes", figures->resident);
	json_figure(json, "current_mhz", figures->current_mhz);
	json_figure(json, "max_mhz", figures->max_mhz);
	json_figure(json, "power_uw", figures->power_uw);
	json_figure(json, "energy_uj", figures->energy_uj);
	json_figure(json, "temperature_mc", figures->temperature_mc);
	json_figure(json, "asleep", figures->asleep);
	json_array(json, "processes");
	for (size_t i = 0; i < count; i++) {
		json_object(json, NULL);
		json_uint(json, "pid", (uint64_t)clients[i].pid);
		json_string(json, "name", clients[i].name);
		json_uint(json, "client", clients[i].client);
		json_uint(json, "memory_bytes", clients[i].memory);
		json_uint(json, "resident_bytes", clients[i].resident);
		json_uint(json, "page_table_bytes", clients[i].tables);
		json_uint(json, "engine_ns", clients[i].engine_ns);
		json_uint(json, "model_cycles", clients[i].model_cycles);
		json_uint(json, "queue_cycles", clients[i].queue_cycles);
		json_uint(json, "jobs", clients[i].jobs);
		json_uint(json, "jobs_failed", clients[i].failed);
		json_uint(json, "energy_uj", clients[i].energy_uj);
		json_close_object(json);
	}
	json_close_array(json);
}

/* Our own file is none of the users'. */
static size_t without_us(struct monitor_client *clients, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (clients[i].pid != getpid())
			clients[kept++] = clients[i];
	return kept;
}

/* A device without a node in the kernel has neither figures nor other users. */
static void show_monitor(const char *path, struct json *json)
{
	struct monitor_figures figures;
	struct monitor_client *clients;
	size_t count;

	if (monitor_clients(path, &clients, &count) == -ENODEV)
		return;
	count = without_us(clients, count);
	monitor_figures(path, &figures);
	if (json) {
		json_monitor(json, &figures, clients, count);
	} else {
		show_figures(&figures);
		if (count)
			show_clients(clients, count);
	}
	free(clients);
}

/* By engine, for those who may know; others see the sum. */
static void show_energy(struct npu_device *device, struct json *json)
{
	uint64_t pj[NPU_DEVICE_ENERGIES];
	struct npu_error err = { 0 };
	char joules[UNITS_LEN];

	if (npu_device_energy(device, pj, &err))
		return;
	if (json)
		json_object(json, "energy_pj");
	else
		printf("  energy    ");
	for (uint32_t i = 0; npu_energy_name(i); i++)
		if (json)
			json_uint(json, npu_energy_name(i), pj[i]);
		else
			printf("%s %s %s", i ? "," : "", npu_energy_name(i),
			       units_joules(pj[i] * 1e-12, joules));
	if (json)
		json_close_object(json);
	else
		putchar('\n');
}

/* Opened anew each time, so that a device that comes back is seen again. */
static int show(const char *path, struct json *json, struct npu_error *err)
{
	struct npu_device_usage usage;
	struct npu_device *device;
	int ret = npu_device_open(path, &device, err);

	if (ret)
		return ret;
	ret = npu_device_usage(device, &usage, err);
	if (!ret && json) {
		json_object(json, NULL);
		json_device(json, device);
		json_usage(json, &usage);
		show_energy(device, json);
		show_monitor(npu_device_path(device), json);
		json_close_object(json);
	} else if (!ret) {
		show_device(device);
		show_usage(&usage);
		show_energy(device, NULL);
		show_monitor(npu_device_path(device), NULL);
	}
	npu_device_close(device);
	return ret;
}

/* Nodes of other accelerators are no error as long as there is an NPU too. */
static int show_all(struct json *json, struct npu_error *err)
{
	unsigned int shown = 0;
	glob_t nodes = { 0 };

	if (!glob(NODES, 0, NULL, &nodes)) {
		for (size_t i = 0; i < nodes.gl_pathc; i++) {
			int ret = show(nodes.gl_pathv[i], json, err);

			shown += !ret;
			if (ret && ret != -ENODEV)
				fprintf(stderr, "npu-smi: %s\n", err->message);
		}
	}
	globfree(&nodes);
	return shown ? 0 : show(NULL, json, err);
}

static int show_once(const struct options *options)
{
	struct npu_error err = { 0 };
	struct json json = { 0 }, *out = options->json ? &json : NULL;
	int ret;

	if (out) {
		json_object(out, NULL);
		json_array(out, "devices");
	}
	/* Who names one, by option or for all programs, wants that one. */
	ret = options->device || getenv("NPU_DEVICE") ? show(options->device, out, &err) :
							show_all(out, &err);
	if (out) {
		json_close_array(out);
		if (ret)
			json_string(out, "error", err.message);
		json_close_object(out);
	}
	fflush(stdout);
	if (ret)
		fprintf(stderr, "npu-smi: %s\n", err.message);
	return ret ? STATUS_FAILED : STATUS_OK;
}

static double parse_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.01 && seconds <= 86400)) {
		fprintf(stderr, "npu-smi: --loop=%s: give seconds from 0.01 to 86400\n",
			text);
		exit(STATUS_BAD_INPUT);
	}
	return seconds;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	enum { HELP = 256, VERSION };
	static const struct option longs[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "loop", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:jl:", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			options->device = optarg;
			break;
		case 'j':
			options->json = true;
			break;
		case 'l':
			options->loop = parse_seconds(optarg);
			break;
		case HELP:
			fputs(usage, stdout);
			exit(STATUS_OK);
		case VERSION:
			puts("npu-smi " NPU_LIBRARY_VERSION);
			exit(STATUS_OK);
		default:
			fputs("Try 'npu-smi --help'.\n", stderr);
			exit(STATUS_BAD_INPUT);
		}
	}
	options->validate = optind < argc && !strcmp(argv[optind], "validate");
	optind += options->validate;
	if (options->validate && options->loop) {
		fputs("npu-smi: validate has no --loop\n", stderr);
		exit(STATUS_BAD_INPUT);
	}
	if (optind < argc) {
		fprintf(stderr, "npu-smi: '%s': the only command is 'validate'\nTry 'npu-smi --help'.\n",
			argv[optind]);
		exit(STATUS_BAD_INPUT);
	}
}

static void wait_seconds(double seconds)
{
	struct timespec time = { .tv_sec = seconds };

	time.tv_nsec = (seconds - time.tv_sec) * 1e9;
	nanosleep(&time, NULL);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int status;

	parse_options(argc, argv, &options);
	if (options.validate)
		return validate_run(options.device, options.json);
	status = show_once(&options);
	while (options.loop && !ferror(stdout)) {
		wait_seconds(options.loop);
		if (!options.json)
			putchar('\n');
		status = show_once(&options);
	}
	return status;
}
