// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/plan.h>

#include "roofline.h"
#include "units.h"

/* blk.7.qkv becomes blk.*.qkv. */
static void common_name(char *to, const char *name)
{
	const char *number = strncmp(name, "blk.", 4) ? NULL : name + 4;
	size_t digits = number ? strspn(number, "0123456789") : 0;

	if (digits && number[digits] == '.')
		snprintf(to, NPU_JOB_NAME_LEN, "blk.*%.*s", NPU_JOB_NAME_LEN - 8, number + digits);
	else
		snprintf(to, NPU_JOB_NAME_LEN, "%.*s", NPU_JOB_NAME_LEN - 1, name);
}

static void add(struct npu_report_operator *to, const struct npu_report_operator *op)
{
	to->insns += op->insns;
	to->cycles += op->cycles;
	to->bytes += op->bytes;
	to->macs += op->macs;
	to->macs_i4 += op->macs_i4;
	to->macs_f16 += op->macs_f16;
	to->vector_ops += op->vector_ops;
	to->energy_pj += op->energy_pj;
	to->sram_peak = op->sram_peak > to->sram_peak ? op->sram_peak : to->sram_peak;
	for (unsigned int i = 0; i < NPU_REPORT_RESOURCES; i++) {
		to->busy[i] += op->busy[i];
		to->twice[i] += op->twice[i];
		if (to->busy[i] > to->busy[to->bound])
			to->bound = i;
	}
}

static unsigned int find(const struct roofline *r, const char *name, unsigned int place)
{
	unsigned int i = 0;

	while (i < r->n && (strcmp(r->op[i].name, name) || r->op[i].place != place))
		i++;
	return i;
}

bool roofline_create(const struct npu_report *report, bool each, struct roofline *r)
{
	*r = (struct roofline){
		.report = report,
		.op = calloc(report->n ? report->n : 1, sizeof(*r->op)),
		.count = calloc(report->n ? report->n : 1, sizeof(*r->count)),
	};
	if (!r->op || !r->count) {
		roofline_free(r);
		return false;
	}
	for (uint32_t i = 0; i < report->n; i++) {
		char name[NPU_JOB_NAME_LEN];
		unsigned int at;

		common_name(name, report->op[i].name);
		at = each ? r->n : find(r, name, report->op[i].place);
		if (r->count[at]++) {
			add(&r->op[at], &report->op[i]);
			continue;
		}
		r->op[at] = report->op[i];
		if (!each)
			memcpy(r->op[at].name, name, sizeof(name));
		r->n++;
	}
	return true;
}

void roofline_free(struct roofline *roofline)
{
	free(roofline->op);
	free(roofline->count);
	*roofline = (struct roofline){ 0 };
}

double roofline_attained(const struct npu_report *report, const struct npu_report_operator *op)
{
	return op->cycles ? op->macs * report->clock_hz / op->cycles : 0;
}

double roofline_roof(const struct npu_report *report, const struct npu_report_operator *op)
{
	double intensity = npu_report_intensity(op), ridge = npu_report_ridge(report, op);

	return report->bandwidth * (intensity < ridge ? intensity : ridge);
}

double roofline_use(const struct npu_report_operator *op)
{
	return op->cycles ? op->busy[op->bound] / op->cycles : 0;
}

static double gain(const struct npu_report_operator *op, unsigned int resource)
{
	return op->twice[resource] ? (double)op->cycles / op->twice[resource] : 1;
}

static void show_operator(const struct roofline *r, const struct npu_report_operator *op,
			  const char *name)
{
	char attained[UNITS_LEN], roof[UNITS_LEN];

	printf("  %-22.30s", name);
	if (op->place == NPU_REPORT_CPU) {
		printf(" on the CPU: %s\n", op->why);
		return;
	}
	printf(" %10" PRIu64 " %5.1f%% %9.3g %7.3g", op->cycles,
	       100.0 * op->cycles / (r->report->total.cycles ? r->report->total.cycles : 1),
	       npu_report_intensity(op), npu_report_ridge(r->report, op));
	if (op->macs)
		printf(" %9s %9s", units_number(roofline_attained(r->report, op), attained),
		       units_number(roofline_roof(r->report, op), roof));
	else
		printf(" %9s %9s", "-", "-");
	printf("  %-6s %4.0f%%  %5.2f %5.2f %5.2f %5.2f\n", npu_report_resource_name(op->bound),
	       100 * roofline_use(op), gain(op, NPU_REPORT_BY_MEMORY),
	       gain(op, NPU_REPORT_BY_MATRIX), gain(op, NPU_REPORT_BY_VECTOR),
	       gain(op, NPU_REPORT_BY_SRAM));
}

void roofline_show(const struct roofline *r)
{
	const struct npu_report *report = r->report;
	char i8[UNITS_LEN], i4[UNITS_LEN], f16[UNITS_LEN], name[96];

	printf("%s on %u core%s: %s INT8, %s INT4, %s 16-bit MACs/s; %.4g GB/s\n",
	       report->program, report->cores, report->cores == 1 ? "" : "s",
	       units_number(report->macs[NPU_PLAN_I8], i8),
	       units_number(report->macs[NPU_PLAN_I4], i4),
	       units_number(report->macs[NPU_PLAN_F16], f16), report->bandwidth * 1e-9);
	printf("  %-22s %10s %6s %9s %7s %9s %9s  %-12s  %s\n", "", "", "", "MACs", "", "MACs/s",
	       "", "bound by", "faster with twice the");
	printf("  %-22s %10s %6s %9s %7s %9s %9s  %-12s  %5s %5s %5s %5s\n", "operator", "cycles",
	       "share", "per byte", "ridge", "attained", "roof", "and used", "mem", "mat", "vec",
	       "sram");
	for (unsigned int i = 0; i < r->n; i++) {
		if (r->count[i] > 1)
			snprintf(name, sizeof(name), "%u x %s", r->count[i], r->op[i].name);
		else
			snprintf(name, sizeof(name), "%s", r->op[i].name);
		show_operator(r, &r->op[i], name);
	}
	show_operator(r, &report->total, "the whole");
	printf("  %-22s %10" PRIu64 "  descriptor, program, completion, interrupt\n", "besides",
	       report->queue_cycles);
}

static void json_operator(struct json *json, const struct roofline *r,
			  const struct npu_report_operator *op, const char *key,
			  unsigned int count)
{
	json_object(json, key);
	if (!key)
		json_string(json, "name", op->name);
	json_uint(json, "operators", count);
	json_string(json, "place", npu_report_place_name(op->place));
	json_uint(json, "cycles", op->cycles);
	json_uint(json, "bytes", op->bytes);
	json_uint(json, "macs", op->macs);
	json_double(json, "macs_per_byte", npu_report_intensity(op));
	json_double(json, "ridge", npu_report_ridge(r->report, op));
	json_double(json, "attained_macs_per_second", roofline_attained(r->report, op));
	json_double(json, "roof_macs_per_second", roofline_roof(r->report, op));
	json_string(json, "bound", npu_report_resource_name(op->bound));
	json_double(json, "used", roofline_use(op));
	json_object(json, "gain_of_twice");
	for (unsigned int i = 0; i < NPU_REPORT_RESOURCES; i++)
		json_double(json, npu_report_resource_name(i), gain(op, i));
	json_close_object(json);
	json_close_object(json);
}

void roofline_json(struct json *json, const struct roofline *r)
{
	const struct npu_report *report = r->report;

	json_object(json, NULL);
	json_string(json, "program", report->program);
	json_uint(json, "cores", report->cores);
	json_double(json, "clock_hz", report->clock_hz);
	json_double(json, "bandwidth", report->bandwidth);
	json_double(json, "peak_int8", report->macs[NPU_PLAN_I8]);
	json_double(json, "peak_int4", report->macs[NPU_PLAN_I4]);
	json_double(json, "peak_f16", report->macs[NPU_PLAN_F16]);
	json_array(json, "operators");
	for (unsigned int i = 0; i < r->n; i++)
		json_operator(json, r, &r->op[i], NULL, r->count[i]);
	json_close_array(json);
	json_operator(json, r, &report->total, "total", report->n);
	json_uint(json, "queue_cycles", report->queue_cycles);
	json_close_object(json);
}
