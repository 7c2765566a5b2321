// SPDX-License-Identifier: MIT
/* Instructions of the vector engine. */
#include "builder.h"

/* Which operands an instruction has beside dst, rows and columns. */
#define HAS_SRC0	(1u << 0)
#define HAS_SRC1	(1u << 1)
#define HAS_SRC2	(1u << 2)
#define HAS_AUX0	(1u << 3)
#define HAS_AUX_ALL	(1u << 4 | HAS_AUX0)

static void set_src1(struct npu_builder *b, struct npu_insn *insn,
		     const struct npu_insn_vec *v)
{
	insn->type[NPU_VEC_SRC1] = v->type_src1;
	insn->mode[1] = v->bcast1;
	insn->addr[NPU_VEC_SRC1] = npu_encode_loc(b, v->src1);
	insn->val[NPU_VEC_LD_SRC1] = npu_encode_value(b, v->ld_src1);
}

static void set_src2(struct npu_builder *b, struct npu_insn *insn,
		     const struct npu_insn_vec *v)
{
	insn->type[NPU_VEC_SRC2] = v->type_src2;
	insn->mode[2] = v->bcast2;
	insn->addr[NPU_VEC_SRC2] = npu_encode_loc(b, v->src2);
	insn->val[NPU_VEC_LD_SRC2] = npu_encode_value(b, v->ld_src2);
}

static void set_vec(struct npu_builder *b, struct npu_insn *insn, unsigned int has,
		    const struct npu_insn_vec *v, struct npu_order order)
{
	insn->wait = order.wait;
	insn->signal = order.signal;
	insn->type[NPU_VEC_DST] = v->type_dst;
	insn->addr[NPU_VEC_DST] = npu_encode_loc(b, v->dst);
	insn->val[NPU_VEC_ROWS] = npu_encode_value(b, v->rows);
	insn->val[NPU_VEC_COLS] = npu_encode_value(b, v->cols);
	insn->val[NPU_VEC_LD_DST] = npu_encode_value(b, v->ld_dst);
	if (has & HAS_SRC0) {
		insn->type[NPU_VEC_SRC0] = v->type_src0;
		insn->addr[NPU_VEC_SRC0] = npu_encode_loc(b, v->src0);
		insn->val[NPU_VEC_LD_SRC0] = npu_encode_value(b, v->ld_src0);
	}
	if (has & HAS_SRC1)
		set_src1(b, insn, v);
	if (has & HAS_SRC2)
		set_src2(b, insn, v);
	if (has & HAS_AUX0)
		insn->addr[NPU_VEC_AUX0] = npu_encode_loc(b, v->aux0);
	if ((has & HAS_AUX_ALL) == HAS_AUX_ALL) {
		insn->addr[NPU_VEC_AUX1] = npu_encode_loc(b, v->aux1);
		insn->addr[NPU_VEC_AUX2] = npu_encode_loc(b, v->aux2);
	}
}

static void simple(struct npu_builder *b, struct npu_insn insn, unsigned int has,
		   const struct npu_insn_vec *v, struct npu_order order)
{
	set_vec(b, &insn, has, v, order);
	npu_build_insn(b, &insn);
}

void npu_build_unary(struct npu_builder *builder, unsigned int f,
		     const struct npu_insn_vec *vec, struct npu_order order)
{
	simple(builder, (struct npu_insn){ .opcode = NPU_OP_UNARY, .subop = f },
	       HAS_SRC0, vec, order);
}

void npu_build_unary_affine(struct npu_builder *builder, unsigned int f,
			    const struct npu_insn_vec *vec, float factor, float offset,
			    struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_UNARY, .subop = f, .flags = NPU_F_AFFINE };

	insn.imm[0] = npu_encode_f32(factor);
	insn.imm[1] = npu_encode_f32(offset);
	simple(builder, insn, HAS_SRC0, vec, order);
}

void npu_build_unary_gate(struct npu_builder *builder, unsigned int f,
			  const struct npu_insn_vec *vec, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_UNARY, .subop = f, .flags = NPU_F_GATE };

	simple(builder, insn, HAS_SRC0 | HAS_SRC1, vec, order);
}

void npu_build_binary(struct npu_builder *builder, unsigned int op,
		      const struct npu_insn_vec *vec, struct npu_order order)
{
	simple(builder, (struct npu_insn){ .opcode = NPU_OP_BINARY, .subop = op },
	       HAS_SRC0 | HAS_SRC1, vec, order);
}

void npu_build_muladd(struct npu_builder *builder, const struct npu_insn_vec *vec,
		      struct npu_order order)
{
	simple(builder, (struct npu_insn){ .opcode = NPU_OP_MULADD },
	       HAS_SRC0 | HAS_SRC1 | HAS_SRC2, vec, order);
}

void npu_build_reduce(struct npu_builder *builder, unsigned int op,
		      const struct npu_insn_vec *vec, struct npu_order order)
{
	simple(builder, (struct npu_insn){ .opcode = NPU_OP_REDUCE, .subop = op },
	       HAS_SRC0, vec, order);
}

void npu_build_rmsnorm(struct npu_builder *builder, const struct npu_insn_vec *vec,
		       float eps, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_RMSNORM };

	insn.imm[0] = npu_encode_f32(eps);
	simple(builder, insn, HAS_SRC0 | HAS_SRC1, vec, order);
}

void npu_build_layernorm(struct npu_builder *builder,
			 const struct npu_insn_vec *vec, float eps,
			 struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_LAYERNORM };

	insn.imm[0] = npu_encode_f32(eps);
	simple(builder, insn, HAS_SRC0 | HAS_SRC1 | HAS_SRC2, vec, order);
}

void npu_build_rope(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    uint32_t dims, uint32_t head, uint16_t flags,
		    struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_ROPE, .flags = flags };

	insn.val[NPU_ROPE_DIMS] = npu_encode_value(builder, npu_imm(dims));
	insn.val[NPU_ROPE_HEAD] = npu_encode_value(builder, npu_imm(head));
	simple(builder, insn, HAS_SRC0 | HAS_SRC1 | HAS_SRC2, vec, order);
}

void npu_build_softmax(struct npu_builder *builder, const struct npu_insn_vec *vec,
		       const struct npu_softmax *softmax, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_SOFTMAX, .flags = softmax->flags };

	insn.imm[0] = npu_encode_f32(softmax->scale);
	insn.val[NPU_SOFTMAX_HI] = npu_encode_value(builder, softmax->hi);
	insn.val[NPU_SOFTMAX_LO] = npu_encode_value(builder, softmax->lo);
	insn.val[NPU_SOFTMAX_DIV] = npu_encode_value(builder, softmax->div);
	simple(builder, insn, HAS_SRC0 | HAS_AUX_ALL, vec, order);
}

void npu_build_quant(struct npu_builder *builder, const struct npu_insn_vec *vec,
		     struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_QUANT, .flags = NPU_F_DYNAMIC };

	simple(builder, insn, HAS_SRC0 | HAS_AUX0, vec, order);
}

void npu_build_quant_fixed(struct npu_builder *builder, const struct npu_insn_vec *vec,
			   float inverse, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_QUANT };

	insn.imm[0] = npu_encode_f32(inverse);
	simple(builder, insn, HAS_SRC0, vec, order);
}

void npu_build_argmax(struct npu_builder *builder, const struct npu_insn_vec *vec,
		      struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_ARGMAX, .flags = NPU_F_VALUE };

	simple(builder, insn, HAS_SRC0 | HAS_AUX0, vec, order);
}

void npu_build_topk(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    struct npu_value k, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_TOPK };

	insn.val[NPU_VEC_P0] = npu_encode_value(builder, k);
	builder->features |= NPU_FEAT_TOPK;
	simple(builder, insn, HAS_SRC0 | HAS_AUX0, vec, order);
}

void npu_build_transpose(struct npu_builder *builder, const struct npu_insn_vec *vec,
			 struct npu_order order)
{
	builder->features |= NPU_FEAT_TRANSPOSE;
	simple(builder, (struct npu_insn){ .opcode = NPU_OP_TRANSPOSE }, HAS_SRC0, vec,
	       order);
}

void npu_build_fill(struct npu_builder *builder, const struct npu_insn_vec *vec,
		    float value, struct npu_order order)
{
	struct npu_insn insn = { .opcode = NPU_OP_FILL };

	insn.imm[0] = npu_encode_f32(value);
	simple(builder, insn, 0, vec, order);
}
