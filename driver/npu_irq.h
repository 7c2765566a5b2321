/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_IRQ_H__
#define __NPU_IRQ_H__

#include <linux/types.h>

#include "hw/npu_regs.h"

struct npu_device;

/** NPU_IRQ_EVENTS - causes that the thread of the first vector looks after */
#define NPU_IRQ_EVENTS	(NPU_IRQ_EVENT | NPU_IRQ_FATAL)

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
