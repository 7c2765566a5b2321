// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures of the device, under the names that monitors of NPUs already read.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "npu_device.h"
#include "npu_gem.h"
#include "npu_sysfs.h"

static ssize_t npu_busy_time_us_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct npu_device *npu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lld\n", ktime_to_us(npu_busy_time(&npu->busy)));
}
static DEVICE_ATTR_RO(npu_busy_time_us);

static ssize_t npu_memory_utilization_show(struct device *dev, struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "%llu\n", npu_gem_resident_bytes(dev_get_drvdata(dev)));
}
static DEVICE_ATTR_RO(npu_memory_utilization);

/* There is one frequency. */
static ssize_t npu_max_frequency_mhz_show(struct device *dev, struct device_attribute *attr,
					  char *buf)
{
	struct npu_device *npu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", npu->info.clock_khz / 1000);
}
static DEVICE_ATTR_RO(npu_max_frequency_mhz);

static ssize_t npu_current_frequency_mhz_show(struct device *dev, struct device_attribute *attr,
					      char *buf)
{
	return npu_max_frequency_mhz_show(dev, attr, buf);
}
static DEVICE_ATTR_RO(npu_current_frequency_mhz);

static ssize_t npu_timeslice_us_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct npu_device *npu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(npu->timeslice_us));
}

static ssize_t npu_timeslice_us_store(struct device *dev, struct device_attribute *attr,
				      const char *buf, size_t count)
{
	u32 us;
	int ret;

	ret = kstrtou32(buf, 0, &us);
	if (ret)
		return ret;
	npu_device_set_timeslice(dev_get_drvdata(dev), us);
	return count;
}
static DEVICE_ATTR_RW(npu_timeslice_us);

static struct attribute *npu_sysfs_attrs[] = {
	&dev_attr_npu_busy_time_us.attr,
	&dev_attr_npu_memory_utilization.attr,
	&dev_attr_npu_current_frequency_mhz.attr,
	&dev_attr_npu_max_frequency_mhz.attr,
	&dev_attr_npu_timeslice_us.attr,
	NULL
};

static const struct attribute_group npu_sysfs_group = {
	.attrs = npu_sysfs_attrs,
};

/** npu_sysfs_groups - for &device_driver.dev_groups */
const struct attribute_group *npu_sysfs_groups[] = {
	&npu_sysfs_group,
	NULL
};
