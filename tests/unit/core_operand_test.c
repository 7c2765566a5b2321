// SPDX-License-Identifier: MIT
/* Operands at run time: alignment, SRAM bounds, overlap, strides, indices. */
#include "assemble.h"
#include "bus.h"
#include "tap.h"

#define CODE	0x400000u
#define DATA	0x800000u
#define SRAM	8192u

static struct machine *m;
static uint8_t *code, *data;
static struct program p;
static struct npu_completion done;

static bool run(void)
{
	struct npu_job job;

	asm_add(&p, NPU_OP_END);
	job = asm_job(&p, code, CODE);
	return machine_run(m, &job, &done);
}

/* The first instruction faults so. */
static bool faults(uint32_t cause, uint32_t operand, uint64_t address)
{
	const struct npu_fault *f = &done.fault;
	bool same;

	if (run())
		return false;
	same = f->code == cause && f->operand == operand && f->address == address;
	if (!same)
		diag("code %u pc %u operand %u address %llx", f->code, f->pc,
		     f->operand, (unsigned long long)f->address);
	return same;
}

#define ADDR(i)	(24u + 8 * (i))
#define VAL(i)	(88u + 4 * (i))

/* dst = src0 op src1, F32, 4 rows of 8 columns, side by side. */
static struct npu_insn *binary(uint32_t dst, uint32_t src0, uint32_t src1)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_BINARY);
	for (unsigned int i = 0; i < 3; i++)
		insn->type[i] = NPU_TYPE_F32;
	asm_addr(insn, 0, NPU_R_ZERO, dst);
	asm_addr(insn, 1, NPU_R_ZERO, src0);
	asm_addr(insn, 2, NPU_R_ZERO, src1);
	asm_vals(insn, 4, 8, 32, 32, 32);
	return insn;
}

static void alignment(void)
{
	binary(2, 256, 512);
	ok(faults(NPU_FAULT_ALIGN, ADDR(0), 2), "dst off its alignment");
	binary(0, 256, 513);
	ok(faults(NPU_FAULT_ALIGN, ADDR(2), 513), "src1 off its alignment");
	binary(0, 256, 512)->val[3] = 34;
	ok(faults(NPU_FAULT_ALIGN, VAL(3), 34), "a stride off its alignment");
	binary(0, 256, 512)->val[3] = 34;
	p.insns[0].val[0] = 1;
	ok(run(), "which is not used with one row");
}

static void bounds(void)
{
	binary(SRAM - 128, 0, 512);
	ok(run(), "the last bytes of SRAM may be touched");
	binary(SRAM - 124, 0, 512);
	ok(faults(NPU_FAULT_SRAM, ADDR(0), SRAM - 124) && done.fault.needs[0] == 128 &&
	   done.fault.needs[1] == SRAM, "one more may not");
	binary(0, 256, 512)->val[3] = SRAM / 3 & ~3;
	ok(faults(NPU_FAULT_SRAM, ADDR(1), 256) && done.fault.needs[0] == 3 * 2728 + 32,
	   "a stride counts");
	binary(0, 256, 512)->addr[0].reg = 5;
	p.insns[1] = p.insns[0];
	p.header.num_insns = 0;
	asm_set(&p, 5, ~0ull << 32);
	p.header.num_insns++;
	ok(faults(NPU_FAULT_SRAM, ADDR(0), ~0ull << 32), "an address near 2^64");
	binary(4, SRAM, SRAM + 1);
	ok(faults(NPU_FAULT_SRAM, ADDR(1), SRAM), "of two bad ones the first is told");
}

static void overlap(void)
{
	binary(256, 256, 512);
	ok(run(), "dst may be src0");
	binary(512, 256, 512);
	ok(run(), "or src1");
	binary(256, 256, 512)->val[3] = 36;
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 256), "not with another stride");
	binary(260, 256, 1024);
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 260), "nor a column further");
	binary(256, 256, 512)->type[0] = NPU_TYPE_F16;
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 256), "nor with another element size");
	binary(512, 256, 512)->mode[1] = NPU_BCAST_ROW;
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 512), "nor a broadcast source");
	/* Rows of 64 bytes: dst has the left half, src0 the right one. */
	binary(256, 288, 1024);
	for (unsigned int i = 2; i < 5; i++)
		p.insns[0].val[i] = 64;
	ok(run(), "column windows of the same rows");
	p.insns[0].addr[1].offset = 284;
	p.header.num_insns--;
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 256), "not if a column is common");
	binary(0, 256, 512)->val[2] = 28;
	ok(faults(NPU_FAULT_OPERAND, VAL(2), 28), "rows of dst that meet");
	binary(0, 256, 512)->val[3] = 0;
	ok(run(), "rows of a source may");
}

static void two_destinations(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_QUANT);
	insn->flags = NPU_F_DYNAMIC;
	insn->type[0] = NPU_TYPE_I8;
	insn->type[1] = NPU_TYPE_F32;
	asm_addr(insn, 1, NPU_R_ZERO, 1024);
	asm_addr(insn, 4, NPU_R_ZERO, 28);
	asm_vals(insn, 4, 8, 8, 32);
	ok(faults(NPU_FAULT_OPERAND, ADDR(4), 28), "two destinations that overlap");
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_REDUCE);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_F32;
	asm_vals(insn, 1, 1, 4, 4);
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 0), "REDUCE into its source");
}

static struct npu_insn *matmul(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, 256);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 1024);
	asm_vals(insn, 4, 8, 16, 16, 16, 32);
	return insn;
}

static void matmuls(void)
{
	struct npu_insn *insn;

	matmul();
	ok(run(), "a MATMUL that fits");
	matmul()->addr[NPU_MM_C].offset = 32;
	ok(faults(NPU_FAULT_OPERAND, ADDR(2), 32), "C over A");
	matmul()->val[NPU_MM_LDC] = 28;
	ok(faults(NPU_FAULT_OPERAND, VAL(5), 28), "rows of C that meet");
	insn = matmul();
	insn->mode[NPU_MM_LAYOUT] = NPU_LAYOUT_PACK;
	insn->addr[NPU_MM_B].offset = 288;
	ok(faults(NPU_FAULT_ALIGN, ADDR(1), 288), "panels are aligned to 64");
	insn = matmul();
	insn->flags = NPU_F_SB;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_F16;
	insn->addr[NPU_MM_SB].offset = 514;
	ok(faults(NPU_FAULT_ALIGN, ADDR(4), 514), "scales to 4");
	matmul()->val[NPU_MM_K] = 65537;
	ok(faults(NPU_FAULT_OPERAND, VAL(2), 65537), "K of I8 above 65536");
	insn = matmul();
	asm_vals(insn, 1 << 20, 1 << 20, 2, 0, 0, 0);
	ok(faults(NPU_FAULT_OPERAND, VAL(0), 1ull << 41), "more work than WORK_MAX");
	asm_start(&p, SRAM);
	asm_load(&p, 1024, NPU_R_ZERO, DATA, 128);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->flags = NPU_F_STREAM;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, DATA + 0x10000 - 64);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 1024);
	asm_vals(insn, 4, 8, 16, 16, 16, 32);
	ok(faults(NPU_FAULT_PAGE, ADDR(1), DATA + 0x10000) && done.fault.pc == 1 &&
	   done.fault.access == NPU_ACCESS_READ, "weights behind the last page");
}

/* I4 with zero points and double-quantised scales: 2 panels, 3 groups, all in SRAM. */
static struct npu_insn *grouped(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_MATMUL);
	insn->flags = NPU_F_GROUP | NPU_F_ZP;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_F32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I4;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_I8;
	insn->mode[NPU_MM_LAYOUT] = NPU_LAYOUT_PACK;
	asm_addr(insn, NPU_MM_B, NPU_R_ZERO, 1024);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 4096);
	asm_addr(insn, NPU_MM_SB, NPU_R_ZERO, 2048);
	asm_addr(insn, NPU_MM_AUX, NPU_R_ZERO, 2560);
	asm_addr(insn, NPU_MM_DQ, NPU_R_ZERO, 3072);
	asm_vals(insn, 4, 24, 40, 40, 320, 96, 16, 64);
	return insn;
}

static void group_alignment(void)
{
	grouped();
	ok(run(), "a MATMUL with parameters by group that fits");
	grouped()->val[NPU_MM_GROUP] = 0;
	ok(faults(NPU_FAULT_OPERAND, VAL(6), 0), "groups of no k");
	grouped()->val[NPU_MM_GROUP] = 24;
	ok(faults(NPU_FAULT_OPERAND, VAL(6), 24), "groups of 24");
	grouped()->val[NPU_MM_GROUP] = 1 << 20;
	ok(run(), "a group may be longer than K");
	grouped()->val[NPU_MM_LDB] = 352;
	ok(faults(NPU_FAULT_ALIGN, VAL(4), 352), "panels of B are multiples of 64 apart");
	grouped()->val[NPU_MM_LDS] = 96;
	ok(faults(NPU_FAULT_ALIGN, VAL(7), 96), "and so are panels of scales");
	grouped()->val[NPU_MM_LDS] = 96;
	p.insns[0].val[NPU_MM_N] = 16;
	ok(run(), "which one panel does not have");
	grouped()->addr[NPU_MM_SB].offset += 32;
	ok(faults(NPU_FAULT_ALIGN, ADDR(4), 2080), "group scales are aligned to 64");
	grouped()->addr[NPU_MM_AUX].offset += 8;
	ok(faults(NPU_FAULT_ALIGN, ADDR(6), 2568), "zero points to 16");
	grouped()->addr[NPU_MM_DQ].offset += 4;
	ok(faults(NPU_FAULT_ALIGN, ADDR(7), 3076), "pairs to 8");
}

static bool behind_sram(unsigned int field, uint32_t at, uint32_t bytes)
{
	return faults(NPU_FAULT_SRAM, ADDR(field), at) &&
	       done.fault.needs[0] == bytes && done.fault.needs[1] == SRAM;
}

static void group_bounds(void)
{
	static const struct {
		unsigned int field;
		uint32_t bytes, align;
		const char *what;
	} operands[] = {
		{ NPU_MM_B, 640, 64, "B" },
		{ NPU_MM_SB, 64 + 48, 64, "group scales" },
		{ NPU_MM_AUX, 64 + 48, 16, "zero points" },
		{ NPU_MM_DQ, 16, 8, "pairs" },
	};
	struct npu_insn *insn;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int field = operands[i].field;
		uint32_t align = operands[i].align;
		uint32_t at, last = (SRAM - operands[i].bytes) / align * align;

		grouped()->addr[field].offset = last;
		ok(run(), "%s at the end of SRAM", operands[i].what);
		grouped()->addr[field].offset = last + align;
		ok(behind_sram(field, last + align, operands[i].bytes),
		   "%s behind it", operands[i].what);
		at = grouped()->addr[field].offset;
		p.insns[0].addr[NPU_MM_C].offset = at;
		ok(faults(NPU_FAULT_OPERAND, ADDR(2), at), "C over %s",
		   operands[i].what);
	}
	insn = grouped();
	insn->flags = 0;
	insn->type[NPU_MM_TYPE_S] = NPU_TYPE_NONE;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_C4;
	asm_addr(insn, NPU_MM_SB, 0, 0);
	asm_addr(insn, NPU_MM_DQ, 0, 0);
	insn->val[NPU_MM_GROUP] = 0;
	insn->val[NPU_MM_LDS] = 0;
	insn->addr[NPU_MM_AUX].offset = SRAM;
	ok(behind_sram(NPU_MM_AUX, SRAM, 16), "a codebook behind SRAM");
}

/* Each streamed operand in turn ends in the page behind the last. */
static void group_streams(void)
{
	static const struct {
		unsigned int field, before;
	} operands[] = {
		{ NPU_MM_B, 320 }, { NPU_MM_SB, 64 }, { NPU_MM_AUX, 64 },
		{ NPU_MM_DQ, 8 },
	};
	uint32_t end = DATA + 0x10000;

	for (unsigned int i = 0; i < 4; i++) {
		struct npu_insn *insn = grouped();

		insn->flags |= NPU_F_STREAM;
		for (unsigned int j = 0; j < 4; j++)
			insn->addr[operands[j].field].offset = DATA + 1024 * j;
		insn->addr[operands[i].field].offset = end - operands[i].before;
		ok(faults(NPU_FAULT_PAGE, ADDR(operands[i].field), end) &&
		   done.fault.access == NPU_ACCESS_READ,
		   "operand %u behind the last page", operands[i].field);
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct npu_insn *insn = grouped();

		insn->flags |= NPU_F_STREAM;
		insn->addr[operands[i].field].offset = DATA + 4;
		for (unsigned int j = 0; j < 4; j++)
			if (j != i)
				insn->addr[operands[j].field].offset = DATA;
		ok(faults(NPU_FAULT_ALIGN, ADDR(operands[i].field), DATA + 4),
		   "operand %u in memory off its alignment", operands[i].field);
	}
	/* 64 bytes below 2^64, and on to zero. */
	grouped()->flags |= NPU_F_STREAM;
	p.insns[1] = p.insns[0];
	for (unsigned int j = 1; j < 4; j++)
		p.insns[1].addr[operands[j].field].offset = DATA;
	asm_addr(&p.insns[1], NPU_MM_B, 5, 0);
	p.header.num_insns = 0;
	asm_set(&p, 5, -64ull);
	p.header.num_insns = 2;
	ok(faults(NPU_FAULT_PAGE, ADDR(1), -64ull), "weights near 2^64");
}

static void dma(void)
{
	struct npu_insn *insn;

	asm_start(&p, SRAM);
	insn = asm_load(&p, SRAM - 6, NPU_R_ZERO, DATA, 4);
	insn->val[NPU_DMA_PAD] = 3;
	ok(faults(NPU_FAULT_SRAM, ADDR(0), SRAM - 6) && done.fault.needs[0] == 7,
	   "padding is part of the bytes");
	asm_start(&p, SRAM);
	insn = asm_load(&p, 0, NPU_R_ZERO, DATA, 4);
	asm_vals(insn, 4, 3, 1, 4, 0, 4, 0, 1);
	ok(faults(NPU_FAULT_OPERAND, VAL(5), 4), "rows with padding that meet");
	asm_start(&p, SRAM);
	insn = asm_load(&p, 0, NPU_R_ZERO, DATA, 4);
	asm_vals(insn, 4, 3, 2, 4, 0, 8, 16);
	ok(faults(NPU_FAULT_OPERAND, VAL(6), 16), "planes that meet");
	asm_start(&p, SRAM);
	insn = asm_load(&p, 0, NPU_R_ZERO, DATA, 4);
	asm_vals(insn, 4, 3, 2, 4, 0, 7, 4);
	ok(faults(NPU_FAULT_OPERAND, VAL(5), 7), "the outer dimension has the larger stride");
	asm_start(&p, SRAM);
	insn = asm_load(&p, 0, NPU_R_ZERO, DATA, 4);
	asm_vals(insn, 4, 3, 2, 4, 0, 8, 4);
	insn->val[NPU_DMA_SRAM_PLANE] = 24;
	ok(run(), "planes behind each other");
	asm_start(&p, SRAM);
	insn = asm_store(&p, NPU_R_ZERO, DATA, 0, 4);
	asm_vals(insn, 4, 3, 1, 3, 0, 4);
	ok(faults(NPU_FAULT_OPERAND, VAL(3), 3), "rows in memory that meet");
	asm_start(&p, SRAM);
	insn = asm_store(&p, NPU_R_ZERO, DATA, 0, 4);
	asm_vals(insn, 16, NPU_VAL_MAX, NPU_VAL_MAX, 16, NPU_VAL_MAX, 0, 0);
	ok(faults(NPU_FAULT_OPERAND, VAL(0), UINT64_MAX), "work above 2^64");
}

static void indices(void)
{
	int32_t index[] = { 1, 0, 4, -1 };
	struct npu_insn *insn;

	memcpy(data, index, sizeof(index));
	for (unsigned int row = 2; row < 4; row++) {
		asm_start(&p, SRAM);
		asm_load(&p, 0, NPU_R_ZERO, DATA + (row == 3 ? 12 : 0), 16);
		insn = asm_add(&p, NPU_OP_GATHER);
		asm_addr(insn, 0, NPU_R_ZERO, 256);
		asm_addr(insn, 1, NPU_R_ZERO, DATA + 64);
		asm_vals(insn, 4, 4, 1, 4, 4, 4);
		ok(faults(NPU_FAULT_INDEX, ADDR(2), (int64_t)index[row]) &&
		   done.fault.needs[0] == (row == 3 ? 0 : 2) && done.fault.needs[1] == 4,
		   "index %d", index[row]);
	}
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_GATHER);
	asm_addr(insn, 0, NPU_R_ZERO, 256);
	asm_addr(insn, 1, NPU_R_ZERO, DATA);
	asm_addr(insn, 2, NPU_R_ZERO, 264);
	asm_vals(insn, 4, 4, 1, 4, 4, 4);
	ok(faults(NPU_FAULT_OPERAND, ADDR(0), 256), "GATHER over its indices");
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_SCATTER);
	asm_addr(insn, 0, NPU_R_ZERO, DATA);
	asm_addr(insn, 2, NPU_R_ZERO, 2);
	asm_vals(insn, 4, 4, 1, 4, 4, 4);
	ok(faults(NPU_FAULT_ALIGN, ADDR(2), 2), "indices off their alignment");
}

static void special_values(void)
{
	struct npu_insn *insn;

	for (unsigned int bad = 0; bad < 3; bad++) {
		static const uint32_t vals[3][2] = { { 4, 3 }, { 3, 4 }, { 10, 8 } };
		static const uint32_t operand[] = { VAL(7), VAL(6), VAL(6) };
		static const uint32_t address[] = { 3, 3, 10 };

		asm_start(&p, SRAM);
		insn = asm_add(&p, NPU_OP_ROPE);
		for (unsigned int i = 0; i < 4; i++)
			insn->type[i] = NPU_TYPE_F32;
		asm_vals(insn, 1, 8, 32, 32, 16, 16, vals[bad][0], vals[bad][1]);
		ok(faults(NPU_FAULT_OPERAND, operand[bad], address[bad]),
		   "ROPE of %u of %u columns", vals[bad][0], vals[bad][1]);
	}
	asm_start(&p, SRAM);
	insn = asm_add(&p, NPU_OP_SOFTMAX);
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_F32;
	asm_vals(insn, 1, 8, 32, 32);
	ok(faults(NPU_FAULT_OPERAND, VAL(6), 0), "SOFTMAX with a step of zero rows");
}

int main(void)
{
	m = machine_new(&(struct npu_core_config){ .threads = 1 });
	code = machine_map(m, CODE, 0x200000, false);
	data = machine_map(m, DATA, 0x10000, true);
	alignment();
	bounds();
	overlap();
	two_destinations();
	matmuls();
	group_alignment();
	group_bounds();
	group_streams();
	dma();
	indices();
	special_values();
	machine_free(m);
	return done_testing();
}
