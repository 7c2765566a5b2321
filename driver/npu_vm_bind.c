// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM_IOCTL_NPU_VM_BIND: everything is checked, then everything is done, or
 * queued.
 */
#include <linux/dma-fence.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "npu_array.h"
#include "npu_bind.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_userptr.h"
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

/**
 * npu_bind_check_op() - check what can be checked without its buffer
 * @npu: device
 * @op: operation from user space
 *
 * Return: 0 or -EINVAL.
 */
int npu_bind_check_op(const struct npu_device *npu, const struct drm_npu_vm_bind_op *op)
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
	const struct npu_bo *bo = to_npu_bo(obj);
	u64 end;

	if (bo->exclusive && bo->exclusive != drm_gpuvm_resv_obj(&vm->base))
		return -EINVAL;
	if (check_add_overflow(op->bo_offset, op->size, &end) || end > obj->size)
		return -EINVAL;
	if (bo->flags & DRM_NPU_BO_READONLY && !(op->flags & DRM_NPU_VM_BIND_READONLY))
		return -EACCES;
	return 0;
}

/* Looks buffers up as well. */
static int npu_bind_check(struct npu_bind *bind, struct drm_file *drm_file)
{
	u32 i;
	int ret;

	for (i = 0; i < bind->count; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		ret = npu_bind_check_op(bind->vm->npu, &op->args);
		if (ret)
			return ret;
		if (op->args.op != DRM_NPU_VM_BIND_OP_MAP)
			continue;
		op->obj = drm_gem_object_lookup(drm_file, op->args.handle);
		if (!op->obj)
			return -ENOENT;
		ret = npu_bind_check_bo(bind->vm, op->obj, &op->args);
		if (ret)
			return ret;
	}
	return 0;
}

/* Memory of processes is faulted in before unplugging has to wait. */
static int npu_bind_fault_in(struct npu_bind *bind)
{
	u32 i;
	int ret;

	for (i = 0; i < bind->count; i++) {
		struct drm_gem_object *obj = bind->ops[i].obj;

		if (!obj || !to_npu_bo(obj)->userptr)
			continue;
		ret = npu_userptr_populate(to_npu_bo(obj));
		if (ret)
			return ret == -EINTR ? -ERESTARTSYS : ret;
		WRITE_ONCE(bind->vm->has_userptr, true);
	}
	return 0;
}

/* Before the first operation, so that a signal or lack of pages leaves nothing half done. */
static int npu_bind_prepare(struct npu_bind *bind)
{
	u32 i;
	int ret;

	for (i = 0; i < bind->count; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		if (!op->obj)
			continue;
		ret = npu_gem_pin(to_npu_bo(op->obj));
		if (ret)
			return ret == -EINTR ? -ERESTARTSYS : ret;
		op->pinned = true;
	}
	return npu_bind_obtain_bos(bind);
}

static int npu_bind_reserve_op(struct npu_bind *bind, const struct npu_bind_op *op)
{
	const struct drm_npu_vm_bind_op *args = &op->args;
	struct npu_mmu_need need = {};
	struct npu_vm *vm = bind->vm;

	/* Others only make tables superfluous meanwhile, so the count stays good. */
	scoped_guard(mutex, &vm->lock) {
		if (op->obj)
			npu_mmu_count_map(&vm->mmu, &need, args->va, args->size,
					  npu_gem_pages(to_npu_bo(op->obj), args->bo_offset));
		else
			npu_mmu_count_unmap(&vm->mmu, &need, args->va, args->size);
	}
	return npu_vm_reserve(&bind->update, &need, NPU_VM_MAP_VMAS);
}

/*
 * Return: number of operations done; with less than all memory was short, or
 * the process is being killed and will not see the difference.
 */
static u32 npu_bind_do_all(struct npu_bind *bind)
{
	struct npu_vm *vm = bind->vm;
	u32 done;

	for (done = 0; done < bind->count; done++) {
		const struct npu_bind_op *op = &bind->ops[done];

		if (fatal_signal_pending(current) || drm_dev_is_unplugged(&vm->npu->drm) ||
		    npu_bind_reserve_op(bind, op))
			break;
		guard(mutex)(&vm->lock);
		if (npu_bind_do(bind, op))
			break;
	}
	scoped_guard(mutex, &vm->lock)
		npu_mmu_flush(&bind->update.mmu);
	return done;
}

/* Changes that are queued come first. Not under drm_dev_enter(): unplugging ends them. */
static int npu_bind_wait_queued(struct npu_vm *vm)
{
	int ret = vm->last_bind ? dma_fence_wait(vm->last_bind, true) : 0;

	if (ret)
		return ret;
	dma_fence_put(vm->last_bind);
	vm->last_bind = NULL;
	return 0;
}

static int npu_bind_now(struct npu_bind *bind, u32 *count)
{
	int idx, ret;

	ret = npu_bind_wait_queued(bind->vm);
	if (!ret)
		ret = npu_bind_fault_in(bind);
	if (ret)
		return ret;
	if (!drm_dev_enter(&bind->vm->npu->drm, &idx))
		return -ENODEV;
	ret = npu_bind_prepare(bind);
	if (!ret) {
		*count = npu_bind_do_all(bind);
		if (*count < bind->count)
			ret = -ENOMEM;
	}
	npu_mmu_end(&bind->update.mmu);
	drm_dev_exit(idx);
	return ret;
}

static int npu_bind_later(struct npu_bind *bind, struct drm_file *drm_file,
			  const struct drm_npu_vm_bind *args, struct dma_fence **fence)
{
	int idx, ret;

	ret = npu_bind_fault_in(bind);
	if (ret)
		return ret;
	if (!drm_dev_enter(&bind->vm->npu->drm, &idx))
		return -ENODEV;
	ret = npu_bind_prepare(bind);
	if (!ret)
		ret = npu_bind_queue(bind, drm_file, &args->syncs, fence);
	if (ret)
		npu_mmu_end(&bind->update.mmu);
	drm_dev_exit(idx);
	return ret;
}

/* Return: whether @bind is still the caller's. */
static bool npu_bind_run(struct npu_bind *bind, struct drm_file *drm_file,
			 struct drm_npu_vm_bind *args, struct dma_fence **fence, int *error)
{
	struct mutex *lock = &bind->vm->bind_lock;
	bool async = args->flags & DRM_NPU_VM_BIND_ASYNC;
	u32 count = 0;

	*error = npu_bind_check(bind, drm_file);
	if (*error)
		return true;
	if (mutex_lock_interruptible(lock)) {
		*error = -ERESTARTSYS;
		return true;
	}
	*error = async ? npu_bind_later(bind, drm_file, args, fence) : npu_bind_now(bind, &count);
	mutex_unlock(lock);
	if (*error == -ENOMEM)
		args->ops.count = count;
	return *error || !async;
}

static int npu_bind_check_args(const struct drm_npu_vm_bind *args)
{
	const struct drm_npu_obj_array *syncs = &args->syncs;

	if (args->flags & ~DRM_NPU_VM_BIND_ASYNC)
		return -EINVAL;
	if (!args->flags && (syncs->stride || syncs->count || syncs->array))
		return -EINVAL;
	return 0;
}

/**
 * npu_vm_bind() - change an address space
 * @drm_file: file
 * @args: what and how; with -ENOMEM the number of operations is set to those done
 * @fence: with DRM_NPU_VM_BIND_ASYNC: receives the fence of its end, referenced; or NULL
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_bind(struct drm_file *drm_file, struct drm_npu_vm_bind *args, struct dma_fence **fence)
{
	struct drm_npu_vm_bind_op *ops __free(kvfree) = NULL;
	struct npu_bind *bind;
	struct npu_vm *vm;
	int ret;

	ret = npu_bind_check_args(args);
	if (ret)
		return ret;
	ops = npu_array_read(&args->ops, sizeof(*ops), sizeof(*ops), NPU_MAX_BIND_OPS);
	if (IS_ERR(ops)) {
		if (PTR_ERR(ops) == -ENOMEM)
			args->ops.count = 0;
		return PTR_ERR(ops);
	}
	vm = npu_vm_lookup(drm_file->driver_priv, args->vm_id);
	if (!vm)
		return -ENOENT;
	bind = npu_bind_create(vm, ops, args->ops.count);
	npu_vm_put(vm);
	if (!bind) {
		args->ops.count = 0;
		return -ENOMEM;
	}
	if (npu_bind_run(bind, drm_file, args, fence, &ret))
		npu_bind_free(bind);
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
	return npu_vm_bind(drm_file, data, NULL);
}
