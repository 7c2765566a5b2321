/* SPDX-License-Identifier: MIT */
/* Memory in which the device writes the records of a queue's jobs, and who waits for them. */
#ifndef NPU_RUNTIME_RESULT_POOL_H
#define NPU_RUNTIME_RESULT_POOL_H

#include <stdint.h>

#include <npu/error.h>

struct npu_buffer;
struct npu_completion;
struct npu_vm;

/**
 * struct result_slot - place for one record
 * @record: where the CPU reads it
 * @va: where the device writes it
 * @syncobj: binary; the job's end, if somebody may wait for it; or 0
 * @next: next free slot
 */
struct result_slot {
	struct npu_completion *record;
	uint64_t va;
	uint32_t syncobj;
	struct result_slot *next;
};

/**
 * struct result_pool - slots of one queue; the queue's lock protects it
 * @vm: address space
 * @chunks: buffers, with their slots
 * @free: slots that nobody uses
 */
struct result_pool {
	struct npu_vm *vm;
	struct result_chunk *chunks;
	struct result_slot *free;
};

/** result_pool_fini() - unmap and free all; no job may be running */
void result_pool_fini(struct result_pool *pool);

/**
 * result_pool_take() - take slots, emptied, for jobs to come
 * @pool: pool, which grows as needed
 * @slots: receives them
 * @n: number
 * @err: what failed
 *
 * Return: 0 or a negative errno; then none is taken.
 */
int result_pool_take(struct result_pool *pool, struct result_slot **slots,
		     uint32_t n, struct npu_error *err);

/**
 * result_pool_syncobj() - what to wait for the job of a slot with
 * @pool: pool
 * @slot: slot, taken; its @syncobj is there on success
 *
 * Return: 0 or a negative errno.
 */
int result_pool_syncobj(struct result_pool *pool, struct result_slot *slot);

/** result_pool_put() - give slots back whose jobs have ended */
void result_pool_put(struct result_pool *pool, struct result_slot **slots,
		     uint32_t n);

#endif /* NPU_RUNTIME_RESULT_POOL_H */
