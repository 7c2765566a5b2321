/* SPDX-License-Identifier: MIT */
/* Queues of jobs. */
#ifndef NPU_QUEUE_H
#define NPU_QUEUE_H

#include <stdint.h>

#include <npu/error.h>
#include <npu/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_QUEUE_MAX_JOBS 64	/* of one submit */
#define NPU_QUEUE_MAX_WAITS 200	/* of one job */

struct npu_fence;
struct npu_perfmon;
struct npu_queue;

/** enum npu_queue_priority - which of several waiting queues goes first */
enum npu_queue_priority {
	/** @NPU_QUEUE_NORMAL: for most */
	NPU_QUEUE_NORMAL = 0,

	/** @NPU_QUEUE_LOW: background work */
	NPU_QUEUE_LOW,

	/** @NPU_QUEUE_HIGH: interactive work */
	NPU_QUEUE_HIGH,

	/** @NPU_QUEUE_REALTIME: needs CAP_SYS_NICE */
	NPU_QUEUE_REALTIME,
};

/**
 * struct npu_queue_options - what a queue is like; all zero is the default
 * @priority: enum npu_queue_priority
 * @timeout_ms: time that a job may take once it runs; 0: the driver's default
 */
struct npu_queue_options {
	uint32_t priority;
	uint32_t timeout_ms;
};

/**
 * struct npu_queue_job - one job
 * @program: address of its struct npu_program (npu_isa.h), 128-byte aligned
 * @program_size: bytes, header included
 * @cores: cores to run on; 0: all
 * @budget: work that each core may do; 0: the device's maximum
 * @args: values of its arguments, read by the submit
 * @num_args: number of @args, that which the program's header says
 * @waits: fences that must signal before it starts, or NULL; also of queues of
 *	other devices, if those are devices in the process as well, or none is
 * @num_waits: number of @waits, at most NPU_QUEUE_MAX_WAITS
 * @perfmon: counters that it adds to, of the queue's device; or NULL
 */
struct npu_queue_job {
	uint64_t program;
	uint32_t program_size;
	uint32_t cores;
	uint64_t budget;
	const uint64_t *args;
	uint32_t num_args;
	uint32_t num_waits;
	struct npu_fence *const *waits;
	struct npu_perfmon *perfmon;
};

/**
 * npu_queue_create() - create a queue
 * @vm: address space that its jobs run in
 * @options: what it is like; NULL: the default
 * @queue: receives the queue; give it back with npu_queue_destroy()
 * @err: what failed
 *
 * Jobs of one queue run in order, jobs of several queues in any order or
 * together.
 *
 * Return: 0, -EACCES for a priority that is not permitted, or another negative errno.
 */
int npu_queue_create(struct npu_vm *vm, const struct npu_queue_options *options,
		     struct npu_queue **queue, struct npu_error *err);

/**
 * npu_queue_destroy() - give a queue back
 * @queue: queue, or NULL
 *
 * Jobs that have not ended are cancelled, unless fences of the queue still
 * exist: then they go on until the last fence is destroyed.
 */
void npu_queue_destroy(struct npu_queue *queue);

/**
 * npu_queue_submit() - submit jobs, all or none
 * @queue: queue
 * @jobs: jobs, run in order
 * @num_jobs: 1 to NPU_QUEUE_MAX_JOBS
 * @fence: receives the fence of all of them; give it back with
 *	npu_fence_destroy(). NULL: nobody asks how they end
 * @err: what failed
 *
 * Return: 0, -EBADFD if the queue is banned because a job of it hung, or
 * another negative errno.
 */
int npu_queue_submit(struct npu_queue *queue, const struct npu_queue_job *jobs,
		     uint32_t num_jobs, struct npu_fence **fence,
		     struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_QUEUE_H */
