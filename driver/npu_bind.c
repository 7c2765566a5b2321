// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call of VM_BIND as an object: what it needs, from when it was read until
 * it is done, at once or later.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>

#include "npu_bind.h"
#include "npu_gem.h"
#include "npu_trace.h"
#include "npu_compat.h"

/**
 * npu_bind_create() - make an object of operations
 * @vm: address space; a reference is taken
 * @ops: what user space asked for
 * @count: entries of @ops
 *
 * Return: object, with operations that have no buffers yet, or NULL if there is
 * no memory.
 */
struct npu_bind *npu_bind_create(struct npu_vm *vm, const struct drm_npu_vm_bind_op *ops,
				 u32 count)
{
	struct npu_bind *bind = kzalloc(sizeof(*bind), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!bind)
		return NULL;
	bind->ops = kvcalloc(count, sizeof(*bind->ops), GFP_KERNEL_ACCOUNT);
	if (!bind->ops && count) {
		kfree(bind);
		return NULL;
	}
	for (i = 0; i < count; i++)
		bind->ops[i].args = ops[i];
	bind->count = count;
	bind->vm = npu_vm_get(vm);
	INIT_LIST_HEAD(&bind->link);
	npu_vm_begin(vm, &bind->update);
	return bind;
}

static void npu_bind_put_bos(struct npu_bind *bind)
{
	struct dma_resv *resv = drm_gpuvm_resv(&bind->vm->base);
	u32 i;

	dma_resv_lock(resv, NULL);
	for (i = 0; i < bind->count; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		if (!op->vm_bo)
			continue;
		guard(mutex)(npu_compat_gpuva_lock(op->obj));
		drm_gpuvm_bo_put(op->vm_bo);
	}
	dma_resv_unlock(resv);
}

/**
 * npu_bind_free() - free the object and what it did not use
 * @bind: object; not queued, or done
 *
 * Its page tables are gone: npu_mmu_end().
 */
void npu_bind_free(struct npu_bind *bind)
{
	u32 i;

	npu_vm_end(&bind->update);
	npu_bind_put_bos(bind);
	for (i = 0; i < bind->count; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		if (op->pinned)
			npu_gem_unpin(to_npu_bo(op->obj));
		if (op->obj)
			drm_gem_object_put(op->obj);
	}
	npu_vm_put(bind->vm);
	kvfree(bind->ops);
	kfree(bind);
}

/**
 * npu_bind_obtain_bos() - give all buffers a place in the address space
 * @bind: object
 *
 * From then on submits add their fences to them.
 *
 * Return: 0 or -ENOMEM.
 */
int npu_bind_obtain_bos(struct npu_bind *bind)
{
	struct drm_gpuvm *base = &bind->vm->base;
	int ret = 0;
	u32 i;

	for (i = 0; i < bind->count && !ret; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		if (!op->obj)
			continue;
		op->vm_bo = drm_gpuvm_bo_create(base, op->obj);
		if (!op->vm_bo)
			ret = -ENOMEM;
	}
	/* Also after an error: what was made must be known before it is put. */
	dma_resv_lock(drm_gpuvm_resv(base), NULL);
	for (i = 0; i < bind->count; i++) {
		struct npu_bind_op *op = &bind->ops[i];

		if (!op->vm_bo)
			continue;
		op->vm_bo = drm_gpuvm_bo_obtain_prealloc(op->vm_bo);
		drm_gpuvm_bo_extobj_add(op->vm_bo);
	}
	dma_resv_unlock(drm_gpuvm_resv(base));
	return ret;
}

/**
 * npu_bind_do() - do one operation
 * @bind: object; all that the operation needs is reserved
 * @op: the operation
 *
 * With &npu_vm.lock.
 *
 * Return: 0 or a negative errno.
 */
int npu_bind_do(struct npu_bind *bind, const struct npu_bind_op *op)
{
	const struct drm_npu_vm_bind_op *args = &op->args;

	trace_npu_bind(bind->vm->mmu.asid, args->op, args->handle, args->va, args->size,
		       args->bo_offset, args->flags);
	if (!op->obj)
		return npu_vm_unmap(&bind->update, args->va, args->size);
	return npu_vm_map(&bind->update, op->vm_bo, args->bo_offset, args->va, args->size,
			  args->flags & DRM_NPU_VM_BIND_READONLY);
}
