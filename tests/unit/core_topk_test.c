// SPDX-License-Identifier: MIT
/*
 * TOPK and TRANSPOSE through the whole machine: known answers, then sizes that
 * are done in pieces against the definition called directly, then faults.
 */
#include <math.h>

#include "assemble.h"
#include "bus.h"
#include "kernels.h"
#include "tap.h"

#define CODE	0x400000u
#define IN	0x800000u
#define OUT	0xa00000u
#define SRAM	0x80000u
#define IN_SIZE	0x10000u

/* Where the results lie in SRAM. */
#define S_DST	0x20000u
#define S_VALUE	0x50000u
#define OUT_SIZE	(SRAM - S_DST)

#define ADDR(i)	(24u + 8 * (i))
#define VAL(i)	(88u + 4 * (i))

static struct machine *m;
static uint8_t *code, *in, *out;
static struct program p;
static struct npu_completion done;

/* @opcode from the start of SRAM, which has the bytes of @in, to S_DST. */
static struct npu_insn *start(unsigned int opcode, unsigned int dst, unsigned int src,
			      uint32_t rows, uint32_t cols, uint32_t ld_dst,
			      uint32_t ld_src)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	asm_load(&p, 0, NPU_R_ZERO, IN, IN_SIZE);
	insn = asm_add(&p, opcode);
	insn->type[0] = dst;
	insn->type[1] = src;
	asm_addr(insn, 0, NPU_R_ZERO, S_DST);
	asm_vals(insn, rows, cols, ld_dst, ld_src);
	return insn;
}

static struct npu_insn *topk(unsigned int src, uint32_t rows, uint32_t cols,
			     uint32_t ld_src, uint32_t count)
{
	struct npu_insn *insn = start(NPU_OP_TOPK, NPU_TYPE_I32, src, rows, cols, 0,
				      ld_src);

	asm_addr(insn, NPU_VEC_AUX0, NPU_R_ZERO, S_VALUE);
	insn->val[NPU_VEC_P0] = count;
	return insn;
}

static bool run(void)
{
	struct npu_job job;

	asm_store(&p, NPU_R_ZERO, OUT, S_DST, OUT_SIZE);
	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	if (machine_run(m, &job, &done))
		return true;
	diag("fault %u operand %u address %llx", done.fault.code, done.fault.operand,
	     (unsigned long long)done.fault.address);
	return false;
}

static bool faults(uint32_t cause, uint32_t operand, uint64_t address)
{
	return !run() && done.fault.code == cause && done.fault.pc == 1 &&
	       done.fault.operand == operand && done.fault.address == address;
}

static void known_topk(void)
{
	static const float rows[2][5] = {
		{ 3, NAN, 7, 7, -1 }, { NAN, -INFINITY, 0.5f, -0.0f, 0 },
	};
	static const int32_t index[] = { 2, 3, 0, 4, 2, 3, 4, 0 };
	static const float value[] = { 7, 7, 3, -1, 0.5f, -0.0f, 0, -INFINITY };

	memset(in, 0, IN_SIZE);
	memcpy(in, rows[0], 20);
	memcpy(in + 24, rows[1], 20);
	topk(NPU_TYPE_F32, 2, 5, 24, 4);
	ok(run(), "TOPK of two rows");
	ok(!memcmp(out, index, sizeof(index)), "equal ones by rising column, NaN as -inf");
	ok(!memcmp(out + S_VALUE - S_DST, value, sizeof(value)), "and the values");
	is(done.counters[NPU_CNT_VEC_OPS], 2 * 5 * 8, "eight passes");
	is(done.counters[NPU_CNT_VEC_BUSY], 16 + 2 * (8 + 4), "in the time of one fold");
	is(done.counters[NPU_CNT_SRAM_READ], 40 + OUT_SIZE, "reads its source");
	is(done.counters[NPU_CNT_SRAM_WRITE], IN_SIZE + 64, "writes both arrays");
}

static void known_transpose(void)
{
	static const uint16_t rows[2][3] = { { 1, 2, 3 }, { 4, 5, 0xffff } };
	static const uint16_t want[] = { 1, 4, 0, 0, 2, 5, 0, 0, 3, 0xffff };

	memset(in, 0, IN_SIZE);
	memcpy(in, rows, sizeof(rows));
	start(NPU_OP_TRANSPOSE, NPU_TYPE_F16, NPU_TYPE_F16, 2, 3, 8, 6);
	ok(run() && !memcmp(out, want, sizeof(want)), "TRANSPOSE, NaN bits and all");
	is(done.counters[NPU_CNT_VEC_BUSY], 16 + 2 * 1, "one pass");
	is(done.counters[NPU_CNT_SRAM_WRITE], IN_SIZE + 12, "writes the elements");
}

static void compare_topk(unsigned int type, uint32_t rows, uint32_t cols,
			 uint32_t ld_src, uint32_t count)
{
	static uint8_t want[OUT_SIZE];
	struct npu_vec_args args = {
		.opcode = NPU_OP_TOPK, .rows = rows, .cols = cols,
		.type_dst = NPU_TYPE_I32, .type_src = { type },
		.dst = want, .src = { in }, .ld_src = { ld_src },
		.aux = { want + S_VALUE - S_DST }, .p = { count },
	};

	memset(want, 0, sizeof(want));
	npu_kernels_scalar.vector(&args);
	topk(type, rows, cols, ld_src, count);
	ok(run() && !memcmp(out, want, sizeof(want)), "TOPK %u of %u x %u, type %u",
	   count, rows, cols, type);
}

static void compare_transpose(unsigned int type, unsigned int size, uint32_t rows,
			      uint32_t cols, uint32_t ld_src)
{
	static uint8_t want[OUT_SIZE];
	struct npu_vec_args args = {
		.opcode = NPU_OP_TRANSPOSE, .rows = rows, .cols = cols,
		.type_dst = type, .type_src = { type }, .dst = want,
		.src = { in }, .ld_src = { ld_src },
		.ld_dst = (rows + 1) * size,
	};

	memset(want, 0, sizeof(want));
	npu_kernels_scalar.vector(&args);
	start(NPU_OP_TRANSPOSE, type, type, rows, cols, args.ld_dst, ld_src);
	ok(run() && !memcmp(out, want, sizeof(want)), "TRANSPOSE %u x %u, type %u",
	   rows, cols, type);
}

static void compare(void)
{
	uint32_t seed = 1;

	for (uint32_t i = 0; i < IN_SIZE; i++) {
		seed = seed * 1103515245 + 12345;
		in[i] = seed >> 16;
	}
	/* Rows overlap: more work than a piece may have. */
	compare_topk(NPU_TYPE_I8, 9000, 101, 3, 5);
	compare_topk(NPU_TYPE_F32, 3, 16000, 4, 256);
	compare_topk(NPU_TYPE_F16, 4, 256, 1000, 256);
	compare_topk(NPU_TYPE_BF16, 3, 1, 2, 1);
	compare_topk(NPU_TYPE_I32, 2, 7, 400, 0);
	compare_transpose(NPU_TYPE_I8, 1, 300, 500, 7);
	compare_transpose(NPU_TYPE_BF16, 2, 1, 1, 0);
	compare_transpose(NPU_TYPE_F32, 4, 33, 17, 68);
	compare_transpose(NPU_TYPE_I32, 4, 5, 100, 4);
}

static void bad_topk(void)
{
	uint32_t bad = NPU_FAULT_OPERAND;

	topk(NPU_TYPE_F32, 2, 300, 1200, 257);
	ok(faults(bad, VAL(6), 257), "TOPK of more than 256");
	topk(NPU_TYPE_F32, 2, 5, 20, 6);
	ok(faults(bad, VAL(6), 6), "TOPK of more than there are");
	topk(NPU_TYPE_F32, 2, 0, 20, 6);
	ok(run(), "without columns nothing is checked");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[0].offset = 2;
	ok(faults(NPU_FAULT_ALIGN, ADDR(0), 2), "indices off their alignment");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[4].offset = S_VALUE + 2;
	ok(faults(NPU_FAULT_ALIGN, ADDR(4), S_VALUE + 2), "values off theirs");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[0].offset = SRAM - 36;
	ok(faults(NPU_FAULT_SRAM, ADDR(0), SRAM - 36) && done.fault.needs[0] == 40,
	   "indices behind SRAM");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[4].offset = SRAM - 36;
	ok(faults(NPU_FAULT_SRAM, ADDR(4), SRAM - 36) && done.fault.needs[0] == 40,
	   "values behind SRAM");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[4].offset = S_DST + 36;
	ok(faults(bad, ADDR(4), S_DST + 36), "values over indices");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[0].offset = 0;
	ok(faults(bad, ADDR(0), 0), "indices over the source");
	topk(NPU_TYPE_F32, 2, 5, 20, 5)->addr[4].offset = 36;
	ok(faults(bad, ADDR(4), 36), "values over the source");
}

static struct npu_insn *transpose(void)
{
	return start(NPU_OP_TRANSPOSE, NPU_TYPE_F32, NPU_TYPE_F32, 3, 5, 12, 20);
}

static void bad_transpose(void)
{
	uint32_t bad = NPU_FAULT_OPERAND;

	transpose()->val[2] = 8;
	ok(faults(bad, VAL(2), 8), "rows of dst are as long as the columns of src0");
	transpose()->val[2] = 14;
	ok(faults(NPU_FAULT_ALIGN, VAL(2), 14), "their stride off its alignment");
	transpose()->addr[0].offset = 0;
	ok(faults(bad, ADDR(0), 0), "dst may not be src0");
	transpose()->addr[0].offset = SRAM - 56;
	ok(faults(NPU_FAULT_SRAM, ADDR(0), SRAM - 56) && done.fault.needs[0] == 60,
	   "dst behind SRAM");
	transpose()->val[3] = SRAM / 2;
	ok(faults(NPU_FAULT_SRAM, ADDR(1), 0) && done.fault.needs[0] == SRAM + 20,
	   "src0 behind SRAM");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 1 });
	code = machine_map(m, CODE, 0x200000, false);
	in = machine_map(m, IN, IN_SIZE, false);
	out = machine_map(m, OUT, OUT_SIZE, true);
	known_topk();
	known_transpose();
	compare();
	bad_topk();
	bad_transpose();
	machine_free(m);
	return done_testing();
}
