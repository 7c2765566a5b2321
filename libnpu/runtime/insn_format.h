/* SPDX-License-Identifier: MIT */
/* What the fields of each instruction are called and how they are shown. */
#ifndef NPU_RUNTIME_INSN_FORMAT_H
#define NPU_RUNTIME_INSN_FORMAT_H

#include <stdint.h>

#include "hw/npu_isa.h"

/** enum insn_space - what an address operand addresses */
enum insn_space {
	INSN_SRAM = 1,
	INSN_MEM,
	INSN_STREAM,	/* memory with flag STREAM, else SRAM */
	INSN_REG,	/* no address: the register itself */
};

/** enum insn_imm - what imm holds */
enum insn_imm {
	INSN_IMM_NONE,
	INSN_IMM_I64,	/* one signed value of 64 bits */
	INSN_IMM_U32,	/* imm[0] */
	INSN_IMM_F32,	/* imm[0] */
	INSN_IMM_F32X2,	/* both */
};

/**
 * struct insn_addr - an address operand
 * @name: NULL: not used
 * @space: enum insn_space
 * @optional: absent when all zero
 */
struct insn_addr {
	const char *name;
	uint8_t space;
	uint8_t optional;
};

/**
 * struct insn_names - names of the values of an enumeration
 * @names: by value
 * @count: number of @names
 */
struct insn_names {
	const char *const *names;
	unsigned int count;
};

/**
 * struct insn_mode - a mode field
 * @name: NULL: not used
 * @values: names of its values
 * @always: shown when it is zero too
 */
struct insn_mode {
	const char *name;
	const struct insn_names *values;
	uint8_t always;
};

/**
 * struct insn_format - one opcode
 * @opcode: enum npu_opcode
 * @name: mnemonic
 * @subops: names of subop, or NULL if it is not used
 * @flags: names of flags, by bit
 * @addr: address operands
 * @val: names of values
 * @type: names of types
 * @mode: mode fields
 * @imm: enum insn_imm
 * @imm_name: what to call imm[0]
 */
struct insn_format {
	uint8_t opcode;
	const char *name;
	const struct insn_names *subops;
	const char *flags[8];
	struct insn_addr addr[NPU_NUM_ADDRS];
	const char *val[NPU_NUM_VALS];
	const char *type[4];
	struct insn_mode mode[4];
	uint8_t imm;
	const char *imm_name;
};

/** insn_format_find() - format of an opcode, or NULL if there is none */
const struct insn_format *insn_format_find(uint32_t opcode);

/** insn_name() - name of a value, or NULL */
const char *insn_name(const struct insn_names *names, unsigned int value);

extern const struct insn_names insn_type_names;

#endif /* NPU_RUNTIME_INSN_FORMAT_H */
