// SPDX-License-Identifier: MIT
/* What npu-submit tells. */
#include <inttypes.h>
#include <stdio.h>

#include <hw/npu_regs.h>

#include "json.h"
#include "submit.h"
#include "units.h"

static void show_wall(const struct submit_report *report)
{
	const uint64_t *wall = report->wall_ns;
	char low[UNITS_LEN], middle[UNITS_LEN], high[UNITS_LEN];

	units_seconds(wall[report->runs / 2] / 1e9, middle);
	if (report->runs == 1) {
		printf("  wall time      %s\n", middle);
		return;
	}
	printf("  wall time      %s (median of %u runs; %s to %s)\n", middle,
	       report->runs, units_seconds(wall[0] / 1e9, low),
	       units_seconds(wall[report->runs - 1] / 1e9, high));
}

static void show_cost(const struct npu_job_stats *stats)
{
	const uint64_t *counters = stats->counters;
	char text[UNITS_LEN], other[UNITS_LEN];

	printf("  device cycles  %" PRIu64 " and %" PRIu64 " for the job itself, %s at %.0f MHz on %u core%s\n",
	       stats->cycles, stats->queue_cycles, units_seconds(stats->model_seconds, text),
	       stats->clock_khz / 1e3, stats->cores, stats->cores == 1 ? "" : "s");
	printf("  waits          %" PRIu64 " cycles for the memory port, %" PRIu64 " for SRAM, all cores\n",
	       counters[NPU_CNT_MEM_STALL], counters[NPU_CNT_SRAM_STALL]);
	printf("  instructions   %" PRIu64 "\n", counters[NPU_CNT_INSNS]);
	printf("  memory         %s read, %s written\n",
	       units_bytes(counters[NPU_CNT_MEM_READ], text),
	       units_bytes(counters[NPU_CNT_MEM_WRITE], other));
	printf("  MACs           %" PRIu64 " INT8, %" PRIu64 " INT4, %" PRIu64 " 16-bit\n",
	       counters[NPU_CNT_MACS_I8], counters[NPU_CNT_MACS_I4],
	       counters[NPU_CNT_MACS_F16]);
	printf("  energy         %s\n",
	       units_joules(counters[NPU_CNT_ENERGY_PJ] * 1e-12, text));
	for (uint32_t i = 0; npu_energy_name(i); i++)
		if (stats->energy_pj[i])
			printf("    %-10s   %s\n", npu_energy_name(i),
			       units_joules(stats->energy_pj[i] * 1e-12, text));
}

/* Nobody should find out by the time that it takes. */
static void show_cpu(const struct submit_report *report)
{
	const struct npu_job_program *p = report->program;
	char text[UNITS_LEN];

	if (!report->stats.cpu_parts)
		return;
	printf("  on the CPU     %u part%s, %s\n", report->stats.cpu_parts,
	       report->stats.cpu_parts == 1 ? "" : "s",
	       units_seconds(report->stats.cpu_ns / 1e9, text));
	for (;; p = &report->image->programs[p->next]) {
		if (p->place == NPU_JOB_ON_CPU)
			printf("    %s: %s\n", p->name, p->reason);
		if (!p->next)
			break;
	}
}

static void show_checks(const struct submit_report *report)
{
	if (report->unchecked && report->num_checks)
		printf("  outputs        not compared: %s\n", report->unchecked);
	for (uint32_t i = 0; i < report->num_checks; i++) {
		const struct submit_check *check = &report->checks[i];

		if (!check->checked)
			continue;
		if (!check->differing)
			printf("  output %-7s as expected\n",
			       check->tensor->name);
		else
			printf("  output %-7s run %u: %" PRIu64 " elements differ, first [%" PRIu64 "]: got %s, expected %s\n",
			       check->tensor->name, report->bad_run,
			       check->differing, check->first, check->got,
			       check->want);
	}
}

void submit_show(const struct submit_options *options,
		 const struct submit_report *report)
{
	printf("%s: program %s\n", options->path, report->program->name);
	if (report->runs) {
		show_wall(report);
		show_cost(&report->stats);
		show_cpu(report);
	}
	show_checks(report);
}

static void json_cost(struct json *json, const struct submit_report *report)
{
	const struct npu_job_stats *stats = &report->stats;

	json_object(json, "wall_ns");
	json_uint(json, "min", report->wall_ns[0]);
	json_uint(json, "median", report->wall_ns[report->runs / 2]);
	json_uint(json, "max", report->wall_ns[report->runs - 1]);
	json_close_object(json);
	json_uint(json, "cores", stats->cores);
	json_uint(json, "clock_khz", stats->clock_khz);
	json_double(json, "model_seconds", stats->model_seconds);
	json_uint(json, "cpu_parts", stats->cpu_parts);
	json_uint(json, "cpu_ns", stats->cpu_ns);
	json_object(json, "counters");
	for (uint32_t i = 0; npu_counter_name(i); i++)
		json_uint(json, npu_counter_name(i), stats->counters[i]);
	json_close_object(json);
	json_object(json, "energy_pj");
	for (uint32_t i = 0; npu_energy_name(i); i++)
		json_uint(json, npu_energy_name(i), stats->energy_pj[i]);
	json_close_object(json);
}

static void json_checks(struct json *json, const struct submit_report *report)
{
	json_array(json, "outputs");
	for (uint32_t i = 0; i < report->num_checks; i++) {
		const struct submit_check *check = &report->checks[i];

		json_object(json, NULL);
		json_string(json, "name", check->tensor->name);
		json_bool(json, "checked", check->checked);
		if (check->checked)
			json_uint(json, "differing", check->differing);
		if (check->differing) {
			json_uint(json, "first", check->first);
			json_string(json, "got", check->got);
			json_string(json, "want", check->want);
		}
		json_close_object(json);
	}
	json_close_array(json);
}

void submit_show_json(const struct submit_options *options,
		      const struct submit_report *report, const char *error)
{
	struct json json = { 0 };

	json_object(&json, NULL);
	json_string(&json, "file", options->path);
	if (report->program)
		json_string(&json, "program", report->program->name);
	json_uint(&json, "runs", report->runs);
	json_bool(&json, "ok", !error && !report->bad_run);
	if (error)
		json_string(&json, "error", error);
	if (report->runs)
		json_cost(&json, report);
	json_checks(&json, report);
	json_close_object(&json);
}
