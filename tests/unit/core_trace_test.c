// SPDX-License-Identifier: MIT
/* Traces that the device writes: the example of Documentation/timing.rst, bounds, faults. */
#include <string.h>

#include "assemble.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define TRACE	0xa00000u
#define ROOM	0x4000u
#define HOLE	0xc00000u

static struct machine *m;
static uint8_t *code, *trace;
static struct program p;
static struct npu_completion done;

static bool run(unsigned int cores, uint64_t va, uint64_t size)
{
	struct npu_job job = asm_job(&p, code, CODE);

	job.cores = cores;
	job.flags = NPU_JOB_TRACE;
	job.trace = va;
	job.trace_size = size;
	memset(trace, 0xee, ROOM);
	return machine_run(m, &job, &done);
}

static const struct npu_trace_header *part(size_t at)
{
	return (const void *)(trace + at);
}

static const struct npu_trace_record *record(size_t part_at, unsigned int i)
{
	return (const void *)(trace + part_at + sizeof(struct npu_trace_header) +
			      i * sizeof(struct npu_trace_record));
}

struct row {
	unsigned int opcode, engine, issue, start, end, stall, after;
	unsigned int sram, sram_size, mem, work, energy_fj, mem_stall;
};

static const struct row rows[] = {
	{ NPU_OP_ALU, NPU_ENGINE_CP, 0, 0, 1, 0, NPU_TRACE_NONE, 0, 0, 0, 0, 0, 0 },
	{ NPU_OP_LOAD, NPU_ENGINE_LD, 2, 2, 118, 0, NPU_TRACE_NONE, 0, 200, 200, 0, 8250000, 0 },
	{ NPU_OP_UNARY, NPU_ENGINE_VEC, 3, 118, 142, 115, 1, 1024, 800, 0, 200, 2170000, 0 },
	{ NPU_OP_MATMUL, NPU_ENGINE_MAT, 4, 118, 394, 114, 1, 2048, 192, 2400, 4800, 97594000, 0 },
	{ NPU_OP_STORE, NPU_ENGINE_ST, 5, 142, 415, 137, 2, 1024, 800, 800, 0, 33000000, 120 },
	{ NPU_OP_STORE, NPU_ENGINE_ST, 6, 415, 531, 0, NPU_TRACE_NONE, 2048, 192, 192, 0, 7920000,
	  0 },
	{ NPU_OP_END, NPU_ENGINE_CP, 6, 531, 532, 525, NPU_TRACE_NONE, 0, 0, 0, 0, 0, 0 },
};

static void check_row(unsigned int i)
{
	const struct npu_trace_record *r = record(0, i);
	const struct row *want = &rows[i];

	is(r->pc, i, "record %u is of its instruction", i);
	is(r->opcode, want->opcode, "its opcode");
	is(r->engine, want->engine, "its engine");
	is(r->issue, want->issue, "when it was handed over");
	is(r->start, want->start, "when it began");
	is(r->end, want->end, "when it ended");
	is(r->stall, want->stall, "how long it waited");
	is(r->after, want->after, "for whom");
	is(r->sram, want->sram, "where in SRAM");
	is(r->sram_size, want->sram_size, "how much of it");
	is(r->mem, want->mem, "bytes of memory");
	is(r->work, want->work, "its work");
	is(r->energy_fj, want->energy_fj, "its energy");
	is(r->mem_stall, want->mem_stall, "how long the port was taken");
	is(r->sram_stall, 0, "SRAM was fast enough");
}

static void example(void)
{
	struct npu_completion plain;
	struct npu_job job;

	asm_timing_example(&p, DATA);
	job = asm_job(&p, code, CODE);
	ok(machine_run(m, &job, &plain), "the example runs without a trace");
	ok(run(1, TRACE, ROOM), "and with one");
	ok(!memcmp(plain.counters, done.counters, sizeof(done.counters)) &&
	   !memcmp(plain.energy_pj, done.energy_pj, sizeof(done.energy_pj)),
	   "its counters are the same");
	is(part(0)->record_size, sizeof(struct npu_trace_record), "size of a record");
	is(part(0)->core, 0, "core in the job");
	ok(part(0)->unit < 2, "core of the device");
	is(part(0)->records, 7, "seven records");
	is(part(0)->insns, 7, "of seven instructions");
	is(part(0)->cycles, 532, "532 cycles");
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(i);
	is(trace[64 + 7 * 96], 0xee, "nothing is written behind the last");
	is(record(0, 2)->token, 0, "the first token is named");
	is(record(0, 4)->token, 2, "and the third");
}

/* A hundred rounds are 202 instructions; 3 records fit. */
static void overflow(void)
{
	asm_start(&p, 0);
	asm_loop(&p, 100, 1, 20, 1);
	asm_add(&p, NPU_OP_NOP);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
	ok(run(1, TRACE, 64 + 3 * 96 + 79), "a trace that is too short");
	is(part(0)->records, 3, "has what fits");
	is(part(0)->insns, 202, "and says of how many");
	is(trace[64 + 3 * 96], 0xee, "its memory's end is not passed");
	ok(run(1, TRACE, 64), "a trace of a header alone");
	is(part(0)->records, 0, "has no record");
	is(part(0)->insns, 202, "and all instructions");
	is(trace[64], 0xee, "nothing else is written");
}

static void two_cores(void)
{
	asm_start(&p, 0);
	asm_add(&p, NPU_OP_BARRIER);
	asm_add(&p, NPU_OP_END);
	ok(run(2, TRACE, 1000), "two cores");
	is(part(0)->core, 0, "the first part is of core 0");
	is(part(448)->core, 1, "the second, at half of it rounded down, of core 1");
	ok(part(0)->unit != part(448)->unit, "they are different cores of the device");
	is(part(448)->records, 2, "with its records");
	is(record(448, 0)->opcode, NPU_OP_BARRIER, "of its instructions");
}

static void refused(const char *what, uint64_t va, uint64_t size, unsigned int operand)
{
	ok(!run(2, va, size), "%s is refused", what);
	is(done.fault.code, NPU_FAULT_JOB, "as a malformed job");
	is(done.fault.operand, operand, "with the field's name");
}

static void faults(void)
{
	const unsigned int at = offsetof(struct npu_job, trace);
	const unsigned int size = offsetof(struct npu_job, trace_size);
	struct npu_job job;

	refused("an odd address", TRACE + 32, 1000, at);
	refused("no room for the header of the second core", TRACE, 127, size);
	refused("a trace that wraps around", -(uint64_t)64, 128, size);
	job = asm_job(&p, code, CODE);
	job.trace = TRACE;
	ok(!machine_run(m, &job, &done), "a trace without the flag is refused");
	is(done.fault.operand, at, "with the field's name");
	ok(!run(1, HOLE, 4096), "a trace where nothing is mapped");
	is(done.fault.code, NPU_FAULT_PAGE, "is a page fault");
	is(done.fault.operand, at, "of the job's field");
	is(done.fault.pc, 0xffffffffu, "not of an instruction");
	is(done.fault.address, HOLE + 64, "at the first record");
	ok(!run(1, CODE, 4096), "a trace that may not be written");
	is(done.fault.code, NPU_FAULT_PROTECTION, "is a protection fault");
	ok(!run(1, HOLE, 64), "a header where nothing is mapped");
	is(done.fault.address, HOLE, "is a fault at its address");
	ok(run(1, TRACE + ROOM - 256, 1ull << 40), "only what is written must be mapped");
}

/* A job that faults has a trace up to there. */
static void trap(void)
{
	asm_start(&p, 0);
	asm_set(&p, 20, 1);
	asm_add(&p, NPU_OP_TRAP)->addr[1].reg = 20;
	asm_add(&p, NPU_OP_END);
	ok(!run(1, TRACE, ROOM), "a program that traps");
	is(done.fault.code, NPU_FAULT_TRAP, "by TRAP");
	is(part(0)->records, 1, "leaves a trace up to there");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .kernels = "scalar" });
	code = machine_map(m, CODE, 0x200000, false);
	machine_map(m, DATA, 0x10000, true);
	trace = machine_map(m, TRACE, ROOM, true);
	example();
	overflow();
	two_cores();
	faults();
	trap();
	machine_free(m);
	return done_testing();
}
