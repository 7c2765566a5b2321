/* SPDX-License-Identifier: MIT */
/* Programs written instruction by instruction, for tests of the device. */
#ifndef TESTS_HARNESS_ASSEMBLE_H
#define TESTS_HARNESS_ASSEMBLE_H

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "machine.h"

#define ASM_MAX_INSNS	512

/**
 * struct program - a program that grows
 * @header: its header; num_insns is filled in by asm_load()
 * @insns: instructions
 */
struct program {
	struct npu_program header;
	struct npu_insn insns[ASM_MAX_INSNS];
};

/* An empty program that may use @sram bytes. */
void asm_start(struct program *p, uint32_t sram);
/* One more instruction, all zero but the opcode; it ends the test if full. */
struct npu_insn *asm_add(struct program *p, unsigned int opcode);
/* Address operand @i is R[@reg] + @offset. */
void asm_addr(struct npu_insn *insn, unsigned int i, unsigned int reg,
	      uint32_t offset);
/* Value operands from the first on. */
#define asm_vals(insn, ...)						\
	asm_vals_array((insn), (const uint32_t[]){ __VA_ARGS__ },	\
		       sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)
void asm_vals_array(struct npu_insn *insn, const uint32_t *vals,
		    unsigned int count);
/* A value operand that is a register. */
#define ASM_REG(r)	(NPU_VAL_REG | (r))
/* The bits of a float as an immediate. */
uint32_t asm_float(float f);

/* R[@dst] = @value, R[@dst] = R[@src] + @value */
struct npu_insn *asm_set(struct program *p, unsigned int dst, uint64_t value);
struct npu_insn *asm_alu(struct program *p, unsigned int op, unsigned int dst,
			 unsigned int a, unsigned int b, uint64_t imm);
/* A LOOP over @body instructions; the ENDLOOP is up to the caller. */
struct npu_insn *asm_loop(struct program *p, uint32_t rounds, uint32_t body,
			  unsigned int reg, uint32_t step);
/* One row of @size bytes between SRAM and R[@reg] + @offset of memory. */
struct npu_insn *asm_load(struct program *p, uint32_t sram, unsigned int reg,
			  uint32_t offset, uint32_t size);
struct npu_insn *asm_store(struct program *p, unsigned int reg, uint32_t offset,
			   uint32_t sram, uint32_t size);

/* A program that does nothing, and one that does so until it is stopped. */
void asm_null(struct program *p);
void asm_spin(struct program *p);

/* The programs of Documentation/timing.rst, on 16 KiB that may be written at @data. */
void asm_timing_example(struct program *p, uint64_t data);
void asm_port_example(struct program *p, uint64_t data);

/**
 * asm_job() - put a program into memory
 * @p: program
 * @host: memory of the context
 * @va: its address
 *
 * Return: a job for it, with one core.
 */
struct npu_job asm_job(struct program *p, void *host, uint64_t va);

#endif /* TESTS_HARNESS_ASSEMBLE_H */
