// SPDX-License-Identifier: MIT
/* Buffers. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int check_size(const struct sim *sim, uint64_t size)
{
	uint64_t pages = sysconf(_SC_PHYS_PAGES);
	uint64_t page = sysconf(_SC_PAGESIZE);

	if (!size || size > sim->info.va_end - sim->info.va_start)
		return -EINVAL;
	return size / page > pages ? -ENOMEM : 0;
}

int sim_bo_add(struct sim *sim, struct sim_bo *bo, uint32_t *handle)
{
	int ret = sim_table_add(&sim->bos, bo, handle);

	if (ret)
		return ret;
	bo->serial = ++sim->serial;
	sim->usage.bo_bytes += bo->size;
	sim->usage.bo_count++;
	return 0;
}

/* Lock held. */
static int add(struct sim *sim, struct sim_bo *bo,
	       struct drm_npu_bo_create *args)
{
	const struct sim_vm *vm;

	if (args->exclusive_vm_id) {
		vm = sim_table_get(&sim->vms, args->exclusive_vm_id);
		if (!vm)
			return -ENOENT;
		bo->exclusive = vm->serial;
	}
	return sim_bo_add(sim, bo, &args->handle);
}

int sim_bo_create(struct sim *sim, struct drm_npu_bo_create *args)
{
	int ret = check_size(sim, args->size);
	struct sim_bo *bo;

	if (args->flags || args->pad)
		return -EINVAL;
	if (ret)
		return ret;
	bo = calloc(1, sizeof(*bo));
	if (!bo)
		return -ENOMEM;
	bo->refs = 1;
	bo->share = -1;
	bo->size = (args->size + NPU_PAGE_SIZE - 1) & ~(NPU_PAGE_SIZE - 1);
	if (!sim_bus_alloc(&sim->bus, bo->size, &bo->bus)) {
		free(bo);
		return -ENOMEM;
	}
	pthread_mutex_lock(&sim->lock);
	ret = add(sim, bo, args);
	pthread_mutex_unlock(&sim->lock);
	if (ret) {
		sim_bus_free(&sim->bus, bo->bus, bo->size);
		free(bo);
		return ret;
	}
	args->size = bo->size;
	return 0;
}

void sim_bo_put(struct sim *sim, struct sim_bo *bo)
{
	if (--bo->refs)
		return;
	sim->usage.bo_bytes -= bo->size;
	sim->usage.bo_count--;
	if (bo->share >= 0)
		close(bo->share);
	sim_bus_free(&sim->bus, bo->bus, bo->size);
	free(bo);
}

int sim_bo_close(struct sim *sim, uint32_t handle)
{
	struct sim_bo *bo;

	pthread_mutex_lock(&sim->lock);
	bo = sim_table_remove(&sim->bos, handle);
	if (bo)
		sim_bo_put(sim, bo);
	pthread_mutex_unlock(&sim->lock);
	return bo ? 0 : -EINVAL;
}

int sim_bo_data(struct sim *sim, uint32_t handle, void **data)
{
	const struct sim_bo *bo;

	pthread_mutex_lock(&sim->lock);
	bo = sim_table_get(&sim->bos, handle);
	if (bo)
		*data = sim_bus_at(&sim->bus, bo->bus);
	pthread_mutex_unlock(&sim->lock);
	return bo ? 0 : -ENOENT;
}

/* Last jobs that may use a buffer, by address space; zero: none. */
struct users {
	uint64_t vm[SIM_ASIDS], upto[SIM_ASIDS];
};

static void find_users(const struct sim *sim, const struct sim_bo *bo,
		       struct users *users)
{
	for (unsigned int i = 0; i < SIM_ASIDS; i++) {
		const struct sim_vm *vm = sim->by_asid[i];

		if (!vm)
			continue;
		users->vm[i] = vm->serial;
		users->upto[i] = sim_mappings_has(&vm->maps, bo) ?
				 vm->submitted :
				 sim_past_find(&vm->past, bo->serial);
	}
}

static bool all_ended(const struct sim *sim, const struct users *users)
{
	for (unsigned int i = 0; i < SIM_ASIDS; i++) {
		const struct sim_vm *vm = sim->by_asid[i];

		if (vm && vm->serial == users->vm[i] &&
		    !sim_vm_ended(vm, users->upto[i]))
			return false;
	}
	return true;
}

bool sim_bo_idle(const struct sim *sim, const struct sim_bo *bo)
{
	struct users users = { 0 };

	find_users(sim, bo, &users);
	return all_ended(sim, &users);
}

int sim_bo_wait(struct sim *sim, const struct drm_npu_bo_wait *args)
{
	struct users users = { 0 };
	const struct sim_bo *bo;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	bo = sim_table_get(&sim->bos, args->handle);
	if (bo)
		find_users(sim, bo, &users);
	else
		ret = -ENOENT;
	while (!ret && !all_ended(sim, &users))
		if (!sim_wait_changed(sim, args->timeout_ns))
			ret = -ETIMEDOUT;
	pthread_mutex_unlock(&sim->lock);
	return ret;
}
