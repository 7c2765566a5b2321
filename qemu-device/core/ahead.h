/* SPDX-License-Identifier: MIT */
/*
 * Memory that a program will copy to SRAM soon.
 *
 * The host runs a core's instructions one after the other, so while a kernel
 * computes nothing fetches what the next copy needs, and while that copies nothing
 * computes. A loop over tiles copies the same from addresses that are as far apart
 * each time. So what comes next is known, and kernels fetch it into the host's cache
 * as they go. This changes when the host is ready, and nothing else.
 */
#ifndef NPU_CORE_AHEAD_H
#define NPU_CORE_AHEAD_H

#include <stddef.h>
#include <stdint.h>

struct npu_exec;

/* Copies of a loop that are followed, and most rows of one. */
#define NPU_AHEAD_COPIES	8
#define NPU_AHEAD_ROWS		16
/* Most bytes: more would push out of the cache what is used before. */
#define NPU_AHEAD_BYTES		(64u << 10)

/**
 * struct npu_ahead - rows in host memory that are needed soon
 * @row: where they begin; only to be fetched, never to be read
 * @bytes: of a row
 * @rows: number of them
 * @next: first that is not all fetched
 * @done: bytes of that which are
 */
struct npu_ahead {
	const uint8_t *row[NPU_AHEAD_ROWS];
	size_t bytes, done;
	uint32_t rows, next;
};

/**
 * struct npu_copy - a copy to SRAM that may come again
 * @pc: instruction
 * @mem: address that it read last
 * @step: how far that was from the one before
 */
struct npu_copy {
	uint32_t pc;
	uint64_t mem, step;
};

/**
 * struct npu_follow - the copies of a core
 * @copy: by low bits of their instructions' numbers
 * @ahead: what the next one needs
 * @drops: mmu.drops when that was found: if it is another, it may be gone
 */
struct npu_follow {
	struct npu_copy copy[NPU_AHEAD_COPIES];
	struct npu_ahead ahead;
	uint32_t drops;
};

/* The instruction under way copied @rows rows of @bytes from @mem, @stride apart. */
void npu_ahead_copied(struct npu_exec *ex, uint64_t mem, uint64_t stride, uint32_t rows,
		      uint32_t bytes);
/* What a kernel should fetch, or NULL. */
struct npu_ahead *npu_ahead_of(struct npu_exec *ex);

#endif /* NPU_CORE_AHEAD_H */
