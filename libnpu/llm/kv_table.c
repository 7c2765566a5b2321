// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kv_table.h"

static uint64_t address(const struct kv_table *table, uint32_t index)
{
	return table->va + index * table->pool->page_bytes;
}

/* Mappings whose addresses and memory follow one another become one. */
static size_t merge(struct llm_map *map, size_t n)
{
	size_t last = 0;

	for (size_t i = 1; i < n; i++) {
		struct llm_map *to = &map[last];

		if (to->memory == map[i].memory && to->readonly == map[i].readonly &&
		    to->va + to->size == map[i].va && to->offset + to->size == map[i].offset)
			to->size += map[i].size;
		else
			map[++last] = map[i];
	}
	return n ? last + 1 : 0;
}

uint32_t kv_table_cost(const struct kv_table *table, uint32_t from, uint32_t to)
{
	uint32_t pages = kv_table_pages(table, to), cost = 0;

	for (uint32_t i = from / table->page_tokens; i < pages; i++)
		cost += i >= table->n ||
			kv_pool_is_shared(table->pool, table->entry[i].page);
	return cost;
}

void kv_update_begin(struct kv_update *up, struct kv_pool *pool)
{
	memset(up, 0, sizeof(*up));
	up->pool = pool;
}

static int make_room(struct kv_update *up, struct npu_error *err)
{
	size_t capacity = up->capacity ? 2 * up->capacity : 16;
	struct kv_change *change;
	struct llm_map *map;

	if (up->n < up->capacity)
		return 0;
	change = realloc(up->change, capacity * sizeof(*change));
	if (change)
		up->change = change;
	map = realloc(up->map, capacity * sizeof(*map));
	if (map)
		up->map = map;
	if (!change || !map)
		return npu_error_set(err, -ENOMEM, "no memory to change KV pages");
	up->capacity = capacity;
	return 0;
}

/* Entry @index becomes @to, whose page the update has a reference on. */
static void change(struct kv_update *up, struct kv_table *table, uint32_t index,
		   struct kv_entry to)
{
	struct kv_change *c = &up->change[up->n];

	c->table = table;
	c->index = index;
	c->was_new = index == table->n;
	if (c->was_new)
		table->n++;
	else
		c->before = table->entry[index];
	table->entry[index] = to;
	up->map[up->n++] = kv_pool_map(up->pool, to.page, address(table, index), to.readonly);
}

/* A page of its own for entry @index, with what is in the page so far. */
static int take_page(struct kv_update *up, struct kv_table *table, uint32_t index,
		     struct npu_error *err)
{
	struct kv_entry own = { 0 };
	int ret = kv_pool_take(up->pool, &own.page, err);

	if (ret)
		return ret;
	if (index < table->n)
		kv_pool_copy(up->pool, own.page, table->entry[index].page);
	change(up, table, index, own);
	return 0;
}

int kv_update_write(struct kv_update *up, struct kv_table *table, uint32_t from,
		    uint32_t to, struct npu_error *err)
{
	uint32_t pages = kv_table_pages(table, to);

	for (uint32_t i = from / table->page_tokens; i < pages; i++) {
		struct kv_entry *e = &table->entry[i];
		int ret = make_room(up, err);

		if (ret)
			return ret;
		if (i >= table->n || kv_pool_is_shared(up->pool, e->page)) {
			ret = take_page(up, table, i, err);
			if (ret)
				return ret;
		} else if (e->readonly) {
			/* the others are gone */
			kv_pool_get(up->pool, e->page);
			change(up, table, i, (struct kv_entry){ .page = e->page });
		}
	}
	return 0;
}

int kv_update_share(struct kv_update *up, struct kv_table *table,
		    const struct kv_table *from, struct npu_error *err)
{
	for (uint32_t i = 0; i < from->n; i++) {
		int ret = make_room(up, err);

		if (ret)
			return ret;
		kv_pool_get(up->pool, from->entry[i].page);
		change(up, table, i, (struct kv_entry){ from->entry[i].page, true });
	}
	return 0;
}

/* The pages that were there before are not needed any more. */
static void keep(struct kv_update *up)
{
	for (size_t i = 0; i < up->n; i++)
		if (!up->change[i].was_new)
			kv_pool_put(up->pool, up->change[i].before.page);
}

/* Back to what was there before; false if the mappings did not follow. */
static void take_back(struct kv_update *up, bool mapped)
{
	const struct llm_machine *m = up->pool->machine;
	struct npu_error ignored;

	while (up->n) {
		const struct kv_change *c = &up->change[--up->n];
		struct kv_table *table = c->table;
		struct llm_map map = { .va = address(table, c->index),
				       .size = up->pool->page_bytes };

		kv_pool_put(up->pool, table->entry[c->index].page);
		if (c->was_new) {
			table->n--;
		} else {
			table->entry[c->index] = c->before;
			map = kv_pool_map(up->pool, c->before.page, map.va, c->before.readonly);
		}
		if (mapped && m->map(m->opaque, &map, 1, &ignored))
			table->lost = true;
	}
}

int kv_update_end(struct kv_update *up, int ret, struct npu_error *err)
{
	const struct llm_machine *m = up->pool->machine;
	bool mapped = !ret && up->n;
	struct llm_map *map;

	if (mapped) {
		map = malloc(up->n * sizeof(*map));
		if (!map) {
			ret = npu_error_set(err, -ENOMEM, "no memory to change KV pages");
			mapped = false;
		} else {
			memcpy(map, up->map, up->n * sizeof(*map));
			ret = m->map(m->opaque, map, merge(map, up->n), err);
			free(map);
		}
	}
	if (ret)
		take_back(up, mapped);
	else
		keep(up);
	free(up->change);
	free(up->map);
	return ret;
}

/* What cannot be unmapped stays so, until the slot is written again. */
void kv_table_trim(struct kv_table *table, uint32_t tokens)
{
	const struct llm_machine *m = table->pool->machine;
	uint32_t keep = kv_table_pages(table, tokens);
	struct llm_map gone = { 0 };
	struct npu_error ignored;

	if (keep >= table->n)
		return;
	gone.va = address(table, keep);
	gone.size = (table->n - keep) * table->pool->page_bytes;
	if (m->map(m->opaque, &gone, 1, &ignored))
		table->lost = true;
	while (table->n > keep)
		kv_pool_put(table->pool, table->entry[--table->n].page);
}
