/* SPDX-License-Identifier: MIT */
/* Operands of vector instructions, sixteen columns at a time. */
#ifndef NPU_CORE_KERNELS_V16_OPERAND_H
#define NPU_CORE_KERNELS_V16_OPERAND_H

#include "kernels_operand.h"

/* Columns of the step that starts at column @c of @cols. */
V16_INLINE size_t v16_step(size_t c, size_t cols)
{
	return cols - c < 16 ? cols - c : 16;
}

/*
 * Fetch about @bytes more of what is needed soon. The second cache is where it
 * waits: the first is for what is used meanwhile.
 */
V16_INLINE void v16_fetch_ahead(struct npu_ahead *ahead, size_t bytes)
{
	const uint8_t *p;

	if (!ahead || ahead->next == ahead->rows)
		return;
	p = ahead->row[ahead->next] + ahead->done;
	if (bytes > ahead->bytes - ahead->done)
		bytes = ahead->bytes - ahead->done;
	for (size_t i = 0; i < bytes; i += 64)
		_mm_prefetch((const char *)p + i, _MM_HINT_T1);
	ahead->done += bytes;
	if (ahead->done >= ahead->bytes) {
		ahead->done = 0;
		ahead->next++;
	}
}

/* operand_load() for columns @c .. @c + @n - 1. */
V16_INLINE v16 v16_operand(const struct npu_vec_args *args, unsigned int s,
			   size_t r, size_t c, size_t n)
{
	unsigned int bcast = s ? args->bcast[s - 1] : NPU_BCAST_NONE;
	const uint8_t *p = operand_at(args, s, r, c);

	if (bcast == NPU_BCAST_COL || bcast == NPU_BCAST_SCALAR)
		return v16_set1(arith_load(args->type_src[s], p));
	return v16_load(args->type_src[s], p, n);
}

V16_INLINE void v16_result(const struct npu_vec_args *args, size_t r, size_t c,
			   v16 x, size_t n)
{
	v16_store(args->type_dst, result_at(args, r, c), x, n);
}

#endif /* NPU_CORE_KERNELS_V16_OPERAND_H */
