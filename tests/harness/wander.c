// SPDX-License-Identifier: MIT
/* Registers, SRAM, loops, tokens and memory, all of them changed in each round. */
#include "wander.h"

enum { R_MINE = 16, R_OUTER, R_INNER, R_SUM, R_SLOT };

/* Eight bytes of SRAM to or from a register. */
static void word(struct program *p, unsigned int opcode, unsigned int to,
		 unsigned int from)
{
	struct npu_insn *insn = asm_add(p, opcode);

	insn->flags = NPU_F_WIDE;
	insn->type[0] = NPU_TYPE_I32;
	asm_addr(insn, 0, to, 0);
	asm_addr(insn, 1, from, 0);
}

void asm_wander(struct program *p, uint64_t data, uint32_t rounds, unsigned int opcode)
{
	asm_start(p, 64 << 10);
	asm_alu(p, NPU_ALU_MUL, R_MINE, NPU_R_CORE, NPU_R_ZERO, WANDER_ROW);
	asm_alu(p, NPU_ALU_ADD, R_MINE, R_MINE, NPU_R_ZERO, data);
	asm_add(p, NPU_OP_NOP)->signal = 4;
	asm_loop(p, rounds, 14, R_OUTER, 1);
	asm_load(p, 0, R_MINE, 0, WANDER_ROW)->signal = 1;
	asm_add(p, NPU_OP_NOP)->wait = 1;
	asm_loop(p, 3, 5, R_INNER, 8);
	word(p, NPU_OP_SLOAD, R_SLOT, R_INNER);
	asm_alu(p, NPU_ALU_MUL, R_SUM, R_SUM, NPU_R_ZERO, 0x9e3779b97f4a7c15ull);
	asm_alu(p, NPU_ALU_ADD, R_SUM, R_SUM, R_SLOT, 1);
	word(p, NPU_OP_SSTORE, R_INNER, R_SUM);
	asm_add(p, NPU_OP_NOP)->signal = 2;
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, opcode);
	asm_store(p, R_MINE, 0, 0, WANDER_ROW)->wait = 2 | 4;
	p->insns[p->header.num_insns - 1].signal = 8 | 4;
	asm_add(p, NPU_OP_NOP)->wait = 8 | 2;
	asm_add(p, NPU_OP_NOP)->wait = 2;
	asm_add(p, NPU_OP_BARRIER);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}
