// SPDX-License-Identifier: MIT
/*
 * Nonsense from the guest: random programs, descriptors, page tables and register
 * writes. Nothing may crash, hang, or touch what a job cannot reach; and two
 * devices, one with scalar arithmetic, must agree about every program.
 */
#include "assemble.h"
#include "bus.h"
#include "decode.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define LOCKED	0xa00000u
#define SIZE	0x10000u
#define SRAM	0x4000u

#define PROGRAMS	3000
#define MAX_INSNS	24
#define JOBS		300
#define POKES		20000

/* xorshift64* (Vigna, 2016): the same numbers each time. */
static uint64_t seed = 88172645463325252ull;

static uint64_t any(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 2685821657736338717ull;
}

static uint32_t below(uint32_t n)
{
	return (any() >> 33) % n;
}

struct device {
	struct machine *m;
	uint8_t *code, *data, *locked;
};

static struct program p;

static struct device device_new(const struct npu_core_config *config)
{
	struct device d = { .m = machine_new(config) };

	d.code = machine_map(d.m, CODE, SIZE, false);
	d.data = machine_map(d.m, DATA, SIZE, true);
	d.locked = machine_map(d.m, LOCKED, SIZE, false);
	return d;
}

static unsigned int pick_bit(unsigned int bits)
{
	unsigned int i;

	do
		i = below(16);
	while (!(bits >> i & 1));
	return i;
}

/* Registers that hold something, or one that may hold anything. */
static unsigned int any_reg(void)
{
	return below(4) ? below(8) : 16 + below(4);
}

/* Operands of an instruction that are in memory, a bit an address. */
static unsigned int in_memory(const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_LOAD:
	case NPU_OP_GATHER:
		return 1 << 1;
	case NPU_OP_STORE:
	case NPU_OP_SCATTER:
		return 1 << 0;
	case NPU_OP_MATMUL:
		return insn->flags & NPU_F_STREAM ?
		       1 << NPU_MM_B | 1 << NPU_MM_SB | 1 << NPU_MM_BIAS |
		       1 << NPU_MM_AUX | 1 << NPU_MM_DQ : 0;
	default:
		return 0;
	}
}

static uint32_t wild_offset(void)
{
	static const uint32_t base[] = { 0, DATA, LOCKED };

	return base[below(3)] + below(SRAM + 64);
}

/* One that has a chance to be sound. */
static uint32_t mild_offset(bool memory)
{
	uint32_t base = below(4) ? DATA : LOCKED;

	return (memory ? base : 0) + 64 * below(SRAM / 64);
}

static uint32_t wild_value(void)
{
	switch (below(4)) {
	case 0:
		return ASM_REG(any_reg());
	case 1:
		return any() & NPU_VAL_MAX;
	default:
		return below(2000);
	}
}

/* Counts that are small, strides that keep rows apart. */
static uint32_t mild_value(const struct npu_insn *insn, unsigned int i)
{
	unsigned int engine = insn->opcode >> 4;

	if (engine == NPU_ENGINE_MAT && i == NPU_MM_GROUP)
		return below(8) ? 16 + 16 * below(2) : below(40);
	if (engine == NPU_ENGINE_MAT)
		return i < 3 ? below(30) : 64u << below(3);
	if (engine == NPU_ENGINE_VEC && i >= 6)
		return 2 * below(6);
	if (engine == NPU_ENGINE_VEC)
		return i == 0 ? below(8) : i == 1 ? below(17) : 64u << below(3);
	if (i == NPU_DMA_PLANES || i == NPU_DMA_PAD)
		return 1;
	return i == 0 ? below(60) : i == 1 ? below(5) : 64u << below(3);
}

/* Types that go together are rare: most four-bit and grouped weights are made legal. */
static void mostly_packed(struct npu_insn *insn)
{
	if (insn->opcode == NPU_OP_TRANSPOSE && below(8))
		insn->type[1] = insn->type[0];
	if (insn->opcode != NPU_OP_MATMUL || !below(8))
		return;
	if (insn->type[NPU_MM_TYPE_B] == NPU_TYPE_F16 ||
	    insn->type[NPU_MM_TYPE_B] == NPU_TYPE_BF16) {
		insn->type[NPU_MM_TYPE_A] = insn->type[NPU_MM_TYPE_B];
		return;
	}
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	if (insn->type[NPU_MM_TYPE_B] != NPU_TYPE_I8 || insn->flags & NPU_F_GROUP)
		insn->mode[NPU_MM_LAYOUT] = NPU_LAYOUT_PACK;
}

/* What a program that is not refused has of each form. */
static void note_forms(unsigned int *forms)
{
	for (unsigned int i = 0; i < p.header.num_insns; i++) {
		const struct npu_insn *insn = &p.insns[i];

		if (npu_insn_check(insn).code)
			continue;
		forms[0] += insn->opcode == NPU_OP_TOPK;
		forms[1] += insn->opcode == NPU_OP_TRANSPOSE;
		if (insn->opcode != NPU_OP_MATMUL)
			continue;
		forms[2] += insn->type[NPU_MM_TYPE_B] == NPU_TYPE_I4;
		forms[3] += insn->type[NPU_MM_TYPE_B] == NPU_TYPE_C4;
		forms[4] += insn->type[NPU_MM_TYPE_B] == NPU_TYPE_BF16;
		forms[5] += insn->type[NPU_MM_TYPE_S] == NPU_TYPE_I8;
		forms[6] += insn->flags & NPU_F_GROUP && insn->flags & NPU_F_STREAM;
		forms[7] += insn->flags & NPU_F_ZP && insn->flags & NPU_F_STREAM;
	}
}

static void any_insn(unsigned int opcode)
{
	struct npu_insn *insn = asm_add(&p, opcode);
	struct npu_insn_form form;
	bool wild = below(12) == 0;
	unsigned int memory;

	if (!npu_insn_form(insn, &form))
		return;
	insn->subop = form.subops ? below(form.subops) : 0;
	insn->flags = any() & form.flags;
	npu_insn_form(insn, &form);
	for (unsigned int i = 0; i < 4; i++) {
		insn->type[i] = form.types[i] ? pick_bit(form.types[i]) : 0;
		insn->mode[i] = form.modes[i] ? below(form.modes[i]) : 0;
	}
	mostly_packed(insn);
	npu_insn_form(insn, &form);
	memory = in_memory(insn);
	for (unsigned int i = 0; i < NPU_NUM_ADDRS; i++) {
		if ((form.regs >> i & 1) || (wild && form.addrs >> i & 1))
			insn->addr[i].reg = any_reg();
		if (form.addrs >> i & 1)
			insn->addr[i].offset = wild ? wild_offset() :
						      mild_offset(memory >> i & 1);
	}
	for (unsigned int i = 0; i < NPU_NUM_VALS; i++)
		if (form.vals >> i & 1)
			insn->val[i] = wild ? wild_value() : mild_value(insn, i);
	for (unsigned int i = 0; i < 2; i++)
		insn->imm[i] = form.imms >> i & 1 ? any() : 0;
	if (below(50) == 0)
		((uint8_t *)insn)[below(128)] ^= 1 << below(8);
}

static unsigned int any_opcode(void)
{
	static const uint8_t common[] = {
		NPU_OP_ALU, NPU_OP_LEA, NPU_OP_SLOAD, NPU_OP_SSTORE, NPU_OP_LOAD,
		NPU_OP_LOAD, NPU_OP_STORE, NPU_OP_STORE, NPU_OP_GATHER,
		NPU_OP_SCATTER, NPU_OP_MATMUL, NPU_OP_MATMUL, NPU_OP_MATMUL,
		NPU_OP_MATMUL, NPU_OP_UNARY,
		NPU_OP_BINARY, NPU_OP_MULADD, NPU_OP_REDUCE, NPU_OP_RMSNORM,
		NPU_OP_LAYERNORM, NPU_OP_ROPE, NPU_OP_SOFTMAX, NPU_OP_QUANT,
		NPU_OP_ARGMAX, NPU_OP_TOPK, NPU_OP_TRANSPOSE, NPU_OP_FILL,
		NPU_OP_BARRIER, NPU_OP_DRAIN,
	};

	return common[below(sizeof(common))];
}

/* What would be refused before it runs is left out, mostly. */
static void any_program(void)
{
	unsigned int n = 1 + below(MAX_INSNS), loops = below(3);

	asm_start(&p, SRAM);
	for (unsigned int i = 0; i < loops; i++)
		asm_loop(&p, 1 + below(3), n + 2 * (loops - 1 - i), 3 + i, below(200));
	for (unsigned int i = 0; i < n; i++) {
		do {
			p.header.num_insns = loops + i;
			any_insn(any_opcode());
		} while (npu_insn_check(&p.insns[loops + i]).code && below(100));
	}
	for (unsigned int i = 0; i < loops; i++)
		asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
}

static bool agree(const struct device *a, const struct device *b)
{
	struct npu_completion done[2];
	const struct device *d[2] = { a, b };

	for (unsigned int i = 0; i < 2; i++) {
		struct npu_job job = asm_job(&p, d[i]->code, CODE);

		job.budget = 400;
		machine_run(d[i]->m, &job, &done[i]);
		done[i].clock_start = 0;
		done[i].clock_end = 0;
	}
	if (!memcmp(&done[0], &done[1], offsetof(struct npu_completion, id)) &&
	    !memcmp(a->data, b->data, SIZE))
		return true;
	diag("status %u %u code %u %u pc %u %u", done[0].status, done[1].status,
	     done[0].fault.code, done[1].fault.code, done[0].fault.pc,
	     done[1].fault.pc);
	return false;
}

/* Data that is neither all zeros nor all NaN. */
static void any_data(const struct device *a, const struct device *b)
{
	for (unsigned int i = 0; i < SIZE; i += 4) {
		float f = (int)below(4000) / 16.0f - 125;
		uint32_t bits = below(3) ? asm_float(f) : any();

		memcpy(a->data + i, &bits, 4);
	}
	memcpy(b->data, a->data, SIZE);
}

static void random_programs(void)
{
	struct device a = device_new(&(struct npu_core_config){
		.threads = 1, .kernels = "scalar",
	});
	struct device b = device_new(&(struct npu_core_config){ .threads = 2 });
	unsigned int same = 0, intact = 0, executed = 0, common = 0;
	unsigned int forms[8] = { 0 };
	static uint8_t locked[SIZE];

	for (unsigned int i = 0; i < SIZE; i++)
		locked[i] = any();
	memcpy(a.locked, locked, SIZE);
	memcpy(b.locked, locked, SIZE);
	for (unsigned int i = 0; i < PROGRAMS; i++) {
		if (i % 20 == 0)
			any_data(&a, &b);
		any_program();
		note_forms(forms);
		same += agree(&a, &b);
		intact += !memcmp(b.locked, locked, SIZE);
	}
	executed = npu_core_read(machine_core(a.m), NPU_REG_COUNTER(NPU_CNT_INSNS));
	diag("%u instructions were executed", executed);
	for (unsigned int i = 0; i < 8; i++)
		common += forms[i] > 50;
	diag("%u TOPK, %u TRANSPOSE, %u I4, %u C4, %u BF16, %u DQ8, %u GROUP and %u ZP streamed",
	     forms[0], forms[1], forms[2], forms[3], forms[4], forms[5], forms[6], forms[7]);
	is(common, 8, "every form of weights, TOPK and TRANSPOSE are common");
	ok(npu_core_read(machine_core(a.m), NPU_REG_COUNTER(NPU_CNT_MACS_I4)) > 10000,
	   "four-bit weights were multiplied");
	is(same, PROGRAMS, "scalar and fastest arithmetic agree about random programs");
	is(intact, PROGRAMS, "memory for reading is never written");
	ok(executed > 3 * PROGRAMS, "and something was executed");
	machine_free(a.m);
	machine_free(b.m);
}

/* The same on many cores at once: any outcome, but an end. */
static void random_programs_on_cores(void)
{
	struct device d = device_new(&(struct npu_core_config){ .cores = 5, .threads = 3 });
	struct npu_completion done;
	unsigned int ended = 0;

	for (unsigned int i = 0; i < PROGRAMS / 4; i++) {
		struct npu_job job;

		any_program();
		job = asm_job(&p, d.code, CODE);
		job.cores = below(6);
		job.budget = 200;
		machine_run(d.m, &job, &done);
		ended += done.status == NPU_JOB_DONE || done.status == NPU_JOB_FAULT;
	}
	is(ended, PROGRAMS / 4, "random programs on several cores end");
	machine_free(d.m);
}

/* A good job with some words spoilt, or 512 random bytes. */
static void any_job(struct ring *ring, const struct npu_job *good)
{
	struct npu_job *job = ring_add(ring, good);
	uint64_t completion = job->completion;
	uint64_t *word = (uint64_t *)job;

	if (below(3) == 0)
		for (unsigned int i = 0; i < sizeof(*job) / 8; i++)
			word[i] = any();
	else
		for (unsigned int i = below(4); i; i--)
			word[below(sizeof(*job) / 8)] = any() >> below(64);
	if (below(20))
		job->completion = completion;
}

static void random_jobs(void)
{
	struct device d = device_new(&(struct npu_core_config){ .threads = 2 });
	struct npu_core *npu = machine_core(d.m);
	struct ring *ring = ring_new(d.m, 1, 3);
	unsigned int ended = 0, fatal = 0;
	struct npu_job good;

	asm_null(&p);
	good = asm_job(&p, d.code, CODE);
	for (unsigned int i = 0; i < JOBS; i++) {
		any_job(ring, &good);
		ring_bell(ring);
		while (ring_read(ring, NPU_Q_HEAD) != ring->tail &&
		       !(npu_core_read(npu, NPU_REG_STATUS) & NPU_STATUS_FATAL))
			;
		if (!(npu_core_read(npu, NPU_REG_STATUS) & NPU_STATUS_FATAL)) {
			ended++;
			continue;
		}
		fatal++;
		npu_core_reset(npu);
		machine_init(d.m);
		ring_enable(ring);
	}
	diag("%u ended, %u could not say so", ended, fatal);
	is(ended + fatal, JOBS, "random descriptors all end");
	ring_submit(ring, &good);
	ok(ring_wait(ring, ring->tail - 1), "and a good one runs after them");
	ring_free(ring);
	machine_free(d.m);
}

/* Any entries in all tables of a context, among them the program's. */
static void random_tables(void)
{
	struct device d = device_new(&(struct npu_core_config){ .threads = 2 });
	struct npu_completion done;
	unsigned int ended = 0;

	for (unsigned int i = 0; i < JOBS; i++) {
		uint64_t va = (uint64_t)below(512) << 30 | 1 << 29;
		uint64_t pte = any() & 0xfff0000000000fffull;
		struct npu_job job;

		pte = below(2) ? pte & 15 : pte;
		pte |= BUS_BASE + (any() & 0xffff000);
		machine_map_page(d.m, va, pte, below(3));
		asm_start(&p, SRAM);
		asm_set(&p, 3, va);
		asm_load(&p, 0, 3, below(4096), 8192);
		asm_add(&p, NPU_OP_END);
		job = asm_job(&p, d.code, CODE);
		machine_run(d.m, &job, &done);
		ended += done.status == NPU_JOB_DONE || done.status == NPU_JOB_FAULT;
	}
	is(ended, JOBS, "jobs through random page tables end");
	is(bus_mappings(machine_bus(d.m)), 0, "no mapping is left");
	machine_free(d.m);
}

static void random_registers(void)
{
	struct device d = device_new(&(struct npu_core_config){ .threads = 2 });
	struct npu_core *npu = machine_core(d.m);
	struct ring *ring = ring_new(d.m, 1, 3);
	struct npu_job job;

	asm_spin(&p);
	job = asm_job(&p, d.code, CODE);
	job.budget = 100000;
	for (unsigned int i = 0; i < POKES; i++) {
		uint32_t reg = below(2) ? below(0x400) : 0x1000 + below(0x800);

		if (below(100) == 0) {
			machine_init(d.m);
			ring_enable(ring);
			ring_submit(ring, &job);
		}
		if (below(4))
			npu_core_write(npu, reg & ~3, below(2) ? below(4) : any());
		else
			npu_core_read(npu, reg);
	}
	npu_core_reset(npu);
	is(npu_core_read(npu, NPU_REG_STATUS), NPU_STATUS_READY,
	   "random register writes end in a reset that completes");
	machine_init(d.m);
	ring_enable(ring);
	asm_null(&p);
	job = asm_job(&p, d.code, CODE);
	ring_submit(ring, &job);
	ok(ring_wait(ring, 0), "after which jobs run");
	ring_free(ring);
	machine_free(d.m);
}

int main(void)
{
	random_programs();
	random_programs_on_cores();
	random_jobs();
	random_tables();
	random_registers();
	return done_testing();
}
