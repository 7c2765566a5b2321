// SPDX-License-Identifier: MIT
/* What is refused before it runs: descriptors, headers, instructions. */
#include "assemble.h"
#include "bus.h"
#include "ring.h"
#include "tap.h"

#define CODE	0x400000u
#define FIELD(name)	offsetof(struct npu_insn, name)
#define NONE	0xffffffffu

static struct machine *m;
static uint8_t *code;
static struct program p;
static struct npu_completion done;
static struct ring *ring;

static bool fault_is(const struct npu_fault *f, uint32_t cause, uint32_t operand,
		     uint32_t pc)
{
	bool same = f->code == cause && f->operand == operand && f->pc == pc;

	if (!same)
		diag("code %u operand %u pc %u address %llx needs %llx %llx", f->code,
		     f->operand, f->pc, (unsigned long long)f->address,
		     (unsigned long long)f->needs[0],
		     (unsigned long long)f->needs[1]);
	return same;
}

/* A job of which @change spoils one field. */
static void bad_job(const char *what, void (*change)(struct npu_job *),
		    uint32_t cause, uint32_t operand)
{
	uint32_t index = ring->tail;
	struct npu_job job;
	struct npu_completion *c;

	asm_null(&p);
	job = asm_job(&p, code, CODE);
	change(ring_add(ring, &job));
	ring_bell(ring);
	c = ring_completion(ring, index);
	ok(ring_wait(ring, index) && c->status == NPU_JOB_FAULT &&
	   fault_is(&c->fault, cause, operand, NONE), "descriptor: %s", what);
}

static void flags(struct npu_job *job) { job->flags = 4; }
static void program(struct npu_job *job) { job->program += 64; }
static void size_odd(struct npu_job *job) { job->program_size += 4; }
static void size_small(struct npu_job *job) { job->program_size = 128; }
static void size_large(struct npu_job *job) { job->program_size = (4 << 20) + 128; }
static void cores(struct npu_job *job) { job->cores = 5; }
static void budget(struct npu_job *job) { job->budget = ~0ull; }
static void result(struct npu_job *job) { job->result = 64; job->result_id = 1; }
static void result_id(struct npu_job *job) { job->result = 0x1000; }
static void num_args(struct npu_job *job) { job->num_args = 49; }
static void reserved0(struct npu_job *job) { job->reserved0 = 1; }
static void reserved1(struct npu_job *job) { job->reserved1[4] = 1; }
static void size_more(struct npu_job *job) { job->program_size += 128; }
static void one_arg(struct npu_job *job) { job->num_args = 1; }

static void descriptors(void)
{
	uint32_t j = NPU_FAULT_JOB;

	bad_job("flags", flags, j, offsetof(struct npu_job, flags));
	bad_job("program", program, j, offsetof(struct npu_job, program));
	bad_job("odd size", size_odd, j, offsetof(struct npu_job, program_size));
	bad_job("small size", size_small, j, offsetof(struct npu_job, program_size));
	bad_job("large size", size_large, j, offsetof(struct npu_job, program_size));
	bad_job("cores", cores, j, offsetof(struct npu_job, cores));
	bad_job("budget", budget, j, offsetof(struct npu_job, budget));
	bad_job("result", result, j, offsetof(struct npu_job, result));
	bad_job("result_id", result_id, j, offsetof(struct npu_job, result_id));
	bad_job("num_args", num_args, j, offsetof(struct npu_job, num_args));
	bad_job("reserved0", reserved0, j, offsetof(struct npu_job, reserved0));
	bad_job("reserved1", reserved1, j, offsetof(struct npu_job, reserved0));
	bad_job("size unlike the header's", size_more, NPU_FAULT_PROGRAM,
		offsetof(struct npu_program, num_insns));
	bad_job("arguments unlike the header's", one_arg, NPU_FAULT_REQUIRE,
		offsetof(struct npu_program, num_args));
}

/* Run what is in @p as it is. */
static bool refused(uint32_t cause, uint32_t operand, uint32_t pc)
{
	struct npu_job job = asm_job(&p, code, CODE);

	return !machine_run(m, &job, &done) && !done.counters[NPU_CNT_INSNS] &&
	       fault_is(&done.fault, cause, operand, pc);
}

#define HEADER(name) offsetof(struct npu_program, name)

static void headers(void)
{
	asm_null(&p);
	p.header.magic++;
	ok(refused(NPU_FAULT_PROGRAM, HEADER(magic), NONE), "header: magic");
	asm_null(&p);
	p.header.sram_size = 32;
	ok(refused(NPU_FAULT_PROGRAM, HEADER(sram_size), NONE), "header: sram_size");
	asm_null(&p);
	p.header.flags = 1;
	ok(refused(NPU_FAULT_PROGRAM, HEADER(flags), NONE), "header: flags");
	asm_null(&p);
	p.header.reserved[21] = 1;
	ok(refused(NPU_FAULT_PROGRAM, HEADER(reserved[21]), NONE), "header: reserved");
	asm_null(&p);
	p.header.isa_version += 1;
	ok(refused(NPU_FAULT_REQUIRE, HEADER(isa_version), NONE), "needs a newer version");
	ok(done.fault.needs[0] == NPU_ISA_VERSION + 1 &&
	   done.fault.needs[1] == NPU_ISA_VERSION, "both are named");
	asm_null(&p);
	p.header.features = NPU_FEAT_STREAM | 2 * NPU_FEAT_YIELD;
	ok(refused(NPU_FAULT_REQUIRE, HEADER(features), NONE), "needs an absent feature");
	asm_null(&p);
	p.header.sram_size = (1 << 20) + 64;
	ok(refused(NPU_FAULT_REQUIRE, HEADER(sram_size), NONE), "needs more SRAM");
	ok(done.fault.needs[0] == (1 << 20) + 64 && done.fault.needs[1] == 1 << 20,
	   "both are named");
	asm_null(&p);
	p.header.min_cores = 2;
	ok(refused(NPU_FAULT_REQUIRE, HEADER(min_cores), NONE), "needs more cores");
	asm_null(&p);
	p.header.min_cores = 1;
	p.header.max_cores = 1;
	p.header.features = 2 * NPU_FEAT_YIELD - 1;
	{
		struct npu_job job = asm_job(&p, code, CODE);

		ok(machine_run(m, &job, &done), "what the device has is no hindrance");
	}
}

/* The only instruction before END. */
static struct npu_insn *one(unsigned int opcode)
{
	struct npu_insn *insn;

	asm_start(&p, 4096);
	insn = asm_add(&p, opcode);
	asm_add(&p, NPU_OP_END);
	return insn;
}

static void opcodes(void)
{
	static const uint8_t unknown[] = { 0x0d, 0x12, 0x1e, 0x22, 0x31, 0x4d, 0x50, 0xff };
	unsigned int right = 0;

	for (unsigned int i = 0; i < sizeof(unknown); i++) {
		one(unknown[i]);
		right += refused(NPU_FAULT_ILLEGAL, FIELD(opcode), 0);
	}
	is(right, sizeof(unknown), "unknown opcodes are illegal");
	one(NPU_OP_TOPK);
	p.insns[0].type[0] = NPU_TYPE_F32;
	p.insns[0].type[1] = NPU_TYPE_F32;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[0]), 0), "TOPK gives I32");
	one(NPU_OP_TRANSPOSE);
	p.insns[0].type[0] = NPU_TYPE_F32;
	p.insns[0].type[1] = NPU_TYPE_I32;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[1]), 0), "TRANSPOSE has one type");
}

/* A legal instruction of each kind, to spoil. */
static struct npu_insn *legal(unsigned int opcode)
{
	struct npu_insn *insn = one(opcode);

	if (opcode == NPU_OP_MATMUL) {
		insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
		insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
		insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	} else if (opcode >> 4 == NPU_ENGINE_VEC) {
		insn->type[0] = NPU_TYPE_F32;
		if (opcode != NPU_OP_FILL)
			insn->type[1] = NPU_TYPE_F32;
		if (opcode == NPU_OP_QUANT)
			insn->type[0] = NPU_TYPE_I8;
	}
	return insn;
}

static void fields(void)
{
	legal(NPU_OP_LOAD)->subop = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(subop), 0), "subop where there is none");
	legal(NPU_OP_UNARY)->subop = NPU_UNARY_COUNT;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(subop), 0), "subop too large");
	legal(NPU_OP_LOAD)->flags = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(flags), 0), "an unknown flag");
	legal(NPU_OP_ENDLOOP)->signal = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(signal), 0), "tokens of an ENDLOOP");
	legal(NPU_OP_UNARY)->type[0] = NPU_TYPE_I4;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[0]), 0), "a type that it may not have");
	legal(NPU_OP_UNARY)->type[1] = NPU_TYPE_NONE;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[1]), 0), "no type where one is needed");
	legal(NPU_OP_UNARY)->type[2] = NPU_TYPE_F32;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[2]), 0), "a type without GATE");
	legal(NPU_OP_UNARY)->mode[1] = NPU_BCAST_ROW;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(mode[1]), 0), "a mode without GATE");
	legal(NPU_OP_UNARY)->addr[2].reg = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(addr[2]), 0), "an address that is not named");
	legal(NPU_OP_UNARY)->addr[1].reserved[2] = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(addr[1]), 0), "a reserved byte of an address");
	legal(NPU_OP_UNARY)->addr[1].reg = 64;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(addr[1]), 0), "a register of an address");
	legal(NPU_OP_ALU)->addr[1].offset = 4;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(addr[1]), 0), "an offset where there is none");
	legal(NPU_OP_UNARY)->val[4] = 4;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(val[4]), 0), "a value that is not named");
	legal(NPU_OP_UNARY)->val[0] = ASM_REG(64);
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(val[0]), 0), "a register of a value");
	legal(NPU_OP_UNARY)->imm[0] = 1;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(imm[0]), 0), "an immediate without AFFINE");
	legal(NPU_OP_RMSNORM)->type[2] = NPU_TYPE_F32;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(mode[1]), 0), "RMSNORM by ROW only");
	legal(NPU_OP_GATHER)->val[2] = 2;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(val[2]), 0), "GATHER of planes");
	legal(NPU_OP_QUANT)->flags = NPU_F_DYNAMIC | NPU_F_GIVEN;
	p.insns[0].type[2] = NPU_TYPE_F32;
	p.insns[0].mode[1] = NPU_BCAST_COL;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(flags), 0), "QUANT both DYNAMIC and GIVEN");
	legal(NPU_OP_SSTORE)->type[0] = NPU_TYPE_F32;
	ok(refused(NPU_FAULT_ILLEGAL, FIELD(type[0]), 0), "SSTORE of F32");
}

static void matmul(const char *what, unsigned int flags_set, const uint8_t *types,
		   unsigned int layout, uint32_t cause, uint32_t operand)
{
	struct npu_insn *insn = legal(NPU_OP_MATMUL);

	insn->flags = flags_set;
	memcpy(insn->type, types, 4);
	insn->mode[NPU_MM_LAYOUT] = layout;
	ok(refused(cause, operand, 0), "MATMUL: %s", what);
}

#define T4(c, a, b, s)							\
	((const uint8_t[]){ NPU_TYPE_##c, NPU_TYPE_##a, NPU_TYPE_##b, NPU_TYPE_##s })

static void matmuls(void)
{
	uint32_t bad = NPU_FAULT_ILLEGAL;

	matmul("types of A and B", 0, T4(F32, I8, F16, NONE), 0, bad, FIELD(type[2]));
	matmul("I4 of F16", 0, T4(F32, F16, I4, NONE), 2, bad, FIELD(type[2]));
	matmul("I4 in rows", 0, T4(F32, I8, I4, NONE), 0, bad, FIELD(mode[0]));
	matmul("scale type without scales", 0, T4(F32, I8, I8, F32), 0, bad, FIELD(type[3]));
	matmul("SB without type", NPU_F_SB, T4(F32, I8, I8, NONE), 0, bad, FIELD(type[3]));
	matmul("SB of I8", NPU_F_SB, T4(F32, I8, I8, I8), 0, bad, FIELD(type[3]));
	matmul("SB and GROUP", NPU_F_SB | NPU_F_GROUP, T4(F32, I8, I8, F32), 2, bad,
	       FIELD(flags));
	matmul("GROUP of F16", NPU_F_GROUP, T4(F32, F16, F16, F32), 2, bad, FIELD(flags));
	matmul("ZP of I8", NPU_F_ZP, T4(F32, I8, I8, NONE), 2, bad, FIELD(flags));
	matmul("ACCUM of F16", NPU_F_ACCUM, T4(F16, I8, I8, NONE), 0, bad, FIELD(flags));
	matmul("bias of raw sums", NPU_F_BIAS, T4(I32, I8, I8, NONE), 0, bad, FIELD(flags));
	matmul("raw sums of F16", 0, T4(I32, F16, F16, NONE), 0, bad, FIELD(type[0]));
	matmul("layout", 0, T4(F32, I8, I8, NONE), 3, bad, FIELD(mode[0]));
	matmul("BF16 of F16", 0, T4(F32, F16, BF16, NONE), 0, bad, FIELD(type[2]));
	matmul("C4 of BF16", 0, T4(F32, BF16, C4, NONE), 2, bad, FIELD(type[2]));
	matmul("C4 in columns", 0, T4(F32, I8, C4, NONE), 1, bad, FIELD(mode[0]));
	matmul("GROUP in rows", NPU_F_GROUP, T4(F32, I8, I8, F32), 0, bad, FIELD(mode[0]));
	matmul("GROUP without type", NPU_F_GROUP, T4(F32, I8, I4, NONE), 2, bad,
	       FIELD(type[3]));
	matmul("ZP of C4", NPU_F_ZP, T4(F32, I8, C4, NONE), 2, bad, FIELD(flags));
	matmul("GROUP of raw sums", NPU_F_GROUP, T4(I32, I8, I4, F32), 2, bad, FIELD(flags));
	legal(NPU_OP_MATMUL)->mode[NPU_MM_ACT] = NPU_UNARY_EXP;
	ok(refused(bad, FIELD(mode[1]), 0), "MATMUL: activation");
	legal(NPU_OP_MATMUL)->imm[0] = 1;
	ok(refused(bad, FIELD(imm[0]), 0), "MATMUL: inverse scale of F32");
	legal(NPU_OP_MATMUL)->addr[NPU_MM_SA].offset = 4;
	ok(refused(bad, FIELD(addr[3]), 0), "MATMUL: SA without its flag");
}

static void structure(void)
{
	uint32_t bad = NPU_FAULT_ILLEGAL;

	asm_start(&p, 0);
	asm_add(&p, NPU_OP_NOP);
	ok(refused(bad, FIELD(opcode), 0), "no END");
	asm_start(&p, 0);
	asm_add(&p, NPU_OP_END);
	asm_add(&p, NPU_OP_END);
	ok(refused(bad, FIELD(opcode), 0), "END before the end");
	one(NPU_OP_ENDLOOP);
	ok(refused(bad, FIELD(opcode), 0), "ENDLOOP without LOOP");
	asm_start(&p, 0);
	asm_loop(&p, 1, 1, 20, 0);
	asm_add(&p, NPU_OP_NOP);
	asm_add(&p, NPU_OP_NOP);
	asm_add(&p, NPU_OP_END);
	ok(refused(bad, FIELD(val[3]), 0), "a LOOP whose ENDLOOP is elsewhere");
	p.insns[0].val[3] = NPU_VAL_MAX;
	ok(refused(bad, FIELD(val[3]), 0), "a LOOP beyond the program");
	p.insns[0].val[3] = ASM_REG(20);
	ok(refused(bad, FIELD(val[3]), 0), "a LOOP whose body is in a register");
	asm_start(&p, 0);
	asm_loop(&p, 1, 1, 20, 0);
	asm_loop(&p, 1, 1, 20, 0);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
	ok(refused(bad, FIELD(val[3]), 1), "loops that cross");
	asm_start(&p, 0);
	for (unsigned int i = 0; i < 9; i++)
		asm_loop(&p, 1, 2 * (8 - i), 20, 0);
	for (unsigned int i = 0; i < 9; i++)
		asm_add(&p, NPU_OP_ENDLOOP);
	asm_add(&p, NPU_OP_END);
	ok(refused(bad, FIELD(opcode), 8), "loops nine deep");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 1, .cores = 4 });
	code = machine_map(m, CODE, 0x200000, true);
	ring = ring_new(m, 1, 6);
	descriptors();
	headers();
	opcodes();
	fields();
	matmuls();
	structure();
	ring_free(ring);
	machine_free(m);
	return done_testing();
}
