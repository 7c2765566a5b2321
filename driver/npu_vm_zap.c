// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a buffer's pages away from the NPU while its mappings stay: a job that
 * uses them then faults. In the path of reclaim, so nothing is allocated.
 */
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "npu_device.h"
#include "npu_gem.h"
#include "npu_tlb.h"
#include "npu_vm.h"
#include "npu_compat.h"

/**
 * npu_vm_find_bo() - find a buffer in an address space
 * @vm: address space
 * @bo: buffer, its list of mappings locked
 *
 * Return: its place there, or NULL.
 */
struct drm_gpuvm_bo *npu_vm_find_bo(const struct npu_vm *vm, struct npu_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;

	lockdep_assert_held(npu_compat_gpuva_lock(&bo->base.base));
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base.base)
		if (vm_bo->vm == &vm->base)
			return vm_bo;
	return NULL;
}

static bool npu_vm_zap_range(struct npu_vm *vm, struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;

	/* Unplugged, or about to be freed. */
	if (!vm->mmu.root)
		return true;
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		if (!npu_mmu_can_zap(&vm->mmu, va->va.addr, va->va.range))
			return false;
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		npu_mmu_zap(&vm->mmu, va->va.addr, va->va.range);
	return true;
}

/*
 * All of the address space is forgotten: a mapping that is just replaced is no longer
 * in the lists, but perhaps not yet flushed.
 */
static bool npu_vm_zap_in(struct npu_vm *vm, struct npu_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	bool zapped = true;

	guard(mutex)(&vm->lock);
	scoped_guard(mutex, npu_compat_gpuva_lock(&bo->base.base)) {
		vm_bo = npu_vm_find_bo(vm, bo);
		if (vm_bo)
			zapped = npu_vm_zap_range(vm, vm_bo);
	}
	if (vm_bo && zapped && !vm->mmu.detached)
		npu_tlb_flush_context(vm->npu, vm->mmu.asid);
	return zapped;
}

static bool npu_vm_is_bound_once(struct npu_bo *bo)
{
	guard(mutex)(npu_compat_gpuva_lock(&bo->base.base));
	return list_empty(&bo->base.base.gpuva.list) ||
	       list_is_singular(&bo->base.base.gpuva.list);
}

static bool npu_vm_zap_all(struct npu_bo *bo)
{
	struct npu_device *npu = to_npu_device(bo->base.base.dev);
	struct npu_vm *vm;
	bool zapped = true;

	guard(mutex)(&npu->vms_lock);
	list_for_each_entry(vm, &npu->vms, link)
		zapped &= npu_vm_zap_in(vm, bo);
	return zapped;
}

/**
 * npu_vm_zap_userptr() - take a process's memory away from the NPU
 * @bo: buffer that no job may use
 *
 * Between drm_dev_enter() and drm_dev_exit(). From all address spaces.
 */
void npu_vm_zap_userptr(struct npu_bo *bo)
{
	drm_WARN_ON_ONCE(bo->base.base.dev, !npu_vm_zap_all(bo));
}

/**
 * npu_vm_zap_bo() - take a buffer's pages away from the NPU
 * @bo: buffer that no job may use
 *
 * Between drm_dev_enter() and drm_dev_exit(). Not if a 2 MiB page covers pages of another
 * mapping too, nor if it is bound in several address spaces: the work must be done whole.
 *
 * Return: whether it was done.
 */
bool npu_vm_zap_bo(struct npu_bo *bo)
{
	return npu_vm_is_bound_once(bo) && npu_vm_zap_all(bo);
}
