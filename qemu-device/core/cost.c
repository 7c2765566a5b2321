// SPDX-License-Identifier: MIT
/* Cycles of each instruction: Documentation/timing.rst. */
#include "timing.h"

#define BURST		64	/* bytes of a memory access */
#define MATMUL_START	32	/* the array fills and empties */
#define VECTOR_START	16
#define FOLD		4	/* sixteen lanes to one */

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

/* Bytes of one core take part of the bandwidth, whoever else works. */
uint64_t npu_cost_transfer(const struct npu_profile *p, uint64_t rows,
			   uint64_t row)
{
	unsigned __int128 bytes = divide_up(row, BURST) * BURST;
	uint64_t per_second = 1000ull * p->mem_mbps;

	bytes = bytes * rows * p->clock_khz * p->cores;
	return (uint64_t)(p->mem_latency + (bytes + per_second - 1) / per_second);
}

uint64_t npu_cost_matmul(const struct npu_profile *p, unsigned int type_b,
			 uint64_t m, uint64_t n, uint64_t k, uint64_t stream)
{
	uint32_t macs = p->macs_i8;
	uint64_t array;

	if (type_b == NPU_TYPE_I4 || type_b == NPU_TYPE_C4)
		macs = p->macs_i4;
	else if (type_b != NPU_TYPE_I8)
		macs = p->macs_f16;
	if (!k)
		k = 1;
	array = m * divide_up(n, p->array_cols) *
		divide_up(k, macs / p->array_cols);
	return MATMUL_START + (array > stream ? array : stream);
}

static unsigned int unary_passes(const struct npu_insn *insn)
{
	unsigned int passes;

	switch (insn->subop) {
	case NPU_UNARY_COPY:
	case NPU_UNARY_RELU:
	case NPU_UNARY_ABS:
	case NPU_UNARY_SQUARE:
		passes = 1;
		break;
	case NPU_UNARY_RECIP:
	case NPU_UNARY_SQRT:
	case NPU_UNARY_RSQRT:
		passes = 2;
		break;
	default:
		passes = 4;
	}
	if (insn->flags & NPU_F_AFFINE)
		passes++;
	if (insn->flags & NPU_F_GATE)
		passes++;
	return passes;
}

unsigned int npu_vec_passes(const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_UNARY:
		return unary_passes(insn);
	case NPU_OP_BINARY:
		return insn->subop == NPU_BINARY_DIV ? 2 : 1;
	case NPU_OP_RMSNORM:
	case NPU_OP_ROPE:
		return 2;
	case NPU_OP_LAYERNORM:
		return 3;
	case NPU_OP_SOFTMAX:
		return 6;
	case NPU_OP_QUANT:
		return insn->flags & NPU_F_DYNAMIC ? 2 : 1;
	case NPU_OP_TOPK:
		return 8;	/* comparisons that find a place among 256 */
	default:
		return 1;
	}
}

/* Times that the lanes of a row are folded. */
static unsigned int vec_folds(const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_REDUCE:
	case NPU_OP_RMSNORM:
	case NPU_OP_ARGMAX:
	case NPU_OP_TOPK:
		return 1;
	case NPU_OP_LAYERNORM:
	case NPU_OP_SOFTMAX:
		return 2;
	case NPU_OP_QUANT:
		return !!(insn->flags & NPU_F_DYNAMIC);
	default:
		return 0;
	}
}

uint64_t npu_cost_vector(const struct npu_profile *p,
			 const struct npu_insn *insn, uint64_t rows,
			 uint64_t cols)
{
	return VECTOR_START +
	       rows * (divide_up(cols, p->vec_lanes) * npu_vec_passes(insn) +
		       vec_folds(insn) * FOLD);
}

uint64_t npu_cost_cp(unsigned int opcode)
{
	switch (opcode) {
	case NPU_OP_LOOP:
		return 2;
	case NPU_OP_SLOAD:
	case NPU_OP_SSTORE:
		return 4;
	default:
		return 1;
	}
}
