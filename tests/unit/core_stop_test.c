// SPDX-License-Identifier: MIT
/* Aborts, queue resets and full resets, whatever the job is doing. */
#include <time.h>

#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define SRAM	(1u << 20)
/* Of instructions as long as they may be: a job takes minutes. */
#define ROUNDS	100

static struct machine *m;
static struct npu_job null_job, spin_job, matmul_job, vector_job, store_job;

static uint32_t rd(uint32_t reg)
{
	return npu_core_read(machine_core(m), reg);
}

static void wr(uint32_t reg, uint32_t value)
{
	npu_core_write(machine_core(m), reg, value);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* 2^32 multiply-accumulates, and again: all rows of A and of B are the same. */
static void long_matmul(struct program *p)
{
	struct npu_insn *insn;

	asm_start(p, SRAM);
	asm_loop(p, ROUNDS, 1, 20, 0);
	insn = asm_add(p, NPU_OP_MATMUL);
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, 65536);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 2 * 65536);
	asm_vals(insn, 64, 1024, 65536, 0, 0, 1024);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

/* 2^32 elements, and again: the rows of src0 are all the same. */
static void long_reduce(struct program *p)
{
	struct npu_insn *insn;

	asm_start(p, SRAM);
	asm_loop(p, ROUNDS, 1, 20, 0);
	insn = asm_add(p, NPU_OP_REDUCE);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_I8;
	asm_addr(insn, 1, NPU_R_ZERO, SRAM / 2);
	asm_vals(insn, SRAM / 128, SRAM / 2, 4, 0);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

/* A 2 MiB page written again and again, a byte a row. */
static void long_store(struct program *p)
{
	struct npu_insn *insn;

	asm_start(p, SRAM);
	asm_loop(p, 1 << 20, 1, 20, 0);
	insn = asm_store(p, NPU_R_ZERO, DATA, 0, 1);
	asm_vals(insn, 1, 1 << 21, 1, 1, 0, 0);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

static void programs(void)
{
	uint8_t *code = machine_map(m, CODE, 0x10000, false);
	static struct program p;

	machine_map(m, DATA, 0x200000, true);
	asm_null(&p);
	null_job = asm_job(&p, code, CODE);
	asm_spin(&p);
	spin_job = asm_job(&p, code + 0x1000, CODE + 0x1000);
	long_matmul(&p);
	matmul_job = asm_job(&p, code + 0x2000, CODE + 0x2000);
	long_reduce(&p);
	vector_job = asm_job(&p, code + 0x3000, CODE + 0x3000);
	long_store(&p);
	store_job = asm_job(&p, code + 0x4000, CODE + 0x4000);
}

static bool running(struct ring *ring)
{
	return ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_RUNNING,
			 NPU_Q_STATUS_RUNNING);
}

static void abort_running(const char *what, const struct npu_job *job)
{
	struct ring *ring = ring_new(m, 1, 2);
	struct npu_completion *done = ring_completion(ring, 0);
	double start;

	ring_submit(ring, job);
	ok(running(ring), "%s runs", what);
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
	start = now();
	ring_write(ring, NPU_Q_ABORT, 0);
	ok(now() - start < 0.1, "the write does not wait");
	ok(ring_wait(ring, 0) && done->status == NPU_JOB_ABORTED, "it is aborted");
	ok(now() - start < 5, "soon");
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 1) && ring_completion(ring, 1)->status == NPU_JOB_DONE,
	   "the next job runs");
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, NPU_Q_STATUS_ENABLED), "and is over");
	ring_free(ring);
}

static void progress(void)
{
	struct ring *ring = ring_new(m, 1, 2);
	uint32_t before;

	ring_submit(ring, &spin_job);
	ok(running(ring), "a job runs");
	is(ring_read(ring, NPU_Q_JOB_LO), 2000, "Q_JOB names it");
	before = ring_read(ring, NPU_Q_PROGRESS);
	while (ring_read(ring, NPU_Q_PROGRESS) == before)
		;
	ok(ring_read(ring, NPU_Q_PC) < 5, "Q_PC is in its program");
	ok(rd(NPU_REG_STATUS) & NPU_STATUS_BUSY, "STATUS says busy");
	ring_write(ring, NPU_Q_ABORT, 0);
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 1), "it is aborted");
	ok(ring_poll(ring, NPU_Q_JOB_LO, ~0u, 0), "Q_JOB is clear then");
	ring_free(ring);
}

static void abort_waiting(void)
{
	struct ring *ring = ring_new(m, 1, 3);
	struct npu_event event;

	wr(NPU_REG_EVENT_CONS, rd(NPU_REG_EVENT_PROD));
	ring_submit(ring, &spin_job);
	for (unsigned int i = 0; i < 3; i++)
		ring_submit(ring, &null_job);
	ok(running(ring), "one runs, three wait");
	ring_write(ring, NPU_Q_ABORT, 2);
	ring_write(ring, NPU_Q_ABORT, 4);
	ring_write(ring, NPU_Q_ABORT, 0xffffffff);
	is(ring_completion(ring, 2)->id, 0, "a waiting job ends in its turn");
	ring_write(ring, NPU_Q_ABORT, 0);
	ok(ring_wait(ring, 3), "the first is aborted, all end");
	is(ring_completion(ring, 0)->status, NPU_JOB_ABORTED, "first: aborted");
	is(ring_completion(ring, 1)->status, NPU_JOB_DONE, "second: done");
	is(ring_completion(ring, 2)->status, NPU_JOB_ABORTED, "third: aborted");
	is(ring_completion(ring, 2)->cores, 0, "without having run");
	is(ring_completion(ring, 3)->status, NPU_JOB_DONE, "fourth: done");
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 4) && ring_completion(ring, 4)->status == NPU_JOB_DONE,
	   "an index outside the ring was ignored");
	event = machine_events(m)[(rd(NPU_REG_EVENT_PROD) - 1) % 16];
	ok(event.type == NPU_EVENT_ABORT && event.job == 2002, "aborts have events");
	ring_free(ring);
}

static void queue_reset(const char *what, const struct npu_job *job)
{
	struct ring *ring = ring_new(m, 1, 2), *other = ring_new(m, 2, 2);
	struct npu_completion *done = ring_completion(ring, 0);
	uint32_t prod = rd(NPU_REG_EVENT_PROD);

	ring_submit(other, &spin_job);
	ring_submit(ring, job);
	ring_submit(ring, &null_job);
	ok(running(ring) && running(other), "%s and another run", what);
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "a queue reset completes");
	ok(!done->id && !ring_completion(ring, 1)->id, "without completions");
	is(rd(NPU_REG_EVENT_PROD), prod, "or events");
	is(ring_read(ring, NPU_Q_HEAD), 0, "HEAD counts none");
	ok(ring_read(other, NPU_Q_STATUS) & NPU_Q_STATUS_RUNNING,
	   "the other queue does not notice");
	ring_enable(ring);
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0) && done->status == NPU_JOB_DONE, "the queue works again");
	ring_write(other, NPU_Q_ABORT, 0);
	ok(ring_wait(other, 0), "the other ends");
	ok(ring_poll(other, NPU_Q_STATUS, ~0u, NPU_Q_STATUS_ENABLED), "entirely");
	ring_free(ring);
	ring_free(other);
}

static void full_reset(void)
{
	struct ring *ring = ring_new(m, 1, 2), *other = ring_new(m, 2, 2);

	ring_submit(ring, &spin_job);
	ring_submit(other, &matmul_job);
	ok(running(ring) && running(other), "two jobs run");
	wr(NPU_REG_CTRL, NPU_CTRL_RESET);
	ok(machine_poll(m, NPU_REG_STATUS, ~0u, NPU_STATUS_READY), "a full reset completes");
	ok(!ring_completion(ring, 0)->id && !ring_completion(other, 0)->id,
	   "without completions");
	is(rd(NPU_REG_COUNTER(NPU_CNT_JOBS)), 0, "totals are zero");
	is(bus_mappings(machine_bus(m)), 0, "no mapping is left");
	machine_init(m);
	ring_enable(ring);
	ring_submit(ring, &null_job);
	ok(ring_wait(ring, 0), "jobs run again");
	ring_free(ring);
	ring_free(other);
}

static void disabling(void)
{
	struct ring *ring = ring_new(m, 1, 2);

	ring_submit(ring, &spin_job);
	ring_submit(ring, &null_job);
	ok(running(ring), "a job runs, one waits");
	wr(NPU_REG_CTRL, 0);
	ring_write(ring, NPU_Q_ABORT, 0);
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 1), "with CTRL.ENABLE clear it ends");
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	is(ring_completion(ring, 1)->id, 0, "and no other starts");
	wr(NPU_REG_CTRL, NPU_CTRL_ENABLE);
	ok(ring_wait(ring, 1), "until it is set");
	ring_submit(ring, &spin_job);
	ring_submit(ring, &null_job);
	ok(ring_poll(ring, NPU_Q_JOB_LO, ~0u, 2002), "another runs, one waits");
	ring_write(ring, NPU_Q_CTRL, 0);
	ok(ring_read(ring, NPU_Q_STATUS) == NPU_Q_STATUS_RUNNING,
	   "a disabled queue lets it run");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "and is reset");
	is(ring_completion(ring, 3)->id, 0, "the waiting job never ran");
	ring_free(ring);
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 2, .kernels = "scalar" });
	programs();
	progress();
	abort_running("a loop", &spin_job);
	abort_running("a long MATMUL", &matmul_job);
	abort_running("a long REDUCE", &vector_job);
	abort_running("a long STORE", &store_job);
	abort_waiting();
	queue_reset("a loop", &spin_job);
	queue_reset("a long MATMUL", &matmul_job);
	full_reset();
	disabling();
	machine_submit(m, &spin_job);
	ok(machine_poll(m, MACHINE_Q(NPU_Q_STATUS), NPU_Q_STATUS_RUNNING,
			NPU_Q_STATUS_RUNNING), "a job runs");
	machine_free(m);
	ok(true, "a machine with a job can be freed");
	m = machine_new(&(struct npu_core_config){ .threads = 2, .hazards = true });
	programs();
	abort_running("a long REDUCE whose every access is looked at", &vector_job);
	queue_reset("a long MATMUL whose every access is looked at", &matmul_job);
	machine_free(m);
	return done_testing();
}
