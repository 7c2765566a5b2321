// SPDX-License-Identifier: MIT
/* Buffers: GEM objects, mapped for the CPU for as long as they exist. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/vm.h>

#include "drm/npu_accel.h"
#include "objects.h"

static int create_object(struct npu_buffer *buffer, struct npu_vm *vm,
			 uint64_t size, struct npu_error *err)
{
	struct drm_npu_bo_create create = {
		.size = size,
		.exclusive_vm_id = vm ? vm->id : 0,
	};
	int ret = npu_device_ioctl(buffer->device, DRM_IOCTL_NPU_BO_CREATE,
				   &create);

	if (ret)
		return npu_error_set(err, ret,
				     "%s: cannot create a buffer of %" PRIu64 " bytes: %s",
				     buffer->device->path, size, strerror(-ret));
	buffer->handle = create.handle;
	buffer->size = create.size;
	return 0;
}

int npu_buffer_map(struct npu_buffer *buffer, struct npu_error *err)
{
	const struct npu_device *device = buffer->device;
	int ret = device->backend->map(device, buffer->handle, buffer->size,
				       &buffer->data);

	if (ret)
		return npu_error_set(err, ret, "%s: cannot map a buffer of %" PRIu64 " bytes: %s",
				     device->path, buffer->size, strerror(-ret));
	return 0;
}

struct npu_buffer *npu_buffer_new(struct npu_device *device, struct npu_error *err)
{
	struct npu_buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer) {
		npu_error_set(err, -ENOMEM, "%s: out of memory", device->path);
		return NULL;
	}
	atomic_init(&buffer->refs, 1);
	buffer->device = npu_device_get(device);
	return buffer;
}

int npu_buffer_create(struct npu_device *device, struct npu_vm *vm,
		      uint64_t size, struct npu_buffer **out,
		      struct npu_error *err)
{
	struct npu_buffer *buffer = npu_buffer_new(device, err);
	int ret;

	if (!buffer)
		return -ENOMEM;
	ret = create_object(buffer, vm, size, err);
	if (!ret)
		ret = npu_buffer_map(buffer, err);
	if (ret) {
		npu_buffer_destroy(buffer);
		return ret;
	}
	*out = buffer;
	return 0;
}

struct npu_buffer *npu_buffer_get(struct npu_buffer *buffer)
{
	atomic_fetch_add_explicit(&buffer->refs, 1, memory_order_relaxed);
	return buffer;
}

void npu_buffer_destroy(struct npu_buffer *buffer)
{
	struct drm_gem_close close = { 0 };

	if (!buffer)
		return;
	if (atomic_load_explicit(&buffer->is_shared, memory_order_relaxed)) {
		if (!npu_buffer_drop(buffer))
			return;
	} else if (atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) != 1) {
		return;
	}
	if (buffer->data)
		buffer->device->backend->unmap(buffer->device, buffer->data,
					       buffer->size);
	close.handle = buffer->handle;
	if (buffer->handle)
		npu_device_ioctl(buffer->device, DRM_IOCTL_GEM_CLOSE, &close);
	npu_device_close(buffer->device);
	free(buffer);
}

void *npu_buffer_data(const struct npu_buffer *buffer)
{
	return buffer->data;
}

uint64_t npu_buffer_size(const struct npu_buffer *buffer)
{
	return buffer->size;
}

uint32_t npu_buffer_handle(const struct npu_buffer *buffer)
{
	return buffer->handle;
}

int npu_buffer_wait(struct npu_buffer *buffer, int64_t timeout_ns,
		    struct npu_error *err)
{
	struct drm_npu_bo_wait wait = {
		.handle = buffer->handle,
		.timeout_ns = npu_deadline(timeout_ns),
	};
	int ret = npu_device_ioctl(buffer->device, DRM_IOCTL_NPU_BO_WAIT, &wait);

	if (ret)
		return npu_error_set(err, ret, "%s: waiting for a buffer: %s",
				     buffer->device->path, ret == -ETIMEDOUT ?
				     "jobs that may use it have not ended yet" :
				     strerror(-ret));
	return 0;
}
