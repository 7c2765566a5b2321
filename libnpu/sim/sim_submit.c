// SPDX-License-Identifier: MIT
/* DRM_IOCTL_NPU_SUBMIT: all jobs are checked and made, then all are accepted. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/npu_isa.h"

#define MAX_JOBS	64
#define MAX_SYNCS	256
#define PROGRAM_ALIGN	sizeof(struct npu_program)
#define PROGRAM_MIN	(sizeof(struct npu_program) + sizeof(struct npu_insn))
#define RESULT_ALIGN	512
#define TRACE_ALIGN	64
#define TRACE_MIN	64	/* of each core */

static bool in_va(const struct sim *sim, uint64_t va, uint64_t size)
{
	uint64_t end;

	return !__builtin_add_overflow(va, size, &end) && end <= sim->info.va_end;
}

static int check_trace(const struct sim *sim, const struct drm_npu_job *in)
{
	uint32_t cores = in->cores ? in->cores : sim->info.cores;

	if (!in->trace)
		return in->trace_size ? -EINVAL : 0;
	if (in->trace % TRACE_ALIGN || in->trace_size / TRACE_MIN < cores ||
	    !in_va(sim, in->trace, in->trace_size))
		return -EINVAL;
	return 0;
}

static int check_job(const struct sim *sim, const struct drm_npu_job *in)
{
	const struct drm_npu_device_info *info = &sim->info;

	if (in->flags || in->pad || in->num_args > info->max_args ||
	    in->cores > info->cores || in->budget > info->budget_max)
		return -EINVAL;
	if ((in->program | in->program_size) % PROGRAM_ALIGN ||
	    in->program_size < PROGRAM_MIN ||
	    in->program_size > info->program_max ||
	    !in_va(sim, in->program, in->program_size))
		return -EINVAL;
	if (in->result % RESULT_ALIGN ||
	    !in_va(sim, in->result, sizeof(struct npu_completion)))
		return -EINVAL;
	if (in->syncs.count > MAX_SYNCS)
		return -E2BIG;
	if (in->syncs.count && in->syncs.stride != sizeof(struct drm_npu_sync))
		return -EINVAL;
	return check_trace(sim, in);
}

static void fill_desc(struct npu_job *desc, const struct drm_npu_job *in,
		      const struct sim_context *ctx)
{
	desc->flags = NPU_JOB_IRQ | (in->trace ? NPU_JOB_TRACE : 0);
	desc->context = ctx->vm->asid;
	desc->program = in->program;
	desc->program_size = in->program_size;
	desc->cores = in->cores;
	desc->budget = in->budget;
	desc->result = in->result;
	desc->trace = in->trace;
	desc->trace_size = in->trace_size;
	desc->num_args = in->num_args;
	if (in->num_args)
		memcpy(desc->args, (void *)(uintptr_t)in->args,
		       in->num_args * sizeof(desc->args[0]));
}

/*
 * What is waited for comes first among the points. Jobs wait for timelines only;
 * which point a binary syncobj is to come to is known when the job is accepted.
 */
static int add_points(const struct sim *sim, struct sim_job *job,
		      const struct drm_npu_job *in, uint32_t kind)
{
	const struct drm_npu_sync *syncs = (void *)(uintptr_t)in->syncs.array;

	for (uint32_t i = 0; i < in->syncs.count; i++) {
		struct sim_sync *sync = sim_table_get(&sim->syncs,
						      syncs[i].handle);

		bool timeline = syncs[i].flags & DRM_NPU_SYNC_TIMELINE;

		if ((syncs[i].flags & ~DRM_NPU_SYNC_TIMELINE) != kind)
			continue;
		if (!sync)
			return -ENOENT;
		if (timeline != !!syncs[i].timeline_point ||
		    (!timeline && kind == DRM_NPU_SYNC_WAIT))
			return -EINVAL;
		sync->refs++;
		job->points[job->num_points++] = (struct sim_point){
			sync, syncs[i].timeline_point };
	}
	return 0;
}

void sim_job_free(struct sim *sim, struct sim_job *job)
{
	for (uint32_t i = 0; i < job->num_points; i++)
		sim_sync_put(job->points[i].sync);
	sim_perfmon_put(job->perfmon);
	sim_context_put(sim, job->ctx);
	free(job);
}

/* Lock held, as in all that follow. */
static int find_perfmon(struct sim *sim, struct sim_job *job, uint32_t id)
{
	if (!id)
		return 0;
	job->perfmon = sim_table_get(&sim->perfmons, id);
	if (!job->perfmon)
		return -ENOENT;
	job->perfmon->refs++;
	return 0;
}

static int make_job(struct sim *sim, struct sim_context *ctx,
		    const struct drm_npu_job *in, struct sim_job **out)
{
	struct sim_job *job;
	int ret = check_job(sim, in);

	if (ret)
		return ret;
	job = calloc(1, sizeof(*job) + in->syncs.count * sizeof(*job->points));
	if (!job)
		return -ENOMEM;
	job->ctx = ctx;
	ctx->refs++;
	*out = job;
	fill_desc(&job->desc, in, ctx);
	ret = find_perfmon(sim, job, in->perfmon_id);
	if (!ret)
		ret = add_points(sim, job, in, DRM_NPU_SYNC_WAIT);
	job->num_waits = job->num_points;
	if (!ret)
		ret = add_points(sim, job, in, DRM_NPU_SYNC_SIGNAL);
	/* With other flags than these. */
	if (!ret && job->num_points != in->syncs.count)
		ret = -EINVAL;
	return ret;
}

static void accept(struct sim_context *ctx, struct sim_job *job)
{
	struct sim_vm *vm = ctx->vm;

	job->seqno = ++ctx->record.jobs_submitted;
	job->vm_seqno = ++vm->submitted;
	if (job->desc.result)
		job->desc.result_id = job->seqno;
	for (uint32_t i = job->num_waits; i < job->num_points; i++)
		if (!job->points[i].point)
			job->points[i].point = ++job->points[i].sync->target;
	sim_perfmon_begin_job(job->perfmon);
	TAILQ_INSERT_TAIL(&ctx->pending, job, link);
	TAILQ_INSERT_TAIL(&vm->jobs, job, vm_link);
}

static int submit(struct sim *sim, struct sim_context *ctx,
		  struct drm_npu_submit *args)
{
	const struct drm_npu_job *in = (void *)(uintptr_t)args->jobs.array;
	struct sim_job *jobs[MAX_JOBS] = { NULL };
	int ret = 0;

	for (uint32_t i = 0; i < args->jobs.count && !ret; i++)
		ret = make_job(sim, ctx, &in[i], &jobs[i]);
	for (uint32_t i = 0; i < args->jobs.count && ret; i++)
		if (jobs[i])
			sim_job_free(sim, jobs[i]);
	if (ret)
		return ret;
	args->first_seqno = ctx->record.jobs_submitted + 1;
	for (uint32_t i = 0; i < args->jobs.count; i++)
		accept(ctx, jobs[i]);
	sim_queue_pump(sim);
	return 0;
}

int sim_submit(struct sim *sim, struct drm_npu_submit *args)
{
	struct sim_context *ctx;
	int ret;

	if (args->flags || !args->jobs.count ||
	    args->jobs.stride != sizeof(struct drm_npu_job))
		return -EINVAL;
	if (args->jobs.count > MAX_JOBS)
		return -E2BIG;
	pthread_mutex_lock(&sim->lock);
	ctx = sim_table_get(&sim->contexts_by_id, args->context_id);
	if (!ctx)
		ret = -ENOENT;
	else if (ctx->banned)
		ret = -EBADFD;
	else if (sim->lost)
		ret = -ENODEV;
	else
		ret = submit(sim, ctx, args);
	pthread_mutex_unlock(&sim->lock);
	return ret;
}
