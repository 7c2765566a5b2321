/* SPDX-License-Identifier: MIT */
/* Where the elements of a vector instruction's operands lie. */
#ifndef NPU_CORE_KERNELS_OPERAND_H
#define NPU_CORE_KERNELS_OPERAND_H

#include "arith_convert.h"
#include "kernels.h"

/* Address of element [@r][@c] of source @s; src0 has no broadcast. */
static inline const uint8_t *operand_at(const struct npu_vec_args *args,
					unsigned int s, size_t r, size_t c)
{
	unsigned int bcast = s ? args->bcast[s - 1] : NPU_BCAST_NONE;
	size_t size = arith_size(args->type_src[s]);

	switch (bcast) {
	case NPU_BCAST_ROW:
		return args->src[s] + c * size;
	case NPU_BCAST_COL:
		return args->src[s] + r * args->ld_src[s];
	case NPU_BCAST_SCALAR:
		return args->src[s];
	default:
		return args->src[s] + r * args->ld_src[s] + c * size;
	}
}

static inline float operand_load(const struct npu_vec_args *args,
				 unsigned int s, size_t r, size_t c)
{
	return arith_load(args->type_src[s], operand_at(args, s, r, c));
}

static inline uint8_t *result_at(const struct npu_vec_args *args, size_t r,
				 size_t c)
{
	return args->dst + r * args->ld_dst + c * arith_size(args->type_dst);
}

static inline void result_store(const struct npu_vec_args *args, size_t r,
				size_t c, float f)
{
	arith_store(args->type_dst, result_at(args, r, c), f);
}

/* Packed F32[rows] at addr[4], addr[5], addr[6]: m, l, scales, values. */
static inline float per_row_load(const uint8_t *base, size_t r)
{
	return arith_load(NPU_TYPE_F32, base + 4 * r);
}

static inline void per_row_store(uint8_t *base, size_t r, float f)
{
	arith_store(NPU_TYPE_F32, base + 4 * r, f);
}

/* Only REDUCE and SOFTMAX mean something without columns. */
static inline bool vector_is_empty(const struct npu_vec_args *args)
{
	return !args->cols && args->opcode != NPU_OP_REDUCE &&
	       args->opcode != NPU_OP_SOFTMAX;
}

/* A copy I32 to I32 would lose bits in binary32. */
static inline bool unary_copies_bits(const struct npu_vec_args *args)
{
	return args->subop == NPU_UNARY_COPY && !args->flags &&
	       args->type_dst == NPU_TYPE_I32 &&
	       args->type_src[0] == NPU_TYPE_I32;
}

/* What a row with absolute maximum @a is multiplied with to fill an I8. */
static inline float quant_inverse(float a)
{
	float k = 127.0f / a;

	return a > 0.0f && isfinite(a) && isfinite(k) ? k : 0.0f;
}

/**
 * struct softmax_window - visible columns of a row: @first <= c < @end
 * @first: first visible column
 * @end: column behind the last visible one; @first if none is visible
 */
struct softmax_window {
	size_t first, end;
};

/* Columns lo + q .. hi + q - 1 of row @r, q = r / div, cut to the tile. */
static inline struct softmax_window
softmax_window(const struct npu_vec_args *args, size_t r)
{
	int64_t hi = args->p[0], lo = args->p[1], cols = args->cols;
	int64_t q = (int64_t)r / (args->p[2] > 0 ? args->p[2] : 1);
	int64_t first = lo + q > 0 ? lo + q : 0;
	int64_t end = hi + q < cols ? hi + q : cols;

	if (first >= end)
		return (struct softmax_window){ 0, 0 };
	return (struct softmax_window){ (size_t)first, (size_t)end };
}

#endif /* NPU_CORE_KERNELS_OPERAND_H */
