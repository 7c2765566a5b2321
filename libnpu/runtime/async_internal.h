/* SPDX-License-Identifier: MIT */
/* Asynchronous submits, as their own files see them. */
#ifndef NPU_RUNTIME_ASYNC_INTERNAL_H
#define NPU_RUNTIME_ASYNC_INTERNAL_H

#include <liburing.h>
#include <pthread.h>
#include <stdbool.h>

#include <npu/async.h>

#include "drm/npu_accel.h"
#include "queue_internal.h"

/**
 * struct async_op - a submit
 * @next: in &npu_async.first, by ioctls
 * @tag: the caller's
 * @fence: of its jobs, or NULL
 * @result: by ioctls, without @fence: why it was refused
 * @submit: by io_uring, as are the rest: what the driver reads until the end
 * @jobs: its jobs
 * @syncs: what they wait for
 * @args: their arguments
 */
struct async_op {
	struct async_op *next;
	uint64_t tag;
	struct npu_fence *fence;
	int result;
	struct drm_npu_submit submit;
	struct drm_npu_job *jobs;
	struct drm_npu_sync *syncs;
	uint64_t *args;
};

/**
 * struct async_ops - one way to the driver
 * @submit: add a submit, whose jobs are checked
 * @flush: see npu_async_flush()
 * @wait: see npu_async_wait(); something is under way
 * @close: nothing is under way
 */
struct async_ops {
	int (*submit)(struct npu_async *async, struct npu_queue *queue,
		      const struct npu_queue_job *jobs, uint32_t num_jobs,
		      uint32_t num_waits, uint64_t tag, struct npu_error *err);
	int (*flush)(struct npu_async *async, struct npu_error *err);
	int (*wait)(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		    int64_t deadline_ns, struct npu_error *err);
	void (*close)(struct npu_async *async);
};

/**
 * struct npu_async - submits under way
 * @device: holds a reference
 * @ops: how they reach the driver
 * @owner: the thread that may use it
 * @entries: that may be under way
 * @in_flight: that are
 * @first: by ioctls: those under way, in order
 * @last: end of that list
 * @ring: by io_uring
 */
struct npu_async {
	struct npu_device *device;
	const struct async_ops *ops;
	pthread_t owner;
	uint32_t entries;
	uint32_t in_flight;
	struct async_op *first, **last;
	struct io_uring ring;
};

extern const struct async_ops async_ioctl_ops, async_uring_ops;

/* 0, or why this process cannot reach the driver by io_uring. */
int async_uring_open(struct npu_async *async);

#endif /* NPU_RUNTIME_ASYNC_INTERNAL_H */
