/* SPDX-License-Identifier: MIT */
/*
 * Many submits under way, and their ends as they become known.
 *
 * Jobs go to queues as with npu_queue_submit(), but are collected first and given
 * to the driver together, by one system call, which waits for ends as well. It goes
 * by io_uring where kernel and driver have it, else by an ioctl a submit and
 * syncobjs: the same calls, the same results.
 *
 * Unlike other objects an npu_async belongs to the thread that created it.
 */
#ifndef NPU_ASYNC_H
#define NPU_ASYNC_H

#include <stdint.h>

#include <npu/device.h>
#include <npu/error.h>
#include <npu/fence.h>
#include <npu/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_ASYNC_MAX_ENTRIES 4096

struct npu_async;

/** enum npu_async_way - how submits reach the driver */
enum npu_async_way {
	/** @NPU_ASYNC_ANY: io_uring if it works, else ioctls */
	NPU_ASYNC_ANY = 0,

	/** @NPU_ASYNC_URING: io_uring or nothing */
	NPU_ASYNC_URING,

	/** @NPU_ASYNC_IOCTL: ioctls and syncobjs */
	NPU_ASYNC_IOCTL,
};

/**
 * struct npu_async_options - what it is like; all zero is the default
 * @way: enum npu_async_way
 * @entries: submits that may be under way, at most NPU_ASYNC_MAX_ENTRIES; 0: 64
 */
struct npu_async_options {
	uint32_t way;
	uint32_t entries;
};

/**
 * struct npu_async_done - the end of one submit
 * @tag: what the submit was given
 * @result: 0, or a negative errno: the first failed job's, as of npu_fence_wait(),
 *	or why the driver refused the submit, as of npu_queue_submit()
 * @fence: its fence, which has signalled, for npu_fence_wait(), which says more, and
 *	npu_fence_completion(); give it back with npu_fence_destroy(). NULL: the
 *	driver refused the submit, none of its jobs ran
 */
struct npu_async_done {
	uint64_t tag;
	int result;
	struct npu_fence *fence;
};

/**
 * npu_async_create() - prepare for submits to queues of a device
 * @device: device
 * @options: what it is like; NULL: the default
 * @async: receives it; give it back with npu_async_destroy()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_async_create(struct npu_device *device, const struct npu_async_options *options,
		     struct npu_async **async, struct npu_error *err);

/**
 * npu_async_destroy() - wait for all that is under way, and give it back
 * @async: it, or NULL
 */
void npu_async_destroy(struct npu_async *async);

/**
 * npu_async_way() - how submits reach the driver
 * @async: it
 *
 * Return: NPU_ASYNC_URING or NPU_ASYNC_IOCTL.
 */
enum npu_async_way npu_async_way(const struct npu_async *async);

/**
 * npu_async_submit() - add a submit
 * @async: it
 * @queue: queue of its device
 * @jobs: jobs, run in order; read before this returns, arguments as well
 * @num_jobs: 1 to NPU_QUEUE_MAX_JOBS
 * @tag: for the caller to know it again
 * @err: what failed
 *
 * The driver has it after npu_async_flush() or npu_async_wait() at the latest.
 * Submits to one queue run in the order of these calls, as long as no other thread
 * submits to it meanwhile.
 *
 * Return: 0; -EAGAIN when all entries are under way: npu_async_wait() frees some;
 * or another negative errno, for what the driver need not be asked.
 */
int npu_async_submit(struct npu_async *async, struct npu_queue *queue,
		     const struct npu_queue_job *jobs, uint32_t num_jobs, uint64_t tag,
		     struct npu_error *err);

/**
 * npu_async_flush() - give the driver all that was added
 * @async: it
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_async_flush(struct npu_async *async, struct npu_error *err);

/**
 * npu_async_wait() - flush, and wait for ends
 * @async: it
 * @done: receives them
 * @max: room in @done
 * @timeout_ns: longest wait for the first in nanoseconds; 0: do not wait; negative: no
 *	limit
 * @err: what failed
 *
 * Like io_uring it promises no order, also not for submits to one queue, which do
 * end in order: how one failed may be known later than that the next is done.
 *
 * Return: how many there are, at least one; 0 when nothing is under way; -ETIME when
 * none came in time; or another negative errno.
 */
int npu_async_wait(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		   int64_t timeout_ns, struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_ASYNC_H */
