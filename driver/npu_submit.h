/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SUBMIT_H__
#define __NPU_SUBMIT_H__

#include <linux/types.h>

/** NPU_MAX_SUBMIT_JOBS - most jobs of one submit */
#define NPU_MAX_SUBMIT_JOBS	64

struct dma_fence;
struct drm_device;
struct drm_file;
struct drm_npu_submit;

int npu_submit(struct drm_file *drm_file, struct drm_npu_submit *args, struct dma_fence **fences,
	       bool nonblock);
int npu_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_SUBMIT_H__ */
