// SPDX-License-Identifier: MIT
/* The scalar implementation: every host can run it. */
#include "kernels_operand.h"
#include "kernels_scalar.h"

static bool scalar_usable(void)
{
	return true;
}

typedef void (*vector_fn)(const struct npu_vec_args *args);

static const vector_fn instructions[16] = {
	[NPU_OP_UNARY & 15] = npu_scalar_unary,
	[NPU_OP_BINARY & 15] = npu_scalar_binary,
	[NPU_OP_MULADD & 15] = npu_scalar_muladd,
	[NPU_OP_REDUCE & 15] = npu_scalar_reduce,
	[NPU_OP_RMSNORM & 15] = npu_scalar_rmsnorm,
	[NPU_OP_LAYERNORM & 15] = npu_scalar_layernorm,
	[NPU_OP_ROPE & 15] = npu_scalar_rope,
	[NPU_OP_SOFTMAX & 15] = npu_scalar_softmax,
	[NPU_OP_QUANT & 15] = npu_scalar_quant,
	[NPU_OP_ARGMAX & 15] = npu_scalar_argmax,
	[NPU_OP_TOPK & 15] = npu_scalar_topk,
	[NPU_OP_TRANSPOSE & 15] = npu_scalar_transpose,
	[NPU_OP_FILL & 15] = npu_scalar_fill,
};

void npu_scalar_vector(const struct npu_vec_args *args)
{
	if (!vector_is_empty(args))
		instructions[args->opcode & 15](args);
}

const struct npu_kernels npu_kernels_scalar = {
	.name = "scalar",
	.usable = scalar_usable,
	.matmul = npu_scalar_matmul,
	.vector = npu_scalar_vector,
};
