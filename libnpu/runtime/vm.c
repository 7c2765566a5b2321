// SPDX-License-Identifier: MIT
/* Address spaces, and the addresses in them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <npu/vm.h>

#include "drm/npu_accel.h"
#include "hw/npu_regs.h"
#include "objects.h"

struct npu_vm *npu_vm_get(struct npu_vm *vm)
{
	atomic_fetch_add_explicit(&vm->refs, 1, memory_order_relaxed);
	return vm;
}

int npu_vm_create(struct npu_device *device, struct npu_vm **out,
		  struct npu_error *err)
{
	struct drm_npu_vm_create create = { 0 };
	struct npu_vm *vm = calloc(1, sizeof(*vm));
	int ret;

	if (!vm)
		return npu_error_set(err, -ENOMEM, "%s: out of memory",
				     device->path);
	ret = npu_device_ioctl(device, DRM_IOCTL_NPU_VM_CREATE, &create);
	if (ret) {
		free(vm);
		return npu_error_set(err, ret, "%s: cannot create an address space: %s%s",
				     device->path, strerror(-ret),
				     ret == -ENOSPC ? "; destroy some first" : "");
	}
	atomic_init(&vm->refs, 1);
	vm->device = npu_device_get(device);
	vm->id = create.id;
	pthread_mutex_init(&vm->lock, NULL);
	va_space_init(&vm->space, device->info.va_start, device->info.va_end);
	*out = vm;
	return 0;
}

void npu_vm_destroy(struct npu_vm *vm)
{
	struct drm_npu_vm_destroy destroy = { 0 };

	if (!vm)
		return;
	if (atomic_fetch_sub_explicit(&vm->refs, 1, memory_order_acq_rel) != 1)
		return;
	destroy.id = vm->id;
	npu_device_ioctl(vm->device, DRM_IOCTL_NPU_VM_DESTROY, &destroy);
	va_space_fini(&vm->space);
	vm_maps_fini(&vm->maps);
	pthread_mutex_destroy(&vm->lock);
	npu_device_close(vm->device);
	free(vm);
}

uint32_t npu_vm_id(const struct npu_vm *vm)
{
	return vm->id;
}

static int bind(struct npu_vm *vm, const struct drm_npu_vm_bind_op *op,
		struct npu_error *err)
{
	struct drm_npu_vm_bind bind = {
		.vm_id = vm->id,
		.ops = { sizeof(*op), 1, (uintptr_t)op },
	};
	const struct npu_device_info *info = &vm->device->info;
	int ret = npu_device_ioctl(vm->device, DRM_IOCTL_NPU_VM_BIND, &bind);

	if (!ret)
		return 0;
	if (ret == -EINVAL)
		return npu_error_set(err, ret,
				     "%s: cannot %s %#" PRIx64 " bytes at %#" PRIx64 ": address, offset and size must be whole pages, in %#" PRIx64 "..%#" PRIx64 " and in the buffer",
				     vm->device->path, op->handle ? "map" : "unmap",
				     (uint64_t)op->size, (uint64_t)op->va,
				     info->va_start, info->va_end);
	return npu_error_set(err, ret, "%s: cannot %s %#" PRIx64 " bytes at %#" PRIx64 ": %s",
			     vm->device->path, op->handle ? "map" : "unmap",
			     (uint64_t)op->size, (uint64_t)op->va, strerror(-ret));
}

/* So that what is noted after a change of the driver's mappings cannot fail. */
static int make_room(struct npu_vm *vm, struct npu_error *err)
{
	if (!va_space_room(&vm->space) && !vm_maps_room(&vm->maps))
		return 0;
	return npu_error_set(err, -ENOMEM, "%s: out of memory", vm->device->path);
}

/* Called with the lock held; on success the range is noted as used. */
static int map_locked(struct npu_vm *vm, struct npu_buffer *buffer,
		      uint64_t offset, uint64_t size, uint64_t va,
		      uint32_t flags, struct npu_error *err)
{
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_MAP,
		.flags = flags & NPU_VM_READONLY ? DRM_NPU_VM_BIND_READONLY : 0,
		.handle = buffer->handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};
	struct vm_map map = {
		.start = va, .end = va + size, .buffer = buffer, .offset = offset,
		.readonly = flags & NPU_VM_READONLY,
	};
	int ret = make_room(vm, err);

	if (!ret)
		ret = bind(vm, &op, err);
	if (ret)
		return ret;
	va_space_add(&vm->space, va, va + size);
	npu_buffer_get(buffer);
	vm_maps_add(&vm->maps, &map);
	return 0;
}

/* Large buffers start where huge pages can. */
int npu_vm_map(struct npu_vm *vm, struct npu_buffer *buffer, uint32_t flags,
	       uint64_t *va, struct npu_error *err)
{
	uint64_t size = buffer->size;
	uint64_t align = size >= NPU_HUGE_SIZE ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	uint64_t found;
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = va_space_find(&vm->space, size, align, &found);
	if (ret)
		npu_error_set(err, ret,
			      "%s: no %" PRIu64 " bytes of addresses in a row are free: unmap something",
			      vm->device->path, size);
	else
		ret = map_locked(vm, buffer, 0, size, found, flags, err);
	pthread_mutex_unlock(&vm->lock);
	if (!ret)
		*va = found;
	return ret;
}

int npu_vm_map_at(struct npu_vm *vm, struct npu_buffer *buffer, uint64_t offset,
		  uint64_t size, uint64_t va, uint32_t flags,
		  struct npu_error *err)
{
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = map_locked(vm, buffer, offset, size, va, flags, err);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

int npu_vm_unmap(struct npu_vm *vm, uint64_t va, uint64_t size,
		 struct npu_error *err)
{
	struct drm_npu_vm_bind_op op = {
		.op = DRM_NPU_VM_BIND_OP_UNMAP,
		.va = va,
		.size = size,
	};
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = make_room(vm, err);
	if (!ret)
		ret = bind(vm, &op, err);
	if (!ret) {
		va_space_remove(&vm->space, va, va + size);
		vm_maps_remove(&vm->maps, va, va + size);
	}
	pthread_mutex_unlock(&vm->lock);
	return ret;
}
