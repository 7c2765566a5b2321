// SPDX-License-Identifier: MIT
/* Instructions put one behind the other. */
#include "assemble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void asm_start(struct program *p, uint32_t sram)
{
	memset(p, 0, sizeof(*p));
	p->header.magic = NPU_PROGRAM_MAGIC;
	p->header.isa_version = NPU_ISA_VERSION;
	p->header.sram_size = sram;
}

struct npu_insn *asm_add(struct program *p, unsigned int opcode)
{
	struct npu_insn *insn;

	if (p->header.num_insns == ASM_MAX_INSNS) {
		printf("Bail out! the test's program is too long\n");
		exit(255);
	}
	insn = &p->insns[p->header.num_insns++];
	memset(insn, 0, sizeof(*insn));
	insn->opcode = opcode;
	return insn;
}

void asm_addr(struct npu_insn *insn, unsigned int i, unsigned int reg,
	      uint32_t offset)
{
	insn->addr[i].reg = reg;
	insn->addr[i].offset = offset;
}

void asm_vals_array(struct npu_insn *insn, const uint32_t *vals,
		    unsigned int count)
{
	memcpy(insn->val, vals, count * sizeof(*vals));
}

uint32_t asm_float(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

struct npu_insn *asm_alu(struct program *p, unsigned int op, unsigned int dst,
			 unsigned int a, unsigned int b, uint64_t imm)
{
	struct npu_insn *insn = asm_add(p, NPU_OP_ALU);

	insn->subop = op;
	insn->addr[0].reg = dst;
	insn->addr[1].reg = a;
	insn->addr[2].reg = b;
	insn->imm[0] = (uint32_t)imm;
	insn->imm[1] = imm >> 32;
	return insn;
}

struct npu_insn *asm_set(struct program *p, unsigned int dst, uint64_t value)
{
	return asm_alu(p, NPU_ALU_ADD, dst, NPU_R_ZERO, NPU_R_ZERO, value);
}

struct npu_insn *asm_loop(struct program *p, uint32_t rounds, uint32_t body,
			  unsigned int reg, uint32_t step)
{
	struct npu_insn *insn = asm_add(p, NPU_OP_LOOP);

	insn->addr[0].reg = reg;
	asm_vals(insn, rounds, step, 0, body);
	return insn;
}

struct npu_insn *asm_load(struct program *p, uint32_t sram, unsigned int reg,
			  uint32_t offset, uint32_t size)
{
	struct npu_insn *insn = asm_add(p, NPU_OP_LOAD);

	asm_addr(insn, 0, NPU_R_ZERO, sram);
	asm_addr(insn, 1, reg, offset);
	asm_vals(insn, size, 1, 1);
	return insn;
}

struct npu_insn *asm_store(struct program *p, unsigned int reg, uint32_t offset,
			   uint32_t sram, uint32_t size)
{
	struct npu_insn *insn = asm_add(p, NPU_OP_STORE);

	asm_addr(insn, 0, reg, offset);
	asm_addr(insn, 1, NPU_R_ZERO, sram);
	asm_vals(insn, size, 1, 1);
	return insn;
}

void asm_null(struct program *p)
{
	asm_start(p, 0);
	asm_add(p, NPU_OP_END);
}

void asm_spin(struct program *p)
{
	asm_start(p, 0);
	asm_loop(p, NPU_VAL_MAX, 3, 20, 0);
	asm_loop(p, NPU_VAL_MAX, 1, 21, 0);
	asm_add(p, NPU_OP_NOP);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_ENDLOOP);
	asm_add(p, NPU_OP_END);
}

struct npu_job asm_job(struct program *p, void *host, uint64_t va)
{
	size_t insns = p->header.num_insns * sizeof(struct npu_insn);
	struct npu_job job = {
		.program = va, .program_size = sizeof(p->header) + insns,
		.cores = 1, .num_args = p->header.num_args,
	};

	memcpy(host, &p->header, sizeof(p->header));
	memcpy((uint8_t *)host + sizeof(p->header), p->insns, insns);
	return job;
}
