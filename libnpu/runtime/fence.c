// SPDX-License-Identifier: MIT
/* Waiting for jobs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue_internal.h"

uint32_t npu_fence_syncobj(const struct npu_fence *fence)
{
	return fence->slots[fence->num_jobs - 1]->syncobj;
}

static int wait_last(struct npu_fence *fence, int64_t timeout_ns,
		     struct npu_error *err)
{
	const struct npu_device *device = fence->queue->vm->device;
	uint32_t handle = npu_fence_syncobj(fence), first;
	int ret = device->backend->sync_wait_any(device, &handle, 1,
						 npu_deadline(timeout_ns), &first);

	if (!ret)
		return 0;
	if (ret == -ETIME)
		return npu_error_set(err, ret, "%s: jobs have not ended yet",
				     device->path);
	return npu_error_set(err, ret, "%s: cannot wait for jobs: %s",
			     device->path, strerror(-ret));
}

/*
 * The device writes a job's record when all else of the job is in memory. Those who
 * find it need not ask the driver, which learns of the end by an interrupt. How a
 * job failed the driver must be asked anyway, and it adds up counters.
 */
static bool records_say_done(struct npu_fence *fence)
{
	for (uint32_t i = fence->num_jobs; i-- > 0; ) {
		const struct npu_completion *record = npu_fence_completion(fence, i);

		if (!record || record->status != NPU_JOB_DONE)
			return false;
	}
	return !fence->counted;
}

bool npu_fence_has_ended(struct npu_fence *fence)
{
	bool ended;

	pthread_mutex_lock(&fence->lock);
	ended = fence->ended;
	pthread_mutex_unlock(&fence->lock);
	return ended || records_say_done(fence);
}

int npu_fence_result(struct npu_fence *fence, int64_t timeout_ns,
		     struct npu_failure *failure, struct npu_error *err)
{
	int ret;

	failure->code = 0;
	ret = npu_fence_has_ended(fence) ? 0 : wait_last(fence, timeout_ns, err);
	if (ret)
		return ret;
	pthread_mutex_lock(&fence->lock);
	if (!fence->ended) {
		npu_failure_find(fence, &fence->failure);
		fence->ended = true;
	}
	*failure = fence->failure;
	pthread_mutex_unlock(&fence->lock);
	return failure->code;
}

int npu_fence_wait(struct npu_fence *fence, int64_t timeout_ns,
		   struct npu_error *err)
{
	struct npu_failure failure;
	int ret = npu_fence_result(fence, timeout_ns, &failure, err);

	if (failure.code)
		npu_failure_error(&failure, fence->num_jobs, NULL, err);
	return ret;
}

const struct npu_completion *npu_fence_completion(struct npu_fence *fence,
						  uint32_t job)
{
	const struct npu_completion *record;

	if (job >= fence->num_jobs)
		return NULL;
	record = fence->slots[job]->record;
	if (__atomic_load_n(&record->id, __ATOMIC_ACQUIRE) !=
	    fence->first_seqno + job)
		return NULL;
	return record;
}
