// SPDX-License-Identifier: MIT
/* One core with one queue, driven as a driver does, a job at a time. */
#include "cpu_machine.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/npu_core.h"
#include "cpu_pages.h"

#define SRAM (16u << 20)	/* what the compiler gives to parts for the CPU */
#define RING_LOG2 1
#define CONTEXT 1
#define VECTOR 1
#define Q(reg) NPU_REG_Q(0, reg)

/**
 * struct shared - memory that driver and core share
 * @ring: jobs
 * @done: completion of the job that runs
 * @contexts: table of contexts
 */
struct shared {
	struct npu_job ring[1 << RING_LOG2];
	struct npu_completion done;
	struct npu_context contexts[CONTEXT + 1] __attribute__((aligned(64)));
} __attribute__((aligned(NPU_PAGE_SIZE)));

/**
 * struct cpu_machine - the core and what a driver has for it
 * @core: the core
 * @shared: memory that both see
 * @pages: page table
 * @tail: of the ring
 * @lock: protects @messages
 * @message: there is one more
 * @messages: interrupts so far
 */
struct cpu_machine {
	struct npu_core *core;
	struct shared *shared;
	struct cpu_pages pages;
	uint32_t tail;
	pthread_mutex_t lock;
	pthread_cond_t message;
	unsigned int messages;
};

/*
 * Addresses come from page tables and rings made here, and so are memory of the
 * process. As on a bus, what both sides look at moves by the word.
 */
static bool bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	(void)opaque;
	if (len == sizeof(uint64_t) && addr % sizeof(uint64_t) == 0) {
		uint64_t word = __atomic_load_n((uint64_t *)(uintptr_t)addr,
						__ATOMIC_ACQUIRE);

		memcpy(buf, &word, len);
	} else {
		memcpy(buf, (const void *)(uintptr_t)addr, len);
	}
	return true;
}

static bool bus_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	(void)opaque;
	if (len == sizeof(uint64_t) && addr % sizeof(uint64_t) == 0) {
		uint64_t word;

		memcpy(&word, buf, len);
		__atomic_store_n((uint64_t *)(uintptr_t)addr, word, __ATOMIC_RELEASE);
	} else {
		memcpy((void *)(uintptr_t)addr, buf, len);
	}
	return true;
}

/* Behind a page that is mapped there need be nothing. */
static void *bus_map(void *opaque, uint64_t addr, size_t *len, bool write)
{
	struct cpu_machine *m = opaque;
	uint64_t left = cpu_pages_reach(&m->pages, addr);

	(void)write;
	if (*len > left)
		*len = left;
	return (void *)(uintptr_t)addr;
}

static void bus_unmap(void *opaque, void *host, size_t len, bool dirty)
{
	(void)opaque;
	(void)host;
	(void)len;
	(void)dirty;
}

static void raise_vector(void *opaque, unsigned int vector)
{
	struct cpu_machine *m = opaque;

	(void)vector;
	pthread_mutex_lock(&m->lock);
	m->messages++;
	pthread_cond_broadcast(&m->message);
	pthread_mutex_unlock(&m->lock);
}

static uint64_t clock_ns(void *opaque)
{
	struct timespec now;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static const struct npu_core_ops ops = {
	.read = bus_read,
	.write = bus_write,
	.map = bus_map,
	.unmap = bus_unmap,
	.raise = raise_vector,
	.clock_ns = clock_ns,
};

static void put(struct cpu_machine *m, uint32_t reg, uint32_t value)
{
	npu_core_write(m->core, reg, value);
}

static void put_address(struct cpu_machine *m, uint32_t reg, const void *memory)
{
	put(m, reg, (uintptr_t)memory);
	put(m, reg + 4, (uint64_t)(uintptr_t)memory >> 32);
}

static void start(struct cpu_machine *m)
{
	m->shared->contexts[CONTEXT].page_table = (uintptr_t)m->pages.root;
	m->shared->contexts[CONTEXT].flags = NPU_CONTEXT_VALID;
	put_address(m, NPU_REG_CTX_BASE_LO, m->shared->contexts);
	put(m, NPU_REG_CTX_COUNT, CONTEXT + 1);
	put_address(m, Q(NPU_Q_BASE_LO), m->shared->ring);
	put(m, Q(NPU_Q_SIZE), RING_LOG2);
	put(m, Q(NPU_Q_VECTOR), VECTOR);
	put(m, Q(NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
	put(m, NPU_REG_EVENT_VECTOR, NPU_NO_VECTOR);
	put(m, NPU_REG_IRQ_ENABLE_SET, NPU_IRQ_QUEUE(0));
	put(m, NPU_REG_CTRL, NPU_CTRL_ENABLE);
}

int cpu_machine_create(struct cpu_machine **machine, struct npu_error *err)
{
	const struct npu_core_config config = { .cores = 1, .sram_size = SRAM };
	struct cpu_machine *m = calloc(1, sizeof(*m));
	char why[256] = "out of memory";

	if (!m)
		return npu_error_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->message, NULL);
	m->shared = aligned_alloc(NPU_PAGE_SIZE, sizeof(*m->shared));
	if (m->shared && !cpu_pages_init(&m->pages)) {
		memset(m->shared, 0, sizeof(*m->shared));
		m->core = npu_core_new(&config, &ops, m, why, sizeof(why));
	}
	if (!m->core) {
		cpu_machine_destroy(m);
		return npu_error_set(err, -ENOMEM, "cannot run a part on the CPU: %s", why);
	}
	start(m);
	*machine = m;
	return 0;
}

void cpu_machine_destroy(struct cpu_machine *machine)
{
	if (!machine)
		return;
	npu_core_free(machine->core);
	cpu_pages_fini(&machine->pages);
	free(machine->shared);
	pthread_cond_destroy(&machine->message);
	pthread_mutex_destroy(&machine->lock);
	free(machine);
}

/* Translations are forgotten at once: no job runs that could hold them up. */
void cpu_machine_unmap_all(struct cpu_machine *machine)
{
	uint32_t seq;

	cpu_pages_clear(&machine->pages);
	put(machine, NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	seq = npu_core_read(machine->core, NPU_REG_TLB_SEQ);
	while (npu_core_read(machine->core, NPU_REG_TLB_DONE) != seq)
		nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
}

int cpu_machine_map(struct cpu_machine *machine, uint64_t va, void *memory,
		    uint64_t size, bool readonly)
{
	return cpu_pages_map(&machine->pages, va, memory, size, readonly);
}

static void wait_for(struct cpu_machine *m)
{
	for (;;) {
		unsigned int seen;

		pthread_mutex_lock(&m->lock);
		seen = m->messages;
		pthread_mutex_unlock(&m->lock);
		put(m, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(0));
		if (__atomic_load_n(&m->shared->done.id, __ATOMIC_ACQUIRE))
			return;
		pthread_mutex_lock(&m->lock);
		while (m->messages == seen)
			pthread_cond_wait(&m->message, &m->lock);
		pthread_mutex_unlock(&m->lock);
	}
}

void cpu_machine_run(struct cpu_machine *machine, uint64_t program, uint32_t size,
		     const uint64_t *args, uint32_t num_args,
		     struct npu_completion *done)
{
	struct npu_job *job = &machine->shared->ring[machine->tail % (1 << RING_LOG2)];

	*job = (struct npu_job){
		.id = 1,
		.flags = NPU_JOB_IRQ,
		.context = CONTEXT,
		.program = program,
		.program_size = size,
		.completion = (uintptr_t)&machine->shared->done,
		.num_args = num_args,
	};
	memcpy(job->args, args, num_args * sizeof(*args));
	__atomic_store_n(&machine->shared->done.id, 0, __ATOMIC_RELAXED);
	put(machine, Q(NPU_Q_TAIL), ++machine->tail);
	wait_for(machine);
	*done = machine->shared->done;
}
