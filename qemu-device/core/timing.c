// SPDX-License-Identifier: MIT
/* Time of a core, derived from tokens: Documentation/timing.rst. */
#include "timing.h"

#include <string.h>

static const uint8_t busy_counter[NPU_NUM_ENGINES] = {
	NPU_CNT_CP_BUSY, NPU_CNT_LD_BUSY, NPU_CNT_ST_BUSY, NPU_CNT_MAT_BUSY,
	NPU_CNT_VEC_BUSY,
};

static const uint8_t stall_counter[NPU_NUM_ENGINES] = {
	0, NPU_CNT_LD_STALL, NPU_CNT_ST_STALL, NPU_CNT_MAT_STALL,
	NPU_CNT_VEC_STALL,
};

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void npu_timing_begin(struct npu_timing *t)
{
	t->cp = 0;
	t->port = 0;
	memset(t->free, 0, sizeof(t->free));
	for (unsigned int i = 0; i < NPU_NUM_TOKENS; i++) {
		t->token[i].first = 0;
		t->token[i].count = 0;
	}
}

int npu_timing_bad_token(const struct npu_timing *t, uint32_t wait,
			 uint32_t signal)
{
	for (uint32_t left = wait; left; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (!t->token[i].count)
			return i;
	}
	/* A token that it takes makes room for the one that it gives. */
	for (uint32_t left = signal & ~wait; left; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (t->token[i].count == NPU_TOKEN_MAX)
			return i;
	}
	return -1;
}

/*
 * Take a token of each counter in @wait for who is @ready; cycle at which the
 * last was given, which is noted if it is waited for.
 */
static uint64_t take(struct npu_timing *t, uint32_t wait, uint64_t ready)
{
	t->slice.after = NPU_TRACE_NONE;
	t->slice.token = 0;
	for (; wait; wait &= wait - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(wait);
		struct npu_token *token = &t->token[i];
		uint8_t first = token->first++;

		token->count--;
		if (token->when[first] <= ready)
			continue;
		ready = token->when[first];
		t->slice.after = token->who[first];
		t->slice.token = (uint8_t)i;
	}
	return ready;
}

static void give(struct npu_timing *t, uint32_t signal, uint64_t when)
{
	for (; signal; signal &= signal - 1) {
		struct npu_token *token = &t->token[__builtin_ctz(signal)];

		uint8_t last = token->first + token->count++;

		token->when[last] = when;
		token->who[last] = t->number;
	}
}

void npu_timing_take(struct npu_timing *t, uint32_t wait)
{
	t->slice.issue = t->cp;
	t->cp = take(t, wait, t->cp);
}

void npu_timing_cp(struct npu_timing *t, uint32_t signal, uint64_t cycles,
		   uint64_t *counters)
{
	t->slice.start = t->cp;
	t->slice.stall = t->cp - t->slice.issue;
	t->cp += cycles;
	t->slice.end = t->cp;
	counters[NPU_CNT_CP_BUSY] += cycles;
	give(t, signal, t->cp);
}

void npu_timing_drain(struct npu_timing *t)
{
	for (unsigned int i = 0; i < NPU_NUM_ENGINES; i++)
		t->cp = later(t->cp, t->free[i]);
}

/* Cycles for which an instruction has the memory port. */
static uint64_t passage(const struct npu_cost *cost)
{
	/* Operands that SRAM does not take or give in time hold memory up. */
	return cost->copy ? later(cost->memory, cost->banks) : cost->memory;
}

/*
 * The port serves in program order; cycles from @start to the first byte.
 *
 * A write is posted: its turn comes when it is handed over, and those behind it
 * do not wait until it has its data.
 */
static uint64_t take_turn(struct npu_timing *t, unsigned int engine,
			  const struct npu_cost *cost, uint64_t start)
{
	uint64_t turn = t->port;

	if (!cost->memory)
		return 0;
	if (engine == NPU_ENGINE_ST)
		turn = later(turn, t->cp);
	else
		turn = later(turn, start + cost->latency);
	t->port = turn + passage(cost);
	return later(turn, start + cost->latency) - start;
}

/* Cycles of an instruction with its first byte after @first: the slowest of what it needs. */
static uint64_t cycles_of(const struct npu_cost *cost, uint64_t first)
{
	uint64_t cycles = later(cost->work, cost->banks);

	if (cost->memory)
		cycles = later(cycles, first + passage(cost));
	return cost->start + cycles;
}

/* What the port and SRAM add. */
static void count_stalls(const struct npu_cost *cost, uint64_t first,
			 uint64_t cycles, uint64_t *counters)
{
	struct npu_cost fast = *cost;

	fast.banks = 0;
	counters[NPU_CNT_MEM_STALL] += cycles - cycles_of(cost, cost->latency);
	counters[NPU_CNT_SRAM_STALL] += cycles - cycles_of(&fast, first);
}

void npu_timing_engine(struct npu_timing *t, unsigned int engine,
		       const struct npu_insn *insn, const struct npu_cost *cost,
		       uint64_t *counters)
{
	uint64_t ready, start, first, cycles;

	npu_timing_cp(t, 0, 1, counters);
	ready = later(t->cp, t->free[engine]);
	start = take(t, insn->wait, ready);
	first = take_turn(t, engine, cost, start);
	cycles = cycles_of(cost, first);
	count_stalls(cost, first, cycles, counters);
	counters[stall_counter[engine]] += start - ready;
	counters[busy_counter[engine]] += cycles;
	t->free[engine] = start + cycles;
	t->slice.issue = t->cp;
	t->slice.start = start;
	t->slice.end = start + cycles;
	t->slice.stall = start - ready;
	give(t, insn->signal, t->free[engine]);
}
