// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kv_pool.h"

#define CHUNK_BYTES (2u << 20)	/* memory is taken in pieces of about this size */

void kv_pool_init(struct kv_pool *pool, const struct llm_machine *machine,
		  uint64_t page_bytes, uint32_t max_pages)
{
	uint64_t pages = CHUNK_BYTES / page_bytes;

	memset(pool, 0, sizeof(*pool));
	pool->machine = machine;
	pool->page_bytes = page_bytes;
	pool->max_pages = max_pages;
	pool->chunk_pages = !pages ? 1 : pages < max_pages ? pages : max_pages;
}

void kv_pool_fini(struct kv_pool *pool)
{
	for (uint32_t i = 0; i < pool->n_chunks; i++)
		pool->machine->free_memory(pool->machine->opaque, pool->chunks[i].memory);
	free(pool->chunks);
	free(pool->refs);
}

/* Room in the arrays for one more chunk of @pages pages. */
static int grow_arrays(struct kv_pool *pool, uint32_t pages, struct npu_error *err)
{
	size_t n = pool->n_pages + (size_t)pages;
	struct kv_chunk *chunks = realloc(pool->chunks, (pool->n_chunks + 1) * sizeof(*chunks));
	uint32_t *refs = realloc(pool->refs, n * sizeof(*refs));

	if (chunks)
		pool->chunks = chunks;
	if (refs)
		pool->refs = refs;
	if (!chunks || !refs)
		return npu_error_set(err, -ENOMEM, "no memory to keep account of %zu KV pages", n);
	return 0;
}

static int grow(struct kv_pool *pool, struct npu_error *err)
{
	uint32_t left = pool->max_pages - pool->n_pages;
	uint32_t pages = left < pool->chunk_pages ? left : pool->chunk_pages;
	struct kv_chunk *chunk;
	void *memory;
	int ret;

	if (!pages)
		return npu_error_set(err, -ENOMEM,
				     "the KV cache has %u pages, and all are in use: end or shorten a sequence, or give the cache more memory",
				     pool->max_pages);
	ret = grow_arrays(pool, pages, err);
	if (!ret)
		ret = pool->machine->memory(pool->machine->opaque, pages * pool->page_bytes,
					    &memory, err);
	if (ret)
		return ret;
	chunk = &pool->chunks[pool->n_chunks++];
	chunk->memory = memory;
	memset(pool->refs + pool->n_pages, 0, pages * sizeof(*pool->refs));
	pool->n_pages += pages;
	return 0;
}

/* From the lowest number up, so that pages taken together can be mapped together. */
int kv_pool_take(struct kv_pool *pool, uint32_t *page, struct npu_error *err)
{
	uint32_t i = pool->first_free;
	int ret;

	while (i < pool->n_pages && pool->refs[i])
		i++;
	pool->first_free = i;
	if (i == pool->n_pages) {
		ret = grow(pool, err);
		if (ret)
			return ret;
	}
	pool->refs[i] = 1;
	pool->first_free = i + 1;
	pool->used++;
	*page = i;
	return 0;
}

void kv_pool_get(struct kv_pool *pool, uint32_t page)
{
	if (pool->refs[page]++ == 1)
		pool->shared++;
}

void kv_pool_put(struct kv_pool *pool, uint32_t page)
{
	uint32_t left = --pool->refs[page];

	if (left == 1)
		pool->shared--;
	if (left)
		return;
	pool->used--;
	if (page < pool->first_free)
		pool->first_free = page;
}

static uint64_t offset_of(const struct kv_pool *pool, uint32_t page)
{
	return page % pool->chunk_pages * pool->page_bytes;
}

void kv_pool_copy(const struct kv_pool *pool, uint32_t to, uint32_t from)
{
	const struct llm_machine *m = pool->machine;

	m->copy(m->opaque, pool->chunks[to / pool->chunk_pages].memory, offset_of(pool, to),
		pool->chunks[from / pool->chunk_pages].memory, offset_of(pool, from),
		pool->page_bytes);
}

struct llm_map kv_pool_map(const struct kv_pool *pool, uint32_t page, uint64_t va,
			   bool readonly)
{
	return (struct llm_map){
		.memory = pool->chunks[page / pool->chunk_pages].memory,
		.offset = offset_of(pool, page),
		.va = va, .size = pool->page_bytes, .readonly = readonly,
	};
}
