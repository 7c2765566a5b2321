/* SPDX-License-Identifier: MIT */
/*
 * A core that runs dry: what it knows of registers and SRAM, and for which tag
 * it spends.
 *
 * SRAM starts as zeros, which are known. What a program computes or loads from
 * memory that was not given is not, and neither is a register that depends on
 * it. Addresses may be unknown; counts, which time depends on, may not.
 */
#ifndef NPU_CORE_DRY_H
#define NPU_CORE_DRY_H

#include "exec.h"
#include "npu_dry_run.h"

struct npu_region;

/**
 * struct npu_dry - one core
 * @run: what is asked
 * @unknown: registers, a bit each
 * @loop_unknown: counters of the loops that it is in
 * @known: bytes of SRAM, or NULL if the program never looks
 * @stale: ranges that the job has written to; all cores have one
 * @before: counters before the instruction
 * @horizon: cycle at which everything handed out so far is done
 * @cycles: by tag
 * @touched: end of the highest bytes of SRAM of the instruction
 * @unknown_field: operand for whose sake the program is refused
 */
struct npu_dry {
	const struct npu_dry_run *run;
	uint64_t unknown;
	bool loop_unknown[NPU_LOOP_DEPTH];
	uint8_t *known;
	bool *stale;
	uint64_t before[NPU_CNT_SLOTS];
	uint64_t horizon;
	uint64_t *cycles;
	uint64_t touched;
	uint32_t unknown_field;
};

/* An instruction of the command processor; true: all of it is done. */
bool npu_dry_cp(struct npu_exec *ex, const struct npu_insn *insn);
/* A loop begins, or its next round. */
void npu_dry_enter_loop(struct npu_exec *ex, const struct npu_insn *insn);
void npu_dry_next_round(struct npu_exec *ex);
/* The value of registers that are not known is zero. */
void npu_dry_settle(struct npu_exec *ex);
/* Whether register @reg is known. */
bool npu_dry_knows(const struct npu_exec *ex, unsigned int reg);
/* Refuse the program because of value @i. */
bool npu_dry_refuse(struct npu_exec *ex, uint32_t field);
/* An operand ends at @end in SRAM. */
void npu_dry_touch(struct npu_exec *ex, uint64_t end);
/* Rows of SRAM were computed. */
void npu_dry_wrote(struct npu_exec *ex, const struct npu_region *r);
/* A row comes from memory to SRAM, and zeros behind it. */
void npu_dry_load(struct npu_exec *ex, uint64_t mem, uint8_t *sram, uint64_t len,
		  uint64_t pad);
/* Memory is written: what was known of it is so no more. */
void npu_dry_store(struct npu_exec *ex, uint64_t mem, uint64_t len);
/* The instruction at @pc, of @engine, is done: who pays? */
void npu_dry_account(struct npu_exec *ex, unsigned int engine, uint32_t tag);

#endif /* NPU_CORE_DRY_H */
