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
	/* The kernel, too, does not wait for what nobody is to signal. */
	if (!ret && !point) {
		point = sync->target;
		ret = point ? 0 : -EINVAL;
	}
	while (!ret && sync->point < point)
		if (!sim_wait_changed(sim, deadline_ns))
			ret = -ETIME;
	if (sync)
		sim_sync_put(sync);
	pthread_mutex_unlock(&sim->lock);
	return ret;
}
