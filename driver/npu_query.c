// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_NPU_DEV_QUERY: facts and figures of the device.
 */
#include <linux/capability.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>

#include "npu_device.h"
#include "npu_query.h"

/* No answer ever gets that large; do not clear gigabytes behind one. */
#define NPU_QUERY_MAX	SZ_64K

/* Gives @size bytes of an answer, of which the kernel has @have. */
static int npu_query_give(struct drm_npu_dev_query *args, const void *answer, u32 have)
{
	void __user *to = u64_to_user_ptr(args->pointer);
	u32 give = min(args->size, have);

	if (args->pointer) {
		if (args->size > NPU_QUERY_MAX)
			return -E2BIG;
		if (copy_to_user(to, answer, give))
			return -EFAULT;
		if (args->size > give && clear_user(to + give, args->size - give))
			return -EFAULT;
	}
	args->size = have;
	return 0;
}

static int npu_query_usage(struct npu_device *npu, struct drm_npu_dev_query *args)
{
	struct npu_stats *stats = &npu->stats;
	struct drm_npu_usage_info usage = {
		.bo_bytes = atomic64_read(&stats->bo_bytes),
		.bo_count = atomic64_read(&stats->bo_count),
		.page_table_bytes = atomic64_read(&stats->page_table_bytes),
		.contexts = atomic_read(&stats->contexts),
		.vms = atomic_read(&stats->vms),
		.jobs_done = atomic64_read(&stats->jobs_done),
		.jobs_failed = atomic64_read(&stats->jobs_failed),
		.resets = atomic_read(&stats->resets),
	};

	return npu_query_give(args, &usage, sizeof(usage));
}

/* Counters tell what others do, down to the size of their models. */
static int npu_query_counters(struct npu_device *npu, struct drm_npu_dev_query *args)
{
	u64 counters[NPU_CNT_COUNT];

	if (!perfmon_capable())
		return -EACCES;
	spin_lock_irq(&npu->counters_lock);
	memcpy(counters, npu->counters, sizeof(counters));
	spin_unlock_irq(&npu->counters_lock);
	return npu_query_give(args, counters, sizeof(counters));
}

static int npu_query_energy(struct npu_device *npu, struct drm_npu_dev_query *args)
{
	u64 energy[NPU_ENERGY_PARTS];

	if (!perfmon_capable())
		return -EACCES;
	spin_lock_irq(&npu->counters_lock);
	memcpy(energy, npu->energy_pj, sizeof(energy));
	spin_unlock_irq(&npu->counters_lock);
	return npu_query_give(args, energy, sizeof(energy));
}

/**
 * npu_ioctl_dev_query() - DRM_IOCTL_NPU_DEV_QUERY
 * @drm: device
 * @data: &struct drm_npu_dev_query
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_device *npu = to_npu_device(drm);
	struct drm_npu_dev_query *args = data;

	switch (args->type) {
	case DRM_NPU_QUERY_DEVICE:
		return npu_query_give(args, &npu->info, sizeof(npu->info));
	case DRM_NPU_QUERY_USAGE:
		return npu_query_usage(npu, args);
	case DRM_NPU_QUERY_COUNTERS:
		return npu_query_counters(npu, args);
	case DRM_NPU_QUERY_ENERGY:
		return npu_query_energy(npu, args);
	default:
		return -EINVAL;
	}
}
