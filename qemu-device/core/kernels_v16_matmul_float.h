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

/**
 * struct v16_form - constants that a pass is compiled for
 * @type: of B
 * @pack: layout PACK, else KN
 * @rows: rows of A
 * @panels: panels of B
 */
struct v16_form {
	unsigned int type;
	bool pack;
	size_t rows, panels;
};

/* B[@k][n] and, unless @single, B[@k + 1][n] of the panel of column @n. */
V16_INLINE void v16_weight_pair(const struct npu_mm_args *args,
				struct v16_form form, size_t k, size_t n,
				bool single, v16 *w0, v16 *w1)
{
	size_t count = form.panels > 1 ? 16 : v16_step(n, args->n);
	const uint8_t *p;

	if (form.pack) {
		p = pack_panel(args, n) + k / 2 * NPU_PACK_BLOCK;
		v16_load_pair(form.type, p, w0, w1);
		return;
	}
	p = args->b + k * args->ldb + 2 * n;
	*w0 = v16_load(form.type, p, count);
	if (!single)
		*w1 = v16_load(form.type, p + args->ldb, count);
}

/* Two k, or one: adds A[r][@k] * B[@k][n] and so on; @a is at A[0][@k]. */
V16_INLINE void v16_float_step(const struct npu_mm_args *args,
			       struct v16_form form, const float *a, size_t k,
			       size_t n, bool single, v16 *sum)
{
	v16 w0[V16_PANELS], w1[V16_PANELS];

#pragma GCC unroll 8
	for (size_t p = 0; p < form.panels; p++)
		v16_weight_pair(args, form, k, n + 16 * p, single, &w0[p],
				&w1[p]);
#pragma GCC unroll 8
	for (size_t r = 0; r < form.rows; r++) {
		v16 x0 = v16_set1(a[r * V16_A_CHUNK]);
		v16 x1 = v16_set1(single ? 0.0f : a[r * V16_A_CHUNK + 1]);

#pragma GCC unroll 8
		for (size_t p = 0; p < form.panels; p++) {
			v16 *f = &sum[r * form.panels + p];

			*f = v16_fma(x0, w0[p], *f);
			if (!single)
				*f = v16_fma(x1, w1[p], *f);
		}
	}
}

/* @a holds @length elements of each row from k on, V16_A_CHUNK apart. */
V16_INLINE void v16_float_pass(const struct npu_mm_args *args,
			       struct v16_form form, const float *a, size_t k,
			       size_t length, size_t n, v16 *sum)
{
	size_t i;

	for (i = 0; i + 2 <= length; i += 2)
		v16_float_step(args, form, a + i, k + i, n, false, sum);
	if (i < length)
		v16_float_step(args, form, a + i, k + i, n, true, sum);
}

V16_INLINE void v16_float_block(const struct npu_mm_args *args,
				struct v16_form form, size_t m, size_t n)
{
	float a[V16_ROWS * V16_A_CHUNK], f[16];
	v16 sum[V16_ROWS * V16_PANELS];

#pragma GCC unroll 32
	for (size_t i = 0; i < form.rows * form.panels; i++)
		sum[i] = v16_zero();
	for (size_t k = 0; k < args->k; k += V16_A_CHUNK) {
		size_t left = args->k - k;
		size_t length = left < V16_A_CHUNK ? left : V16_A_CHUNK;

		for (size_t r = 0; r < form.rows; r++)
			v16_convert(form.type,
				    args->a + (m + r) * args->lda + 2 * k,
				    a + r * V16_A_CHUNK, length);
		v16_float_pass(args, form, a, k, length, n, sum);
	}
#pragma GCC unroll 32
	for (size_t i = 0; i < form.rows * form.panels; i++) {
		size_t column = n + i % form.panels * 16;

		v16_put(f, sum[i]);
		v16_epilogue(args, m + i / form.panels, column,
			     v16_step(column, args->n), f);
	}
}

/* All rows of A with @panels panels from column @n on. */
V16_INLINE void v16_float_panels(const struct npu_mm_args *args,
				 unsigned int type, bool pack, size_t panels,
				 size_t n)
{
	struct v16_form many = { type, pack, V16_ROWS, panels };
	struct v16_form two = { type, pack, 2, panels };
	struct v16_form one = { type, pack, 1, panels };
	size_t m = 0;

	for (; m + V16_ROWS <= args->m; m += V16_ROWS)
		v16_float_block(args, many, m, n);
	for (; m + 2 <= args->m; m += 2)
		v16_float_block(args, two, m, n);
	if (m < args->m)
		v16_float_block(args, one, m, n);
}

V16_INLINE void v16_float_columns(const struct npu_mm_args *args,
				  unsigned int type, bool pack)
{
	size_t n = 0;

	for (; n + 16 * V16_PANELS <= args->n; n += 16 * V16_PANELS)
		v16_float_panels(args, type, pack, V16_PANELS, n);
	for (; n < args->n; n += 16)
		v16_float_panels(args, type, pack, 1, n);
}

static void v16_f16_pack(const struct npu_mm_args *args)
{
	v16_float_columns(args, NPU_TYPE_F16, true);
}

static void v16_f16_kn(const struct npu_mm_args *args)
{
	v16_float_columns(args, NPU_TYPE_F16, false);
}

static void v16_bf16_pack(const struct npu_mm_args *args)
{
	v16_float_columns(args, NPU_TYPE_BF16, true);
}

static void v16_bf16_kn(const struct npu_mm_args *args)
{
	v16_float_columns(args, NPU_TYPE_BF16, false);
}

/* Rows of a NK B that a pass works on. */
struct v16_nk_rows {
	const uint8_t *row[V16_NK_COLUMNS];
};

/* One step along k: @n elements of A at @a, of B from element @k on. */
V16_INLINE void v16_nk_step(const struct v16_nk_rows *b, unsigned int type_a,
			    unsigned int type_b, const uint8_t *a, size_t k,
			    size_t n, v16 *lanes)
{
	size_t size_b = type_b == NPU_TYPE_F32 ? 4 : 2;
	v16 x = v16_load(type_a, a + 2 * k, n);

#pragma GCC unroll 16
	for (size_t j = 0; j < V16_NK_COLUMNS; j++) {
		v16 w = v16_load(type_b, b->row[j] + k * size_b, n);

		lanes[j] = v16_keep(n, v16_fma(x, w, lanes[j]), lanes[j]);
	}
}

/* Lane dots of the row of A at @a with the rows of B. */
V16_INLINE void v16_nk_dots(const struct v16_nk_rows *b, unsigned int type_a,
			    unsigned int type_b, const uint8_t *a, size_t length,
			    float *dots)
{
	v16 lanes[V16_NK_COLUMNS];
	size_t k;

#pragma GCC unroll 16
	for (size_t j = 0; j < V16_NK_COLUMNS; j++)
		lanes[j] = v16_zero();
	for (k = 0; k + 16 <= length; k += 16)
		v16_nk_step(b, type_a, type_b, a, k, 16, lanes);
	if (k < length)
		v16_nk_step(b, type_a, type_b, a, k, length - k, lanes);
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

V16_INLINE void v16_float_nk(const struct npu_mm_args *args, unsigned int type)
{
	float buffer[V16_NK_COLUMNS * V16_B_CHUNK];
	float dots[16] = { 0 };
	struct v16_nk_rows b;

	for (size_t n = 0; n < args->n; n += V16_NK_COLUMNS) {
		size_t left = args->n - n;
		size_t count = left < V16_NK_COLUMNS ? left : V16_NK_COLUMNS;
		bool converted = v16_nk_prepare(args, n, &b, buffer);

		for (size_t m = 0; m < args->m; m++) {
			const uint8_t *a = args->a + m * args->lda;

			if (converted)
				v16_nk_dots(&b, type, NPU_TYPE_F32, a, args->k,
					    dots);
			else
				v16_nk_dots(&b, type, type, a, args->k, dots);
			v16_epilogue(args, m, n, count, dots);
		}
	}
}

static void v16_f16_nk(const struct npu_mm_args *args)
{
	v16_float_nk(args, NPU_TYPE_F16);
}

static void v16_bf16_nk(const struct npu_mm_args *args)
{
	v16_float_nk(args, NPU_TYPE_BF16);
}

static void v16_matmul_float(const struct npu_mm_args *args)
{
	bool half = args->type_b == NPU_TYPE_F16;

	if (args->layout == NPU_LAYOUT_NK)
		(half ? v16_f16_nk : v16_bf16_nk)(args);
	else if (args->layout == NPU_LAYOUT_PACK)
		(half ? v16_f16_pack : v16_bf16_pack)(args);
	else
		(half ? v16_f16_kn : v16_bf16_kn)(args);
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H */
