/* SPDX-License-Identifier: MIT */
/* When instructions start and end: Documentation/timing.rst. */
#ifndef NPU_CORE_TIMING_H
#define NPU_CORE_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "profile.h"

/**
 * struct npu_token - one token counter
 * @when: cycle at which each of its tokens was given, in order
 * @who: number of the instruction that gave it
 * @first: index of the oldest
 * @count: tokens that it holds, at most NPU_TOKEN_MAX
 */
struct npu_token {
	uint64_t when[NPU_TOKEN_MAX + 1];
	uint32_t who[NPU_TOKEN_MAX + 1];
	uint8_t first;
	uint8_t count;
};

/**
 * struct npu_slice - the last instruction in time, as struct npu_trace_record has it
 * @issue: cycle at which it was handed over
 * @start: at which it began
 * @end: at which it was done
 * @stall: cycles that it waited for tokens only
 * @after: who gave the token that it waited for, or NPU_TRACE_NONE
 * @token: that token
 */
struct npu_slice {
	uint64_t issue, start, end, stall;
	uint32_t after;
	uint8_t token;
};

/**
 * struct npu_timing - modelled time of one core
 * @cp: cycle at which the command processor is
 * @free: cycle at which each engine has completed its last instruction
 * @port: cycle until which the memory port is given away
 * @token: token counters
 * @number: of the instruction that is next to be told of
 * @slice: the one before it
 */
struct npu_timing {
	uint64_t cp;
	uint64_t free[NPU_NUM_ENGINES];
	uint64_t port;
	struct npu_token token[NPU_NUM_TOKENS];
	uint32_t number;
	struct npu_slice slice;
};

/**
 * struct npu_cost - what an instruction of an engine takes
 * @start: cycles before its first element comes out, or all of an empty one
 * @work: cycles of the engine itself
 * @banks: cycles in which SRAM gives and takes its operands
 * @memory: cycles in which it moves bytes from or to memory; 0: it does not
 * @latency: cycles from its start until the first of them
 * @copy: these bytes are its operands in SRAM
 */
struct npu_cost {
	uint64_t start, work, banks, memory, latency;
	bool copy;
};

/* All at cycle zero, without tokens. */
void npu_timing_begin(struct npu_timing *t);
/* First counter of @wait without a token, or of @signal that overflows; -1: none. */
int npu_timing_bad_token(const struct npu_timing *t, uint32_t wait,
			 uint32_t signal);
/* The command processor takes tokens: it goes on when the last was given. */
void npu_timing_take(struct npu_timing *t, uint32_t wait);
/* ... works for @cycles and gives tokens. */
void npu_timing_cp(struct npu_timing *t, uint32_t signal, uint64_t cycles,
		   uint64_t *counters);
/* ... waits for all engines. */
void npu_timing_drain(struct npu_timing *t);
/* It hands an instruction to @engine, which takes and gives tokens. */
void npu_timing_engine(struct npu_timing *t, unsigned int engine,
		       const struct npu_insn *insn, const struct npu_cost *cost,
		       uint64_t *counters);

/* Words of SRAM banks of @rows rows of @row bytes; each row starts with one. */
uint64_t npu_cost_words(const struct npu_profile *p, uint64_t rows,
			uint64_t row);
/* What a job takes besides its instructions, with or without an interrupt. */
uint64_t npu_cost_job(const struct npu_profile *p, uint32_t program_size, bool irq);
/* A transfer of @rows rows of @row bytes in memory and @words of SRAM. */
struct npu_cost npu_cost_transfer(const struct npu_profile *p, uint64_t rows,
				  uint64_t row, uint64_t words);
/* A MATMUL; @stream: bytes of its weight stream, or zero. */
struct npu_cost npu_cost_matmul(const struct npu_profile *p, unsigned int type_b,
				uint64_t m, uint64_t n, uint64_t k,
				uint64_t words, uint64_t stream);
/* Passes of the vector engine over each row. */
unsigned int npu_vec_passes(const struct npu_insn *insn);
/* A vector instruction. */
struct npu_cost npu_cost_vector(const struct npu_profile *p,
				const struct npu_insn *insn, uint64_t rows,
				uint64_t cols, uint64_t words);
/* Cycles of the command processor. */
uint64_t npu_cost_cp(unsigned int opcode);

#endif /* NPU_CORE_TIMING_H */
