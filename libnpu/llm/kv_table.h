/* SPDX-License-Identifier: MIT */
/*
 * Which pages hold the positions of each sequence, and changes of that.
 *
 * A change is an *update*: pages are taken, copied and noted one by one, then
 * all mappings change in one request. An update that fails leaves all tables
 * as they were. Not thread-safe.
 */
#ifndef LIBNPU_LLM_KV_TABLE_H
#define LIBNPU_LLM_KV_TABLE_H

#include "kv_pool.h"

/**
 * struct kv_entry - a page of a sequence
 * @page: number in the pool
 * @readonly: it is mapped so
 */
struct kv_entry {
	uint32_t page;
	bool readonly;
};

/**
 * struct kv_table - pages of a sequence
 * @pool: where they come from
 * @page_tokens: positions of a page
 * @va: address of its slot
 * @entry: @n of them, with room for the whole context
 * @lost: mappings and @entry do not agree: nothing can be run
 */
struct kv_table {
	struct kv_pool *pool;
	uint32_t page_tokens;
	uint64_t va;
	struct kv_entry *entry;
	uint32_t n;
	bool lost;
};

/**
 * struct kv_change - an entry that an update has changed
 * @table: of which
 * @index: entry
 * @before: what it was
 * @was_new: there was none
 */
struct kv_change {
	struct kv_table *table;
	uint32_t index;
	struct kv_entry before;
	bool was_new;
};

/**
 * struct kv_update - changes on their way
 * @pool: of all tables
 * @change: @n of them, room for @capacity
 * @map: mappings that belong to them
 */
struct kv_update {
	struct kv_pool *pool;
	struct kv_change *change;
	struct llm_map *map;
	size_t n, capacity;
};

/** kv_table_pages() - pages that hold so many positions */
static inline uint32_t kv_table_pages(const struct kv_table *table, uint32_t tokens)
{
	return tokens / table->page_tokens + !!(tokens % table->page_tokens);
}

/** kv_table_cost() - pages that have to be taken to write positions @from to before @to */
uint32_t kv_table_cost(const struct kv_table *table, uint32_t from, uint32_t to);

/** kv_update_begin() - start an update */
void kv_update_begin(struct kv_update *up, struct kv_pool *pool);

/**
 * kv_update_write() - let a sequence write positions
 * @up: update
 * @table: its table, which holds all positions before
 * @from: first position
 * @to: position behind the last
 * @err: what failed
 *
 * Pages that other sequences use too are copied, missing ones taken.
 *
 * Return: 0 or a negative errno; end the update in either case.
 */
int kv_update_write(struct kv_update *up, struct kv_table *table, uint32_t from,
		    uint32_t to, struct npu_error *err);

/**
 * kv_update_share() - let an empty sequence read another's positions
 * @up: update
 * @table: table of the new sequence
 * @from: table of the other
 * @err: what failed
 *
 * Return: as kv_update_write().
 */
int kv_update_share(struct kv_update *up, struct kv_table *table,
		    const struct kv_table *from, struct npu_error *err);

/**
 * kv_update_end() - make the changes, or take them back
 * @up: update, of no use afterwards
 * @ret: 0 to make them; else what has failed, and @err is set already
 * @err: what failed
 *
 * Return: @ret, or another negative errno.
 */
int kv_update_end(struct kv_update *up, int ret, struct npu_error *err);

/**
 * kv_table_trim() - keep only the pages of the first positions
 * @table: table
 * @tokens: number of positions that remain
 */
void kv_table_trim(struct kv_table *table, uint32_t tokens);

#endif /* LIBNPU_LLM_KV_TABLE_H */
