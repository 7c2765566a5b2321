/* SPDX-License-Identifier: MIT */
/* MATMUL of bytes with I8 weights in rows: layouts NK and KN. */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_ROWS_H
#define NPU_CORE_KERNELS_V16_MATMUL_ROWS_H

#include "kernels_v16_matmul_int.h"

/* Columns of NK whose sums are folded together. */
#define NK_COLUMNS	4
/* Rows of A and of B that KN works on at a time. */
#define KN_ROWS		64
#define KN_DEPTH	512

/* Sums of row @m of a job with one group as they should be. */
V16_INLINE v16i w4_exact(const struct w4_job *job, size_t m, v16i sum)
{
	int32_t row = w4_sum_of(W4_OFFSET, job->start[m - job->first]);

	return v16i_sub(sum, v16i_set1(W4_OFFSET * row));
}

/* Sums of the lanes of four vectors. */
V16_INLINE __m128i nk_fold(const nk_sum *sum)
{
	__m256i first = _mm256_hadd_epi32(nk_half(sum[0]), nk_half(sum[1]));
	__m256i second = _mm256_hadd_epi32(nk_half(sum[2]), nk_half(sum[3]));
	__m256i both = _mm256_hadd_epi32(first, second);

	return _mm_add_epi32(_mm256_castsi256_si128(both),
			     _mm256_extracti128_si256(both, 1));
}

V16_INLINE void nk_step(size_t rows, const uint8_t *const *w, const uint8_t *a,
			size_t lda, size_t k, size_t n, nk_sum *sum)
{
	nk_bytes weights[NK_COLUMNS];

#pragma GCC unroll 4
	for (size_t j = 0; j < NK_COLUMNS; j++)
		weights[j] = nk_load_w(w[j] + k, n);
#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++) {
		nk_bytes x = nk_load_a(a + r * lda + k, n);

#pragma GCC unroll 4
		for (size_t j = 0; j < NK_COLUMNS; j++)
			sum[r * NK_COLUMNS + j] = nk_dot(sum[r * NK_COLUMNS + j],
							 weights[j], x);
	}
}

/* Sums of @rows rows of A by NK_COLUMNS rows of B to @out, rows 16 apart. */
V16_INLINE void nk_pass(const struct npu_mm_args *args, size_t rows,
			const uint8_t *const *w, const uint8_t *a, int32_t *out)
{
	nk_sum sum[NK_ROWS * NK_COLUMNS];
	size_t k = 0;

#pragma GCC unroll 16
	for (size_t i = 0; i < rows * NK_COLUMNS; i++)
		sum[i] = nk_zero();
	for (; k + NK_STEP <= args->k; k += NK_STEP)
		nk_step(rows, w, a, args->lda, k, NK_STEP, sum);
	if (k < args->k)
		nk_step(rows, w, a, args->lda, k, args->k - k, sum);
#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++)
		_mm_storeu_si128((__m128i *)(out + r * 16),
				 nk_fold(sum + r * NK_COLUMNS));
}

/* @rows rows of A from @m on by the sixteen rows of B in @w. */
V16_INLINE void nk_block(const struct w4_job *job, size_t rows,
			 const uint8_t *const *w, size_t m, size_t n)
{
	const struct npu_mm_args *args = job->args;
	const uint8_t *a = args->a + m * args->lda;
	size_t count = v16_step(n, args->n);
	int32_t out[NK_ROWS * 16];

	for (size_t j = 0; j < 16; j += NK_COLUMNS)
		nk_pass(args, rows, w + j, a, out + j);
	for (size_t r = 0; r < rows; r++)
		v16_epilogue_i32(args, m + r, n, count,
				 w4_exact(job, m + r,
					  v16i_load(out + r * 16, 16)));
}

static void nk_job(struct w4_job *job)
{
	const struct npu_mm_args *args = job->args;
	const uint8_t *w[16];

	for (size_t n = 0; n < args->n; n += 16) {
		size_t m = job->first;

		/* Behind the last column that column again. */
		for (size_t j = 0; j < 16; j++)
			w[j] = args->b + args->ldb *
			       (n + j < args->n ? n + j : args->n - 1);
		for (; m + NK_ROWS <= job->end; m += NK_ROWS)
			nk_block(job, NK_ROWS, w, m, n);
		for (; m < job->end; m++)
			nk_block(job, 1, w, m, n);
	}
}

/* Row @k of B, columns @n .. @n + @count - 1; zero outside of it. */
V16_INLINE __m128i kn_row(const struct npu_mm_args *args, size_t k, size_t n,
			  size_t count)
{
	uint8_t part[16] = { 0 };
	const uint8_t *row = args->b + k * args->ldb + n;

	if (k >= args->k)
		return _mm_setzero_si128();
	if (count < 16) {
		memcpy(part, row, count);
		row = part;
	}
	return _mm_loadu_si128((const __m128i *)row);
}

/* Rows @k .. @k + @depth - 1 of B as a panel of the PACK layout. */
static void kn_pack(const struct npu_mm_args *args, size_t k, size_t depth,
		    size_t n, uint8_t *panel)
{
	size_t count = v16_step(n, args->n);

	for (size_t i = 0; i < depth; i += 4) {
		__m128i *block = (__m128i *)(panel + i * 16);
		__m128i r0 = kn_row(args, k + i, n, count);
		__m128i r1 = kn_row(args, k + i + 1, n, count);
		__m128i r2 = kn_row(args, k + i + 2, n, count);
		__m128i r3 = kn_row(args, k + i + 3, n, count);
		__m128i low01 = _mm_unpacklo_epi8(r0, r1);
		__m128i low23 = _mm_unpacklo_epi8(r2, r3);
		__m128i high01 = _mm_unpackhi_epi8(r0, r1);
		__m128i high23 = _mm_unpackhi_epi8(r2, r3);

		_mm_storeu_si128(block, _mm_unpacklo_epi16(low01, low23));
		_mm_storeu_si128(block + 1, _mm_unpackhi_epi16(low01, low23));
		_mm_storeu_si128(block + 2, _mm_unpacklo_epi16(high01, high23));
		_mm_storeu_si128(block + 3, _mm_unpackhi_epi16(high01, high23));
	}
}

/* Adds @rows rows of A from row @m, element @k on by the panel to @part. */
V16_INLINE void kn_add(const struct w4_job *job, size_t rows, size_t m, size_t k,
		       size_t depth, const uint8_t *panel, v16i *part)
{
	const struct npu_mm_args *args = job->args;
	v16i sum[W4_ROWS * W4_PANELS];

	/* Weights are bytes, so no table. */
	w4_pass(rows, 1, W4_BYTES, (w4_table){ 0 }, panel, 0,
		args->a + m * args->lda + k, args->lda, depth, NULL, 0,
		sum);
#pragma GCC unroll 16
	for (size_t r = 0; r < rows; r++)
		part[m - job->first + r] = v16i_add(part[m - job->first + r],
						    sum[r]);
}

static void kn_panel(const struct w4_job *job, size_t n)
{
	const struct npu_mm_args *args = job->args;
	uint8_t panel[KN_DEPTH * 16];
	v16i part[KN_ROWS];

	for (size_t r = 0; r < KN_ROWS; r++)
		part[r] = v16i_zero();
	for (size_t k = 0; k < args->k; k += KN_DEPTH) {
		size_t left = args->k - k, m = job->first;
		size_t depth = left < KN_DEPTH ? left : KN_DEPTH;

		kn_pack(args, k, depth, n, panel);
		for (; m + W4_TALL_ROWS <= job->end; m += W4_TALL_ROWS)
			kn_add(job, W4_TALL_ROWS, m, k, depth, panel, part);
		for (; m < job->end; m++)
			kn_add(job, 1, m, k, depth, panel, part);
	}
	for (size_t m = job->first; m < job->end; m++)
		v16_epilogue_i32(args, m, n, v16_step(n, args->n),
				 w4_exact(job, m, part[m - job->first]));
}

static void v16_matmul_rows_int(const struct npu_mm_args *args)
{
	struct w4_job job;

	w4_start(&job, args, 1);
	for (; job.first < args->m; job.first = job.end) {
		size_t left = args->m - job.first;

		job.end = job.first + (left < KN_ROWS ? left : KN_ROWS);
		w4_find_sums(&job);
		if (args->layout == NPU_LAYOUT_NK) {
			nk_job(&job);
			continue;
		}
		for (size_t n = 0; n < args->n; n += 16)
			kn_panel(&job, n);
	}
}

static void v16_matmul(const struct npu_mm_args *args)
{
	if (args->type_a != NPU_TYPE_I8)
		v16_matmul_float(args);
	else if (args->layout == NPU_LAYOUT_PACK)
		v16_matmul_pack_int(args);
	else
		v16_matmul_rows_int(args);
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_ROWS_H */
