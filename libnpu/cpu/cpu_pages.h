/* SPDX-License-Identifier: MIT */
/* Page tables of hw/npu_regs.h, in memory of the process, to memory of the process. */
#ifndef NPU_CPU_CPU_PAGES_H
#define NPU_CPU_CPU_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_regs.h"

/**
 * struct cpu_pages - tables of one address space
 * @root: table of the highest level
 * @tables: the others, @count of them
 * @count: number of @tables
 * @capacity: number that @tables has room for
 * @memory: first bytes of what has been mapped, @size of each, @ranges of them
 * @size: see there
 * @ranges: see there
 * @max_ranges: number that @memory and @size have room for
 */
struct cpu_pages {
	uint64_t *root;
	uint64_t **tables;
	size_t count, capacity;
	uint64_t *memory, *size;
	size_t ranges, max_ranges;
};

/** cpu_pages_init() - an empty address space; 0 or -ENOMEM */
int cpu_pages_init(struct cpu_pages *pages);

/** cpu_pages_fini() - free it */
void cpu_pages_fini(struct cpu_pages *pages);

/** cpu_pages_clear() - empty it; whoever walked it must have been told to forget */
void cpu_pages_clear(struct cpu_pages *pages);

/** cpu_pages_map() - see cpu_machine_map() */
int cpu_pages_map(struct cpu_pages *pages, uint64_t va, void *memory, uint64_t size,
		  bool readonly);

/** cpu_pages_reach() - bytes of mapped memory in a row from an address of it on */
uint64_t cpu_pages_reach(const struct cpu_pages *pages, uint64_t address);

#endif /* NPU_CPU_CPU_PAGES_H */
