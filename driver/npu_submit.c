// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_NPU_SUBMIT: either all jobs or none.
 *
 * First all is read, checked and allocated. Then, with the address space's
 * reservations held so that fences can be added, jobs are armed and pushed:
 * from there on nothing can fail.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>

#include "npu_array.h"
#include "npu_context.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_job.h"
#include "npu_perfmon.h"
#include "npu_submit.h"
#include "npu_sync.h"
#include "npu_trace.h"
#include "npu_userptr.h"
#include "npu_vm.h"

#define NPU_MAX_SYNCS		256
#define NPU_PROGRAM_ALIGN	128
#define NPU_PROGRAM_MIN		256	/* header and one instruction */
#define NPU_RESULT_ALIGN	512
#define NPU_TRACE_ALIGN		64
#define NPU_TRACE_MIN		64	/* of each core */

/**
 * struct npu_submission - jobs on their way
 */
struct npu_submission {
	/** @ctx: context, referenced */
	struct npu_ctx *ctx;

	/** @drm_file: file */
	struct drm_file *drm_file;

	/** @jobs: jobs that are not pushed yet; NULL when pushed */
	struct npu_sched_job *jobs[NPU_MAX_SUBMIT_JOBS];

	/** @count: entries of @jobs */
	u32 count;

	/** @fences: receives the finished fence of each, referenced; or NULL */
	struct dma_fence **fences;

	/** @nonblock: do not wait for other submits to the context */
	bool nonblock;

	/** @signals: what they signal */
	struct npu_sync_signals signals;
};

static bool npu_submit_in_va(const struct npu_device *npu, u64 va, u64 size)
{
	u64 end;

	return !check_add_overflow(va, size, &end) && end <= npu->info.va_end;
}

static int npu_submit_check_trace(const struct npu_device *npu, const struct drm_npu_job *in)
{
	u32 cores = in->cores ?: npu->info.cores;

	if (!in->trace)
		return in->trace_size ? -EINVAL : 0;
	if (!IS_ALIGNED(in->trace, NPU_TRACE_ALIGN) ||
	    in->trace_size / NPU_TRACE_MIN < cores ||
	    !npu_submit_in_va(npu, in->trace, in->trace_size))
		return -EINVAL;
	return 0;
}

/* What the device would refuse anyway is refused here as far as it costs nothing. */
static int npu_submit_check_job(const struct npu_device *npu, const struct drm_npu_job *in)
{
	const struct drm_npu_device_info *info = &npu->info;

	if (in->flags || in->pad || in->num_args > info->max_args || in->cores > info->cores ||
	    in->budget > info->budget_max)
		return -EINVAL;
	if (!IS_ALIGNED(in->program, NPU_PROGRAM_ALIGN) ||
	    !IS_ALIGNED(in->program_size, NPU_PROGRAM_ALIGN) ||
	    in->program_size < NPU_PROGRAM_MIN || in->program_size > info->program_max ||
	    !npu_submit_in_va(npu, in->program, in->program_size))
		return -EINVAL;
	if (!IS_ALIGNED(in->result, NPU_RESULT_ALIGN) ||
	    !npu_submit_in_va(npu, in->result, sizeof(struct npu_completion)))
		return -EINVAL;
	return npu_submit_check_trace(npu, in);
}

static int npu_submit_fill_desc(struct npu_sched_job *job, const struct drm_npu_job *in)
{
	struct npu_job *desc = &job->desc;

	desc->flags = NPU_JOB_IRQ | (in->trace ? NPU_JOB_TRACE : 0);
	desc->context = job->ctx->vm->mmu.asid;
	desc->program = in->program;
	desc->program_size = in->program_size;
	desc->cores = in->cores;
	desc->budget = in->budget;
	desc->result = in->result;
	desc->trace = in->trace;
	desc->trace_size = in->trace_size;
	desc->num_args = in->num_args;
	if (copy_from_user(desc->args, u64_to_user_ptr(in->args),
			   in->num_args * sizeof(desc->args[0])))
		return -EFAULT;
	return 0;
}

static int npu_submit_add_syncs(struct npu_submission *sub, struct npu_sched_job *job,
				const struct drm_npu_job *in)
{
	struct drm_npu_sync *syncs __free(kvfree) = NULL;

	syncs = npu_array_read(&in->syncs, sizeof(*syncs), sizeof(*syncs), NPU_MAX_SYNCS);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	return npu_sync_add(&sub->signals, sub->drm_file, &job->base, syncs, in->syncs.count);
}

static int npu_submit_find_perfmon(struct npu_submission *sub, struct npu_sched_job *job,
				   const struct drm_npu_job *in)
{
	if (!in->perfmon_id)
		return 0;
	job->perfmon = npu_perfmon_lookup(sub->drm_file->driver_priv, in->perfmon_id);
	return job->perfmon ? 0 : -ENOENT;
}

static int npu_submit_add_job(struct npu_submission *sub, const struct drm_npu_job *in)
{
	struct npu_sched_job *job;
	int ret;

	ret = npu_submit_check_job(sub->ctx->vm->npu, in);
	if (ret)
		return ret;
	job = npu_job_create(sub->ctx);
	if (IS_ERR(job))
		return PTR_ERR(job);
	sub->jobs[sub->count++] = job;
	ret = npu_submit_find_perfmon(sub, job, in);
	if (!ret)
		ret = npu_submit_fill_desc(job, in);
	return ret ?: npu_submit_add_syncs(sub, job, in);
}

/* Numbers the jobs. Return: the number of the first. */
static u64 npu_submit_number(struct npu_submission *sub)
{
	struct npu_ctx *ctx = sub->ctx;
	u64 first;
	u32 i;

	spin_lock_irq(&ctx->record_lock);
	first = ctx->record.submitted + 1;
	ctx->record.submitted += sub->count;
	spin_unlock_irq(&ctx->record_lock);
	for (i = 0; i < sub->count; i++) {
		struct npu_sched_job *job = sub->jobs[i];

		job->seqno = first + i;
		if (job->desc.result)
			job->desc.result_id = job->seqno;
		npu_perfmon_begin_job(job->perfmon);
	}
	return first;
}

/*
 * Arms and pushes one job after the other: arming picks a queue, which must not
 * change before the push. A pushed job may be gone at once.
 */
static struct dma_fence *npu_submit_push(struct npu_submission *sub)
{
	struct dma_fence *fence = NULL;
	u32 i;

	for (i = 0; i < sub->count; i++) {
		struct npu_sched_job *job = sub->jobs[i];

		dma_fence_put(fence);
		drm_sched_job_arm(&job->base);
		fence = dma_fence_get(&job->base.s_fence->finished);
		if (sub->fences)
			sub->fences[i] = dma_fence_get(fence);
		sub->jobs[i] = NULL;
		trace_npu_submit(job, -1);
		drm_sched_entity_push_job(&job->base);
		npu_sync_commit(&sub->signals, &job->base, fence);
	}
	return fence;
}

/*
 * With the context's submit_lock held. Return: -EAGAIN if memory of a process has
 * to be looked up first.
 */
static int npu_submit_commit(struct npu_submission *sub, u64 *first_seqno)
{
	struct drm_gpuvm_exec exec = {
		.vm = &sub->ctx->vm->base,
		/* Imports of one dma-buf, one after the other, share its reservation. */
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		.num_fences = 1,
	};
	struct dma_fence *last;
	int ret;

	ret = drm_gpuvm_exec_lock(&exec);
	if (ret)
		return ret == -EINTR ? -ERESTARTSYS : ret;
	if (!npu_userptr_begin(sub->ctx->vm)) {
		drm_gpuvm_exec_unlock(&exec);
		return -EAGAIN;
	}
	*first_seqno = npu_submit_number(sub);
	last = npu_submit_push(sub);
	/* Jobs of a context end in order: the last stands for all. */
	drm_gpuvm_exec_resv_add_fence(&exec, last, DMA_RESV_USAGE_BOOKKEEP,
				      DMA_RESV_USAGE_BOOKKEEP);
	npu_userptr_end(sub->ctx->vm);
	drm_gpuvm_exec_unlock(&exec);
	dma_fence_put(last);
	return 0;
}

static int npu_submit_check_ctx(struct npu_ctx *ctx)
{
	struct npu_device *npu = ctx->vm->npu;
	int idx;

	if (READ_ONCE(ctx->banned))
		return -EBADFD;
	if (READ_ONCE(npu->lost) || !drm_dev_enter(&npu->drm, &idx))
		return -ENODEV;
	drm_dev_exit(idx);
	return 0;
}

static int npu_submit_lock(struct npu_submission *sub)
{
	struct mutex *lock = &sub->ctx->submit_lock;

	if (sub->nonblock)
		return mutex_trylock(lock) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(lock) ? -ERESTARTSYS : 0;
}

static int npu_submit_all(struct npu_submission *sub, const struct drm_npu_job *jobs, u32 count,
			  u64 *first_seqno)
{
	int ret;
	u32 i;

	ret = npu_submit_check_ctx(sub->ctx);
	for (i = 0; i < count && !ret; i++)
		ret = npu_submit_add_job(sub, &jobs[i]);
	if (!ret)
		ret = npu_submit_lock(sub);
	if (ret)
		return ret;
	ret = npu_submit_check_ctx(sub->ctx);
	if (!ret)
		ret = npu_submit_commit(sub, first_seqno);
	while (ret == -EAGAIN && !sub->nonblock) {
		ret = npu_userptr_revalidate(sub->ctx->vm);
		if (!ret)
			ret = npu_submit_commit(sub, first_seqno);
	}
	mutex_unlock(&sub->ctx->submit_lock);
	return ret;
}

static void npu_submit_free(struct npu_submission *sub)
{
	u32 i;

	npu_sync_fini(&sub->signals);
	for (i = 0; i < sub->count; i++)
		if (sub->jobs[i])
			npu_job_destroy(sub->jobs[i]);
	npu_ctx_put(sub->ctx);
	kfree(sub);
}

/**
 * npu_submit() - submit jobs
 * @drm_file: file
 * @args: what and where; first_seqno is set
 * @fences: receives a finished fence for each job, referenced; or NULL
 * @nonblock: give -EAGAIN instead of waiting for others who submit
 *
 * Return: 0 or a negative errno.
 */
int npu_submit(struct drm_file *drm_file, struct drm_npu_submit *args, struct dma_fence **fences,
	       bool nonblock)
{
	struct drm_npu_job *jobs __free(kvfree) = NULL;
	struct npu_submission *sub;
	int ret;

	if (args->flags || !args->jobs.count)
		return -EINVAL;
	jobs = npu_array_read(&args->jobs, sizeof(*jobs), offsetofend(struct drm_npu_job, syncs),
			      NPU_MAX_SUBMIT_JOBS);
	if (IS_ERR(jobs))
		return PTR_ERR(jobs);
	sub = kzalloc(sizeof(*sub), GFP_KERNEL);
	if (!sub)
		return -ENOMEM;
	npu_sync_init(&sub->signals);
	sub->drm_file = drm_file;
	sub->fences = fences;
	sub->nonblock = nonblock;
	sub->ctx = npu_ctx_lookup(drm_file->driver_priv, args->context_id);
	if (!sub->ctx) {
		kfree(sub);
		return -ENOENT;
	}
	ret = npu_submit_all(sub, jobs, args->jobs.count, &args->first_seqno);
	npu_submit_free(sub);
	return ret;
}

/**
 * npu_ioctl_submit() - DRM_IOCTL_NPU_SUBMIT
 * @drm: device
 * @data: &struct drm_npu_submit
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	return npu_submit(drm_file, data, NULL, false);
}
