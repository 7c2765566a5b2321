/* SPDX-License-Identifier: MIT */
/*
 * 16-bit MATMUL.
 *
 * KN and PACK sum along k one by one, so the lanes are columns and each pass
 * keeps the sums of some rows by some panels in registers. NK sums in sixteen
 * lanes along k, so each pass keeps the lanes of some columns of a row.
 */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H
#define NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H

#include "kernels_v16_epilogue.h"

/* Elements of A that are converted before they are used by several columns. */
#define V16_A_CHUNK	256
/* Longest rows of a NK B that are converted once for all rows of A. */
#define V16_B_CHUNK	256

V16_INLINE void v16_convert(unsigned int type, const uint8_t *src, float *dst,
			    size_t count)
{
	for (size_t i = 0; i < count; i += 16) {
		size_t n = v16_step(i, count);

		v16_store(NPU_TYPE_F32, dst + i, v16_load(type, src + 2 * i, n),
			  n);
	}
}

/* B[@k][n], B[@k + 1][n] of the panel at column @n; @n + @count is at most N. */
V16_INLINE void v16_weight_pair(const struct npu_mm_args *args, size_t k,
				size_t n, size_t count, v16 *w0, v16 *w1)
{
	const uint8_t *p = weight_at(args, k, n);

	if (args->layout == NPU_LAYOUT_PACK) {
		v16_load_pair(args->type_b, p, w0, w1);
		return;
	}
	*w0 = v16_load(args->type_b, p, count);
	if (k + 1 < args->k)
		*w1 = v16_load(args->type_b, p + args->ldb, count);
	else
		*w1 = v16_zero();
}

/*
 * Sums of @rows rows of A at @a (V16_A_CHUNK apart) over @length k from @k on,
 * for @panels panels from column @n on. @rows and @panels are constants.
 */
V16_INLINE void v16_float_pass(const struct npu_mm_args *args, size_t rows,
			       size_t panels, const float *a, size_t k,
			       size_t length, size_t n, v16 *sum)
{
	for (size_t i = 0; i < length; i += 2) {
		bool odd = i + 1 == length;

#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++) {
			size_t column = n + 16 * p;
			v16 w0, w1;

			v16_weight_pair(args, k + i, column,
					v16_step(column, args->n), &w0, &w1);
#pragma GCC unroll 8
			for (size_t r = 0; r < rows; r++) {
				v16 *f = &sum[r * panels + p];
				const float *x = a + r * V16_A_CHUNK + i;

				*f = v16_fma(v16_set1(x[0]), w0, *f);
				if (!odd)
					*f = v16_fma(v16_set1(x[1]), w1, *f);
			}
		}
	}
}

V16_INLINE void v16_float_block(const struct npu_mm_args *args, size_t rows,
				size_t panels, size_t m, size_t n)
{
	float a[V16_ROWS * V16_A_CHUNK];
	v16 sum[V16_ROWS * V16_PANELS];

#pragma GCC unroll 32
	for (size_t i = 0; i < rows * panels; i++)
		sum[i] = v16_zero();
	for (size_t k = 0; k < args->k; k += V16_A_CHUNK) {
		size_t left = args->k - k;
		size_t length = left < V16_A_CHUNK ? left : V16_A_CHUNK;

		for (size_t r = 0; r < rows; r++)
			v16_convert(args->type_a,
				    args->a + (m + r) * args->lda + 2 * k,
				    a + r * V16_A_CHUNK, length);
		v16_float_pass(args, rows, panels, a, k, length, n, sum);
	}
#pragma GCC unroll 32
	for (size_t i = 0; i < rows * panels; i++) {
		size_t column = n + i % panels * 16;

		v16_epilogue(args, m + i / panels, column,
			     v16_step(column, args->n), sum[i]);
	}
}

/* All rows of A with @panels panels from column @n on. */
V16_INLINE void v16_float_panels(const struct npu_mm_args *args, size_t panels,
				 size_t n)
{
	size_t m = 0;

	for (; m + V16_ROWS <= args->m; m += V16_ROWS)
		v16_float_block(args, V16_ROWS, panels, m, n);
	for (; m + 2 <= args->m; m += 2)
		v16_float_block(args, 2, panels, m, n);
	if (m < args->m)
		v16_float_block(args, 1, panels, m, n);
}

static void v16_matmul_columns(const struct npu_mm_args *args)
{
	size_t n = 0;

	for (; n + 16 * V16_PANELS <= args->n; n += 16 * V16_PANELS)
		v16_float_panels(args, V16_PANELS, n);
	for (; n < args->n; n += 16)
		v16_float_panels(args, 1, n);
}

/**
 * struct v16_nk_rows - rows of a NK B that a pass works on
 * @row: first element of each
 * @type: F32 when they were converted before
 * @size: bytes of an element
 */
struct v16_nk_rows {
	const uint8_t *row[V16_NK_COLUMNS];
	unsigned int type;
	size_t size;
};

/* Lane dots of the row of A at @a with the rows of B. */
V16_INLINE void v16_nk_dots(const struct npu_mm_args *args,
			    const struct v16_nk_rows *b, unsigned int type,
			    const uint8_t *a, float *dots)
{
	size_t size = type == NPU_TYPE_F32 ? 4 : 2;
	v16 lanes[V16_NK_COLUMNS];

#pragma GCC unroll 16
	for (size_t j = 0; j < V16_NK_COLUMNS; j++)
		lanes[j] = v16_zero();
	for (size_t k = 0; k < args->k; k += 16) {
		size_t n = v16_step(k, args->k);
		v16 x = v16_load(args->type_a, a + 2 * k, n);

#pragma GCC unroll 16
		for (size_t j = 0; j < V16_NK_COLUMNS; j++) {
			v16 w = v16_load(type, b->row[j] + k * size, n);

			lanes[j] = v16_keep(n, v16_fma(x, w, lanes[j]), lanes[j]);
		}
	}
	v16_fold_columns(lanes, dots);
}

/*
 * Rows of B for V16_NK_COLUMNS columns from @n on; the last one again for
 * those behind it. Short rows are converted to @buffer if A has many rows.
 */
V16_INLINE bool v16_nk_prepare(const struct npu_mm_args *args, size_t n,
			       struct v16_nk_rows *b, float *buffer)
{
	bool convert = args->m > 2 && args->k <= V16_B_CHUNK;

	for (size_t j = 0; j < V16_NK_COLUMNS; j++) {
		size_t column = n + j < args->n ? n + j : args->n - 1;

		b->row[j] = args->b + column * args->ldb;
		if (!convert)
			continue;
		v16_convert(args->type_b, b->row[j], buffer + j * V16_B_CHUNK,
			    args->k);
		b->row[j] = (const uint8_t *)(buffer + j * V16_B_CHUNK);
	}
	return convert;
}

static void v16_matmul_nk(const struct npu_mm_args *args)
{
	float buffer[V16_NK_COLUMNS * V16_B_CHUNK];
	float dots[V16_NK_COLUMNS] = { 0 };
	struct v16_nk_rows b;

	for (size_t n = 0; n < args->n; n += V16_NK_COLUMNS) {
		size_t left = args->n - n;
		size_t count = left < V16_NK_COLUMNS ? left : V16_NK_COLUMNS;
		bool converted = v16_nk_prepare(args, n, &b, buffer);

		for (size_t m = 0; m < args->m; m++) {
			const uint8_t *a = args->a + m * args->lda;

			if (converted)
				v16_nk_dots(args, &b, NPU_TYPE_F32, a, dots);
			else
				v16_nk_dots(args, &b, args->type_b, a, dots);
			v16_epilogue(args, m, n, count,
				     v16_load(NPU_TYPE_F32, dots, count));
		}
	}
}

static void v16_matmul_float(const struct npu_mm_args *args)
{
	if (args->layout == NPU_LAYOUT_NK)
		v16_matmul_nk(args);
	else
		v16_matmul_columns(args);
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H */
