/* SPDX-License-Identifier: MIT */
/*
 * kernels_elementwise_scalar.c on sixteen columns at a time.
 *
 * TRANSPOSE stays with the scalar kernels: it only copies.
 */
#ifndef NPU_CORE_KERNELS_V16_ELEMENTWISE_H
#define NPU_CORE_KERNELS_V16_ELEMENTWISE_H

#include "kernels_v16_operand.h"

static void v16_do_fill(const struct npu_vec_args *args)
{
	v16 x = v16_set1(args->imm[0]);

	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < args->cols; c += 16)
			v16_result(args, r, c, x, v16_step(c, args->cols));
}

static void v16_unary_row(const struct npu_vec_args *args, size_t r)
{
	for (size_t c = 0; c < args->cols; c += 16) {
		size_t n = v16_step(c, args->cols);
		v16 t = v16_operand(args, 0, r, c, n);

		if (args->flags & NPU_F_AFFINE) {
			t = v16_mul(t, v16_set1(args->imm[0]));
			t = v16_add(t, v16_set1(args->imm[1]));
		}
		if (args->subop != NPU_UNARY_COPY)
			t = v16_unary(args->subop, t);
		if (args->flags & NPU_F_GATE)
			t = v16_mul(t, v16_operand(args, 1, r, c, n));
		v16_result(args, r, c, t, n);
	}
}

static void v16_do_unary(const struct npu_vec_args *args)
{
	if (unary_copies_bits(args)) {
		npu_scalar_unary(args);
		return;
	}
	for (size_t r = 0; r < args->rows; r++)
		v16_unary_row(args, r);
}

/* Columns @c .. @c + @n - 1 of a row of v16_scale_rows(). */
V16_INLINE void v16_scale_step(const struct npu_vec_args *args, unsigned int type,
			       unsigned int type_dst, size_t r, size_t c, size_t n,
			       v16 by)
{
	v16 a = v16_load(type, args->src[0] + r * args->ld_src[0] +
			       c * arith_size(type), n);

	v16_store(type_dst, args->dst + r * args->ld_dst + c * arith_size(type_dst),
		  v16_mul(a, by), n);
}

/* MUL of each row by an F32 of its own. */
V16_INLINE void v16_scale_rows(const struct npu_vec_args *args, unsigned int type,
			       unsigned int type_dst)
{
	size_t cols = args->cols, c;

	for (size_t r = 0; r < args->rows; r++) {
		v16 by = v16_set1(per_row_load(args->src[1] + r * args->ld_src[1], 0));

		for (c = 0; c + 16 <= cols; c += 16)
			v16_scale_step(args, type, type_dst, r, c, 16, by);
		if (c < cols)
			v16_scale_step(args, type, type_dst, r, c, cols - c, by);
	}
}

/* What attention does with each tile; false: something else. */
static bool v16_do_scale(const struct npu_vec_args *args)
{
	if (args->subop != NPU_BINARY_MUL || args->bcast[0] != NPU_BCAST_COL ||
	    args->type_src[1] != NPU_TYPE_F32)
		return false;
	/* The output so far, by the new maxima. */
	if (args->type_src[0] == NPU_TYPE_F32 && args->type_dst == NPU_TYPE_F32)
		v16_scale_rows(args, NPU_TYPE_F32, NPU_TYPE_F32);
	/* Keys and values of one byte, by their scales. */
	else if (args->type_src[0] == NPU_TYPE_I8 && args->type_dst == NPU_TYPE_F16)
		v16_scale_rows(args, NPU_TYPE_I8, NPU_TYPE_F16);
	else
		return false;
	return true;
}

static void v16_do_binary(const struct npu_vec_args *args)
{
	if (v16_do_scale(args))
		return;
	for (size_t r = 0; r < args->rows; r++) {
		for (size_t c = 0; c < args->cols; c += 16) {
			size_t n = v16_step(c, args->cols);
			v16 a = v16_operand(args, 0, r, c, n);
			v16 b = v16_operand(args, 1, r, c, n);

			v16_result(args, r, c, v16_binary(args->subop, a, b), n);
		}
	}
}

static void v16_do_muladd(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		for (size_t c = 0; c < args->cols; c += 16) {
			size_t n = v16_step(c, args->cols);
			v16 a = v16_operand(args, 0, r, c, n);
			v16 b = v16_operand(args, 1, r, c, n);

			a = v16_fma(a, b, v16_operand(args, 2, r, c, n));
			v16_result(args, r, c, a, n);
		}
	}
}

V16_INLINE void v16_rotate(v16 *a, v16 *b, v16 cosine, v16 sine)
{
	v16 a_cos = v16_mul(*a, cosine), b_sin = v16_mul(*b, sine);
	v16 b_cos = v16_mul(*b, cosine), a_sin = v16_mul(*a, sine);

	*a = v16_sub(a_cos, b_sin);
	*b = v16_add(b_cos, a_sin);
}

/* Pairs @i .. @i + @n - 1 of the head at column @head: c with c + rotated / 2. */
V16_INLINE void v16_rope_halves(const struct npu_vec_args *args, size_t r,
				size_t head, size_t i, size_t n)
{
	size_t column_a = head + i, column_b = column_a + (size_t)args->p[0] / 2;
	v16 a = v16_operand(args, 0, r, column_a, n);
	v16 b = v16_operand(args, 0, r, column_b, n);

	v16_rotate(&a, &b, v16_operand(args, 1, r, i, n),
		   v16_operand(args, 2, r, i, n));
	v16_result(args, r, column_a, a, n);
	v16_result(args, r, column_b, b, n);
}

/* The same for pairs 2c with 2c + 1. */
V16_INLINE void v16_rope_neighbours(const struct npu_vec_args *args, size_t r,
				    size_t head, size_t i, size_t n)
{
	size_t column = head + 2 * i;
	size_t n_low = 2 * n < 16 ? 2 * n : 16, n_high = 2 * n - n_low;
	v16 low = v16_operand(args, 0, r, column, n_low);
	v16 high = v16_zero();
	v16 a, b;

	if (n_high)
		high = v16_operand(args, 0, r, column + 16, n_high);
	v16_deinterleave(low, high, &a, &b);
	v16_rotate(&a, &b, v16_operand(args, 1, r, i, n),
		   v16_operand(args, 2, r, i, n));
	v16_interleave(a, b, &low, &high);
	v16_result(args, r, column, low, n_low);
	if (n_high)
		v16_result(args, r, column + 16, high, n_high);
}

static void v16_rope_head(const struct npu_vec_args *args, size_t r, size_t head)
{
	size_t rotated = (size_t)args->p[0], end = head + (size_t)args->p[1];

	for (size_t i = 0; i < rotated / 2; i += 16) {
		size_t n = v16_step(i, rotated / 2);

		if (args->flags & NPU_F_HALF)
			v16_rope_halves(args, r, head, i, n);
		else
			v16_rope_neighbours(args, r, head, i, n);
	}
	for (size_t c = head + rotated; c < end; c += 16) {
		size_t n = v16_step(c, end);

		v16_result(args, r, c, v16_operand(args, 0, r, c, n), n);
	}
}

static void v16_do_rope(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		for (size_t head = 0; head < args->cols;
		     head += (size_t)args->p[1])
			v16_rope_head(args, r, head);
}

V16_INLINE float v16_row_maximum(const struct npu_vec_args *args, size_t r)
{
	v16 lanes = v16_set1(-INFINITY);

	for (size_t c = 0; c < args->cols; c += 16) {
		size_t n = v16_step(c, args->cols);
		v16 x = v16_abs(v16_operand(args, 0, r, c, n));

		lanes = v16_keep(n, v16_max(x, lanes), lanes);
	}
	return v16_fold(NPU_BINARY_MAX, lanes);
}

V16_INLINE float v16_quant_factor(const struct npu_vec_args *args, size_t r)
{
	float a;

	if (args->flags & NPU_F_GIVEN)
		a = operand_load(args, 1, r, 0);
	else if (args->flags & NPU_F_DYNAMIC)
		a = v16_row_maximum(args, r);
	else
		return args->imm[0];
	per_row_store(args->aux[0], r, a / 127.0f);
	return quant_inverse(a);
}

static void v16_do_quant(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		v16 k = v16_set1(v16_quant_factor(args, r));

		for (size_t c = 0; c < args->cols; c += 16) {
			size_t n = v16_step(c, args->cols);
			v16 x = v16_operand(args, 0, r, c, n);

			v16_result(args, r, c, v16_mul(x, k), n);
		}
	}
}

#endif /* NPU_CORE_KERNELS_V16_ELEMENTWISE_H */
