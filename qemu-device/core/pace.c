// SPDX-License-Identifier: MIT
/*
 * pace=model: a job that is done keeps its cores until the time has passed that
 * the modelled machine would take. Aborts and resets do not wait for it.
 */
#include "device.h"

#include <time.h>

/* Longest sleep: the owner's clock may run slower than the host's, or stand. */
#define SLEEP_MAX	10000000ull

bool npu_pace_holds(struct npu_core *npu, struct npu_run *run)
{
	unsigned __int128 ns = (unsigned __int128)run->counters[NPU_CNT_CYCLES] +
			       run->counters[NPU_CNT_QUEUE_CYCLES];
	uint64_t due = run->start_ns + (uint64_t)(ns * 1000000 / npu->profile.clock_khz);

	if (!npu->paced || run->stop != NPU_STOP_NONE ||
	    npu->ops->clock_ns(npu->opaque) >= due)
		return false;
	run->due_ns = due;
	return true;
}

bool npu_pace_is_due(const struct npu_core *npu, const struct npu_run *run)
{
	return run->due_ns && (run->stop != NPU_STOP_NONE ||
			       npu->ops->clock_ns(npu->opaque) >= run->due_ns);
}

/* Time of the host until the first job is due, if any waits; else zero. */
static uint64_t first_due(const struct npu_core *npu)
{
	uint64_t now = npu->paced ? npu->ops->clock_ns(npu->opaque) : 0, least = 0;

	for (unsigned int q = 0; npu->paced && q < npu->num_queues; q++) {
		uint64_t due = npu->queues[q].run.due_ns, left;

		if (!due)
			continue;
		left = due > now ? due - now : 1;
		if (!least || left < least)
			least = left;
	}
	return least < SLEEP_MAX ? least : SLEEP_MAX;
}

void npu_pace_sleep(struct npu_core *npu)
{
	uint64_t ns = npu->paused ? 0 : first_due(npu);
	struct timespec t;

	if (!ns) {
		pthread_cond_wait(&npu->work, &npu->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += (uint64_t)t.tv_nsec;
	t.tv_sec += (time_t)(ns / 1000000000);
	t.tv_nsec = (long)(ns % 1000000000);
	pthread_cond_timedwait(&npu->work, &npu->lock, &t);
}
