// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: made, found, and taken apart.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "npu_bind.h"
#include "npu_client.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_shrinker.h"
#include "npu_tlb.h"
#include "npu_vm.h"
#include "npu_compat.h"

/* The device reads the entry when a job begins; it is not valid yet or any more. */
static void npu_vm_set_entry(struct npu_vm *vm, bool valid)
{
	struct npu_context *entry = &vm->npu->contexts[vm->mmu.asid];

	if (!valid) {
		WRITE_ONCE(entry->flags, 0);
		return;
	}
	entry->page_table = npu_mmu_root(&vm->mmu);
	dma_wmb(); /* the table before the flag that makes it count */
	WRITE_ONCE(entry->flags, NPU_CONTEXT_VALID);
}

static void npu_vm_unmap_all(struct npu_vm *vm)
{
	struct npu_vm_update update;
	struct drm_gpuva *va, *next;

	npu_vm_begin(vm, &update);
	scoped_guard(mutex, &vm->lock) {
		drm_gpuvm_for_each_va_safe(va, next, &vm->base) {
			struct drm_gpuva_op op = { .op = DRM_GPUVA_OP_UNMAP, .unmap.va = va };

			npu_vm_ops.sm_step_unmap(&op, &update);
		}
		npu_mmu_fini(&vm->mmu);
	}
	npu_vm_end(&update);
}

static void npu_vm_release(struct kref *users)
{
	struct npu_vm *vm = container_of(users, struct npu_vm, users);
	struct npu_device *npu = vm->npu;
	int idx;

	if (drm_dev_enter(&npu->drm, &idx)) {
		npu_vm_set_entry(vm, false);
		npu_tlb_flush_context(npu, vm->mmu.asid);
		drm_dev_exit(idx);
	}
	/* No job is left that could use it, and no entry to find it by. */
	vm->mmu.detached = true;
	npu_vm_unmap_all(vm);
	scoped_guard(mutex, &npu->vms_lock)
		list_del(&vm->link);
	npu_bind_fini_vm(vm);
	ida_free(&npu->asids, vm->mmu.asid);
	atomic_dec(&npu->stats.vms);
	drm_gpuvm_put(&vm->base);
}

/**
 * npu_vm_put() - drop a user's reference
 * @vm: address space
 *
 * May sleep.
 */
void npu_vm_put(struct npu_vm *vm)
{
	kref_put(&vm->users, npu_vm_release);
}

/**
 * npu_vm_lookup() - find an address space
 * @file: file
 * @id: its id there
 *
 * Return: address space, referenced, or NULL.
 */
struct npu_vm *npu_vm_lookup(struct npu_file *file, u32 id)
{
	struct npu_vm *vm;

	xa_lock(&file->vms);
	vm = xa_load(&file->vms, id);
	if (vm)
		npu_vm_get(vm);
	xa_unlock(&file->vms);
	return vm;
}

/**
 * npu_vm_close_file() - drop a file's address spaces
 * @file: file that is closed
 */
void npu_vm_close_file(struct npu_file *file)
{
	struct npu_vm *vm;
	unsigned long id;

	xa_for_each(&file->vms, id, vm) {
		xa_erase(&file->vms, id);
		npu_vm_put(vm);
	}
}

/**
 * npu_vm_revoke_all() - free all page tables
 * @npu: device, unplugged and stopped
 *
 * The DMA API must not be used when the driver is no longer bound.
 */
void npu_vm_revoke_all(struct npu_device *npu)
{
	struct npu_vm *vm;

	guard(mutex)(&npu->vms_lock);
	list_for_each_entry(vm, &npu->vms, link) {
		guard(mutex)(&vm->lock);
		npu_bind_revoke(vm);
		npu_mmu_fini(&vm->mmu);
	}
}

static int npu_vm_init_mmu(struct npu_vm *vm)
{
	struct npu_device *npu = vm->npu;
	int asid, ret;

	asid = ida_alloc_max(&npu->asids, npu->num_contexts - 1, GFP_KERNEL_ACCOUNT);
	if (asid < 0)
		return asid;
	ret = npu_mmu_init(&vm->mmu, npu, asid, &vm->client->mmu);
	if (ret)
		ida_free(&npu->asids, asid);
	return ret;
}

static struct npu_vm *npu_vm_create(struct npu_device *npu, struct npu_client *client)
{
	struct drm_gem_object *root;
	struct npu_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	root = drm_gpuvm_resv_object_alloc(&npu->drm);
	if (!root) {
		kfree(vm);
		return ERR_PTR(-ENOMEM);
	}
	vm->npu = npu;
	vm->client = npu_client_get(client);
	kref_init(&vm->users);
	mutex_init(&vm->bind_lock);
	mutex_init(&vm->lock);
	npu_shrinker_might_lock(&vm->lock);
	drm_gpuvm_init(&vm->base, "npu", DRM_GPUVM_RESV_PROTECTED | DRM_GPUVM_IMMEDIATE_MODE,
		       &npu->drm, root, npu->info.va_start,
		       npu->info.va_end - npu->info.va_start, 0, 0, &npu_vm_ops);
	drm_gem_object_put(root);
	ret = npu_bind_init_vm(vm);
	if (!ret)
		ret = npu_vm_init_mmu(vm);
	if (ret) {
		drm_gpuvm_put(&vm->base);
		return ERR_PTR(ret);
	}
	npu_vm_set_entry(vm, true);
	atomic_inc(&npu->stats.vms);
	guard(mutex)(&npu->vms_lock);
	list_add(&vm->link, &npu->vms);
	return vm;
}

/**
 * npu_ioctl_vm_create() - DRM_IOCTL_NPU_VM_CREATE
 * @drm: device
 * @data: &struct drm_npu_vm_create
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_vm_create *args = data;
	struct npu_vm *vm;
	int idx, ret;
	u32 id;

	if (args->flags)
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	vm = npu_vm_create(to_npu_device(drm), file->client);
	drm_dev_exit(idx);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	/* Once it has an id another thread may destroy it. */
	ret = xa_alloc(&file->vms, &id, vm, XA_LIMIT(1, NPU_MAX_VMS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		npu_vm_put(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	args->id = id;
	return 0;
}

/**
 * npu_ioctl_vm_destroy() - DRM_IOCTL_NPU_VM_DESTROY
 * @drm: device
 * @data: &struct drm_npu_vm_destroy
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_vm_destroy *args = data;
	struct npu_vm *vm;

	if (args->pad)
		return -EINVAL;
	vm = xa_erase(&file->vms, args->id);
	if (!vm)
		return -ENOENT;
	npu_vm_put(vm);
	return 0;
}
