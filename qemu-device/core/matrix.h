/* SPDX-License-Identifier: MIT */
/* Operands of a MATMUL: where each lies and how many bytes it has. */
#ifndef NPU_CORE_MATRIX_H
#define NPU_CORE_MATRIX_H

#include "kernels.h"
#include "operand.h"

#define NPU_MM_OPERANDS		8	/* A, B, C, SA, SB, BIAS, AUX, DQ */

/**
 * struct npu_matmul - one instruction, resolved
 * @args: for the kernels; pointers of what lies in SRAM
 * @region: bytes of each operand, by NPU_MM_A ..; no rows if it is absent
 * @stream: B and its parameters lie in memory
 */
struct npu_matmul {
	struct npu_mm_args args;
	struct npu_region region[NPU_MM_OPERANDS];
	bool stream;
};

/* Rows of a region that are copied between two looks at invalidations. */
#define NPU_REACH_ROWS		256u

/**
 * struct npu_piece - columns @n..@n + @cols - 1 of rows @m..@m + @rows - 1
 *
 * @n is a multiple of 16.
 */
struct npu_piece {
	uint32_t m, rows, n, cols;
};

/* Whether operand @i is in memory. */
static inline bool npu_matmul_in_memory(const struct npu_matmul *mm,
					unsigned int i)
{
	return mm->stream && i != NPU_MM_A && i != NPU_MM_C && i != NPU_MM_SA;
}

/* Values, work and budget; *@empty: there is nothing to do. */
bool npu_matmul_values(struct npu_exec *ex, const struct npu_insn *insn,
		       struct npu_matmul *mm, bool *empty);
/* All operands in SRAM, then the alignment of those in memory. */
bool npu_matmul_resolve(struct npu_exec *ex, const struct npu_insn *insn,
			struct npu_matmul *mm);
/* matrix.c: @r, of NPU_MM_OPERANDS, for B and its parameters of a piece. */
void npu_matmul_regions(const struct npu_matmul *mm, const struct npu_piece *p,
			struct npu_region *r);

/* matrix_stream.c: every page that an operand in memory touches can be read. */
bool npu_matmul_translate(struct npu_exec *ex, const struct npu_matmul *mm);
/* Point @a to B and its parameters of @p: in place, or copied to be in one piece. */
bool npu_matmul_stream(struct npu_exec *ex, const struct npu_matmul *mm,
		       const struct npu_piece *p, struct npu_mm_args *a);

#endif /* NPU_CORE_MATRIX_H */
