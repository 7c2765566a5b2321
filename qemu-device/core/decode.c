// SPDX-License-Identifier: MIT
/* Instructions checked by themselves: fields and combinations. */
#include "decode.h"

#include <stddef.h>

#include "hw/npu_regs.h"

#define FIELD(name)	offsetof(struct npu_insn, name)

static struct npu_verdict illegal(size_t operand)
{
	return (struct npu_verdict){ NPU_FAULT_ILLEGAL, (uint32_t)operand };
}

static const struct npu_verdict fine = { NPU_FAULT_NONE, 0 };

static struct npu_verdict check_types(const struct npu_insn *insn,
				      const struct npu_insn_form *form)
{
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int may = form->types[i] ? form->types[i] :
						    1u << NPU_TYPE_NONE;

		if (insn->type[i] > NPU_TYPE_C4 || !(may >> insn->type[i] & 1))
			return illegal(FIELD(type) + i);
	}
	for (unsigned int i = 0; i < 4; i++)
		if (insn->mode[i] && insn->mode[i] >= form->modes[i])
			return illegal(FIELD(mode) + i);
	return fine;
}

static int address_is_sound(const struct npu_addr *addr, int named,
			    int register_only)
{
	if (addr->reserved[0] || addr->reserved[1] || addr->reserved[2])
		return 0;
	if (!named && !register_only)
		return !addr->offset && !addr->reg;
	return addr->reg < NPU_NUM_REGS && (named || !addr->offset);
}

static int value_is_sound(uint32_t val, int named)
{
	if (!named)
		return !val;
	return !(val & NPU_VAL_REG) || (val & NPU_VAL_MAX) < NPU_NUM_REGS;
}

static struct npu_verdict check_operands(const struct npu_insn *insn,
					 const struct npu_insn_form *form)
{
	for (unsigned int i = 0; i < NPU_NUM_ADDRS; i++)
		if (!address_is_sound(&insn->addr[i], form->addrs >> i & 1,
				      form->regs >> i & 1))
			return illegal(FIELD(addr) + i * sizeof(struct npu_addr));
	for (unsigned int i = 0; i < NPU_NUM_VALS; i++)
		if (!value_is_sound(insn->val[i], form->vals >> i & 1))
			return illegal(FIELD(val) + i * sizeof(uint32_t));
	for (unsigned int i = 0; i < 2; i++)
		if (insn->imm[i] && !(form->imms >> i & 1))
			return illegal(FIELD(imm) + i * sizeof(uint32_t));
	return fine;
}

static int is_four_bit(unsigned int type)
{
	return type == NPU_TYPE_I4 || type == NPU_TYPE_C4;
}

/* What C of I32 leaves possible. */
static struct npu_verdict check_raw_sum(const struct npu_insn *insn)
{
	if (insn->flags & ~(NPU_F_STREAM | NPU_F_ACCUM | NPU_F_ZP))
		return illegal(FIELD(flags));
	if (insn->type[NPU_MM_TYPE_A] != NPU_TYPE_I8)
		return illegal(FIELD(type) + NPU_MM_TYPE_C);
	if (insn->mode[NPU_MM_ACT] != NPU_UNARY_COPY)
		return illegal(FIELD(mode) + NPU_MM_ACT);
	return fine;
}

static struct npu_verdict check_matmul_types(const struct npu_insn *insn)
{
	unsigned int a = insn->type[NPU_MM_TYPE_A], b = insn->type[NPU_MM_TYPE_B];
	unsigned int c = insn->type[NPU_MM_TYPE_C];

	if (a == NPU_TYPE_I8 ? b != NPU_TYPE_I8 && !is_four_bit(b) : a != b)
		return illegal(FIELD(type) + NPU_MM_TYPE_B);
	if (insn->mode[NPU_MM_LAYOUT] != NPU_LAYOUT_PACK &&
	    (is_four_bit(b) || insn->flags & (NPU_F_GROUP | NPU_F_ZP)))
		return illegal(FIELD(mode) + NPU_MM_LAYOUT);
	return c == NPU_TYPE_I32 ? check_raw_sum(insn) : fine;
}

static struct npu_verdict check_matmul_flags(const struct npu_insn *insn)
{
	unsigned int flags = insn->flags, c = insn->type[NPU_MM_TYPE_C];

	if ((flags & NPU_F_SB && flags & NPU_F_GROUP) ||
	    (flags & NPU_F_GROUP && insn->type[NPU_MM_TYPE_A] != NPU_TYPE_I8) ||
	    (flags & NPU_F_ZP && insn->type[NPU_MM_TYPE_B] != NPU_TYPE_I4) ||
	    (flags & NPU_F_ACCUM && c != NPU_TYPE_I32 && c != NPU_TYPE_F32))
		return illegal(FIELD(flags));
	return check_matmul_types(insn);
}

static struct npu_verdict mode_is(const struct npu_insn *insn, unsigned int i,
				  unsigned int bcast)
{
	return insn->mode[i] == bcast ? fine : illegal(FIELD(mode) + i);
}

/* What depends on more than one field. */
static struct npu_verdict check_combination(const struct npu_insn *insn)
{
	switch (insn->opcode) {
	case NPU_OP_LOOP:
		return insn->val[3] & NPU_VAL_REG ?
		       illegal(FIELD(val) + 3 * sizeof(uint32_t)) : fine;
	case NPU_OP_SLOAD:
		return insn->flags & NPU_F_WIDE && insn->type[0] != NPU_TYPE_I32 ?
		       illegal(FIELD(type)) : fine;
	case NPU_OP_GATHER:
	case NPU_OP_SCATTER:
		return insn->val[NPU_DMA_PLANES] != 1 ?
		       illegal(FIELD(val) + NPU_DMA_PLANES * sizeof(uint32_t)) : fine;
	case NPU_OP_MATMUL:
		return check_matmul_flags(insn);
	case NPU_OP_RMSNORM:
		return mode_is(insn, 1, NPU_BCAST_ROW);
	case NPU_OP_LAYERNORM:
		if (insn->mode[1] != NPU_BCAST_ROW)
			return illegal(FIELD(mode) + 1);
		return mode_is(insn, 2, NPU_BCAST_ROW);
	case NPU_OP_ROPE:
		return mode_is(insn, 2, insn->mode[1]);
	case NPU_OP_QUANT:
		if (insn->flags == (NPU_F_DYNAMIC | NPU_F_GIVEN))
			return illegal(FIELD(flags));
		return insn->flags & NPU_F_GIVEN ?
		       mode_is(insn, 1, NPU_BCAST_COL) : fine;
	case NPU_OP_TRANSPOSE:
		return insn->type[1] != insn->type[0] ?
		       illegal(FIELD(type) + 1) : fine;
	default:
		return fine;
	}
}

struct npu_verdict npu_insn_check(const struct npu_insn *insn)
{
	struct npu_insn_form form;
	struct npu_verdict verdict;

	if (!npu_insn_form(insn, &form))
		return illegal(FIELD(opcode));
	if (insn->subop && insn->subop >= form.subops)
		return illegal(FIELD(subop));
	if (insn->flags & ~form.flags)
		return illegal(FIELD(flags));
	if (insn->wait && !form.tokens)
		return illegal(FIELD(wait));
	if (insn->signal && !form.tokens)
		return illegal(FIELD(signal));
	verdict = check_types(insn, &form);
	if (!verdict.code)
		verdict = check_operands(insn, &form);
	return verdict.code ? verdict : check_combination(insn);
}
