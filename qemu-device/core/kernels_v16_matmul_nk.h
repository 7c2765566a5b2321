/* SPDX-License-Identifier: MIT */
/*
 * 16-bit MATMUL, layout NK.
 *
 * Each sum goes in sixteen lanes along k, which are added up at its end. A pass
 * keeps the lanes of V16_NK_SUMS sums in registers: of some columns by some
 * rows, so that what is loaded and converted of B serves all these rows.
 */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_NK_H
#define NPU_CORE_KERNELS_V16_MATMUL_NK_H

#include "kernels_v16_epilogue.h"

/* Elements of a row of A that are converted at a time. */
#define V16_A_CHUNK	256

V16_INLINE void v16_convert(unsigned int type, const uint8_t *src, float *dst,
			    size_t count)
{
	for (size_t i = 0; i < count; i += 16) {
		size_t n = v16_step(i, count);

		v16_store(NPU_TYPE_F32, dst + i, v16_load(type, src + 2 * i, n),
			  n);
	}
}

/**
 * struct v16_nk - what a pass is compiled for, and where its rows are
 * @type: of B
 * @type_a: of A, which is F32 if it was converted
 * @rows: rows of A; of B there are V16_NK_SUMS / @rows
 * @a: first row of A
 * @lda: bytes from row to row there
 */
struct v16_nk {
	unsigned int type, type_a;
	size_t rows;
	const uint8_t *a;
	size_t lda;
};

/* One step along k: elements @k .. @k + @n - 1 of the rows of A and of B at @b. */
V16_INLINE void v16_nk_step(struct v16_nk nk, const uint8_t *const *b, size_t k,
			    size_t n, v16 *lanes)
{
	const size_t columns = V16_NK_SUMS / nk.rows;
	const uint8_t *a = nk.a + k * (nk.type_a == NPU_TYPE_F32 ? 4 : 2);
	v16 w[V16_NK_SUMS];

#pragma GCC unroll 16
	for (size_t j = 0; j < columns; j++)
		w[j] = v16_load(nk.type, b[j] + 2 * k, n);
#pragma GCC unroll 16
	for (size_t r = 0; r < nk.rows; r++) {
		v16 x = v16_load(nk.type_a, a + r * nk.lda, n);

#pragma GCC unroll 16
		for (size_t j = 0; j < columns; j++) {
			v16 *sum = &lanes[r * columns + j];

			*sum = v16_keep(n, v16_fma(x, w[j], *sum), *sum);
		}
	}
}

/* Sums of the rows of A by the rows of B at @b, row by row. */
V16_INLINE void v16_nk_pass(struct v16_nk nk, const uint8_t *const *b,
			    size_t length, float *sums)
{
	v16 lanes[V16_NK_SUMS];
	size_t k;

#pragma GCC unroll 16
	for (size_t i = 0; i < V16_NK_SUMS; i++)
		lanes[i] = v16_zero();
	for (k = 0; k + 16 <= length; k += 16)
		v16_nk_step(nk, b, k, 16, lanes);
	if (k < length)
		v16_nk_step(nk, b, k, length - k, lanes);
	v16_fold_sums(lanes, sums);
}

/* Rows of B from the one at @b on; behind the last, of @left, that one again. */
V16_INLINE void v16_nk_find(const struct npu_mm_args *args, const uint8_t *b,
			    size_t left, const uint8_t **rows, size_t columns)
{
#pragma GCC unroll 16
	for (size_t j = 0; j < columns; j++) {
		rows[j] = b;
		b += j + 1 < left ? args->ldb : 0;
	}
}

/* Sixteen columns, or what is left of them, from @n on. */
V16_INLINE void v16_nk_columns(const struct npu_mm_args *args, struct v16_nk nk,
			       size_t m, size_t n)
{
	const size_t columns = V16_NK_SUMS / nk.rows;
	float dots[V16_NK_ROWS * 16] = { 0 }, sums[V16_NK_SUMS];
	const uint8_t *b = args->b + n * args->ldb;
	size_t count = v16_step(n, args->n);

	for (size_t i = 0; i < count; i += columns, b += columns * args->ldb) {
		const uint8_t *rows[V16_NK_SUMS];

		v16_fetch_ahead(args->ahead, columns * args->k * 2);
		v16_nk_find(args, b, count - i, rows, columns);
		v16_nk_pass(nk, rows, args->k, sums);
#pragma GCC unroll 4
		for (size_t r = 0; r < nk.rows; r++)
			memcpy(dots + 16 * r + i, sums + columns * r,
			       columns * sizeof(*dots));
	}
	v16_epilogue_block(args, nk.rows, 1, m, n, dots);
}

/* @rows rows of A from @m on by all of B. */
V16_INLINE void v16_nk_rows(const struct npu_mm_args *args, unsigned int type,
			    size_t rows, size_t m)
{
	float a[V16_NK_ROWS * V16_A_CHUNK];
	struct v16_nk nk = {
		.type = type, .type_a = type, .rows = rows,
		.a = args->a + m * args->lda, .lda = args->lda,
	};

	if (args->k > V16_A_CHUNK) {
		for (size_t n = 0; n < args->n; n += 16)
			v16_nk_columns(args, nk, m, n);
		return;
	}
	for (size_t r = 0; r < rows; r++)
		v16_convert(type, nk.a + r * nk.lda, a + r * V16_A_CHUNK, args->k);
	nk.type_a = NPU_TYPE_F32;
	nk.a = (const uint8_t *)a;
	nk.lda = V16_A_CHUNK * sizeof(*a);
	for (size_t n = 0; n < args->n; n += 16)
		v16_nk_columns(args, nk, m, n);
}

V16_INLINE void v16_float_nk(const struct npu_mm_args *args, unsigned int type)
{
	size_t m = 0;

	for (; m + V16_NK_ROWS <= args->m; m += V16_NK_ROWS)
		v16_nk_rows(args, type, V16_NK_ROWS, m);
	for (; m < args->m; m++)
		v16_nk_rows(args, type, 1, m);
}

static void v16_f16_nk(const struct npu_mm_args *args)
{
	v16_float_nk(args, NPU_TYPE_F16);
}

static void v16_bf16_nk(const struct npu_mm_args *args)
{
	v16_float_nk(args, NPU_TYPE_BF16);
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_NK_H */
