/* SPDX-License-Identifier: MIT */
/* Pages of the KV cache: memory, who uses it, and what is free. Not thread-safe. */
#ifndef LIBNPU_LLM_KV_POOL_H
#define LIBNPU_LLM_KV_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "llm_machine.h"

/**
 * struct kv_chunk - pages whose memory was taken at one time
 * @memory: for llm_machine.map
 */
struct kv_chunk {
	void *memory;
};

/**
 * struct kv_pool - all pages of a model
 * @machine: gives memory
 * @page_bytes: bytes of a page
 * @max_pages: most of them
 * @chunk_pages: pages of a chunk
 * @chunks: memory so far, @n_chunks
 * @n_pages: pages that there is memory for
 * @refs: sequences that use each of them; 0: it is free
 * @first_free: no page below is free
 * @used: pages in use, @shared by more than one sequence
 */
struct kv_pool {
	const struct llm_machine *machine;
	uint64_t page_bytes;
	uint32_t max_pages, chunk_pages;
	struct kv_chunk *chunks;
	uint32_t n_chunks, n_pages;
	uint32_t *refs;
	uint32_t first_free, used, shared;
};

/**
 * kv_pool_init() - a pool without memory
 * @pool: pool
 * @machine: gives memory; must outlive the pool
 * @page_bytes: bytes of a page
 * @max_pages: most of them, not zero
 */
void kv_pool_init(struct kv_pool *pool, const struct llm_machine *machine,
		  uint64_t page_bytes, uint32_t max_pages);

/** kv_pool_fini() - give all memory back */
void kv_pool_fini(struct kv_pool *pool);

/**
 * kv_pool_take() - take a page
 * @pool: pool
 * @page: receives its number; it has one user
 * @err: what failed
 *
 * What is in the page is left from its last user.
 *
 * Return: 0; -ENOMEM when all are in use; or why there is no memory.
 */
int kv_pool_take(struct kv_pool *pool, uint32_t *page, struct npu_error *err);

/** kv_pool_get() - one more user of a page */
void kv_pool_get(struct kv_pool *pool, uint32_t page);

/** kv_pool_put() - one less; the last leaves it free */
void kv_pool_put(struct kv_pool *pool, uint32_t page);

/** kv_pool_is_shared() - whether a page has several users */
static inline bool kv_pool_is_shared(const struct kv_pool *pool, uint32_t page)
{
	return pool->refs[page] > 1;
}

/** kv_pool_copy() - copy what is in page @from to page @to */
void kv_pool_copy(const struct kv_pool *pool, uint32_t to, uint32_t from);

/** kv_pool_map() - what maps a page at an address */
struct llm_map kv_pool_map(const struct kv_pool *pool, uint32_t page, uint64_t va,
			   bool readonly);

#endif /* LIBNPU_LLM_KV_POOL_H */
