/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_HWMON_H__
#define __NPU_HWMON_H__

#include <linux/ktime.h>
#include <linux/mutex.h>

struct npu_device;

/**
 * struct npu_hwmon - the power of the last while
 */
struct npu_hwmon {
	/** @lock: protects the rest */
	struct mutex lock;

	/** @time: of the last sample */
	ktime_t time;

	/** @energy_uj: at that time */
	u64 energy_uj;

	/** @power_uw: from the sample before to the last */
	u64 power_uw;
};

int npu_hwmon_init(struct npu_device *npu);

#endif /* __NPU_HWMON_H__ */
