// SPDX-License-Identifier: MIT
/* Vector instructions that look at a whole row first. */
#include "arith_lanes.h"
#include "kernels_operand.h"
#include "kernels_scalar.h"

static float reduce_row(const struct npu_vec_args *args, size_t r)
{
	unsigned int fold = NPU_BINARY_ADD;
	struct arith_lanes lanes;
	float start = 0.0f;

	if (args->subop == NPU_REDUCE_MAX || args->subop == NPU_REDUCE_ABSMAX) {
		fold = NPU_BINARY_MAX;
		start = -INFINITY;
	} else if (args->subop == NPU_REDUCE_MIN) {
		fold = NPU_BINARY_MIN;
		start = INFINITY;
	}
	arith_lanes_start(&lanes, start);
	for (size_t c = 0; c < args->cols; c++) {
		float x = operand_load(args, 0, r, c);

		if (args->subop == NPU_REDUCE_SUM)
			arith_lanes_add(&lanes, c, x);
		else if (args->subop == NPU_REDUCE_MAX)
			arith_lanes_max(&lanes, c, x);
		else if (args->subop == NPU_REDUCE_MIN)
			arith_lanes_min(&lanes, c, x);
		else if (args->subop == NPU_REDUCE_ABSMAX)
			arith_lanes_max(&lanes, c, fabsf(x));
		else
			arith_lanes_fma(&lanes, c, x, x);
	}
	return arith_lanes_fold(&lanes, fold);
}

void npu_scalar_reduce(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		arith_store(NPU_TYPE_F32, args->dst + r * args->ld_dst,
			    reduce_row(args, r));
}

/* 1 / sqrt(@sum / cols + imm[0]) */
static float inverse_deviation(const struct npu_vec_args *args, float sum)
{
	return 1.0f / sqrtf(sum / (float)args->cols + args->imm[0]);
}

void npu_scalar_rmsnorm(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		struct arith_lanes lanes;
		float k;

		arith_lanes_start(&lanes, 0.0f);
		for (size_t c = 0; c < args->cols; c++) {
			float x = operand_load(args, 0, r, c);

			arith_lanes_fma(&lanes, c, x, x);
		}
		k = inverse_deviation(args, arith_lanes_fold(&lanes,
							     NPU_BINARY_ADD));
		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c,
				     operand_load(args, 0, r, c) * k *
				     operand_load(args, 1, r, c));
	}
}

void npu_scalar_layernorm(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		struct arith_lanes lanes;
		float mean, k;

		arith_lanes_start(&lanes, 0.0f);
		for (size_t c = 0; c < args->cols; c++)
			arith_lanes_add(&lanes, c, operand_load(args, 0, r, c));
		mean = arith_lanes_fold(&lanes, NPU_BINARY_ADD) /
		       (float)args->cols;
		arith_lanes_start(&lanes, 0.0f);
		for (size_t c = 0; c < args->cols; c++) {
			float d = operand_load(args, 0, r, c) - mean;

			arith_lanes_fma(&lanes, c, d, d);
		}
		k = inverse_deviation(args, arith_lanes_fold(&lanes,
							     NPU_BINARY_ADD));
		for (size_t c = 0; c < args->cols; c++) {
			float d = operand_load(args, 0, r, c) - mean;

			result_store(args, r, c,
				     fmaf(d * k, operand_load(args, 1, r, c),
					  operand_load(args, 2, r, c)));
		}
	}
}

/* Lane maximum of the visible scaled scores of row @r. */
static float softmax_maximum(const struct npu_vec_args *args, size_t r,
			     struct softmax_window visible)
{
	struct arith_lanes lanes;

	arith_lanes_start(&lanes, -INFINITY);
	for (size_t c = visible.first; c < visible.end; c++)
		arith_lanes_max(&lanes, c,
				operand_load(args, 0, r, c) * args->imm[0]);
	return arith_lanes_fold(&lanes, NPU_BINARY_MAX);
}

/* dst = exp(t - @m); returns the lane sum. */
static float softmax_exponentials(const struct npu_vec_args *args, size_t r,
				  struct softmax_window visible, float m)
{
	struct arith_lanes lanes;

	arith_lanes_start(&lanes, 0.0f);
	for (size_t c = 0; c < args->cols; c++) {
		float t = operand_load(args, 0, r, c) * args->imm[0];
		float p = 0.0f;

		if (c >= visible.first && c < visible.end)
			p = arith_exp(t - m);
		arith_lanes_add(&lanes, c, p);
		result_store(args, r, c, p);
	}
	return arith_lanes_fold(&lanes, NPU_BINARY_ADD);
}

static void softmax_row(const struct npu_vec_args *args, size_t r, float m,
			float l)
{
	struct softmax_window visible = softmax_window(args, r);
	float top = arith_max(m, softmax_maximum(args, r, visible));
	float alpha = 1.0f;

	if (top == -INFINITY) {
		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c, 0.0f);
	} else {
		alpha = arith_exp(m - top);
		l = fmaf(l, alpha, softmax_exponentials(args, r, visible, top));
	}
	per_row_store(args->aux[0], r, top);
	per_row_store(args->aux[1], r, l);
	per_row_store(args->aux[2], r, alpha);
}

void npu_scalar_softmax(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		if (args->flags & NPU_F_INIT)
			softmax_row(args, r, -INFINITY, 0.0f);
		else
			softmax_row(args, r, per_row_load(args->aux[0], r),
				    per_row_load(args->aux[1], r));
	}
}

/* Element for a comparison: NaN counts as -inf. */
static float ranked(const struct npu_vec_args *args, size_t r, size_t c)
{
	float x = operand_load(args, 0, r, c);

	return x != x ? -INFINITY : x;
}

void npu_scalar_argmax(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		float best = ranked(args, r, 0);
		uint32_t index = 0;

		for (uint32_t c = 1; c < args->cols; c++) {
			float x = ranked(args, r, c);

			if (x > best) {
				best = x;
				index = c;
			}
		}
		memcpy(args->dst + r * args->ld_dst, &index, sizeof(index));
		if (args->flags & NPU_F_VALUE)
			per_row_store(args->aux[0], r, best);
	}
}

#define TOPK_MAX	256

/*
 * Keep the best @k so far in falling order: a new one goes behind all that are
 * not smaller, so equal ones stay in the order of their columns.
 */
static void topk_row(const struct npu_vec_args *args, size_t r, size_t k)
{
	float value[TOPK_MAX] = { 0 };
	uint32_t index[TOPK_MAX] = { 0 };
	size_t count = 0;

	for (uint32_t c = 0; c < args->cols; c++) {
		float x = ranked(args, r, c);
		size_t at = count;

		if (count == k && !(x > value[k - 1]))
			continue;
		if (count == k)
			at = k - 1;
		else
			count++;
		for (; at > 0 && x > value[at - 1]; at--) {
			value[at] = value[at - 1];
			index[at] = index[at - 1];
		}
		value[at] = x;
		index[at] = c;
	}
	/* The caller has seen to it that there are k columns: count is k. */
	memcpy(args->dst + r * k * 4, index, count * 4);
	memcpy(args->aux[0] + r * k * 4, value, count * 4);
}

void npu_scalar_topk(const struct npu_vec_args *args)
{
	size_t k = (size_t)args->p[0];

	if (!k || k > TOPK_MAX || k > args->cols)
		return;
	for (size_t r = 0; r < args->rows; r++)
		topk_row(args, r, k);
}
