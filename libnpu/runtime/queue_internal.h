/* SPDX-License-Identifier: MIT */
/* Queues and fences, as their own files see them. */
#ifndef NPU_RUNTIME_QUEUE_INTERNAL_H
#define NPU_RUNTIME_QUEUE_INTERNAL_H

#include <npu/fence.h>
#include <npu/queue.h>

#include "hw/npu_regs.h"
#include "objects.h"
#include "result_pool.h"

struct drm_npu_job;
struct drm_npu_sync;
struct trace_collector;

#define QUEUE_IMPORTS 16

/**
 * struct queue_import - timeline of a queue of another device
 * @serial: of that queue; 0: none
 * @handle: of the timeline, on this queue's device
 */
struct queue_import {
	uint64_t serial;
	uint32_t handle;
};

/**
 * struct npu_queue - a context of the driver, with a timeline of its submits
 * @refs: references
 * @vm: holds a reference
 * @id: the driver's id of the context
 * @serial: never another's in this process
 * @timeout_ms: longest time that a job may run
 * @syncobj: timeline; the n-th submit signals point n
 * @lock: protects what follows, and puts submits in the order of their points
 * @point: of the last submit
 * @results: records of jobs
 * @imports: timelines that its jobs have waited for, @next_import the oldest
 * @collector: of traces, or NULL
 */
struct npu_queue {
	atomic_uint refs;
	struct npu_vm *vm;
	uint32_t id;
	uint64_t serial;
	uint32_t timeout_ms;
	uint32_t syncobj;
	pthread_mutex_t lock;
	uint64_t point;
	struct result_pool results;
	struct queue_import imports[QUEUE_IMPORTS];
	uint32_t next_import;
	struct trace_collector *collector;
};

/**
 * struct npu_failure - why a job of a fence failed
 * @code: negative errno; 0: none failed
 * @job: which job of the submit
 * @has_fault: @fault tells more
 * @fault: the device's account
 * @text: ours, without @has_fault
 */
struct npu_failure {
	int code;
	uint32_t job;
	bool has_fault;
	struct npu_fault fault;
	char text[256];
};

/**
 * struct npu_fence - the end of one submit
 * @queue: holds a reference
 * @point: of the queue's timeline; 0: of an asynchronous submit, and has ended
 * @first_seqno: number of the first job in its context
 * @num_jobs: number of jobs and of @slots
 * @program: address of the first job's program
 * @counted: a job adds to counters, which the driver does
 * @lock: protects @ended and @failure while they are found out
 * @ended: the jobs have ended and @failure is valid
 * @failure: of the first job that failed
 * @slots: records of the jobs
 */
struct npu_fence {
	struct npu_queue *queue;
	uint64_t point;
	uint64_t first_seqno;
	uint32_t num_jobs;
	uint64_t program;
	bool counted;
	pthread_mutex_t lock;
	bool ended;
	struct npu_failure failure;
	struct result_slot *slots[];
};

struct npu_queue *npu_queue_get(struct npu_queue *queue);

/**
 * npu_queue_import() - a timeline that jobs of a queue can wait for
 * @queue: queue, its lock held
 * @from: queue that the timeline is of, of the same device or another
 * @handle: receives the timeline's handle on the device of @queue; good while the
 *	lock is held
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_queue_import(struct npu_queue *queue, const struct npu_queue *from,
		     uint32_t *handle, struct npu_error *err);

/** npu_queue_forget_imports() - give all imported timelines back */
void npu_queue_forget_imports(struct npu_queue *queue);

/**
 * npu_submit_check() - look at jobs as far as the driver need not
 * @queue: queue
 * @jobs: jobs
 * @num_jobs: their number
 * @num_waits: receives for how many fences they wait
 * @err: what is wrong
 *
 * Return: 0 or a negative errno.
 */
int npu_submit_check(const struct npu_queue *queue, const struct npu_queue_job *jobs,
		     uint32_t num_jobs, uint32_t *num_waits, struct npu_error *err);

/**
 * npu_submit_fill() - put a job as the driver wants it
 * @queue: queue, its lock held, which keeps the timelines of other devices
 * @to: receives the job
 * @from: job
 * @syncs: receives what it waits for, one for each fence at most
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_submit_fill(struct npu_queue *queue, struct drm_npu_job *to,
		    const struct npu_queue_job *from, struct drm_npu_sync *syncs,
		    struct npu_error *err);

/** npu_fence_new() - a fence of @num_jobs jobs, without slots; NULL: out of memory */
struct npu_fence *npu_fence_new(struct npu_queue *queue, uint32_t num_jobs);

/** npu_fence_free() - free a fence whose slots were given back, or NULL */
void npu_fence_free(struct npu_fence *fence);

/** npu_fence_has_ended() - whether jobs have ended, as far as memory tells */
bool npu_fence_has_ended(struct npu_fence *fence);

/** npu_fence_syncobj() - binary syncobj that stands for the end of the jobs */
uint32_t npu_fence_syncobj(const struct npu_fence *fence);

/**
 * npu_fence_result() - wait for a fence, for the cause rather than a message
 * @fence: fence
 * @timeout_ns: as npu_fence_wait()
 * @failure: receives the first failure when this returns neither 0 nor
 *	-ETIME; its code is 0 if the wait itself failed
 * @err: set if the wait itself failed
 *
 * Return: as npu_fence_wait().
 */
int npu_fence_result(struct npu_fence *fence, int64_t timeout_ns,
		     struct npu_failure *failure, struct npu_error *err);

/**
 * npu_failure_find() - see how the jobs of a signalled fence ended
 * @fence: fence, its lock held
 * @failure: receives the first failure
 */
void npu_failure_find(const struct npu_fence *fence,
		      struct npu_failure *failure);

/**
 * npu_failure_error() - put a failure in words
 * @failure: failure
 * @num_jobs: of the submit
 * @tag: name of the faulting instruction's tag, or NULL
 * @err: receives the message
 *
 * Return: the failure's code.
 */
int npu_failure_error(const struct npu_failure *failure, uint32_t num_jobs,
		      const char *tag, struct npu_error *err);

#endif /* NPU_RUNTIME_QUEUE_INTERNAL_H */
