/* SPDX-License-Identifier: MIT */
/*
 * hazards=on: accesses to SRAM that nothing orders, as a race detector finds
 * them. Documentation/timing.rst, "Hazards".
 *
 * Each engine of a core has a vector clock (Fidge, 1988; Mattern, 1989): how
 * many instructions of each engine are known to be over when its next one
 * starts. A token carries the clock of who gave it. For each byte of SRAM the
 * last write is kept, and of each engine the last read.
 */
#ifndef NPU_CORE_HAZARD_H
#define NPU_CORE_HAZARD_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "operand.h"
#include "timing.h"

struct npu_exec;
struct npu_hazards;

/* For a core with @sram_size bytes; NULL: no memory. */
struct npu_hazards *npu_hazards_new(uint32_t sram_size);
void npu_hazards_free(struct npu_hazards *h);

/* A program starts on a core, or an instruction does, or it is over. */
void npu_hazards_reset(struct npu_hazards *h, uint32_t sram_size);
void npu_hazards_begin(struct npu_hazards *h, const struct npu_insn *insn,
		       uint32_t pc);
void npu_hazards_end(struct npu_hazards *h, const struct npu_insn *insn);

/*
 * A program goes on whose past is unknown: nothing is held against what was done
 * before, and tokens that @time holds order only what comes later.
 */
void npu_hazards_resume(struct npu_hazards *h, uint32_t sram_size,
			const struct npu_timing *time);

/* The instruction under way touches rows of SRAM; nothing if @ex does not look. */
void npu_hazards_touch(struct npu_exec *ex, const struct npu_region *r,
		       bool write);

#endif /* NPU_CORE_HAZARD_H */
