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
#include "trace/trace.h"

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

#define MAX_OPS 1024	/* of a request; the driver takes more */

static void encode(const struct npu_vm_op *from, struct drm_npu_vm_bind_op *to)
{
	*to = (struct drm_npu_vm_bind_op){
		.op = from->buffer ? DRM_NPU_VM_BIND_OP_MAP : DRM_NPU_VM_BIND_OP_UNMAP,
		.flags = from->flags & NPU_VM_READONLY ? DRM_NPU_VM_BIND_READONLY : 0,
		.handle = from->buffer ? from->buffer->handle : 0,
		.bo_offset = from->buffer ? from->offset : 0,
		.va = from->va,
		.size = from->size,
	};
}

/* What the driver says of one request; @done of its operations are made. */
static int bind(struct npu_vm *vm, const struct npu_vm_op *ops, uint32_t n,
		size_t *done, struct npu_error *err)
{
	const struct npu_device_info *info = &vm->device->info;
	struct drm_npu_vm_bind_op *coded = calloc(n, sizeof(*coded));
	struct drm_npu_vm_bind bind = {
		.vm_id = vm->id,
		.ops = { sizeof(*coded), n, (uintptr_t)coded },
	};
	const char *verb = ops->buffer ? "map" : "unmap";
	int ret;

	*done = 0;
	if (!coded)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", vm->device->path);
	for (uint32_t i = 0; i < n; i++)
		encode(&ops[i], &coded[i]);
	ret = npu_device_ioctl(vm->device, DRM_IOCTL_NPU_VM_BIND, &bind);
	free(coded);
	if (!ret) {
		*done = n;
		return 0;
	}
	/* arguments are checked before anything is done */
	if (ret != -EINVAL && bind.ops.count < n)
		*done = bind.ops.count;
	if (ret == -EINVAL && n == 1)
		return npu_error_set(err, ret,
				     "%s: cannot %s %#" PRIx64 " bytes at %#" PRIx64 ": address, offset and size must be whole pages, in %#" PRIx64 "..%#" PRIx64 " and in the buffer",
				     vm->device->path, verb, ops->size, ops->va,
				     info->va_start, info->va_end);
	return npu_error_set(err, ret, "%s: cannot %s %#" PRIx64 " bytes at %#" PRIx64 "%s: %s",
			     vm->device->path, verb, ops->size, ops->va,
			     n > 1 ? " and what follows" : "", strerror(-ret));
}

/* So that what is noted after a change of the driver's mappings cannot fail. */
static int make_room(struct npu_vm *vm, uint32_t ops, struct npu_error *err)
{
	if (!va_space_room(&vm->space, ops) && !vm_maps_room(&vm->maps, ops))
		return 0;
	return npu_error_set(err, -ENOMEM, "%s: out of memory", vm->device->path);
}

static void note(struct npu_vm *vm, const struct npu_vm_op *op)
{
	uint64_t end = op->va + op->size;

	npu_trace_bind(vm, op);
	if (!op->buffer) {
		va_space_remove(&vm->space, op->va, end);
		vm_maps_remove(&vm->maps, op->va, end);
		return;
	}
	va_space_add(&vm->space, op->va, end);
	npu_buffer_get(op->buffer);
	vm_maps_add(&vm->maps, &(struct vm_map){
		.start = op->va, .end = end, .buffer = op->buffer, .offset = op->offset,
		.readonly = op->flags & NPU_VM_READONLY,
	});
}

/* Called with the lock held. */
static int bind_locked(struct npu_vm *vm, const struct npu_vm_op *ops, size_t n,
		       size_t *done, struct npu_error *err)
{
	int ret = 0;

	for (*done = 0; !ret && *done < n; ) {
		uint32_t now = n - *done < MAX_OPS ? n - *done : MAX_OPS;
		size_t made = 0;

		ret = make_room(vm, now, err);
		if (!ret)
			ret = bind(vm, ops + *done, now, &made, err);
		for (size_t i = 0; i < made; i++)
			note(vm, &ops[*done + i]);
		*done += made;
	}
	return ret;
}

int npu_vm_bind(struct npu_vm *vm, const struct npu_vm_op *ops, size_t n, size_t *done,
		struct npu_error *err)
{
	size_t made;
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = bind_locked(vm, ops, n, &made, err);
	pthread_mutex_unlock(&vm->lock);
	if (done)
		*done = made;
	return ret;
}

/* Large buffers start where huge pages can. */
int npu_vm_map(struct npu_vm *vm, struct npu_buffer *buffer, uint32_t flags,
	       uint64_t *va, struct npu_error *err)
{
	uint64_t size = buffer->size;
	uint64_t align = size >= NPU_HUGE_SIZE ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	uint64_t found;
	size_t done;
	int ret;

	pthread_mutex_lock(&vm->lock);
	ret = va_space_find(&vm->space, size, align, &found);
	if (ret)
		npu_error_set(err, ret,
			      "%s: no %" PRIu64 " bytes of addresses in a row are free: unmap something",
			      vm->device->path, size);
	else
		ret = bind_locked(vm, &(struct npu_vm_op){
			.buffer = buffer, .size = size, .va = found, .flags = flags,
		}, 1, &done, err);
	pthread_mutex_unlock(&vm->lock);
	if (!ret)
		*va = found;
	return ret;
}

int npu_vm_map_at(struct npu_vm *vm, struct npu_buffer *buffer, uint64_t offset,
		  uint64_t size, uint64_t va, uint32_t flags,
		  struct npu_error *err)
{
	const struct npu_vm_op op = {
		.buffer = buffer, .offset = offset, .size = size, .va = va, .flags = flags,
	};

	return npu_vm_bind(vm, &op, 1, NULL, err);
}

int npu_vm_unmap(struct npu_vm *vm, uint64_t va, uint64_t size,
		 struct npu_error *err)
{
	return npu_vm_bind(vm, &(struct npu_vm_op){ .va = va, .size = size }, 1, NULL, err);
}
