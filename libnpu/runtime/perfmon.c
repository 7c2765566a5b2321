// SPDX-License-Identifier: MIT
/* Counters of chosen jobs. */
#include <npu/perfmon.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drm/npu_accel.h"
#include "perfmon_internal.h"

int npu_perfmon_create(struct npu_device *device, uint64_t counters,
		       struct npu_perfmon **out, struct npu_error *err)
{
	struct drm_npu_perfmon_create create = { .counters = counters };
	struct npu_perfmon *perfmon = calloc(1, sizeof(*perfmon));
	int ret;

	if (!perfmon)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", device->path);
	ret = npu_device_ioctl(device, DRM_IOCTL_NPU_PERFMON_CREATE, &create);
	if (ret) {
		free(perfmon);
		return npu_error_set(err, ret, "%s: cannot create counters: %s%s", device->path,
				     strerror(-ret),
				     ret == -EINVAL ? "; choose at least one of enum npu_counter" :
				     ret == -ENOSPC ? "; destroy some first" : "");
	}
	perfmon->device = npu_device_get(device);
	perfmon->id = create.id;
	perfmon->count = (uint32_t)__builtin_popcountll(counters);
	*out = perfmon;
	return 0;
}

void npu_perfmon_destroy(struct npu_perfmon *perfmon)
{
	struct drm_npu_perfmon_destroy destroy = { 0 };

	if (!perfmon)
		return;
	destroy.id = perfmon->id;
	npu_device_ioctl(perfmon->device, DRM_IOCTL_NPU_PERFMON_DESTROY, &destroy);
	npu_device_close(perfmon->device);
	free(perfmon);
}

int npu_perfmon_read(struct npu_perfmon *perfmon, int64_t timeout_ns, bool clear,
		     uint64_t *values, struct npu_perfmon_jobs *jobs, struct npu_error *err)
{
	struct drm_npu_perfmon_read read = {
		.id = perfmon->id, .flags = clear ? DRM_NPU_PERFMON_READ_CLEAR : 0,
		.timeout_ns = npu_deadline(timeout_ns),
		.values = (uintptr_t)values, .num_values = perfmon->count,
	};
	int ret = npu_device_ioctl(perfmon->device, DRM_IOCTL_NPU_PERFMON_READ, &read);

	if (ret)
		return npu_error_set(err, ret, "%s: cannot read counters: %s",
				     perfmon->device->path, strerror(-ret));
	if (jobs)
		*jobs = (struct npu_perfmon_jobs){ .added = read.jobs, .pending = read.pending };
	return 0;
}
