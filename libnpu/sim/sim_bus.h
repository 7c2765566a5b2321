/* SPDX-License-Identifier: MIT */
/* Memory of a machine in the process. */
#ifndef NPU_SIM_SIM_BUS_H
#define NPU_SIM_SIM_BUS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/npu_core.h"
#include "runtime/va_space.h"

/* First bus address: zero is never one by accident. */
#define SIM_BUS_BASE	0x100000000ull

/**
 * struct sim_bus - a range of bus addresses, and memory behind some of them
 * @host: where the range lies in the process
 * @size: bytes of it
 * @lock: guards @used
 * @used: bus addresses that have memory
 */
struct sim_bus {
	uint8_t *host;
	uint64_t size;
	pthread_mutex_t lock;
	struct va_space used;
};

/** sim_bus_init() - reserve addresses, without memory; 0 or -ENOMEM */
int sim_bus_init(struct sim_bus *bus);

/** sim_bus_fini() - give all memory back */
void sim_bus_fini(struct sim_bus *bus);

/**
 * sim_bus_alloc() - memory of zeros
 * @bus: bus
 * @size: bytes, whole pages
 * @addr: receives its bus address; of 2 MiB and more on a boundary of 2 MiB
 *
 * Return: the same memory in the process, or NULL.
 */
void *sim_bus_alloc(struct sim_bus *bus, uint64_t size, uint64_t *addr);

/** sim_bus_free() - give memory back that the machine no longer reaches */
void sim_bus_free(struct sim_bus *bus, uint64_t addr, uint64_t size);

/** sim_bus_at() - memory at a bus address that has some */
static inline void *sim_bus_at(const struct sim_bus *bus, uint64_t addr)
{
	return bus->host + (addr - SIM_BUS_BASE);
}

/* The machine's way to memory; given the address of a struct sim_bus. */
bool sim_bus_read(struct sim_bus *bus, uint64_t addr, void *buf, size_t len);
bool sim_bus_write(struct sim_bus *bus, uint64_t addr, const void *buf,
		   size_t len);
void *sim_bus_map(struct sim_bus *bus, uint64_t addr, size_t *len);

#endif /* NPU_SIM_SIM_BUS_H */
