/* SPDX-License-Identifier: MIT */
/*
 * One core of a job: registers, SRAM, and what it is doing. There are more of
 * these than the machine has cores: those of jobs that are suspended keep all
 * that they have, and which core one is on is only a number.
 */
#ifndef NPU_CORE_EXEC_H
#define NPU_CORE_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ahead.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "mmu.h"
#include "record.h"
#include "timing.h"

struct npu_core;
struct npu_run;
struct npu_dry;
struct npu_hazards;

/* Who stops the machine waits for an instruction under way: seconds at most. */
#define NPU_WORK_MAX_LOG2	32
#define NPU_BUDGET_MAX		(1ull << 36)

/* Work between two looks at aborts, resets and invalidations. */
#define NPU_CHUNK_WORK		(1u << 24)

/* Byte offsets in an instruction, as faults name operands. */
#define NPU_FIELD_ADDR(i)	((uint32_t)offsetof(struct npu_insn, addr) + 8 * (i))
#define NPU_FIELD_VAL(i)	((uint32_t)offsetof(struct npu_insn, val) + 4 * (i))

enum npu_exec_state {
	NPU_EXEC_READY,
	NPU_EXEC_BARRIER,	/* waits for the other cores */
	NPU_EXEC_YIELDED,	/* is behind a YIELD, and leaves its core with the others */
	NPU_EXEC_ENDED,
	NPU_EXEC_FAULTED,
	NPU_EXEC_STOPPED,	/* by an abort or a reset */
};

struct npu_loop {
	uint32_t body;		/* first instruction */
	uint32_t rounds, round;
	uint64_t start;
	int64_t step;
	uint8_t reg;
};

/**
 * struct npu_room - memory of a core of the machine for the instruction under way
 * @bounce: weights that are not in one piece in host memory
 * @bounce_size: bytes of @bounce
 * @sums: sums of A that pieces of a MATMUL share
 */
struct npu_room {
	uint8_t *bounce;
	size_t bounce_size;
	int32_t *sums;
};

/**
 * struct npu_exec - one core
 * @npu: the machine
 * @run: the job that it works for
 * @next: in the list of those that a thread should take up
 * @sram: its SRAM, of the profile's size
 * @sram_size: bytes of it that the program may touch
 * @unit: core of the machine that it is on, or was last
 * @index: number of this core in the job
 * @fresh: has not run yet: SRAM is still to be cleared
 * @state: what it is doing
 * @insns: checked instructions
 * @pc: instruction that it is at; read by others
 * @next_pc: instruction that follows
 * @done: instructions done; read by others
 * @regs: scalar registers
 * @loops: loops that it is in
 * @depth: number of them
 * @budget: most that @spent may be
 * @spent: cost of what it did
 * @slice: work until it goes to the end of the list again
 * @turn_end: cycle at which its time slice is over
 * @cost: of the instruction under way
 * @mmu: translations
 * @time: modelled time
 * @counters: enum npu_counter
 * @sram_bytes: bytes of SRAM read and written, by engine
 * @fault: why it is NPU_EXEC_FAULTED
 * @dry: what it knows, if it runs without data; else NULL
 * @hazards: who touched what in SRAM, with hazards=on; else NULL
 * @record: the trace that it writes
 * @room: of the core that it is on
 * @follow: copies to SRAM that may come again
 */
struct npu_exec {
	struct npu_core *npu;
	struct npu_run *run;
	struct npu_exec *next;
	uint8_t *sram;
	uint32_t sram_size;
	unsigned int unit, index;
	bool fresh;
	enum npu_exec_state state;
	const struct npu_insn *insns;
	uint32_t pc, next_pc;
	uint64_t done;
	uint64_t regs[NPU_NUM_REGS];
	struct npu_loop loops[NPU_LOOP_DEPTH];
	unsigned int depth;
	uint64_t budget, spent;
	int64_t slice;
	uint64_t turn_end;
	struct npu_cost cost;
	struct npu_mmu mmu;
	struct npu_timing time;
	uint64_t counters[NPU_CNT_SLOTS];
	uint64_t sram_bytes[NPU_NUM_ENGINES];
	struct npu_fault fault;
	struct npu_dry *dry;
	struct npu_hazards *hazards;
	struct npu_recorder record;
	struct npu_room *room;
	struct npu_follow follow;
};

/* Run until it waits, ends, faults, is stopped or has used up its slice. */
void npu_exec_run(struct npu_exec *ex);

/* Between instructions and in long ones; false: stop here. */
bool npu_exec_go_on(struct npu_exec *ex);

/*
 * What every instruction is made of. Each returns false, with the fault
 * recorded, if the instruction cannot be done.
 */

/* Record a fault at field @operand and return false. */
bool npu_exec_fault(struct npu_exec *ex, uint32_t code, uint32_t operand,
		    uint64_t address);
/* The same with @needs. */
bool npu_exec_fault_needs(struct npu_exec *ex, uint32_t code, uint32_t operand,
			  uint64_t address, uint64_t need0, uint64_t need1);
/* Memory fault that the MMU described, at address operand @i. */
bool npu_exec_fault_memory(struct npu_exec *ex, const struct npu_fault *fault,
			   unsigned int i);
/* Value @i of the instruction: 0..2^31-1. */
bool npu_exec_value(struct npu_exec *ex, const struct npu_insn *insn,
		    unsigned int i, uint32_t *value);
/* Value @i, signed when from a register. */
bool npu_exec_signed(struct npu_exec *ex, const struct npu_insn *insn,
		     unsigned int i, int64_t *value);
/* R[reg] + offset of operand @i. */
uint64_t npu_exec_address(const struct npu_exec *ex,
			  const struct npu_insn *insn, unsigned int i);
/* @a * @b * @c of work, against its limit and the budget. */
bool npu_exec_work(struct npu_exec *ex, uint64_t a, uint64_t b, uint64_t c,
		   uint32_t operand);

/* The engines: one instruction. */
bool npu_cp_execute(struct npu_exec *ex, const struct npu_insn *insn);
bool npu_dma_execute(struct npu_exec *ex, const struct npu_insn *insn);
bool npu_matrix_execute(struct npu_exec *ex, const struct npu_insn *insn);
bool npu_vector_execute(struct npu_exec *ex, const struct npu_insn *insn);

#endif /* NPU_CORE_EXEC_H */
