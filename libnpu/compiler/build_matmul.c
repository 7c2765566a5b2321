// SPDX-License-Identifier: MIT
/* The instruction of the matrix engine. */
#include "builder.h"

static uint64_t features_of(const struct npu_insn_matmul *mm)
{
	uint64_t features = 0;

	if (mm->type_b == NPU_TYPE_I8)
		features |= NPU_FEAT_MAT_I8;
	if (mm->type_b == NPU_TYPE_I4)
		features |= NPU_FEAT_MAT_I4;
	if (mm->type_b == NPU_TYPE_C4)
		features |= NPU_FEAT_MAT_C4;
	if (mm->type_b == NPU_TYPE_F16)
		features |= NPU_FEAT_MAT_F16;
	if (mm->type_b == NPU_TYPE_BF16)
		features |= NPU_FEAT_MAT_BF16;
	if (mm->flags & NPU_F_GROUP)
		features |= NPU_FEAT_GROUP_SCALE;
	if (mm->flags & NPU_F_ZP)
		features |= NPU_FEAT_ZERO_POINT;
	if (mm->type_s == NPU_TYPE_I8)
		features |= NPU_FEAT_SCALE_DQ8;
	if (mm->flags & NPU_F_STREAM)
		features |= NPU_FEAT_STREAM;
	return features;
}

/* Operands that depend on a flag: what no flag names must be zero. */
static void set_optional(struct npu_builder *b, struct npu_insn *insn,
			 const struct npu_insn_matmul *mm)
{
	if (mm->flags & NPU_F_SA)
		insn->addr[NPU_MM_SA] = npu_encode_loc(b, mm->sa);
	if (mm->flags & (NPU_F_SB | NPU_F_GROUP)) {
		insn->addr[NPU_MM_SB] = npu_encode_loc(b, mm->sb);
		insn->type[NPU_MM_TYPE_S] = mm->type_s;
	}
	if (mm->flags & NPU_F_BIAS)
		insn->addr[NPU_MM_BIAS] = npu_encode_loc(b, mm->bias);
	if ((mm->flags & NPU_F_ZP) || mm->type_b == NPU_TYPE_C4)
		insn->addr[NPU_MM_AUX] = npu_encode_loc(b, mm->aux);
	if (mm->type_s == NPU_TYPE_I8)
		insn->addr[NPU_MM_DQ] = npu_encode_loc(b, mm->dq);
	if (mm->flags & NPU_F_GROUP) {
		insn->val[NPU_MM_GROUP] = npu_encode_value(b, mm->group);
		insn->val[NPU_MM_LDS] = npu_encode_value(b, mm->lds);
	}
	if (mm->type_c == NPU_TYPE_I8)
		insn->imm[0] = npu_encode_f32(mm->inv);
}

void npu_build_matmul(struct npu_builder *builder,
		      const struct npu_insn_matmul *mm, struct npu_order order)
{
	struct npu_insn insn = {
		.opcode = NPU_OP_MATMUL, .flags = mm->flags,
		.wait = order.wait, .signal = order.signal,
	};

	insn.type[NPU_MM_TYPE_C] = mm->type_c;
	insn.type[NPU_MM_TYPE_A] = mm->type_a;
	insn.type[NPU_MM_TYPE_B] = mm->type_b;
	insn.mode[NPU_MM_LAYOUT] = mm->layout;
	insn.mode[NPU_MM_ACT] = mm->act;
	insn.addr[NPU_MM_A] = npu_encode_loc(builder, mm->a);
	insn.addr[NPU_MM_B] = npu_encode_loc(builder, mm->b);
	insn.addr[NPU_MM_C] = npu_encode_loc(builder, mm->c);
	insn.val[NPU_MM_M] = npu_encode_value(builder, mm->m);
	insn.val[NPU_MM_N] = npu_encode_value(builder, mm->n);
	insn.val[NPU_MM_K] = npu_encode_value(builder, mm->k);
	insn.val[NPU_MM_LDA] = npu_encode_value(builder, mm->lda);
	insn.val[NPU_MM_LDB] = npu_encode_value(builder, mm->ldb);
	insn.val[NPU_MM_LDC] = npu_encode_value(builder, mm->ldc);
	set_optional(builder, &insn, mm);
	builder->features |= features_of(mm);
	npu_build_insn(builder, &insn);
}
