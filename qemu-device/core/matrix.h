/* SPDX-License-Identifier: MIT */
/* Operands of a MATMUL: where each lies and how many bytes it has. */
#ifndef NPU_CORE_MATRIX_H
#define NPU_CORE_MATRIX_H

#include "kernels.h"
#include "operand.h"

#define NPU_MM_OPERANDS		6	/* A, B, C, SA, SB, BIAS */

/**
 * struct npu_matmul - one instruction, resolved
 * @args: for the kernels; pointers of what lies in SRAM
 * @region: bytes of each operand, by NPU_MM_A ..; no rows if it is absent
 * @stream: B, SB and BIAS lie in memory
 */
struct npu_matmul {
	struct npu_mm_args args;
	struct npu_region region[NPU_MM_OPERANDS];
	bool stream;
};

/* Whether operand @i is in memory. */
static inline bool npu_matmul_in_memory(const struct npu_matmul *mm,
					unsigned int i)
{
	return mm->stream && (i == NPU_MM_B || i == NPU_MM_SB ||
			      i == NPU_MM_BIAS);
}

/* Values, work and budget; *@empty: there is nothing to do. */
bool npu_matmul_values(struct npu_exec *ex, const struct npu_insn *insn,
		       struct npu_matmul *mm, bool *empty);
/* All operands in SRAM, then the alignment of those in memory. */
bool npu_matmul_resolve(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_matmul *mm);

#endif /* NPU_CORE_MATRIX_H */
