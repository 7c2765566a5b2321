/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SHRINKER_H__
#define __NPU_SHRINKER_H__

struct drm_device;
struct drm_file;
struct npu_bo;
struct npu_device;

int npu_shrinker_init(struct npu_device *npu);
void npu_shrinker_init_bo(struct npu_bo *bo);
int npu_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_SHRINKER_H__ */
