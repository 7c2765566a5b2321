/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SYNC_H__
#define __NPU_SYNC_H__

#include <linux/list.h>
#include <linux/types.h>

struct dma_fence;
struct drm_file;
struct drm_npu_sync;
struct drm_sched_job;

/**
 * struct npu_sync_signals - syncobjs that a submit will signal
 */
struct npu_sync_signals {
	/** @list: &struct npu_sync_signal, in order of submission */
	struct list_head list;
};

void npu_sync_init(struct npu_sync_signals *signals);
int npu_sync_add(struct npu_sync_signals *signals, struct drm_file *drm_file,
		 struct drm_sched_job *job, const struct drm_npu_sync *syncs, u32 count);
void npu_sync_commit(struct npu_sync_signals *signals, const struct drm_sched_job *job,
		     struct dma_fence *fence);
void npu_sync_fini(struct npu_sync_signals *signals);

#endif /* __NPU_SYNC_H__ */
