/* SPDX-License-Identifier: MIT */
/*
 * MATMUL of bytes with packed weights: I8, I4 and C4, with and without groups.
 *
 * A pass keeps the sums of some rows by some panels in registers. Panels are
 * the outer loop, so that weights come from memory once for many rows of A.
 */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_INT_H
#define NPU_CORE_KERNELS_V16_MATMUL_INT_H

#include "kernels_v16_epilogue.h"

/* Sums of A, by row and group, that are kept at a time: 32 KiB. */
#define W4_MAX_SUMS	8192
/* Groups whose scales are made F32 at a time. */
#define W4_SCALE_GROUPS	16
/* Bytes of A that are worked on at a time: they should stay in the cache. */
#define W4_A_BYTES	(512u << 10)
#define W4_A_ROWS	48

/**
 * struct w4_job - a MATMUL, cut to some rows of A
 * @args: the whole
 * @first: first row of A
 * @end: row behind the last one
 * @groups: groups of K, 1 or more
 * @nibbles: weights are I4 or C4
 * @table: what a nibble means
 * @zero_points: nibbles have zero points
 * @start: w4_start_of() the sums of A's elements, [@end - @first][@groups]
 * @own: room for them if the caller has none
 */
struct w4_job {
	const struct npu_mm_args *args;
	size_t first, end, groups;
	bool nibbles;
	w4_table table;
	bool zero_points;
	const int32_t *start;
	int32_t own[W4_MAX_SUMS];
};

/* One block of @panels panels, @ldb apart, with @rows rows of A, @lda apart. */
V16_INLINE void w4_block(size_t rows, size_t panels, bool nibbles,
			 w4_table table, const uint8_t *b, size_t ldb,
			 const uint8_t *a, size_t lda, w4_sum *sum)
{
	w4 low[W4_PANELS], high[W4_PANELS];

#pragma GCC unroll 8
	for (size_t p = 0; p < panels; p++) {
		if (nibbles)
			w4_nibbles(b + p * ldb, table, &low[p], &high[p]);
		else
			low[p] = w4_i8(b + p * ldb);
	}
#pragma GCC unroll 16
	for (size_t r = 0; r < rows; r++) {
		w4_a x = w4_broadcast(a + r * lda);

#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++)
			sum[r * panels + p] = w4_dot(sum[r * panels + p], low[p],
						     x);
		if (!nibbles)
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
 * @step apart for the rows, or NULL for zeros. @rows to @nibbles are constants.
 */
V16_INLINE void w4_pass(size_t rows, size_t panels, bool nibbles,
			w4_table table, const uint8_t *b, size_t ldb,
			const uint8_t *a, size_t lda, size_t k,
			const int32_t *start, size_t step, v16i *out)
{
	size_t depth = nibbles ? 8 : 4, tail = k % depth, i;
	uint8_t part[W4_TALL_ROWS * 8] = { 0 };
	w4_sum sum[W4_ROWS * W4_PANELS];

#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		sum[j] = start ? w4_begin(start[j / panels * step]) : w4_zero();
	for (i = 0; i + depth <= k; i += depth)
		w4_block(rows, panels, nibbles, table,
			 b + i / depth * NPU_PACK_BLOCK, ldb, a + i, lda, sum);
	if (tail) {
		/* Weights behind K meet zeros. */
		for (size_t r = 0; r < rows; r++)
			memcpy(part + r * 8, a + r * lda + i, tail);
		w4_block(rows, panels, nibbles, table,
			 b + i / depth * NPU_PACK_BLOCK, ldb, part, 8, sum);
	}
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		out[j] = w4_sums(sum[j]);
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

	return v16i_sub(sum, v16i_mul(zero, v16i_set1(w4_sum_of(start))));
}

/* Sums of one group less their zero points, in memory as they were. */
static __attribute__((noinline)) void
w4_zero_block(const struct w4_job *job, size_t rows, size_t panels, size_t m,
	      size_t n, int32_t *sums)
{
	for (size_t j = 0; j < rows * panels; j++) {
		v16i v = v16i_load(sums + j * 16, 16);

		v = w4_less_zero(job, m + j / panels, 0, n + j % panels * 16, v);
		v16i_store(sums + j * 16, v, 16);
	}
}

/* @rows rows from @m on by @panels panels from column @n on, one group. */
V16_INLINE void w4_plain_block(const struct w4_job *job, size_t rows,
			       size_t panels, bool nibbles, size_t m, size_t n)
{
	const struct npu_mm_args *args = job->args;
	int32_t out[W4_ROWS * W4_PANELS * 16];
	v16i sum[W4_ROWS * W4_PANELS];

	w4_pass(rows, panels, nibbles, job->table, pack_panel(args, n),
		args->ldb, args->a + m * args->lda, args->lda, args->k,
		job->start + (m - job->first), 1, sum);
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		v16i_store_all(out + j * 16, sum[j]);
	if (job->zero_points)
		w4_zero_block(job, rows, panels, m, n, out);
	v16_epilogue_i32_block(args, rows, panels, m, n, out);
}

/* Scales of group @g in the panel of column @n. */
V16_INLINE v16 w4_group_scale(const struct npu_mm_args *args, size_t g, size_t n,
			      size_t count)
{
	const uint8_t *scales = group_scales(args, g, n);
	const uint8_t *pair;

	if (args->type_s != NPU_TYPE_I8)
		return v16_load(args->type_s, scales, count);
	pair = scale_pair(args, g, n);
	return v16_fma(v16i_float(v16i_load_u8(scales, count)),
		       v16_set1(arith_load(NPU_TYPE_F32, pair)),
		       v16_set1(arith_load(NPU_TYPE_F32, pair + 4)));
}

/* Scales of @groups groups from @g on as F32: [group][panel][16]. */
static __attribute__((noinline)) void
w4_unpack_scales(const struct npu_mm_args *args, size_t g, size_t groups,
		 size_t n, size_t panels, float *scales)
{
	for (size_t i = 0; i < groups; i++)
		for (size_t p = 0; p < panels; p++) {
			size_t column = n + p * 16;

			v16_put(scales, w4_group_scale(args, g + i, column,
						       v16_step(column, args->n)));
			scales += 16;
		}
}

/* f = fma(sum of group @g, scale, f) */
V16_INLINE void w4_add_group(const struct w4_job *job, size_t rows,
			     size_t panels, bool nibbles, size_t m, size_t n,
			     size_t g, const float *scales, v16 *f)
{
	const struct npu_mm_args *args = job->args;
	size_t depth = nibbles ? 8 : 4, k = g * args->group;
	size_t length = args->k - k < args->group ? args->k - k : args->group;
	v16i sum[W4_ROWS * W4_PANELS];

	w4_pass(rows, panels, nibbles, job->table,
		pack_panel(args, n) + k / depth * NPU_PACK_BLOCK, args->ldb,
		args->a + m * args->lda + k, args->lda, length,
		job->start + (m - job->first) * job->groups + g, job->groups,
		sum);
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++) {
		size_t p = j % panels;
		v16i v = sum[j];

		if (job->zero_points)
			v = w4_less_zero(job, m + j / panels, g, n + p * 16, v);
		f[j] = v16_fma(v16i_float(v), v16_get(scales + p * 16), f[j]);
	}
}

V16_INLINE void w4_group_block(const struct w4_job *job, size_t rows,
			       size_t panels, bool nibbles, size_t m, size_t n)
{
	const struct npu_mm_args *args = job->args;
	float scales[W4_SCALE_GROUPS * W4_PANELS * 16], out[16];
	size_t groups = matmul_groups(args);
	v16 f[W4_ROWS * W4_PANELS];

#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		f[j] = v16_zero();
	for (size_t g = 0; g < groups; g += W4_SCALE_GROUPS) {
		size_t some = groups - g < W4_SCALE_GROUPS ? groups - g :
							    W4_SCALE_GROUPS;

		w4_unpack_scales(args, g, some, n, panels, scales);
		for (size_t i = 0; i < some; i++)
			w4_add_group(job, rows, panels, nibbles, m, n, g + i,
				     scales + i * panels * 16, f);
	}
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++) {
		size_t column = n + j % panels * 16;

		v16_put(out, f[j]);
		v16_epilogue(args, m + j / panels, column,
			     v16_step(column, args->n), out);
	}
}

/*
 * Bring share @part of @parts of the W4_PANELS panels behind column @n closer.
 * They most likely are what comes next, also if that is another piece's. No
 * address is wrong for a prefetch.
 */
V16_INLINE void w4_prefetch(const struct npu_mm_args *args, bool nibbles,
			    size_t n, size_t part, size_t parts)
{
	size_t lines = args->k / (nibbles ? 8 : 4);
	size_t end = lines * (part + 1) / parts;
	uintptr_t panel = (uintptr_t)args->b + n / 16 * args->ldb;

	for (size_t i = lines * part / parts; i < end; i++)
		for (size_t p = 0; p < W4_PANELS; p++)
			__builtin_prefetch((const void *)(panel + p * args->ldb +
							  i * NPU_PACK_BLOCK),
					   0, 2);
}

/* Rows of the next pass. Two times four are better than six and two. */
V16_INLINE size_t w4_next_rows(size_t left, size_t most)
{
	if (left >= most && (most < 6 || left != most + 2))
		return most;
	return left >= 4 && most > 4 ? 4 : left >= 2 ? 2 : left;
}

/* All rows of the job by @panels panels from column @n on. */
V16_INLINE void w4_plain_panels(const struct w4_job *job, size_t panels,
				bool nibbles, size_t n)
{
	size_t most = panels > 1 ? W4_ROWS : W4_TALL_ROWS, rows;
	size_t all = job->end - job->first, m;

	for (m = job->first; m < job->end; m += rows) {
		size_t done = m - job->first;

		rows = w4_next_rows(job->end - m, most);
		if (W4_PREFETCH && panels > 1 && all > W4_ROWS)
			w4_prefetch(job->args, nibbles, n + panels * 16,
				    done / W4_ROWS, all / W4_ROWS + 1);
		if (rows == most)
			w4_plain_block(job, most, panels, nibbles, m, n);
		else if (most > 4 && rows == 4)
			w4_plain_block(job, 4, panels, nibbles, m, n);
		else if (rows == 2)
			w4_plain_block(job, 2, panels, nibbles, m, n);
		else
			w4_plain_block(job, 1, panels, nibbles, m, n);
	}
}

V16_INLINE void w4_group_panels(const struct w4_job *job, size_t panels,
				bool nibbles, size_t n)
{
	size_t m = job->first;

	for (; m + W4_GROUP_ROWS <= job->end; m += W4_GROUP_ROWS)
		w4_group_block(job, W4_GROUP_ROWS, panels, nibbles, m, n);
	for (; m < job->end; m++)
		w4_group_block(job, 1, panels, nibbles, m, n);
}

V16_INLINE void w4_plain(const struct w4_job *job, bool nibbles)
{
	size_t n = 0, columns = job->args->n;

	for (; n + 16 * W4_PANELS <= columns; n += 16 * W4_PANELS)
		w4_plain_panels(job, W4_PANELS, nibbles, n);
	for (; n < columns; n += 16)
		w4_plain_panels(job, 1, nibbles, n);
}

V16_INLINE void w4_grouped(const struct w4_job *job, bool nibbles)
{
	size_t n = 0, columns = job->args->n;

	/* One row keeps more panels in registers, and reads as many streams. */
	if (job->end - job->first == 1)
		for (; n + 16 * W4_PANELS <= columns; n += 16 * W4_PANELS)
			w4_group_block(job, 1, W4_PANELS, nibbles, job->first, n);
	for (; n + 16 * W4_GROUP_PANELS <= columns; n += 16 * W4_GROUP_PANELS)
		w4_group_panels(job, W4_GROUP_PANELS, nibbles, n);
	for (; n < columns; n += 16)
		w4_group_panels(job, 1, nibbles, n);
}

static void w4_plain_i8(const struct w4_job *job) { w4_plain(job, false); }
static void w4_plain_nibbles(const struct w4_job *job) { w4_plain(job, true); }
static void w4_grouped_i8(const struct w4_job *job) { w4_grouped(job, false); }

static void w4_grouped_nibbles(const struct w4_job *job)
{
	w4_grouped(job, true);
}

static w4_table w4_table_of(const struct npu_mm_args *args)
{
	int8_t meaning[16];

	for (int i = 0; i < 16; i++) {
		if (args->type_b == NPU_TYPE_C4)
			meaning[i] = (int8_t)args->aux[i];
		else if (args->flags & NPU_F_ZP)
			meaning[i] = (int8_t)i;
		else
			meaning[i] = (int8_t)((i ^ 8) - 8);
	}
	return w4_make_table(meaning);
}

/* w4_start_of() the sums of rows @first .. @end - 1 of A, by group. */
static void w4_sum_rows(const struct npu_mm_args *args, size_t first, size_t end,
			int32_t *start)
{
	size_t groups = matmul_groups(args);
	size_t group = args->flags & NPU_F_GROUP ? args->group : args->k;

	for (size_t m = first; m < end; m++) {
		const uint8_t *a = args->a + m * args->lda;

		for (size_t g = 0; g < groups; g++) {
			size_t k = g * group, left = args->k - k;

			*start++ = w4_start_of(w4_row_sum(a + k, left < group ?
								 left : group));
		}
	}
}

static void v16_sum_rows(const struct npu_mm_args *args, int32_t *sums)
{
	w4_sum_rows(args, 0, args->m, sums);
}

/* The sums of the job's rows: those of the caller, or our own. */
static void w4_find_sums(struct w4_job *job)
{
	const struct npu_mm_args *args = job->args;

	if (args->sums) {
		job->start = args->sums + job->first * job->groups;
		return;
	}
	w4_sum_rows(args, job->first, job->end, job->own);
	job->start = job->own;
}

/* Rows of A for a job: their sums and the rows themselves must fit. */
static size_t w4_job_rows(const struct npu_mm_args *args, size_t groups)
{
	size_t rows = W4_A_BYTES / (args->k ? args->k : 1);

	if (rows < W4_A_ROWS)
		rows = W4_A_ROWS;
	return rows < W4_MAX_SUMS / groups ? rows : W4_MAX_SUMS / groups;
}

/* Not by an initialiser: that would clear all the sums. */
static void w4_start(struct w4_job *job, const struct npu_mm_args *args,
		     size_t groups)
{
	job->args = args;
	job->first = 0;
	job->groups = groups;
	job->nibbles = args->type_b != NPU_TYPE_I8;
	job->zero_points = w4_has_zero_points(args);
	if (job->nibbles)
		job->table = w4_table_of(args);
}

static void v16_matmul_pack_int(const struct npu_mm_args *args)
{
	bool grouped = args->flags & NPU_F_GROUP;
	size_t groups = matmul_groups(args), rows;
	struct w4_job job;

	w4_start(&job, args, groups ? groups : 1);
	rows = w4_job_rows(args, job.groups);
	for (; job.first < args->m; job.first = job.end) {
		job.end = args->m - job.first < rows ? args->m : job.first + rows;
		w4_find_sums(&job);
		if (grouped)
			(job.nibbles ? w4_grouped_nibbles : w4_grouped_i8)(&job);
		else
			(job.nibbles ? w4_plain_nibbles : w4_plain_i8)(&job);
	}
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_INT_H */
