// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of an address space: mappings and page tables together.
 *
 * drm_gpuvm finds out which mappings an operation replaces or splits, and this
 * file keeps the books with that. Page tables are changed by address range only,
 * as what surrounds the range keeps its entries. An operation allocates all
 * that it needs before it begins, so it is done whole or not at all.
 *
 * Mappings that are gone keep their buffers alive until npu_vm_end() has told
 * the TLB.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include "npu_gem.h"
#include "npu_vm.h"

static void npu_vm_free(struct drm_gpuvm *base)
{
	struct npu_vm *vm = container_of(base, struct npu_vm, base);

	mutex_destroy(&vm->lock);
	kfree(vm);
}

static struct npu_vma *npu_vm_take_spare(struct npu_vm_update *update)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(update->spare); i++) {
		struct npu_vma *vma = update->spare[i];

		if (vma) {
			update->spare[i] = NULL;
			return vma;
		}
	}
	return NULL;
}

static void npu_vm_link(struct npu_vma *vma, struct drm_gpuvm_bo *vm_bo)
{
	guard(mutex)(&to_npu_bo(vm_bo->obj)->lock);
	drm_gpuva_link(&vma->base, vm_bo);
}

/* The last mapping of a buffer may be its last reference: dropped in npu_vm_end(). */
static void npu_vm_bury(struct npu_vm_update *update, struct npu_vma *vma)
{
	struct drm_gem_object *obj = vma->base.gem.obj;

	drm_gem_object_get(obj);
	guard(mutex)(&to_npu_bo(obj)->lock);
	drm_gpuva_unlink(&vma->base);
	list_add(&vma->link, &update->dead);
}

static int npu_vm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct npu_vm_update *update = priv;
	struct npu_vma *vma = npu_vm_take_spare(update);

	vma->readonly = update->readonly;
	drm_gpuva_map(&update->vm->base, &vma->base, &op->map);
	npu_vm_link(vma, update->vm_bo);
	return 0;
}

static int npu_vm_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct npu_vma *vma = to_npu_vma(op->unmap.va);

	drm_gpuva_unmap(&op->unmap);
	npu_vm_bury(priv, vma);
	return 0;
}

static int npu_vm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct npu_vm_update *update = priv;
	struct npu_vma *vma = to_npu_vma(op->remap.unmap->va);
	struct npu_vma *prev = op->remap.prev ? npu_vm_take_spare(update) : NULL;
	struct npu_vma *next = op->remap.next ? npu_vm_take_spare(update) : NULL;

	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, &op->remap);
	if (prev) {
		prev->readonly = vma->readonly;
		npu_vm_link(prev, vma->base.vm_bo);
	}
	if (next) {
		next->readonly = vma->readonly;
		npu_vm_link(next, vma->base.vm_bo);
	}
	npu_vm_bury(update, vma);
	return 0;
}

const struct drm_gpuvm_ops npu_vm_ops = {
	.vm_free = npu_vm_free,
	.sm_step_map = npu_vm_step_map,
	.sm_step_remap = npu_vm_step_remap,
	.sm_step_unmap = npu_vm_step_unmap,
};

/**
 * npu_vm_begin() - begin operations on an address space
 * @vm: address space, locked
 * @update: receives them
 */
void npu_vm_begin(struct npu_vm *vm, struct npu_vm_update *update)
{
	lockdep_assert_held(&vm->lock);
	memset(update, 0, sizeof(*update));
	update->vm = vm;
	npu_mmu_begin(&update->mmu);
	INIT_LIST_HEAD(&update->dead);
}

static int npu_vm_reserve(struct npu_vm_update *update)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(update->spare); i++) {
		if (!update->spare[i])
			update->spare[i] = kzalloc(sizeof(*update->spare[i]), GFP_KERNEL_ACCOUNT);
		if (!update->spare[i])
			return -ENOMEM;
	}
	return 0;
}

/* Finds the buffer's place in the address space; it was allocated for the case that it has none. */
static void npu_vm_obtain_bo(struct npu_vm_update *update, struct drm_gpuvm_bo *vm_bo)
{
	struct npu_bo *bo = to_npu_bo(vm_bo->obj);

	guard(mutex)(&bo->lock);
	update->vm_bo = drm_gpuvm_bo_obtain_prealloc(vm_bo);
	drm_gpuvm_bo_extobj_add(update->vm_bo);
}

static void npu_vm_release_bo(struct npu_vm_update *update)
{
	struct npu_bo *bo = to_npu_bo(update->vm_bo->obj);

	guard(mutex)(&bo->lock);
	drm_gpuvm_bo_put(update->vm_bo);
	update->vm_bo = NULL;
}

/**
 * npu_vm_map() - map part of a buffer, replacing what was mapped
 * @update: operations
 * @bo: buffer, pinned, and referenced by the caller until npu_vm_end()
 * @offset: where in the buffer
 * @va: first address
 * @size: bytes
 * @readonly: the device may not write
 *
 * Return: 0, or -ENOMEM if nothing was done.
 */
int npu_vm_map(struct npu_vm_update *update, struct npu_bo *bo, u64 offset, u64 va, u64 size,
	       bool readonly)
{
	const dma_addr_t *pages = bo->pages + (offset >> PAGE_SHIFT);
	struct drm_gpuvm *base = &update->vm->base;
	struct npu_mmu *mmu = &update->vm->mmu;
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	ret = npu_vm_reserve(update);
	if (!ret)
		ret = npu_mmu_reserve_map(mmu, &update->mmu, va, size, pages);
	if (ret)
		return ret;
	vm_bo = drm_gpuvm_bo_create(base, &bo->base.base);
	if (!vm_bo)
		return -ENOMEM;

	dma_resv_lock(drm_gpuvm_resv(base), NULL);
	npu_vm_obtain_bo(update, vm_bo);
	update->readonly = readonly;
	ret = drm_gpuvm_sm_map(base, update, va, size, &bo->base.base, offset);
	npu_vm_release_bo(update);
	dma_resv_unlock(drm_gpuvm_resv(base));
	if (!ret)
		npu_mmu_map(mmu, &update->mmu, va, size, pages, readonly);
	return ret;
}

/**
 * npu_vm_unmap() - unmap what is mapped in a range
 * @update: operations
 * @va: first address
 * @size: bytes
 *
 * Return: 0, or -ENOMEM if nothing was done.
 */
int npu_vm_unmap(struct npu_vm_update *update, u64 va, u64 size)
{
	struct drm_gpuvm *base = &update->vm->base;
	struct npu_mmu *mmu = &update->vm->mmu;
	int ret;

	ret = npu_vm_reserve(update);
	if (!ret)
		ret = npu_mmu_reserve_unmap(mmu, &update->mmu, va, size);
	if (ret)
		return ret;
	dma_resv_lock(drm_gpuvm_resv(base), NULL);
	ret = drm_gpuvm_sm_unmap(base, update, va, size);
	dma_resv_unlock(drm_gpuvm_resv(base));
	if (!ret)
		npu_mmu_unmap(mmu, &update->mmu, va, size);
	return ret;
}

/**
 * npu_vm_end() - complete operations
 * @update: operations
 *
 * When this returns the device no longer reaches what was unmapped.
 */
void npu_vm_end(struct npu_vm_update *update)
{
	struct npu_vma *vma, *next;
	int i;

	npu_mmu_end(&update->vm->mmu, &update->mmu);
	list_for_each_entry_safe(vma, next, &update->dead, link) {
		drm_gem_object_put(vma->base.gem.obj);
		kfree(vma);
	}
	for (i = 0; i < ARRAY_SIZE(update->spare); i++)
		kfree(update->spare[i]);
}
