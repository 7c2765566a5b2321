// SPDX-License-Identifier: MIT
/* Vector instructions whose results each come from a few elements. */
#include "arith_lanes.h"
#include "kernels_operand.h"
#include "kernels_scalar.h"

static void copy_bits(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		memmove(result_at(args, r, 0), operand_at(args, 0, r, 0),
			args->cols * arith_size(args->type_dst));
}

void npu_scalar_fill(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c, args->imm[0]);
}

void npu_scalar_unary(const struct npu_vec_args *args)
{
	if (unary_copies_bits(args))
		return copy_bits(args);
	for (size_t r = 0; r < args->rows; r++) {
		for (size_t c = 0; c < args->cols; c++) {
			float t = operand_load(args, 0, r, c);

			if (args->flags & NPU_F_AFFINE) {
				t = t * args->imm[0];
				t = t + args->imm[1];
			}
			t = arith_unary(args->subop, t);
			if (args->flags & NPU_F_GATE)
				t = t * operand_load(args, 1, r, c);
			result_store(args, r, c, t);
		}
	}
}

void npu_scalar_binary(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c,
				     arith_binary(args->subop,
						  operand_load(args, 0, r, c),
						  operand_load(args, 1, r, c)));
}

void npu_scalar_muladd(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c,
				     fmaf(operand_load(args, 0, r, c),
					  operand_load(args, 1, r, c),
					  operand_load(args, 2, r, c)));
}

/* Rotate pair number @i of the head that starts at column @head. */
static void rotate_pair(const struct npu_vec_args *args, size_t r, size_t head,
			size_t i)
{
	bool half = args->flags & NPU_F_HALF;
	size_t column_a = head + (half ? i : 2 * i);
	size_t column_b = half ? column_a + (size_t)args->p[0] / 2 : column_a + 1;
	float a = operand_load(args, 0, r, column_a);
	float b = operand_load(args, 0, r, column_b);
	float cosine = operand_load(args, 1, r, i);
	float sine = operand_load(args, 2, r, i);
	float a_cos = a * cosine, b_sin = b * sine;
	float b_cos = b * cosine, a_sin = a * sine;

	result_store(args, r, column_a, a_cos - b_sin);
	result_store(args, r, column_b, b_cos + a_sin);
}

void npu_scalar_rope(const struct npu_vec_args *args)
{
	size_t rotated = (size_t)args->p[0], width = (size_t)args->p[1];

	for (size_t r = 0; r < args->rows; r++) {
		for (size_t head = 0; head < args->cols; head += width) {
			for (size_t i = 0; i < rotated / 2; i++)
				rotate_pair(args, r, head, i);
			for (size_t c = head + rotated; c < head + width; c++)
				result_store(args, r, c,
					     operand_load(args, 0, r, c));
		}
	}
}

/* Absolute maximum of row @r, as lane max. */
static float row_maximum(const struct npu_vec_args *args, size_t r)
{
	struct arith_lanes lanes;

	arith_lanes_start(&lanes, -INFINITY);
	for (size_t c = 0; c < args->cols; c++)
		arith_lanes_max(&lanes, c, fabsf(operand_load(args, 0, r, c)));
	return arith_lanes_fold(&lanes, NPU_BINARY_MAX);
}

/* What row @r is multiplied with; stores the scale of dynamic ones. */
static float quant_factor(const struct npu_vec_args *args, size_t r)
{
	float a;

	if (args->flags & NPU_F_GIVEN)
		a = operand_load(args, 1, r, 0);
	else if (args->flags & NPU_F_DYNAMIC)
		a = row_maximum(args, r);
	else
		return args->imm[0];
	per_row_store(args->aux[0], r, a / 127.0f);
	return quant_inverse(a);
}

void npu_scalar_quant(const struct npu_vec_args *args)
{
	for (size_t r = 0; r < args->rows; r++) {
		float k = quant_factor(args, r);

		for (size_t c = 0; c < args->cols; c++)
			result_store(args, r, c,
				     operand_load(args, 0, r, c) * k);
	}
}

void npu_scalar_transpose(const struct npu_vec_args *args)
{
	size_t size = arith_size(args->type_src[0]);

	for (size_t r = 0; r < args->rows; r++)
		for (size_t c = 0; c < args->cols; c++)
			memcpy(result_at(args, c, r), operand_at(args, 0, r, c),
			       size);
}
