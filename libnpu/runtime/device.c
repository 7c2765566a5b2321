// SPDX-License-Identifier: MIT
/* An open NPU: versions, facts, usage. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drm/npu_accel.h"
#include "device_open.h"
#include "trace/trace.h"

struct npu_device *npu_device_get(struct npu_device *device)
{
	atomic_fetch_add_explicit(&device->refs, 1, memory_order_relaxed);
	return device;
}

void npu_device_close(struct npu_device *device)
{
	if (!device)
		return;
	if (atomic_fetch_sub_explicit(&device->refs, 1, memory_order_acq_rel) != 1)
		return;
	npu_trace_close(device);
	device->backend->close(device);
	pthread_mutex_destroy(&device->share_lock);
	free(device->path);
	free(device);
}

int npu_device_ioctl(const struct npu_device *device, unsigned long request,
		     void *arg)
{
	return device->backend->ioctl(device, request, arg);
}

int64_t npu_deadline(int64_t timeout_ns)
{
	struct timespec now;
	int64_t deadline;

	if (timeout_ns < 0)
		return INT64_MAX;
	if (!timeout_ns)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (__builtin_add_overflow(now.tv_sec * 1000000000ll + now.tv_nsec,
				   timeout_ns, &deadline))
		return INT64_MAX;
	return deadline;
}

const struct npu_device_info *npu_device_info(const struct npu_device *device)
{
	return &device->info;
}

const char *npu_device_path(const struct npu_device *device)
{
	return device->path;
}

int npu_device_fd(const struct npu_device *device)
{
	return device->fd;
}

/* What a kernel knows less of reads as zero, what it knows more of is left out. */
static int query(struct npu_device *device, uint32_t type, void *data,
		 uint32_t size, struct npu_error *err)
{
	struct drm_npu_dev_query query = {
		.type = type,
		.size = size,
		.pointer = (uintptr_t)data,
	};
	int ret;

	memset(data, 0, size);
	ret = npu_device_ioctl(device, DRM_IOCTL_NPU_DEV_QUERY, &query);
	if (ret)
		return npu_error_set(err, ret, "%s: cannot query the device: %s%s",
				     device->path, strerror(-ret),
				     ret == -ENODEV ? "; it has been removed" : "");
	return 0;
}

int npu_device_usage(struct npu_device *device, struct npu_device_usage *usage,
		     struct npu_error *err)
{
	struct drm_npu_usage_info info;
	int ret = query(device, DRM_NPU_QUERY_USAGE, &info, sizeof(info), err);

	if (ret)
		return ret;
	*usage = (struct npu_device_usage){
		.buffer_bytes = info.bo_bytes,
		.buffers = info.bo_count,
		.page_table_bytes = info.page_table_bytes,
		.contexts = info.contexts,
		.vms = info.vms,
		.jobs_done = info.jobs_done,
		.jobs_failed = info.jobs_failed,
		.resets = info.resets,
	};
	return 0;
}

int npu_device_energy(struct npu_device *device, uint64_t pj[NPU_DEVICE_ENERGIES],
		      struct npu_error *err)
{
	return query(device, DRM_NPU_QUERY_ENERGY, pj, NPU_DEVICE_ENERGIES * sizeof(*pj), err);
}

int npu_device_read_info(struct npu_device *device, struct npu_error *err)
{
	struct npu_device_info *info = &device->info;
	struct drm_npu_device_info from;
	int ret = query(device, DRM_NPU_QUERY_DEVICE, &from, sizeof(from), err);

	if (ret)
		return ret;
	info->regs_version = from.regs_version;
	info->isa_version = from.isa_version;
	info->model_version = from.model_version;
	info->cores = from.cores;
	info->queues = from.queues;
	info->sram_size = from.sram_size;
	info->clock_khz = from.clock_khz;
	info->features = from.features;
	info->page_sizes = from.page_sizes;
	info->mem_mbps = from.mem_mbps;
	info->macs_i8 = from.macs_i8;
	info->macs_i4 = from.macs_i4;
	info->macs_f16 = from.macs_f16;
	info->vec_lanes = from.vec_lanes;
	info->program_max = from.program_max;
	info->work_max = from.work_max;
	info->budget_max = from.budget_max;
	info->va_start = from.va_start;
	info->va_end = from.va_end;
	info->max_args = from.max_args;
	info->timeout_default_ms = from.timeout_default_ms;
	info->timeout_max_ms = from.timeout_max_ms;
	memcpy(info->profile, from.profile, sizeof(from.profile));
	info->profile[sizeof(from.profile)] = '\0';
	return 0;
}
