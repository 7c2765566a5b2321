// SPDX-License-Identifier: MIT
/* Submitting jobs to a queue. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "drm/npu_accel.h"
#include "perfmon_internal.h"
#include "queue_internal.h"
#include "trace/trace.h"

/**
 * struct submission - one submit on its way to the driver
 * @queue: its queue
 * @num_jobs: number of jobs
 * @jobs: as the driver wants them
 * @syncs: of all jobs, one after the other
 * @fence: for the caller, or NULL
 */
struct submission {
	struct npu_queue *queue;
	uint32_t num_jobs;
	struct drm_npu_job jobs[NPU_QUEUE_MAX_JOBS];
	struct drm_npu_sync *syncs;
	struct npu_fence *fence;
};

int npu_submit_check(const struct npu_queue *queue, const struct npu_queue_job *jobs,
		     uint32_t num_jobs, uint32_t *num_waits, struct npu_error *err)
{
	*num_waits = 0;
	if (!num_jobs || num_jobs > NPU_QUEUE_MAX_JOBS)
		return npu_error_set(err, -EINVAL, "%u jobs in a submit: from 1 to %u are possible",
				     num_jobs, NPU_QUEUE_MAX_JOBS);
	for (uint32_t i = 0; i < num_jobs; i++) {
		if (jobs[i].num_waits > NPU_QUEUE_MAX_WAITS)
			return npu_error_set(err, -EINVAL,
					     "job %u waits for %u fences: at most %u are possible",
					     i, jobs[i].num_waits,
					     NPU_QUEUE_MAX_WAITS);
		for (uint32_t j = 0; j < jobs[i].num_waits; j++)
			if (jobs[i].waits[j]->queue->vm->device->backend !=
			    queue->vm->device->backend)
				return npu_error_set(err, -EXDEV,
						     "job %u on %s waits for a fence of %s, a device of another kind: wait for it on the CPU",
						     i, queue->vm->device->path,
						     jobs[i].waits[j]->queue->vm->device->path);
		if (jobs[i].perfmon && jobs[i].perfmon->device != queue->vm->device)
			return npu_error_set(err, -EXDEV,
					     "job %u adds to counters of another device", i);
		*num_waits += jobs[i].num_waits;
	}
	return 0;
}

int npu_submit_fill(struct npu_queue *queue, struct drm_npu_job *to,
		    const struct npu_queue_job *from, struct drm_npu_sync *syncs,
		    struct npu_error *err)
{
	uint32_t n = 0;

	*to = (struct drm_npu_job){
		.program = from->program,
		.program_size = from->program_size,
		.cores = from->cores,
		.budget = from->budget,
		.args = from->num_args ? (uintptr_t)from->args : 0,
		.num_args = from->num_args,
		.perfmon_id = from->perfmon ? from->perfmon->id : 0,
	};
	for (uint32_t i = 0; i < from->num_waits; i++) {
		const struct npu_fence *wait = from->waits[i];
		int ret;

		/* Without a point it is of an asynchronous submit, which has ended. */
		if (!wait->point)
			continue;
		ret = npu_queue_import(queue, wait->queue, &syncs[n].handle, err);
		if (ret)
			return ret;
		syncs[n].flags = DRM_NPU_SYNC_WAIT | DRM_NPU_SYNC_TIMELINE;
		syncs[n++].timeline_point = wait->point;
	}
	if (n) {
		to->syncs.stride = sizeof(*syncs);
		to->syncs.count = n;
		to->syncs.array = (uintptr_t)syncs;
	}
	return 0;
}

/* @room: for another behind those that the job has, if it has any. */
static void add_signal(struct drm_npu_job *job, struct drm_npu_sync *room,
		       uint32_t handle, uint64_t point)
{
	*room = (struct drm_npu_sync){
		.handle = handle,
		.flags = DRM_NPU_SYNC_SIGNAL | (point ? DRM_NPU_SYNC_TIMELINE : 0),
		.timeline_point = point,
	};
	if (!job->syncs.count)
		job->syncs.array = (uintptr_t)room;
	job->syncs.stride = sizeof(*room);
	job->syncs.count++;
}

/*
 * Jobs of a context run in order: the last one's end is the end of all. Jobs of
 * other queues wait for the timeline. The processor waits for the slot's own
 * syncobj: the kernel tells of a timeline's point only from a second interrupt.
 */
static int add_signals(struct submission *s, struct drm_npu_sync *room)
{
	struct drm_npu_job *last = &s->jobs[s->num_jobs - 1];
	struct npu_queue *queue = s->queue;
	struct result_slot *slot;
	int ret;

	add_signal(last, room, queue->syncobj, queue->point + 1);
	if (!s->fence)
		return 0;
	slot = s->fence->slots[s->num_jobs - 1];
	ret = result_pool_syncobj(&queue->results, slot);
	if (!ret)
		add_signal(last, room + 1, slot->syncobj, 0);
	return ret;
}

static int submit_failed(const struct npu_queue *queue, int code,
			 struct npu_error *err)
{
	const char *path = queue->vm->device->path;

	switch (code) {
	case -EBADFD:
		return npu_error_set(err, code,
				     "%s: the queue is banned because a job of it hung: destroy it and create another",
				     path);
	case -EINVAL:
		return npu_error_set(err, code,
				     "%s: the driver refuses a job: program must be 128-byte aligned, at most %u bytes; cores at most %u; arguments at most %u; budget at most %" PRIu64,
				     path, queue->vm->device->info.program_max,
				     queue->vm->device->info.cores,
				     queue->vm->device->info.max_args,
				     queue->vm->device->info.budget_max);
	default:
		return npu_error_set(err, code, "%s: cannot submit: %s", path,
				     strerror(-code));
	}
}

/* The queue's lock is held, so points reach the driver in rising order. */
static int submit_locked(struct submission *s, struct drm_npu_sync *room, struct npu_error *err)
{
	struct npu_queue *queue = s->queue;
	struct drm_npu_submit submit = {
		.context_id = queue->id,
		.jobs = { sizeof(*s->jobs), s->num_jobs, (uintptr_t)s->jobs },
	};
	struct npu_fence *fence = s->fence;
	int ret = 0;

	if (fence)
		ret = result_pool_take(&queue->results, fence->slots,
				       s->num_jobs, err);
	if (ret)
		return ret;
	for (uint32_t i = 0; fence && i < s->num_jobs; i++)
		s->jobs[i].result = fence->slots[i]->va;
	npu_trace_prepare(queue, s->jobs, s->num_jobs);
	ret = add_signals(s, room);
	if (!ret)
		ret = npu_device_ioctl(queue->vm->device, DRM_IOCTL_NPU_SUBMIT, &submit);
	queue->point += !ret;
	npu_trace_submitted(queue, s->jobs, s->num_jobs, ret, submit.first_seqno, fence);
	if (ret) {
		if (fence)
			result_pool_put(&queue->results, fence->slots,
					s->num_jobs);
		return submit_failed(queue, ret, err);
	}
	if (fence) {
		fence->point = queue->point;
		fence->first_seqno = submit.first_seqno;
		fence->program = s->jobs[0].program;
		for (uint32_t i = 0; i < s->num_jobs; i++)
			fence->counted |= s->jobs[i].perfmon_id != 0;
	}
	return 0;
}

struct npu_fence *npu_fence_new(struct npu_queue *queue, uint32_t num_jobs)
{
	struct npu_fence *fence;

	fence = calloc(1, sizeof(*fence) + num_jobs * sizeof(*fence->slots));
	if (!fence)
		return NULL;
	pthread_mutex_init(&fence->lock, NULL);
	fence->queue = npu_queue_get(queue);
	fence->num_jobs = num_jobs;
	return fence;
}

void npu_fence_free(struct npu_fence *fence)
{
	if (!fence)
		return;
	npu_queue_destroy(fence->queue);
	pthread_mutex_destroy(&fence->lock);
	free(fence);
}

static int submit(struct submission *s, const struct npu_queue_job *jobs,
		  struct npu_error *err)
{
	struct drm_npu_sync *sync = s->syncs;
	int ret = 0;

	pthread_mutex_lock(&s->queue->lock);
	for (uint32_t i = 0; !ret && i < s->num_jobs; i++) {
		ret = npu_submit_fill(s->queue, &s->jobs[i], &jobs[i], sync, err);
		sync += s->jobs[i].syncs.count;
	}
	if (!ret)
		ret = submit_locked(s, sync, err);
	pthread_mutex_unlock(&s->queue->lock);
	return ret;
}

int npu_queue_submit(struct npu_queue *queue, const struct npu_queue_job *jobs,
		     uint32_t num_jobs, struct npu_fence **fence,
		     struct npu_error *err)
{
	struct submission s;	/* not cleared: most of it is never used */
	uint32_t num_waits;
	int ret = npu_submit_check(queue, jobs, num_jobs, &num_waits, err);

	if (ret)
		return ret;
	s.queue = queue;
	s.num_jobs = num_jobs;
	s.fence = NULL;
	s.syncs = calloc(num_waits + 2, sizeof(*s.syncs));
	if (s.syncs && fence)
		s.fence = npu_fence_new(queue, num_jobs);
	if (!s.syncs || (fence && !s.fence))
		ret = npu_error_set(err, -ENOMEM, "%s: out of memory",
				    queue->vm->device->path);
	if (!ret)
		ret = submit(&s, jobs, err);
	free(s.syncs);
	if (ret)
		npu_fence_free(s.fence);
	else if (fence)
		*fence = s.fence;
	return ret;
}

/* Slots of a job that may still run must not be used again. */
void npu_fence_destroy(struct npu_fence *fence)
{
	struct npu_error err = { 0 };
	struct npu_failure failure;

	if (!fence)
		return;
	npu_fence_result(fence, -1, &failure, &err);
	if (fence->ended) {
		npu_trace_settle(fence);
		pthread_mutex_lock(&fence->queue->lock);
		result_pool_put(&fence->queue->results, fence->slots,
				fence->num_jobs);
		pthread_mutex_unlock(&fence->queue->lock);
	}
	npu_fence_free(fence);
}
