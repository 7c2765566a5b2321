/* SPDX-License-Identifier: MIT */
/* Tensors whose contents come from a model file. */
#ifndef LIBNPU_COMPILER_WEIGHTS_H
#define LIBNPU_COMPILER_WEIGHTS_H

#include <npu/gguf.h>

#include "graph.h"

/**
 * weights_matrix() - a weight matrix, quantised as @g->weights says, and packed
 * @g: graph
 * @source: [inputs, outputs] of a model file
 * @unit: outputs that stay together, 16 when none do
 *
 * Return: the matrix; its tensor is NULL after an error, noted in the graph.
 */
struct matrix weights_matrix(struct graph *g, const struct npu_gguf_tensor *source,
			     uint32_t unit);

/** weights_vector() - F32 weights of a norm */
struct tensor *weights_vector(struct graph *g, const struct npu_gguf_tensor *source);

/** weights_embedding() - F16 rows, one for each token */
struct tensor *weights_embedding(struct graph *g, const struct npu_gguf_tensor *source);

/**
 * weights_rope() - table of RoPE, F32[context][dims / 2]
 * @g: graph
 * @context: positions
 * @dims: elements of a head that are rotated
 * @base: pair i turns by base^(-2i / dims) a position (Su et al., 2021)
 * @sine: sines rather than cosines
 *
 * Return: the table, or NULL after an error.
 */
struct tensor *weights_rope(struct graph *g, uint32_t context, uint32_t dims,
			    float base, bool sine);

/**
 * weights_fill() - write the contents of all tensors of MEM_WEIGHTS
 * @g: graph, placed
 * @segment: memory of the segment, zeroed
 * @err: which tensor could not be converted
 *
 * Return: 0 or a negative errno.
 */
int weights_fill(const struct graph *g, void *segment, struct npu_error *err);

#endif /* LIBNPU_COMPILER_WEIGHTS_H */
