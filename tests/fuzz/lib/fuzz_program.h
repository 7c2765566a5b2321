/* SPDX-License-Identifier: MIT */
/* Programs as a fuzzer keeps them in a file: a head, and instructions as they are. */
#ifndef TESTS_FUZZ_FUZZ_PROGRAM_H
#define TESTS_FUZZ_FUZZ_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "hw/npu_isa.h"

#define FUZZ_PROGRAM_ARGS	6
#define FUZZ_PROGRAM_INSNS	512
#define FUZZ_PROGRAM_SRAM	(64u << 10)

/**
 * struct fuzz_program - head of the file
 * @cores: cores of the job, modulo three
 * @budget: choice of a budget
 * @data: choice of what is in memory
 * @num_args: arguments, of which the first have a value here
 * @sram: SRAM that the program asks for
 * @spoil_at: byte of the program's header that is changed
 * @spoil_with: by what it is changed
 * @unused: no meaning
 * @args: arguments
 */
struct fuzz_program {
	uint8_t cores, budget, data, num_args;
	uint32_t sram;
	uint16_t spoil_at;
	uint8_t spoil_with, unused;
	uint32_t unused2;
	uint64_t args[FUZZ_PROGRAM_ARGS];
};

_Static_assert(sizeof(struct fuzz_program) == 64, "instructions stay aligned");

/**
 * fuzz_program_mutate() - change a program a little, mostly into one that is not refused
 * @data: the file
 * @size: its bytes
 * @max_size: most bytes that it may get
 * @seed: of the random numbers
 *
 * Return: its new size.
 */
size_t fuzz_program_mutate(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/**
 * fuzz_program_cross() - instructions of two programs into one
 *
 * As libFuzzer's LLVMFuzzerCustomCrossOver().
 */
size_t fuzz_program_cross(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
			  uint8_t *out, size_t max_size, unsigned int seed);

/* What libFuzzer calls, in a target that keeps programs. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned int seed);

#endif /* TESTS_FUZZ_FUZZ_PROGRAM_H */
