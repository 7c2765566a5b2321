// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: scheduling
 *
 * One drm_gpu_scheduler for each hardware queue. A queue has a priority for
 * life; a context's entity may go to any queue of the context's priority, and
 * to another only when none of its jobs is left in the old one. So the jobs of
 * a context run in order.
 *
 * The schedulers' own timeout is not used: it is one value for a queue, while
 * the time that a job may take is its context's, and counts from when the
 * device gives it cores. See npu_reset.c.
 *
 * Schedulers of high priority share a workqueue that stays on the processor that
 * submits and goes before all else there: a job is with the device before the
 * system call that submitted it is over, and no other processor has to wake up. That
 * is the shortest way for one job. For many it is not: they are given to the device
 * one by one, between the submits. So each other scheduler has a workqueue of its
 * own, which goes to any processor, and takes what has come until then.
 *
 * Jobs of a context that is banned or destroyed go the usual way, and run_job
 * refuses them. An entity is thus never killed with jobs in it.
 */
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "npu_device.h"
#include "npu_job.h"
#include "npu_sched.h"
#include "npu_compat.h"

static struct npu_queue *to_npu_queue(struct drm_gpu_scheduler *sched)
{
	return container_of(sched, struct npu_queue, sched);
}

static struct dma_fence *npu_sched_run_job(struct drm_sched_job *base)
{
	return npu_queue_submit(to_npu_queue(base->sched), to_npu_job(base));
}

/* Never called: no timeout is set. */
static enum drm_gpu_sched_stat npu_sched_timedout_job(struct drm_sched_job *base)
{
	drm_WARN_ON_ONCE(&to_npu_queue(base->sched)->npu->drm, 1);
	return DRM_GPU_SCHED_STAT_ENODEV;
}

static void npu_sched_free_job(struct drm_sched_job *base)
{
	npu_job_destroy(to_npu_job(base));
}

static const struct drm_sched_backend_ops npu_sched_ops = {
	.run_job = npu_sched_run_job,
	.timedout_job = npu_sched_timedout_job,
	.free_job = npu_sched_free_job,
};

static void npu_sched_fini(struct drm_device *drm, void *sched)
{
	drm_sched_fini(sched);
}

static void npu_sched_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

static int npu_sched_init_queue(struct npu_device *npu, struct npu_queue *queue)
{
	const struct drm_sched_init_args args = {
		.ops = &npu_sched_ops,
		.submit_wq = queue->priority < DRM_NPU_PRIORITY_HIGH ? NULL : npu->sched_wq,
		.num_rqs = 1,
		.credit_limit = NPU_RING_JOBS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = queue->name,
		.dev = npu->drm.dev,
	};
	struct npu_sched_list *list = &npu->scheds[queue->priority];
	int ret;

	ret = drm_sched_init(&queue->sched, &args);
	if (ret)
		return ret;
	ret = drmm_add_action_or_reset(&npu->drm, npu_sched_fini, &queue->sched);
	if (ret)
		return ret;
	list->sched[list->count++] = &queue->sched;
	return 0;
}

/**
 * npu_sched_init() - make the queues' schedulers
 * @npu: device
 *
 * Return: 0 or a negative errno.
 */
int npu_sched_init(struct npu_device *npu)
{
	u32 i;
	int ret;

	npu->sched_wq = alloc_workqueue("npu-sched", WQ_HIGHPRI | WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!npu->sched_wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(&npu->drm, npu_sched_destroy_wq, npu->sched_wq);
	if (ret)
		return ret;
	for (i = 0; i < npu->info.queues; i++) {
		ret = npu_sched_init_queue(npu, &npu->queues[i]);
		if (ret)
			return ret;
	}
	return 0;
}
