/* SPDX-License-Identifier: MIT */
/*
 * The library's side of traces: npu/trace.h has the file.
 *
 * A device that is traced has a tracer, which owns the file. A queue of it has a
 * collector: a thread that waits for its jobs, in their order, and puts what the
 * device wrote into the file. Without NPU_TRACE there is neither, and each of
 * these functions returns at once.
 */
#ifndef NPU_TRACE_TRACE_H
#define NPU_TRACE_TRACE_H

#include <stdint.h>

struct drm_npu_job;
struct npu_device;
struct npu_fence;
struct npu_instance;
struct npu_job_image;
struct npu_queue;
struct npu_vm;
struct npu_vm_op;

/* The device is open: start its file, if NPU_TRACE says so and it can. */
void npu_trace_open(struct npu_device *device);
/* It is about to be closed; no queue is left. */
void npu_trace_close(struct npu_device *device);

/* An image was loaded into @vm. */
void npu_trace_image(const struct npu_vm *vm, const struct npu_job_image *image);
/* A mapping was made or removed. */
void npu_trace_bind(const struct npu_vm *vm, const struct npu_vm_op *op);

/*
 * Jobs are about to be submitted, with the queue's lock held: give them memory
 * for traces. Afterwards npu_trace_submitted() says how that went.
 */
void npu_trace_prepare(struct npu_queue *queue, struct drm_npu_job *jobs,
		       uint32_t num_jobs);
/* @ret: of the submit; @fence: who holds the jobs' results, or NULL. */
void npu_trace_submitted(struct npu_queue *queue, const struct drm_npu_job *jobs,
			 uint32_t num_jobs, int ret, uint64_t first_seqno,
			 const struct npu_fence *fence);
/* Results of the fence's jobs, which have ended, are about to go. */
void npu_trace_settle(struct npu_fence *fence);
/* The queue's context is gone, so all of its jobs have ended. */
void npu_trace_queue_gone(struct npu_queue *queue);

#endif /* NPU_TRACE_TRACE_H */
