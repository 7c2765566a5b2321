// SPDX-License-Identifier: MIT
/* Full reset, and the stop of everything when the device can report no more. */
#include "device.h"

#include <string.h>

static void kill_all(struct npu_core *npu)
{
	for (unsigned int q = 0; q < npu->num_queues; q++)
		npu_queue_kill(npu, q);
}

uint32_t npu_fatal(struct npu_core *npu)
{
	if (npu->fatal || npu->resetting)
		return 0;
	npu->fatal = true;
	kill_all(npu);
	return npu_irq_set(npu, NPU_IRQ_FATAL);
}

bool npu_reset_rests(const struct npu_core *npu)
{
	for (unsigned int q = 0; q < npu->num_queues; q++)
		if (npu->queues[q].run.state != NPU_RUN_IDLE)
			return false;
	return !npu->busy;
}

void npu_reset_registers(struct npu_core *npu)
{
	npu->enabled = false;
	npu->fatal = false;
	npu->irq = (struct npu_irq){ .vector = NPU_NO_VECTOR };
	npu->events = (struct npu_event_ring){ 0 };
	npu->tlb = (struct npu_tlb_regs){ 0 };
	__atomic_store_n(&npu->tlb_seq, 0, __ATOMIC_RELAXED);
	npu->timeslice = 0;
	npu->context_reg = 0;
	npu->context_base = 0;
	npu->context_count = 0;
	memset(npu->totals, 0, sizeof(npu->totals));
	memset(npu->energy, 0, sizeof(npu->energy));
	for (unsigned int q = 0; q < npu->num_queues; q++)
		npu_queue_init(npu, q);
}

void npu_reset_begin(struct npu_core *npu)
{
	npu->resetting = true;
	npu->enabled = false;
	kill_all(npu);
	npu_reset_settle(npu);
}

void npu_reset_settle(struct npu_core *npu)
{
	if (npu->paused && !npu->busy)
		pthread_cond_broadcast(&npu->settled);
	if (!npu->resetting || npu->stuck || !npu_reset_rests(npu))
		return;
	npu_reset_registers(npu);
	npu->resetting = false;
	pthread_cond_broadcast(&npu->settled);
}
