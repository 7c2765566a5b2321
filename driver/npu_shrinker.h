/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SHRINKER_H__
#define __NPU_SHRINKER_H__

#include <linux/lockdep.h>
#include <linux/sched/mm.h>

struct drm_device;
struct drm_file;
struct npu_bo;
struct npu_device;

/**
 * npu_shrinker_might_lock() - tell lockdep of a mutex that reclaim takes
 * @lock: mutex
 *
 * So it objects to an allocation under the mutex without waiting for reclaim.
 */
#define npu_shrinker_might_lock(lock)		\
do {						\
	fs_reclaim_acquire(GFP_KERNEL);		\
	might_lock(lock);			\
	fs_reclaim_release(GFP_KERNEL);		\
} while (0)

int npu_shrinker_init(struct npu_device *npu);
void npu_shrinker_init_bo(struct npu_bo *bo);
int npu_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_SHRINKER_H__ */
