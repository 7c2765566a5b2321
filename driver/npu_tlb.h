/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_TLB_H__
#define __NPU_TLB_H__

#include <linux/types.h>

struct npu_device;

void npu_tlb_flush_context(struct npu_device *npu, u32 asid);
void npu_tlb_flush_range(struct npu_device *npu, u32 asid, u64 va, u64 size);

#endif /* __NPU_TLB_H__ */
