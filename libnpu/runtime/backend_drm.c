// SPDX-License-Identifier: MIT
/* The kernel's driver as a backend. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "backend.h"
#include "drm/npu_accel.h"
#include "objects.h"

static void drm_close(struct npu_device *device)
{
	close(device->fd);
}

static int drm_request(const struct npu_device *device, unsigned long request,
		       void *arg)
{
	return drmIoctl(device->fd, request, arg) ? -errno : 0;
}

static int drm_map(const struct npu_device *device, uint32_t handle,
		   uint64_t size, void **data)
{
	struct drm_npu_bo_mmap_offset map = { .handle = handle };
	int ret = drm_request(device, DRM_IOCTL_NPU_BO_MMAP_OFFSET, &map);

	if (ret)
		return ret;
	*data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device->fd,
		     map.offset);
	if (*data != MAP_FAILED)
		return 0;
	*data = NULL;
	return -errno;
}

static void drm_unmap(const struct npu_device *device, void *data, uint64_t size)
{
	(void)device;
	munmap(data, size);
}

static int drm_bo_export(const struct npu_device *device, uint32_t handle, int *fd)
{
	return drmPrimeHandleToFD(device->fd, handle, DRM_CLOEXEC | DRM_RDWR, fd) ? -errno : 0;
}

static int drm_bo_import(const struct npu_device *device, int fd, uint32_t *handle,
			 uint64_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return -errno;
	*size = end;
	return drmPrimeFDToHandle(device->fd, fd, handle) ? -errno : 0;
}

static int drm_sync_create(const struct npu_device *device, uint32_t *handle)
{
	return drmSyncobjCreate(device->fd, 0, handle) ? -errno : 0;
}

static void drm_sync_destroy(const struct npu_device *device, uint32_t handle)
{
	drmSyncobjDestroy(device->fd, handle);
}

static int drm_sync_wait(const struct npu_device *device, uint32_t handle,
			 uint64_t point, int64_t deadline_ns)
{
	return drmSyncobjTimelineWait(device->fd, &handle, &point, 1,
				      deadline_ns, 0, NULL);
}

static int drm_sync_wait_any(const struct npu_device *device, const uint32_t *handles,
			     uint32_t count, int64_t deadline_ns, uint32_t *first)
{
	return drmSyncobjWait(device->fd, (uint32_t *)handles, count, deadline_ns, 0, first);
}

/* A syncobj belongs to no driver: the other device's file may have it as well. */
static int drm_sync_import(const struct npu_device *device, const struct npu_device *from,
			   uint32_t from_handle, uint32_t *handle)
{
	int fd, ret;

	if (drmSyncobjHandleToFD(from->fd, from_handle, &fd))
		return -errno;
	ret = drmSyncobjFDToHandle(device->fd, fd, handle) ? -errno : 0;
	close(fd);
	return ret;
}

const struct npu_backend npu_drm_backend = {
	.close = drm_close,
	.ioctl = drm_request,
	.map = drm_map,
	.unmap = drm_unmap,
	.bo_export = drm_bo_export,
	.bo_import = drm_bo_import,
	.sync_create = drm_sync_create,
	.sync_destroy = drm_sync_destroy,
	.sync_wait = drm_sync_wait,
	.sync_wait_any = drm_sync_wait_any,
	.sync_import = drm_sync_import,
};
