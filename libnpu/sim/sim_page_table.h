/* SPDX-License-Identifier: MIT */
/* Page tables of an address space: hw/npu_regs.h. Not thread-safe. */
#ifndef NPU_SIM_SIM_PAGE_TABLE_H
#define NPU_SIM_SIM_PAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_bus.h"

/**
 * struct sim_page_table - tables of one address space
 * @bus: memory that they lie in
 * @root: bus address of the level 2 table
 * @chunks: bus addresses of memory for tables
 * @num_chunks: entries of @chunks
 * @unused: bus addresses of tables in it, @num_unused that are free and behind
 *	them @num_stale that the machine may still look at
 * @num_unused: see there
 * @num_stale: see there
 */
struct sim_page_table {
	struct sim_bus *bus;
	uint64_t root;
	uint64_t *chunks;
	size_t num_chunks;
	uint64_t *unused;
	size_t num_unused, num_stale;
};

/** sim_page_table_init() - empty tables; 0 or -ENOMEM */
int sim_page_table_init(struct sim_page_table *pt, struct sim_bus *bus);

/** sim_page_table_fini() - free all of them */
void sim_page_table_fini(struct sim_page_table *pt);

/** sim_page_table_bytes() - memory that the tables take */
uint64_t sim_page_table_bytes(const struct sim_page_table *pt);

/**
 * sim_page_table_map() - let addresses lead to memory
 * @pt: tables; nothing is mapped in the range
 * @va: first address, page aligned
 * @bus: bus address behind it
 * @size: whole pages
 * @readonly: without the right to write
 *
 * Return: 0 or -ENOMEM; then part of it may be done.
 */
int sim_page_table_map(struct sim_page_table *pt, uint64_t va, uint64_t bus,
		       uint64_t size, bool readonly);

/**
 * sim_page_table_unmap() - let addresses lead nowhere
 * @pt: tables
 * @va: first address, page aligned
 * @size: whole pages
 * @stale: set if the machine may hold what it must forget
 *
 * Return: 0, or -ENOMEM with nothing done.
 */
int sim_page_table_unmap(struct sim_page_table *pt, uint64_t va, uint64_t size,
			 bool *stale);

/** sim_page_table_settled() - the machine has forgotten all that was unmapped */
void sim_page_table_settled(struct sim_page_table *pt);

#endif /* NPU_SIM_SIM_PAGE_TABLE_H */
