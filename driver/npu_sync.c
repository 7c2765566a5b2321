// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncobjs that jobs wait for and signal.
 *
 * Signals take effect when the whole submit has succeeded. Until then they
 * stand in a list, and waits of later jobs of the same submit look there too.
 * What such a wait finds needs no dependency: the jobs of a context run in
 * order anyway.
 */
#include <linux/dma-fence-chain.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

#include "drm/npu_accel.h"

#include "npu_sync.h"

/**
 * struct npu_sync_signal - one signal to come
 */
struct npu_sync_signal {
	/** @link: in &npu_sync_signals.list */
	struct list_head link;

	/** @job: whose end it is */
	const struct drm_sched_job *job;

	/** @syncobj: what to signal, referenced */
	struct drm_syncobj *syncobj;

	/** @chain: for a timeline: its new point, until that is committed */
	struct dma_fence_chain *chain;

	/** @point: of a timeline, or zero */
	u64 point;
};

/**
 * npu_sync_init() - no signals yet
 * @signals: receives them
 */
void npu_sync_init(struct npu_sync_signals *signals)
{
	INIT_LIST_HEAD(&signals->list);
}

static void npu_sync_free(struct npu_sync_signal *signal)
{
	list_del(&signal->link);
	drm_syncobj_put(signal->syncobj);
	dma_fence_chain_free(signal->chain);
	kfree(signal);
}

static int npu_sync_check(const struct drm_npu_sync *sync)
{
	bool timeline = sync->flags & DRM_NPU_SYNC_TIMELINE;

	switch (sync->flags & ~DRM_NPU_SYNC_TIMELINE) {
	case DRM_NPU_SYNC_WAIT:
	case DRM_NPU_SYNC_SIGNAL:
		break;
	default:
		return -EINVAL;
	}
	return timeline == !!sync->timeline_point ? 0 : -EINVAL;
}

static int npu_sync_add_signal(struct npu_sync_signals *signals, struct drm_file *drm_file,
			       const struct drm_sched_job *job, const struct drm_npu_sync *sync)
{
	struct npu_sync_signal *signal;

	signal = kzalloc(sizeof(*signal), GFP_KERNEL_ACCOUNT);
	if (!signal)
		return -ENOMEM;
	signal->job = job;
	signal->point = sync->timeline_point;
	signal->syncobj = drm_syncobj_find(drm_file, sync->handle);
	if (!signal->syncobj) {
		kfree(signal);
		return -ENOENT;
	}
	list_add_tail(&signal->link, &signals->list);
	if (sync->flags & DRM_NPU_SYNC_TIMELINE) {
		/* Stays in the list on error: the whole submit fails and frees it. */
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}
	return 0;
}

/**
 * enum npu_sync_found - what signals of the same submit mean for a wait
 * @NPU_SYNC_NONE: nothing
 * @NPU_SYNC_LATER: one of them signals the point, unless it is there already
 * @NPU_SYNC_REPLACED: the syncobj loses its fence, and nothing signals the point
 * @NPU_SYNC_THIS: one of them signals it, and what is there now does not count
 */
enum npu_sync_found {
	NPU_SYNC_NONE,
	NPU_SYNC_LATER,
	NPU_SYNC_REPLACED,
	NPU_SYNC_THIS,
};

/* A binary signal throws a timeline away. A wait for a binary syncobj takes the last signal. */
static enum npu_sync_found npu_sync_search(const struct npu_sync_signals *signals,
					   const struct drm_syncobj *syncobj, u64 point)
{
	bool replaced = false, found = false;
	const struct npu_sync_signal *signal;

	list_for_each_entry(signal, &signals->list, link) {
		if (signal->syncobj != syncobj)
			continue;
		if (!signal->point) {
			replaced = true;
			found = false;
		}
		if (signal->point >= point)
			found = true;
	}
	if (!point && found)
		return NPU_SYNC_THIS;
	if (found)
		return replaced ? NPU_SYNC_THIS : NPU_SYNC_LATER;
	return replaced ? NPU_SYNC_REPLACED : NPU_SYNC_NONE;
}

static int npu_sync_add_dependency(struct drm_file *drm_file, struct drm_sched_job *job,
				   const struct drm_npu_sync *sync)
{
	struct dma_fence *fence;
	int ret;

	ret = drm_syncobj_find_fence(drm_file, sync->handle, sync->timeline_point, 0, &fence);
	return ret ?: drm_sched_job_add_dependency(job, fence);
}

static int npu_sync_add_wait(struct npu_sync_signals *signals, struct drm_file *drm_file,
			     struct drm_sched_job *job, const struct drm_npu_sync *sync)
{
	struct drm_syncobj *syncobj = drm_syncobj_find(drm_file, sync->handle);
	enum npu_sync_found found;
	int ret;

	if (!syncobj)
		return -ENOENT;
	found = npu_sync_search(signals, syncobj, sync->timeline_point);
	drm_syncobj_put(syncobj);
	if (found == NPU_SYNC_THIS)
		return 0;
	if (found == NPU_SYNC_REPLACED)
		return -EINVAL;
	ret = npu_sync_add_dependency(drm_file, job, sync);
	return ret == -EINVAL && found == NPU_SYNC_LATER ? 0 : ret;
}

/**
 * npu_sync_add() - note what a job waits for and signals
 * @signals: signals of the submit, those of earlier jobs included
 * @drm_file: file that handles belong to
 * @job: job, not armed
 * @syncs: array
 * @count: its length
 *
 * A job's signals count for later jobs, not for its own waits.
 *
 * Return: 0; -ENOENT for an unknown handle; -EINVAL for bad flags, or a wait
 * for what nobody has submitted; -ENOMEM.
 */
int npu_sync_add(struct npu_sync_signals *signals, struct drm_file *drm_file,
		 struct drm_sched_job *job, const struct drm_npu_sync *syncs, u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < count && !ret; i++)
		ret = npu_sync_check(&syncs[i]);
	for (i = 0; i < count && !ret; i++)
		if (syncs[i].flags & DRM_NPU_SYNC_WAIT) {
			ret = npu_sync_add_wait(signals, drm_file, job, &syncs[i]);
			cond_resched();
		}
	for (i = 0; i < count && !ret; i++)
		if (syncs[i].flags & DRM_NPU_SYNC_SIGNAL)
			ret = npu_sync_add_signal(signals, drm_file, job, &syncs[i]);
	return ret;
}

/**
 * npu_sync_commit() - let a job's end signal its syncobjs
 * @signals: signals of the submit
 * @job: the job, which may be gone
 * @fence: its finished fence
 *
 * Cannot fail.
 */
void npu_sync_commit(struct npu_sync_signals *signals, const struct drm_sched_job *job,
		     struct dma_fence *fence)
{
	struct npu_sync_signal *signal, *next;

	list_for_each_entry_safe(signal, next, &signals->list, link) {
		if (signal->job != job)
			break;
		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence, signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
		npu_sync_free(signal);
	}
}

/**
 * npu_sync_fini() - forget signals that will not come
 * @signals: signals of a submit that failed, or none
 */
void npu_sync_fini(struct npu_sync_signals *signals)
{
	struct npu_sync_signal *signal, *next;

	list_for_each_entry_safe(signal, next, &signals->list, link)
		npu_sync_free(signal);
}
