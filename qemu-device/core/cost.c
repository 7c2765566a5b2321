// SPDX-License-Identifier: MIT
/* Cycles of each instruction: Documentation/timing.rst. */
#include "timing.h"

#define MATMUL_START	32	/* the array fills and empties */
#define VECTOR_START	16
#define FOLD		4	/* sixteen lanes to one */

/* No job has work for so many that their sum overflows. */
#define TRANSFER_MAX	(1ull << 52)

static uint64_t divide_up(uint64_t a, uint64_t b)
{
	return a / b + !!(a % b);
}

uint64_t npu_cost_words(const struct npu_profile *p, uint64_t rows,
			uint64_t row)
{
	return rows * divide_up(row, p->sram_bank_bytes);
}

static uint64_t sram(const struct npu_profile *p, uint64_t words)
{
	return divide_up(words, p->sram_banks);
}

/* Bytes through one of @parts equal parts of the bandwidth. */
static uint64_t memory(const struct npu_profile *p, uint32_t parts, uint64_t rows,
		       uint64_t row)
{
	unsigned __int128 bytes = divide_up(row, p->mem_burst) * p->mem_burst;
	uint64_t per_second = 1000ull * p->mem_mbps;

	bytes = bytes * rows * p->clock_khz * parts;
	bytes = (bytes + per_second - 1) / per_second;
	return bytes < TRANSFER_MAX ? (uint64_t)bytes : TRANSFER_MAX;
}

uint64_t npu_cost_job(const struct npu_profile *p, uint32_t program_size, bool irq)
{
	static const uint32_t fixed[] = {
		sizeof(struct npu_job), sizeof(struct npu_completion),
	};
	uint64_t cycles = p->queue_cycles + (irq ? p->irq_cycles : 0);

	for (unsigned int i = 0; i < 2; i++)
		cycles += p->mem_latency + memory(p, 1, 1, fixed[i]);
	return cycles + p->mem_latency + memory(p, 1, 1, program_size);
}

struct npu_cost npu_cost_transfer(const struct npu_profile *p, uint64_t rows,
				  uint64_t row, uint64_t words)
{
	return (struct npu_cost){
		.memory = memory(p, p->cores, rows, row), .latency = p->mem_latency,
		.banks = sram(p, words), .copy = true,
	};
}

struct npu_cost npu_cost_matmul(const struct npu_profile *p, unsigned int type_b,
				uint64_t m, uint64_t n, uint64_t k,
				uint64_t words, uint64_t stream)
{
	uint32_t macs = p->macs_i8;

	if (type_b == NPU_TYPE_I4 || type_b == NPU_TYPE_C4)
		macs = p->macs_i4;
	else if (type_b != NPU_TYPE_I8)
		macs = p->macs_f16;
	if (!k)
		k = 1;
	return (struct npu_cost){
		.start = MATMUL_START,
		.work = m * divide_up(n, p->array_cols) *
			divide_up(k, macs / p->array_cols),
		.banks = sram(p, words),
		.memory = memory(p, p->cores, 1, stream), .latency = p->mem_latency,
	};
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

struct npu_cost npu_cost_vector(const struct npu_profile *p,
				const struct npu_insn *insn, uint64_t rows,
				uint64_t cols, uint64_t words)
{
	return (struct npu_cost){
		.start = VECTOR_START,
		.work = rows * (divide_up(cols, p->vec_lanes) * npu_vec_passes(insn) +
				vec_folds(insn) * FOLD),
		.banks = sram(p, words),
	};
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
