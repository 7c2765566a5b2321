// SPDX-License-Identifier: MIT
/* What a driver does with a queue, step by step. */
#include "ring.h"

#include <stdlib.h>
#include <time.h>

#include "bus.h"

#define PATIENCE_S	10

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}

struct ring *ring_new(struct machine *m, unsigned int q, unsigned int log2)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	size_t entries = 1u << log2;

	if (!ring)
		exit(255);
	ring->m = m;
	ring->q = q;
	ring->log2 = log2;
	ring->jobs = bus_alloc(machine_bus(m), entries * sizeof(struct npu_job),
			       4096, &ring->bus);
	ring->completions = bus_alloc(machine_bus(m), entries * RING_COMPLETION,
				      4096, &ring->completions_bus);
	ring_enable(ring);
	return ring;
}

void ring_free(struct ring *ring)
{
	ring_write(ring, NPU_Q_CTRL, 0);
	free(ring);
}

void ring_enable(struct ring *ring)
{
	ring_write(ring, NPU_Q_BASE_LO, ring->bus);
	ring_write(ring, NPU_Q_BASE_HI, ring->bus >> 32);
	ring_write(ring, NPU_Q_SIZE, ring->log2);
	ring_write(ring, NPU_Q_VECTOR, 2 + ring->q);
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE);
	ring->tail = 0;
}

struct npu_job *ring_add(struct ring *ring, const struct npu_job *job)
{
	uint32_t slot = ring->tail % (1u << ring->log2);
	struct npu_job *entry = &ring->jobs[slot];

	*entry = *job;
	entry->id = 1000 * (ring->q + 1) + ring->tail;
	entry->flags = NPU_JOB_IRQ;
	entry->context = MACHINE_CONTEXT;
	entry->completion = ring->completions_bus + slot * RING_COMPLETION;
	__atomic_store_n(&ring_completion(ring, ring->tail)->id, 0,
			 __ATOMIC_RELAXED);
	ring->tail++;
	return entry;
}

void ring_bell(struct ring *ring)
{
	ring_write(ring, NPU_Q_TAIL, ring->tail);
}

void ring_submit(struct ring *ring, const struct npu_job *job)
{
	ring_add(ring, job);
	ring_bell(ring);
}

struct npu_completion *ring_completion(struct ring *ring, uint32_t index)
{
	uint32_t slot = index % (1u << ring->log2);

	return (void *)(ring->completions + slot * RING_COMPLETION);
}

bool ring_wait(struct ring *ring, uint32_t index)
{
	struct npu_completion *completion = ring_completion(ring, index);
	uint64_t start = now_ns();

	while (!__atomic_load_n(&completion->id, __ATOMIC_ACQUIRE)) {
		if (now_ns() - start > PATIENCE_S * 1000000000ull)
			return false;
		nap();
	}
	return true;
}

uint32_t ring_read(struct ring *ring, uint32_t reg)
{
	return npu_core_read(machine_core(ring->m), NPU_REG_Q(ring->q, reg));
}

void ring_write(struct ring *ring, uint32_t reg, uint32_t value)
{
	npu_core_write(machine_core(ring->m), NPU_REG_Q(ring->q, reg), value);
}

bool machine_poll(struct machine *m, uint32_t reg, uint32_t mask, uint32_t value)
{
	uint64_t start = now_ns();

	while ((npu_core_read(machine_core(m), reg) & mask) != value) {
		if (now_ns() - start > PATIENCE_S * 1000000000ull)
			return false;
		nap();
	}
	return true;
}

bool ring_poll(struct ring *ring, uint32_t reg, uint32_t mask, uint32_t value)
{
	return machine_poll(ring->m, NPU_REG_Q(ring->q, reg), mask, value);
}
