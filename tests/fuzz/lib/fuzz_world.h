/* SPDX-License-Identifier: MIT */
/*
 * What lies where in the fuzzers' memory. Context 1 sees the data pages at every
 * address, over and over, so that any program finds something; the last pages
 * of each 2 MiB are read only, or absent, and the last 2 MiB of each GiB are a
 * page of that size. Context 2 has a table of its own that starts empty.
 */
#ifndef TESTS_FUZZ_FUZZ_WORLD_H
#define TESTS_FUZZ_FUZZ_WORLD_H

#include "fuzz_bus.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

/* Pages. */
#define WORLD_CONTEXTS	0u
#define WORLD_ROOT	1u
#define WORLD_MIDDLE	2u
#define WORLD_LEAVES	3u
#define WORLD_RINGS	4u	/* one a queue, 8 entries */
#define WORLD_EVENTS	8u	/* 16 entries */
#define WORLD_DONE	9u	/* completions: 512 bytes each, 8 a queue */
#define WORLD_PROGRAMS	13u	/* to WORLD_DATA */
#define WORLD_TABLES	30u	/* of context 2 */
#define WORLD_DATA	32u
#define WORLD_DATA_PAGES 32u
#define WORLD_QUEUES	4u

/* Of a table's entries, the first that cannot be written, and the first that is not there. */
#define WORLD_READ_ONLY	480u
#define WORLD_ABSENT	504u

#define WORLD_BUS(page)	(FUZZ_BASE + (uint64_t)(page) * FUZZ_PAGE)
#define WORLD_AT(page)	((uint32_t)(page) * FUZZ_PAGE)
/* Where programs are for context 1: that page of the table shows them. */
#define WORLD_CODE_ENTRY 448u
#define WORLD_CODE_VA(page) \
	((WORLD_CODE_ENTRY + (page) - WORLD_PROGRAMS) * (uint64_t)FUZZ_PAGE)

/* Contexts and page tables, all else zero. */
void fuzz_world_build(uint8_t *memory);
/* A program at page @page: its header filled in. Returns its size. */
uint32_t fuzz_world_program(uint8_t *memory, unsigned int page, const struct npu_insn *insns,
			    uint32_t count, uint32_t sram);
/* A job for a program of context 1, without completion. */
struct npu_job fuzz_world_job(unsigned int page, uint32_t size);
/* What a driver does after reset: context table, events, all queues. */
void fuzz_world_start(struct npu_core *npu);

#endif /* TESTS_FUZZ_FUZZ_WORLD_H */
