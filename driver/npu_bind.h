/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_BIND_H__
#define __NPU_BIND_H__

#include <linux/list.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "drm/npu_accel.h"

#include "npu_vm.h"

struct drm_gem_object;

/**
 * struct npu_bind_op - an operation
 */
struct npu_bind_op {
	/** @args: what user space asked for */
	struct drm_npu_vm_bind_op args;

	/** @obj: buffer to map, referenced; NULL to unmap */
	struct drm_gem_object *obj;

	/** @pinned: @obj is pinned */
	bool pinned;

	/** @vm_bo: its place in the address space, referenced; or NULL */
	struct drm_gpuvm_bo *vm_bo;
};

/**
 * struct npu_bind - a call of VM_BIND
 */
struct npu_bind {
	/** @base: scheduler's part; only of what is queued */
	struct drm_sched_job base;

	/** @vm: address space, referenced */
	struct npu_vm *vm;

	/** @link: in &npu_vm.binds while it is queued */
	struct list_head link;

	/** @free_work: frees it where memory reclaim does not wait */
	struct work_struct free_work;

	/** @update: changes */
	struct npu_vm_update update;

	/** @ops: operations */
	struct npu_bind_op *ops;

	/** @count: their number */
	u32 count;
};

struct npu_bind *npu_bind_create(struct npu_vm *vm, const struct drm_npu_vm_bind_op *ops,
				 u32 count);
void npu_bind_free(struct npu_bind *bind);
int npu_bind_obtain_bos(struct npu_bind *bind);
int npu_bind_check_op(const struct npu_device *npu, const struct drm_npu_vm_bind_op *op);
int npu_bind_do(struct npu_bind *bind, const struct npu_bind_op *op);

int npu_bind_init(struct npu_device *npu);
int npu_bind_init_vm(struct npu_vm *vm);
void npu_bind_fini_vm(struct npu_vm *vm);
void npu_bind_revoke(struct npu_vm *vm);
int npu_bind_queue(struct npu_bind *bind, struct drm_file *drm_file,
		   const struct drm_npu_obj_array *syncs, struct dma_fence **fence);

#endif /* __NPU_BIND_H__ */
