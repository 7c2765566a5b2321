/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_IRQ_H__
#define __NPU_IRQ_H__

#include <linux/types.h>

struct npu_device;

/**
 * struct npu_irq - one MSI-X vector
 */
struct npu_irq {
	/** @npu: device */
	struct npu_device *npu;

	/** @causes: NPU_IRQ_* that this vector stands for */
	u32 causes;
};

int npu_irq_init(struct npu_device *npu);

#endif /* __NPU_IRQ_H__ */
