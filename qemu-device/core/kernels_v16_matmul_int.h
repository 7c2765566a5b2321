/* SPDX-License-Identifier: MIT */
/*
 * MATMUL of bytes with packed weights: I8, I4 and C4, with and without groups.
 *
 * A pass keeps the sums of some rows by some panels in registers. Panels are
 * the outer loop, so that weights come from memory once for many rows of A.
 */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_INT_H
#define NPU_CORE_KERNELS_V16_MATMUL_INT_H

#include "kernels_v16_matmul_group.h"

/* Bytes of A that are worked on at a time: they should stay in the cache. */
#define W4_A_BYTES	(512u << 10)
#define W4_A_ROWS	48

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
			       size_t panels, unsigned int kind, size_t m, size_t n)
{
	const struct npu_mm_args *args = job->args;
	int32_t out[W4_ROWS * W4_PANELS * 16];
	v16i sum[W4_ROWS * W4_PANELS];

	if (rows * panels == 1)
		sum[0] = w4_row_pass(kind, job->table, pack_panel(args, n),
				     args->a + m * args->lda, args->k,
				     job->start[m - job->first]);
	else
		w4_pass(rows, panels, kind, job->table, pack_panel(args, n),
			args->ldb, args->a + m * args->lda, args->lda, args->k,
			job->start + (m - job->first), 1, sum);
	if (job->as_they_are && n + panels * 16 <= args->n) {
#pragma GCC unroll 32
		for (size_t j = 0; j < rows * panels; j++)
			v16i_store_all(args->c + (m + j / panels) * args->ldc +
				       (n + j % panels * 16) * 4, sum[j]);
		return;
	}
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		v16i_store_all(out + j * 16, sum[j]);
	if (job->zero_points)
		w4_zero_block(job, rows, panels, m, n, out);
	v16_epilogue_i32_block(args, rows, panels, m, n, out);
}

/*
 * Bring share @part of @parts of the W4_PANELS panels behind column @n closer.
 * They most likely are what comes next, also if that is another piece's. No
 * address is wrong for a prefetch.
 */
V16_INLINE void w4_prefetch(const struct npu_mm_args *args, unsigned int kind,
			    size_t n, size_t part, size_t parts)
{
	size_t lines = args->k / (kind == W4_BYTES ? 4 : 8);
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
				unsigned int kind, size_t n)
{
	size_t most = panels > 1 ? W4_ROWS : W4_TALL_ROWS, rows;
	size_t all = job->end - job->first, m;

	for (m = job->first; m < job->end; m += rows) {
		size_t done = m - job->first;

		rows = w4_next_rows(job->end - m, most);
		if (W4_PREFETCH && panels > 1 && all > W4_ROWS)
			w4_prefetch(job->args, kind, n + panels * 16,
				    done / W4_ROWS, all / W4_ROWS + 1);
		if (rows == most)
			w4_plain_block(job, most, panels, kind, m, n);
		else if (most > 4 && rows == 4)
			w4_plain_block(job, 4, panels, kind, m, n);
		else if (rows == 2)
			w4_plain_block(job, 2, panels, kind, m, n);
		else
			w4_plain_block(job, 1, panels, kind, m, n);
	}
}

V16_INLINE void w4_plain(const struct w4_job *job, unsigned int kind)
{
	size_t n = 0, columns = job->args->n;

	/* One row is as fast as its weights come: in one stream. */
	if (job->end - job->first > 1)
		for (; n + 16 * W4_PANELS <= columns; n += 16 * W4_PANELS)
			w4_plain_panels(job, W4_PANELS, kind, n);
	for (; n < columns; n += 16)
		w4_plain_panels(job, 1, kind, n);
}

static void w4_plain_bytes(const struct w4_job *job) { w4_plain(job, W4_BYTES); }

static void w4_plain_nibbles(const struct w4_job *job)
{
	w4_plain(job, W4_PLAIN_NIBBLES);
}

static void w4_plain_table(const struct w4_job *job)
{
	w4_plain(job, W4_TABLE_NIBBLES);
}

static void w4_grouped_bytes(const struct w4_job *job) { w4_grouped(job, W4_BYTES); }

static void w4_grouped_nibbles(const struct w4_job *job)
{
	w4_grouped(job, W4_PLAIN_NIBBLES);
}

static void w4_grouped_table(const struct w4_job *job)
{
	w4_grouped(job, W4_TABLE_NIBBLES);
}

static unsigned int w4_kind_of(const struct npu_mm_args *args)
{
	if (args->type_b == NPU_TYPE_I8)
		return W4_BYTES;
	return args->type_b == NPU_TYPE_I4 ? W4_PLAIN_NIBBLES : W4_TABLE_NIBBLES;
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
	return w4_make_table(meaning, w4_kind_of(args), args->flags);
}

/* w4_start_of() the sums of rows @first .. @end - 1 of A, by group. */
static void w4_sum_rows(const struct npu_mm_args *args, size_t first, size_t end,
			int32_t *start)
{
	size_t groups = matmul_groups(args);
	size_t group = args->flags & NPU_F_GROUP ? args->group : args->k;
	int32_t offset = w4_offset(w4_kind_of(args), args->flags);

	for (size_t m = first; m < end; m++) {
		const uint8_t *a = args->a + m * args->lda;

		for (size_t g = 0; g < groups; g++) {
			size_t k = g * group, left = args->k - k;

			*start++ = w4_start_of(offset, w4_row_sum(a + k, left < group ?
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
	job->kind = w4_kind_of(args);
	job->offset = w4_offset(job->kind, args->flags);
	job->zero_points = w4_has_zero_points(args);
	job->as_they_are = args->type_c == NPU_TYPE_I32 && !job->zero_points &&
			   !(args->flags & NPU_F_ACCUM);
	if (job->kind != W4_BYTES)
		job->table = w4_table_of(args);
}

static void v16_matmul_pack_int(const struct npu_mm_args *args)
{
	static void (*const all[][W4_KINDS])(const struct w4_job *job) = {
		{ w4_plain_bytes, w4_plain_nibbles, w4_plain_table },
		{ w4_grouped_bytes, w4_grouped_nibbles, w4_grouped_table },
	};
	bool grouped = args->flags & NPU_F_GROUP;
	size_t groups = matmul_groups(args), rows;
	struct w4_job job;

	w4_start(&job, args, groups ? groups : 1);
	rows = w4_job_rows(args, job.groups);
	for (; job.first < args->m; job.first = job.end) {
		job.end = args->m - job.first < rows ? args->m : job.first + rows;
		w4_find_sums(&job);
		all[grouped][job.kind](&job);
	}
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_INT_H */
