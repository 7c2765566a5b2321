// SPDX-License-Identifier: MIT
/* Which memory a loop will copy next. */
#include "ahead.h"

#include "exec.h"

void npu_ahead_copied(struct npu_exec *ex, uint64_t mem, uint64_t stride, uint32_t rows,
		      uint32_t bytes)
{
	struct npu_follow *f = &ex->follow;
	struct npu_copy *copy = &f->copy[ex->pc % NPU_AHEAD_COPIES];
	uint64_t step = mem - copy->mem;
	bool again = copy->pc == ex->pc && copy->step == step;

	*copy = (struct npu_copy){ .pc = ex->pc, .mem = mem, .step = step };
	f->ahead.rows = 0;
	if (!again || rows > NPU_AHEAD_ROWS || (uint64_t)rows * bytes > NPU_AHEAD_BYTES)
		return;
	for (uint32_t y = 0; y < rows; y++) {
		const uint8_t *host = npu_mmu_known(&ex->mmu, mem + step + y * stride);

		if (!host)
			break;
		f->ahead.row[f->ahead.rows++] = host;
	}
	f->ahead.bytes = bytes;
	f->ahead.next = 0;
	f->ahead.done = 0;
	f->drops = ex->mmu.drops;
}

struct npu_ahead *npu_ahead_of(struct npu_exec *ex)
{
	struct npu_follow *f = &ex->follow;

	return f->ahead.rows && f->drops == ex->mmu.drops ? &f->ahead : NULL;
}
