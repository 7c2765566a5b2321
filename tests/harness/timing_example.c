// SPDX-License-Identifier: MIT
/* The programs of Documentation/timing.rst, "Examples". */
#include "assemble.h"

static void load_and_convert(struct program *p, uint64_t data)
{
	struct npu_insn *insn;

	asm_set(p, 10, data);
	insn = asm_add(p, NPU_OP_LOAD);
	insn->signal = 1 | 2;
	asm_addr(insn, 1, 10, 0);
	asm_vals(insn, 100, 2, 1, 100, 0, 100);
	insn = asm_add(p, NPU_OP_UNARY);
	insn->wait = 1;
	insn->signal = 4;
	insn->type[0] = NPU_TYPE_F32;
	insn->type[1] = NPU_TYPE_I8;
	asm_addr(insn, 0, NPU_R_ZERO, 1024);
	asm_vals(insn, 2, 100, 400, 100);
	insn = asm_add(p, NPU_OP_MATMUL);
	insn->wait = 2;
	insn->signal = 8;
	insn->flags = NPU_F_STREAM;
	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_I32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_B, 10, 4096);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, 2048);
	asm_vals(insn, 2, 24, 100, 100, 100, 96);
}

void asm_timing_example(struct program *p, uint64_t data)
{
	struct npu_insn *insn;

	asm_start(p, 4096);
	load_and_convert(p, data);
	insn = asm_store(p, 10, 8192, 1024, 400);
	insn->wait = 4;
	asm_vals(insn, 400, 2, 1, 400, 0, 400);
	insn = asm_store(p, 10, 12288, 2048, 96);
	insn->wait = 8;
	asm_vals(insn, 96, 2, 1, 96, 0, 96);
	asm_add(p, NPU_OP_END);
}

/* C of one row: I32 = I8 * I8, 64 deep. */
static struct npu_insn *row_product(struct program *p, uint32_t columns,
				    unsigned int reg, uint32_t b, uint32_t c)
{
	struct npu_insn *insn = asm_add(p, NPU_OP_MATMUL);

	insn->type[NPU_MM_TYPE_C] = NPU_TYPE_I32;
	insn->type[NPU_MM_TYPE_A] = NPU_TYPE_I8;
	insn->type[NPU_MM_TYPE_B] = NPU_TYPE_I8;
	asm_addr(insn, NPU_MM_B, reg, b);
	asm_addr(insn, NPU_MM_C, NPU_R_ZERO, c);
	asm_vals(insn, 1, columns, 64, 64, 64, 4 * columns);
	return insn;
}

void asm_port_example(struct program *p, uint64_t data)
{
	struct npu_insn *insn;

	asm_start(p, 16384);
	asm_set(p, 10, data);
	insn = asm_load(p, 0, 10, 0, 64);
	asm_vals(insn, 64, 65, 1, 64, 0, 64);
	insn->signal = 1;
	insn = row_product(p, 64, NPU_R_ZERO, 64, 8192);
	insn->wait = 1;
	insn->signal = 2;
	asm_store(p, 10, 8192, 8192, 256)->wait = 2;
	asm_load(p, 4160, 10, 4160, 1024);
	row_product(p, 16, 10, 8448, 9216)->flags = NPU_F_STREAM;
	asm_add(p, NPU_OP_END);
}
