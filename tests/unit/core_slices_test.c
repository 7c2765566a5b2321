// SPDX-License-Identifier: MIT
/* Jobs that leave their cores at a YIELD: who, when, for whom, and that nobody sees it. */
#include <sched.h>
#include <string.h>
#include <time.h>

#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"
#include "wander.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define CORES	4
#define ROUNDS	4000u
#define ROWS	(CORES * WANDER_ROW)

static struct machine *m;
static struct ring *ring[6];
static struct npu_job null_job, spin_job, yield_job, endless_job;
static struct npu_job wander_job[2];
static struct npu_completion alone[2];
static uint8_t *data, expected[2][ROWS];

static void settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static struct npu_job wide(struct npu_job job, unsigned int cores)
{
	job.cores = cores;
	return job;
}

static bool has(unsigned int q, uint32_t status)
{
	return ring_poll(ring[q], NPU_Q_STATUS,
			 NPU_Q_STATUS_RUNNING | NPU_Q_STATUS_SUSPENDED, status);
}

/* A job that does not end has done something. */
static bool begun(unsigned int q)
{
	while (!ring_read(ring[q], NPU_Q_PROGRESS))
		sched_yield();
	return true;
}

static unsigned int suspensions(void)
{
	return bus_traced(machine_bus(m), NPU_TRACE_JOB_SUSPEND);
}

static void open_rings(void)
{
	for (unsigned int q = 1; q < 6; q++) {
		ring[q] = ring_new(m, q, 3);
		ring_write(ring[q], NPU_Q_PRIORITY, 0);
	}
}

static void close_rings(void)
{
	for (unsigned int q = 1; q < 6; q++)
		ring_free(ring[q]);
	npu_core_write(machine_core(m), NPU_REG_TIMESLICE, 0);
}

/* What job @i of queue @q gave is what it gives alone, and nothing else. */
static void same_as_alone(unsigned int q, unsigned int i)
{
	const struct npu_completion *done = ring_completion(ring[q], 0);

	ok(ring_wait(ring[q], 0) && done->status == NPU_JOB_DONE, "it ends well");
	ok(!memcmp(data + i * ROWS, expected[i], ROWS), "with the bytes that it gives alone");
	ok(!memcmp(done->counters, alone[i].counters, sizeof(done->counters)) &&
	   !memcmp(done->energy_pj, alone[i].energy_pj, sizeof(done->energy_pj)),
	   "and the same counters, cycles and energy");
	ok(done->clock_end - done->clock_start >= done->clock_suspended,
	   "it was not away for longer than it took");
}

static void run_alone(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		ok(machine_run(m, &wander_job[i], &alone[i]), "a job alone");
		is(alone[i].clock_suspended, 0, "is never suspended");
		memcpy(expected[i], data + i * ROWS, ROWS);
	}
	is(suspensions(), 0, "and no core is taken away");
}

static void for_higher_priority(void)
{
	unsigned int before = suspensions(), good = 0;
	struct npu_job all = wide(null_job, 0), one = wide(null_job, 1);

	open_rings();
	ring_write(ring[1], NPU_Q_PRIORITY, 1);
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[1], &endless_job);
	begun(1);
	for (unsigned int i = 0; i < 20; i++) {
		ring_submit(ring[2], i % 2 ? &all : &one);
		/* The next could come before the cores are given back. */
		good += ring_wait(ring[2], i) && has(1, NPU_Q_STATUS_RUNNING);
	}
	is(good, 20, "jobs of higher priority run while another has all cores, to which it comes back");
	is(suspensions() - before, 20, "it was suspended for each");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[1], 0), "it ends");
	is(bus_traced(machine_bus(m), NPU_TRACE_JOB_RESUME), suspensions(),
	   "and was resumed as often");
	ok(ring_completion(ring[1], 0)->clock_suspended, "and its completion tells of it");
	close_rings();

	open_rings();
	memset(data, 0, 2 * ROWS);
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[1], &wander_job[0]);
	for (unsigned int i = 0; i < 100; i++) {
		ring_submit(ring[2], &all);
		ring_wait(ring[2], i);
	}
	same_as_alone(1, 0);
	close_rings();
}

/* Both begin to wait at the same time. */
static void submit_two(void)
{
	open_rings();
	memset(data, 0, 2 * ROWS);
	npu_core_write(machine_core(m), NPU_REG_CTRL, 0);
	ring_submit(ring[1], &wander_job[0]);
	ring_submit(ring[2], &wander_job[1]);
	npu_core_write(machine_core(m), NPU_REG_CTRL, NPU_CTRL_ENABLE);
	same_as_alone(1, 0);
	same_as_alone(2, 1);
}

static void in_turns(void)
{
	unsigned int before = suspensions();

	submit_two();
	is(suspensions(), before,
	   "jobs of equal priority without TIMESLICE run one after the other");
	close_rings();
	npu_core_write(machine_core(m), NPU_REG_TIMESLICE, 100000);
	is(npu_core_read(machine_core(m), NPU_REG_TIMESLICE), 100000, "TIMESLICE keeps its value");
	submit_two();
	ok(suspensions() - before >= 2 * (alone[0].counters[NPU_CNT_CYCLES] / 101000 - 1),
	   "with it by turns: %u", suspensions() - before);
	ok(ring_completion(ring[1], 0)->clock_end > ring_completion(ring[2], 0)->clock_start,
	   "the second begins before the first ends");
	close_rings();
}

/* Each gets its share, however many there are and whatever they need. */
static void all_advance(void)
{
	struct npu_job job[] = {
		endless_job, wide(endless_job, 3), wide(endless_job, 2), wide(yield_job, 1),
		wide(endless_job, 2),
	};
	uint32_t seen[6] = { 0 };

	open_rings();
	npu_core_write(machine_core(m), NPU_REG_TIMESLICE, 1000);
	for (unsigned int q = 1; q < 6; q++)
		ring_submit(ring[q], &job[q - 1]);
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int q = 1; q < 6; q++) {
			while (ring_read(ring[q], NPU_Q_PROGRESS) == seen[q])
				sched_yield();
			seen[q] = ring_read(ring[q], NPU_Q_PROGRESS);
		}
	ok(true, "five jobs of different width all advance");
	for (unsigned int q = 1; q < 6; q++)
		ring_write(ring[q], NPU_Q_ABORT, 0);
	for (unsigned int q = 1; q < 6; q++)
		ok(ring_wait(ring[q], 0) && ring_completion(ring[q], 0)->status == NPU_JOB_ABORTED,
		   "and can be aborted");
	close_rings();
}

static void who_never_yields(void)
{
	struct npu_job all = wide(null_job, 0), spin = wide(spin_job, 0);

	open_rings();
	ring_submit(ring[1], &spin);
	begun(1);
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[2], &all);
	settle();
	ok(has(1, NPU_Q_STATUS_RUNNING) && !ring_completion(ring[2], 0)->id,
	   "a job without YIELD keeps its cores");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 0), "until it ends");
	close_rings();
}

/* Queue 1 has a job that is suspended, queue 2 the one that has its cores. */
static void suspend_one(void)
{
	struct npu_job spin = wide(spin_job, 0);

	open_rings();
	ring_submit(ring[1], &endless_job);
	begun(1);
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[2], &spin);
	ok(has(1, NPU_Q_STATUS_SUSPENDED) && has(2, NPU_Q_STATUS_RUNNING), "one job for another");
	ok(ring_read(ring[1], NPU_Q_JOB_LO), "Q_JOB still names it");
}

static void ends_while_away(void)
{
	const struct npu_completion *done;
	uint32_t progress;

	suspend_one();
	progress = ring_read(ring[1], NPU_Q_PROGRESS);
	settle();
	is(ring_read(ring[1], NPU_Q_PROGRESS), progress, "it does nothing");
	ok(npu_core_read(machine_core(m), NPU_REG_STATUS) & NPU_STATUS_BUSY, "and counts as busy");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	done = ring_completion(ring[1], 0);
	ok(ring_wait(ring[1], 0) && done->status == NPU_JOB_ABORTED, "it can be aborted");
	is(done->counters[NPU_CNT_INSNS], progress, "with what it did until then");
	is(ring_read(ring[1], NPU_Q_STATUS), NPU_Q_STATUS_ENABLED, "and is over");
	ok(has(2, NPU_Q_STATUS_RUNNING), "the other has not noticed");
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 0), "until it is its turn");
	close_rings();

	suspend_one();
	ring_write(ring[1], NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring[1], NPU_Q_STATUS, ~0u, 0), "its queue can be reset");
	ok(!ring_completion(ring[1], 0)->id, "without a completion");
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 0), "the other ends");
	close_rings();

	suspend_one();
	ring_write(ring[1], NPU_Q_CTRL, 0);
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(has(1, NPU_Q_STATUS_RUNNING), "it goes on in a queue that is disabled");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[1], 0), "and ends there");
	close_rings();

	suspend_one();
	npu_core_reset(machine_core(m));
	is(npu_core_read(machine_core(m), NPU_REG_STATUS), NPU_STATUS_READY,
	   "a full reset ends all");
	is(bus_mappings(machine_bus(m)), 0, "and no memory is held");
	machine_init(m);
	close_rings();
}

/* While it is away it holds no memory, and invalidations do not wait for it. */
static void holds_no_memory(void)
{
	uint32_t seq;

	suspend_one();
	npu_core_write(machine_core(m), NPU_REG_TLB_CMD, NPU_TLB_CMD_ALL);
	seq = npu_core_read(machine_core(m), NPU_REG_TLB_SEQ);
	ok(machine_poll(m, NPU_REG_TLB_DONE, ~0u, seq), "invalidations complete");
	/* The one that spins has no data. */
	is(bus_mappings(machine_bus(m)), 0, "no memory is held");
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(has(1, NPU_Q_STATUS_RUNNING), "the job goes on");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[1], 0), "and ends");
	close_rings();
}

/* Cores of one job that go different ways: a YIELD, a BARRIER and an END meet. */
static void split(struct program *p)
{
	asm_start(p, 0);
	asm_alu(p, NPU_ALU_EQ, 16, NPU_R_CORE, NPU_R_ZERO, 0);
	asm_loop(p, 0, 1, 21, 0)->val[0] = ASM_REG(16);
	asm_add(p, NPU_OP_YIELD);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_BARRIER);
	asm_alu(p, NPU_ALU_MUL, 16, 16, NPU_R_ZERO, 100000);
	asm_loop(p, 0, 1, 21, 0)->val[0] = ASM_REG(16);
	asm_add(p, NPU_OP_YIELD);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

static void different_ways(const struct npu_job *job)
{
	struct npu_completion done;
	struct npu_job all = wide(null_job, 0);

	ok(machine_run(m, job, &done), "a job whose cores go different ways");
	open_rings();
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[1], job);
	for (unsigned int i = 0; i < 20; i++) {
		ring_submit(ring[2], &all);
		ring_wait(ring[2], i);
	}
	ok(ring_wait(ring[1], 0) && !memcmp(done.counters, ring_completion(ring[1], 0)->counters,
					    sizeof(done.counters)), "counts the same in slices");
	close_rings();
}

static struct npu_job put(struct program *p, uint8_t *code, uint32_t at)
{
	struct npu_job job = asm_job(p, code + at, CODE + at);

	job.cores = CORES;
	return job;
}

int main(void)
{
	static struct program p;
	struct npu_job split_job;
	uint8_t *code;

	m = machine_new(&(struct npu_core_config){
		.cores = CORES, .threads = 2, .sram_size = 64 << 10, .queues = 8,
	});
	code = machine_map(m, CODE, 0x10000, false);
	data = machine_map(m, DATA, 0x10000, true);
	asm_null(&p);
	null_job = asm_job(&p, code, CODE);
	asm_spin(&p);
	spin_job = put(&p, code, 0x1000);
	for (unsigned int i = 0; i < 2; i++) {
		asm_wander(&p, DATA + i * ROWS, ROUNDS, NPU_OP_YIELD);
		wander_job[i] = put(&p, code, 0x2000 + i * 0x2000);
	}
	asm_wander(&p, DATA + 2 * ROWS, NPU_VAL_MAX, NPU_OP_YIELD);
	endless_job = put(&p, code, 0x6000);
	asm_spin(&p);
	p.insns[2].opcode = NPU_OP_YIELD;
	yield_job = put(&p, code, 0x8000);
	split(&p);
	split_job = put(&p, code, 0x9000);
	run_alone();
	for_higher_priority();
	in_turns();
	all_advance();
	who_never_yields();
	ends_while_away();
	holds_no_memory();
	different_ways(&split_job);
	machine_free(m);
	return done_testing();
}
