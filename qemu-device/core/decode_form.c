// SPDX-License-Identifier: MIT
/* The table of forms: which fields each opcode names, and what they may hold. */
#include "decode.h"

#define T(type)		(1u << NPU_TYPE_##type)
#define ANY		(T(I8) | T(I32) | T(F32) | T(F16) | T(BF16))
#define BIT(i)		(1u << (i))
#define VALS(n)		(BIT(n) - 1)

static const struct npu_insn_form forms[256] = {
	[NPU_OP_END] = { .tokens = 1 },
	[NPU_OP_NOP] = { .tokens = 1 },
	[NPU_OP_ALU] = {
		.tokens = 1, .subops = NPU_ALU_COUNT, .regs = 7, .imms = 3,
	},
	[NPU_OP_LEA] = { .tokens = 1, .regs = 3, .vals = VALS(8), .imms = 3 },
	[NPU_OP_LOOP] = { .regs = 3, .vals = BIT(0) | BIT(1) | BIT(3) },
	[NPU_OP_ENDLOOP] = { 0 },
	[NPU_OP_SLOAD] = {
		.tokens = 1, .flags = NPU_F_WIDE, .regs = 1, .addrs = 2,
		.types = { T(I32) | T(F32) | T(I8) },
	},
	[NPU_OP_SSTORE] = {
		.tokens = 1, .flags = NPU_F_WIDE, .regs = 2, .addrs = 1,
		.types = { T(I32) },
	},
	[NPU_OP_BARRIER] = { .tokens = 1, .flags = NPU_F_NODRAIN },
	[NPU_OP_DRAIN] = { .tokens = 1 },
	[NPU_OP_TIME] = { .tokens = 1, .regs = 1 },
	[NPU_OP_TRAP] = { .tokens = 1, .regs = 2, .imms = 1 },
	[NPU_OP_YIELD] = { .tokens = 1 },

	[NPU_OP_LOAD] = { .tokens = 1, .addrs = 3, .vals = VALS(8) },
	[NPU_OP_GATHER] = { .tokens = 1, .addrs = 7, .vals = VALS(6) },
	[NPU_OP_NOP_LD] = { .tokens = 1 },
	[NPU_OP_STORE] = { .tokens = 1, .addrs = 3, .vals = VALS(7) },
	[NPU_OP_SCATTER] = { .tokens = 1, .addrs = 7, .vals = VALS(6) },
	[NPU_OP_NOP_ST] = { .tokens = 1 },

	[NPU_OP_MATMUL] = {
		.tokens = 1,
		.flags = NPU_F_STREAM | NPU_F_SA | NPU_F_SB | NPU_F_GROUP |
			 NPU_F_BIAS | NPU_F_ZP | NPU_F_ACCUM,
		.types = {
			ANY, T(I8) | T(F16) | T(BF16),
			T(I8) | T(I4) | T(C4) | T(F16) | T(BF16),
		},
		.modes = { NPU_LAYOUT_COUNT, NPU_UNARY_SILU + 1 },
		.addrs = BIT(NPU_MM_A) | BIT(NPU_MM_B) | BIT(NPU_MM_C),
		.vals = VALS(6),
	},
	[NPU_OP_NOP_MAT] = { .tokens = 1 },

	[NPU_OP_UNARY] = {
		.tokens = 1, .flags = NPU_F_GATE | NPU_F_AFFINE,
		.subops = NPU_UNARY_COUNT, .types = { ANY, ANY },
		.addrs = 3, .vals = VALS(4),
	},
	[NPU_OP_BINARY] = {
		.tokens = 1, .subops = NPU_BINARY_COUNT,
		.types = { ANY, ANY, ANY }, .modes = { 0, NPU_BCAST_COUNT },
		.addrs = 7, .vals = VALS(5),
	},
	[NPU_OP_MULADD] = {
		.tokens = 1, .types = { ANY, ANY, ANY, ANY },
		.modes = { 0, NPU_BCAST_COUNT, NPU_BCAST_COUNT },
		.addrs = 15, .vals = VALS(6),
	},
	[NPU_OP_REDUCE] = {
		.tokens = 1, .subops = NPU_REDUCE_COUNT, .types = { T(F32), ANY },
		.addrs = 3, .vals = VALS(4),
	},
	[NPU_OP_RMSNORM] = {
		.tokens = 1, .types = { ANY, ANY, ANY },
		.modes = { 0, NPU_BCAST_COUNT },
		.addrs = 7, .vals = VALS(5), .imms = 1,
	},
	[NPU_OP_LAYERNORM] = {
		.tokens = 1, .types = { ANY, ANY, ANY, ANY },
		.modes = { 0, NPU_BCAST_COUNT, NPU_BCAST_COUNT },
		.addrs = 15, .vals = VALS(6), .imms = 1,
	},
	[NPU_OP_ROPE] = {
		.tokens = 1, .flags = NPU_F_HALF,
		.types = { ANY, ANY, T(F32), T(F32) },
		.modes = { 0, NPU_BCAST_ROW + 1, NPU_BCAST_ROW + 1 },
		.addrs = 15, .vals = VALS(8),
	},
	[NPU_OP_SOFTMAX] = {
		.tokens = 1, .flags = NPU_F_INIT, .types = { ANY, ANY },
		.addrs = 3 | BIT(NPU_VEC_AUX0) | BIT(NPU_VEC_AUX1) |
			 BIT(NPU_VEC_AUX2),
		.vals = VALS(4) | BIT(NPU_SOFTMAX_HI) | BIT(NPU_SOFTMAX_DIV) |
			BIT(NPU_SOFTMAX_LO),
		.imms = 1,
	},
	[NPU_OP_QUANT] = {
		.tokens = 1, .flags = NPU_F_DYNAMIC | NPU_F_GIVEN,
		.types = { T(I8), ANY }, .addrs = 3, .vals = VALS(4),
	},
	[NPU_OP_ARGMAX] = {
		.tokens = 1, .flags = NPU_F_VALUE, .types = { T(I32), ANY },
		.addrs = 3, .vals = VALS(4),
	},
	[NPU_OP_TOPK] = {
		.tokens = 1, .types = { T(I32), ANY },
		.addrs = 3 | BIT(NPU_VEC_AUX0),
		.vals = VALS(4) | BIT(NPU_VEC_P0),
	},
	[NPU_OP_TRANSPOSE] = {
		.tokens = 1, .types = { ANY, ANY }, .addrs = 3, .vals = VALS(4),
	},
	[NPU_OP_FILL] = {
		.tokens = 1, .types = { ANY }, .addrs = 1, .vals = VALS(3),
		.imms = 1,
	},
	[NPU_OP_NOP_VEC] = { .tokens = 1 },
};

static int is_opcode(unsigned int opcode)
{
	static const uint16_t known[] = {
		0x1fff, 0x8003, 0x8003, 0x8001, 0x9fff,
	};

	return opcode >> 4 < NPU_NUM_ENGINES &&
	       known[opcode >> 4] >> (opcode & 15) & 1;
}

/* Operands that flags and types of a MATMUL bring in. */
static void matmul_form(const struct npu_insn *insn, struct npu_insn_form *form)
{
	uint16_t flags = insn->flags;
	int scaled = flags & (NPU_F_SB | NPU_F_GROUP);

	if (flags & NPU_F_SA)
		form->addrs |= BIT(NPU_MM_SA);
	if (scaled) {
		form->addrs |= BIT(NPU_MM_SB);
		form->types[NPU_MM_TYPE_S] = T(F32) | T(F16);
	}
	if (flags & NPU_F_GROUP) {
		form->types[NPU_MM_TYPE_S] |= T(I8);
		form->vals |= BIT(NPU_MM_GROUP) | BIT(NPU_MM_LDS);
		if (insn->type[NPU_MM_TYPE_S] == NPU_TYPE_I8)
			form->addrs |= BIT(NPU_MM_DQ);
	}
	if (flags & NPU_F_BIAS)
		form->addrs |= BIT(NPU_MM_BIAS);
	if (flags & NPU_F_ZP || insn->type[NPU_MM_TYPE_B] == NPU_TYPE_C4)
		form->addrs |= BIT(NPU_MM_AUX);
	if (insn->type[NPU_MM_TYPE_C] == NPU_TYPE_I8)
		form->imms = 1;
}

static void unary_form(const struct npu_insn *insn, struct npu_insn_form *form)
{
	if (insn->flags & NPU_F_AFFINE)
		form->imms = 3;
	if (!(insn->flags & NPU_F_GATE))
		return;
	form->types[NPU_VEC_SRC1] = ANY;
	form->modes[1] = NPU_BCAST_COUNT;
	form->addrs |= BIT(NPU_VEC_SRC1);
	form->vals |= BIT(NPU_VEC_LD_SRC1);
}

static void quant_form(const struct npu_insn *insn, struct npu_insn_form *form)
{
	if (insn->flags)
		form->addrs |= BIT(NPU_VEC_AUX0);
	else
		form->imms = 1;
	if (!(insn->flags & NPU_F_GIVEN))
		return;
	form->types[NPU_VEC_SRC1] = T(F32);
	form->modes[1] = NPU_BCAST_COUNT;
	form->addrs |= BIT(NPU_VEC_SRC1);
	form->vals |= BIT(NPU_VEC_LD_SRC1);
}

int npu_insn_form(const struct npu_insn *insn, struct npu_insn_form *form)
{
	if (!is_opcode(insn->opcode))
		return 0;
	*form = forms[insn->opcode];
	switch (insn->opcode) {
	case NPU_OP_MATMUL:
		matmul_form(insn, form);
		break;
	case NPU_OP_UNARY:
		unary_form(insn, form);
		break;
	case NPU_OP_QUANT:
		quant_form(insn, form);
		break;
	case NPU_OP_ARGMAX:
		if (insn->flags & NPU_F_VALUE)
			form->addrs |= BIT(NPU_VEC_AUX0);
		break;
	}
	return 1;
}
