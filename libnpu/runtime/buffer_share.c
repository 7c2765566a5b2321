// SPDX-License-Identifier: MIT
/*
 * Memory that several devices share.
 *
 * The kernel gives a device one handle for one memory, however often it is
 * imported, and one close ends it. So a device knows the buffers that can come
 * back that way, and its own lock makes finding one and closing one exclude
 * each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>

#include "drm/npu_accel.h"
#include "objects.h"

static void add_shared(struct npu_buffer *buffer)
{
	struct npu_device *device = buffer->device;

	buffer->next_shared = device->shared;
	device->shared = buffer;
	atomic_store_explicit(&buffer->is_shared, true, memory_order_relaxed);
}

static struct npu_buffer *find_shared(const struct npu_device *device, uint32_t handle)
{
	struct npu_buffer *b = device->shared;

	while (b && b->handle != handle)
		b = b->next_shared;
	return b;
}

/*
 * The handle of the last one is closed under the lock: behind it an import
 * finds another.
 */
bool npu_buffer_drop(struct npu_buffer *buffer)
{
	struct npu_device *device = buffer->device;
	struct drm_gem_close close = { .handle = buffer->handle };
	struct npu_buffer **at = &device->shared;
	bool last;

	pthread_mutex_lock(&device->share_lock);
	last = atomic_fetch_sub_explicit(&buffer->refs, 1, memory_order_acq_rel) == 1;
	if (last) {
		while (*at != buffer)
			at = &(*at)->next_shared;
		*at = buffer->next_shared;
		device->backend->unmap(device, buffer->data, buffer->size);
		npu_device_ioctl(device, DRM_IOCTL_GEM_CLOSE, &close);
		buffer->data = NULL;
		buffer->handle = 0;
	}
	pthread_mutex_unlock(&device->share_lock);
	return last;
}

static int export_failed(const struct npu_buffer *buffer, int code, struct npu_error *err)
{
	switch (code) {
	case -EBUSY:
		return npu_error_set(err, code,
				     "%s: jobs use a buffer that is to be shared: share it before the first",
				     buffer->device->path);
	case -EPERM:
	case -EINVAL:
		return npu_error_set(err, code,
				     "%s: a buffer of one address space alone is not shared: create it without one",
				     buffer->device->path);
	default:
		return npu_error_set(err, code, "%s: cannot share a buffer: %s",
				     buffer->device->path, strerror(-code));
	}
}

int npu_buffer_export(struct npu_buffer *buffer, int *fd, struct npu_error *err)
{
	struct npu_device *device = buffer->device;
	int ret;

	pthread_mutex_lock(&device->share_lock);
	ret = device->backend->bo_export(device, buffer->handle, fd);
	if (!ret && !buffer->is_shared)
		add_shared(buffer);
	pthread_mutex_unlock(&device->share_lock);
	return ret ? export_failed(buffer, ret, err) : 0;
}

/* The lock is held, so that a handle that is found stays. */
static int import(struct npu_buffer *buffer, int fd, struct npu_buffer **known,
		  struct npu_error *err)
{
	struct npu_device *device = buffer->device;
	uint32_t handle;
	int ret = device->backend->bo_import(device, fd, &handle, &buffer->size);

	if (ret)
		return npu_error_set(err, ret,
				     "%s: cannot use a buffer of another device: %s%s",
				     device->path, strerror(-ret), ret == -EINVAL ?
				     "; it is no memory that this device can reach" : "");
	*known = find_shared(device, handle);
	if (*known) {
		npu_buffer_get(*known);
		return 0;
	}
	buffer->handle = handle;
	ret = npu_buffer_map(buffer, err);
	if (!ret) {
		add_shared(buffer);
		return 0;
	}
	npu_device_ioctl(device, DRM_IOCTL_GEM_CLOSE, &(struct drm_gem_close){ .handle = handle });
	buffer->handle = 0;
	return ret;
}

int npu_buffer_import(struct npu_device *device, int fd, struct npu_buffer **out,
		      struct npu_error *err)
{
	struct npu_buffer *buffer = npu_buffer_new(device, err), *known = NULL;
	int ret;

	if (!buffer)
		return -ENOMEM;
	pthread_mutex_lock(&device->share_lock);
	ret = import(buffer, fd, &known, err);
	pthread_mutex_unlock(&device->share_lock);
	if (ret || known)
		npu_buffer_destroy(buffer);
	if (!ret)
		*out = known ? known : buffer;
	return ret;
}
