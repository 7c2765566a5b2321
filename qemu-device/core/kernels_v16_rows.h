/* SPDX-License-Identifier: MIT */
/*
 * kernels_rows_scalar.c on sixteen columns at a time. SOFTMAX is in
 * kernels_v16_softmax.h.
 *
 * TOPK stays with the scalar kernels: it runs once a token.
 */
#ifndef NPU_CORE_KERNELS_V16_ROWS_H
#define NPU_CORE_KERNELS_V16_ROWS_H

#include "kernels_v16_operand.h"

/* One step of enum npu_reduce @op. */
V16_INLINE v16 v16_reduce_step(unsigned int op, v16 x, v16 lanes)
{
	switch (op) {
	case NPU_REDUCE_SUM:
		return v16_add(lanes, x);
	case NPU_REDUCE_MAX:
		return v16_max(x, lanes);
	case NPU_REDUCE_MIN:
		return v16_min(x, lanes);
	case NPU_REDUCE_ABSMAX:
		return v16_max(v16_abs(x), lanes);
	default:
		return v16_fma(x, x, lanes);
	}
}

V16_INLINE float v16_reduce_row(const struct npu_vec_args *args, size_t r,
				unsigned int op)
{
	unsigned int fold = NPU_BINARY_ADD;
	v16 lanes = v16_zero();

	if (op == NPU_REDUCE_MAX || op == NPU_REDUCE_ABSMAX) {
		fold = NPU_BINARY_MAX;
		lanes = v16_set1(-INFINITY);
	} else if (op == NPU_REDUCE_MIN) {
		fold = NPU_BINARY_MIN;
		lanes = v16_set1(INFINITY);
	}
	for (size_t c = 0; c < args->cols; c += 16) {
		size_t n = v16_step(c, args->cols);
		v16 x = v16_operand(args, 0, r, c, n);

		lanes = v16_keep(n, v16_reduce_step(op, x, lanes), lanes);
	}
	return v16_fold(fold, lanes);
}

static void v16_do_reduce(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		arith_store(NPU_TYPE_F32, args->dst + r * args->ld_dst,
			    v16_reduce_row(args, r, args->subop));
}

/* 1 / sqrt(@sum / cols + imm[0]) */
V16_INLINE v16 v16_inverse_deviation(const struct npu_vec_args *args, float sum)
{
	float mean = sum / (float)args->cols;

	return v16_set1(1.0f / sqrtf(mean + args->imm[0]));
}

static void v16_do_rmsnorm(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		float sum = v16_reduce_row(args, r, NPU_REDUCE_SUMSQ);
		v16 k = v16_inverse_deviation(args, sum);

		for (size_t c = 0; c < args->cols; c += 16) {
			size_t n = v16_step(c, args->cols);
			v16 x = v16_mul(v16_operand(args, 0, r, c, n), k);

			x = v16_mul(x, v16_operand(args, 1, r, c, n));
			v16_result(args, r, c, x, n);
		}
	}
}

V16_INLINE float v16_squared_deviations(const struct npu_vec_args *args,
					size_t r, v16 mean)
{
	v16 lanes = v16_zero();

	for (size_t c = 0; c < args->cols; c += 16) {
		size_t n = v16_step(c, args->cols);
		v16 d = v16_sub(v16_operand(args, 0, r, c, n), mean);

		lanes = v16_keep(n, v16_fma(d, d, lanes), lanes);
	}
	return v16_fold(NPU_BINARY_ADD, lanes);
}

static void v16_do_layernorm(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		float sum = v16_reduce_row(args, r, NPU_REDUCE_SUM);
		v16 mean = v16_set1(sum / (float)args->cols);
		v16 k = v16_inverse_deviation(
			args, v16_squared_deviations(args, r, mean));

		for (size_t c = 0; c < args->cols; c += 16) {
			size_t n = v16_step(c, args->cols);
			v16 d = v16_sub(v16_operand(args, 0, r, c, n), mean);

			d = v16_fma(v16_mul(d, k), v16_operand(args, 1, r, c, n),
				    v16_operand(args, 2, r, c, n));
			v16_result(args, r, c, d, n);
		}
	}
}

/* First column of row @r that equals @best; NaN counts as -inf. */
V16_INLINE uint32_t v16_find(const struct npu_vec_args *args, size_t r,
			     float best)
{
	for (size_t c = 0; c < args->cols; c += 16) {
		size_t n = v16_step(c, args->cols);
		v16 x = v16_operand(args, 0, r, c, n);
		unsigned int found;

		x = v16_select(v16_is_nan(x), v16_set1(-INFINITY), x);
		found = m16_bits(v16_eq(x, v16_set1(best))) & ((1u << n) - 1);
		if (found)
			return (uint32_t)c + (uint32_t)__builtin_ctz(found);
	}
	return 0;
}

static void v16_do_argmax(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		float best = v16_reduce_row(args, r, NPU_REDUCE_MAX);
		uint32_t index = v16_find(args, r, best);

		memcpy(args->dst + r * args->ld_dst, &index, sizeof(index));
		if (!(args->flags & NPU_F_VALUE))
			continue;
		/* Of 0 and -0 the one at the index, unless it is a NaN. */
		if (best == 0.0f)
			best = operand_load(args, 0, r, index);
		per_row_store(args->aux[0], r, best);
	}
}

#endif /* NPU_CORE_KERNELS_V16_ROWS_H */
