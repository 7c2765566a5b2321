/* SPDX-License-Identifier: MIT */
/* Sums of some rows of bytes by some panels of packed weights, in registers. */
#ifndef NPU_CORE_KERNELS_W4_PASS_H
#define NPU_CORE_KERNELS_W4_PASS_H

#include "kernels_v16_epilogue.h"

/* Sums of A, by row and group, that are kept at a time: 32 KiB. */
#define W4_MAX_SUMS	8192
/* Sums that one row and one panel are spread over. */
#define W4_CHAINS	4

/**
 * struct w4_job - a MATMUL, cut to some rows of A
 * @args: the whole
 * @first: first row of A
 * @end: row behind the last one
 * @groups: groups of K, 1 or more
 * @kind: how weights are made bytes, enum w4_kind
 * @offset: how much larger they then are
 * @table: what a nibble means
 * @zero_points: nibbles have zero points
 * @as_they_are: sums without groups are what goes to C
 * @start: w4_start_of() the sums of A's elements, [@end - @first][@groups]
 * @own: room for them if the caller has none
 */
struct w4_job {
	const struct npu_mm_args *args;
	size_t first, end, groups;
	unsigned int kind;
	int32_t offset;
	w4_table table;
	bool zero_points, as_they_are;
	const int32_t *start;
	int32_t own[W4_MAX_SUMS];
};

/* One block of @panels panels, @ldb apart, with @rows rows of A, @lda apart. */
V16_INLINE void w4_block(size_t rows, size_t panels, unsigned int kind,
			 w4_table table, const uint8_t *b, size_t ldb,
			 const uint8_t *a, size_t lda, w4_sum *sum)
{
	w4 low[W4_PANELS], high[W4_PANELS];

#pragma GCC unroll 8
	for (size_t p = 0; p < panels; p++) {
		if (kind == W4_BYTES)
			low[p] = w4_i8(b + p * ldb);
		else
			w4_nibbles(kind, b + p * ldb, table, &low[p], &high[p]);
	}
#pragma GCC unroll 16
	for (size_t r = 0; r < rows; r++) {
		w4_a x = w4_broadcast(a + r * lda);

#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++)
			sum[r * panels + p] = w4_dot(sum[r * panels + p], low[p],
						     x);
		if (kind == W4_BYTES)
			continue;
		x = w4_broadcast(a + r * lda + 4);
#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++)
			sum[r * panels + p] = w4_dot(sum[r * panels + p], high[p],
						     x);
	}
}

/*
 * Sums over @k of @rows rows by @panels panels. @start is what to begin with,
 * @step apart for the rows, or NULL for zeros. @rows to @kind are constants.
 */
V16_INLINE void w4_pass(size_t rows, size_t panels, unsigned int kind,
			w4_table table, const uint8_t *b, size_t ldb,
			const uint8_t *a, size_t lda, size_t k,
			const int32_t *start, size_t step, v16i *out)
{
	size_t depth = kind == W4_BYTES ? 4 : 8, tail = k % depth, i;
	uint8_t part[W4_TALL_ROWS * 8] = { 0 };
	w4_sum sum[W4_ROWS * W4_PANELS];

#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		sum[j] = start ? w4_begin(start[j / panels * step]) : w4_zero();
	for (i = 0; i + depth <= k; i += depth)
		w4_block(rows, panels, kind, table,
			 b + i / depth * NPU_PACK_BLOCK, ldb, a + i, lda, sum);
	if (tail) {
		/* Weights behind K meet zeros. */
		for (size_t r = 0; r < rows; r++)
			memcpy(part + r * 8, a + r * lda + i, tail);
		w4_block(rows, panels, kind, table,
			 b + i / depth * NPU_PACK_BLOCK, ldb, part, 8, sum);
	}
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		out[j] = w4_sums(sum[j]);
}

/*
 * Sums over @k of one row by one panel. A panel is a single stream, which hosts
 * read faster than several; W4_CHAINS sums hide how long each addition takes.
 */
V16_INLINE v16i w4_row_pass(unsigned int kind, w4_table table, const uint8_t *b,
			    const uint8_t *a, size_t k, int32_t start)
{
	size_t depth = kind == W4_BYTES ? 4 : 8, step = W4_CHAINS * depth, whole = k - k % step;
	w4_sum sum[W4_CHAINS];
	v16i out;

	w4_pass(1, 1, kind, table, b + whole / depth * NPU_PACK_BLOCK, 0, a + whole, 0,
		k - whole, &start, 0, &out);
#pragma GCC unroll 8
	for (size_t j = 0; j < W4_CHAINS; j++)
		sum[j] = w4_zero();
	for (size_t i = 0; i < whole; i += step)
#pragma GCC unroll 8
		for (size_t j = 0; j < W4_CHAINS; j++)
			w4_block(1, 1, kind, table,
				 b + (i / depth + j) * NPU_PACK_BLOCK, 0,
				 a + i + j * depth, 0, &sum[j]);
#pragma GCC unroll 8
	for (size_t j = 0; j < W4_CHAINS; j++)
		out = v16i_add(out, w4_sums(sum[j]));
	return out;
}

static bool w4_has_zero_points(const struct npu_mm_args *args)
{
	return args->flags & NPU_F_ZP && args->type_b == NPU_TYPE_I4;
}

/* What zero points make of @sum, of row @m and group @g. */
V16_INLINE v16i w4_less_zero(const struct w4_job *job, size_t m, size_t g,
			     size_t n, v16i sum)
{
	size_t count = v16_step(n, job->args->n);
	v16i zero = v16i_load_u8(zero_points(job->args, g, n), count);
	int32_t start = job->start[(m - job->first) * job->groups + g];

	return v16i_sub(sum, v16i_mul(zero, v16i_set1(w4_sum_of(job->offset, start))));
}

#endif /* NPU_CORE_KERNELS_W4_PASS_H */
