/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_VM_H__
#define __NPU_VM_H__

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include "npu_mmu.h"

struct dma_fence;
struct drm_device;
struct drm_file;
struct drm_npu_vm_bind;
struct npu_bo;
struct npu_client;
struct npu_device;
struct npu_file;

/** NPU_MAX_VMS - address spaces of a file */
#define NPU_MAX_VMS	64

/**
 * struct npu_vma - a mapping
 */
struct npu_vma {
	/** @base: range, buffer and offset */
	struct drm_gpuva base;

	/** @link: in &npu_vm_update.spare or &npu_vm_update.dead */
	struct list_head link;

	/** @readonly: the device may not write */
	bool readonly;

	/** @seq: &npu_userptr.seq of the pages that are mapped; zero: none */
	unsigned long seq;
};

static inline struct npu_vma *to_npu_vma(struct drm_gpuva *base)
{
	return container_of(base, struct npu_vma, base);
}

/**
 * struct npu_vm - an address space
 *
 * Users are the file that made it, contexts and queued changes. When the last
 * is gone all is unmapped; @base lives on as long as a mapping refers to it.
 *
 * Locks, in this order: @bind_lock, the reservation of @base; and @bind_lock, @lock,
 * &npu_bo.lock. Queued changes are in the path of fences, so nothing is allocated under
 * @lock and &npu_bo.lock, and no reservation is taken.
 */
struct npu_vm {
	/** @base: mappings; its reservation object protects the list of external buffers */
	struct drm_gpuvm base;

	/** @npu: device */
	struct npu_device *npu;

	/** @client: whose it is, referenced */
	struct npu_client *client;

	/** @users: references of those who use the address space */
	struct kref users;

	/** @link: in &npu_device.vms */
	struct list_head link;

	/** @bind_lock: makes changes, and the queueing of changes, one after the other */
	struct mutex bind_lock;

	/** @entity: queue of changes, one after the other */
	struct drm_sched_entity entity;

	/** @last_bind: finished fence of the last queued change, or NULL; under @bind_lock */
	struct dma_fence *last_bind;

	/** @lock: protects mappings in @base, @mmu and @binds */
	struct mutex lock;

	/** @mmu: page tables */
	struct npu_mmu mmu;

	/** @has_userptr: memory of a process was mapped once; never cleared */
	bool has_userptr;

	/**
	 * @userptr_epoch: &npu_device.userptr_epoch when all such memory was found to be
	 * mapped as it should; protected by @lock, read without
	 */
	u64 userptr_epoch;

	/** @binds: &npu_bind.link of changes that are queued */
	struct list_head binds;
};

/**
 * struct npu_vm_update - operations on an address space until they are complete
 */
struct npu_vm_update {
	/** @vm: address space */
	struct npu_vm *vm;

	/** @mmu: changes to page tables */
	struct npu_mmu_update mmu;

	/** @spare: &npu_vma.link of mappings to use */
	struct list_head spare;

	/** @num_spare: entries of @spare */
	u32 num_spare;

	/** @vm_bo: buffer that the running operation maps */
	struct drm_gpuvm_bo *vm_bo;

	/** @vma: mapping that it made */
	struct npu_vma *vma;

	/** @readonly: how it maps it */
	bool readonly;

	/** @dead: &npu_vma.link of mappings, with a reference on their &drm_gpuvm_bo */
	struct list_head dead;
};

/** NPU_VM_MAP_VMAS - mappings that a map operation makes at most: its own, and two that it cuts */
#define NPU_VM_MAP_VMAS		3

/** NPU_VM_UNMAP_VMAS - mappings that an unmap operation makes at most */
#define NPU_VM_UNMAP_VMAS	2

static inline struct npu_vm *npu_vm_get(struct npu_vm *vm)
{
	kref_get(&vm->users);
	return vm;
}

void npu_vm_put(struct npu_vm *vm);
struct npu_vm *npu_vm_lookup(struct npu_file *file, u32 id);
void npu_vm_close_file(struct npu_file *file);
void npu_vm_revoke_all(struct npu_device *npu);
bool npu_vm_zap_bo(struct npu_bo *bo);
void npu_vm_zap_userptr(struct npu_bo *bo);
struct drm_gpuvm_bo *npu_vm_find_bo(const struct npu_vm *vm, struct npu_bo *bo);

void npu_vm_begin(struct npu_vm *vm, struct npu_vm_update *update);
int npu_vm_reserve(struct npu_vm_update *update, const struct npu_mmu_need *need, u32 vmas);
int npu_vm_map(struct npu_vm_update *update, struct drm_gpuvm_bo *vm_bo, u64 offset, u64 va,
	       u64 size, bool readonly);
int npu_vm_unmap(struct npu_vm_update *update, u64 va, u64 size);
void npu_vm_end(struct npu_vm_update *update);
extern const struct drm_gpuvm_ops npu_vm_ops;

int npu_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_vm_bind(struct drm_file *drm_file, struct drm_npu_vm_bind *args, struct dma_fence **fence);
int npu_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_VM_H__ */
