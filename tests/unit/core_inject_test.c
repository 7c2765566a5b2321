// SPDX-License-Identifier: MIT
/* Faults on demand happen once, when they should; and pace=model keeps time. */
#include <stdlib.h>
#include <unistd.h>

#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u

static struct machine *m;
static struct npu_job null_job, spin_job;

static uint32_t rd(uint32_t reg)
{
	return npu_core_read(machine_core(m), reg);
}

static void wr(uint32_t reg, uint32_t value)
{
	npu_core_write(machine_core(m), reg, value);
}

/* A few million cycles, whatever the clock: a loop of nothing. */
static void count(struct program *p)
{
	asm_start(p, 4096);
	asm_loop(p, 1 << 20, 1, 20, 0);
	asm_add(p, NPU_OP_NOP);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

static void begin(const struct npu_core_config *config)
{
	static struct program p;
	uint8_t *code;

	m = machine_new(config);
	code = machine_map(m, CODE, 0x10000, false);
	asm_null(&p);
	null_job = asm_job(&p, code, CODE);
	count(&p);
	spin_job = asm_job(&p, code + 0x1000, CODE + 0x1000);
}

static void begin_with(const char *faults)
{
	begin(&(struct npu_core_config){ .inject = faults });
}

static bool runs(struct ring *ring)
{
	uint32_t index = ring->tail;

	ring_submit(ring, &null_job);
	return ring_wait(ring, index) &&
	       ring_completion(ring, index)->status == NPU_JOB_DONE;
}

static void stuck_job(void)
{
	struct ring *ring, *other;

	begin_with("stuck-job@2");
	ring = ring_new(m, 1, 2);
	other = ring_new(m, 2, 2);
	null_job.cores = 1;
	is(rd(NPU_REG_INJECT), NPU_INJECT_ALLOWED | 1u << NPU_INJECT_STUCK_JOB,
	   "INJECT says what is to come");
	ok(runs(ring), "the first job is well");
	ring_submit(ring, &null_job);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "the second begins");
	is(rd(NPU_REG_INJECT), NPU_INJECT_ALLOWED, "which was the occasion");
	ring_write(ring, NPU_Q_ABORT, 1);
	ok(runs(other) && runs(other), "other queues go on");
	is(ring_completion(ring, 1)->id, 0, "it does not, and ignores an abort");
	is(ring_read(ring, NPU_Q_PROGRESS), 0, "it does nothing");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "a queue reset ends it");
	is(ring_completion(ring, 1)->id, 0, "without a trace");
	ring_enable(ring);
	ok(runs(ring), "the queue is well again");
	ring_free(ring);
	ring_free(other);
	machine_free(m);
}

static void stuck_resets(void)
{
	struct ring *ring;

	begin_with("stuck-job+stuck-queue+stuck-reset");
	ring = ring_new(m, 1, 2);
	ring_submit(ring, &null_job);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "a job is stuck");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, 0), "a queue reset stops it");
	usleep(20000);
	ok(ring_read(ring, NPU_Q_STATUS) & NPU_Q_STATUS_RESETTING, "but goes on and on");
	wr(NPU_REG_CTRL, NPU_CTRL_RESET);
	usleep(20000);
	ok(!(rd(NPU_REG_STATUS) & NPU_STATUS_READY), "so does a full reset");
	npu_core_reset(machine_core(m));
	ok(rd(NPU_REG_STATUS) & NPU_STATUS_READY, "FLR ends it");
	is(rd(NPU_REG_INJECT), NPU_INJECT_ALLOWED, "and nothing more is to come");
	machine_init(m);
	ok(machine_run(m, &null_job, &(struct npu_completion){ 0 }), "a job runs");
	free(ring);
	machine_free(m);
}

static void lost_irq(void)
{
	struct bus *bus;
	unsigned int before;
	struct ring *ring;

	begin_with("on");
	bus = machine_bus(m);
	ring = ring_new(m, 1, 2);
	before = bus_messages(bus, 3);
	null_job.flags = NPU_JOB_IRQ;
	wr(NPU_REG_IRQ_ENABLE_SET, NPU_IRQ_QUEUE(1));
	wr(NPU_REG_INJECT, 1u << NPU_INJECT_LOST_IRQ | 1u << 30);
	is(rd(NPU_REG_INJECT), NPU_INJECT_ALLOWED | 1u << NPU_INJECT_LOST_IRQ,
	   "the register takes the kinds that there are");
	ok(runs(ring), "a job ends");
	ok(ring_poll(ring, NPU_Q_HEAD, ~0u, 1), "and HEAD moves");
	ok(machine_poll(m, NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(1), NPU_IRQ_QUEUE(1)),
	   "IRQ_STATUS is set");
	is(bus_messages(bus, 3), before, "no message was sent");
	wr(NPU_REG_IRQ_STATUS, NPU_IRQ_QUEUE(1));
	ok(runs(ring) && bus_wait(bus, 3, before, 10), "the next one is");
	ring_free(ring);
	machine_free(m);
}

static void errors(void)
{
	struct npu_completion *done;
	struct ring *ring;

	begin_with("dma+completion@2");
	ring = ring_new(m, 1, 2);
	ring_submit(ring, &null_job);
	done = ring_completion(ring, 0);
	ok(ring_wait(ring, 0) && done->status == NPU_JOB_FAULT, "a job faults");
	is(done->fault.code, NPU_FAULT_INJECTED, "as was asked");
	is(done->fault.access, NPU_ACCESS_FETCH, "when it fetches its program");
	ring_submit(ring, &null_job);
	ok(machine_poll(m, NPU_REG_STATUS, NPU_STATUS_FATAL, NPU_STATUS_FATAL),
	   "the next completion cannot be written: FATAL");
	is(ring_completion(ring, 1)->id, 0, "and is not");
	free(ring);
	machine_free(m);
}

static void refused(const char *faults)
{
	struct npu_core_config config = { .inject = faults };
	char error[256] = "";

	ok(!npu_core_new(&config, &bus_ops, NULL, error, sizeof(error)) &&
	   strstr(error, "inject="), "%s", error);
}

static void not_allowed(void)
{
	begin(&(struct npu_core_config){ 0 });
	wr(NPU_REG_INJECT, ~0u);
	is(rd(NPU_REG_INJECT), 0, "without the owner's leave there is no register");
	ok(machine_run(m, &null_job, &(struct npu_completion){ 0 }), "and nothing goes wrong");
	machine_free(m);
	refused("fire");
	refused("stuck-job@0");
	refused("stuck-job@two");
	refused("stuck-job@3x");
	refused("stuck-job+");
}

static void pace(void)
{
	struct npu_completion done, *end;
	char *profile = machine_slow_profile();
	struct ring *ring;

	begin(&(struct npu_core_config){ .pace = "model" });
	ok(machine_run(m, &spin_job, &done), "a job runs at the pace of the model");
	ok(done.clock_end - done.clock_start >= done.counters[NPU_CNT_CYCLES] +
						done.counters[NPU_CNT_QUEUE_CYCLES],
	   "%llu cycles take %llu of the clock",
	   (unsigned long long)(done.counters[NPU_CNT_CYCLES] +
				done.counters[NPU_CNT_QUEUE_CYCLES]),
	   (unsigned long long)(done.clock_end - done.clock_start));
	machine_free(m);

	begin(&(struct npu_core_config){ .pace = "model", .profile = profile });
	ring = ring_new(m, 1, 2);
	end = ring_completion(ring, 0);
	ring_submit(ring, &spin_job);
	ok(ring_poll(ring, NPU_Q_PROGRESS, ~0u, (2u << 20) + 2),
	   "a job of seconds is done at once");
	is(end->id, 0, "but has not ended");
	ok(ring_read(ring, NPU_Q_STATUS) & NPU_Q_STATUS_RUNNING, "it keeps its cores");
	ring_write(ring, NPU_Q_ABORT, 0);
	ok(ring_wait(ring, 0) && end->status == NPU_JOB_ABORTED, "until it is aborted");
	ok(end->clock_end - end->clock_start < end->counters[NPU_CNT_CYCLES], "before its time");
	ring_submit(ring, &spin_job);
	ok(ring_poll(ring, NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "another runs");
	ring_write(ring, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring, NPU_Q_STATUS, ~0u, 0), "a queue reset does not wait for it");
	ring_free(ring);
	machine_free(m);
	unlink(profile);
}

int main(void)
{
	stuck_job();
	stuck_resets();
	lost_irq();
	errors();
	not_allowed();
	pace();
	return done_testing();
}
