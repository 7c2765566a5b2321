/* SPDX-License-Identifier: MIT */
/*
 * Memory around a device core that does not always do what it is asked, and
 * that the core may touch only while it holds a mapping: AddressSanitizer
 * reports any other access.
 */
#ifndef TESTS_FUZZ_FUZZ_BUS_H
#define TESTS_FUZZ_FUZZ_BUS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npu_core.h"

#define FUZZ_BASE	0x40000000ull
#define FUZZ_PAGE	4096u
#define FUZZ_PAGES	64u
#define FUZZ_SIZE	(FUZZ_PAGES * FUZZ_PAGE)

/**
 * struct fuzz_bus - memory at FUZZ_BASE
 * @memory: as the fuzzer sees it
 * @device: the same pages as the device sees them; all of it is poisoned that is not mapped
 * @held: mappings of each page (lock)
 * @mappings: mappings that are held (lock)
 * @refused: pages that are no memory at present, a bit each
 * @piece: most bytes that a mapping gives; 0: as many as asked for
 * @calls_left: accesses until one fails, once; 0: none does
 * @clock: of the machine, ns; each look at it takes @tick
 * @messages: interrupts by vector (lock)
 * @hazards: hazards told of
 * @lock: guards what says so
 * @message: an interrupt came
 */
struct fuzz_bus {
	uint8_t *memory, *device;
	uint32_t held[FUZZ_PAGES];
	uint32_t mappings;
	uint64_t refused;
	uint32_t piece, calls_left;
	uint64_t clock, tick;
	uint32_t messages[32];
	uint32_t hazards;
	pthread_mutex_t lock;
	pthread_cond_t message;
};

/* The owner's side of a core; its opaque is a struct fuzz_bus. */
extern const struct npu_core_ops fuzz_bus_ops;

struct fuzz_bus *fuzz_bus_new(void);
/* It does what it is asked, and has had no message. */
void fuzz_bus_heal(struct fuzz_bus *bus);
/* From now on: pages that are no memory, the most that a mapping gives, and what fails. */
void fuzz_bus_misbehave(struct fuzz_bus *bus, uint64_t refused, uint32_t piece,
			uint32_t calls_left);
/* Store bytes where another thread may look; cut at the end of memory. */
void fuzz_bus_poke(struct fuzz_bus *bus, uint32_t at, const void *from, size_t len);
/* One aligned word, which the device may be writing. */
uint64_t fuzz_bus_word(struct fuzz_bus *bus, uint32_t at);
/* Wait until @vector has had @count messages. */
void fuzz_bus_wait(struct fuzz_bus *bus, unsigned int vector, uint32_t count);
uint32_t fuzz_bus_messages(struct fuzz_bus *bus, unsigned int vector);

#endif /* TESTS_FUZZ_FUZZ_BUS_H */
