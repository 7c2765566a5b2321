// SPDX-License-Identifier: MIT
/* A whole job, dry: its cores one after the other, from barrier to barrier. */
#include "npu_dry_run.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "dry.h"

/**
 * struct job - a job and the machine that it would run on
 * @npu: machine, without threads
 * @run: the job
 * @dry: by core
 * @stale: by range
 */
struct job {
	struct npu_core npu;
	struct npu_run run;
	struct npu_dry dry[NPU_MAX_CORES];
	bool *stale;
};

static bool looks_at_sram(const struct npu_dry_run *dry)
{
	const struct npu_program *p = dry->program;
	const struct npu_insn *insn = (const void *)(p + 1);
	uint32_t count = dry->program_size / NPU_INSN_SIZE;

	for (uint32_t i = 0; i + 1 < count; i++)
		if (insn[i].opcode == NPU_OP_SLOAD)
			return true;
	return false;
}

static bool add_core(struct job *job, unsigned int i, const struct npu_dry_run *ask,
		     bool looks)
{
	struct npu_exec *ex = calloc(1, sizeof(*ex));
	struct npu_dry *dry = &job->dry[i];
	uint32_t size = job->npu.profile.sram_size;

	job->run.cores[i] = ex;
	if (!ex)
		return false;
	dry->run = ask;
	dry->stale = job->stale;
	ex->npu = &job->npu;
	ex->mmu.npu = &job->npu;
	ex->run = &job->run;
	ex->index = i;
	ex->dry = dry;
	ex->sram = calloc(1, size);
	if (looks)
		dry->known = malloc(size);
	if (dry->known)
		memset(dry->known, 1, size);
	if (ask->tags)
		dry->cycles = calloc(ask->num_tags ? ask->num_tags : 1,
				     sizeof(*dry->cycles));
	return ex->sram && (!looks || dry->known) && (!ask->tags || dry->cycles);
}

static void free_job(struct job *job)
{
	for (unsigned int i = 0; i < NPU_MAX_CORES; i++) {
		struct npu_exec *ex = job->run.cores[i];

		free(job->dry[i].known);
		free(job->dry[i].cycles);
		if (!ex)
			continue;
		free(ex->sram);
		free(ex);
	}
	free(job->stale);
	free(job);
}

static void describe(struct npu_job *desc, const struct npu_dry_run *ask)
{
	desc->id = 1;
	desc->flags = NPU_JOB_IRQ;	/* as drivers submit it */
	desc->program_size = ask->program_size;
	desc->cores = ask->cores;
	desc->budget = ask->budget;
	desc->num_args = ask->num_args;
	if (ask->num_args && ask->num_args <= NPU_JOB_MAX_ARGS)
		memcpy(desc->args, ask->args, 8 * ask->num_args);
}

/* Until all cores wait at a barrier or have come to an end. */
static void run_cores(struct job *job)
{
	for (unsigned int i = 0; i < job->run.num_cores; i++)
		while (job->run.cores[i]->state == NPU_EXEC_READY)
			npu_exec_run(job->run.cores[i]);
}

/* All are at a barrier, and go on: the wait is the barrier's. */
static bool pass_barrier(struct job *job)
{
	if (!npu_job_meet(&job->npu, &job->run))
		return false;
	for (unsigned int i = 0; i < job->run.num_cores; i++) {
		struct npu_exec *ex = job->run.cores[i];
		uint32_t tag = ex->insns[ex->pc - 1].tag;
		struct npu_dry *dry = ex->dry;

		if (dry->run->tags && tag < dry->run->num_tags)
			dry->cycles[tag] += ex->time.cp - dry->horizon;
		dry->horizon = ex->time.cp;
	}
	return true;
}

/* The core that ends last, of several the first. */
static const struct npu_exec *last_core(const struct job *job)
{
	const struct npu_exec *last = job->run.cores[0];

	for (unsigned int i = 1; i < job->run.num_cores; i++)
		if (job->run.cores[i]->time.cp > last->time.cp)
			last = job->run.cores[i];
	return last;
}

static void report_tags(const struct job *job, struct npu_dry_run *ask)
{
	const struct npu_exec *last = last_core(job);

	for (uint32_t i = 0; ask->tags && i < ask->num_tags; i++) {
		struct npu_dry_cost *tag = &ask->tags[i];

		tag->cycles = last->dry->cycles[i];
		tag->counters[NPU_CNT_ENERGY_PJ] =
			npu_energy_pj(&job->npu.profile, tag->counters, 0);
	}
}

static void report(struct job *job, struct npu_dry_run *ask)
{
	struct npu_run *run = &job->run;

	run->counters[NPU_CNT_JOBS] = 1;
	run->done.cores = run->num_cores;
	memcpy(run->done.counters, run->counters, sizeof(run->counters));
	ask->done = run->done;
	ask->clock_khz = job->npu.profile.clock_khz;
	ask->static_pj = npu_static_pj(&job->npu.profile,
				       run->counters[NPU_CNT_CYCLES],
				       run->num_cores);
	if (!run->num_cores || !run->loaded)
		return;
	report_tags(job, ask);
	for (unsigned int i = 0; i < run->num_cores && !ask->unknown_field; i++)
		if (run->done.status == NPU_JOB_FAULT &&
		    run->done.fault.core == i)
			ask->unknown_field = job->dry[i].unknown_field;
}

static void run(struct job *job)
{
	struct npu_run *run = &job->run;
	struct npu_fault *fault = &run->done.fault;

	run->done.status = NPU_JOB_FAULT;
	*fault = npu_job_check(&job->npu, &run->desc);
	if (fault->code || !npu_program_check(&job->npu, run, fault))
		return;
	run->loaded = true;
	for (unsigned int i = 0; i < run->num_cores; i++) {
		npu_job_begin_core(run, run->cores[i]);
		run->cores[i]->fresh = false;
	}
	do {
		run_cores(job);
	} while (pass_barrier(job));
}

static void multiply(uint32_t *rate, uint32_t times)
{
	if (times && *rate <= UINT32_MAX / times)
		*rate *= times;
}

/* The machine that was asked for, but faster. */
static void speed_up(struct npu_profile *p, const struct npu_dry_run *ask)
{
	/* cost.c multiplies it by a thousand */
	if (ask->memory_times && p->mem_mbps <= UINT64_MAX / 1000 / ask->memory_times)
		p->mem_mbps *= ask->memory_times;
	multiply(&p->macs_i8, ask->matrix_times);
	multiply(&p->macs_i4, ask->matrix_times);
	multiply(&p->macs_f16, ask->matrix_times);
	multiply(&p->vec_lanes, ask->vector_times);
	multiply(&p->sram_banks, ask->sram_times);
}

static bool build(struct job *job, const struct npu_dry_run *ask)
{
	struct npu_run *run = &job->run;
	bool looks = looks_at_sram(ask);

	job->stale = calloc(ask->num_ranges ? ask->num_ranges : 1,
			    sizeof(*job->stale));
	if (!job->stale)
		return false;
	describe(&run->desc, ask);
	run->program = (uint8_t *)ask->program;
	run->num_cores = npu_job_cores(&job->npu, run);
	if (run->num_cores > job->npu.profile.cores)
		run->num_cores = 1;	/* the descriptor is refused */
	for (unsigned int i = 0; i < run->num_cores; i++)
		if (!add_core(job, i, ask, looks))
			return false;
	return true;
}

bool npu_dry_run(struct npu_dry_run *ask, char *error, size_t error_len)
{
	struct job *job = calloc(1, sizeof(*job));
	bool built = false;

	ask->unknown_field = 0;
	if (job && !npu_core_choose(&job->npu, ask->config, error, error_len)) {
		free(job);
		return false;
	}
	if (job) {
		speed_up(&job->npu.profile, ask);
		built = build(job, ask);
	}
	if (built) {
		run(job);
		report(job, ask);
	} else {
		npu_complain(error, error_len, "out of memory");
	}
	if (job)
		free_job(job);
	return built;
}
