/* SPDX-License-Identifier: MIT */
/* Memory and interrupts around a device core, in the process of a test. */
#ifndef TESTS_HARNESS_BUS_H
#define TESTS_HARNESS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_regs.h"
#include "npu_core.h"

/* First address that is memory: zero is never an address by accident. */
#define BUS_BASE	0x40000000ull

struct bus;

/* The owner's side of a core; its opaque is a struct bus. */
extern const struct npu_core_ops bus_ops;

/**
 * bus_new() - zeroed memory at BUS_BASE
 * @size: bytes; pages that are never touched cost nothing
 *
 * Return: the bus; ends the test program if there is no memory.
 */
struct bus *bus_new(size_t size);
void bus_free(struct bus *bus);

/**
 * bus_alloc() - take memory that nobody has
 * @bus: bus
 * @size: bytes
 * @align: power of two that the address is a multiple of
 * @addr: receives its bus address
 *
 * Return: the same memory in this process; ends the test program if it is used up.
 */
void *bus_alloc(struct bus *bus, size_t size, size_t align, uint64_t *addr);

/* Memory at a bus address in this process. */
void *bus_at(struct bus *bus, uint64_t addr);

/* Accesses to @len bytes at @addr fail from now on; @len 0: none does. */
void bus_break(struct bus *bus, uint64_t addr, uint64_t len);

/* Messages of a vector so far. */
unsigned int bus_messages(struct bus *bus, unsigned int vector);

/* Wait until @vector has had more than @seen messages; false after @seconds. */
bool bus_wait(struct bus *bus, unsigned int vector, unsigned int seen,
	      unsigned int seconds);

/* Hazards that the core told of, and the last of them; NULL: it is not wanted. */
unsigned int bus_hazards(struct bus *bus, struct npu_hazard *last);

/* How often the core has told of @kind. */
unsigned int bus_traced(struct bus *bus, enum npu_trace_kind kind);

/* Mappings that the core holds. */
unsigned int bus_mappings(struct bus *bus);

#endif /* TESTS_HARNESS_BUS_H */
