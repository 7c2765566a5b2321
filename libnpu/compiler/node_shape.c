// SPDX-License-Identifier: MIT
/* Shapes: what can be said of them, and how they look in messages. */
#include <stdio.h>
#include <string.h>

#include "node.h"

const char *shape_text(char text[SHAPE_TEXT_LEN], const struct npu_shape *shape)
{
	size_t len = 0;

	text[0] = 0;
	for (uint32_t i = 0; i < shape->n_dims && i < NPU_GRAPH_MAX_DIMS; i++) {
		uint64_t d = shape->dims[i];

		if (d == NPU_ROWS || d == NPU_LAST_ROWS)
			len += snprintf(text + len, SHAPE_TEXT_LEN - len, "[%s]",
					d == NPU_ROWS ? "rows" : "last rows");
		else
			len += snprintf(text + len, SHAPE_TEXT_LEN - len, "[%llu]",
					(unsigned long long)d);
	}
	return text;
}

bool shape_equal(const struct npu_shape *a, const struct npu_shape *b)
{
	return a->n_dims == b->n_dims &&
	       !memcmp(a->dims, b->dims, a->n_dims * sizeof(a->dims[0]));
}

bool shape_has_rows(const struct npu_shape *shape)
{
	return shape->dims[0] >= NPU_LAST_ROWS;
}

uint64_t shape_last(const struct npu_shape *shape)
{
	uint64_t last = shape->dims[shape->n_dims - 1];

	return last >= NPU_LAST_ROWS ? 1 : last;
}

uint64_t shape_inner(const struct npu_shape *shape)
{
	uint64_t inner = 1;

	for (uint32_t i = shape_has_rows(shape); i < shape->n_dims; i++)
		if (__builtin_mul_overflow(inner, shape->dims[i], &inner))
			return 0;
	return inner;
}
