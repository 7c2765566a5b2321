/* SPDX-License-Identifier: MIT */
/*
 * What a program would cost, without its data: the same decoder, command
 * processor, time, energy and counters, and no memory.
 */
#ifndef NPU_CORE_NPU_DRY_RUN_H
#define NPU_CORE_NPU_DRY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "npu_core.h"

/**
 * struct npu_dry_range - memory whose contents are known
 * @va: first address
 * @size: bytes
 * @data: contents
 */
struct npu_dry_range {
	uint64_t va, size;
	const void *data;
};

/**
 * struct npu_dry_cost - part of a job's cost
 * @cycles: of the core that ends last, by which its work got longer
 * @counters: enum npu_counter, sums over all cores; no CYCLES, ENERGY_PJ
 *	without the static part, INSNS included
 * @sram_peak: end of the highest bytes of SRAM that it touches
 * @banks: cycles that each engine would keep SRAM busy, sums over all cores
 */
struct npu_dry_cost {
	uint64_t cycles;
	uint64_t sram_peak;
	uint64_t banks[NPU_NUM_ENGINES];
	uint64_t counters[NPU_CNT_SLOTS];
};

/**
 * struct npu_dry_run - a program to be looked at, and what comes of it
 * @config: machine
 * @program: struct npu_program and its instructions
 * @program_size: bytes
 * @cores: cores that it is to run on; 0: all
 * @args: arguments
 * @num_args: number of @args
 * @ranges: memory that the program may take decisions on, or NULL
 * @num_ranges: number of @ranges
 * @budget: as in struct npu_job
 * @memory_times: bandwidth of memory, times the machine's; 0: the machine's
 * @matrix_times: MACs in a cycle, likewise
 * @vector_times: lanes, likewise
 * @sram_times: banks of SRAM, likewise
 * @tags: receives the cost by npu_insn.tag, or NULL
 * @num_tags: entries of @tags; what has a higher tag is left out
 * @done: receives what the completion would say, but for clocks and id
 * @unknown_field: receives, if done.fault.code is NPU_FAULT_OPERAND because a
 *	value depends on memory that is not in @ranges, the byte offset of the
 *	operand; else zero
 * @clock_khz: receives the machine's clock
 * @static_pj: receives the static part of the energy
 */
struct npu_dry_run {
	const struct npu_core_config *config;
	const void *program;
	uint32_t program_size, cores;
	const uint64_t *args;
	uint32_t num_args;
	const struct npu_dry_range *ranges;
	uint32_t num_ranges;
	uint64_t budget;
	uint32_t memory_times, matrix_times, vector_times, sram_times;
	struct npu_dry_cost *tags;
	uint32_t num_tags;
	struct npu_completion done;
	uint32_t unknown_field;
	uint32_t clock_khz;
	uint64_t static_pj;
};

/**
 * npu_dry_run() - look what a program costs
 * @dry: program and results
 * @error: receives one line if the machine cannot be built
 * @error_len: bytes at @error
 *
 * Return: whether @dry->done is filled in.
 */
bool npu_dry_run(struct npu_dry_run *dry, char *error, size_t error_len);

#endif /* NPU_CORE_NPU_DRY_RUN_H */
