// SPDX-License-Identifier: MIT
/* Rings and doorbells: order, wrap, bad tails, what cannot be read or written. */
#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define LOCKED	0xa00000u

static struct machine *m;
static struct npu_job null_job, trap_job;

static uint32_t rd(uint32_t reg)
{
	return npu_core_read(machine_core(m), reg);
}

static void wr(uint32_t reg, uint32_t value)
{
	npu_core_write(machine_core(m), reg, value);
}

/* Events so far; *@last: the newest. */
static uint32_t events(struct npu_event *last)
{
	uint32_t prod = rd(NPU_REG_EVENT_PROD);

	if (prod)
		*last = machine_events(m)[(prod - 1) % 16];
	wr(NPU_REG_EVENT_CONS, prod);
	return prod;
}

static void programs(void)
{
	uint8_t *code = machine_map(m, CODE, 0x10000, false);
	static struct program p;

	asm_null(&p);
	null_job = asm_job(&p, code, CODE);
	asm_start(&p, 0);
	asm_set(&p, 9, 77);
	asm_add(&p, NPU_OP_TRAP)->addr[1].reg = 9;
	p.insns[1].imm[0] = 5;
	asm_add(&p, NPU_OP_END);
	trap_job = asm_job(&p, code + 4096, CODE + 4096);
}

static void wraps(void)
{
	struct ring *ring = ring_new(m, 1, 1);
	unsigned int good = 0;

	for (unsigned int i = 0; i < 7; i += 1) {
		ring_submit(ring, &null_job);
		good += ring_wait(ring, i) &&
			ring_completion(ring, i)->id == 2000 + i &&
			ring_completion(ring, i)->status == NPU_JOB_DONE;
	}
	is(good, 7, "seven jobs one by one through a ring of two");
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 7), "HEAD runs freely");
	ring_add(ring, &null_job);
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 7) && ring_wait(ring, 8), "a full ring is taken");
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 9), "to its end");
	ok(bus_messages(machine_bus(m), 3) > 0, "with messages on its vector");
	ring_free(ring);
}

static void bad_tail(const char *what, uint32_t beyond)
{
	struct ring *ring = ring_new(m, 2, 2);
	struct npu_event event;
	uint32_t before = events(&event);

	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0) && ring_poll(ring, NPU_Q_HEAD, ~0u, 1), "a job before");
	wr(NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(2));
	ring_write(ring, NPU_Q_TAIL, ring->tail + beyond);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_ERROR, NPU_Q_STATUS_ERROR),
	   "%s sets ERROR", what);
	is(ring_read(ring, NPU_Q_TAIL), 1, "and is ignored");
	ok(machine_poll(m, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(2), NPU_IRQ_QUEUE(2)),
	   "the queue's cause is set");
	is(events(&event), before + 1, "one event");
	ok(event.type == NPU_EVENT_QUEUE && event.queue == 2, "that says so");
	ring_submit(ring, &null_job);
	is(ring_read(ring, NPU_Q_TAIL), 1, "TAIL is ignored in error");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE | NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "a queue reset clears it");
	is(ring_read(ring, NPU_Q_HEAD), 1, "HEAD keeps its value");
	ring_enable(ring);
	is(ring_read(ring, NPU_Q_HEAD), 0, "until the queue is enabled");
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0), "then jobs run again");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "and it is put away");
	ring_free(ring);
}

static void bad_rings(void)
{
	struct ring *ring = ring_new(m, 3, 1);
	struct npu_event event;
	uint32_t before = events(&event);

	ring_write(ring, NPU_Q_CTRL, 0);
	ring_write(ring, NPU_Q_TAIL, 1);
	is(ring_read(ring, NPU_Q_TAIL), 0, "a disabled queue ignores TAIL");
	ring_write(ring, NPU_Q_SIZE, 11);
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE);
	is(ring_read(ring, NPU_Q_STATUS), NPU_Q_STATUS_ERROR, "a bad SIZE is an error");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "reset");
	ring_write(ring, NPU_Q_SIZE, 1);
	ring_write(ring, NPU_Q_BASE_LO, ring->bus + 32);
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE);
	is(ring_read(ring, NPU_Q_STATUS), NPU_Q_STATUS_ERROR, "so is a bad BASE");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "reset");
	before = events(&event);
	ring_enable(ring);
	bus_break(machine_bus(m), ring->bus, 64);
	ring_submit(ring, &null_job);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_ERROR, NPU_Q_STATUS_ERROR),
	   "so is a ring that cannot be read");
	ok(machine_poll(m, NPU_REG_EVENT_PROD, ~0u, before + 1), "with an event");
	bus_break(machine_bus(m), 0, 0);
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "reset");
	ring_free(ring);
}

static void faults_and_totals(void)
{
	struct ring *ring = ring_new(m, 1, 3);
	uint32_t jobs = rd(NPU_REG_COUNTER(NPU_CNT_JOBS));
	uint32_t insns = rd(NPU_REG_COUNTER(NPU_CNT_INSNS));
	struct npu_event event;
	uint32_t before = events(&event);
	const struct npu_fault *fault;

	ring_add(ring, &trap_job);
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0) && ring_wait(ring, 1), "a job that traps, one behind it");
	fault = &ring_completion(ring, 0)->fault;
	ok(ring_completion(ring, 0)->status == NPU_JOB_FAULT &&
	   fault->code == NPU_FAULT_TRAP && fault->pc == 1 && !fault->core &&
	   fault->opcode == NPU_OP_TRAP && fault->address == 5 &&
	   fault->needs[0] == 77, "the trap is described");
	is(ring_completion(ring, 1)->status, NPU_JOB_DONE, "the next job runs");
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 2), "HEAD is behind both");
	is(events(&event), before + 1, "one event");
	ok(event.type == NPU_EVENT_FAULT && event.queue == 1 && event.job == 2000 &&
	   event.context == MACHINE_CONTEXT && event.fault.code == NPU_FAULT_TRAP &&
	   event.clock, "tells of the fault");
	is(rd(NPU_REG_COUNTER(NPU_CNT_JOBS)), jobs + 2, "totals count both jobs");
	is(rd(NPU_REG_COUNTER(NPU_CNT_INSNS)), insns + 2, "and what they did");
	ok(ring_completion(ring, 1)->clock_end >= ring_completion(ring, 1)->clock_start &&
	   ring_completion(ring, 1)->clock_start, "clocks are filled in");
	ring_free(ring);
}

static void results(void)
{
	uint8_t *data = machine_map(m, DATA, 4096, true);
	struct npu_completion *copy = (void *)(data + 512);
	struct ring *ring = ring_new(m, 1, 3);
	struct npu_job job = null_job;

	machine_map(m, LOCKED, 4096, false);
	job.result = DATA + 512;
	job.result_id = 4711;
	ring_submit(ring, &job);
	ok(ring_wait(ring, 0), "a job with a result");
	is(copy->id, 4711, "its copy has the result's id");
	is(copy->status, NPU_JOB_DONE, "and status");
	ok(!memcmp(copy->counters, ring_completion(ring, 0)->counters,
		   sizeof(copy->counters)), "and counters");
	job.result = LOCKED;
	ring_submit(ring, &job);
	ok(ring_wait(ring, 1), "a job whose result cannot be written");
	copy = ring_completion(ring, 1);
	ok(copy->status == NPU_JOB_FAULT && copy->fault.code == NPU_FAULT_PROTECTION &&
	   copy->fault.access == NPU_ACCESS_WRITE && copy->fault.address == LOCKED &&
	   copy->fault.core == 0xffffffff && copy->fault.pc == 0xffffffff,
	   "faults with access WRITE");
	ring_free(ring);
}

static void event_overflow(void)
{
	struct ring *ring = ring_new(m, 1, 5);
	uint32_t prod;
	struct npu_event event;

	prod = events(&event);
	for (unsigned int i = 0; i < 18; i++)
		ring_add(ring, &trap_job);
	ring_bell(ring);
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 18) &&
	   machine_poll(m, NPU_REG_EVENT_DROPPED, ~0u, 2), "a full event ring drops");
	is(rd(NPU_REG_EVENT_PROD), prod + 16, "all but sixteen");
	ring_free(ring);
}

static void fatal(void)
{
	struct ring *ring = ring_new(m, 1, 3);
	uint32_t done = rd(NPU_REG_TLB_DONE);

	wr(NPU_REG_IRQ_STATUS, 0xffffffff);
	bus_break(machine_bus(m), ring->completions_bus, 64);
	ring_submit(ring, &null_job);
	ok(machine_poll(m, NPU_REG_STATUS, NPU_STATUS_FATAL, NPU_STATUS_FATAL),
	   "a completion that cannot be written is fatal");
	ok(machine_poll(m, NPU_REG_STATUS, NPU_STATUS_BUSY, 0), "all stops");
	is(rd(NPU_REG_IRQ_STATUS) & NPU_IRQ_FATAL, NPU_IRQ_FATAL, "its cause is set");
	is(ring_read(ring, NPU_Q_HEAD), 0, "HEAD does not count it");
	wr(NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	is(rd(NPU_REG_TLB_DONE), done + 1, "invalidations complete");
	bus_break(machine_bus(m), 0, 0);
	wr(NPU_REG_CTRL, NPU_CTRL_RESET);
	ok(machine_poll(m, NPU_REG_STATUS, ~0u, NPU_STATUS_READY), "a reset clears it");
	machine_init(m);
	ring_enable(ring);
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0), "and jobs run");
	ring_free(ring);
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 2 });
	programs();
	wraps();
	bad_tail("a TAIL beyond the ring", 5);
	bad_tail("a TAIL that moves back", 0xffffffff);
	bad_rings();
	faults_and_totals();
	results();
	event_overflow();
	fatal();
	is(bus_mappings(machine_bus(m)), 0, "no mapping is left");
	machine_free(m);
	return done_testing();
}
