// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "fuzz_bus.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz_bytes.h"
#include "hw/npu_regs.h"

static uint8_t *map_pages(int fd)
{
	void *at = mmap(NULL, FUZZ_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	fuzz_assert(at != MAP_FAILED);
	return at;
}

struct fuzz_bus *fuzz_bus_new(void)
{
	struct fuzz_bus *bus = calloc(1, sizeof(*bus));
	int fd = memfd_create("fuzz-bus", MFD_CLOEXEC);

	fuzz_assert(bus && fd >= 0 && !ftruncate(fd, FUZZ_SIZE));
	bus->memory = map_pages(fd);
	bus->device = map_pages(fd);
	close(fd);
	ASAN_POISON_MEMORY_REGION(bus->device, FUZZ_SIZE);
	pthread_mutex_init(&bus->lock, NULL);
	pthread_cond_init(&bus->message, NULL);
	bus->tick = 1000;
	return bus;
}

void fuzz_bus_heal(struct fuzz_bus *bus)
{
	pthread_mutex_lock(&bus->lock);
	bus->refused = 0;
	bus->piece = 0;
	bus->calls_left = 0;
	for (unsigned int i = 0; i < 32; i++)
		bus->messages[i] = 0;
	pthread_mutex_unlock(&bus->lock);
}

void fuzz_bus_misbehave(struct fuzz_bus *bus, uint64_t refused, uint32_t piece,
			uint32_t calls_left)
{
	pthread_mutex_lock(&bus->lock);
	bus->refused = refused;
	bus->piece = piece;
	bus->calls_left = calls_left;
	pthread_mutex_unlock(&bus->lock);
}

/* Bytes from @addr on that an access of @len gets; lock held. */
static uint64_t reach(struct fuzz_bus *bus, uint64_t addr, uint64_t len)
{
	uint64_t page = (addr - FUZZ_BASE) / FUZZ_PAGE, end = page;

	if (addr < FUZZ_BASE || page >= FUZZ_PAGES || !len)
		return 0;
	if (bus->calls_left && !--bus->calls_left)
		return 0;
	while (end < FUZZ_PAGES && !(bus->refused >> end & 1) &&
	       FUZZ_BASE + end * FUZZ_PAGE < addr + len)
		end++;
	if (end == page)
		return 0;
	end = FUZZ_BASE + end * FUZZ_PAGE - addr;
	return end < len ? end : len;
}

/* Aligned words are stored in one piece, as memory does. */
static void copy(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t done = 0;

	if (((uintptr_t)to | (uintptr_t)from) % 8 == 0)
		for (; len - done >= 8; done += 8)
			__atomic_store_n((uint64_t *)(to + done),
					 __atomic_load_n((const uint64_t *)(from + done),
							 __ATOMIC_RELAXED),
					 __ATOMIC_RELEASE);
	memcpy(to + done, from + done, len - done);
}

static bool bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct fuzz_bus *bus = opaque;
	bool good;

	pthread_mutex_lock(&bus->lock);
	good = reach(bus, addr, len) == len;
	pthread_mutex_unlock(&bus->lock);
	if (good)
		copy(buf, bus->memory + (addr - FUZZ_BASE), len);
	return good;
}

static bool bus_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct fuzz_bus *bus = opaque;
	bool good;

	pthread_mutex_lock(&bus->lock);
	good = reach(bus, addr, len) == len;
	pthread_mutex_unlock(&bus->lock);
	if (good)
		copy(bus->memory + (addr - FUZZ_BASE), buf, len);
	return good;
}

static void hold(struct fuzz_bus *bus, uint64_t at, uint64_t len)
{
	for (uint64_t page = at / FUZZ_PAGE; page * FUZZ_PAGE < at + len; page++)
		if (!bus->held[page]++)
			ASAN_UNPOISON_MEMORY_REGION(bus->device + page * FUZZ_PAGE,
						    FUZZ_PAGE);
	bus->mappings++;
}

static void let_go(struct fuzz_bus *bus, uint64_t at, uint64_t len)
{
	for (uint64_t page = at / FUZZ_PAGE; page * FUZZ_PAGE < at + len; page++) {
		fuzz_assert(bus->held[page]);
		if (!--bus->held[page])
			ASAN_POISON_MEMORY_REGION(bus->device + page * FUZZ_PAGE,
						  FUZZ_PAGE);
	}
	fuzz_assert(bus->mappings);
	bus->mappings--;
}

static void *bus_map(void *opaque, uint64_t addr, size_t *len, bool write)
{
	struct fuzz_bus *bus = opaque;
	uint64_t n;

	(void)write;
	pthread_mutex_lock(&bus->lock);
	n = reach(bus, addr, *len);
	if (bus->piece && n > bus->piece)
		n = bus->piece;
	if (n)
		hold(bus, addr - FUZZ_BASE, n);
	pthread_mutex_unlock(&bus->lock);
	*len = n;
	return n ? bus->device + (addr - FUZZ_BASE) : NULL;
}

static void bus_unmap(void *opaque, void *host, size_t len, bool dirty)
{
	struct fuzz_bus *bus = opaque;
	uint64_t at = (uint8_t *)host - bus->device;

	(void)dirty;
	fuzz_assert(at < FUZZ_SIZE && len && len <= FUZZ_SIZE - at);
	pthread_mutex_lock(&bus->lock);
	let_go(bus, at, len);
	pthread_mutex_unlock(&bus->lock);
}

static void bus_raise(void *opaque, unsigned int vector)
{
	struct fuzz_bus *bus = opaque;

	fuzz_assert(vector < NPU_MAX_VECTORS);
	pthread_mutex_lock(&bus->lock);
	bus->messages[vector]++;
	pthread_cond_broadcast(&bus->message);
	pthread_mutex_unlock(&bus->lock);
}

static uint64_t bus_clock(void *opaque)
{
	struct fuzz_bus *bus = opaque;

	return __atomic_add_fetch(&bus->clock,
				  __atomic_load_n(&bus->tick, __ATOMIC_RELAXED),
				  __ATOMIC_RELAXED);
}

static void bus_trace(void *opaque, const struct npu_trace *event)
{
	(void)opaque;
	fuzz_assert(event->queue < NPU_MAX_QUEUES);
}

static void bus_hazard(void *opaque, const struct npu_hazard *hazard)
{
	struct fuzz_bus *bus = opaque;

	fuzz_assert(hazard->len);
	__atomic_fetch_add(&bus->hazards, 1, __ATOMIC_RELAXED);
}

void fuzz_bus_poke(struct fuzz_bus *bus, uint32_t at, const void *from, size_t len)
{
	if (at < FUZZ_SIZE)
		copy(bus->memory + at, from, len < FUZZ_SIZE - at ? len : FUZZ_SIZE - at);
}

uint64_t fuzz_bus_word(struct fuzz_bus *bus, uint32_t at)
{
	return __atomic_load_n((uint64_t *)(bus->memory + at), __ATOMIC_ACQUIRE);
}

void fuzz_bus_wait(struct fuzz_bus *bus, unsigned int vector, uint32_t count)
{
	pthread_mutex_lock(&bus->lock);
	while (bus->messages[vector] < count)
		pthread_cond_wait(&bus->message, &bus->lock);
	pthread_mutex_unlock(&bus->lock);
}

uint32_t fuzz_bus_messages(struct fuzz_bus *bus, unsigned int vector)
{
	uint32_t count;

	pthread_mutex_lock(&bus->lock);
	count = bus->messages[vector];
	pthread_mutex_unlock(&bus->lock);
	return count;
}

const struct npu_core_ops fuzz_bus_ops = {
	.read = bus_read,
	.write = bus_write,
	.map = bus_map,
	.unmap = bus_unmap,
	.raise = bus_raise,
	.clock_ns = bus_clock,
	.trace = bus_trace,
	.hazard = bus_hazard,
};
