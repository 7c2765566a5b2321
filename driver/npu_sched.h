/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SCHED_H__
#define __NPU_SCHED_H__

struct npu_device;

int npu_sched_init(struct npu_device *npu);

#endif /* __NPU_SCHED_H__ */
