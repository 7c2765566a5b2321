// SPDX-License-Identifier: MIT
/*
 * Three levels of tables. What the machine may look at is written entry by
 * entry, a table before the entry that leads to it. Tables that are taken out
 * are used again only after an invalidation.
 */
#include "sim_page_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/npu_regs.h"

#define TABLES_OF_CHUNK	16
#define ENTRIES		(1u << NPU_PT_BITS)

static uint64_t page_size(int level)
{
	return 1ull << (NPU_PAGE_SHIFT + NPU_PT_BITS * level);
}

static uint64_t *entry_of(const struct sim_page_table *pt, uint64_t table,
			  uint64_t va, int level)
{
	uint64_t *entries = sim_bus_at(pt->bus, table);

	return &entries[va / page_size(level) % ENTRIES];
}

static uint64_t load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static void store(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static bool is_table(uint64_t entry)
{
	return entry & NPU_PTE_VALID && !(entry & NPU_PTE_LEAF);
}

static int grow(struct sim_page_table *pt)
{
	size_t tables = (pt->num_chunks + 1) * TABLES_OF_CHUNK;
	uint64_t *chunks, *unused, addr;

	chunks = realloc(pt->chunks, (pt->num_chunks + 1) * sizeof(*chunks));
	if (!chunks)
		return -ENOMEM;
	pt->chunks = chunks;
	unused = realloc(pt->unused, tables * sizeof(*unused));
	if (!unused)
		return -ENOMEM;
	pt->unused = unused;
	if (!sim_bus_alloc(pt->bus, TABLES_OF_CHUNK * NPU_PAGE_SIZE, &addr))
		return -ENOMEM;
	pt->chunks[pt->num_chunks++] = addr;
	memmove(unused + pt->num_unused + TABLES_OF_CHUNK,
		unused + pt->num_unused, pt->num_stale * sizeof(*unused));
	for (unsigned int i = 0; i < TABLES_OF_CHUNK; i++)
		unused[pt->num_unused++] = addr + i * NPU_PAGE_SIZE;
	return 0;
}

/* Tables are empty when they come from here. */
static int reserve_tables(struct sim_page_table *pt, size_t n)
{
	while (pt->num_unused < n)
		if (grow(pt))
			return -ENOMEM;
	return 0;
}

static uint64_t take_table(struct sim_page_table *pt)
{
	uint64_t table = pt->unused[--pt->num_unused];

	memmove(pt->unused + pt->num_unused, pt->unused + pt->num_unused + 1,
		pt->num_stale * sizeof(*pt->unused));
	memset(sim_bus_at(pt->bus, table), 0, NPU_PAGE_SIZE);
	return table;
}

static void retire_table(struct sim_page_table *pt, uint64_t table)
{
	pt->unused[pt->num_unused + pt->num_stale++] = table;
}

void sim_page_table_settled(struct sim_page_table *pt)
{
	pt->num_unused += pt->num_stale;
	pt->num_stale = 0;
}

int sim_page_table_init(struct sim_page_table *pt, struct sim_bus *bus)
{
	*pt = (struct sim_page_table){ .bus = bus };
	if (reserve_tables(pt, 1)) {
		sim_page_table_fini(pt);
		return -ENOMEM;
	}
	pt->root = take_table(pt);
	return 0;
}

void sim_page_table_fini(struct sim_page_table *pt)
{
	for (size_t i = 0; i < pt->num_chunks; i++)
		sim_bus_free(pt->bus, pt->chunks[i],
			     TABLES_OF_CHUNK * NPU_PAGE_SIZE);
	free(pt->chunks);
	free(pt->unused);
	*pt = (struct sim_page_table){ .bus = pt->bus };
}

uint64_t sim_page_table_bytes(const struct sim_page_table *pt)
{
	return pt->num_chunks * TABLES_OF_CHUNK * NPU_PAGE_SIZE;
}

/* The entry of @va at @level, with tables on the way to it; NULL: no memory. */
static uint64_t *reach(struct sim_page_table *pt, uint64_t va, int level)
{
	uint64_t table = pt->root;

	for (int at = NPU_PT_LEVELS - 1; at > level; at--) {
		uint64_t *entry = entry_of(pt, table, va, at);

		if (!is_table(load(entry))) {
			if (reserve_tables(pt, 1))
				return NULL;
			store(entry, take_table(pt) | NPU_PTE_VALID);
		}
		table = load(entry) & NPU_PTE_ADDR;
	}
	return entry_of(pt, table, va, level);
}

int sim_page_table_map(struct sim_page_table *pt, uint64_t va, uint64_t bus,
		       uint64_t size, bool readonly)
{
	uint64_t flags = NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ |
			 (readonly ? 0 : NPU_PTE_WRITE);

	while (size) {
		bool huge = (va | bus) % NPU_HUGE_SIZE == 0 &&
			    size >= NPU_HUGE_SIZE;
		uint64_t step = huge ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
		uint64_t *entry = reach(pt, va, huge);

		if (!entry)
			return -ENOMEM;
		/* Empty tables may be left of what was mapped before. */
		if (is_table(load(entry)))
			retire_table(pt, load(entry) & NPU_PTE_ADDR);
		store(entry, bus | flags);
		va += step;
		bus += step;
		size -= step;
	}
	return 0;
}

/* The level 1 entry of @va if there is one, else NULL. */
static uint64_t *find(const struct sim_page_table *pt, uint64_t va)
{
	uint64_t top = load(entry_of(pt, pt->root, va, 2));

	return is_table(top) ? entry_of(pt, top & NPU_PTE_ADDR, va, 1) : NULL;
}

/* A huge page becomes a table of the same translations. */
static void split(struct sim_page_table *pt, uint64_t *entry)
{
	uint64_t leaf = load(entry), table;
	uint64_t *pages;

	if (!(leaf & NPU_PTE_LEAF))
		return;
	table = take_table(pt);
	pages = sim_bus_at(pt->bus, table);
	for (unsigned int i = 0; i < ENTRIES; i++)
		pages[i] = leaf + i * NPU_PAGE_SIZE;
	store(entry, table | NPU_PTE_VALID);
}

/* So that no page reaches over @va. */
static void split_at(struct sim_page_table *pt, uint64_t va)
{
	uint64_t *entry = find(pt, va);

	if (va % NPU_HUGE_SIZE && entry)
		split(pt, entry);
}

/* Pages from @va in the 2 MiB of @entry. */
static void clear(struct sim_page_table *pt, uint64_t *entry, uint64_t va,
		  uint64_t size, bool *stale)
{
	uint64_t value = load(entry);

	if (!(value & NPU_PTE_VALID))
		return;
	if (!is_table(value)) {
		store(entry, 0);
		*stale = true;
		return;
	}
	for (uint64_t at = va; at < va + size; at += NPU_PAGE_SIZE) {
		uint64_t *page = entry_of(pt, value & NPU_PTE_ADDR, at, 0);

		*stale |= load(page) & NPU_PTE_VALID;
		store(page, 0);
	}
}

int sim_page_table_unmap(struct sim_page_table *pt, uint64_t va, uint64_t size,
			 bool *stale)
{
	if (reserve_tables(pt, 2))
		return -ENOMEM;
	split_at(pt, va);
	split_at(pt, va + size);
	while (size) {
		uint64_t *entry = find(pt, va);
		uint64_t step = NPU_HUGE_SIZE - va % NPU_HUGE_SIZE;

		if (step > size)
			step = size;
		if (entry)
			clear(pt, entry, va, step, stale);
		va += step;
		size -= step;
	}
	return 0;
}
