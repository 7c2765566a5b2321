/* SPDX-License-Identifier: MIT */
/* MATMUL of bytes with packed weights whose scales are by group. */
#ifndef NPU_CORE_KERNELS_V16_MATMUL_GROUP_H
#define NPU_CORE_KERNELS_V16_MATMUL_GROUP_H

#include "kernels_w4_pass.h"

/* Groups whose scales are made F32 at a time: more, or fewer, stall the stream of weights. */
#define W4_SCALE_GROUPS	8
/* A length of groups that has code of its own. */
#define W4_USUAL_GROUP	32

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
V16_INLINE void w4_unpack_type(const struct npu_mm_args *args, unsigned int type,
			       size_t g, size_t groups, size_t n, size_t panels,
			       float *scales)
{
	for (size_t p = 0; p < panels; p++) {
		const uint8_t *from = group_scales(args, g, n + p * 16);

		for (size_t i = 0; i < groups; i++)
			v16_put(scales + (i * panels + p) * 16,
				v16_load(type, from + i * 16 * arith_size(type), 16));
	}
}

static __attribute__((noinline)) void
w4_unpack_scales(const struct npu_mm_args *args, size_t g, size_t groups,
		 size_t n, size_t panels, float *scales)
{
	if (args->type_s == NPU_TYPE_F16) {
		w4_unpack_type(args, NPU_TYPE_F16, g, groups, n, panels, scales);
		return;
	}
	if (args->type_s == NPU_TYPE_F32) {
		w4_unpack_type(args, NPU_TYPE_F32, g, groups, n, panels, scales);
		return;
	}
	for (size_t i = 0; i < groups; i++)
		for (size_t p = 0; p < panels; p++) {
			v16_put(scales, w4_group_scale(args, g + i, n + p * 16, 16));
			scales += 16;
		}
}

/* f = fma(sum of group @g, scale, f) */
V16_INLINE void w4_add_group(const struct w4_job *job, size_t rows,
			     size_t panels, unsigned int kind, size_t m, size_t n,
			     size_t g, const float *scales, v16 *f)
{
	const struct npu_mm_args *args = job->args;
	size_t depth = kind == W4_BYTES ? 4 : 8, k = g * args->group;
	size_t length = args->k - k < args->group ? args->k - k : args->group;
	v16i sum[W4_ROWS * W4_PANELS];

	w4_pass(rows, panels, kind, job->table,
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

/*
 * The same for one row and one panel, and a group of @length: a constant, so that
 * nothing but the work is left, and no sum waits for the one before it for long.
 */
V16_INLINE v16 w4_add_row_group(const struct w4_job *job, unsigned int kind,
				size_t length, size_t m, size_t n, size_t g,
				const float *scale, v16 f)
{
	const struct npu_mm_args *args = job->args;
	size_t depth = kind == W4_BYTES ? 4 : 8, k = g * length;
	const uint8_t *b = pack_panel(args, n) + k / depth * NPU_PACK_BLOCK;
	const uint8_t *a = args->a + m * args->lda + k;
	w4_sum sum[2] = {
		w4_begin(job->start[(m - job->first) * job->groups + g]), w4_zero(),
	};
	v16i v;

#pragma GCC unroll 8
	for (size_t i = 0; i < length / depth; i++) {
		const uint8_t *block = b + i * NPU_PACK_BLOCK;
		w4 low, high;

		if (kind == W4_BYTES) {
			sum[i % 2] = w4_dot(sum[i % 2], w4_i8(block),
					    w4_broadcast(a + i * 4));
			continue;
		}
		w4_nibbles(kind, block, job->table, &low, &high);
		sum[0] = w4_dot(sum[0], low, w4_broadcast(a + i * 8));
		sum[1] = w4_dot(sum[1], high, w4_broadcast(a + i * 8 + 4));
	}
	v = v16i_add(w4_sums(sum[0]), w4_sums(sum[1]));
	if (job->zero_points)
		v = w4_less_zero(job, m, g, n, v);
	return v16_fma(v16i_float(v), v16_get(scale), f);
}

V16_INLINE void w4_add_groups(const struct w4_job *job, size_t rows, size_t panels,
			      unsigned int kind, size_t m, size_t n, size_t g,
			      size_t groups, const float *scales, v16 *f)
{
	const struct npu_mm_args *args = job->args;
	size_t i = 0;

	if (rows * panels == 1 && args->group == W4_USUAL_GROUP)
		for (; i < groups && (g + i + 1) * W4_USUAL_GROUP <= args->k; i++)
			f[0] = w4_add_row_group(job, kind, W4_USUAL_GROUP, m, n, g + i,
						scales + i * 16, f[0]);
	for (; i < groups; i++)
		w4_add_group(job, rows, panels, kind, m, n, g + i,
			     scales + i * panels * 16, f);
}

V16_INLINE void w4_group_block(const struct w4_job *job, size_t rows,
			       size_t panels, unsigned int kind, size_t m, size_t n)
{
	const struct npu_mm_args *args = job->args;
	float scales[W4_SCALE_GROUPS * W4_PANELS * 16], out[W4_ROWS * W4_PANELS * 16];
	size_t groups = matmul_groups(args);
	v16 f[W4_ROWS * W4_PANELS];

#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		f[j] = v16_zero();
	for (size_t g = 0; g < groups; g += W4_SCALE_GROUPS) {
		size_t some = groups - g < W4_SCALE_GROUPS ? groups - g :
							    W4_SCALE_GROUPS;

		w4_unpack_scales(args, g, some, n, panels, scales);
		w4_add_groups(job, rows, panels, kind, m, n, g, some, scales, f);
	}
#pragma GCC unroll 32
	for (size_t j = 0; j < rows * panels; j++)
		v16_put(out + 16 * j, f[j]);
	v16_epilogue_block(args, rows, panels, m, n, out);
}

V16_INLINE void w4_group_panels(const struct w4_job *job, size_t panels,
				unsigned int kind, size_t n)
{
	size_t m = job->first;

	for (; m + W4_GROUP_ROWS <= job->end; m += W4_GROUP_ROWS)
		w4_group_block(job, W4_GROUP_ROWS, panels, kind, m, n);
	for (; m < job->end; m++)
		w4_group_block(job, 1, panels, kind, m, n);
}

V16_INLINE void w4_grouped(const struct w4_job *job, unsigned int kind)
{
	size_t n = 0, columns = job->args->n;

	if (job->end - job->first > 1)
		for (; n + 16 * W4_GROUP_PANELS <= columns; n += 16 * W4_GROUP_PANELS)
			w4_group_panels(job, W4_GROUP_PANELS, kind, n);
	for (; n < columns; n += 16)
		w4_group_panels(job, 1, kind, n);
}

#endif /* NPU_CORE_KERNELS_V16_MATMUL_GROUP_H */
