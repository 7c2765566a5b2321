/* SPDX-License-Identifier: MIT */
/* Vectors that are added to the columns of a matrix product. */
#ifndef LIBNPU_COMPILER_BIAS_H
#define LIBNPU_COMPILER_BIAS_H

#include "graph.h"

/**
 * bias_vector() - a bias, laid out as the columns of its matrix
 * @g: graph
 * @source: F32[outputs], or another type, of a model file
 * @unit: outputs that stay together, as for weights_matrix()
 *
 * Return: F32, zero in the columns that fill panels; NULL after an error.
 */
struct tensor *bias_vector(struct graph *g, const struct npu_gguf_tensor *source,
			   uint32_t unit);

#endif /* LIBNPU_COMPILER_BIAS_H */
