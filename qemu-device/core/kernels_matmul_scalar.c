// SPDX-License-Identifier: MIT
/* MATMUL as Documentation/isa.rst, "Matrix engine", defines it. */
#include "arith_lanes.h"
#include "kernels_scalar.h"
#include "kernels_weight.h"

static int32_t weight(const struct npu_mm_args *args, size_t k, size_t n)
{
	unsigned int nibble;

	if (args->type_b == NPU_TYPE_I8)
		return (int8_t)*weight_at(args, k, n);
	nibble = weight_nibble(args, k, n);
	if (args->type_b == NPU_TYPE_C4)
		return (int8_t)args->aux[nibble];
	if (args->flags & NPU_F_ZP) {
		size_t g = args->flags & NPU_F_GROUP ? k / args->group : 0;

		return (int32_t)nibble -
		       zero_points(args, g, n)[n % NPU_PACK_COLS];
	}
	return (int32_t)(nibble ^ 8) - 8;
}

/* Sum of A[@m][k] * w(k, @n) over @first <= k < @end. */
static int32_t dot_i8(const struct npu_mm_args *args, size_t m, size_t n,
		      size_t first, size_t end)
{
	const uint8_t *a = args->a + m * args->lda;
	uint32_t sum = 0;

	for (size_t k = first; k < end; k++)
		sum += (uint32_t)((int8_t)a[k] * weight(args, k, n));
	return (int32_t)sum;
}

static float group_scale(const struct npu_mm_args *args, size_t g, size_t n)
{
	const uint8_t *scales = group_scales(args, g, n);
	size_t column = n % NPU_PACK_COLS;
	const uint8_t *dq;

	if (args->type_s != NPU_TYPE_I8)
		return arith_load(args->type_s,
				  scales + column * arith_size(args->type_s));
	dq = scale_pair(args, g, n);
	return fmaf((float)scales[column], arith_load(NPU_TYPE_F32, dq),
		    arith_load(NPU_TYPE_F32, dq + 4));
}

static float dot_groups(const struct npu_mm_args *args, size_t m, size_t n)
{
	float f = 0.0f;
	size_t g = 0;

	for (size_t k = 0; k < args->k; k += args->group, g++) {
		size_t left = args->k - k;
		size_t end = k + (left < args->group ? left : args->group);

		f = fmaf((float)dot_i8(args, m, n, k, end),
			 group_scale(args, g, n), f);
	}
	return f;
}

/* NK has a vector along k, KN and PACK one along n: each its natural order. */
static float dot_16bit(const struct npu_mm_args *args, size_t m, size_t n)
{
	const uint8_t *a = args->a + m * args->lda;
	struct arith_lanes lanes;
	float f = 0.0f;

	arith_lanes_start(&lanes, 0.0f);
	for (size_t k = 0; k < args->k; k++) {
		float x = arith_load(args->type_a, a + 2 * k);
		float w = arith_load(args->type_b, weight_at(args, k, n));

		if (args->layout == NPU_LAYOUT_NK)
			arith_lanes_fma(&lanes, k, x, w);
		else
			f = fmaf(x, w, f);
	}
	if (args->layout == NPU_LAYOUT_NK)
		f = arith_lanes_fold(&lanes, NPU_BINARY_ADD);
	return f;
}

static void store_i32(const struct npu_mm_args *args, uint8_t *c, int32_t v)
{
	uint32_t sum = (uint32_t)v, before;

	if (args->flags & NPU_F_ACCUM) {
		memcpy(&before, c, sizeof(before));
		sum += before;
	}
	memcpy(c, &sum, sizeof(sum));
}

static void epilogue(const struct npu_mm_args *args, size_t m, size_t n,
		     uint8_t *c, float f)
{
	if (args->flags & NPU_F_SA)
		f *= arith_load(NPU_TYPE_F32, args->sa + 4 * m);
	if (args->flags & NPU_F_SB)
		f *= arith_load(args->type_s,
				args->sb + n * arith_size(args->type_s));
	if (args->flags & NPU_F_BIAS)
		f += arith_load(NPU_TYPE_F32, args->bias + 4 * n);
	if (args->flags & NPU_F_ACCUM)
		f += arith_load(NPU_TYPE_F32, c);
	f = arith_unary(args->act, f);
	if (args->type_c == NPU_TYPE_I8)
		f *= args->inv;
	arith_store(args->type_c, c, f);
}

void npu_scalar_matmul(const struct npu_mm_args *args)
{
	for (size_t m = 0; m < args->m; m++) {
		uint8_t *c = args->c + m * args->ldc;

		for (size_t n = 0; n < args->n; n++) {
			if (args->type_a != NPU_TYPE_I8)
				epilogue(args, m, n, c, dot_16bit(args, m, n));
			else if (args->flags & NPU_F_GROUP)
				epilogue(args, m, n, c, dot_groups(args, m, n));
			else if (args->type_c == NPU_TYPE_I32)
				store_i32(args, c,
					  dot_i8(args, m, n, 0, args->k));
			else
				epilogue(args, m, n, c,
					 (float)dot_i8(args, m, n, 0, args->k));
			c += arith_size(args->type_c);
		}
	}
}
