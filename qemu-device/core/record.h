/* SPDX-License-Identifier: MIT */
/*
 * Writing what a core does when into the memory that its job gives for that.
 * Documentation/trace.rst is its text.
 */
#ifndef NPU_CORE_RECORD_H
#define NPU_CORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

struct npu_core;
struct npu_exec;
struct npu_run;

/**
 * struct npu_recorder - one core's part of a trace
 * @on: the job asks for one
 * @va: where its header goes
 * @room: most records behind it
 * @count: records there
 * @sram: first byte of SRAM that the instruction writes
 * @sram_size: bytes from there
 * @before: counters before the instruction
 */
struct npu_recorder {
	bool on;
	uint64_t va;
	uint32_t room, count;
	uint32_t sram, sram_size;
	uint64_t before[NPU_CNT_SLOTS];
};

/* What is wrong with the trace of a descriptor, as a fault; code NONE: nothing. */
struct npu_fault npu_record_check(const struct npu_core *npu,
				  const struct npu_job *job);
/* A core is at the start of its program. */
void npu_record_start(const struct npu_run *run, struct npu_exec *ex);
/* An instruction starts. */
void npu_record_begin(struct npu_exec *ex);
/* It has an operand at SRAM @base, in field addr[@field]. */
void npu_record_touch(struct npu_exec *ex, unsigned int field, uint64_t base,
		      uint64_t extent);
/* It is done and has its time; false: the trace cannot be written, as a fault. */
bool npu_record_insn(struct npu_exec *ex, const struct npu_insn *insn);
/* All cores are done: headers; if they cannot be written, the job has failed. */
void npu_record_finish(struct npu_run *run);

#endif /* NPU_CORE_RECORD_H */
