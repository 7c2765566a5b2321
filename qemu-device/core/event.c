// SPDX-License-Identifier: MIT
/* The event ring. */
#include "device.h"

void npu_event_set_ring(struct npu_core *npu, uint32_t log2)
{
	struct npu_event_ring *ring = &npu->events;

	if (log2 > NPU_EVENT_LOG2_MAX || (log2 && ring->base_reg % 64))
		return;
	ring->base = ring->base_reg;
	ring->log2 = log2;
	ring->prod = 0;
	ring->cons = 0;
}

/* A free entry for the next event, or false, counted as lost. */
static bool take_entry(struct npu_event_ring *ring, uint64_t *at)
{
	uint32_t size = 1u << ring->log2;

	if (!ring->log2 || ring->prod - ring->cons >= size) {
		ring->dropped += !!ring->log2;
		return false;
	}
	*at = ring->base + ring->prod % size * sizeof(struct npu_event);
	return true;
}

uint32_t npu_event_post(struct npu_core *npu, struct npu_event *event)
{
	struct npu_event_ring *ring = &npu->events;
	uint64_t at;
	bool written;

	while (ring->writing)
		pthread_cond_wait(&npu->settled, &npu->lock);
	if (npu->resetting || npu->fatal || !take_entry(ring, &at))
		return 0;
	ring->writing = true;
	pthread_mutex_unlock(&npu->lock);
	event->clock = npu_clock(npu);
	written = npu->ops->write(npu->opaque, at, event, sizeof(*event));
	pthread_mutex_lock(&npu->lock);
	ring->writing = false;
	pthread_cond_broadcast(&npu->settled);
	if (!written)
		return npu_fatal(npu);
	ring->prod++;
	return npu_irq_set(npu, NPU_IRQ_EVENT);
}
