/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_PERFMON_H__
#define __NPU_PERFMON_H__

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "hw/npu_regs.h"

struct drm_device;
struct drm_file;
struct npu_file;

/**
 * struct npu_perfmon - counters that add up over jobs
 */
struct npu_perfmon {
	/** @refcount: references of its id and of jobs */
	struct kref refcount;

	/** @counters: which are counted, a bit each; constant */
	u64 counters;

	/** @idle: woken when @pending becomes zero */
	wait_queue_head_t idle;

	/** @read_lock: of readers, so that each takes away what it alone has read */
	struct mutex read_lock;

	/** @lock: protects the fields below; taken in interrupts */
	spinlock_t lock;

	/** @pending: jobs on their way */
	u32 pending;

	/** @jobs: jobs that were added */
	u64 jobs;

	/** @values: sums over them */
	u64 values[NPU_CNT_COUNT];
};

struct npu_perfmon *npu_perfmon_lookup(struct npu_file *file, u32 id);
void npu_perfmon_put(struct npu_perfmon *perfmon);
void npu_perfmon_begin_job(struct npu_perfmon *perfmon);
void npu_perfmon_end_job(struct npu_perfmon *perfmon, const struct npu_completion *completion);
void npu_perfmon_close_file(struct npu_file *file);
int npu_ioctl_perfmon_create(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_perfmon_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_perfmon_read(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_PERFMON_H__ */
