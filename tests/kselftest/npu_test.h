/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the NPU's kernel tests share: the ioctls as functions, memory that both
 * sides see, and a small assembler. Nothing of libnpu, which has its own tests.
 *
 * Functions return 0 or a positive result, or a negative errno.
 */
#ifndef NPU_TEST_H
#define NPU_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "drm/npu_accel.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

#define NPU_TEST_PAGE	4096ull
#define NPU_TEST_HUGE	(2ull << 20)
/* Long enough for anything that ends, on the slowest emulator. */
#define NPU_TEST_PATIENCE_NS	(60ll * 1000000000)

/* An address where nobody expects anything. */
#define NPU_TEST_BAD_PTR	((uint64_t)8)

static inline int npu_call(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret == -1 && (errno == EINTR || errno == EAGAIN));
	return ret == -1 ? -errno : ret;
}

static inline int64_t npu_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Opens the first NPU. */
static inline int npu_open_device(void)
{
	char path[64], name[16];
	int i, fd;

	for (i = 0; i < 16; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) };

		snprintf(path, sizeof(path), "/dev/accel/accel%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!npu_call(fd, DRM_IOCTL_VERSION, &version) && version.name_len == 3 &&
		    !memcmp(name, "npu", 3))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

static inline int npu_query(int fd, uint32_t type, void *to, uint32_t size)
{
	struct drm_npu_dev_query query = {
		.type = type, .size = size, .pointer = (uintptr_t)to,
	};

	return npu_call(fd, DRM_IOCTL_NPU_DEV_QUERY, &query);
}

static inline struct drm_npu_device_info npu_device_info(int fd)
{
	struct drm_npu_device_info info = {};

	npu_query(fd, DRM_NPU_QUERY_DEVICE, &info, sizeof(info));
	return info;
}

static inline struct drm_npu_usage_info npu_usage(int fd)
{
	struct drm_npu_usage_info usage = {};

	npu_query(fd, DRM_NPU_QUERY_USAGE, &usage, sizeof(usage));
	return usage;
}

/* Buffers */

static inline int npu_bo_create(int fd, uint64_t size, uint32_t vm, uint32_t *handle)
{
	struct drm_npu_bo_create args = { .size = size, .exclusive_vm_id = vm };
	int ret = npu_call(fd, DRM_IOCTL_NPU_BO_CREATE, &args);

	*handle = ret ? 0 : args.handle;
	return ret;
}

static inline int npu_bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return npu_call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static inline void *npu_bo_map(int fd, uint32_t handle, uint64_t size)
{
	struct drm_npu_bo_mmap_offset args = { .handle = handle };

	if (npu_call(fd, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &args))
		return MAP_FAILED;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);
}

static inline int npu_bo_wait(int fd, uint32_t handle, int64_t timeout_ns)
{
	struct drm_npu_bo_wait args = { .handle = handle, .timeout_ns = timeout_ns };

	return npu_call(fd, DRM_IOCTL_NPU_BO_WAIT, &args);
}

/* Address spaces */

static inline int npu_vm_create(int fd, uint32_t *id)
{
	struct drm_npu_vm_create args = {};
	int ret = npu_call(fd, DRM_IOCTL_NPU_VM_CREATE, &args);

	*id = ret ? 0 : args.id;
	return ret;
}

static inline int npu_vm_destroy(int fd, uint32_t id)
{
	struct drm_npu_vm_destroy args = { .id = id };

	return npu_call(fd, DRM_IOCTL_NPU_VM_DESTROY, &args);
}

static inline int npu_vm_bind(int fd, uint32_t vm, const struct drm_npu_vm_bind_op *ops,
			      uint32_t count)
{
	struct drm_npu_vm_bind args = {
		.vm_id = vm,
		.ops = { .stride = sizeof(*ops), .count = count, .array = (uintptr_t)ops },
	};

	return npu_call(fd, DRM_IOCTL_NPU_VM_BIND, &args);
}

static inline int npu_vm_map(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t va,
			     uint64_t size, uint32_t flags)
{
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_MAP, .flags = flags, .handle = handle,
		.bo_offset = offset, .va = va, .size = size,
	};

	return npu_vm_bind(fd, vm, &op, 1);
}

static inline int npu_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_UNMAP, .va = va, .size = size,
	};

	return npu_vm_bind(fd, vm, &op, 1);
}

/* Contexts */

static inline int npu_ctx_create(int fd, uint32_t vm, uint32_t priority, uint32_t timeout_ms,
				 uint32_t *id)
{
	struct drm_npu_context_create args = {
		.vm_id = vm, .priority = priority, .timeout_ms = timeout_ms,
	};
	int ret = npu_call(fd, DRM_IOCTL_NPU_CONTEXT_CREATE, &args);

	*id = ret ? 0 : args.id;
	return ret;
}

static inline int npu_ctx_destroy(int fd, uint32_t id)
{
	struct drm_npu_context_destroy args = { .id = id };

	return npu_call(fd, DRM_IOCTL_NPU_CONTEXT_DESTROY, &args);
}

static inline int npu_ctx_query(int fd, uint32_t id, uint32_t flags,
				struct drm_npu_context_query *query)
{
	memset(query, 0, sizeof(*query));
	query->id = id;
	query->flags = flags;
	return npu_call(fd, DRM_IOCTL_NPU_CONTEXT_QUERY, query);
}

/* Syncobjs */

static inline uint32_t npu_syncobj_create(int fd, uint32_t flags)
{
	struct drm_syncobj_create args = { .flags = flags };

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args) ? 0 : args.handle;
}

static inline int npu_syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

/* Waits for a point of a timeline, or with zero for a binary syncobj. */
static inline int npu_syncobj_wait_for(int fd, uint32_t handle, uint64_t point, int64_t ns)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
		.timeout_nsec = npu_now_ns() + ns,
	};

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

static inline int npu_syncobj_wait(int fd, uint32_t handle, uint64_t point)
{
	return npu_syncobj_wait_for(fd, handle, point, NPU_TEST_PATIENCE_NS);
}

/* Signals a timeline's point from the CPU. */
static inline int npu_syncobj_signal(int fd, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
	};

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args);
}

/* The error that a syncobj's fence carries, or 0: a sync file tells. */
static inline int npu_syncobj_error(int fd, uint32_t handle)
{
	struct drm_syncobj_handle args = {
		.handle = handle, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	struct sync_fence_info fence = {};
	struct sync_file_info info = {
		.num_fences = 1, .sync_fence_info = (uintptr_t)&fence,
	};
	int ret;

	ret = npu_call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);
	if (ret)
		return ret;
	ret = npu_call(args.fd, SYNC_IOC_FILE_INFO, &info);
	close(args.fd);
	if (ret)
		return ret;
	return fence.status < 0 ? fence.status : 0;
}

/* Jobs */

static inline int npu_submit(int fd, uint32_t ctx, const struct drm_npu_job *jobs, uint32_t count,
			     uint64_t *first_seqno)
{
	struct drm_npu_submit args = {
		.context_id = ctx,
		.jobs = { .stride = sizeof(*jobs), .count = count, .array = (uintptr_t)jobs },
	};
	int ret = npu_call(fd, DRM_IOCTL_NPU_SUBMIT, &args);

	if (first_seqno)
		*first_seqno = args.first_seqno;
	return ret;
}

static inline void npu_job_syncs(struct drm_npu_job *job, const struct drm_npu_sync *syncs,
				 uint32_t count)
{
	job->syncs.stride = sizeof(*syncs);
	job->syncs.count = count;
	job->syncs.array = (uintptr_t)syncs;
}

#endif /* NPU_TEST_H */
