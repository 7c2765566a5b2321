// SPDX-License-Identifier: MIT
/* Reports: predictions of each part of a run, put together by operator. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/plan.h>
#include <npu/report.h>

#include "core/npu_core.h"
#include "hw/npu_regs.h"
#include "report_text.h"

#define CPU_DEVICE ",cores=1,sram=16777216"	/* as the compiler takes the CPU to be */

/**
 * struct making - a report in the making
 * @image: image
 * @device: machine
 * @options: the caller's
 * @report: report, with room for all tags
 * @index: operator of each tag, from 1; 0: it has none yet
 * @err: receives what failed
 */
struct making {
	const struct npu_job_image *image;
	const char *device;
	struct npu_predict_options options;
	struct npu_report *report;
	uint32_t *index;
	struct npu_error *err;
};

static struct npu_report_operator *operator_of(struct making *m, uint32_t tag)
{
	struct npu_report *r = m->report;
	struct npu_report_operator *op;

	if (!m->index[tag]) {
		m->index[tag] = ++r->n;
		op = &r->op[r->n - 1];
		if (tag < m->image->n_tags && m->image->tags[tag][0])
			memcpy(op->name, m->image->tags[tag], sizeof(op->name));
		else
			snprintf(op->name, sizeof(op->name), "tag %u", tag);
	}
	return &m->report->op[m->index[tag] - 1];
}

static void add_work(struct npu_report_operator *op, const struct npu_predict_cost *cost)
{
	const uint64_t *c = cost->counters;

	op->insns += c[NPU_CNT_INSNS];
	op->bytes += c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE];
	op->macs += c[NPU_CNT_MACS_I8] + c[NPU_CNT_MACS_I4] + c[NPU_CNT_MACS_F16];
	op->macs_i4 += c[NPU_CNT_MACS_I4];
	op->macs_f16 += c[NPU_CNT_MACS_F16];
	op->vector_ops += c[NPU_CNT_VEC_OPS];
	op->energy_pj += c[NPU_CNT_ENERGY_PJ];
	for (unsigned int i = 0; i < NPU_PREDICT_ENGINES; i++)
		op->sram_busy[i] += cost->sram_busy[i];
	if (cost->sram_peak > op->sram_peak)
		op->sram_peak = cost->sram_peak;
}

/* A prediction with one resource faster, for what it would help. */
static int predict_twice(struct making *m, uint32_t program, const uint64_t *args,
			 unsigned int resource)
{
	struct npu_predict_options options = m->options;
	struct npu_prediction *p;
	int ret;

	options.memory_times = resource == NPU_REPORT_BY_MEMORY ? 2 : 0;
	options.matrix_times = resource == NPU_REPORT_BY_MATRIX ? 2 : 0;
	options.vector_times = resource == NPU_REPORT_BY_VECTOR ? 2 : 0;
	options.sram_times = resource == NPU_REPORT_BY_SRAM ? 2 : 0;
	ret = npu_predict(m->image, program, args, m->device, &options, &p, m->err);
	if (ret)
		return ret;
	for (uint32_t tag = 0; tag < p->num_tags; tag++)
		if (m->index[tag])
			operator_of(m, tag)->twice[resource] += p->tags[tag].cycles;
	m->report->total.twice[resource] += p->stats.cycles;
	npu_prediction_free(p);
	return 0;
}

static void add_prediction(struct making *m, const struct npu_prediction *p)
{
	struct npu_report *r = m->report;

	for (uint32_t tag = 0; tag < p->num_tags; tag++) {
		const struct npu_predict_cost *cost = &p->tags[tag];
		struct npu_report_operator *op;

		if (!cost->counters[NPU_CNT_INSNS])
			continue;
		op = operator_of(m, tag);
		op->cycles += cost->cycles;
		report_set_place(op, cost->counters);
		add_work(op, cost);
	}
	r->cores = p->stats.cores > r->cores ? p->stats.cores : r->cores;
	r->clock_hz = p->stats.clock_khz * 1e3;
	r->static_pj += p->static_pj;
	r->queue_cycles += p->stats.queue_cycles;
	r->total.cycles += p->stats.cycles;
	r->total.energy_pj += p->static_pj;
}

static int add_device_part(struct making *m, uint32_t program, const uint64_t *args)
{
	struct npu_prediction *p;
	int ret = npu_predict(m->image, program, args, m->device, &m->options, &p, m->err);

	if (ret)
		return ret;
	add_prediction(m, p);
	npu_prediction_free(p);
	for (unsigned int i = 0; i < NPU_REPORT_RESOURCES && !ret; i++)
		ret = predict_twice(m, program, args, i);
	return ret;
}

/* Every operator but the program's start, which is no operator. */
static int add_cpu_part(struct making *m, uint32_t program, const uint64_t *args)
{
	const struct npu_job_program *from = &m->image->programs[program];
	struct npu_prediction *p;
	char device[256];
	int ret;

	snprintf(device, sizeof(device), "%s" CPU_DEVICE, m->device);
	ret = npu_predict(m->image, program, args, device, &m->options, &p, m->err);
	if (ret)
		return ret;
	for (uint32_t tag = 1; tag < p->num_tags; tag++) {
		struct npu_report_operator *op;

		if (!p->tags[tag].counters[NPU_CNT_INSNS])
			continue;
		op = operator_of(m, tag);
		op->place = NPU_REPORT_CPU;
		snprintf(op->why, sizeof(op->why), "%s", from->reason);
		add_work(op, &p->tags[tag]);
		op->energy_pj = 0;	/* not the device's */
		m->report->on_cpu++;
	}
	npu_prediction_free(p);
	return 0;
}

static int add_parts(struct making *m, uint32_t program, const uint64_t *args)
{
	int ret = 0;

	for (;;) {
		const struct npu_job_program *p = &m->image->programs[program];

		args = args ? args : p->args;
		ret = p->place == NPU_JOB_ON_CPU ? add_cpu_part(m, program, args) :
						   add_device_part(m, program, args);
		if (ret || !p->next)
			return ret;
		program = p->next;
	}
}

/* Rates of the machine, with the cores that it is asked to have. */
static int set_machine(struct making *m)
{
	struct npu_core_config config;
	struct npu_plan_machine machine;
	double cores;
	char why[256];
	int ret;

	if (!npu_core_config_parse(&config, m->device, why, sizeof(why)))
		return npu_error_set(m->err, -EINVAL, "%s", why);
	ret = npu_plan_machine(config.profile, &machine, m->err);
	if (!ret) {
		cores = m->report->cores ? m->report->cores : machine.cores;
		for (unsigned int i = 0; i < NPU_PLAN_TYPES; i++)
			m->report->macs[i] = machine.macs[i] / machine.cores * cores;
		m->report->vector_ops = machine.vector_ops / machine.cores * cores;
		if (config.cores)
			machine.cores = config.cores;
		m->report->bandwidth = machine.bandwidth / machine.cores * cores;
	}
	npu_core_config_free(&config);
	return ret;
}

static void set_busy(const struct npu_report *r, struct npu_report_operator *op)
{
	uint64_t int8 = op->macs - op->macs_i4 - op->macs_f16;
	double matrix = int8 / r->macs[NPU_PLAN_I8] + op->macs_i4 / r->macs[NPU_PLAN_I4] +
			op->macs_f16 / r->macs[NPU_PLAN_F16];

	op->busy[NPU_REPORT_BY_MEMORY] = op->bytes / r->bandwidth * r->clock_hz;
	op->busy[NPU_REPORT_BY_MATRIX] = matrix * r->clock_hz;
	op->busy[NPU_REPORT_BY_VECTOR] = op->vector_ops / r->vector_ops * r->clock_hz;
	/* Each engine has its own way to the banks. */
	for (unsigned int i = 0; i < NPU_PREDICT_ENGINES; i++)
		if (op->sram_busy[i] > op->busy[NPU_REPORT_BY_SRAM] * r->cores)
			op->busy[NPU_REPORT_BY_SRAM] = (double)op->sram_busy[i] / r->cores;
	for (unsigned int i = 0; i < NPU_REPORT_RESOURCES; i++)
		if (op->busy[i] > op->busy[op->bound])
			op->bound = i;
}

static void add_to_total(struct npu_report *r, const struct npu_report_operator *op)
{
	struct npu_report_operator *t = &r->total;

	t->insns += op->insns;
	t->energy_pj += op->energy_pj;
	if (op->place == NPU_REPORT_CPU)
		return;
	t->bytes += op->bytes;
	t->macs += op->macs;
	t->macs_i4 += op->macs_i4;
	t->macs_f16 += op->macs_f16;
	t->vector_ops += op->vector_ops;
	for (unsigned int i = 0; i < NPU_PREDICT_ENGINES; i++)
		t->sram_busy[i] += op->sram_busy[i];
	if (op->sram_peak > t->sram_peak)
		t->sram_peak = op->sram_peak;
}

static void finish(struct npu_report *r)
{
	uint64_t cycles[NPU_REPORT_PLACES] = { 0 };

	for (uint32_t i = 0; i < r->n; i++) {
		struct npu_report_operator *op = &r->op[i];

		if (op->place != NPU_REPORT_CPU)
			report_set_why(op);
		set_busy(r, op);
		add_to_total(r, op);
		cycles[op->place] += op->cycles;
	}
	set_busy(r, &r->total);
	for (unsigned int i = 0; i < NPU_REPORT_PLACES; i++)
		if (cycles[i] > cycles[r->total.place])
			r->total.place = i;
}

int npu_report_create(const struct npu_job_image *image, uint32_t program,
		      const uint64_t *args, const char *device,
		      const struct npu_predict_options *options,
		      struct npu_report **report, struct npu_error *err)
{
	struct making m = { .image = image, .device = device ? device : "edge", .err = err };
	uint32_t tags = image->n_tags ? image->n_tags : 1;
	int ret;

	if (program >= image->n_programs)
		return npu_error_set(err, -EINVAL, "no program %u: there are %u", program,
				     image->n_programs);
	if (options)
		m.options = *options;
	m.report = calloc(1, sizeof(*m.report) + tags * sizeof(m.report->op[0]));
	m.index = calloc(tags, sizeof(*m.index));
	if (m.report && m.index) {
		memcpy(m.report->program, image->programs[program].name,
		       sizeof(m.report->program));
		ret = add_parts(&m, program, args);
		ret = ret ? ret : set_machine(&m);
	} else {
		ret = npu_error_set(err, -ENOMEM, "no memory for a report");
	}
	free(m.index);
	if (ret) {
		npu_report_free(m.report);
		return ret;
	}
	finish(m.report);
	*report = m.report;
	return 0;
}

void npu_report_free(struct npu_report *report)
{
	free(report);
}

double npu_report_intensity(const struct npu_report_operator *op)
{
	return op->bytes ? (double)op->macs / op->bytes : 0;
}

double npu_report_ridge(const struct npu_report *report,
			const struct npu_report_operator *op)
{
	uint64_t int8 = op->macs - op->macs_i4 - op->macs_f16;
	double seconds = int8 / report->macs[NPU_PLAN_I8] +
			 op->macs_i4 / report->macs[NPU_PLAN_I4] +
			 op->macs_f16 / report->macs[NPU_PLAN_F16];

	return op->macs ? op->macs / seconds / report->bandwidth : 0;
}
