/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_WEDGED_H__
#define __NPU_WEDGED_H__

struct npu_device;

void npu_wedged_init(struct npu_device *npu);
void npu_wedged_fini(struct npu_device *npu);
void npu_wedged_report(struct npu_device *npu);

#endif /* __NPU_WEDGED_H__ */
