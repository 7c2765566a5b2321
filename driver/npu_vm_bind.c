// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_NPU_VM_BIND: everything is checked, then everything is done.
 */
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "npu_array.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_trace.h"
#include "npu_vm.h"

#define NPU_MAX_BIND_OPS	4096

static int npu_bind_check_range(const struct npu_device *npu, const struct drm_npu_vm_bind_op *op)
{
	u64 end;

	if (!op->size || !PAGE_ALIGNED(op->size) || !PAGE_ALIGNED(op->va) ||
	    !PAGE_ALIGNED(op->bo_offset))
		return -EINVAL;
	if (check_add_overflow(op->va, op->size, &end) ||
	    op->va < npu->info.va_start || end > npu->info.va_end)
		return -EINVAL;
	return 0;
}

static int npu_bind_check_op(const struct npu_device *npu, const struct drm_npu_vm_bind_op *op)
{
	if (op->pad)
		return -EINVAL;
	switch (op->op) {
	case DRM_NPU_VM_BIND_OP_MAP:
		if (op->flags & ~DRM_NPU_VM_BIND_READONLY)
			return -EINVAL;
		break;
	case DRM_NPU_VM_BIND_OP_UNMAP:
		if (op->flags || op->handle || op->bo_offset)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	return npu_bind_check_range(npu, op);
}

static int npu_bind_check_bo(struct npu_vm *vm, struct drm_gem_object *obj,
			     const struct drm_npu_vm_bind_op *op)
{
	struct drm_gem_object *exclusive = to_npu_bo(obj)->exclusive;
	u64 end;

	if (exclusive && exclusive != drm_gpuvm_resv_obj(&vm->base))
		return -EINVAL;
	if (check_add_overflow(op->bo_offset, op->size, &end) || end > obj->size)
		return -EINVAL;
	return 0;
}

static int npu_bind_check(struct npu_vm *vm, struct drm_file *drm_file,
			  const struct drm_npu_vm_bind_op *ops, struct drm_gem_object **objs,
			  u32 count)
{
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = npu_bind_check_op(vm->npu, &ops[i]);
		if (ret)
			return ret;
		if (ops[i].op != DRM_NPU_VM_BIND_OP_MAP)
			continue;
		objs[i] = drm_gem_object_lookup(drm_file, ops[i].handle);
		if (!objs[i])
			return -ENOENT;
		ret = npu_bind_check_bo(vm, objs[i], &ops[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/* Before the first operation, so that a signal or lack of pages leaves nothing half done. */
static int npu_bind_pin(struct drm_gem_object **objs, u32 count)
{
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = objs[i] ? npu_gem_pin(to_npu_bo(objs[i])) : 0;
		if (ret)
			return ret == -EINTR ? -ERESTARTSYS : ret;
	}
	return 0;
}

static int npu_bind_do(struct npu_vm_update *update, const struct drm_npu_vm_bind_op *op,
		       struct drm_gem_object *obj)
{
	trace_npu_bind(update->vm->mmu.asid, op->op, op->handle, op->va, op->size, op->bo_offset,
		       op->flags);
	if (!obj)
		return npu_vm_unmap(update, op->va, op->size);
	return npu_vm_map(update, to_npu_bo(obj), op->bo_offset, op->va, op->size,
			  op->flags & DRM_NPU_VM_BIND_READONLY);
}

/*
 * Return: number of operations done; with less than @count memory was short, or
 * the process is being killed and will not see the difference.
 */
static u32 npu_bind_do_all(struct npu_vm *vm, const struct drm_npu_vm_bind_op *ops,
			   struct drm_gem_object **objs, u32 count)
{
	struct npu_vm_update update;
	u32 done;

	guard(mutex)(&vm->lock);
	npu_vm_begin(vm, &update);
	for (done = 0; done < count; done++)
		if (fatal_signal_pending(current) || drm_dev_is_unplugged(&vm->npu->drm) ||
		    npu_bind_do(&update, &ops[done], objs[done]))
			break;
	npu_vm_end(&update);
	return done;
}

static int npu_bind_run(struct npu_vm *vm, const struct drm_npu_vm_bind_op *ops,
			struct drm_gem_object **objs, u32 *count)
{
	u32 done = 0;
	int idx, ret;

	if (!drm_dev_enter(&vm->npu->drm, &idx))
		return -ENODEV;
	ret = npu_bind_pin(objs, *count);
	if (!ret)
		done = npu_bind_do_all(vm, ops, objs, *count);
	drm_dev_exit(idx);
	if (!ret && done < *count)
		ret = -ENOMEM;
	if (ret == -ENOMEM)
		*count = done;
	return ret;
}

/**
 * npu_ioctl_vm_bind() - DRM_IOCTL_NPU_VM_BIND
 * @drm: device
 * @data: &struct drm_npu_vm_bind
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_vm_bind *args = data;
	struct drm_npu_vm_bind_op *ops __free(kvfree) = NULL;
	struct drm_gem_object **objs __free(kvfree) = NULL;
	u32 i, count = args->ops.count;
	struct npu_vm *vm;
	int ret;

	if (args->flags || args->syncs.stride || args->syncs.count || args->syncs.array)
		return -EINVAL;
	ops = npu_array_read(&args->ops, sizeof(*ops), sizeof(*ops), NPU_MAX_BIND_OPS);
	if (IS_ERR(ops)) {
		if (PTR_ERR(ops) == -ENOMEM)
			args->ops.count = 0;
		return PTR_ERR(ops);
	}
	objs = kvcalloc(count, sizeof(*objs), GFP_KERNEL_ACCOUNT);
	if (!objs) {
		args->ops.count = 0;
		return -ENOMEM;
	}
	vm = npu_vm_lookup(drm_file->driver_priv, args->vm_id);
	if (!vm)
		return -ENOENT;
	ret = npu_bind_check(vm, drm_file, ops, objs, count);
	if (!ret)
		ret = npu_bind_run(vm, ops, objs, &args->ops.count);
	for (i = 0; i < count; i++)
		if (objs[i])
			drm_gem_object_put(objs[i]);
	npu_vm_put(vm);
	return ret;
}
