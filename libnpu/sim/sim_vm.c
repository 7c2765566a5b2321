// SPDX-License-Identifier: MIT
/* Address spaces: DRM_IOCTL_NPU_VM_*. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BIND_OPS	4096

/*
 * Tell the machine to forget what it holds of an address space, and wait until
 * it has. Without the lock.
 */
static void invalidate(struct sim *sim, const struct sim_vm *vm)
{
	uint32_t seq, resets;

	pthread_mutex_lock(&sim->lock);
	resets = sim->usage.resets;
	pthread_mutex_unlock(&sim->lock);
	pthread_mutex_lock(&sim->tlb_lock);
	npu_core_write(sim->core, NPU_REG_TLB_CTX, vm->asid);
	npu_core_write(sim->core, NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	seq = npu_core_read(sim->core, NPU_REG_TLB_SEQ);
	pthread_mutex_unlock(&sim->tlb_lock);
	pthread_mutex_lock(&sim->lock);
	/* A full reset forgets everything, and starts to count again. */
	while (resets == sim->usage.resets && !sim->lost &&
	       (int32_t)(npu_core_read(sim->core, NPU_REG_TLB_DONE) - seq) < 0)
		sim_wait_changed(sim, INT64_MAX);
	pthread_mutex_unlock(&sim->lock);
}

static void enter_context(struct sim *sim, struct sim_vm *vm)
{
	struct npu_context *entry = &sim->table[vm->asid];

	entry->page_table = vm->pt.root;
	__atomic_store_n(&entry->flags, NPU_CONTEXT_VALID, __ATOMIC_RELEASE);
}

/* Lock held. */
static int add(struct sim *sim, struct sim_vm *vm, uint32_t *id)
{
	int ret;

	while (vm->asid < SIM_ASIDS && sim->by_asid[vm->asid])
		vm->asid++;
	if (vm->asid == SIM_ASIDS)
		return -ENOSPC;
	ret = sim_table_add(&sim->vms, vm, id);
	if (ret)
		return ret;
	sim->by_asid[vm->asid] = vm;
	vm->serial = ++sim->serial;
	sim->usage.vms++;
	sim->usage.page_table_bytes += sim_page_table_bytes(&vm->pt);
	enter_context(sim, vm);
	return 0;
}

int sim_vm_create(struct sim *sim, struct drm_npu_vm_create *args)
{
	struct sim_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->refs = 1;
	TAILQ_INIT(&vm->jobs);
	ret = sim_page_table_init(&vm->pt, &sim->bus);
	if (ret) {
		free(vm);
		return ret;
	}
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_lock(&sim->lock);
	ret = add(sim, vm, &args->id);
	pthread_mutex_unlock(&sim->lock);
	if (!ret)
		return 0;
	sim_page_table_fini(&vm->pt);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
	return ret;
}

void sim_vm_put(struct sim *sim, struct sim_vm *vm)
{
	if (--vm->refs)
		return;
	sim->table[vm->asid].flags = 0;
	sim->usage.vms--;
	sim->usage.page_table_bytes -= sim_page_table_bytes(&vm->pt);
	TAILQ_INSERT_TAIL(&sim->dead, vm, link);
	pthread_cond_signal(&sim->watch);
}

static void release(struct sim *sim, struct sim_vm *vm)
{
	invalidate(sim, vm);
	pthread_mutex_lock(&sim->lock);
	sim->by_asid[vm->asid] = NULL;
	for (size_t i = 0; i < vm->maps.count; i++)
		sim_bo_put(sim, vm->maps.item[i].bo);
	pthread_mutex_unlock(&sim->lock);
	free(vm->maps.item);
	free(vm->past.item);
	sim_page_table_fini(&vm->pt);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

void sim_vm_reap(struct sim *sim)
{
	struct sim_vm *vm;

	do {
		pthread_mutex_lock(&sim->lock);
		vm = TAILQ_FIRST(&sim->dead);
		if (vm)
			TAILQ_REMOVE(&sim->dead, vm, link);
		pthread_mutex_unlock(&sim->lock);
		if (vm)
			release(sim, vm);
	} while (vm);
}

int sim_vm_destroy(struct sim *sim, const struct drm_npu_vm_destroy *args)
{
	struct sim_vm *vm;

	if (args->pad)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	vm = sim_table_remove(&sim->vms, args->id);
	if (vm)
		sim_vm_put(sim, vm);
	pthread_mutex_unlock(&sim->lock);
	sim_vm_reap(sim);
	return vm ? 0 : -ENOENT;
}

bool sim_vm_ended(const struct sim_vm *vm, uint64_t upto)
{
	const struct sim_job *first = TAILQ_FIRST(&vm->jobs);

	return !first || first->vm_seqno > upto;
}

static int check_range(const struct sim *sim,
		       const struct drm_npu_vm_bind_op *op)
{
	uint64_t end, page = NPU_PAGE_SIZE - 1;

	if (!op->size || (op->size | op->va | op->bo_offset) & page)
		return -EINVAL;
	if (__builtin_add_overflow(op->va, op->size, &end) ||
	    op->va < sim->info.va_start || end > sim->info.va_end)
		return -EINVAL;
	return 0;
}

static int check_op(const struct sim *sim, const struct drm_npu_vm_bind_op *op)
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
	return check_range(sim, op);
}

/* Lock held. */
static int check_bo(const struct sim *sim, const struct sim_vm *vm,
		    const struct drm_npu_vm_bind_op *op)
{
	const struct sim_bo *bo;
	uint64_t end;

	if (op->op != DRM_NPU_VM_BIND_OP_MAP)
		return 0;
	bo = sim_table_get(&sim->bos, op->handle);
	if (!bo)
		return -ENOENT;
	if (bo->exclusive && bo->exclusive != vm->serial)
		return -EINVAL;
	if (__builtin_add_overflow(op->bo_offset, op->size, &end) ||
	    end > bo->size)
		return -EINVAL;
	return 0;
}

/**
 * struct update - operations of one bind
 * @sim: machine
 * @vm: address space, its lock held
 * @cut: what is no longer mapped
 * @stale: the machine may hold what it must forget
 */
struct update {
	struct sim *sim;
	struct sim_vm *vm;
	struct sim_mappings cut;
	bool stale;
};

static int unmap(struct update *up, uint64_t va, uint64_t size)
{
	struct sim_vm *vm = up->vm;
	size_t before = up->cut.count;
	int ret = sim_page_table_unmap(&vm->pt, va, size, &up->stale);

	if (ret)
		return ret;
	pthread_mutex_lock(&up->sim->lock);
	ret = sim_mappings_room(&vm->maps, 2);
	if (!ret)
		ret = sim_mappings_cut(&vm->maps, va, va + size, &up->cut);
	for (size_t i = before; !ret && i < up->cut.count; i++)
		if (!sim_vm_ended(vm, vm->submitted))
			ret = sim_past_add(&vm->past, up->cut.item[i].bo->serial,
					   vm->submitted);
	pthread_mutex_unlock(&up->sim->lock);
	return ret;
}

static int map(struct update *up, const struct drm_npu_vm_bind_op *op)
{
	struct sim_vm *vm = up->vm;
	struct sim_bo *bo;
	int ret = unmap(up, op->va, op->size);

	if (ret)
		return ret;
	pthread_mutex_lock(&up->sim->lock);
	bo = sim_table_get(&up->sim->bos, op->handle);
	if (bo) {
		bo->refs++;
		sim_mappings_add(&vm->maps, (struct sim_mapping){
				 op->va, op->va + op->size, bo });
	}
	pthread_mutex_unlock(&up->sim->lock);
	/* Another thread may have closed it just now. */
	if (!bo)
		return -ENOENT;
	return sim_page_table_map(&vm->pt, op->va, bo->bus + op->bo_offset,
				  op->size,
				  op->flags & DRM_NPU_VM_BIND_READONLY);
}

static void finish(struct update *up)
{
	struct sim *sim = up->sim;

	if (up->stale)
		invalidate(sim, up->vm);
	sim_page_table_settled(&up->vm->pt);
	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; i < up->cut.count; i++)
		sim_bo_put(sim, up->cut.item[i].bo);
	pthread_mutex_unlock(&sim->lock);
	free(up->cut.item);
}

/* Number of operations done; fewer: memory was short. */
static uint32_t bind_all(struct update *up, const struct drm_npu_vm_bind_op *ops,
			 uint32_t count)
{
	uint32_t done;

	for (done = 0; done < count; done++)
		if (ops[done].op == DRM_NPU_VM_BIND_OP_MAP ?
		    map(up, &ops[done]) :
		    unmap(up, ops[done].va, ops[done].size))
			break;
	finish(up);
	return done;
}

/* With a reference to the address space. */
static int bind(struct sim *sim, struct sim_vm *vm, struct drm_npu_vm_bind *args)
{
	const struct drm_npu_vm_bind_op *ops = (void *)(uintptr_t)args->ops.array;
	struct update up = { .sim = sim, .vm = vm };
	uint64_t before;
	uint32_t done;

	pthread_mutex_lock(&vm->lock);
	before = sim_page_table_bytes(&vm->pt);
	done = bind_all(&up, ops, args->ops.count);
	pthread_mutex_lock(&sim->lock);
	sim->usage.page_table_bytes += sim_page_table_bytes(&vm->pt) - before;
	pthread_mutex_unlock(&sim->lock);
	pthread_mutex_unlock(&vm->lock);
	if (done == args->ops.count)
		return 0;
	args->ops.count = done;
	return -ENOMEM;
}

static int check(const struct sim *sim, const struct drm_npu_vm_bind *args)
{
	const struct drm_npu_vm_bind_op *ops = (void *)(uintptr_t)args->ops.array;

	if (args->flags || args->syncs.stride || args->syncs.count ||
	    args->syncs.array || args->ops.stride != sizeof(*ops))
		return -EINVAL;
	if (args->ops.count > MAX_BIND_OPS)
		return -E2BIG;
	for (uint32_t i = 0; i < args->ops.count; i++)
		if (check_op(sim, &ops[i]))
			return -EINVAL;
	return 0;
}

int sim_vm_bind(struct sim *sim, struct drm_npu_vm_bind *args)
{
	const struct drm_npu_vm_bind_op *ops = (void *)(uintptr_t)args->ops.array;
	struct sim_vm *vm;
	int ret = check(sim, args);

	if (ret)
		return ret;
	pthread_mutex_lock(&sim->lock);
	vm = sim_table_get(&sim->vms, args->vm_id);
	if (!vm)
		ret = -ENOENT;
	for (uint32_t i = 0; i < args->ops.count && !ret; i++)
		ret = check_bo(sim, vm, &ops[i]);
	if (!ret)
		vm->refs++;
	pthread_mutex_unlock(&sim->lock);
	if (ret)
		return ret;
	ret = bind(sim, vm, args);
	pthread_mutex_lock(&sim->lock);
	sim_vm_put(sim, vm);
	pthread_mutex_unlock(&sim->lock);
	sim_vm_reap(sim);
	return ret;
}
