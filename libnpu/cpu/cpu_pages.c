// SPDX-License-Identifier: MIT
#include "cpu_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES (1u << NPU_PT_BITS)

static uint64_t *new_table(void)
{
	uint64_t *table = aligned_alloc(NPU_PAGE_SIZE, ENTRIES * sizeof(*table));

	if (table)
		memset(table, 0, ENTRIES * sizeof(*table));
	return table;
}

int cpu_pages_init(struct cpu_pages *pages)
{
	*pages = (struct cpu_pages){ .root = new_table() };
	return pages->root ? 0 : -ENOMEM;
}

static void free_tables(struct cpu_pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		free(pages->tables[i]);
	pages->count = 0;
}

void cpu_pages_fini(struct cpu_pages *pages)
{
	free_tables(pages);
	free(pages->tables);
	free(pages->memory);
	free(pages->size);
	free(pages->root);
}

void cpu_pages_clear(struct cpu_pages *pages)
{
	memset(pages->root, 0, ENTRIES * sizeof(*pages->root));
	free_tables(pages);
	pages->ranges = 0;
}

static int add_range(struct cpu_pages *pages, uint64_t memory, uint64_t size)
{
	if (pages->ranges == pages->max_ranges) {
		size_t max = pages->max_ranges ? 2 * pages->max_ranges : 16;
		uint64_t *more = realloc(pages->memory, max * sizeof(*more));

		if (!more)
			return -ENOMEM;
		pages->memory = more;
		more = realloc(pages->size, max * sizeof(*more));
		if (!more)
			return -ENOMEM;
		pages->size = more;
		pages->max_ranges = max;
	}
	pages->memory[pages->ranges] = memory;
	pages->size[pages->ranges++] = size;
	return 0;
}

uint64_t cpu_pages_reach(const struct cpu_pages *pages, uint64_t address)
{
	for (size_t i = 0; i < pages->ranges; i++)
		if (address >= pages->memory[i] &&
		    address - pages->memory[i] < pages->size[i])
			return pages->size[i] - (address - pages->memory[i]);
	/* what is not a program's is rings, a page at least */
	return NPU_PAGE_SIZE - address % NPU_PAGE_SIZE;
}

/* A table that is freed with the others. */
static uint64_t *add_table(struct cpu_pages *pages)
{
	uint64_t *table;

	if (pages->count == pages->capacity) {
		size_t capacity = pages->capacity ? 2 * pages->capacity : 16;
		uint64_t **more = realloc(pages->tables, capacity * sizeof(*more));

		if (!more)
			return NULL;
		pages->tables = more;
		pages->capacity = capacity;
	}
	table = new_table();
	if (table)
		pages->tables[pages->count++] = table;
	return table;
}

/* Entry of an address in the table of @level above it, which is made if need be. */
static uint64_t *entry_of(struct cpu_pages *pages, uint64_t va, int level)
{
	uint64_t *table = pages->root;

	for (int at = NPU_PT_LEVELS - 1; ; at--) {
		unsigned int shift = NPU_PAGE_SHIFT + NPU_PT_BITS * at;
		uint64_t *entry = &table[va >> shift & (ENTRIES - 1)];

		if (at == level)
			return entry;
		if (!*entry) {
			table = add_table(pages);
			if (!table)
				return NULL;
			*entry = (uintptr_t)table | NPU_PTE_VALID;
		}
		table = (uint64_t *)(uintptr_t)(*entry & NPU_PTE_ADDR);
	}
}

int cpu_pages_map(struct cpu_pages *pages, uint64_t va, void *memory, uint64_t size,
		  bool readonly)
{
	uint64_t flags = NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ |
			 (readonly ? 0 : NPU_PTE_WRITE);
	uint64_t at = (uintptr_t)memory;

	if (add_range(pages, at, size))
		return -ENOMEM;
	while (size) {
		bool huge = (va | at) % NPU_HUGE_SIZE == 0 && size >= NPU_HUGE_SIZE;
		uint64_t page = huge ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
		uint64_t *entry = entry_of(pages, va, huge);

		if (!entry)
			return -ENOMEM;
		*entry = at | flags;
		va += page;
		at += page;
		size -= page;
	}
	return 0;
}
