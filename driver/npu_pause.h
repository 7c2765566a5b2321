/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_PAUSE_H__
#define __NPU_PAUSE_H__

#include <linux/bits.h>
#include <linux/types.h>

struct npu_device;

/**
 * enum npu_pause - why a device does nothing; bits of &npu_device.paused
 * @NPU_PAUSE_SLEEP: it sleeps, alone or with the machine
 * @NPU_PAUSE_RESET: somebody resets the PCI function
 * @NPU_PAUSE_ERROR: PCI reported an error, its registers may be out of reach
 * @NPU_PAUSE_FLR: recovery has its PCI function reset
 */
enum npu_pause {
	NPU_PAUSE_SLEEP = BIT(0),
	NPU_PAUSE_RESET = BIT(1),
	NPU_PAUSE_ERROR = BIT(2),
	NPU_PAUSE_FLR = BIT(3),
};

int npu_pause(struct npu_device *npu, enum npu_pause why);
void npu_unpause(struct npu_device *npu, enum npu_pause why);
int npu_pause_wait_idle(struct npu_device *npu);
void npu_pause_end_wait(struct npu_device *npu);

#endif /* __NPU_PAUSE_H__ */
