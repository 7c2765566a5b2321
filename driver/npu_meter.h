/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_METER_H__
#define __NPU_METER_H__

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct npu_device;

/**
 * struct npu_meter - clock and energy of a device that may sleep
 */
struct npu_meter {
	/** @lock: protects the rest */
	spinlock_t lock;

	/** @time: when the registers were read before it fell asleep; with time in system sleep */
	ktime_t time;

	/** @clock: NPU_REG_CLOCK then */
	u64 clock;

	/** @energy_uj: NPU_REG_ENERGY then */
	u64 energy_uj;

	/** @last_clock: latest that was told, for it must not go back */
	u64 last_clock;

	/** @last_energy_uj: likewise */
	u64 last_energy_uj;

	/** @base_energy_uj: when the driver was loaded; constant */
	u64 base_energy_uj;
};

void npu_meter_init(struct npu_device *npu);
void npu_meter_note(struct npu_device *npu);
u64 npu_meter_clock(struct npu_device *npu);
u64 npu_meter_energy_uj(struct npu_device *npu);
int npu_meter_temperature(struct npu_device *npu, long *mdeg);

#endif /* __NPU_METER_H__ */
