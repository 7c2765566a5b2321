/* SPDX-License-Identifier: MIT */
/*
 * The definition of the arithmetic, instruction by instruction.
 *
 * Plain C in the order of Documentation/isa.rst; fast kernels fall back to it
 * for what is rare.
 */
#ifndef NPU_CORE_KERNELS_SCALAR_H
#define NPU_CORE_KERNELS_SCALAR_H

#include "kernels.h"

void npu_scalar_matmul(const struct npu_mm_args *args);
void npu_scalar_vector(const struct npu_vec_args *args);

/* Element by element: kernels_elementwise_scalar.c */
void npu_scalar_unary(const struct npu_vec_args *args);
void npu_scalar_binary(const struct npu_vec_args *args);
void npu_scalar_muladd(const struct npu_vec_args *args);
void npu_scalar_rope(const struct npu_vec_args *args);
void npu_scalar_quant(const struct npu_vec_args *args);
void npu_scalar_transpose(const struct npu_vec_args *args);
void npu_scalar_fill(const struct npu_vec_args *args);

/* One result or one scale from a whole row: kernels_rows_scalar.c */
void npu_scalar_reduce(const struct npu_vec_args *args);
void npu_scalar_rmsnorm(const struct npu_vec_args *args);
void npu_scalar_layernorm(const struct npu_vec_args *args);
void npu_scalar_softmax(const struct npu_vec_args *args);
void npu_scalar_argmax(const struct npu_vec_args *args);
void npu_scalar_topk(const struct npu_vec_args *args);

#endif /* NPU_CORE_KERNELS_SCALAR_H */
