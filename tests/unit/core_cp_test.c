// SPDX-License-Identifier: MIT
/* The command processor: arithmetic, loops, tokens, budget, barriers, faults. */
#include "assemble.h"
#include "bus.h"
#include "tap.h"

#define CODE	0x400000u
#define OUT	0x800000u
#define SRAM	4096u

static struct machine *m;
static uint8_t *code;
static uint64_t *out;
static struct program p;
static struct npu_completion done;
static struct npu_job job;

static bool run(unsigned int cores)
{
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	job.cores = cores;
	return machine_run(m, &job, &done);
}

static bool faults(uint32_t cause, uint32_t core, uint32_t pc, uint32_t operand)
{
	const struct npu_fault *f = &done.fault;
	bool same = done.status == NPU_JOB_FAULT && f->code == cause &&
		    f->core == core && f->pc == pc && f->operand == operand &&
		    f->opcode == p.insns[pc].opcode;

	if (!same)
		diag("status %u code %u core %u pc %u operand %u address %llx",
		     done.status, f->code, f->core, f->pc, f->operand,
		     (unsigned long long)f->address);
	return same;
}

/* SRAM[8 * @slot] = R[@reg] */
static void keep(unsigned int slot, unsigned int reg)
{
	struct npu_insn *insn = asm_add(&p, NPU_OP_SSTORE);

	insn->flags = NPU_F_WIDE;
	insn->type[0] = NPU_TYPE_I32;
	asm_addr(insn, 0, NPU_R_ZERO, 8 * slot);
	insn->addr[1].reg = reg;
}

/* Copy @slots to memory; the CP is an engine like the others. */
static void put_out(unsigned int slots)
{
	asm_add(&p, NPU_OP_NOP)->signal = 1u << 31;
	asm_store(&p, NPU_R_ZERO, OUT, 0, 8 * slots)->wait = 1u << 31;
}

static void alu(void)
{
	static const struct {
		uint64_t a, b, want;
		const char *name;
		uint8_t op;
	} cases[] = {
		{ ~0ull, 2, 1, "ADD wraps", NPU_ALU_ADD },
		{ 1, 2, ~0ull, "SUB", NPU_ALU_SUB },
		{ 1ull << 63, 3, 1ull << 63, "MUL wraps", NPU_ALU_MUL },
		{ (uint64_t)-7, 2, (uint64_t)-3, "DIV truncates", NPU_ALU_DIV },
		{ (uint64_t)-7, 2, (uint64_t)-1, "MOD has the dividend's sign", NPU_ALU_MOD },
		{ 1ull << 63, ~0ull, 1ull << 63, "-2^63 / -1", NPU_ALU_DIV },
		{ 1ull << 63, ~0ull, 0, "-2^63 mod -1", NPU_ALU_MOD },
		{ ~0ull, 1, ~0ull, "MIN is signed", NPU_ALU_MIN },
		{ ~0ull, 1, 1, "MAX is signed", NPU_ALU_MAX },
		{ 12, 10, 8, "AND", NPU_ALU_AND },
		{ 12, 10, 14, "OR", NPU_ALU_OR },
		{ 12, 10, 6, "XOR", NPU_ALU_XOR },
		{ 3, 65, 6, "SHL modulo 64", NPU_ALU_SHL },
		{ ~0ull, 60, 15, "SHR", NPU_ALU_SHR },
		{ (uint64_t)-256, 4, (uint64_t)-16, "SAR", NPU_ALU_SAR },
		{ ~0ull, 0, 1, "LT is signed", NPU_ALU_LT },
		{ 5, 5, 1, "EQ", NPU_ALU_EQ },
	};
	unsigned int n = sizeof(cases) / sizeof(cases[0]);

	asm_start(&p, SRAM);
	for (unsigned int i = 0; i < n; i++) {
		asm_set(&p, 3, cases[i].a);
		asm_set(&p, 4, cases[i].b - 1);
		asm_alu(&p, cases[i].op, 5, 3, 4, 1);
		keep(i, 5);
	}
	put_out(n);
	ok(run(1), "ALU");
	for (unsigned int i = 0; i < n; i++)
		is(out[i], cases[i].want, "%s", cases[i].name);
}

static void registers(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	p.header.num_args = 2;
	asm_set(&p, NPU_R_ZERO, 99);
	keep(0, NPU_R_ZERO);
	keep(1, NPU_R_ARG(0));
	keep(2, NPU_R_ARG(1));
	keep(3, NPU_R_NCORES);
	asm_set(&p, 3, (uint64_t)-5);
	insn = asm_add(&p, NPU_OP_LEA);
	insn->addr[0].reg = 6;
	insn->addr[1].reg = NPU_R_ARG(0);
	asm_vals(insn, 3, 4, ASM_REG(3), 10, ASM_REG(3), ASM_REG(3), 0, ASM_REG(3));
	insn->imm[0] = 0xffffffff;
	insn->imm[1] = 0xffffffff;
	keep(4, 6);
	insn = asm_add(&p, NPU_OP_SSTORE);
	insn->type[0] = NPU_TYPE_I32;
	asm_addr(insn, 0, NPU_R_ZERO, 44);
	insn->addr[1].reg = 3;
	for (unsigned int i = 0; i < 3; i++) {
		static const uint8_t types[] = { NPU_TYPE_I8, NPU_TYPE_I32, NPU_TYPE_F32 };

		insn = asm_add(&p, NPU_OP_SLOAD);
		insn->type[0] = types[i];
		insn->addr[0].reg = 7;
		asm_addr(insn, 1, NPU_R_ZERO, 44);
		keep(6 + i, 7);
	}
	put_out(9);
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	job.args[0] = 1ull << 40;
	job.args[1] = 7;
	ok(machine_run(m, &job, &done), "registers, LEA, SLOAD");
	is(out[0], 0, "R[ZERO] forgets writes");
	is(out[1], 1ll << 40, "the first argument");
	is(out[2], 7, "the second");
	is(out[3], 1, "NCORES");
	is(out[4], (1ll << 40) + 12 - 50 + 25 - 1, "LEA sums products");
	is(out[5] >> 32, 0xfffffffb, "SSTORE has 32 bits");
	is(out[6], -5, "SLOAD of I8 extends the sign");
	is(out[7], -5, "of I32 too");
	is(out[8], 0xfffffffb, "of F32 does not");
}

static void loops(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	asm_set(&p, 3, 100);
	asm_set(&p, 4, (uint64_t)-3);
	insn = asm_loop(&p, 4, 5, 10, 0);
	insn->addr[1].reg = 3;
	insn->val[1] = ASM_REG(4);
	asm_set(&p, 3, 0);			/* start was taken at entry */
	asm_loop(&p, 5, 1, 11, 2);
	asm_alu(&p, NPU_ALU_ADD, 12, 12, 10, 0);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_set(&p, 10, 0);			/* the next round sets it anew */
	asm_add(&p, NPU_OP_ENDLOOP);
	keep(0, 12);
	keep(1, 10);
	keep(2, 11);
	asm_set(&p, 13, 55);
	insn = asm_loop(&p, 0, 3, 13, 1);
	insn->val[0] = ASM_REG(30);
	asm_loop(&p, 1, 1, 14, 0);
	asm_set(&p, 15, 1);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_ENDLOOP);
	keep(3, 13);
	keep(4, 15);
	put_out(5);
	ok(run(1), "nested loops");
	is(out[0], 5 * (100 + 97 + 94 + 91), "with a negative step");
	is(out[1], 0, "the body may write the counter");
	is(out[2], 8, "the inner counter keeps its last value");
	is(out[3], 55, "zero rounds do not write it");
	is(out[4], 0, "nor run the body");
}

static void tokens(void)
{
	asm_start(&p, SRAM);
	asm_add(&p, NPU_OP_NOP)->signal = 1 << 7;
	asm_add(&p, NPU_OP_NOP_VEC)->wait = 1 << 7 | 1 << 9;
	ok(!run(1) && faults(NPU_FAULT_TOKEN, 0, 1, 9), "a wait that nothing signals");
	asm_start(&p, SRAM);
	asm_loop(&p, 255, 1, 20, 0);
	asm_add(&p, NPU_OP_NOP_LD)->signal = 1 << 3;
	asm_add(&p, NPU_OP_ENDLOOP);
	ok(run(1), "255 tokens may be left");
	p.insns[0].val[0] = 256;
	p.header.num_insns--;
	ok(!run(1) && faults(NPU_FAULT_TOKEN, 0, 1, 3), "256 overflow");
	is(done.counters[NPU_CNT_INSNS], 1 + 2 * 255, "at the 256th");
	asm_start(&p, SRAM);
	asm_loop(&p, 255, 1, 20, 0);
	asm_add(&p, NPU_OP_NOP_LD)->signal = 1;
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_NOP)->wait = 1;
	p.insns[3].signal = 1;
	ok(run(1), "one taken makes room for one given");
}

static void budgets(void)
{
	struct npu_insn *insn;

	asm_spin(&p);
	job = asm_job(&p, code, CODE);
	job.budget = 1000;
	ok(!machine_run(m, &job, &done) && done.fault.code == NPU_FAULT_BUDGET,
	   "a budget of 1000");
	is(done.counters[NPU_CNT_INSNS], 1000, "allows 1000 instructions");
	/* 2^18 elements cost 1 + 4. */
	asm_start(&p, 1 << 20);
	insn = asm_add(&p, NPU_OP_FILL);
	insn->type[0] = NPU_TYPE_I8;
	asm_vals(insn, 1 << 9, 1 << 9, 1 << 9);
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	job.budget = 6;
	ok(machine_run(m, &job, &done), "work costs one more for each 2^16");
	job.budget = 5;
	ok(!machine_run(m, &job, &done) && faults(NPU_FAULT_BUDGET, 0, 1, 0),
	   "END costs one too");
	job.budget = 4;
	ok(!machine_run(m, &job, &done) && faults(NPU_FAULT_BUDGET, 0, 0, 0),
	   "what would exceed the budget does not start");
}

static void operand_faults(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	asm_alu(&p, NPU_ALU_DIV, 3, 0, 0, 0);
	ok(!run(1) && faults(NPU_FAULT_DIVIDE, 0, 0, 40), "division by zero");
	asm_start(&p, SRAM);
	asm_set(&p, 3, 1ull << 31);
	insn = asm_load(&p, 0, NPU_R_ZERO, OUT, 4);
	insn->val[1] = ASM_REG(3);
	ok(!run(1) && faults(NPU_FAULT_OPERAND, 0, 1, 92) &&
	   done.fault.address == 1ull << 31, "a value of 2^31");
	asm_start(&p, SRAM);
	asm_set(&p, 3, (uint64_t)-(1ll << 31) - 1);
	insn = asm_loop(&p, 1, 0, 20, 0);
	insn->val[1] = ASM_REG(3);
	asm_add(&p, NPU_OP_ENDLOOP);
	ok(!run(1) && faults(NPU_FAULT_OPERAND, 0, 1, 92), "a step below -2^31");
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_SLOAD);
	insn->type[0] = NPU_TYPE_I32;
	asm_addr(insn, 1, NPU_R_ZERO, 2);
	ok(!run(1) && faults(NPU_FAULT_ALIGN, 0, 0, 32) && done.fault.address == 2,
	   "a misaligned SLOAD");
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_SLOAD);
	insn->type[0] = NPU_TYPE_I32;
	asm_addr(insn, 1, NPU_R_ZERO, SRAM);
	ok(!run(1) && faults(NPU_FAULT_SRAM, 0, 0, 32) && done.fault.address == SRAM &&
	   done.fault.needs[0] == 4 && done.fault.needs[1] == SRAM,
	   "an SLOAD behind what the program may touch");
}

/* Core c waits at a barrier if c < 2; the others end. */
static void barriers(void)
{
	asm_start(&p, SRAM);
	asm_alu(&p, NPU_ALU_LT, 3, NPU_R_CORE, NPU_R_ZERO, 2);
	asm_loop(&p, 0, 1, 20, 0)->val[0] = ASM_REG(3);
	asm_add(&p, NPU_OP_BARRIER);
	asm_add(&p, NPU_OP_ENDLOOP);
	ok(!run(4) && faults(NPU_FAULT_BARRIER, 2, 4, 0),
	   "a core that ends while another waits");
	/* Cores 1 and 3 trap before the barrier; 0 and 2 wait there. */
	asm_start(&p, SRAM);
	asm_alu(&p, NPU_ALU_AND, 3, NPU_R_CORE, NPU_R_ZERO, 1);
	asm_add(&p, NPU_OP_TRAP)->addr[1].reg = 3;
	asm_add(&p, NPU_OP_BARRIER);
	ok(!run(4) && faults(NPU_FAULT_TRAP, 1, 1, 32), "the lowest core that faults is told");
	is(done.counters[NPU_CNT_INSNS], 2 * 1 + 2 * 3, "the others went on to the barrier");
	asm_start(&p, SRAM);
	asm_loop(&p, 1000, 1, 20, 0);
	asm_add(&p, NPU_OP_BARRIER)->flags = NPU_F_NODRAIN;
	asm_add(&p, NPU_OP_ENDLOOP);
	ok(run(4), "a thousand barriers");
	asm_start(&p, SRAM);
	asm_add(&p, NPU_OP_YIELD);
	asm_add(&p, NPU_OP_DRAIN);
	ok(run(4), "YIELD and DRAIN");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 2, .cores = 4 });
	code = machine_map(m, CODE, 0x200000, false);
	out = machine_map(m, OUT, 0x10000, true);
	alu();
	registers();
	loops();
	tokens();
	budgets();
	operand_faults();
	barriers();
	machine_free(m);
	return done_testing();
}
