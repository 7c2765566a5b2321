/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_NOTIFY_H__
#define __NPU_NOTIFY_H__

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_npu_event;
struct npu_client;
struct npu_completion;
struct npu_ctx;
struct npu_device;

void npu_notify_job(struct npu_ctx *ctx, u64 seqno, const struct npu_completion *completion,
		    int error);
void npu_notify_ban(struct npu_ctx *ctx);
void npu_notify_all(struct npu_device *npu, u32 type);
void npu_notify_close(struct npu_client *client);

int npu_ioctl_events(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_NOTIFY_H__ */
