/* SPDX-License-Identifier: MIT */
/* What MATMUL does with its sums, for up to sixteen columns of a row. */
#ifndef NPU_CORE_KERNELS_V16_EPILOGUE_H
#define NPU_CORE_KERNELS_V16_EPILOGUE_H

#include "kernels_weight.h"

V16_INLINE uint8_t *v16_c_at(const struct npu_mm_args *args, size_t m, size_t n)
{
	return args->c + m * args->ldc + n * arith_size(args->type_c);
}

/* Sixteen sums of row @m, of which those for columns @n .. @n + @count - 1 count. */
V16_INLINE void v16_finish(const struct npu_mm_args *args, size_t m, size_t n,
			   size_t count, v16 f)
{
	uint8_t *c = v16_c_at(args, m, n);

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

/* Whether sums become an F32 C with nothing but what is there added to them. */
V16_INLINE bool v16_is_plain(const struct npu_mm_args *args)
{
	return args->type_c == NPU_TYPE_F32 && args->act == NPU_UNARY_COPY &&
	       !(args->flags & (NPU_F_SA | NPU_F_SB | NPU_F_BIAS));
}

/*
 * Sums of @rows rows by @panels panels from row @m and column @n on, one after the
 * other. They come in memory: if a pass had to give its registers' values to a
 * function, compilers would keep them in memory for all of the pass.
 */
static __attribute__((noinline)) void
v16_epilogue_block(const struct npu_mm_args *args, size_t rows, size_t panels,
		   size_t m, size_t n, const float *sums)
{
	bool plain = v16_is_plain(args) && n + 16 * panels <= args->n;

	for (size_t r = 0; r < rows; r++)
		for (size_t p = 0; p < panels; p++, sums += 16) {
			size_t column = n + p * 16;
			uint8_t *c = v16_c_at(args, m + r, column);
			v16 f = v16_get(sums);

			if (!plain) {
				v16_finish(args, m + r, column,
					   v16_step(column, args->n), f);
				continue;
			}
			if (args->flags & NPU_F_ACCUM)
				f = v16_add(f, v16_load(NPU_TYPE_F32, c, 16));
			v16_store(NPU_TYPE_F32, c, f, 16);
		}
}

/* The same for exact sums, which an I32 C takes as they are. */
static void v16_epilogue_i32(const struct npu_mm_args *args, size_t m, size_t n,
			     size_t count, v16i v)
{
	uint8_t *c = v16_c_at(args, m, n);

	if (args->type_c != NPU_TYPE_I32) {
		v16_finish(args, m, n, count, v16i_float(v));
		return;
	}
	if (args->flags & NPU_F_ACCUM)
		v = v16i_add(v, v16i_load(c, count));
	v16i_store(c, v, count);
}

/* Sums of @rows rows by @panels panels from row @m and column @n on, one after the other. */
static __attribute__((noinline)) void
v16_epilogue_i32_block(const struct npu_mm_args *args, size_t rows, size_t panels,
		       size_t m, size_t n, const int32_t *sums)
{
	bool plain = args->type_c == NPU_TYPE_I32 && !(args->flags & NPU_F_ACCUM);

	for (size_t r = 0; r < rows; r++)
		for (size_t p = 0; p < panels; p++) {
			size_t column = n + p * 16;
			size_t count = v16_step(column, args->n);
			v16i v = v16i_load(sums + (r * panels + p) * 16, 16);

			if (plain)
				v16i_store(v16_c_at(args, m + r, column), v, count);
			else
				v16_epilogue_i32(args, m + r, column, count, v);
		}
}

#endif /* NPU_CORE_KERNELS_V16_EPILOGUE_H */
