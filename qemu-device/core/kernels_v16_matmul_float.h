/* SPDX-License-Identifier: MIT */
/*
 * 16-bit MATMUL. Layouts KN and PACK: sums go along k one by one, so the lanes
 * are columns and each pass keeps the sums of some rows by some panels in
 * registers. NK is in kernels_v16_matmul_nk.h.
 */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H
#define NPU_CORE_KERNELS_V16_MATMUL_FLOAT_H

#include "kernels_v16_matmul_nk.h"

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

	if (!form.pack)
		v16_fetch_ahead(args->ahead, form.panels * 64);

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
	float a[V16_ROWS * V16_A_CHUNK], f[V16_ROWS * V16_PANELS * 16];
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
	for (size_t i = 0; i < form.rows * form.panels; i++)
		v16_put(f + 16 * i, sum[i]);
	v16_epilogue_block(args, form.rows, form.panels, m, n, f);
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
