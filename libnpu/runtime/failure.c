// SPDX-License-Identifier: MIT
/*
 * Why jobs failed.
 *
 * The device's record of a job says it best. A job that was cancelled or lost
 * in a reset has none; then the driver knows: it remembers the first failed job
 * of a context, until told to forget.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <npu/disasm.h>

#include "drm/npu_accel.h"
#include "queue_internal.h"

/* What the driver remembers, if that is of this very job. */
static void ask_driver(const struct npu_queue *queue, uint64_t seqno,
		       struct drm_npu_context_query *query)
{
	*query = (struct drm_npu_context_query){ .id = queue->id };
	if (npu_device_ioctl(queue->vm->device, DRM_IOCTL_NPU_CONTEXT_QUERY,
			     query) || query->fault_job != seqno)
		return;
	query->flags = DRM_NPU_CONTEXT_QUERY_CLEAR;
	npu_device_ioctl(queue->vm->device, DRM_IOCTL_NPU_CONTEXT_QUERY, query);
}

static void set_fault(struct npu_failure *failure, const struct npu_fault *fault)
{
	failure->code = npu_fault_errno(fault->code);
	failure->has_fault = true;
	failure->fault = *fault;
}

static void fault_of_query(struct npu_fault *fault,
			   const struct drm_npu_context_query *query)
{
	*fault = (struct npu_fault){
		.code = query->code,
		.access = query->access,
		.core = query->core,
		.pc = query->pc,
		.operand = query->operand,
		.opcode = query->opcode,
		.address = query->address,
		.needs = { query->needs[0], query->needs[1] },
	};
}

__attribute__((format(printf, 3, 4)))
static void set_text(struct npu_failure *failure, int code, const char *fmt, ...)
{
	va_list args;

	failure->code = code;
	va_start(args, fmt);
	vsnprintf(failure->text, sizeof(failure->text), fmt, args);
	va_end(args);
}

/* The job was stopped, or never ran: no fault of its own, but for a timeout. */
static void stopped(const struct npu_queue *queue, uint64_t seqno,
		    const struct drm_npu_context_query *query, bool aborted,
		    struct npu_failure *failure)
{
	bool banned = query->state & DRM_NPU_CONTEXT_BANNED;

	if (query->fault_job == seqno && (banned || aborted))
		set_text(failure, -ETIMEDOUT,
			 "ran longer than the queue's timeout of %u ms and was stopped%s",
			 queue->timeout_ms, banned ?
			 "; the queue is banned: create another, with a longer timeout if the job needs one" : "");
	else if (banned)
		set_text(failure, -ECANCELED,
			 "cancelled, because another job of the queue hung and the queue is banned: create another queue");
	else if (aborted)
		set_text(failure, -ECANCELED, "aborted before its end");
	else
		set_text(failure, -EIO,
			 "lost in a reset of the device: submit it again, and see the kernel's log");
}

static void look_at_job(const struct npu_fence *fence, uint32_t job,
			struct npu_failure *failure)
{
	const struct npu_completion *record;
	uint64_t seqno = fence->first_seqno + job;
	struct drm_npu_context_query query;
	struct npu_fault fault;

	record = npu_fence_completion((struct npu_fence *)fence, job);
	if (record && record->status == NPU_JOB_DONE)
		return;
	failure->job = job;
	ask_driver(fence->queue, seqno, &query);
	if (record && record->status == NPU_JOB_FAULT) {
		set_fault(failure, &record->fault);
		return;
	}
	if (query.fault_job == seqno && query.code) {
		fault_of_query(&fault, &query);
		set_fault(failure, &fault);
		return;
	}
	stopped(fence->queue, seqno, &query,
		(record && record->status == NPU_JOB_ABORTED) ||
		(query.fault_job == seqno && query.status == NPU_JOB_ABORTED),
		failure);
}

void npu_failure_find(const struct npu_fence *fence, struct npu_failure *failure)
{
	memset(failure, 0, sizeof(*failure));
	for (uint32_t i = 0; i < fence->num_jobs && !failure->code; i++)
		look_at_job(fence, i, failure);
}

int npu_failure_error(const struct npu_failure *failure, uint32_t num_jobs,
		      const char *tag, struct npu_error *err)
{
	char text[NPU_ERROR_LEN], which[48] = "";

	if (num_jobs > 1)
		snprintf(which, sizeof(which), "job %u of %u: ",
			 failure->job + 1, num_jobs);
	if (failure->has_fault)
		npu_fault_text(&failure->fault, tag, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", failure->text);
	return npu_error_set(err, failure->code, "%s%s", which, text);
}
