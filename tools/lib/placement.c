// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "placement.h"
#include "units.h"

static void show_operator(const struct npu_report_operator *op)
{
	char sram[UNITS_LEN], bytes[UNITS_LEN];

	printf("  %-24.40s %-7s %10s %10s", op->name, npu_report_place_name(op->place),
	       units_bytes(op->sram_peak, sram), units_bytes(op->bytes, bytes));
	if (op->place == NPU_REPORT_CPU)
		printf(" %10s", "-");
	else
		printf(" %10" PRIu64, op->cycles);
	printf("  %s\n", op->why);
}

void placement_show(const struct npu_report *report)
{
	const struct npu_report_operator *total = &report->total;
	char sram[UNITS_LEN], bytes[UNITS_LEN], time[UNITS_LEN], energy[UNITS_LEN];

	printf("%s on %u core%s: %" PRIu64 " cycles (%s), SRAM %s, memory %s, %s",
	       report->program, report->cores, report->cores == 1 ? "" : "s",
	       total->cycles, units_seconds(total->cycles / report->clock_hz, time),
	       units_bytes(total->sram_peak, sram), units_bytes(total->bytes, bytes),
	       units_joules(total->energy_pj * 1e-12, energy));
	if (report->on_cpu)
		printf(", %u operator%s on the CPU", report->on_cpu,
		       report->on_cpu == 1 ? "" : "s");
	printf("\n  %-24s %-7s %10s %10s %10s  %s\n", "operator", "runs on", "SRAM", "memory",
	       "cycles", "why");
	for (uint32_t i = 0; i < report->n; i++)
		show_operator(&report->op[i]);
}

static void json_operator(struct json *json, const struct npu_report_operator *op)
{
	json_object(json, NULL);
	json_string(json, "name", op->name);
	json_string(json, "place", npu_report_place_name(op->place));
	json_string(json, "why", op->why);
	json_uint(json, "instructions", op->insns);
	json_uint(json, "sram_peak", op->sram_peak);
	json_uint(json, "bytes", op->bytes);
	json_uint(json, "macs", op->macs);
	json_uint(json, "vector_ops", op->vector_ops);
	json_uint(json, "cycles", op->cycles);
	json_uint(json, "energy_pj", op->energy_pj);
	json_close_object(json);
}

void placement_json(struct json *json, const struct npu_report *report)
{
	const struct npu_report_operator *total = &report->total;

	json_object(json, NULL);
	json_string(json, "program", report->program);
	json_uint(json, "cores", report->cores);
	json_uint(json, "cycles", total->cycles);
	json_double(json, "seconds", total->cycles / report->clock_hz);
	json_uint(json, "sram_peak", total->sram_peak);
	json_uint(json, "bytes", total->bytes);
	json_uint(json, "macs", total->macs);
	json_uint(json, "energy_pj", total->energy_pj);
	json_uint(json, "on_cpu", report->on_cpu);
	json_array(json, "operators");
	for (uint32_t i = 0; i < report->n; i++)
		json_operator(json, &report->op[i]);
	json_close_array(json);
	json_close_object(json);
}

void placement_warn(const char *tool, const struct npu_report *report)
{
	for (uint32_t i = 0; i < report->n; i++)
		if (report->op[i].place == NPU_REPORT_CPU)
			fprintf(stderr, "%s: %s: %s runs on the CPU: %s\n", tool,
				report->program, report->op[i].name, report->op[i].why);
}
