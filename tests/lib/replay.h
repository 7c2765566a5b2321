/* SPDX-License-Identifier: MIT */
/*
 * A second machine, as plain as can be: replays a program's instructions with
 * the scalar kernels and watches the order that its tokens give.
 *
 * Each engine of each core has a vector clock (Fidge, 1988; Mattern, 1989).
 * Two instructions of different engines that touch the same byte of SRAM, or
 * of memory, one of them writing, must be ordered by tokens or a barrier;
 * cores only by barriers. What is not is a race, and the replay names it.
 */
#ifndef NPU_TESTS_REPLAY_H
#define NPU_TESTS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/job.h>

#include "hw/npu_isa.h"

#define REPLAY_MAX_CORES 8

/* Knowledge of what has completed: instructions of each engine. */
struct replay_clock {
	uint32_t at[NPU_NUM_ENGINES];
};

/* Who touched a byte last: to write it, and to read it, by engine. */
struct replay_shadow {
	uint32_t write, read[NPU_NUM_ENGINES];
	uint8_t writer;
};

/* The same for memory, where cores meet as well. */
struct replay_mem_shadow {
	uint32_t write_phase, read_phase, write, read;
	uint8_t write_core, write_engine, read_core, read_engine;
};

struct replay_token {
	struct replay_clock queue[NPU_TOKEN_MAX + 1];
	unsigned int first, count;
};

struct replay_core {
	uint64_t regs[NPU_NUM_REGS];
	uint32_t pc;
	struct {
		uint32_t start, left;
		uint64_t base, step;
	} loops[NPU_LOOP_DEPTH];
	unsigned int depth;
	uint8_t *sram;
	struct replay_shadow *shadow;
	struct replay_token tokens[NPU_NUM_TOKENS];
	struct replay_clock engines[NPU_NUM_ENGINES];
	bool ended;
};

/**
 * struct replay - an image in this machine
 * @image: image
 * @memory: contents of each segment
 * @mem_shadow: of each segment that is written
 * @cores: number of cores
 * @core: their state
 * @insns: the program
 * @phase: barriers so far
 * @sram_size: bytes of SRAM that the program asks for
 * @executed: instructions so far
 * @problem: what went wrong, or empty
 */
struct replay {
	const struct npu_job_image *image;
	uint8_t **memory;
	struct replay_mem_shadow **mem_shadow;
	unsigned int cores;
	struct replay_core core[REPLAY_MAX_CORES];
	const struct npu_insn *insns;
	uint32_t num_insns, phase, sram_size;
	uint64_t executed;
	char problem[2048];
};

/** replay_new() - load an image */
void replay_new(struct replay *r, const struct npu_job_image *image, unsigned int cores);

/** replay_free() - give it back */
void replay_free(struct replay *r);

/** replay_tensor() - memory of a tensor; NULL if there is none */
void *replay_tensor(struct replay *r, const char *name);

/** replay_run() - run a program; false with @r->problem set on a race or a bad instruction */
bool replay_run(struct replay *r, uint32_t program, const uint64_t *args);

/* Between the files of the replay. */

/** replay_problem() - note what is wrong, with the instruction; the first counts */
void replay_problem(struct replay *r, const struct replay_core *c, const char *what,
		    uint64_t where);

/** replay_sram() - touch rows of SRAM; NULL with a problem when outside */
uint8_t *replay_sram(struct replay *r, struct replay_core *c, unsigned int engine,
		     uint64_t addr, uint64_t row, uint64_t rows, uint64_t stride,
		     bool write);

/** replay_mem() - touch bytes of memory; NULL with a problem when outside */
uint8_t *replay_mem(struct replay *r, struct replay_core *c, unsigned int engine,
		    uint64_t addr, uint64_t len, bool write);

/** replay_value() - a value operand */
int64_t replay_value(const struct replay_core *c, uint32_t val);

/** replay_addr() - an address operand */
uint64_t replay_addr(const struct replay_core *c, const struct npu_addr *addr);

/** replay_exec() - carry out an instruction of DMA, MAT or VEC */
void replay_exec(struct replay *r, struct replay_core *c, const struct npu_insn *insn);

#endif /* NPU_TESTS_REPLAY_H */
