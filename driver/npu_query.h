/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_QUERY_H__
#define __NPU_QUERY_H__

struct drm_device;
struct drm_file;

int npu_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_QUERY_H__ */
