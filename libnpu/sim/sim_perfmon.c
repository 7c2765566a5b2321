// SPDX-License-Identifier: MIT
/* Counters of chosen jobs: DRM_IOCTL_NPU_PERFMON_*. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>

int sim_perfmon_create(struct sim *sim, struct drm_npu_perfmon_create *args)
{
	struct sim_perfmon *perfmon;
	int ret;

	if (args->flags || !args->counters || args->counters >> NPU_CNT_COUNT)
		return -EINVAL;
	perfmon = calloc(1, sizeof(*perfmon));
	if (!perfmon)
		return -ENOMEM;
	perfmon->refs = 1;
	perfmon->counters = args->counters;
	pthread_mutex_lock(&sim->lock);
	ret = sim_table_add(&sim->perfmons, perfmon, &args->id);
	pthread_mutex_unlock(&sim->lock);
	if (ret)
		free(perfmon);
	return ret;
}

void sim_perfmon_put(struct sim_perfmon *perfmon)
{
	if (perfmon && !--perfmon->refs)
		free(perfmon);
}

int sim_perfmon_destroy(struct sim *sim, const struct drm_npu_perfmon_destroy *args)
{
	struct sim_perfmon *perfmon;

	if (args->pad)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	perfmon = sim_table_remove(&sim->perfmons, args->id);
	sim_perfmon_put(perfmon);
	pthread_mutex_unlock(&sim->lock);
	return perfmon ? 0 : -ENOENT;
}

void sim_perfmon_begin_job(struct sim_perfmon *perfmon)
{
	if (perfmon)
		perfmon->pending++;
}

void sim_perfmon_end_job(struct sim_perfmon *perfmon, const struct npu_completion *done)
{
	if (!perfmon)
		return;
	perfmon->pending--;
	if (!done)
		return;
	perfmon->jobs++;
	for (uint32_t i = 0; i < NPU_CNT_COUNT; i++)
		perfmon->values[i] += done->counters[i];
}

static void give(struct sim_perfmon *perfmon, struct drm_npu_perfmon_read *args)
{
	uint64_t *to = (void *)(uintptr_t)args->values;
	bool clear = args->flags & DRM_NPU_PERFMON_READ_CLEAR;

	for (uint32_t i = 0; i < NPU_CNT_COUNT; i++) {
		if (perfmon->counters >> i & 1)
			*to++ = perfmon->values[i];
		if (clear)
			perfmon->values[i] = 0;
	}
	args->jobs = perfmon->jobs;
	args->pending = perfmon->pending;
	if (clear)
		perfmon->jobs = 0;
}

int sim_perfmon_read(struct sim *sim, struct drm_npu_perfmon_read *args)
{
	struct sim_perfmon *perfmon;
	int ret = 0;

	if (args->flags & ~DRM_NPU_PERFMON_READ_CLEAR)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	perfmon = sim_table_get(&sim->perfmons, args->id);
	if (!perfmon) {
		ret = -ENOENT;
	} else if (args->num_values != (uint32_t)__builtin_popcountll(perfmon->counters)) {
		ret = -EINVAL;
	} else {
		perfmon->refs++;
		while (perfmon->pending && sim_wait_changed(sim, args->timeout_ns))
			;
		give(perfmon, args);
		sim_perfmon_put(perfmon);
	}
	pthread_mutex_unlock(&sim->lock);
	return ret;
}
