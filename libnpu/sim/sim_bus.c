// SPDX-License-Identifier: MIT
/*
 * Memory of a machine in the process: one range of addresses, reserved at once,
 * in which buffers, page tables and rings get pages. A bus address is an
 * offset in it, so translation is an addition.
 */
#include "sim_bus.h"

#include <string.h>
#include <sys/mman.h>

#include "hw/npu_regs.h"

#define RESERVE_MOST	(1ull << 39)
#define RESERVE_LEAST	(1ull << 30)

#define NOTHING		(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* Where a limit is set on addresses, less will do. */
static int reserve(struct sim_bus *bus)
{
	for (bus->size = RESERVE_MOST; bus->size >= RESERVE_LEAST; bus->size /= 2) {
		uint8_t *host = mmap(NULL, bus->size + NPU_HUGE_SIZE, PROT_NONE,
				     NOTHING, -1, 0);
		uint64_t skip;

		if (host == MAP_FAILED)
			continue;
		skip = -(uintptr_t)host % NPU_HUGE_SIZE;
		if (skip)
			munmap(host, skip);
		munmap(host + skip + bus->size, NPU_HUGE_SIZE - skip);
		bus->host = host + skip;
		return 0;
	}
	return -1;
}

int sim_bus_init(struct sim_bus *bus)
{
	if (reserve(bus))
		return -1;
	pthread_mutex_init(&bus->lock, NULL);
	va_space_init(&bus->used, SIM_BUS_BASE, SIM_BUS_BASE + bus->size);
	return 0;
}

void sim_bus_fini(struct sim_bus *bus)
{
	if (!bus->host)
		return;
	munmap(bus->host, bus->size);
	va_space_fini(&bus->used);
	pthread_mutex_destroy(&bus->lock);
}

static int take_addresses(struct sim_bus *bus, uint64_t size, uint64_t *addr)
{
	uint64_t align = size >= NPU_HUGE_SIZE ? NPU_HUGE_SIZE : NPU_PAGE_SIZE;
	int ret;

	pthread_mutex_lock(&bus->lock);
	ret = va_space_room(&bus->used, 1);
	if (!ret)
		ret = va_space_find(&bus->used, size, align, addr);
	if (!ret)
		va_space_add(&bus->used, *addr, *addr + size);
	pthread_mutex_unlock(&bus->lock);
	return ret;
}

static void put_addresses(struct sim_bus *bus, uint64_t addr, uint64_t size)
{
	pthread_mutex_lock(&bus->lock);
	/* Without room the addresses are lost, which are many. */
	if (!va_space_room(&bus->used, 1))
		va_space_remove(&bus->used, addr, addr + size);
	pthread_mutex_unlock(&bus->lock);
}

void *sim_bus_alloc(struct sim_bus *bus, uint64_t size, uint64_t *addr)
{
	void *host;

	if (take_addresses(bus, size, addr))
		return NULL;
	host = mmap(sim_bus_at(bus, *addr), size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (host == MAP_FAILED) {
		put_addresses(bus, *addr, size);
		return NULL;
	}
	if (size >= NPU_HUGE_SIZE)
		madvise(host, size, MADV_HUGEPAGE);
	return host;
}

void sim_bus_free(struct sim_bus *bus, uint64_t addr, uint64_t size)
{
	if (mmap(sim_bus_at(bus, addr), size, PROT_NONE, NOTHING | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return;
	put_addresses(bus, addr, size);
}

/*
 * Page tables and descriptors are the driver's, and the machine believes no
 * other: what it asks for has memory, if it lies in the range at all.
 */
void *sim_bus_map(struct sim_bus *bus, uint64_t addr, size_t *len)
{
	uint64_t offset = addr - SIM_BUS_BASE;

	if (offset >= bus->size)
		return NULL;
	if (*len > bus->size - offset)
		*len = bus->size - offset;
	return bus->host + offset;
}

bool sim_bus_read(struct sim_bus *bus, uint64_t addr, void *buf, size_t len)
{
	size_t have = len;
	const void *host = sim_bus_map(bus, addr, &have);

	if (!host || have < len)
		return false;
	memcpy(buf, host, len);
	return true;
}

bool sim_bus_write(struct sim_bus *bus, uint64_t addr, const void *buf,
		   size_t len)
{
	size_t have = len;
	void *host = sim_bus_map(bus, addr, &have);
	uint64_t word;

	if (!host || have < len)
		return false;
	if (len == sizeof(word) && addr % sizeof(word) == 0) {
		/* The id of a completion: one store, after all before it. */
		memcpy(&word, buf, sizeof(word));
		__atomic_store_n((uint64_t *)host, word, __ATOMIC_RELEASE);
	} else {
		memcpy(host, buf, len);
	}
	return true;
}
