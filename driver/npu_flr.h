/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_FLR_H__
#define __NPU_FLR_H__

struct npu_device;

int npu_flr_init(struct npu_device *npu);
void npu_flr_fini(struct npu_device *npu);
void npu_flr_start(struct npu_device *npu);
void npu_flr_flush(struct npu_device *npu);

#endif /* __NPU_FLR_H__ */
