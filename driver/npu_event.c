// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that the device reports beside completions.
 *
 * What a job's fault was stands in its completion, from where it goes to the
 * job's context. Events only tell a developer more, and that a queue or the
 * device stopped. Programs can cause faults at will, so nothing goes to the log
 * unless debugging is on.
 */
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/rwsem.h>

#include <drm/drm_print.h>

#include "npu_coredump.h"
#include "npu_device.h"
#include "npu_event.h"
#include "npu_reset.h"
#include "npu_trace.h"

static_assert(BIT(NPU_EVENTS_SHIFT) == NPU_EVENTS);

/**
 * npu_event_start() - give the device its event ring
 * @npu: device, after a reset
 */
void npu_event_start(struct npu_device *npu)
{
	npu->events_cons = 0;
	npu_write(npu, NPU_REG_EVENT_VECTOR, 0);
	npu_write64(npu, NPU_REG_EVENT_BASE_LO, npu->events_dma);
	npu_write(npu, NPU_REG_EVENT_SIZE, NPU_EVENTS_SHIFT);
}

static void npu_event_handle(struct npu_device *npu, const struct npu_event *event)
{
	const struct npu_fault *fault = &event->fault;

	switch (event->type) {
	case NPU_EVENT_FAULT:
		trace_npu_fault(event);
		drm_dbg_ratelimited(&npu->drm,
				    "queue %u job %#llx context %u: fault %u access %u core %u pc %u operand %u opcode %#x address %#llx\n",
				    event->queue, event->job, event->context, fault->code,
				    fault->access, fault->core, fault->pc, fault->operand,
				    fault->opcode, fault->address);
		break;
	case NPU_EVENT_ABORT:
		drm_dbg_ratelimited(&npu->drm, "queue %u job %#llx context %u: aborted\n",
				    event->queue, event->job, event->context);
		break;
	case NPU_EVENT_QUEUE:
		if (event->queue < npu->info.queues)
			npu_reset_check_queue(&npu->queues[event->queue]);
		break;
	default:
		drm_dbg_ratelimited(&npu->drm, "event of unknown type %u\n", event->type);
	}
}

/**
 * npu_event_process() - read new events, look whether the device stopped
 * @npu: device
 *
 * In the event interrupt's thread. Neither PROD nor what stands in the ring is
 * trusted.
 */
void npu_event_process(struct npu_device *npu)
{
	struct npu_event event;
	u32 prod, cons;

	/* A reset starts the ring anew, and so does the end of a pause. */
	guard(rwsem_read)(&npu->reset_lock);
	if (npu->paused)
		return;
	npu_write(npu, NPU_REG_IRQ_STATUS, NPU_IRQ_EVENTS);
	prod = npu_read(npu, NPU_REG_EVENT_PROD);
	cons = npu->events_cons;
	if (prod - cons > NPU_EVENTS) {
		drm_dbg_ratelimited(&npu->drm, "event index %u, expected %u to %u\n",
				    prod, cons, cons + NPU_EVENTS);
		cons = prod;
	}
	dma_rmb(); /* entries after the index that covers them */
	for (; cons != prod; cons++) {
		memcpy(&event, &npu->events[cons % NPU_EVENTS], sizeof(event));
		npu_event_handle(npu, &event);
	}
	npu->events_cons = cons;
	npu_write(npu, NPU_REG_EVENT_CONS, cons);
	if (npu_read(npu, NPU_REG_STATUS) & NPU_STATUS_FATAL) {
		npu_coredump_device(npu, "fatal");
		npu_reset_request(npu);
	}
}
