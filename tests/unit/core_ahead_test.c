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

int main(void)
{
	ex = calloc(1, sizeof(*ex));
	if (!ex)
		abort();
	remember();
	guesses();
	limits();
	free(ex);
	return done_testing();
}
