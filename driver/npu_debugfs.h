/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_DEBUGFS_H__
#define __NPU_DEBUGFS_H__

struct npu_device;

void npu_debugfs_init(struct npu_device *npu);
void npu_debugfs_show_init(struct npu_device *npu);

#endif /* __NPU_DEBUGFS_H__ */
