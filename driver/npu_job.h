/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_JOB_H__
#define __NPU_JOB_H__

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include <drm/gpu_scheduler.h>

#include "hw/npu_regs.h"

struct npu_ctx;
struct npu_device;
struct npu_perfmon;

/**
 * struct npu_fence - end of a job on the hardware
 *
 * Only the scheduler sees it; what the world waits for is the scheduler's
 * finished fence.
 */
struct npu_fence {
	/** @base: fence; first, as dma_fence_free() frees its address */
	struct dma_fence base;

	/** @lock: of @base */
	spinlock_t lock;
};

/**
 * struct npu_sched_job - one submitted job
 *
 * Made and armed by the submit ioctl, then owned by the scheduler, and from
 * run_job until its fence signals also by the queue. The fields from @link on
 * are protected by &npu_queue.lock.
 */
struct npu_sched_job {
	/** @base: scheduler's part */
	struct drm_sched_job base;

	/** @ctx: context, referenced; keeps address space and page tables alive */
	struct npu_ctx *ctx;

	/** @perfmon: counters that it adds to, referenced, or NULL */
	struct npu_perfmon *perfmon;

	/** @fence: hardware fence; given away when the job ends */
	struct npu_fence *fence;

	/** @seqno: number of the job in its context, from 1 */
	u64 seqno;

	/** @link: in &npu_queue.inflight */
	struct list_head link;

	/** @error: why it was or will be aborted: -ETIMEDOUT, -ECANCELED, -EIO, or 0 */
	int error;

	/** @in_ring: a slot of the ring holds it, the device may run it */
	bool in_ring;

	/** @started: the device was seen to run it */
	bool started;

	/** @index: index in the ring if @in_ring */
	u32 index;

	/** @strikes: resets because of trouble of its queue while it was the first there */
	u32 strikes;

	/**
	 * @start_time: jiffies when it was first seen to run, and those in which it was
	 * suspended
	 */
	unsigned long start_time;

	/** @look_time: jiffies of the watchdog's last look at it */
	unsigned long look_time;

	/** @abort_time: jiffies when the device was told to abort it */
	unsigned long abort_time;

	/** @desc: what goes into the ring */
	struct npu_job desc;
};

static inline struct npu_sched_job *to_npu_job(struct drm_sched_job *base)
{
	return container_of(base, struct npu_sched_job, base);
}

struct npu_sched_job *npu_job_create(struct npu_ctx *ctx);
void npu_job_destroy(struct npu_sched_job *job);
void npu_job_init_fence(struct npu_sched_job *job, u64 context, u64 seqno);
int npu_job_account(struct npu_sched_job *job, const struct npu_completion *completion, int error);
void npu_job_finish(struct npu_sched_job *job, const struct npu_completion *completion, int error);

#endif /* __NPU_JOB_H__ */
