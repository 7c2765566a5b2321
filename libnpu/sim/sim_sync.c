// SPDX-License-Identifier: MIT
/* Timelines, and binary syncobjs, which are timelines that count by themselves. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>

int sim_sync_create(struct sim *sim, uint32_t *handle)
{
	struct sim_sync *sync = calloc(1, sizeof(*sync));
	int ret;

	if (!sync)
		return -ENOMEM;
	sync->refs = 1;
	pthread_mutex_lock(&sim->lock);
	ret = sim_table_add(&sim->syncs, sync, handle);
	pthread_mutex_unlock(&sim->lock);
	if (ret)
		free(sync);
	return ret;
}

void sim_sync_put(struct sim_sync *sync)
{
	if (--sync->refs)
		return;
	if (sync->link)
		sync->link->sync = NULL;
	free(sync);
}

void sim_sync_destroy(struct sim *sim, uint32_t handle)
{
	struct sim_sync *sync;

	pthread_mutex_lock(&sim->lock);
	sync = sim_table_remove(&sim->syncs, handle);
	if (sync)
		sim_sync_put(sync);
	pthread_mutex_unlock(&sim->lock);
}

int sim_sync_wait(struct sim *sim, uint32_t handle, uint64_t point,
		  int64_t deadline_ns)
{
	struct sim_sync *sync;
	int ret = 0;

	pthread_mutex_lock(&sim->lock);
	sync = sim_table_get(&sim->syncs, handle);
	if (sync)
		sync->refs++;
	else
		ret = -ENOENT;
	while (!ret && sync->point < point)
		if (!sim_wait_changed(sim, deadline_ns))
			ret = -ETIME;
	if (sync)
		sim_sync_put(sync);
	pthread_mutex_unlock(&sim->lock);
	return ret;
}

/* Lock held. The index of one that has come to its target, or @count. */
static uint32_t find_signalled(struct sim_sync *const *syncs, const uint64_t *targets,
			       uint32_t count)
{
	uint32_t i = 0;

	while (i < count && syncs[i]->point < targets[i])
		i++;
	return i;
}

/* Lock held. The kernel, too, does not wait for what nobody is to signal. */
static int find_syncs(struct sim *sim, const uint32_t *handles, uint32_t count,
		      struct sim_sync **syncs, uint64_t *targets)
{
	for (uint32_t i = 0; i < count; i++) {
		syncs[i] = sim_table_get(&sim->syncs, handles[i]);
		if (!syncs[i])
			return -ENOENT;
		if (!syncs[i]->target)
			return -EINVAL;
		targets[i] = syncs[i]->target;
	}
	return 0;
}

int sim_sync_wait_any(struct sim *sim, const uint32_t *handles, uint32_t count,
		      int64_t deadline_ns, uint32_t *first)
{
	struct sim_sync **syncs = calloc(count, sizeof(*syncs) + sizeof(uint64_t));
	uint64_t *targets;
	int ret;

	if (!syncs)
		return -ENOMEM;
	targets = (uint64_t *)(syncs + count);
	pthread_mutex_lock(&sim->lock);
	ret = find_syncs(sim, handles, count, syncs, targets);
	for (uint32_t i = 0; i < count && !ret; i++)
		syncs[i]->refs++;
	if (!ret) {
		while ((*first = find_signalled(syncs, targets, count)) == count && !ret)
			if (!sim_wait_changed(sim, deadline_ns))
				ret = -ETIME;
		for (uint32_t i = 0; i < count; i++)
			sim_sync_put(syncs[i]);
	}
	pthread_mutex_unlock(&sim->lock);
	free(syncs);
	return ret;
}
