// SPDX-License-Identifier: MIT
/* The program of Documentation/timing.rst, "An example". */
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
