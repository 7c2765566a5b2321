// SPDX-License-Identifier: MIT
/* A driver as small as can be, around a core in this process. */
#define _GNU_SOURCE
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"

#define MEMORY_SIZE	(4ull << 30)
#define RING_LOG2	4
#define RING_ENTRIES	(1u << RING_LOG2)
#define EVENT_LOG2	4
#define CONTEXTS	4
#define COMPLETION_SIZE	512

struct machine {
	struct bus *bus;
	struct npu_core *core;
	struct npu_job *ring;
	struct npu_event *events;
	struct npu_context *contexts;
	uint8_t *completions;
	uint64_t ring_bus, events_bus, contexts_bus, completions_bus;
	uint64_t root;
	uint32_t tail;
	uint64_t next_id;
};

static void wr(struct machine *m, uint32_t reg, uint32_t value)
{
	npu_core_write(m->core, reg, value);
}

static void wr64(struct machine *m, uint32_t reg, uint64_t value)
{
	wr(m, reg, value);
	wr(m, reg + 4, value >> 32);
}

void machine_init(struct machine *m)
{
	wr64(m, NPU_REG_EVENT_BASE_LO, m->events_bus);
	wr(m, NPU_REG_EVENT_SIZE, EVENT_LOG2);
	wr64(m, NPU_REG_CTX_BASE_LO, m->contexts_bus);
	wr(m, NPU_REG_CTX_COUNT, CONTEXTS);
	wr64(m, MACHINE_Q(NPU_Q_BASE_LO), m->ring_bus);
	wr(m, MACHINE_Q(NPU_Q_SIZE), RING_LOG2);
	wr(m, MACHINE_Q(NPU_Q_VECTOR), MACHINE_VECTOR);
	wr(m, MACHINE_Q(NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
	wr(m, NPU_REG_EVENT_VECTOR, MACHINE_EVENT_VECTOR);
	wr(m, NPU_REG_IRQ_ENABLE_SET, 0xffffffff);
	wr(m, NPU_REG_CTRL, NPU_CTRL_ENABLE);
	m->tail = 0;
}

struct machine *machine_new(const struct npu_core_config *config)
{
	struct machine *m = calloc(1, sizeof(*m));
	char error[256];

	if (!m)
		exit(255);
	m->bus = bus_new(MEMORY_SIZE);
	m->core = npu_core_new(config, &bus_ops, m->bus, error, sizeof(error));
	if (!m->core) {
		printf("Bail out! cannot make a device: %s\n", error);
		exit(255);
	}
	m->ring = bus_alloc(m->bus, RING_ENTRIES * sizeof(*m->ring), 4096,
			    &m->ring_bus);
	m->events = bus_alloc(m->bus, sizeof(*m->events) << EVENT_LOG2, 4096,
			      &m->events_bus);
	m->contexts = bus_alloc(m->bus, CONTEXTS * sizeof(*m->contexts), 4096,
				&m->contexts_bus);
	m->completions = bus_alloc(m->bus, RING_ENTRIES * COMPLETION_SIZE, 4096,
				   &m->completions_bus);
	bus_alloc(m->bus, 4096, 4096, &m->root);
	m->contexts[MACHINE_CONTEXT].page_table = m->root;
	m->contexts[MACHINE_CONTEXT].flags = NPU_CONTEXT_VALID;
	m->next_id = 1;
	machine_init(m);
	return m;
}

bool machine_move(struct machine *m, const struct npu_core_config *config,
		  void (*change)(uint8_t *state, size_t len), char *error, size_t len)
{
	struct npu_core *other = npu_core_new(config, &bus_ops, m->bus, error, len);
	size_t size = 0;
	uint8_t *state, *copy;
	bool loaded;

	npu_core_pause(m->core);
	state = npu_core_save(m->core, &size);
	if (!other || !state || size > npu_core_state_max(m->core)) {
		printf("Bail out! no second machine: %s\n", error);
		exit(255);
	}
	/* Of exactly that size, so that a sanitizer sees what lies behind it. */
	copy = malloc(size);
	memcpy(copy, state, size);
	free(state);
	if (change)
		change(copy, size);
	npu_core_pause(other);
	loaded = npu_core_load(other, copy, size, error, len);
	free(copy);
	if (loaded) {
		npu_core_free(m->core);
		m->core = other;
	} else {
		npu_core_resume(other);
		npu_core_free(other);
	}
	npu_core_resume(m->core);
	return loaded;
}

void machine_free(struct machine *m)
{
	npu_core_free(m->core);
	bus_free(m->bus);
	free(m);
}

struct npu_core *machine_core(struct machine *m)
{
	return m->core;
}

struct bus *machine_bus(struct machine *m)
{
	return m->bus;
}

const struct npu_event *machine_events(struct machine *m)
{
	return m->events;
}

/* The entry of @va in the table at @table, of @level. */
static uint64_t *entry_of(struct machine *m, uint64_t table, uint64_t va,
			  int level)
{
	unsigned int shift = NPU_PAGE_SHIFT + NPU_PT_BITS * level;
	uint64_t *entries = bus_at(m->bus, table);

	return &entries[va >> shift & ((1 << NPU_PT_BITS) - 1)];
}

void machine_map_page(struct machine *m, uint64_t va, uint64_t pte, int level)
{
	uint64_t table = m->root;

	for (int at = NPU_PT_LEVELS - 1; at > level; at--) {
		uint64_t *entry = entry_of(m, table, va, at);
		uint64_t below = __atomic_load_n(entry, __ATOMIC_RELAXED);

		if (!(below & NPU_PTE_VALID)) {
			bus_alloc(m->bus, 4096, 4096, &below);
			below |= NPU_PTE_VALID;
			__atomic_store_n(entry, below, __ATOMIC_RELEASE);
		}
		table = below & NPU_PTE_ADDR;
	}
	__atomic_store_n(entry_of(m, table, va, level), pte, __ATOMIC_RELEASE);
}

void *machine_map(struct machine *m, uint64_t va, size_t size, bool writable)
{
	uint64_t flags = NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;
	int level = (va | size) % NPU_HUGE_SIZE ? 0 : 1;
	uint64_t page = level ? NPU_HUGE_SIZE : NPU_PAGE_SIZE, bus;
	void *host;

	if (writable)
		flags |= NPU_PTE_WRITE;
	size = (size + page - 1) / page * page;
	host = bus_alloc(m->bus, size, page, &bus);
	for (uint64_t at = 0; at < size; at += page)
		machine_map_page(m, va + at, (bus + at) | flags, level);
	return host;
}

const struct npu_completion *machine_submit(struct machine *m,
					    const struct npu_job *job)
{
	uint32_t slot = m->tail % RING_ENTRIES;
	struct npu_completion *completion =
		(void *)(m->completions + slot * COMPLETION_SIZE);
	struct npu_job *entry = &m->ring[slot];

	*entry = *job;
	entry->id = m->next_id++;
	entry->flags |= NPU_JOB_IRQ;
	entry->context = MACHINE_CONTEXT;
	entry->completion = m->completions_bus + slot * COMPLETION_SIZE;
	__atomic_store_n(&completion->id, 0, __ATOMIC_RELAXED);
	wr(m, MACHINE_Q(NPU_Q_TAIL), ++m->tail);
	return completion;
}

bool machine_wait(struct machine *m, const struct npu_completion *completion,
		  struct npu_completion *done)
{
	for (;;) {
		unsigned int seen = bus_messages(m->bus, MACHINE_VECTOR);

		wr(m, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(MACHINE_QUEUE));
		if (__atomic_load_n(&completion->id, __ATOMIC_ACQUIRE))
			break;
		if (!bus_wait(m->bus, MACHINE_VECTOR, seen, 60)) {
			printf("Bail out! a job hangs\n");
			exit(255);
		}
	}
	*done = *completion;
	return done->status == NPU_JOB_DONE;
}

bool machine_run(struct machine *m, const struct npu_job *job,
		 struct npu_completion *done)
{
	return machine_wait(m, machine_submit(m, job), done);
}

char *machine_slow_profile(void)
{
	static char path[] = "/tmp/npu-slow-XXXXXX.profile";
	char command[256];
	int fd = mkstemps(path, 8);

	snprintf(command, sizeof(command),
		 "sed 's/^clock_mhz.*/clock_mhz = 1/' qemu-device/profiles/edge.profile >%s", path);
	if (fd < 0 || system(command)) {
		printf("Bail out! no profile\n");
		exit(255);
	}
	close(fd);
	return path;
}
