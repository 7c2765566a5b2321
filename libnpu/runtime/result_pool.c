// SPDX-License-Identifier: MIT
/*
 * Slots for completion records.
 *
 * A syncobj says that a job has ended, not how: the record does. Every job
 * that somebody holds a fence of has a slot of its own until the fence is
 * destroyed, so a record is never overwritten while it can be asked for. The slot
 * keeps its syncobj: to make one takes a call of the driver.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/vm.h>

#include "backend.h"
#include "hw/npu_regs.h"
#include "objects.h"
#include "result_pool.h"

#define SLOT_SIZE 512	/* what the ABI wants a record to be aligned to */
#define SLOTS 64	/* in a chunk */

struct result_chunk {
	struct result_chunk *next;
	struct npu_buffer *buffer;
	uint64_t va;
	struct result_slot slots[SLOTS];
};

static void free_chunk(struct result_pool *pool, struct result_chunk *chunk)
{
	const struct npu_device *device = pool->vm->device;

	for (unsigned int i = 0; i < SLOTS; i++)
		if (chunk->slots[i].syncobj)
			device->backend->sync_destroy(device, chunk->slots[i].syncobj);
	if (chunk->va)
		npu_vm_unmap(pool->vm, chunk->va,
			     npu_buffer_size(chunk->buffer), NULL);
	npu_buffer_destroy(chunk->buffer);
	free(chunk);
}

void result_pool_fini(struct result_pool *pool)
{
	while (pool->chunks) {
		struct result_chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		free_chunk(pool, chunk);
	}
	pool->free = NULL;
}

static int grow(struct result_pool *pool, struct npu_error *err)
{
	struct result_chunk *chunk = calloc(1, sizeof(*chunk));
	char *data;
	int ret;

	if (!chunk)
		return npu_error_set(err, -ENOMEM, "out of memory for records of jobs");
	ret = npu_buffer_create(pool->vm->device, pool->vm, SLOTS * SLOT_SIZE,
				&chunk->buffer, err);
	if (!ret)
		ret = npu_vm_map(pool->vm, chunk->buffer, 0, &chunk->va, err);
	if (ret) {
		free_chunk(pool, chunk);
		return ret;
	}
	data = npu_buffer_data(chunk->buffer);
	for (unsigned int i = 0; i < SLOTS; i++) {
		struct result_slot *slot = &chunk->slots[i];

		slot->record = (void *)(data + i * SLOT_SIZE);
		slot->va = chunk->va + i * SLOT_SIZE;
		slot->next = pool->free;
		pool->free = slot;
	}
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	return 0;
}

int result_pool_take(struct result_pool *pool, struct result_slot **slots,
		     uint32_t n, struct npu_error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		int ret = pool->free ? 0 : grow(pool, err);

		if (ret) {
			result_pool_put(pool, slots, i);
			return ret;
		}
		slots[i] = pool->free;
		pool->free = slots[i]->next;
		memset(slots[i]->record, 0, sizeof(*slots[i]->record));
	}
	return 0;
}

int result_pool_syncobj(struct result_pool *pool, struct result_slot *slot)
{
	const struct npu_device *device = pool->vm->device;

	return slot->syncobj ? 0 : device->backend->sync_create(device, &slot->syncobj);
}

void result_pool_put(struct result_pool *pool, struct result_slot **slots,
		     uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		slots[i]->next = pool->free;
		pool->free = slots[i];
	}
}
