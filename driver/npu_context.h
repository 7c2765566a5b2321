/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_CONTEXT_H__
#define __NPU_CONTEXT_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "hw/npu_regs.h"

struct drm_device;
struct drm_file;
struct npu_client;
struct npu_completion;
struct npu_file;
struct npu_vm;

/** NPU_MAX_CTXS - contexts of a file */
#define NPU_MAX_CTXS	256

/**
 * struct npu_ctx_record - what drm_npu_context_query reports
 */
struct npu_ctx_record {
	/** @submitted: jobs so far */
	u64 submitted;

	/** @done: that ended well */
	u64 done;

	/** @failed: that did not */
	u64 failed;

	/** @fault_job: seqno of the first that failed since it was cleared, or zero */
	u64 fault_job;

	/** @status: enum npu_job_status of that job */
	u32 status;

	/** @fault: its cause */
	struct npu_fault fault;
};

/**
 * struct npu_ctx - a context: a queue of jobs on an address space
 *
 * Referenced by the file that made it and by its jobs. The name avoids struct
 * npu_context, the device's idea of an address space.
 */
struct npu_ctx {
	/** @refcount: released on the module's workqueue, so put it anywhere */
	struct kref refcount;

	/** @release_work: for the release */
	struct work_struct release_work;

	/** @vm: address space, referenced */
	struct npu_vm *vm;

	/** @entity: scheduler's queue of jobs */
	struct drm_sched_entity entity;

	/** @priority: enum drm_npu_priority */
	u32 priority;

	/** @timeout: jiffies that a job may run */
	unsigned long timeout;

	/** @client: whose it is, referenced */
	struct npu_client *client;

	/** @id: its id in the file; zero until it has one */
	u32 id;

	/** @link: in &npu_device.ctxs */
	struct list_head link;

	/** @killed: destroyed by its file; jobs end with -ECANCELED */
	bool killed;

	/** @banned: a job hung; jobs end with -ECANCELED, submits get -EBADFD */
	bool banned;

	/** @submit_lock: makes seqno, arm and push of jobs one; taken before reservations */
	struct mutex submit_lock;

	/** @record_lock: protects @record; taken in interrupts */
	spinlock_t record_lock;

	/** @record: books */
	struct npu_ctx_record record;
};

static inline struct npu_ctx *npu_ctx_get(struct npu_ctx *ctx)
{
	kref_get(&ctx->refcount);
	return ctx;
}

/* Why jobs of a context may not run, or 0. */
static inline int npu_ctx_error(const struct npu_ctx *ctx)
{
	return READ_ONCE(ctx->killed) || READ_ONCE(ctx->banned) ? -ECANCELED : 0;
}

void npu_ctx_put(struct npu_ctx *ctx);
struct npu_ctx *npu_ctx_lookup(struct npu_file *file, u32 id);
void npu_ctx_ban(struct npu_ctx *ctx);
void npu_ctx_account(struct npu_ctx *ctx, u64 seqno, const struct npu_completion *completion,
		     int error);
void npu_ctx_close_file(struct npu_file *file);

int npu_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_context_query(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_CONTEXT_H__ */
