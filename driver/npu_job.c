// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: their life, and what their end means.
 */
#include <linux/pm_runtime.h>
#include <linux/slab.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_coredump.h"
#include "npu_device.h"
#include "npu_job.h"
#include "npu_notify.h"
#include "npu_perfmon.h"
#include "npu_trace.h"
#include "npu_vm.h"
#include "npu_compat.h"

static const char *npu_fence_driver_name(struct dma_fence *fence)
{
	return "npu";
}

static const char *npu_fence_timeline_name(struct dma_fence *fence)
{
	return "queue";
}

static const struct dma_fence_ops npu_fence_ops = {
	.get_driver_name = npu_fence_driver_name,
	.get_timeline_name = npu_fence_timeline_name,
};

/**
 * npu_job_create() - allocate a job and what its run and its end will need
 * @ctx: context; a reference is taken
 *
 * From run_job on nothing may be allocated: memory reclaim may wait for the
 * job's fence.
 *
 * Return: job, or an ERR_PTR().
 */
struct npu_sched_job *npu_job_create(struct npu_ctx *ctx)
{
	struct npu_sched_job *job;
	int ret;

	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->fence = kzalloc(sizeof(*job->fence), GFP_KERNEL_ACCOUNT);
	if (!job->fence) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = drm_sched_job_init(&job->base, &ctx->entity, 1, ctx, ctx->client->id);
	if (ret)
		goto err_free;
	INIT_LIST_HEAD(&job->link);
	job->ctx = npu_ctx_get(ctx);
	return job;

err_free:
	kfree(job->fence);
	kfree(job);
	return ERR_PTR(ret);
}

/**
 * npu_job_destroy() - free a job that was never pushed, or that has ended
 * @job: job
 *
 * A hardware fence must not outlive this module's code, but the scheduler's
 * fence, which holds one, may be held by anyone for ever: take it away. The
 * hardware fence has signalled, so nobody needs it any more.
 */
void npu_job_destroy(struct npu_sched_job *job)
{
	struct drm_sched_fence *s_fence = job->base.s_fence;

	if (kref_read(&s_fence->finished.refcount)) {
		dma_fence_put(xchg(&s_fence->parent, NULL));
		npu_compat_fence_ended(s_fence);
	}
	drm_sched_job_cleanup(&job->base);
	npu_ctx_put(job->ctx);
	npu_perfmon_put(job->perfmon);
	kfree(job->fence);
	kfree(job);
}

/**
 * npu_job_init_fence() - make the hardware fence ready
 * @job: job
 * @context: fence context of its queue
 * @seqno: number in it
 */
void npu_job_init_fence(struct npu_sched_job *job, u64 context, u64 seqno)
{
	spin_lock_init(&job->fence->lock);
	dma_fence_init(&job->fence->base, &npu_fence_ops, &job->fence->lock, context, seqno);
}

static int npu_job_fault_error(u32 code)
{
	switch (code) {
	case NPU_FAULT_CONTEXT:
	case NPU_FAULT_PAGE:
	case NPU_FAULT_PROTECTION:
	case NPU_FAULT_PAGE_TABLE:
		return -EFAULT;
	case NPU_FAULT_BUDGET:
		return -EOVERFLOW;
	case NPU_FAULT_BUS:
	case NPU_FAULT_INJECTED:
		return -EIO;
	default:
		return -EINVAL;
	}
}

static int npu_job_completion_error(const struct npu_sched_job *job,
				    const struct npu_completion *completion)
{
	switch (completion->status) {
	case NPU_JOB_DONE:
		return 0;
	case NPU_JOB_FAULT:
		return npu_job_fault_error(completion->fault.code);
	case NPU_JOB_ABORTED:
		return job->error ?: -ECANCELED;
	default: /* the device never writes this */
		return -EIO;
	}
}

static void npu_job_add_counters(struct npu_device *npu, const struct npu_completion *done)
{
	unsigned long flags;
	int i;

	spin_lock_irqsave(&npu->counters_lock, flags);
	for (i = 0; i < NPU_CNT_COUNT; i++)
		npu->counters[i] += done->counters[i];
	for (i = 0; i < NPU_ENERGY_PARTS; i++)
		npu->energy_pj[i] += done->energy_pj[i];
	spin_unlock_irqrestore(&npu->counters_lock, flags);
}

/**
 * npu_job_account() - write a job's end into the books
 * @job: job
 * @completion: a private copy of what the device wrote, or NULL if it wrote nothing
 * @error: without @completion, the job's negative errno
 *
 * From any context.
 *
 * Return: the error that the job's fence carries, or 0.
 */
int npu_job_account(struct npu_sched_job *job, const struct npu_completion *completion, int error)
{
	struct npu_device *npu = job->ctx->vm->npu;

	if (completion) {
		error = npu_job_completion_error(job, completion);
		npu_job_add_counters(npu, completion);
		if (completion->status == NPU_JOB_FAULT)
			npu_coredump_job(job, completion, "fault");
	}
	if (error)
		npu_notify_job(job->ctx, job->seqno, completion, error);
	atomic64_inc(error ? &npu->stats.jobs_failed : &npu->stats.jobs_done);
	npu_client_account(job->ctx->client, completion, error);
	npu_ctx_account(job->ctx, job->seqno, completion, error);
	npu_perfmon_end_job(job->perfmon, completion);
	trace_npu_done(job, completion, error);
	return error;
}

/**
 * npu_job_finish() - end a job that has run
 * @job: job, no longer in its queue's list; may be freed at once by another thread
 * @completion: as for npu_job_account()
 * @error: as for npu_job_account()
 *
 * Called with &npu_queue.lock held, so that fences of a queue signal in order.
 */
void npu_job_finish(struct npu_sched_job *job, const struct npu_completion *completion, int error)
{
	struct dma_fence *fence = &job->fence->base;
	struct npu_device *npu = job->ctx->vm->npu;

	npu_busy_end(&npu->busy);
	pm_runtime_mark_last_busy(npu->drm.dev);
	pm_runtime_put_autosuspend(npu->drm.dev);
	error = npu_job_account(job, completion, error);
	job->fence = NULL;
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}
