/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_QUEUE_H__
#define __NPU_QUEUE_H__

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "hw/npu_regs.h"

struct npu_ctx;
struct npu_device;
struct npu_sched_job;

/** NPU_RING_SHIFT - log2 of the slots of a queue's ring */
#define NPU_RING_SHIFT	5
#define NPU_RING_SIZE	32

/**
 * NPU_RING_JOBS - most jobs in a ring
 *
 * A slot is free again when HEAD has passed it, which is a little later than
 * its completion. With half of the slots in use nobody has to look at HEAD.
 */
#define NPU_RING_JOBS	(NPU_RING_SIZE / 2)

/**
 * enum npu_queue_state - what may be done with a queue
 * @NPU_QUEUE_STOPPED: being reset, or asleep: jobs are collected, the device is not told
 * @NPU_QUEUE_LIVE: normal
 * @NPU_QUEUE_DEAD: the device is gone: jobs fail, memory and registers are not touched
 */
enum npu_queue_state {
	NPU_QUEUE_STOPPED,
	NPU_QUEUE_LIVE,
	NPU_QUEUE_DEAD,
};

/**
 * struct npu_queue - a hardware queue and its scheduler
 */
struct npu_queue {
	/** @npu: device */
	struct npu_device *npu;

	/** @id: its number */
	u32 id;

	/** @priority: 0 lowest .. 3 highest; constant */
	u32 priority;

	/** @vector: MSI-X vector of its completions; constant */
	u32 vector;

	/** @name: for the scheduler */
	char name[8];

	/** @sched: scheduler; lives as long as the device structure */
	struct drm_gpu_scheduler sched;

	/** @ring: jobs for the device */
	struct npu_job *ring;

	/** @ring_dma: its bus address */
	dma_addr_t ring_dma;

	/** @done: completions, one for each slot of @ring */
	struct npu_completion *done;

	/** @done_dma: their bus address */
	dma_addr_t done_dma;

	/**
	 * @lock: protects the fields below, the ring and the queue's registers;
	 * taken in interrupts. Fences signal under it.
	 */
	spinlock_t lock;

	/** @state: see enum npu_queue_state */
	enum npu_queue_state state;

	/** @inflight: &npu_sched_job.link, in the order in which they end */
	struct list_head inflight;

	/** @tail: index behind the last job in the ring */
	u32 tail;

	/** @next_id: makes ids of jobs unique */
	u64 next_id;

	/** @fence_context: of hardware fences; constant */
	u64 fence_context;

	/** @fence_seqno: last one used */
	u64 fence_seqno;

	/** @watchdog: looks after running jobs while there are any; on the device's reset_wq */
	struct delayed_work watchdog;

	/** @force_reset: somebody asked for a reset, which @watchdog will do */
	bool force_reset;

	/** @tick: jiffies between two looks */
	unsigned long tick;

	/** @idle_since: jiffies since when the device ignores the queue; owned by @watchdog */
	unsigned long idle_since;

	/** @idle: @idle_since is valid; owned by @watchdog */
	bool idle;
};

int npu_queue_init(struct npu_device *npu);
int npu_queue_start(struct npu_queue *queue);
struct dma_fence *npu_queue_submit(struct npu_queue *queue, struct npu_sched_job *job);
void npu_queue_process(struct npu_queue *queue);
void npu_queue_abort(struct npu_queue *queue, const struct npu_ctx *ctx,
		     const struct npu_sched_job *hung);
void npu_queue_cancel(struct npu_queue *queue, const struct npu_ctx *ctx);
void npu_queue_set_state(struct npu_queue *queue, enum npu_queue_state state);
void npu_queue_continue(struct npu_queue *queue);
void npu_queue_restart(struct npu_queue *queue, u64 running);
u64 npu_queue_head_job(struct npu_queue *queue);
void npu_queue_kill(struct npu_queue *queue);

#endif /* __NPU_QUEUE_H__ */
