// SPDX-License-Identifier: MIT
#include "hazard.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

/* Instructions whose place in the program is remembered. */
#define PLACES		(1u << 16)
/* Pairs of instructions that are not reported again in a job. */
#define PAIRS		1024
/* Bytes looked at between two looks at aborts. */
#define LOOK_MAX	(1u << 24)

struct clock {
	uint32_t at[NPU_NUM_ENGINES];
};

struct shadow {
	uint32_t write, read[NPU_NUM_ENGINES];
	uint8_t writer;
};

struct tokens {
	struct clock given[NPU_TOKEN_MAX + 1];
	uint8_t first;
};

struct npu_hazards {
	struct clock engine[NPU_NUM_ENGINES];
	struct tokens token[NPU_NUM_TOKENS];
	uint8_t last[NPU_NUM_TOKENS];	/* behind the newest token */
	uint32_t place[NPU_NUM_ENGINES][PLACES];
	uint64_t reported[PAIRS];
	unsigned int running;		/* engine of the instruction under way */
	uint32_t pc;
	uint64_t looked;		/* bytes since the last look at aborts */
	struct shadow shadow[];
};

struct npu_hazards *npu_hazards_new(uint32_t sram_size)
{
	return calloc(1, sizeof(struct npu_hazards) +
			 (size_t)sram_size * sizeof(struct shadow));
}

void npu_hazards_free(struct npu_hazards *h)
{
	free(h);
}

void npu_hazards_reset(struct npu_hazards *h, uint32_t sram_size)
{
	memset(h, 0, sizeof(*h) + (size_t)sram_size * sizeof(struct shadow));
}

void npu_hazards_resume(struct npu_hazards *h, uint32_t sram_size,
			const struct npu_timing *time)
{
	npu_hazards_reset(h, sram_size);
	for (unsigned int i = 0; i < NPU_NUM_TOKENS; i++)
		h->last[i] = time->token[i].count;
}

static void join(struct clock *to, const struct clock *from)
{
	for (unsigned int e = 0; e < NPU_NUM_ENGINES; e++)
		if (from->at[e] > to->at[e])
			to->at[e] = from->at[e];
}

static bool drains(const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_END:
	case NPU_OP_DRAIN:
	case NPU_OP_YIELD:
		return true;
	case NPU_OP_BARRIER:
		return !(insn->flags & NPU_F_NODRAIN);
	default:
		return false;
	}
}

/* Tokens have been counted before: there is one to take. */
void npu_hazards_begin(struct npu_hazards *h, const struct npu_insn *insn,
		       uint32_t pc)
{
	unsigned int engine = NPU_OPCODE_ENGINE(insn->opcode);
	struct clock *clock = &h->engine[engine];

	/* The command processor hands it over, with all that it knows. */
	join(clock, &h->engine[NPU_ENGINE_CP]);
	for (uint32_t left = insn->wait; left; left &= left - 1) {
		struct tokens *t = &h->token[__builtin_ctz(left)];

		join(clock, &t->given[t->first++]);
	}
	for (unsigned int e = 0; drains(insn) && e < NPU_NUM_ENGINES; e++)
		join(clock, &h->engine[e]);
	clock->at[engine]++;
	h->place[engine][clock->at[engine] % PLACES] = pc;
	h->running = engine;
	h->pc = pc;
}

void npu_hazards_end(struct npu_hazards *h, const struct npu_insn *insn)
{
	const struct clock *clock = &h->engine[NPU_OPCODE_ENGINE(insn->opcode)];

	for (uint32_t left = insn->signal; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		h->token[i].given[h->last[i]++] = *clock;
	}
}

/*
 * The engine of an access to @s that nothing orders before this one, and its
 * number; -1: there is none.
 */
static int conflict(const struct npu_hazards *h, const struct shadow *s,
		    bool write, uint32_t *number, bool *other_writes)
{
	const struct clock *clock = &h->engine[h->running];

	*other_writes = true;
	*number = s->write;
	if (s->write > clock->at[s->writer])
		return s->writer;
	*other_writes = false;
	for (unsigned int e = 0; write && e < NPU_NUM_ENGINES; e++) {
		*number = s->read[e];
		if (s->read[e] > clock->at[e])
			return (int)e;
	}
	return -1;
}

static bool is_new(struct npu_hazards *h, uint32_t pc, uint32_t other)
{
	uint64_t pair = (uint64_t)pc << 32 | (other + 1);
	uint64_t *slot = &h->reported[pair * 0x9e3779b97f4a7c15ull % PAIRS];

	if (*slot == pair)
		return false;
	*slot = pair;
	return true;
}

static void describe(const struct npu_exec *ex, uint32_t pc,
		     struct npu_hazard_access *access)
{
	access->pc = pc;
	access->opcode = ex->insns[pc].opcode;
	access->tag = ex->insns[pc].tag;
}

static void report(struct npu_exec *ex, uint64_t at, uint64_t len, bool write,
		   int engine, uint32_t number, bool other_writes)
{
	const struct npu_core_ops *ops = ex->npu->ops;
	struct npu_hazards *h = ex->hazards;
	struct npu_hazard hazard = {
		.job = ex->run->desc.id, .core = ex->index, .address = at,
		.len = len,
	};
	uint32_t other = h->place[engine][number % PLACES];

	if (!ops->hazard || !is_new(h, h->pc, other))
		return;
	describe(ex, h->pc, &hazard.access[0]);
	describe(ex, other, &hazard.access[1]);
	hazard.access[0].write = write;
	hazard.access[1].write = other_writes;
	ops->hazard(ex->npu->opaque, &hazard);
}

static void note(const struct npu_hazards *h, struct shadow *s, bool write)
{
	uint32_t number = h->engine[h->running].at[h->running];

	if (write) {
		s->write = number;
		s->writer = (uint8_t)h->running;
	} else {
		s->read[h->running] = number;
	}
}

/* Rows may overlap, so that they are far more than SRAM has bytes: let aborts pass. */
static bool go_on(struct npu_exec *ex, uint64_t len)
{
	struct npu_hazards *h = ex->hazards;

	h->looked += len + 1;
	if (h->looked < LOOK_MAX)
		return true;
	h->looked = 0;
	return npu_exec_go_on(ex);
}

/* One row: bytes in a row that meet the same instruction are one hazard. */
static void touch_row(struct npu_exec *ex, uint64_t at, uint64_t len, bool write)
{
	struct npu_hazards *h = ex->hazards;
	uint64_t start = 0;
	int before = -1;
	uint32_t number_before = 0;
	bool writes_before = false;

	for (uint64_t i = 0; i <= len; i++) {
		uint32_t number = 0;
		bool other_writes = false;
		int engine = -1;

		if (i < len) {
			engine = conflict(h, &h->shadow[at + i], write, &number,
					  &other_writes);
			note(h, &h->shadow[at + i], write);
		}
		if (engine == before && (engine < 0 || number == number_before))
			continue;
		if (before >= 0)
			report(ex, at + start, i - start, write, before,
			       number_before, writes_before);
		start = i;
		before = engine;
		number_before = number;
		writes_before = other_writes;
	}
}

void npu_hazards_touch(struct npu_exec *ex, const struct npu_region *r, bool write)
{
	if (!ex->hazards || !r->row)
		return;
	for (uint64_t y = 0; y < r->rows && go_on(ex, r->row); y++)
		touch_row(ex, r->base + y * r->stride, r->row, write);
}
