/* SPDX-License-Identifier: MIT */
/* The vector engine on sixteen columns at a time. */
#ifndef NPU_CORE_KERNELS_V16_VECTOR_H
#define NPU_CORE_KERNELS_V16_VECTOR_H

#include "kernels_v16_elementwise.h"
#include "kernels_v16_rows.h"
#include "kernels_v16_softmax.h"

typedef void (*v16_vector_fn)(const struct npu_vec_args *args);

static const v16_vector_fn v16_instructions[16] = {
	[NPU_OP_UNARY & 15] = v16_do_unary,
	[NPU_OP_BINARY & 15] = v16_do_binary,
	[NPU_OP_MULADD & 15] = v16_do_muladd,
	[NPU_OP_REDUCE & 15] = v16_do_reduce,
	[NPU_OP_RMSNORM & 15] = v16_do_rmsnorm,
	[NPU_OP_LAYERNORM & 15] = v16_do_layernorm,
	[NPU_OP_ROPE & 15] = v16_do_rope,
	[NPU_OP_SOFTMAX & 15] = v16_do_softmax,
	[NPU_OP_QUANT & 15] = v16_do_quant,
	[NPU_OP_ARGMAX & 15] = v16_do_argmax,
	[NPU_OP_TOPK & 15] = npu_scalar_topk,
	[NPU_OP_TRANSPOSE & 15] = npu_scalar_transpose,
	[NPU_OP_FILL & 15] = v16_do_fill,
};

static void v16_vector(const struct npu_vec_args *args)
{
	if (!vector_is_empty(args))
		v16_instructions[args->opcode & 15](args);
}

#endif /* NPU_CORE_KERNELS_V16_VECTOR_H */
