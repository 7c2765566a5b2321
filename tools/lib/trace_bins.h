/* SPDX-License-Identifier: MIT */
/* Bytes and energy of a core in equal parts of its time, for counters. */
#ifndef NPU_TOOLS_TRACE_BINS_H
#define NPU_TOOLS_TRACE_BINS_H

#include <stdint.h>

#include <hw/npu_regs.h>

#define TRACE_BINS	256

/**
 * struct trace_bins - one core in one job
 * @width: cycles of a bin
 * @used: bins that the job's cycles reach into
 * @bytes: of memory
 * @fj: energy, without the static part
 */
struct trace_bins {
	double width;
	uint32_t used;
	double bytes[TRACE_BINS], fj[TRACE_BINS];
};

/** trace_bins_begin() - empty bins for so many cycles */
void trace_bins_begin(struct trace_bins *bins, uint64_t cycles);

/** trace_bins_add() - spread what an instruction did over its time */
void trace_bins_add(struct trace_bins *bins, const struct npu_trace_record *record);

#endif /* NPU_TOOLS_TRACE_BINS_H */
