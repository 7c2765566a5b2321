// SPDX-License-Identifier: GPL-2.0-only
/*
 * Energy, power and temperature of the device.
 *
 * A job's energy counts when it ends, so power is a mean over some time. Energy
 * in small steps would tell every process what the jobs of others compute, as it
 * did with processors: it is for the administrator. A mean over a second tells
 * little more than busy time does.
 */
#include <linux/device.h>
#include <linux/hwmon.h>
#include <linux/math64.h>

#include <drm/drm_managed.h>

#include "npu_device.h"
#include "npu_hwmon.h"

/* Shortest time for a mean. */
#define NPU_HWMON_SAMPLE_NS	NSEC_PER_SEC

/* Mean power between the last two samples, of which the last may be now. */
static u64 npu_hwmon_power_uw(struct npu_device *npu)
{
	struct npu_hwmon *hwmon = &npu->hwmon;
	ktime_t now = ktime_get_boottime();
	u64 energy, ns;

	guard(mutex)(&hwmon->lock);
	ns = ktime_to_ns(ktime_sub(now, hwmon->time));
	if (ns < NPU_HWMON_SAMPLE_NS)
		return hwmon->power_uw;
	energy = npu_meter_energy_uj(npu);
	/* uJ/ms is mW */
	hwmon->power_uw = div64_u64((energy - hwmon->energy_uj) * USEC_PER_MSEC,
				    ns / NSEC_PER_MSEC);
	hwmon->energy_uj = energy;
	hwmon->time = now;
	return hwmon->power_uw;
}

static umode_t npu_hwmon_is_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				    int channel)
{
	const struct npu_device *npu = data;

	/* Devices of before 0.3 have no figures. */
	if (!npu->temp_max)
		return 0;
	return type == hwmon_energy ? 0400 : 0444;
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
		*value = npu_meter_energy_uj(npu);
		return 0;
	case hwmon_temp:
		if (attr == hwmon_temp_input)
			return npu_meter_temperature(npu, value);
		*value = npu->temp_max;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const struct hwmon_channel_info * const npu_hwmon_info[] = {
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT),
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_MAX),
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
 * npu_hwmon_init() - show energy, power and temperature
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
	npu->hwmon.time = ktime_get_boottime();
	hwmon = devm_hwmon_device_register_with_info(npu->drm.dev, "npu", npu, &npu_hwmon_chip,
						     NULL);
	return PTR_ERR_OR_ZERO(hwmon);
}
