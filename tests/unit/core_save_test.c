// SPDX-License-Identifier: MIT
/*
 * A job that moves from one device to the next while it runs gives the same
 * bytes and counters as one that stays; and a state that is not one is refused.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"
#include "wander.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define CORES	4
#define ROUNDS	8000u

static const struct npu_core_config config = {
	.cores = CORES, .threads = 2, .sram_size = 64 << 10,
};

static struct machine *m;
static struct npu_job job, endless_job, spin_job;
static uint8_t *data;
static char error[256];

static void settle(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* The job of the machine's queue has done something. */
static void begun(void)
{
	while (!npu_core_read(machine_core(m), MACHINE_Q(NPU_Q_PROGRESS)))
		settle(20);
}

static void begin_on(const struct npu_core_config *c)
{
	static struct program p;
	uint8_t *code;

	m = machine_new(c);
	code = machine_map(m, CODE, 0x10000, false);
	data = machine_map(m, DATA, 0x10000, true);
	asm_wander(&p, DATA, ROUNDS, NPU_OP_YIELD);
	job = asm_job(&p, code, CODE);
	job.cores = CORES;
	asm_wander(&p, DATA, NPU_VAL_MAX, NPU_OP_YIELD);
	endless_job = asm_job(&p, code + 0x4000, CODE + 0x4000);
	endless_job.cores = CORES;
	asm_spin(&p);
	spin_job = asm_job(&p, code + 0x8000, CODE + 0x8000);
}

static unsigned int hop_until_done(const struct npu_completion *c)
{
	static const struct npu_core_config other = {
		.cores = CORES, .threads = 1, .sram_size = 64 << 10, .hazards = true,
		.kernels = "scalar",
	};
	unsigned int hops = 0;

	while (!__atomic_load_n(&c->id, __ATOMIC_ACQUIRE) && hops < 1000) {
		if (!machine_move(m, hops % 2 ? &config : &other, NULL, error, sizeof(error))) {
			diag("%s", error);
			break;
		}
		hops++;
		settle(50);
	}
	return hops;
}

static void same_result(void)
{
	const struct npu_completion *completion;
	struct npu_completion stayed, moved;
	static uint8_t expected[CORES * WANDER_ROW];
	unsigned int hops;

	begin_on(&config);
	ok(machine_run(m, &job, &stayed), "a job that stays where it is: fault %u at %u, field %u",
	   stayed.fault.code, stayed.fault.pc, stayed.fault.operand);
	memcpy(expected, data, sizeof(expected));
	memset(data, 0, sizeof(expected));
	completion = machine_submit(m, &job);
	hops = hop_until_done(completion);
	ok(hops >= 3, "the same job moves from device to device: %u times", hops);
	machine_wait(m, completion, &moved);
	is(moved.status, NPU_JOB_DONE, "and ends well");
	ok(!memcmp(expected, data, sizeof(expected)), "with the same bytes");
	ok(!memcmp(stayed.counters, moved.counters, sizeof(stayed.counters)),
	   "and counters, cycles and energy among them");
	ok(!memcmp(stayed.energy_pj, moved.energy_pj, sizeof(stayed.energy_pj)),
	   "and parts of energy");
	is(npu_core_read(machine_core(m), NPU_REG_COUNTER(NPU_CNT_JOBS)), 2,
	   "totals move as well");
	is(bus_hazards(machine_bus(m), NULL), 0, "no hazard is made up");
	machine_free(m);
}

/* A job that does nothing, one that waits behind it, and one that is not over. */
static void stuck_and_waiting(void)
{
	static const struct npu_core_config faulty = {
		.cores = CORES, .threads = 2, .sram_size = 64 << 10,
		.inject = "stuck-job@2+lost-irq@77",
	};
	struct npu_job wide;
	struct ring *ring[3];

	begin_on(&faulty);
	wide = spin_job;
	wide.cores = 3;
	for (unsigned int q = 0; q < 3; q++)
		ring[q] = ring_new(m, q + 1, 3);
	ring_submit(ring[0], &spin_job);
	ok(ring_poll(ring[0], NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "one job runs");
	ring_submit(ring[1], &spin_job);
	ok(ring_poll(ring[1], NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "one is stuck");
	ring_submit(ring[2], &wide);
	ring_submit(ring[2], &wide);
	ring_write(ring[2], NPU_Q_ABORT, 1);
	settle(2000);
	ok(machine_move(m, &config, NULL, error, sizeof(error)), "all three move");
	ok(ring_read(ring[0], NPU_Q_PROGRESS), "progress is still to be seen");
	is(npu_core_read(machine_core(m), NPU_REG_INJECT),
	   NPU_INJECT_ALLOWED | 1 << NPU_INJECT_LOST_IRQ, "faults to come move as well");
	ring_write(ring[1], NPU_Q_ABORT, 0);
	settle(2000);
	is(ring_completion(ring[1], 0)->id, 0, "the stuck one ignores an abort");
	ring_write(ring[0], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[0], 0), "the one that ran can be aborted");
	is(ring_completion(ring[0], 0)->status, NPU_JOB_ABORTED, "as such");
	ring_write(ring[1], NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ok(ring_poll(ring[1], NPU_Q_STATUS, NPU_Q_STATUS_RESETTING, 0),
	   "the stuck one by a reset of its queue");
	ok(ring_poll(ring[2], NPU_Q_STATUS, NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "then the one that waited gets its three cores");
	ring_write(ring[2], NPU_Q_ABORT, 0);
	ok(ring_wait(ring[2], 1), "and the next ends");
	is(ring_completion(ring[2], 1)->status, NPU_JOB_ABORTED, "aborted before the move");
	machine_free(m);
}

/* Held still, only a reset comes to its end. */
static void held_still(void)
{
	struct npu_completion done;
	uint32_t progress;

	begin_on(&config);
	machine_submit(m, &spin_job);
	begun();
	npu_core_pause(machine_core(m));
	is(bus_mappings(machine_bus(m)), 0, "held still, it holds no memory");
	progress = npu_core_read(machine_core(m), MACHINE_Q(NPU_Q_PROGRESS));
	settle(5000);
	is(npu_core_read(machine_core(m), MACHINE_Q(NPU_Q_PROGRESS)), progress,
	   "no job goes on");
	npu_core_reset(machine_core(m));
	is(npu_core_read(machine_core(m), NPU_REG_STATUS), NPU_STATUS_READY,
	   "a full reset does");
	npu_core_resume(machine_core(m));
	machine_init(m);
	ok(machine_run(m, &job, &done), "and then all works");
	machine_free(m);
}

static void other_machine(void)
{
	struct npu_core_config other = config;

	begin_on(&config);
	other.cores = 2;
	ok(!machine_move(m, &other, NULL, error, sizeof(error)), "another number of cores");
	ok(!strcmp(error, "cores is 4 there and 2 here"), "is refused: %s", error);
	other = config;
	other.profile = "h100";
	ok(!machine_move(m, &other, NULL, error, sizeof(error)), "another profile");
	ok(!strcmp(error, "profile is 'edge' there and 'h100' here"), "is refused: %s", error);
	other = config;
	other.pace = "model";
	ok(!machine_move(m, &other, NULL, error, sizeof(error)), "another pace: %s", error);
	machine_free(m);
}

/* A job of @high has all cores, and the one that had them before waits for it. */
static const struct npu_completion *push_aside(const struct npu_job *first, struct ring *high)
{
	const struct npu_completion *completion;
	struct npu_job wide = spin_job;

	wide.cores = CORES;
	ring_write(high, NPU_Q_PRIORITY, 1);
	completion = machine_submit(m, first);
	begun();
	ring_submit(high, &wide);
	machine_poll(m, MACHINE_Q(NPU_Q_STATUS), NPU_Q_STATUS_SUSPENDED, NPU_Q_STATUS_SUSPENDED);
	return completion;
}

static void suspended(void)
{
	const struct npu_completion *completion;
	struct npu_completion alone, moved;
	static uint8_t expected[CORES * WANDER_ROW];
	struct ring *high;

	begin_on(&config);
	machine_run(m, &job, &alone);
	memcpy(expected, data, sizeof(expected));
	memset(data, 0, sizeof(expected));
	high = ring_new(m, 1, 3);
	completion = push_aside(&job, high);
	for (unsigned int i = 0; i < 3; i++)
		ok(machine_move(m, &config, NULL, error, sizeof(error)), "both move: %s", error);
	ok(npu_core_read(machine_core(m), MACHINE_Q(NPU_Q_STATUS)) & NPU_Q_STATUS_SUSPENDED,
	   "it is suspended still");
	is(ring_completion(high, 0)->id, 0, "and the other runs");
	ring_write(high, NPU_Q_ABORT, 0);
	ok(ring_wait(high, 0), "until it is aborted");
	machine_wait(m, completion, &moved);
	is(moved.status, NPU_JOB_DONE, "then the first goes on to its end");
	ok(!memcmp(expected, data, sizeof(expected)), "with the same bytes");
	ok(!memcmp(alone.counters, moved.counters, sizeof(alone.counters)), "and counters");
	ring_free(high);
	machine_free(m);
}

/* One byte somewhere is another: @hostile_at, of @hostile_len. */
static size_t hostile_at, hostile_len;
static uint8_t hostile_by;

static void spoil(uint8_t *state, size_t len)
{
	hostile_len = len;
	if (hostile_at < len)
		state[hostile_at] ^= hostile_by;
}

/*
 * Nothing that a stream may hold does harm: it is refused, or it is a machine
 * that can be reset.
 */
static void hostile(void)
{
	unsigned int refused = 0, taken = 0;
	struct ring *high;

	begin_on(&config);
	hostile_len = SIZE_MAX;
	for (hostile_at = 0; hostile_at < hostile_len; hostile_at += 1 + hostile_at / 250) {
		hostile_by = 1 << hostile_at % 8;
		high = ring_new(m, 1, 3);
		if (hostile_at % 2) {
			push_aside(&endless_job, high);
		} else {
			machine_submit(m, &endless_job);
			begun();
		}
		if (machine_move(m, &config, spoil, error, sizeof(error)))
			taken++;
		else
			refused++;
		ring_free(high);
		npu_core_reset(machine_core(m));
		machine_free(m);
		begin_on(&config);
	}
	ok(hostile_len > 5000, "a job is among %zu bytes of state", hostile_len);
	ok(refused > 100 && taken > 100, "%u changed bytes refused, %u taken", refused, taken);
	machine_free(m);
}

static void short_state(void)
{
	size_t len = 0;
	uint8_t *state;
	unsigned int refused = 0;

	begin_on(&config);
	npu_core_pause(machine_core(m));
	state = npu_core_save(machine_core(m), &len);
	for (size_t n = 0; n < len; n += 1 + n / 50)
		refused += !npu_core_load(machine_core(m), state, n, error, sizeof(error));
	ok(refused > 50, "a state that ends early is refused: %s", error);
	ok(npu_core_load(machine_core(m), state, len, error, sizeof(error)), "a whole one is not");
	npu_core_resume(machine_core(m));
	machine_free(m);
	free(state);
}

/* Refused at its end, when the job before it has been taken. */
static void refused_with_a_job(void)
{
	static const struct npu_core_config stuck = {
		.cores = CORES, .threads = 2, .sram_size = 64 << 10, .inject = "stuck-job",
	};
	struct npu_completion done;
	uint8_t *state;
	size_t len;

	begin_on(&stuck);
	machine_submit(m, &spin_job);
	ok(machine_poll(m, MACHINE_Q(NPU_Q_STATUS), NPU_Q_STATUS_RUNNING, NPU_Q_STATUS_RUNNING),
	   "a job is stuck");
	/* Once its thread has found out, it is parked. */
	settle(50000);
	npu_core_pause(machine_core(m));
	state = npu_core_save(machine_core(m), &len);
	ok(!npu_core_load(machine_core(m), state, len - 1, error, sizeof(error)),
	   "its state, cut, is refused: %s", error);
	free(state);
	npu_core_resume(machine_core(m));
	npu_core_reset(machine_core(m));
	settle(50000);
	is(npu_core_read(machine_core(m), NPU_REG_STATUS), NPU_STATUS_READY, "nothing of it is left");
	is(npu_core_read(machine_core(m), NPU_REG_IRQ_STATUS), 0, "no interrupt comes of it");
	machine_init(m);
	job.cores = 1;
	ok(machine_run(m, &job, &done), "and a job runs");
	machine_free(m);
}

/* With pace=model it has failed, and is not to be told of before its time. */
static void failed_and_held(void)
{
	char *profile = machine_slow_profile();
	const struct npu_core_config slow = {
		.cores = CORES, .threads = 2, .sram_size = 64 << 10, .pace = "model",
		.profile = profile,
	};
	const struct npu_completion *c;
	static struct program p;
	struct npu_completion done;
	struct npu_insn *insn;

	begin_on(&slow);
	asm_start(&p, 64 << 10);
	asm_loop(&p, 400, 1, 20, 0);
	insn = asm_add(&p, NPU_OP_UNARY);
	insn->subop = NPU_UNARY_EXP;
	insn->type[0] = insn->type[1] = NPU_TYPE_F32;
	asm_vals(insn, 1, 8192);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_TRAP)->addr[1].reg = NPU_R_NCORES;
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, machine_map(m, 2 * CODE, 0x10000, false), 2 * CODE);
	c = machine_submit(m, &job);
	ok(machine_poll(m, MACHINE_Q(NPU_Q_PROGRESS), ~0u, 801), "a job comes to its trap");
	settle(10000);
	ok(machine_move(m, &slow, NULL, error, sizeof(error)), "before its time it moves");
	machine_wait(m, c, &done);
	ok(done.status == NPU_JOB_FAULT && done.fault.code == NPU_FAULT_TRAP,
	   "and then ends as it would have: %llu cycles",
	   (unsigned long long)done.counters[NPU_CNT_CYCLES]);
	machine_free(m);
	unlink(profile);
}

int main(void)
{
	same_result();
	stuck_and_waiting();
	held_still();
	suspended();
	other_machine();
	hostile();
	short_state();
	refused_with_a_job();
	failed_and_held();
	return done_testing();
}
