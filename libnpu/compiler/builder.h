/* SPDX-License-Identifier: MIT */
/* Inside of the program builder, for the files that append instructions. */
#ifndef LIBNPU_COMPILER_BUILDER_H
#define LIBNPU_COMPILER_BUILDER_H

#include <npu/program.h>

/**
 * struct npu_builder - a program in the making
 * @insns: instructions so far, @count of @capacity
 * @features: NPU_FEAT_* that they need
 * @num_args: arguments of the program
 * @regs: scalar registers in use, a bit each
 * @tokens: token counters handed out
 * @sram_size: bytes that may be used; @sram_used now, @sram_peak at most
 * @regions: names and sizes of what is taken, for the message when it is full
 * @tag: tag of the next instruction, @tag_name its name
 * @loops: indices of the LOOP instructions that are open, @depth of them
 * @err: first error; code 0: none
 */
struct npu_builder {
	struct npu_insn *insns;
	uint32_t count, capacity;
	uint64_t features;
	uint32_t num_args;
	uint64_t regs;
	uint32_t tokens;
	uint32_t sram_size, sram_used, sram_peak;
	char regions[256];
	uint32_t tag;
	const char *tag_name;
	uint32_t loops[NPU_LOOP_DEPTH], depth;
	struct npu_error err;
};

/** npu_encode_value() - a value operand's 32 bits; notes what does not fit */
uint32_t npu_encode_value(struct npu_builder *b, struct npu_value value);

/** npu_encode_loc() - an address operand */
struct npu_addr npu_encode_loc(struct npu_builder *b, struct npu_loc loc);

/** npu_encode_f32() - the bits of a float */
uint32_t npu_encode_f32(float value);

#endif /* LIBNPU_COMPILER_BUILDER_H */
