// SPDX-License-Identifier: MIT
/* The command processor's own instructions: isa.rst, "Command processor". */
#include "device.h"
#include "dry.h"
#include "hazard.h"
#include "operand.h"

#include <string.h>

static void set_reg(struct npu_exec *ex, unsigned int reg, uint64_t value)
{
	if (reg != NPU_R_ZERO)
		ex->regs[reg] = value;
}

static uint64_t immediate(const struct npu_insn *insn)
{
	return (uint64_t)insn->imm[1] << 32 | insn->imm[0];
}

/* Truncates; -2^63 / -1 is -2^63 with remainder 0. */
static uint64_t divide(uint64_t a, uint64_t b, bool remainder)
{
	int64_t x = (int64_t)a, y = (int64_t)b;

	if (y == -1)
		return remainder ? 0 : 0 - a;
	return (uint64_t)(remainder ? x % y : x / y);
}

static bool alu(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t a = ex->regs[insn->addr[1].reg];
	uint64_t b = ex->regs[insn->addr[2].reg] + immediate(insn);
	int64_t x = (int64_t)a, y = (int64_t)b;
	uint64_t result;

	switch (insn->subop) {
	case NPU_ALU_ADD:
		result = a + b;
		break;
	case NPU_ALU_SUB:
		result = a - b;
		break;
	case NPU_ALU_MUL:
		result = a * b;
		break;
	case NPU_ALU_DIV:
	case NPU_ALU_MOD:
		if (!b)
			return npu_exec_fault(ex, NPU_FAULT_DIVIDE,
					      NPU_FIELD_ADDR(2), 0);
		result = divide(a, b, insn->subop == NPU_ALU_MOD);
		break;
	case NPU_ALU_MIN:
		result = x < y ? a : b;
		break;
	case NPU_ALU_MAX:
		result = x > y ? a : b;
		break;
	case NPU_ALU_AND:
		result = a & b;
		break;
	case NPU_ALU_OR:
		result = a | b;
		break;
	case NPU_ALU_XOR:
		result = a ^ b;
		break;
	case NPU_ALU_SHL:
		result = a << (b & 63);
		break;
	case NPU_ALU_SHR:
		result = a >> (b & 63);
		break;
	case NPU_ALU_SAR:
		result = (uint64_t)(x >> (b & 63));
		break;
	case NPU_ALU_LT:
		result = x < y;
		break;
	default:
		result = a == b;
	}
	set_reg(ex, insn->addr[0].reg, result);
	return true;
}

static uint64_t any_value(const struct npu_exec *ex, uint32_t val)
{
	return val & NPU_VAL_REG ? ex->regs[val & NPU_VAL_MAX] : val;
}

static bool lea(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t sum = ex->regs[insn->addr[1].reg] + immediate(insn);

	for (unsigned int i = 0; i < NPU_NUM_VALS; i += 2)
		sum += any_value(ex, insn->val[i]) *
		       any_value(ex, insn->val[i + 1]);
	set_reg(ex, insn->addr[0].reg, sum);
	return true;
}

static bool loop(struct npu_exec *ex, const struct npu_insn *insn)
{
	struct npu_loop *loop = &ex->loops[ex->depth];
	uint32_t rounds;
	int64_t step;

	if (!npu_exec_value(ex, insn, 0, &rounds) ||
	    !npu_exec_signed(ex, insn, 1, &step))
		return false;
	if (!rounds) {
		ex->next_pc = ex->pc + insn->val[3] + 2;
		return true;
	}
	*loop = (struct npu_loop){
		.body = ex->pc + 1, .rounds = rounds,
		.start = ex->regs[insn->addr[1].reg], .step = step,
		.reg = insn->addr[0].reg,
	};
	if (ex->dry)
		npu_dry_enter_loop(ex, insn);
	ex->depth++;
	set_reg(ex, loop->reg, loop->start);
	return true;
}

static bool endloop(struct npu_exec *ex)
{
	struct npu_loop *loop = &ex->loops[ex->depth - 1];

	if (++loop->round == loop->rounds) {
		ex->depth--;
		return true;
	}
	if (ex->dry)
		npu_dry_next_round(ex);
	set_reg(ex, loop->reg,
		loop->start + loop->round * (uint64_t)loop->step);
	ex->next_pc = loop->body;
	return true;
}

/* The element in SRAM of address operand @i. */
static bool scalar_operand(struct npu_exec *ex, const struct npu_insn *insn,
			   unsigned int i, uint8_t **host, size_t *size)
{
	struct npu_region r = {
		.base = npu_exec_address(ex, insn, i), .rows = 1,
		.field = (uint8_t)i, .stride_field = NPU_NO_STRIDE,
	};

	*size = 4;
	if (insn->flags & NPU_F_WIDE)
		*size = 8;
	else if (insn->type[0] == NPU_TYPE_I8)
		*size = 1;
	r.row = *size;
	r.align = (uint8_t)*size;
	if (!npu_region_in_sram(ex, &r, host))
		return false;
	npu_hazards_touch(ex, &r, !i);
	return true;
}

static bool sload(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t value = 0;
	uint8_t *host;
	size_t size;

	if (!scalar_operand(ex, insn, 1, &host, &size))
		return false;
	memcpy(&value, host, size);
	if (size == 1)
		value = (uint64_t)(int8_t)value;
	else if (size == 4 && insn->type[0] == NPU_TYPE_I32)
		value = (uint64_t)(int32_t)value;
	set_reg(ex, insn->addr[0].reg, value);
	ex->counters[NPU_CNT_SRAM_READ] += size;
	return true;
}

static bool sstore(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t value = ex->regs[insn->addr[1].reg];
	uint8_t *host;
	size_t size;

	if (!scalar_operand(ex, insn, 0, &host, &size))
		return false;
	memcpy(host, &value, size);
	ex->counters[NPU_CNT_SRAM_WRITE] += size;
	return true;
}

static bool trap(struct npu_exec *ex, const struct npu_insn *insn)
{
	uint64_t value = ex->regs[insn->addr[1].reg];

	return !value || npu_exec_fault_needs(ex, NPU_FAULT_TRAP,
					      NPU_FIELD_ADDR(1), insn->imm[0],
					      value, 0);
}

static bool operate(struct npu_exec *ex, const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_ALU:
		return alu(ex, insn);
	case NPU_OP_LEA:
		return lea(ex, insn);
	case NPU_OP_LOOP:
		return loop(ex, insn);
	case NPU_OP_ENDLOOP:
		return endloop(ex);
	case NPU_OP_SLOAD:
		return sload(ex, insn);
	case NPU_OP_SSTORE:
		return sstore(ex, insn);
	case NPU_OP_TIME:
		set_reg(ex, insn->addr[0].reg, ex->time.cp);
		return true;
	case NPU_OP_TRAP:
		return trap(ex, insn);
	case NPU_OP_END:
	case NPU_OP_DRAIN:
	case NPU_OP_YIELD:
		npu_timing_drain(&ex->time);
		return true;
	case NPU_OP_BARRIER:
		if (!(insn->flags & NPU_F_NODRAIN))
			npu_timing_drain(&ex->time);
		return true;
	default:
		return true;
	}
}

/* Somebody waits for this core, and it is his turn. */
static bool gives_way(const struct npu_exec *ex)
{
	int give = __atomic_load_n(&ex->run->give, __ATOMIC_RELAXED);

	return give == NPU_GIVE_NOW ||
	       (give == NPU_GIVE_AFTER_TURN && ex->time.cp >= ex->turn_end);
}

bool npu_cp_execute(struct npu_exec *ex, const struct npu_insn *insn)
{
	npu_timing_take(&ex->time, insn->wait);
	if (!(ex->dry && npu_dry_cp(ex, insn)) && !operate(ex, insn))
		return false;
	if (ex->dry)
		npu_dry_settle(ex);
	npu_timing_cp(&ex->time, insn->signal, npu_cost_cp(insn->opcode),
		      ex->counters);
	if (insn->opcode == NPU_OP_END)
		ex->state = NPU_EXEC_ENDED;
	else if (insn->opcode == NPU_OP_BARRIER)
		ex->state = NPU_EXEC_BARRIER;
	else if (insn->opcode == NPU_OP_YIELD && gives_way(ex))
		ex->state = NPU_EXEC_YIELDED;
	return true;
}
