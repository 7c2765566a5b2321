/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM npu

#if !defined(__NPU_TRACE_H__) || defined(TRACE_HEADER_MULTI_READ)
#define __NPU_TRACE_H__

#include <linux/tracepoint.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_job.h"
#include "npu_vm.h"

/* An address space changes. */
TRACE_EVENT(npu_bind,
	TP_PROTO(u32 asid, u32 op, u32 handle, u64 va, u64 size, u64 bo_offset, u32 flags),
	TP_ARGS(asid, op, handle, va, size, bo_offset, flags),
	TP_STRUCT__entry(
		__field(u32, asid)
		__field(u32, op)
		__field(u32, handle)
		__field(u32, flags)
		__field(u64, va)
		__field(u64, size)
		__field(u64, bo_offset)
	),
	TP_fast_assign(
		__entry->asid = asid;
		__entry->op = op;
		__entry->handle = handle;
		__entry->flags = flags;
		__entry->va = va;
		__entry->size = size;
		__entry->bo_offset = bo_offset;
	),
	TP_printk("asid=%u op=%s handle=%u va=%#llx size=%#llx bo_offset=%#llx flags=%#x",
		  __entry->asid, __entry->op ? "unmap" : "map", __entry->handle, __entry->va,
		  __entry->size, __entry->bo_offset, __entry->flags)
);

/*
 * A job's way. All of them name the client and the context's job number, so
 * that a time line can join them; fence is that of the scheduler's events.
 */
DECLARE_EVENT_CLASS(npu_job,
	TP_PROTO(const struct npu_sched_job *job, u32 queue),
	TP_ARGS(job, queue),
	TP_STRUCT__entry(
		__field(u64, client)
		__field(u64, seqno)
		__field(u64, id)
		__field(const void *, ctx)
		__field(u32, asid)
		__field(u32, queue)
		__field(u32, priority)
		__field(u32, cores)
	),
	TP_fast_assign(
		__entry->client = job->ctx->client->id;
		__entry->seqno = job->seqno;
		__entry->id = job->desc.id;
		__entry->ctx = job->ctx;
		__entry->asid = job->desc.context;
		__entry->queue = queue;
		__entry->priority = job->ctx->priority;
		__entry->cores = job->desc.cores;
	),
	TP_printk("client=%llu ctx=%p seqno=%llu queue=%d id=%#llx asid=%u priority=%u cores=%u",
		  __entry->client, __entry->ctx, __entry->seqno, (int)__entry->queue, __entry->id,
		  __entry->asid, __entry->priority, __entry->cores)
);

/* A process submits it; it has neither queue (-1) nor id yet. */
DEFINE_EVENT(npu_job, npu_submit,
	TP_PROTO(const struct npu_sched_job *job, u32 queue),
	TP_ARGS(job, queue)
);

/* It goes into a ring. */
DEFINE_EVENT(npu_job, npu_run,
	TP_PROTO(const struct npu_sched_job *job, u32 queue),
	TP_ARGS(job, queue)
);

/* It has ended; without a completion clock and cycles are zero. */
TRACE_EVENT(npu_done,
	TP_PROTO(const struct npu_sched_job *job, const struct npu_completion *completion,
		 int error),
	TP_ARGS(job, completion, error),
	TP_STRUCT__entry(
		__field(u64, client)
		__field(u64, seqno)
		__field(u64, id)
		__field(const void *, ctx)
		__field(u64, clock_start)
		__field(u64, clock_end)
		__field(u64, cycles)
		__field(u64, energy_pj)
		__field(u32, cores)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->client = job->ctx->client->id;
		__entry->seqno = job->seqno;
		__entry->id = job->desc.id;
		__entry->ctx = job->ctx;
		__entry->clock_start = completion ? completion->clock_start : 0;
		__entry->clock_end = completion ? completion->clock_end : 0;
		__entry->cycles = completion ? completion->counters[NPU_CNT_CYCLES] : 0;
		__entry->energy_pj = completion ? completion->counters[NPU_CNT_ENERGY_PJ] : 0;
		__entry->cores = completion ? completion->cores : 0;
		__entry->error = error;
	),
	TP_printk("client=%llu ctx=%p seqno=%llu id=%#llx error=%d cores=%u start=%llu end=%llu cycles=%llu energy_pj=%llu",
		  __entry->client, __entry->ctx, __entry->seqno, __entry->id, __entry->error,
		  __entry->cores, __entry->clock_start, __entry->clock_end, __entry->cycles,
		  __entry->energy_pj)
);

/* The device reports a fault. */
TRACE_EVENT(npu_fault,
	TP_PROTO(const struct npu_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, job)
		__field(u64, clock)
		__field(u64, address)
		__field(u32, queue)
		__field(u32, asid)
		__field(u32, code)
		__field(u32, access)
		__field(u32, core)
		__field(u32, pc)
		__field(u32, operand)
		__field(u32, opcode)
	),
	TP_fast_assign(
		__entry->job = event->job;
		__entry->clock = event->clock;
		__entry->address = event->fault.address;
		__entry->queue = event->queue;
		__entry->asid = event->context;
		__entry->code = event->fault.code;
		__entry->access = event->fault.access;
		__entry->core = event->fault.core;
		__entry->pc = event->fault.pc;
		__entry->operand = event->fault.operand;
		__entry->opcode = event->fault.opcode;
	),
	TP_printk("id=%#llx queue=%u asid=%u code=%u access=%u core=%u pc=%u operand=%u opcode=%#x address=%#llx clock=%llu",
		  __entry->job, __entry->queue, __entry->asid, __entry->code, __entry->access,
		  __entry->core, __entry->pc, __entry->operand, __entry->opcode, __entry->address,
		  __entry->clock)
);

/* A step of recovery: what, and how long it took. */
TRACE_EVENT(npu_reset,
	TP_PROTO(const char *what, int queue, s64 us, int error),
	TP_ARGS(what, queue, us, error),
	TP_STRUCT__entry(
		__string(what, what)
		__field(int, queue)
		__field(int, error)
		__field(s64, us)
	),
	TP_fast_assign(
		__assign_str(what);
		__entry->queue = queue;
		__entry->error = error;
		__entry->us = us;
	),
	TP_printk("what=%s queue=%d us=%lld error=%d", __get_str(what), __entry->queue,
		  __entry->us, __entry->error)
);

#endif /* __NPU_TRACE_H__ */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE npu_trace
#include <trace/define_trace.h>
