/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_CLIENT_H__
#define __NPU_CLIENT_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "hw/npu_regs.h"

#include "npu_mmu.h"

struct drm_file;
struct drm_printer;
struct npu_device;

/**
 * struct npu_client_stats - what the jobs of a client have used
 */
struct npu_client_stats {
	/** @core_cycles: cycles of the device's clock, times cores that were held */
	u64 core_cycles;

	/** @counters: sums of its jobs' counters, enum npu_counter */
	u64 counters[NPU_CNT_COUNT];

	/** @jobs_failed: jobs that did not end well */
	u64 jobs_failed;
};

/**
 * struct npu_client - who opened a file, and what was done for it
 *
 * Referenced by the file, and by its contexts and address spaces, whose jobs may end later.
 */
struct npu_client {
	/** @refcount: references */
	struct kref refcount;

	/** @id: of the file, &drm_file.client_id */
	u64 id;

	/** @pid: process that opened it */
	pid_t pid;

	/** @npu: device; lives longer than the file, not than the client */
	struct npu_device *npu;

	/** @link: in &npu_device.clients while the file is open */
	struct list_head link;

	/** @drm_file: the file until it is closed; protected by &drm_device.event_lock */
	struct drm_file *drm_file;

	/** @event_mask: events that it wants, DRM_NPU_EVENT_MASK() */
	u32 event_mask;

	/** @events_dropped: since the last one that was sent; as @drm_file */
	u32 events_dropped;

	/** @comm: its name then */
	char comm[TASK_COMM_LEN];

	/** @lock: protects @stats; taken in interrupts */
	spinlock_t lock;

	/** @stats: books */
	struct npu_client_stats stats;

	/** @mmu: page tables of its address spaces */
	struct npu_mmu_usage mmu;
};

static inline struct npu_client *npu_client_get(struct npu_client *client)
{
	kref_get(&client->refcount);
	return client;
}

struct npu_client *npu_client_create(struct npu_device *npu, struct drm_file *drm_file);
void npu_client_close(struct npu_client *client);
void npu_client_put(struct npu_client *client);
void npu_client_account(struct npu_client *client, const struct npu_completion *completion,
			int error);
void npu_client_show_fdinfo(struct drm_printer *p, struct drm_file *drm_file);

#endif /* __NPU_CLIENT_H__ */
