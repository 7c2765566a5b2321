/* SPDX-License-Identifier: MIT */
/* What an instruction may look like, whatever its registers hold. */
#ifndef NPU_CORE_DECODE_H
#define NPU_CORE_DECODE_H

#include <stdint.h>

#include "hw/npu_isa.h"

/**
 * struct npu_insn_form - the fields that an instruction names
 * @flags: flags that it may have
 * @subops: number of values of subop
 * @tokens: takes and gives tokens
 * @types: types that each of type[] may be, a bit a type; 0: it is not named
 * @modes: number of values of each of mode[]
 * @addrs: address operands, a bit an operand
 * @regs: the same, of which only the register counts
 * @vals: value operands, a bit an operand
 * @imms: immediates, a bit a word
 */
struct npu_insn_form {
	uint16_t flags;
	uint8_t subops;
	uint8_t tokens;
	uint16_t types[4];
	uint8_t modes[4];
	uint8_t addrs, regs, vals, imms;
};

/* The verdict on an instruction: enum npu_fault_code and a byte offset. */
struct npu_verdict {
	uint32_t code;
	uint32_t operand;
};

/**
 * npu_insn_form() - the form of an instruction
 * @insn: instruction; opcode, flags and types choose among variants
 * @form: receives the form
 *
 * Return: whether there is such an opcode.
 */
int npu_insn_form(const struct npu_insn *insn, struct npu_insn_form *form);

/**
 * npu_insn_check() - check an instruction by itself
 * @insn: instruction
 *
 * Return: NPU_FAULT_NONE, or why it is refused and the lowest offending field.
 */
struct npu_verdict npu_insn_check(const struct npu_insn *insn);

#endif /* NPU_CORE_DECODE_H */
