// SPDX-License-Identifier: MIT
/*
 * Asynchronous submits by io_uring: a command each, which completes when its jobs
 * have ended. See Documentation/io_uring.rst.
 *
 * The driver reads what a command points to until that completes, perhaps by a worker
 * of io_uring. So all of it lies with the command.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "async_internal.h"
#include "objects.h"

/* There is room for as many as may be under way; false all the same: none. */
static bool put_command(struct npu_async *async, uint32_t op, const void *arg, void *data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&async->ring);
	struct drm_npu_uring_cmd *cmd;

	if (!sqe)
		return false;
	cmd = (void *)sqe->cmd;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = async->device->fd;
	sqe->cmd_op = op;
	cmd->arg = (uintptr_t)arg;
	io_uring_sqe_set_data(sqe, data);
	return true;
}

static int open_ring(struct npu_async *async)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	int ret = io_uring_queue_init_params(async->entries, &async->ring, &params);

	if (ret != -EINVAL)
		return ret;
	/* Kernels before 6.1 know neither. */
	memset(&params, 0, sizeof(params));
	return io_uring_queue_init_params(async->entries, &async->ring, &params);
}

/* A wait for no syncobj fails, one way if the driver knows the command, else another. */
static int try_command(struct npu_async *async)
{
	static const struct drm_npu_uring_wait wait;
	struct io_uring_cqe *cqe;
	int ret;

	if (!put_command(async, DRM_NPU_URING_WAIT, &wait, NULL))
		return -EBUSY;
	ret = io_uring_submit_and_wait(&async->ring, 1);
	if (ret >= 0)
		ret = io_uring_peek_cqe(&async->ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res == -ENOENT ? 0 : -EOPNOTSUPP;
	io_uring_cqe_seen(&async->ring, cqe);
	return ret;
}

int async_uring_open(struct npu_async *async)
{
	int ret = open_ring(async);

	if (ret)
		return ret;
	ret = try_command(async);
	if (ret)
		io_uring_queue_exit(&async->ring);
	return ret;
}

static struct async_op *new_op(struct npu_queue *queue, const struct npu_queue_job *jobs,
			       uint32_t num_jobs, uint32_t num_waits)
{
	size_t num_args = 0, size;
	struct async_op *op;

	for (uint32_t i = 0; i < num_jobs; i++)
		num_args += jobs[i].num_args;
	size = sizeof(*op) + num_jobs * sizeof(*op->jobs) + num_waits * sizeof(*op->syncs) +
	       num_args * sizeof(*op->args);
	op = calloc(1, size);
	if (!op)
		return NULL;
	op->fence = npu_fence_new(queue, num_jobs);
	if (!op->fence) {
		free(op);
		return NULL;
	}
	op->jobs = (void *)(op + 1);
	op->syncs = (void *)(op->jobs + num_jobs);
	op->args = (void *)(op->syncs + num_waits);
	op->submit.context_id = queue->id;
	op->submit.jobs.stride = sizeof(*op->jobs);
	op->submit.jobs.count = num_jobs;
	op->submit.jobs.array = (uintptr_t)op->jobs;
	return op;
}

/* The queue's lock is held. */
static int fill_op(struct npu_queue *queue, struct async_op *op,
		   const struct npu_queue_job *jobs, struct npu_error *err)
{
	struct npu_fence *fence = op->fence;
	struct drm_npu_sync *syncs = op->syncs;
	uint64_t *args = op->args;
	int ret = 0;

	for (uint32_t i = 0; i < fence->num_jobs && !ret; i++) {
		struct drm_npu_job *job = &op->jobs[i];

		ret = npu_submit_fill(queue, job, &jobs[i], syncs, err);
		syncs += jobs[i].num_waits;
		if (!jobs[i].num_args)
			continue;
		memcpy(args, jobs[i].args, jobs[i].num_args * sizeof(*args));
		job->args = (uintptr_t)args;
		args += jobs[i].num_args;
	}
	if (!ret)
		ret = result_pool_take(&queue->results, fence->slots, fence->num_jobs, err);
	for (uint32_t i = 0; i < fence->num_jobs && !ret; i++)
		op->jobs[i].result = fence->slots[i]->va;
	fence->program = op->jobs[0].program;
	return ret;
}

/* None of its jobs will run: nobody has seen the fence. */
static void drop_fence(struct npu_fence *fence)
{
	pthread_mutex_lock(&fence->queue->lock);
	result_pool_put(&fence->queue->results, fence->slots, fence->num_jobs);
	pthread_mutex_unlock(&fence->queue->lock);
	npu_fence_free(fence);
}

static int uring_submit(struct npu_async *async, struct npu_queue *queue,
			const struct npu_queue_job *jobs, uint32_t num_jobs,
			uint32_t num_waits, uint64_t tag, struct npu_error *err)
{
	struct async_op *op = new_op(queue, jobs, num_jobs, num_waits);
	int ret;

	if (!op)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", async->device->path);
	op->tag = tag;
	pthread_mutex_lock(&queue->lock);
	ret = fill_op(queue, op, jobs, err);
	pthread_mutex_unlock(&queue->lock);
	if (ret) {
		npu_fence_free(op->fence);
		free(op);
		return ret;
	}
	if (put_command(async, DRM_NPU_URING_SUBMIT, &op->submit, op))
		return 0;
	drop_fence(op->fence);
	free(op);
	return npu_error_set(err, -EBUSY, "%s: the ring is full: npu_async_flush() empties it",
			     async->device->path);
}

static int uring_failed(const struct npu_async *async, int code, struct npu_error *err)
{
	return npu_error_set(err, code, "%s: io_uring fails: %s", async->device->path,
			     strerror(-code));
}

static int uring_flush(struct npu_async *async, struct npu_error *err)
{
	int ret;

	do
		ret = io_uring_submit(&async->ring);
	while (ret == -EINTR);
	return ret < 0 ? uring_failed(async, ret, err) : 0;
}

static void finish(struct async_op *op, int result, struct npu_async_done *done)
{
	struct npu_fence *fence = op->fence;

	*done = (struct npu_async_done){ .tag = op->tag, .result = result };
	fence->first_seqno = op->submit.first_seqno;
	if (fence->first_seqno) {
		npu_failure_find(fence, &fence->failure);
		fence->ended = true;
		done->fence = fence;
		done->result = fence->failure.code ? fence->failure.code : result;
	} else {
		drop_fence(fence);
	}
	free(op);
}

/* Completions that are there. One that a signal cut short is put in again. */
static uint32_t reap(struct npu_async *async, struct npu_async_done *done, uint32_t max)
{
	struct io_uring_cqe *cqe;
	uint32_t n = 0;

	while (n < max && !io_uring_peek_cqe(&async->ring, &cqe)) {
		struct async_op *op = io_uring_cqe_get_data(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&async->ring, cqe);
		if (result != -EINTR || op->submit.first_seqno ||
		    !put_command(async, DRM_NPU_URING_SUBMIT, &op->submit, op))
			finish(op, result, &done[n++]);
	}
	return n;
}

/* Submit, and sleep until a completion comes or @deadline_ns is there. */
static int enter(struct npu_async *async, int64_t deadline_ns)
{
	struct __kernel_timespec left;
	struct io_uring_cqe *cqe;
	struct timespec now;
	int64_t ns;

	if (deadline_ns == INT64_MAX)
		return io_uring_submit_and_wait(&async->ring, 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = deadline_ns - (now.tv_sec * 1000000000ll + now.tv_nsec);
	if (ns <= 0) {
		int ret = io_uring_submit_and_get_events(&async->ring);

		return ret < 0 ? ret : -ETIME;
	}
	left.tv_sec = ns / 1000000000;
	left.tv_nsec = ns % 1000000000;
	return io_uring_submit_and_wait_timeout(&async->ring, &cqe, 1, &left, NULL);
}

static int uring_wait(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		      int64_t deadline_ns, struct npu_error *err)
{
	uint32_t n;
	int ret;

	do {
		ret = enter(async, deadline_ns);
		n = reap(async, done, max);
		if (n)
			return (int)n;
	} while (ret >= 0 || ret == -EINTR);
	return ret == -ETIME ? ret : uring_failed(async, ret, err);
}

static void uring_close(struct npu_async *async)
{
	io_uring_queue_exit(&async->ring);
}

const struct async_ops async_uring_ops = {
	.submit = uring_submit,
	.flush = uring_flush,
	.wait = uring_wait,
	.close = uring_close,
};
