/* SPDX-License-Identifier: MIT */
/*
 * What carries out the runtime's requests: the kernel's driver, or a machine in
 * the process.
 *
 * Requests are those of drm/npu_accel.h in either case, so all that the runtime
 * makes of their answers, messages included, is the same for both.
 */
#ifndef NPU_RUNTIME_BACKEND_H
#define NPU_RUNTIME_BACKEND_H

#include <stdint.h>

struct npu_device;

/**
 * struct npu_backend - a way to reach an NPU
 * @close: give up what the open function made
 * @ioctl: a request of drm/npu_accel.h, or DRM_IOCTL_GEM_CLOSE
 * @map: memory of the buffer @handle, of @size bytes, for the CPU
 * @unmap: end of that
 * @bo_export: a dma-buf, or what stands for one, of a buffer; the caller closes it
 * @bo_import: the buffer @handle, of @size bytes, that such a descriptor leads to;
 *	one that the device has already keeps its handle
 * @sync_create: a timeline, at point zero, or a binary syncobj
 * @sync_destroy: give it back; jobs that signal it may still run
 * @sync_wait: wait until a timeline has come to @point; @deadline_ns as of
 *	npu_deadline(); -ETIME if that comes first
 * @sync_wait_any: wait until what one of @count binary syncobjs stands for has
 *	ended; @first receives the index of one that has
 * @sync_import: a timeline of another device of this backend, for jobs to wait
 *	for, with the same points; to be destroyed like one of its own
 *
 * All return 0 or a negative errno, and are called by any thread.
 */
struct npu_backend {
	void (*close)(struct npu_device *device);
	int (*ioctl)(const struct npu_device *device, unsigned long request,
		     void *arg);
	int (*map)(const struct npu_device *device, uint32_t handle,
		   uint64_t size, void **data);
	void (*unmap)(const struct npu_device *device, void *data,
		      uint64_t size);
	int (*bo_export)(const struct npu_device *device, uint32_t handle, int *fd);
	int (*bo_import)(const struct npu_device *device, int fd, uint32_t *handle,
			 uint64_t *size);
	int (*sync_create)(const struct npu_device *device, uint32_t *handle);
	void (*sync_destroy)(const struct npu_device *device, uint32_t handle);
	int (*sync_wait)(const struct npu_device *device, uint32_t handle,
			 uint64_t point, int64_t deadline_ns);
	int (*sync_wait_any)(const struct npu_device *device, const uint32_t *handles,
			     uint32_t count, int64_t deadline_ns, uint32_t *first);
	int (*sync_import)(const struct npu_device *device,
			   const struct npu_device *from, uint32_t from_handle,
			   uint32_t *handle);
};

/* The kernel's driver, through @fd of the device. */
extern const struct npu_backend npu_drm_backend;

#endif /* NPU_RUNTIME_BACKEND_H */
