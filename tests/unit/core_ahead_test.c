// SPDX-License-Identifier: MIT
/* What a core guesses that a loop will copy next: only what it may, and nothing else. */
#include <stdlib.h>

#include "core/exec.h"
#include "tap.h"

#define VA	0x40000000ull
#define STEP	0x1000ull
#define ROWS	4u
#define ROW	256u

static struct npu_exec *ex;
static uint8_t host[NPU_HUGE_SIZE];

/* As if all of the 2 MiB at VA had been read before. */
static void remember(void)
{
	uint64_t key = (VA / NPU_HUGE_SIZE << 1) + 1;

	ex->mmu.huge[key % NPU_TLB_HUGE] = (struct npu_tlb_entry){ key, host };
}

/* Instruction @pc copies for the @i-th time, @step further on. */
static const struct npu_ahead *copy(uint32_t pc, uint64_t i, uint64_t step, uint32_t rows)
{
	ex->pc = pc;
	npu_ahead_copied(ex, VA + i * step, ROW, rows, ROW);
	return npu_ahead_of(ex);
}

static void guesses(void)
{
	const struct npu_ahead *a;
	bool right = true;

	ok(!copy(7, 0, STEP, ROWS), "no guess after one copy");
	ok(!copy(7, 1, STEP, ROWS), "nor after two, which give a step");
	a = copy(7, 2, STEP, ROWS);
	ok(a && a->rows == ROWS && a->bytes == ROW && !a->next && !a->done,
	   "the same step again: all rows of the next copy");
	for (uint32_t y = 0; a && y < ROWS; y++)
		right &= a->row[y] == host + 3 * STEP + y * ROW;
	ok(a && right, "each where it will be read");
	ok(!copy(8, 5, STEP, ROWS), "another instruction has no step yet");
	ok(copy(7, 3, STEP, ROWS), "and leaves that of the first alone");
	ok(!copy(7, 9, STEP, ROWS), "another step: no guess");
}

static void limits(void)
{
	const struct npu_ahead *a;

	for (uint64_t i = 0; i < 3; i++)
		a = copy(1, i, STEP, NPU_AHEAD_ROWS + 1);
	ok(!a, "more rows than are followed");
	for (uint64_t i = 0; i < 3; i++) {
		ex->pc = 2;
		npu_ahead_copied(ex, VA + i * STEP, STEP, 2, NPU_AHEAD_BYTES);
	}
	ok(!npu_ahead_of(ex), "more bytes than are worth it");
	for (uint64_t i = 0; i < 3; i++)
		a = copy(3, i, NPU_HUGE_SIZE / 2, ROWS);
	ok(!a, "what was never read is not looked up");
	for (uint64_t i = 0; i < 3; i++)
		a = copy(4, i, 0 - VA, ROWS);
	ok(!a, "a step that wraps around");
	for (uint64_t i = 0; i < 3; i++)
		a = copy(5, i, STEP, ROWS);
	ex->mmu.drops++;
	ok(a && !npu_ahead_of(ex), "translations dropped: the guess goes with them");
}

/* Pages of 4 KiB: by the table that was walked last, in memory that is mapped already. */
static void small_pages(void)
{
	static uint64_t table[512];
	uint64_t va = VA + 5 * NPU_HUGE_SIZE, bus = 7 * NPU_HUGE_SIZE;
	struct npu_window w = { .bus = bus, .host = host, .len = NPU_HUGE_SIZE };
	struct npu_mmu *mmu = &ex->mmu;

	table[3] = bus | 0x9000 | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;
	table[4] = bus | 0xa000 | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_WRITE;
	table[5] = (bus + NPU_HUGE_SIZE) | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ;
	ok(!npu_mmu_known(mmu, va + 0x3010), "no table was walked");
	mmu->leaves = (const uint8_t *)table;
	mmu->leaves_of = va / NPU_HUGE_SIZE;
	ok(!npu_mmu_known(mmu, va + 0x3010), "no memory is mapped");
	mmu->windows = &w;
	mmu->num_windows = 1;
	ok(npu_mmu_known(mmu, va + 0x3010) == host + 0x9010, "a page of 4 KiB");
	ok(!npu_mmu_known(mmu, va + 0x2010), "none there");
	ok(!npu_mmu_known(mmu, va + 0x4010), "one that may not be read");
	ok(!npu_mmu_known(mmu, va + 0x5010), "one in memory that is not mapped");
	ok(!npu_mmu_known(mmu, va + NPU_HUGE_SIZE + 0x3010), "of another table");
	ok(!npu_mmu_known(mmu, va + (1ull << NPU_VA_BITS)), "an address that there is not");
	mmu->num_windows = 0;
}

int main(void)
{
	ex = calloc(1, sizeof(*ex));
	if (!ex)
		abort();
	remember();
	guesses();
	limits();
	small_pages();
	free(ex);
	return done_testing();
}
