/* SPDX-License-Identifier: MIT */
/* Instructions, faults and counters as text. */
#ifndef NPU_DISASM_H
#define NPU_DISASM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPU_DISASM_LEN 1536	/* enough for any instruction, with its NUL */

struct npu_fault;
struct npu_insn;

/**
 * npu_disasm() - one line of text for an instruction
 * @insn: instruction; any bytes, it need not be a legal one
 * @tag: name of its tag, or NULL
 * @out: receives the text, NUL terminated, without newline
 * @size: bytes at @out; NPU_DISASM_LEN holds all
 *
 * Fields that are zero and have no meaning in this instruction are left out;
 * no other is, so that two different instructions have different texts.
 *
 * Return: length of the whole text, which was cut if that is not below @size.
 */
size_t npu_disasm(const struct npu_insn *insn, const char *tag, char *out,
		  size_t size);

/** npu_opcode_name() - mnemonic of an opcode, or NULL if there is none */
const char *npu_opcode_name(uint32_t opcode);

/**
 * npu_field_name() - name of a field of an instruction
 * @opcode: the instruction's opcode
 * @offset: byte offset of the field in the instruction
 * @out: receives the name as this instruction uses it, such as "addr[1] (B)"
 * @size: bytes at @out
 *
 * Return: @out.
 */
char *npu_field_name(uint32_t opcode, uint32_t offset, char *out, size_t size);

/** npu_fault_name() - name of an enum npu_fault_code; "unknown" if there is none */
const char *npu_fault_name(uint32_t code);

/** npu_type_name() - name of an enum npu_type, or NULL if there is none */
const char *npu_type_name(uint32_t type);

/** npu_counter_name() - name of an enum npu_counter, such as "mem_read"; NULL if there is none */
const char *npu_counter_name(uint32_t counter);

/** npu_energy_name() - name of an enum npu_energy_part, such as "mat"; NULL if there is none */
const char *npu_energy_name(uint32_t part);

/** npu_feature_name() - name of a bit of NPU_FEAT_*, or NULL if there is none */
const char *npu_feature_name(uint32_t bit);

/**
 * npu_fault_text() - one line that tells a person of a fault
 * @fault: fault
 * @tag: name of the instruction's tag, or NULL
 * @out: receives the text, NUL terminated
 * @size: bytes at @out
 *
 * Return: length of the whole text, which was cut if that is not below @size.
 */
size_t npu_fault_text(const struct npu_fault *fault, const char *tag, char *out,
		      size_t size);

/**
 * npu_fault_errno() - the error of a job that ended with a fault
 * @code: enum npu_fault_code
 *
 * Return: a negative errno, the one that the job's fence has in the kernel.
 */
int npu_fault_errno(uint32_t code);

#ifdef __cplusplus
}
#endif

#endif /* NPU_DISASM_H */
