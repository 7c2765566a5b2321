// SPDX-License-Identifier: MIT
/* Instructions one after the other, and what all of them are made of. */
#include "device.h"
#include "dry.h"
#include "hazard.h"

#include <string.h>

/* A core works this much before others get its thread; instructions count too. */
#define SLICE		(1 << 26)
#define SLICE_INSN	(1 << 12)

/* Work that costs one of the budget more. */
#define BUDGET_SHIFT	16

bool npu_exec_fault_needs(struct npu_exec *ex, uint32_t code, uint32_t operand,
			  uint64_t address, uint64_t need0, uint64_t need1)
{
	ex->state = NPU_EXEC_FAULTED;
	ex->fault = (struct npu_fault){
		.code = code,
		.core = ex->index,
		.pc = ex->pc,
		.operand = operand,
		.opcode = ex->insns[ex->pc].opcode,
		.address = address,
		.needs = { need0, need1 },
	};
	return false;
}

bool npu_exec_fault(struct npu_exec *ex, uint32_t code, uint32_t operand,
		    uint64_t address)
{
	return npu_exec_fault_needs(ex, code, operand, address, 0, 0);
}

bool npu_exec_fault_memory(struct npu_exec *ex, const struct npu_fault *fault,
			   unsigned int i)
{
	npu_exec_fault(ex, fault->code, NPU_FIELD_ADDR(i), fault->address);
	ex->fault.access = fault->access;
	return false;
}

bool npu_exec_value(struct npu_exec *ex, const struct npu_insn *insn,
		    unsigned int i, uint32_t *value)
{
	uint32_t reg = insn->val[i] & NPU_VAL_MAX;
	uint64_t v = reg;

	if (insn->val[i] & NPU_VAL_REG) {
		if (ex->dry && !npu_dry_knows(ex, reg))
			return npu_dry_refuse(ex, NPU_FIELD_VAL(i));
		v = ex->regs[reg];
	}
	*value = (uint32_t)v;
	return v <= NPU_VAL_MAX || npu_exec_fault(ex, NPU_FAULT_OPERAND,
						  NPU_FIELD_VAL(i), v);
}

bool npu_exec_signed(struct npu_exec *ex, const struct npu_insn *insn,
		     unsigned int i, int64_t *value)
{
	uint32_t reg = insn->val[i] & NPU_VAL_MAX;

	*value = insn->val[i];
	if (insn->val[i] & NPU_VAL_REG) {
		*value = (int64_t)ex->regs[reg];
		/* Which columns are visible costs nothing. */
		if (ex->dry && !npu_dry_knows(ex, reg) &&
		    insn->opcode != NPU_OP_SOFTMAX)
			return npu_dry_refuse(ex, NPU_FIELD_VAL(i));
	}
	return (*value >= INT32_MIN && *value <= INT32_MAX) ||
	       npu_exec_fault(ex, NPU_FAULT_OPERAND, NPU_FIELD_VAL(i), (uint64_t)*value);
}

uint64_t npu_exec_address(const struct npu_exec *ex,
			  const struct npu_insn *insn, unsigned int i)
{
	return ex->regs[insn->addr[i].reg] + insn->addr[i].offset;
}

bool npu_exec_work(struct npu_exec *ex, uint64_t a, uint64_t b, uint64_t c,
		   uint32_t operand)
{
	/* Each is below 2^33. */
	unsigned __int128 work = (unsigned __int128)a * b * c;
	uint64_t cost;

	if (work > 1ull << NPU_WORK_MAX_LOG2)
		return npu_exec_fault(ex, NPU_FAULT_OPERAND, operand,
				      work >> 64 ? UINT64_MAX : (uint64_t)work);
	cost = (uint64_t)work >> BUDGET_SHIFT;
	if (cost > ex->budget - ex->spent)
		return npu_exec_fault(ex, NPU_FAULT_BUDGET, 0, 0);
	ex->spent += cost;
	ex->slice -= (int64_t)work;
	return true;
}

bool npu_exec_go_on(struct npu_exec *ex)
{
	npu_mmu_safepoint(&ex->mmu);
	if (__atomic_load_n(&ex->run->stop, __ATOMIC_RELAXED) == NPU_STOP_NONE)
		return true;
	ex->state = NPU_EXEC_STOPPED;
	return false;
}

static bool may_start(struct npu_exec *ex, const struct npu_insn *insn)
{
	int token;

	if (!npu_exec_go_on(ex))
		return false;
	if (ex->spent >= ex->budget)
		return npu_exec_fault(ex, NPU_FAULT_BUDGET, 0, 0);
	ex->spent++;
	ex->slice -= SLICE_INSN;
	token = npu_timing_bad_token(&ex->time, insn->wait, insn->signal);
	return token < 0 || npu_exec_fault(ex, NPU_FAULT_TOKEN, (uint32_t)token, 0);
}

static bool execute(struct npu_exec *ex, const struct npu_insn *insn)
{
	switch (NPU_OPCODE_ENGINE(insn->opcode)) {
	case NPU_ENGINE_CP:
		return npu_cp_execute(ex, insn);
	case NPU_ENGINE_MAT:
		return npu_matrix_execute(ex, insn);
	case NPU_ENGINE_VEC:
		return npu_vector_execute(ex, insn);
	default:
		return npu_dma_execute(ex, insn);
	}
}

/* The same, and who used SRAM. */
static bool execute_counted(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t *c = ex->counters;
	uint64_t before = c[NPU_CNT_SRAM_READ] + c[NPU_CNT_SRAM_WRITE];
	bool done = execute(ex, insn);

	ex->sram_bytes[NPU_OPCODE_ENGINE(insn->opcode)] +=
		c[NPU_CNT_SRAM_READ] + c[NPU_CNT_SRAM_WRITE] - before;
	return done;
}

static bool step(struct npu_exec *ex)
{
	const struct npu_insn *insn = &ex->insns[ex->pc];
	unsigned int engine = NPU_OPCODE_ENGINE(insn->opcode);

	if (!may_start(ex, insn))
		return false;
	ex->next_pc = ex->pc + 1;
	ex->cost = (struct npu_cost){ .start = 1 };
	ex->time.number = (uint32_t)ex->done;
	if (ex->record.on)
		npu_record_begin(ex);
	if (ex->hazards)
		npu_hazards_begin(ex->hazards, insn, ex->pc);
	if (!execute_counted(ex, insn))
		return false;
	if (ex->hazards)
		npu_hazards_end(ex->hazards, insn);
	if (engine != NPU_ENGINE_CP)
		npu_timing_engine(&ex->time, engine, insn, &ex->cost,
				  ex->counters);
	__atomic_store_n(&ex->done, ex->done + 1, __ATOMIC_RELAXED);
	if (ex->dry)
		npu_dry_account(ex, engine, insn->tag);
	if (ex->record.on && !npu_record_insn(ex, insn))
		return false;
	if (ex->state != NPU_EXEC_ENDED)
		__atomic_store_n(&ex->pc, ex->next_pc, __ATOMIC_RELAXED);
	return ex->state == NPU_EXEC_READY;
}

/* The machine is to be held still; a core that is to stop does that first. */
static bool is_paused(const struct npu_exec *ex)
{
	return __atomic_load_n(&ex->npu->paused, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&ex->run->stop, __ATOMIC_RELAXED) == NPU_STOP_NONE;
}

void npu_exec_run(struct npu_exec *ex)
{
	if (ex->fresh)
		memset(ex->sram, 0, ex->sram_size);
	if (ex->fresh && ex->hazards)
		npu_hazards_reset(ex->hazards, ex->sram_size);
	ex->fresh = false;
	ex->slice = SLICE;
	while (!is_paused(ex) && step(ex) && ex->slice > 0)
		;
	if (ex->state == NPU_EXEC_FAULTED || ex->state == NPU_EXEC_STOPPED)
		npu_timing_drain(&ex->time);
}
