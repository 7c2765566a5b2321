// SPDX-License-Identifier: MIT
/* Plain memory, counted mappings and counted messages. */
#include "bus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define HUGE_SIZE	(2u << 20)

struct bus {
	uint8_t *mapping, *memory;	/* as it was mapped; aligned to HUGE_SIZE */
	uint64_t size, used;
	uint64_t broken, broken_len;
	pthread_mutex_t lock;
	pthread_cond_t message;
	unsigned int messages[NPU_MAX_VECTORS];
	unsigned int mappings;
	unsigned int hazards;
	struct npu_hazard hazard;
	unsigned int traced[NPU_TRACE_RESET + 1];
};

static void die(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(255);
}

struct bus *bus_new(size_t size)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	pthread_condattr_t attr;

	if (!bus)
		die("out of memory");
	bus->mapping = mmap(NULL, size + HUGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bus->mapping == MAP_FAILED)
		die("no memory for the bus");
	bus->memory = bus->mapping + (HUGE_SIZE - (uintptr_t)bus->mapping % HUGE_SIZE) % HUGE_SIZE;
	bus->size = size;
	/* As QEMU asks for the guest's memory; without it all works too. */
	madvise(bus->memory, size, MADV_HUGEPAGE);
	pthread_mutex_init(&bus->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&bus->message, &attr);
	pthread_condattr_destroy(&attr);
	return bus;
}

void bus_free(struct bus *bus)
{
	munmap(bus->mapping, bus->size + HUGE_SIZE);
	pthread_cond_destroy(&bus->message);
	pthread_mutex_destroy(&bus->lock);
	free(bus);
}

void *bus_alloc(struct bus *bus, size_t size, size_t align, uint64_t *addr)
{
	uint64_t at = (bus->used + align - 1) & ~(uint64_t)(align - 1);

	if (at > bus->size || size > bus->size - at)
		die("the bus is full");
	bus->used = at + size;
	*addr = BUS_BASE + at;
	return bus->memory + at;
}

void *bus_at(struct bus *bus, uint64_t addr)
{
	return bus->memory + (addr - BUS_BASE);
}

void bus_break(struct bus *bus, uint64_t addr, uint64_t len)
{
	pthread_mutex_lock(&bus->lock);
	bus->broken = addr;
	bus->broken_len = len;
	pthread_mutex_unlock(&bus->lock);
}

/* Bytes of memory from @addr on, at most @len. */
static uint64_t reach(struct bus *bus, uint64_t addr, uint64_t len)
{
	uint64_t left, broken, broken_len;

	if (addr < BUS_BASE || addr - BUS_BASE >= bus->size)
		return 0;
	left = bus->size - (addr - BUS_BASE);
	pthread_mutex_lock(&bus->lock);
	broken = bus->broken;
	broken_len = bus->broken_len;
	pthread_mutex_unlock(&bus->lock);
	if (left > len)
		left = len;
	if (!broken_len || addr >= broken + broken_len)
		return left;
	if (addr >= broken)
		return 0;
	return broken - addr < left ? broken - addr : left;
}

/* Word by word where possible, as a bus would: another side may look or write. */
static void copy(void *to, const void *from, size_t len, bool to_bus)
{
	const void *shared = to_bus ? to : from;
	size_t done = 0;

	if ((uintptr_t)shared % 8 == 0)
		for (; len - done >= 8; done += 8) {
			uint64_t word;

			if (to_bus) {
				memcpy(&word, (const char *)from + done, 8);
				__atomic_store_n((uint64_t *)((char *)to + done), word,
						 __ATOMIC_RELEASE);
			} else {
				word = __atomic_load_n((const uint64_t *)
						       ((const char *)from + done),
						       __ATOMIC_ACQUIRE);
				memcpy((char *)to + done, &word, 8);
			}
		}
	memcpy((char *)to + done, (const char *)from + done, len - done);
}

static bool bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	if (reach(opaque, addr, len) < len)
		return false;
	copy(buf, bus_at(opaque, addr), len, false);
	return true;
}

static bool bus_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	if (reach(opaque, addr, len) < len)
		return false;
	copy(bus_at(opaque, addr), buf, len, true);
	return true;
}

static void *bus_map(void *opaque, uint64_t addr, size_t *len, bool write)
{
	struct bus *bus = opaque;

	(void)write;
	*len = reach(bus, addr, *len);
	if (!*len)
		return NULL;
	__atomic_fetch_add(&bus->mappings, 1, __ATOMIC_RELAXED);
	return bus_at(bus, addr);
}

static void bus_unmap(void *opaque, void *host, size_t len, bool dirty)
{
	struct bus *bus = opaque;
	uint64_t at = (uint8_t *)host - bus->memory;

	(void)dirty;
	if (at >= bus->size || len > bus->size - at ||
	    !__atomic_fetch_sub(&bus->mappings, 1, __ATOMIC_RELAXED))
		die("unmapped what was not mapped");
}

static void bus_raise(void *opaque, unsigned int vector)
{
	struct bus *bus = opaque;

	pthread_mutex_lock(&bus->lock);
	bus->messages[vector]++;
	pthread_cond_broadcast(&bus->message);
	pthread_mutex_unlock(&bus->lock);
}

static uint64_t bus_clock(void *opaque)
{
	struct timespec now;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

unsigned int bus_messages(struct bus *bus, unsigned int vector)
{
	unsigned int count;

	pthread_mutex_lock(&bus->lock);
	count = bus->messages[vector];
	pthread_mutex_unlock(&bus->lock);
	return count;
}

bool bus_wait(struct bus *bus, unsigned int vector, unsigned int seen,
	      unsigned int seconds)
{
	struct timespec end;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	pthread_mutex_lock(&bus->lock);
	while (bus->messages[vector] <= seen && !error)
		error = pthread_cond_timedwait(&bus->message, &bus->lock, &end);
	pthread_mutex_unlock(&bus->lock);
	return !error;
}

unsigned int bus_mappings(struct bus *bus)
{
	return __atomic_load_n(&bus->mappings, __ATOMIC_RELAXED);
}

unsigned int bus_hazards(struct bus *bus, struct npu_hazard *last)
{
	unsigned int n;

	pthread_mutex_lock(&bus->lock);
	n = bus->hazards;
	if (last)
		*last = bus->hazard;
	pthread_mutex_unlock(&bus->lock);
	return n;
}

static void bus_hazard(void *opaque, const struct npu_hazard *hazard)
{
	struct bus *bus = opaque;

	pthread_mutex_lock(&bus->lock);
	bus->hazards++;
	bus->hazard = *hazard;
	pthread_mutex_unlock(&bus->lock);
}

unsigned int bus_traced(struct bus *bus, enum npu_trace_kind kind)
{
	return __atomic_load_n(&bus->traced[kind], __ATOMIC_RELAXED);
}

static void bus_trace(void *opaque, const struct npu_trace *event)
{
	struct bus *bus = opaque;

	__atomic_fetch_add(&bus->traced[event->kind], 1, __ATOMIC_RELAXED);
}

const struct npu_core_ops bus_ops = {
	.read = bus_read,
	.write = bus_write,
	.map = bus_map,
	.unmap = bus_unmap,
	.raise = bus_raise,
	.clock_ns = bus_clock,
	.trace = bus_trace,
	.hazard = bus_hazard,
};
