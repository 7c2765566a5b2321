/* SPDX-License-Identifier: MIT */
/* What MATMUL does with its sums, for up to sixteen columns of a row. */
#ifndef NPU_CORE_KERNELS_V16_EPILOGUE_H
#define NPU_CORE_KERNELS_V16_EPILOGUE_H

#include "kernels_weight.h"

V16_INLINE uint8_t *v16_c_at(const struct npu_mm_args *args, size_t m, size_t n)
{
	return args->c + m * args->ldc + n * arith_size(args->type_c);
}

/*
 * Sixteen sums of row @m, of which those for columns @n .. @n + @count - 1
 * count. They come in memory: if a pass had to give its registers' values to
 * a function, compilers would keep them in memory for all of the pass.
 */
static void v16_epilogue(const struct npu_mm_args *args, size_t m, size_t n,
			 size_t count, const float *sums)
{
	uint8_t *c = v16_c_at(args, m, n);
	v16 f = v16_get(sums);

	if (args->flags & NPU_F_SA)
		f = v16_mul(f, v16_set1(arith_load(NPU_TYPE_F32,
						   args->sa + 4 * m)));
	if (args->flags & NPU_F_SB)
		f = v16_mul(f, v16_load(args->type_s,
					args->sb + n * arith_size(args->type_s),
					count));
	if (args->flags & NPU_F_BIAS)
		f = v16_add(f, v16_load(NPU_TYPE_F32, args->bias + 4 * n, count));
	if (args->flags & NPU_F_ACCUM)
		f = v16_add(f, v16_load(NPU_TYPE_F32, c, count));
	if (args->act != NPU_UNARY_COPY)
		f = v16_unary(args->act, f);
	if (args->type_c == NPU_TYPE_I8)
		f = v16_mul(f, v16_set1(args->inv));
	v16_store(args->type_c, c, f, count);
}

/* The same for exact sums, which an I32 C takes as they are. */
static void v16_epilogue_i32(const struct npu_mm_args *args, size_t m, size_t n,
			     size_t count, v16i v)
{
	uint8_t *c = v16_c_at(args, m, n);
	float f[16];

	if (args->type_c != NPU_TYPE_I32) {
		v16_put(f, v16i_float(v));
		v16_epilogue(args, m, n, count, f);
		return;
	}
	if (args->flags & NPU_F_ACCUM)
		v = v16i_add(v, v16i_load(c, count));
	v16i_store(c, v, count);
}

#endif /* NPU_CORE_KERNELS_V16_EPILOGUE_H */
