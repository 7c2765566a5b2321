// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of an address space: mappings and page tables together.
 *
 * drm_gpuvm finds out which mappings an operation replaces or splits, and this
 * file keeps the books with that. Page tables are changed by address range only,
 * as what surrounds the range keeps its entries. All that an operation needs is
 * allocated before it begins, so it is done whole or not at all, and the same
 * code serves for changes that are queued, where nothing may be allocated.
 *
 * Mappings that are gone keep their buffers alive until the TLB was told.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include "npu_client.h"
#include "npu_gem.h"
#include "npu_userptr.h"
#include "npu_vm.h"
#include "npu_compat.h"

static void npu_vm_free(struct drm_gpuvm *base)
{
	struct npu_vm *vm = container_of(base, struct npu_vm, base);

	mutex_destroy(&vm->lock);
	mutex_destroy(&vm->bind_lock);
	npu_client_put(vm->client);
	kfree(vm);
}

static struct npu_vma *npu_vm_take_spare(struct npu_vm_update *update)
{
	struct npu_vma *vma = list_first_entry(&update->spare, struct npu_vma, link);

	list_del_init(&vma->link);
	update->num_spare--;
	return vma;
}

static void npu_vm_link(struct npu_vma *vma, struct drm_gpuvm_bo *vm_bo)
{
	guard(mutex)(npu_compat_gpuva_lock(vm_bo->obj));
	drm_gpuva_link(&vma->base, vm_bo);
}

/* The last mapping of a buffer may be its last reference: dropped in npu_vm_end(). */
static void npu_vm_bury(struct npu_vm_update *update, struct npu_vma *vma)
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_get(vma->base.vm_bo);

	scoped_guard(mutex, npu_compat_gpuva_lock(vm_bo->obj))
		drm_gpuva_unlink(&vma->base);
	vma->base.vm_bo = vm_bo;
	list_add(&vma->link, &update->dead);
}

static int npu_vm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct npu_vm_update *update = priv;
	struct npu_vma *vma = npu_vm_take_spare(update);

	vma->readonly = update->readonly;
	update->vma = vma;
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
		prev->seq = vma->seq;
		npu_vm_link(prev, vma->base.vm_bo);
	}
	if (next) {
		next->readonly = vma->readonly;
		next->seq = vma->seq;
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
 * @vm: address space
 * @update: receives them
 */
void npu_vm_begin(struct npu_vm *vm, struct npu_vm_update *update)
{
	memset(update, 0, sizeof(*update));
	update->vm = vm;
	npu_mmu_begin(&vm->mmu, &update->mmu);
	INIT_LIST_HEAD(&update->spare);
	INIT_LIST_HEAD(&update->dead);
}

/**
 * npu_vm_reserve() - allocate what operations will need
 * @update: operations
 * @need: for page tables
 * @vmas: mappings
 *
 * Between drm_dev_enter() and drm_dev_exit(). What is left from earlier calls
 * counts.
 *
 * Return: 0 or -ENOMEM.
 */
int npu_vm_reserve(struct npu_vm_update *update, const struct npu_mmu_need *need, u32 vmas)
{
	struct npu_vma *vma;

	while (update->num_spare < vmas) {
		vma = kzalloc(sizeof(*vma), GFP_KERNEL_ACCOUNT);
		if (!vma)
			return -ENOMEM;
		list_add(&vma->link, &update->spare);
		update->num_spare++;
	}
	return npu_mmu_reserve(&update->mmu, need);
}

/**
 * npu_vm_map() - map part of a buffer, replacing what was mapped
 * @update: operations, reserved; the address space is locked
 * @vm_bo: buffer, pinned, in this address space
 * @offset: where in the buffer
 * @va: first address
 * @size: bytes
 * @readonly: the device may not write
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_map(struct npu_vm_update *update, struct drm_gpuvm_bo *vm_bo, u64 offset, u64 va,
	       u64 size, bool readonly)
{
	struct npu_bo *bo = to_npu_bo(vm_bo->obj);
	struct npu_vm *vm = update->vm;
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = va,
		.map.va.range = size,
		.map.gem.obj = vm_bo->obj,
		.map.gem.offset = offset,
	};
	int ret;

	lockdep_assert_held(&vm->lock);
	update->vm_bo = vm_bo;
	update->readonly = readonly;
	ret = drm_gpuvm_sm_map(&vm->base, update, &req);
	if (ret)
		return ret;
	if (bo->userptr)
		npu_userptr_map(update, update->vma, bo);
	else
		npu_mmu_map(&update->mmu, va, size, npu_gem_pages(bo, offset),
			    readonly ? NPU_MMU_READONLY : 0);
	return 0;
}

/**
 * npu_vm_unmap() - unmap what is mapped in a range
 * @update: operations, reserved; the address space is locked
 * @va: first address
 * @size: bytes
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_unmap(struct npu_vm_update *update, u64 va, u64 size)
{
	struct npu_vm *vm = update->vm;
	int ret;

	lockdep_assert_held(&vm->lock);
	ret = drm_gpuvm_sm_unmap(&vm->base, update, va, size);
	if (!ret)
		npu_mmu_unmap(&update->mmu, va, size);
	return ret;
}

static void npu_vm_free_list(struct list_head *list)
{
	struct npu_vma *vma, *next;

	list_for_each_entry_safe(vma, next, list, link)
		kfree(vma);
	INIT_LIST_HEAD(list);
}

/* The list of external buffers changes with the last mapping. */
static void npu_vm_put_dead_bos(struct npu_vm_update *update)
{
	struct npu_vma *vma;

	if (list_empty(&update->dead))
		return;
	dma_resv_lock(drm_gpuvm_resv(&update->vm->base), NULL);
	list_for_each_entry(vma, &update->dead, link) {
		struct drm_gem_object *obj = vma->base.gem.obj;

		drm_gem_object_get(obj);
		guard(mutex)(npu_compat_gpuva_lock(obj));
		drm_gpuvm_bo_put(vma->base.vm_bo);
	}
	dma_resv_unlock(drm_gpuvm_resv(&update->vm->base));
	/* Their last references: not under locks that freeing them may need. */
	list_for_each_entry(vma, &update->dead, link)
		drm_gem_object_put(vma->base.gem.obj);
}

/**
 * npu_vm_end() - complete operations
 * @update: operations; the TLB was told, and npu_mmu_end() called
 *
 * Without &npu_vm.lock.
 */
void npu_vm_end(struct npu_vm_update *update)
{
	npu_vm_put_dead_bos(update);
	npu_vm_free_list(&update->dead);
	npu_vm_free_list(&update->spare);
}
