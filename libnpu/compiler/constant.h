/* SPDX-License-Identifier: MIT */
/* Constants in memory that no product reads. */
#ifndef LIBNPU_COMPILER_CONSTANT_H
#define LIBNPU_COMPILER_CONSTANT_H

#include "graph.h"

/** constant_floats() - all elements of a weight as F32; the same tensor for the same weight */
const struct tensor *constant_floats(struct graph *g, const struct npu_gguf_tensor *source);

/** constant_fill() - a vector of @n elements that are all @value */
const struct tensor *constant_fill(struct graph *g, uint64_t n, float value);

/**
 * constant_rope() - a table of RoPE, F32[context][dims / 2]
 * @g: graph
 * @context: positions
 * @rope: rotation, with its speeds; must live until the table is filled
 * @sine: sines rather than cosines
 *
 * Return: the table, the same for the same rotation; NULL after an error.
 */
const struct tensor *constant_rope(struct graph *g, uint32_t context,
				   const struct npu_rope *rope, bool sine);

#endif /* LIBNPU_COMPILER_CONSTANT_H */
