// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy and power of the device, from what its jobs' counters say.
 *
 * A job's energy counts when it ends, so power is a mean over some time. The
 * device has no thermal model, hence no temperature.
 */
#include <linux/device.h>
#include <linux/hwmon.h>
#include <linux/math64.h>

#include <drm/drm_managed.h>

#include "npu_device.h"
#include "npu_hwmon.h"

/* Shortest time for a mean. */
#define NPU_HWMON_SAMPLE_NS	(100 * NSEC_PER_MSEC)

static u64 npu_hwmon_energy_pj(struct npu_device *npu)
{
	u64 energy;

	spin_lock_irq(&npu->counters_lock);
	energy = npu->counters[NPU_CNT_ENERGY_PJ];
	spin_unlock_irq(&npu->counters_lock);
	return energy;
}

/* Mean power between the last two samples, of which the last may be now. */
static u64 npu_hwmon_power_uw(struct npu_device *npu)
{
	struct npu_hwmon *hwmon = &npu->hwmon;
	ktime_t now = ktime_get();
	u64 energy, ns;

	guard(mutex)(&hwmon->lock);
	ns = ktime_to_ns(ktime_sub(now, hwmon->time));
	if (ns < NPU_HWMON_SAMPLE_NS)
		return hwmon->power_uw;
	energy = npu_hwmon_energy_pj(npu);
	/* pJ/us is uW */
	hwmon->power_uw = div64_u64(energy - hwmon->energy_pj, ns / NSEC_PER_USEC);
	hwmon->energy_pj = energy;
	hwmon->time = now;
	return hwmon->power_uw;
}

static umode_t npu_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				    int channel)
{
	return 0444;
}

static int npu_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
			  long *value)
{
	struct npu_device *npu = dev_get_drvdata(dev);

	switch (type) {
	case hwmon_power:
		*value = npu_hwmon_power_uw(npu);
		return 0;
	case hwmon_energy:
		*value = div_u64(npu_hwmon_energy_pj(npu), USEC_PER_SEC);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const struct hwmon_channel_info * const npu_hwmon_info[] = {
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT),
	NULL
};

static const struct hwmon_ops npu_hwmon_ops = {
	.is_visible = npu_hwmon_is_visible,
	.read = npu_hwmon_read,
};

static const struct hwmon_chip_info npu_hwmon_chip = {
	.ops = &npu_hwmon_ops,
	.info = npu_hwmon_info,
};

/**
 * npu_hwmon_init() - show energy and power
 * @npu: device; what is shown goes when it is unbound
 *
 * Return: 0 or a negative errno.
 */
int npu_hwmon_init(struct npu_device *npu)
{
	struct device *hwmon;
	int ret;

	ret = drmm_mutex_init(&npu->drm, &npu->hwmon.lock);
	if (ret || !IS_REACHABLE(CONFIG_HWMON))
		return ret;
	npu->hwmon.time = ktime_get();
	hwmon = devm_hwmon_device_register_with_info(npu->drm.dev, "npu", npu, &npu_hwmon_chip,
						     NULL);
	return PTR_ERR_OR_ZERO(hwmon);
}
