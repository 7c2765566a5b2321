// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: queued changes
 *
 * VM_BIND with DRM_NPU_VM_BIND_ASYNC is a job of a drm_gpu_scheduler that has no
 * hardware behind it. Each address space has an entity, so its changes happen in
 * order; a change that waits for fences holds up its own address space only.
 *
 * The ioctl allocates all that the change can need at worst, since nobody knows
 * yet what it will find, and checks all that can be checked. From the moment
 * that its fence can be seen reclaim may wait for it: the change itself allocates
 * nothing, takes no reservation, and no lock that is held over allocations.
 * It can only fail for an unplugged device. What it leaves over is freed by a work
 * item.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "npu_array.h"
#include "npu_bind.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_sync.h"
#include "npu_compat.h"

#define NPU_MAX_BIND_SYNCS	256
#define NPU_BIND_CREDITS	16

static struct npu_bind *to_npu_bind(struct drm_sched_job *base)
{
	return container_of(base, struct npu_bind, base);
}

static int npu_bind_run_locked(struct npu_bind *bind)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < bind->count && !ret; i++)
		ret = npu_bind_do(bind, &bind->ops[i]);
	npu_mmu_flush(&bind->update.mmu);
	npu_mmu_end(&bind->update.mmu);
	return ret;
}

static struct dma_fence *npu_bind_run_job(struct drm_sched_job *base)
{
	struct npu_bind *bind = to_npu_bind(base);
	struct npu_vm *vm = bind->vm;
	bool cookie = dma_fence_begin_signalling();
	int idx, ret = -ENODEV;

	if (drm_dev_enter(&vm->npu->drm, &idx)) {
		scoped_guard(mutex, &vm->lock)
			ret = npu_bind_run_locked(bind);
		drm_dev_exit(idx);
	}
	dma_fence_end_signalling(cookie);
	return ret ? ERR_PTR(ret) : NULL;
}

/*
 * Tables are left if the device was unplugged first. Then either this comes
 * before npu_bind_revoke(), and so before the driver is unbound, or finds none.
 */
static void npu_bind_free_work(struct work_struct *work)
{
	struct npu_bind *bind = container_of(work, struct npu_bind, free_work);

	scoped_guard(mutex, &bind->vm->lock) {
		list_del(&bind->link);
		npu_mmu_end(&bind->update.mmu);
	}
	npu_compat_fence_ended(bind->base.s_fence);
	drm_sched_job_cleanup(&bind->base);
	npu_bind_free(bind);
}

static void npu_bind_free_job(struct drm_sched_job *base)
{
	queue_work(npu_release_wq, &to_npu_bind(base)->free_work);
}

/* Never called: no timeout is set. */
static enum drm_gpu_sched_stat npu_bind_timedout_job(struct drm_sched_job *base)
{
	drm_WARN_ON_ONCE(&to_npu_bind(base)->vm->npu->drm, 1);
	return DRM_GPU_SCHED_STAT_ENODEV;
}

static const struct drm_sched_backend_ops npu_bind_sched_ops = {
	.run_job = npu_bind_run_job,
	.timedout_job = npu_bind_timedout_job,
	.free_job = npu_bind_free_job,
};

static void npu_bind_fini(struct drm_device *drm, void *sched)
{
	drm_sched_fini(sched);
}

/**
 * npu_bind_init() - make the scheduler of changes
 * @npu: device
 *
 * Return: 0 or a negative errno.
 */
int npu_bind_init(struct npu_device *npu)
{
	const struct drm_sched_init_args args = {
		.ops = &npu_bind_sched_ops,
		.num_rqs = 1,
		.credit_limit = NPU_BIND_CREDITS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "npu-bind",
		.dev = npu->drm.dev,
	};
	int ret;

	ret = drm_sched_init(&npu->bind_sched, &args);
	return ret ?: drmm_add_action_or_reset(&npu->drm, npu_bind_fini, &npu->bind_sched);
}

/**
 * npu_bind_init_vm() - make the queue of an address space
 * @vm: address space
 *
 * Return: 0 or -ENOMEM.
 */
int npu_bind_init_vm(struct npu_vm *vm)
{
	struct drm_gpu_scheduler *sched = &vm->npu->bind_sched;

	INIT_LIST_HEAD(&vm->binds);
	return drm_sched_entity_init(&vm->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
}

/**
 * npu_bind_fini_vm() - free the queue of an address space
 * @vm: address space that nobody uses, so nothing is queued
 */
void npu_bind_fini_vm(struct npu_vm *vm)
{
	drm_sched_entity_fini(&vm->entity);
	dma_fence_put(vm->last_bind);
}

/**
 * npu_bind_revoke() - free tables that queued changes wanted to use
 * @vm: address space of a device that is unplugged and stopped, locked
 */
void npu_bind_revoke(struct npu_vm *vm)
{
	struct npu_bind *bind;

	lockdep_assert_held(&vm->lock);
	list_for_each_entry(bind, &vm->binds, link)
		npu_mmu_end(&bind->update.mmu);
}

/* What the changes need whatever they find. */
static int npu_bind_reserve(struct npu_bind *bind)
{
	struct npu_mmu_need need = {};
	u32 i, vmas = 0;

	for (i = 0; i < bind->count; i++) {
		const struct npu_bind_op *op = &bind->ops[i];
		const struct drm_npu_vm_bind_op *args = &op->args;

		if (op->obj) {
			npu_mmu_count_map(NULL, &need, args->va, args->size,
					  npu_gem_pages(to_npu_bo(op->obj), args->bo_offset));
			vmas += NPU_VM_MAP_VMAS;
		} else {
			npu_mmu_count_unmap(NULL, &need, args->va, args->size);
			vmas += NPU_VM_UNMAP_VMAS;
		}
	}
	return npu_vm_reserve(&bind->update, &need, vmas);
}

/* With the reservations of the address space; the scheduler takes over the object. */
static struct dma_fence *npu_bind_push(struct npu_bind *bind)
{
	struct npu_vm *vm = bind->vm;
	struct dma_fence *fence;

	scoped_guard(mutex, &vm->lock)
		list_add_tail(&bind->link, &vm->binds);
	INIT_WORK(&bind->free_work, npu_bind_free_work);
	drm_sched_job_arm(&bind->base);
	fence = dma_fence_get(&bind->base.s_fence->finished);
	drm_sched_entity_push_job(&bind->base);
	return fence;
}

static int npu_bind_commit(struct npu_bind *bind, struct npu_sync_signals *signals,
			   struct dma_fence **fence)
{
	struct npu_vm *vm = bind->vm;
	struct drm_gpuvm_exec exec = {
		.vm = &vm->base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		.num_fences = 1,
	};
	struct drm_sched_job *job = &bind->base;
	struct dma_fence *done;
	int ret;

	ret = drm_gpuvm_exec_lock(&exec);
	if (ret)
		return ret == -EINTR ? -ERESTARTSYS : ret;
	done = npu_bind_push(bind);
	npu_sync_commit(signals, job, done);
	drm_gpuvm_exec_resv_add_fence(&exec, done, DMA_RESV_USAGE_BOOKKEEP,
				      DMA_RESV_USAGE_BOOKKEEP);
	drm_gpuvm_exec_unlock(&exec);
	if (fence)
		*fence = dma_fence_get(done);
	dma_fence_put(vm->last_bind);
	vm->last_bind = done;
	return 0;
}

static int npu_bind_add_syncs(struct npu_bind *bind, struct npu_sync_signals *signals,
			      struct drm_file *drm_file, const struct drm_npu_obj_array *array)
{
	struct drm_npu_sync *syncs __free(kvfree) = NULL;

	syncs = npu_array_read(array, sizeof(*syncs), sizeof(*syncs), NPU_MAX_BIND_SYNCS);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	return npu_sync_add(signals, drm_file, &bind->base, syncs, array->count);
}

/**
 * npu_bind_queue() - queue changes
 * @bind: checked, its buffers pinned and in the address space; the scheduler's if this succeeds
 * @drm_file: file that the handles of @syncs belong to
 * @syncs: what to wait for and to signal
 * @fence: receives the fence of its end, referenced; or NULL
 *
 * With &npu_vm.bind_lock, between drm_dev_enter() and drm_dev_exit().
 *
 * Return: 0 or a negative errno.
 */
int npu_bind_queue(struct npu_bind *bind, struct drm_file *drm_file,
		   const struct drm_npu_obj_array *syncs, struct dma_fence **fence)
{
	struct npu_sync_signals signals;
	int ret;

	lockdep_assert_held(&bind->vm->bind_lock);
	ret = npu_bind_reserve(bind);
	if (ret)
		return ret;
	ret = drm_sched_job_init(&bind->base, &bind->vm->entity, 1, bind->vm, drm_file->client_id);
	if (ret)
		return ret;
	npu_sync_init(&signals);
	ret = npu_bind_add_syncs(bind, &signals, drm_file, syncs);
	if (!ret)
		ret = npu_bind_commit(bind, &signals, fence);
	npu_sync_fini(&signals);
	if (ret)
		drm_sched_job_cleanup(&bind->base);
	return ret;
}
