// SPDX-License-Identifier: MIT
/* What a dry run knows: dry.h. */
#include "dry.h"

#include <string.h>

#include "device.h"
#include "operand.h"

bool npu_dry_knows(const struct npu_exec *ex, unsigned int reg)
{
	return !(ex->dry->unknown >> reg & 1);
}

static void set_known(struct npu_exec *ex, unsigned int reg, bool known)
{
	uint64_t bit = reg == NPU_R_ZERO ? 0 : 1ull << reg;

	if (known)
		ex->dry->unknown &= ~bit;
	else
		ex->dry->unknown |= bit;
}

bool npu_dry_refuse(struct npu_exec *ex, uint32_t field)
{
	ex->dry->unknown_field = field;
	return npu_exec_fault(ex, NPU_FAULT_OPERAND, field, 0);
}

static bool knows_value(const struct npu_exec *ex, uint32_t val)
{
	return !(val & NPU_VAL_REG) || npu_dry_knows(ex, val & NPU_VAL_MAX);
}

static bool alu(struct npu_exec *ex, const struct npu_insn *insn)
{
	bool known = npu_dry_knows(ex, insn->addr[1].reg) &&
		     npu_dry_knows(ex, insn->addr[2].reg);

	set_known(ex, insn->addr[0].reg, known);
	return !known;
}

static bool lea(struct npu_exec *ex, const struct npu_insn *insn)
{
	bool known = npu_dry_knows(ex, insn->addr[1].reg);

	for (unsigned int i = 0; i < NPU_NUM_VALS; i++)
		known &= knows_value(ex, insn->val[i]);
	set_known(ex, insn->addr[0].reg, known);
	return !known;
}

void npu_dry_enter_loop(struct npu_exec *ex, const struct npu_insn *insn)
{
	bool known = npu_dry_knows(ex, insn->addr[1].reg);

	ex->dry->loop_unknown[ex->depth] = !known;
	set_known(ex, insn->addr[0].reg, known);
}

void npu_dry_next_round(struct npu_exec *ex)
{
	unsigned int at = ex->depth - 1;

	set_known(ex, ex->loops[at].reg, !ex->dry->loop_unknown[at]);
}

/* An element of SRAM; outside, or at an unknown address, it is not known. */
static uint8_t *element(const struct npu_exec *ex, const struct npu_insn *insn,
			unsigned int i, size_t *size)
{
	uint64_t at = npu_exec_address(ex, insn, i);

	*size = 4;
	if (insn->flags & NPU_F_WIDE)
		*size = 8;
	else if (insn->type[0] == NPU_TYPE_I8)
		*size = 1;
	if (!ex->dry->known || !npu_dry_knows(ex, insn->addr[i].reg) ||
	    at > ex->sram_size || *size > ex->sram_size - at)
		return NULL;
	return ex->dry->known + at;
}

static bool sload(struct npu_exec *ex, const struct npu_insn *insn)
{
	static const uint8_t all[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	size_t size;
	const uint8_t *known = element(ex, insn, 1, &size);

	set_known(ex, insn->addr[0].reg, known && !memcmp(known, all, size));
	/* It is read all the same: bounds and counters are as ever. */
	return false;
}

static bool sstore(struct npu_exec *ex, const struct npu_insn *insn)
{
	size_t size;
	uint8_t *known = element(ex, insn, 0, &size);

	if (known)
		memset(known, npu_dry_knows(ex, insn->addr[1].reg), size);
	else if (ex->dry->known)
		memset(ex->dry->known, 0, ex->sram_size);
	return false;
}

bool npu_dry_cp(struct npu_exec *ex, const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_ALU:
		return alu(ex, insn);
	case NPU_OP_LEA:
		return lea(ex, insn);
	case NPU_OP_SLOAD:
		return sload(ex, insn);
	case NPU_OP_SSTORE:
		return sstore(ex, insn);
	case NPU_OP_TIME:
		set_known(ex, insn->addr[0].reg, true);
		return false;
	case NPU_OP_TRAP:
		/* A program that would be stopped is of no interest. */
		return !npu_dry_knows(ex, insn->addr[1].reg);
	default:
		return false;
	}
}

/* So that nothing depends on what happened to be there. */
void npu_dry_settle(struct npu_exec *ex)
{
	for (uint64_t left = ex->dry->unknown; left; left &= left - 1)
		ex->regs[__builtin_ctzll(left)] = 0;
}

void npu_dry_touch(struct npu_exec *ex, uint64_t end)
{
	if (end > ex->dry->touched)
		ex->dry->touched = end;
}

void npu_dry_wrote(struct npu_exec *ex, const struct npu_region *r)
{
	if (!ex->dry->known || !r->row)
		return;
	if (!npu_dry_knows(ex, ex->insns[ex->pc].addr[r->field].reg)) {
		memset(ex->dry->known, 0, ex->sram_size);
		return;
	}
	for (uint64_t y = 0; y < r->rows; y++)
		memset(ex->dry->known + r->base + y * r->stride, 0, r->row);
}

static const struct npu_dry_range *find(const struct npu_dry *dry, uint64_t va,
					uint64_t len)
{
	const struct npu_dry_run *run = dry->run;

	for (uint32_t i = 0; i < run->num_ranges; i++) {
		const struct npu_dry_range *range = &run->ranges[i];

		if (va >= range->va && va - range->va <= range->size &&
		    len <= range->size - (va - range->va) && !dry->stale[i])
			return range;
	}
	return NULL;
}

void npu_dry_store(struct npu_exec *ex, uint64_t mem, uint64_t len)
{
	const struct npu_dry_run *run = ex->dry->run;

	for (uint32_t i = 0; i < run->num_ranges; i++) {
		const struct npu_dry_range *range = &run->ranges[i];

		if (mem - range->va < range->size || range->va - mem < len)
			ex->dry->stale[i] = true;
	}
}

void npu_dry_load(struct npu_exec *ex, uint64_t mem, uint8_t *sram, uint64_t len,
		  uint64_t pad)
{
	const struct npu_dry_range *range;

	if (!ex->dry->known)
		return;
	range = find(ex->dry, mem, len);
	if (range)
		memcpy(sram, (const uint8_t *)range->data + (mem - range->va), len);
	memset(ex->dry->known + (sram - ex->sram), !!range, len);
	memset(ex->dry->known + (sram - ex->sram) + len, 1, pad);
	memset(sram + len, 0, pad);
}

static uint64_t horizon(const struct npu_timing *t)
{
	uint64_t last = t->cp;

	for (unsigned int i = 0; i < NPU_NUM_ENGINES; i++)
		if (t->free[i] > last)
			last = t->free[i];
	return last;
}

void npu_dry_account(struct npu_exec *ex, unsigned int engine, uint32_t tag)
{
	struct npu_dry *dry = ex->dry;
	uint64_t now = horizon(&ex->time);

	if (dry->run->tags && tag < dry->run->num_tags) {
		uint64_t *counters = dry->run->tags[tag].counters;

		dry->cycles[tag] += now - dry->horizon;
		for (unsigned int i = 0; i < NPU_CNT_COUNT; i++)
			counters[i] += ex->counters[i] - dry->before[i];
		counters[NPU_CNT_INSNS]++;
		dry->run->tags[tag].banks[engine] += ex->cost.banks;
		if (dry->touched > dry->run->tags[tag].sram_peak)
			dry->run->tags[tag].sram_peak = dry->touched;
	}
	dry->touched = 0;
	dry->horizon = now;
	memcpy(dry->before, ex->counters, sizeof(dry->before));
}
