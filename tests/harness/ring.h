/* SPDX-License-Identifier: MIT */
/* More queues of a machine, with every descriptor field in the test's hands. */
#ifndef TESTS_HARNESS_RING_H
#define TESTS_HARNESS_RING_H

#include "machine.h"

/**
 * struct ring - one queue
 * @m: its machine
 * @q: its number
 * @log2: log2 of its entries
 * @jobs: its entries
 * @bus: their bus address
 * @completions: one for each entry
 * @completions_bus: their bus address, RING_COMPLETION bytes apart
 * @tail: TAIL
 */
struct ring {
	struct machine *m;
	unsigned int q, log2;
	struct npu_job *jobs;
	uint64_t bus;
	uint8_t *completions;
	uint64_t completions_bus;
	uint32_t tail;
};

#define RING_COMPLETION	512

/* A ring for queue @q; its vector is 2 + @q. */
struct ring *ring_new(struct machine *m, unsigned int q, unsigned int log2);
/* Disable the queue and forget it. */
void ring_free(struct ring *ring);
/* Write base and size and enable the queue. */
void ring_enable(struct ring *ring);
/* Put @job into the next entry, with id, context, completion; no bell. */
struct npu_job *ring_add(struct ring *ring, const struct npu_job *job);
void ring_bell(struct ring *ring);
/* Both. */
void ring_submit(struct ring *ring, const struct npu_job *job);
/* Completion of ring index @index. */
struct npu_completion *ring_completion(struct ring *ring, uint32_t index);
/* Wait for it; false after ten seconds. */
bool ring_wait(struct ring *ring, uint32_t index);

uint32_t ring_read(struct ring *ring, uint32_t reg);
void ring_write(struct ring *ring, uint32_t reg, uint32_t value);
/* Poll until (register & mask) == value; false after ten seconds. */
bool ring_poll(struct ring *ring, uint32_t reg, uint32_t mask, uint32_t value);
/* The same of any register. */
bool machine_poll(struct machine *m, uint32_t reg, uint32_t mask, uint32_t value);

#endif /* TESTS_HARNESS_RING_H */
