/* SPDX-License-Identifier: MIT */
/* Where weights, group scales and zero points of a MATMUL lie. */
#ifndef NPU_CORE_KERNELS_WEIGHT_H
#define NPU_CORE_KERNELS_WEIGHT_H

#include "arith_convert.h"
#include "kernels.h"

static inline size_t matmul_groups(const struct npu_mm_args *args)
{
	if (!(args->flags & NPU_F_GROUP))
		return 1;
	return ((size_t)args->k + args->group - 1) / args->group;
}

/* Consecutive k that a PACK block holds of each column. */
static inline size_t pack_depth(unsigned int type_b)
{
	switch (type_b) {
	case NPU_TYPE_I8:
		return 4;
	case NPU_TYPE_I4:
	case NPU_TYPE_C4:
		return 8;
	default:
		return 2;
	}
}

static inline const uint8_t *pack_panel(const struct npu_mm_args *args,
					size_t n)
{
	return args->b + n / NPU_PACK_COLS * args->ldb;
}

/* Address of the I8, F16 or BF16 element B[@k][@n]. */
static inline const uint8_t *weight_at(const struct npu_mm_args *args,
				       size_t k, size_t n)
{
	size_t size = arith_size(args->type_b), depth = 4 / size;

	switch (args->layout) {
	case NPU_LAYOUT_NK:
		return args->b + n * args->ldb + k * size;
	case NPU_LAYOUT_KN:
		return args->b + k * args->ldb + n * size;
	default:
		return pack_panel(args, n) + k / depth * NPU_PACK_BLOCK +
		       n % NPU_PACK_COLS * 4 + k % depth * size;
	}
}

/* The nibble of the I4 or C4 element B[@k][@n]. */
static inline unsigned int weight_nibble(const struct npu_mm_args *args,
					 size_t k, size_t n)
{
	const uint8_t *block = pack_panel(args, n) + k / 8 * NPU_PACK_BLOCK;
	uint8_t pair = block[n % NPU_PACK_COLS * 4 + k % 4];

	return k % 8 < 4 ? pair & 15 : pair >> 4;
}

/* Scales of group @g: 16 elements, one a column of the panel of @n. */
static inline const uint8_t *group_scales(const struct npu_mm_args *args,
					  size_t g, size_t n)
{
	return args->sb + n / NPU_PACK_COLS * args->lds +
	       g * NPU_PACK_COLS * arith_size(args->type_s);
}

/* Zero points of group @g: 16 bytes, one a column of the panel of @n. */
static inline const uint8_t *zero_points(const struct npu_mm_args *args,
					 size_t g, size_t n)
{
	size_t pitch = NPU_PACK_COLS;

	if (args->flags & NPU_F_GROUP)
		pitch = args->lds / arith_size(args->type_s);
	return args->aux + n / NPU_PACK_COLS * pitch + g * NPU_PACK_COLS;
}

/* The pair F32 d, m of DQ8 for group @g of the panel of @n. */
static inline const uint8_t *scale_pair(const struct npu_mm_args *args,
					size_t g, size_t n)
{
	size_t pairs = (args->lds + 255) / 256;

	return args->dq + 8 * (n / NPU_PACK_COLS * pairs + g / 16);
}

#endif /* NPU_CORE_KERNELS_WEIGHT_H */
