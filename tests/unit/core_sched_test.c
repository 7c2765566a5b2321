// SPDX-License-Identifier: MIT
/* Which job gets cores: priority, then arrival; wide jobs are not passed over. */
#include <time.h>

#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u

static struct machine *m;
static struct ring *ring[4];
static struct npu_job null_job, spin_job;

static struct npu_job wide(struct npu_job job, unsigned int cores)
{
	job.cores = cores;
	return job;
}

static bool running(unsigned int q)
{
	return ring_poll(ring[q], NPU_Q_STATUS, NPU_Q_STATUS_RUNNING,
			 NPU_Q_STATUS_RUNNING);
}

static void settle(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

static uint64_t started(unsigned int q, uint32_t index)
{
	return ring_completion(ring[q], index)->clock_start;
}

static void open_rings(void)
{
	for (unsigned int q = 1; q < 4; q++) {
		ring[q] = ring_new(m, q, 3);
		ring_write(ring[q], NPU_Q_PRIORITY, 0);
	}
}

static void close_rings(void)
{
	for (unsigned int q = 1; q < 4; q++)
		ring_free(ring[q]);
}

static void side_by_side(void)
{
	struct npu_job two = wide(spin_job, 2);

	open_rings();
	ring_submit(ring[1], &two);
	ring_submit(ring[2], &two);
	ok(running(1) && running(2), "two jobs share four cores");
	ring_submit(ring[3], &null_job);
	settle();
	is(ring_completion(ring[3], 0)->id, 0, "a third waits for a core");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[3], 0), "and gets it when one ends");
	is(ring_completion(ring[1], 0)->cores, 2, "cores are told");
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 0), "the other ends");
	close_rings();
}

static void priority_then_arrival(void)
{
	struct npu_job all = wide(null_job, 0), block = wide(spin_job, 0);

	open_rings();
	ring_submit(ring[1], &block);
	ok(running(1), "one job has all cores");
	ring_submit(ring[3], &all);
	ring_submit(ring[2], &all);
	ring_submit(ring[1], &all);
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[1], 1) && ring_wait(ring[2], 0) && ring_wait(ring[3], 0),
	   "three more waited");
	ok(started(3, 0) < started(2, 0) && started(2, 0) < started(1, 1),
	   "they start in the order in which they came to their heads");
	ring_submit(ring[1], &block);
	ok(running(1), "again one job has all");
	ring_write(ring[2], NPU_Q_PRIORITY, 3);
	ring_submit(ring[3], &all);
	ring_submit(ring[2], &all);
	ring_write(ring[1], NPU_Q_ABORT, 2);
	ok(ring_wait(ring[2], 1) && ring_wait(ring[3], 1), "two more waited");
	ok(started(2, 1) < started(3, 1), "the higher priority starts first");
	close_rings();
}

static void reservation(void)
{
	struct npu_job half = wide(spin_job, 2), all = wide(null_job, 4);

	open_rings();
	ring_submit(ring[1], &half);
	ok(running(1), "one job has half of the cores");
	ring_submit(ring[2], &all);
	ring_submit(ring[3], &null_job);
	settle();
	ok(!ring_completion(ring[2], 0)->id, "a wide job waits for all");
	ok(!ring_completion(ring[3], 0)->id, "no job of equal priority passes it");
	ring_write(ring[3], NPU_Q_PRIORITY, 1);
	ok(ring_wait(ring[3], 0), "one of higher priority does");
	ok(!ring_completion(ring[2], 0)->id, "while the wide one waits");
	ring_write(ring[3], NPU_Q_PRIORITY, 0);
	ring_submit(ring[3], &null_job);
	ring_write(ring[1], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 0) && ring_wait(ring[3], 1), "all end at last");
	ok(started(2, 0) < started(3, 1), "the wide one before the other");
	close_rings();
}

static void one_at_a_time(void)
{
	unsigned int good = 0;

	open_rings();
	for (unsigned int i = 0; i < 8; i++)
		ring_add(ring[1], &null_job);
	ring_bell(ring[1]);
	ok(ring_wait(ring[1], 7), "eight jobs of one queue");
	for (unsigned int i = 1; i < 8; i++)
		good += started(1, i) >= ring_completion(ring[1], i - 1)->clock_end;
	is(good, 7, "run one at a time and in order");
	close_rings();
}

int main(void)
{
	static struct program p;
	uint8_t *code;

	m = machine_new(&(struct npu_core_config){ .cores = 4, .threads = 2 });
	code = machine_map(m, CODE, 0x10000, false);
	asm_null(&p);
	null_job = asm_job(&p, code, CODE);
	asm_spin(&p);
	spin_job = asm_job(&p, code + 0x1000, CODE + 0x1000);
	side_by_side();
	priority_then_arrival();
	reservation();
	one_at_a_time();
	machine_free(m);
	return done_testing();
}
