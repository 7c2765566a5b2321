// SPDX-License-Identifier: MIT
/* Modelled time and energy: the examples of Documentation/timing.rst, loops, barriers. */
#include "assemble.h"
#include "bus.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u

static struct machine *m;
static uint8_t *code;
static struct program p;
static struct npu_completion done;

static bool run(unsigned int cores)
{
	struct npu_job job = asm_job(&p, code, CODE);

	job.cores = cores;
	return machine_run(m, &job, &done);
}

/**
 * struct want - what a counter is by hand
 * @counter: which
 * @value: what
 * @name: its name
 */
struct want {
	enum npu_counter counter;
	unsigned int value;
	const char *name;
};

static void check_counters(const struct want *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		is(done.counters[want[i].counter], want[i].value,
		   "%s is as computed by hand", want[i].name);
}

static void example(void)
{
	asm_timing_example(&p, DATA);
	ok(run(1), "the example of timing.rst runs");
}

static void example_counters(void)
{
	static const struct want want[] = {
		{ NPU_CNT_CYCLES, 532, "CYCLES" },
		{ NPU_CNT_INSNS, 7, "INSNS" },
		{ NPU_CNT_CP_BUSY, 7, "CP_BUSY" },
		{ NPU_CNT_LD_BUSY, 116, "LD_BUSY" },
		{ NPU_CNT_ST_BUSY, 273 + 116, "ST_BUSY" },
		{ NPU_CNT_MAT_BUSY, 276, "MAT_BUSY" },
		{ NPU_CNT_VEC_BUSY, 24, "VEC_BUSY" },
		{ NPU_CNT_LD_STALL, 0, "LD_STALL" },
		{ NPU_CNT_ST_STALL, 137, "ST_STALL" },
		{ NPU_CNT_MAT_STALL, 114, "MAT_STALL" },
		{ NPU_CNT_VEC_STALL, 115, "VEC_STALL" },
		{ NPU_CNT_MEM_READ, 2600, "MEM_READ" },
		{ NPU_CNT_MEM_WRITE, 992, "MEM_WRITE" },
		{ NPU_CNT_STREAM_READ, 2400, "STREAM_READ" },
		{ NPU_CNT_SRAM_READ, 1392, "SRAM_READ" },
		{ NPU_CNT_SRAM_WRITE, 1192, "SRAM_WRITE" },
		{ NPU_CNT_MACS_I8, 4800, "MACS_I8" },
		{ NPU_CNT_MACS_F16, 0, "MACS_F16" },
		{ NPU_CNT_VEC_OPS, 200, "VEC_OPS" },
		{ NPU_CNT_ENERGY_PJ, 175534, "ENERGY_PJ" },
		{ NPU_CNT_JOBS, 1, "JOBS" },
		{ NPU_CNT_MEM_STALL, 120, "MEM_STALL" },
		{ NPU_CNT_SRAM_STALL, 0, "SRAM_STALL" },
		/* 200; 512, 1024 and 384 bytes; 500 */
		{ NPU_CNT_QUEUE_CYCLES, 200 + 116 + 131 + 112 + 500, "QUEUE_CYCLES" },
	};

	check_counters(want, sizeof(want) / sizeof(want[0]));
}

static void port_example(void)
{
	static const struct want want[] = {
		{ NPU_CNT_CYCLES, 602, "CYCLES" },
		{ NPU_CNT_LD_BUSY, 345 + 161, "LD_BUSY" },
		{ NPU_CNT_ST_BUSY, 116, "ST_BUSY" },
		{ NPU_CNT_MAT_BUSY, 41 + 213, "MAT_BUSY" },
		{ NPU_CNT_ST_STALL, 384, "ST_STALL" },
		{ NPU_CNT_MAT_STALL, 344, "MAT_STALL" },
		{ NPU_CNT_MEM_STALL, 20, "MEM_STALL" },
		{ NPU_CNT_SRAM_STALL, 5, "SRAM_STALL" },
	};

	asm_port_example(&p, DATA);
	ok(run(1), "the second example of timing.rst runs");
	check_counters(want, sizeof(want) / sizeof(want[0]));
}

/* The same energy by where it went; each counts bytes of SRAM at 1.25 pJ. */
static void example_energy(void)
{
	static const struct {
		unsigned int value;
		const char *name;
	} want[NPU_ENERGY_PARTS] = {
		[NPU_ENERGY_CP] = { 0, "CP" },
		[NPU_ENERGY_LD] = { 200 * 40 + 250, "LD" },
		[NPU_ENERGY_ST] = { 992 * 40 + 1240, "ST" },
		[NPU_ENERGY_MAT] = { 1104 + 2400 * 40 + 490, "MAT" },
		[NPU_ENERGY_VEC] = { 920 + 1250, "VEC" },
		[NPU_ENERGY_STATIC] = { 532 * 50, "static" },
	};
	struct npu_core *core = machine_core(m);

	for (unsigned int i = 0; i < NPU_ENERGY_PARTS; i++) {
		is(done.energy_pj[i], want[i].value, "energy of %s is as computed by hand",
		   want[i].name);
		is(npu_core_read(core, NPU_REG_ENERGY_PART(i)), want[i].value,
		   "so is the total of %s", want[i].name);
	}
}

/*
 * M 3, N 24, K 1000 of four bits, streamed: 2 panels of 125 blocks, 8 groups with
 * 128 scales, zero points and one pair each a panel.
 */
static void four_bit_time(void)
{
	uint64_t bytes = 2 * (125 * 64 + 8 * 16 + 8 * 16 + 8);
	uint64_t stream = 100 + (bytes / 64 * 64 + 64 + 16) / 17;
	struct npu_insn *insn;

	asm_start(&p, 65536);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->flags = NPU_F_STREAM | NPU_F_GROUP | NPU_F_ZP;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I4;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_I8;
	insn->mode[NPU_MM_LAYOUT] = NPU_LAYOUT_PACK;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, DATA);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 8192);
	asm_addr(insn, NPU_MM_SB, NPU_R_ZERO, DATA + 0x8000);
	asm_addr(insn, NPU_MM_AUX, NPU_R_ZERO, DATA + 0x9000);
	asm_addr(insn, NPU_MM_DQ, NPU_R_ZERO, DATA + 0xa000);
	asm_vals(insn, 3, 24, 1000, 1000, 8000, 96, 128, 128);
	asm_add(&p, NPU_OP_END);
	ok(run(1), "a MATMUL of four-bit weights");
	is(done.counters[NPU_CNT_MACS_I4], 72000, "its MACs");
	is(done.counters[NPU_CNT_STREAM_READ], bytes, "weights, scales, zero points, pairs");
	is(done.counters[NPU_CNT_MAT_BUSY], 32 + stream, "memory takes longer than the array");
	is(done.counters[NPU_CNT_ENERGY_PJ],
	   (72000 * 115 + (3000 + 288) * 1250 + bytes * 40000 +
	    done.counters[NPU_CNT_CYCLES] * 50000) / 1000, "energy of four-bit MACs");
	p.insns[0].val[NPU_MM_M] = 100;
	p.insns[0].val[NPU_MM_LDA] = 0;
	ok(run(1), "with many rows");
	is(done.counters[NPU_CNT_MAT_BUSY], 32 + 100 * 2 * 8, "the array has 16 by 128");
}

/* Without an interrupt, and of a program of one instruction. */
static void job_time(void)
{
	struct npu_job job;

	asm_null(&p);
	job = asm_job(&p, code, CODE);
	ok(machine_run(m, &job, &done), "a job that does nothing");
	is(done.counters[NPU_CNT_QUEUE_CYCLES], 200 + 116 + 108 + 112 + 500,
	   "takes what a job takes");
	is(done.counters[NPU_CNT_CYCLES], 1, "besides its instruction");
}

/* LOOP 2, body and ENDLOOP 1 each a round, END 1. */
static void loop_time(void)
{
	asm_start(&p, 0);
	asm_loop(&p, 10, 1, 20, 1);
	asm_add(&p, NPU_OP_NOP);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
	ok(run(1), "a loop runs");
	is(done.counters[NPU_CNT_CYCLES], 2 + 10 * 2 + 1, "a loop's cycles");
	is(done.counters[NPU_CNT_INSNS], 1 + 10 * 2 + 1, "a loop's instructions");
}

/* Core 1 has a load before the barrier that core 0 has not. */
static void barrier_time(void)
{
	struct npu_insn *insn;

	asm_start(&p, 4096);
	asm_set(&p, 10, DATA);
	insn = asm_loop(&p, 0, 1, 20, 0);	/* R[CORE] rounds */
	insn->val[0] = ASM_REG(NPU_R_CORE);
	asm_load(&p, 0, 10, 0, 64);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_BARRIER);
	insn = asm_add(&p, NPU_OP_TIME);
	insn->addr[0].reg = 21;
	insn = asm_add(&p, NPU_OP_SSTORE);
	insn->type[0] = NPU_TYPE_I32;
	insn->addr[1].reg = 21;
	insn->signal = 1;
	insn = asm_alu(&p, NPU_ALU_MUL, 22, NPU_R_CORE, NPU_R_ZERO, 4);
	asm_alu(&p, NPU_ALU_ADD, 10, 10, 22, 4096);
	asm_store(&p, 10, 0, 0, 4)->wait = 1;
	asm_add(&p, NPU_OP_END);
	ok(run(2), "a barrier between two cores");
	/* set 1, LOOP 2; core 1: issue at 4, load until 4 + 104; BARRIER 1. */
}

int main(void)
{
	uint8_t *data;
	uint32_t times[2];

	m = machine_new(&(struct npu_core_config){ .kernels = "scalar" });
	code = machine_map(m, CODE, 0x200000, false);
	data = machine_map(m, DATA, 0x10000, true);
	example();
	example_counters();
	example_energy();
	port_example();
	four_bit_time();
	job_time();
	loop_time();
	barrier_time();
	memcpy(times, data + 4096, sizeof(times));
	is(times[0], 109, "core 0 leaves the barrier with core 1");
	is(times[1], 109, "core 1 leaves the barrier after its load");
	machine_free(m);
	return done_testing();
}
