/* SPDX-License-Identifier: MIT */
/* The graph of a Llama-family transformer. */
#ifndef LIBNPU_COMPILER_LLAMA_H
#define LIBNPU_COMPILER_LLAMA_H

#include <npu/model.h>

#include "graph.h"

/**
 * llama_graph() - add a whole model
 * @g: empty graph; receives operators and tensors, or an error
 * @model: model
 * @context: positions of the cache
 * @chunk: most tokens of a run
 */
void llama_graph(struct graph *g, const struct npu_model *model, uint32_t context,
		 uint32_t chunk);

/**
 * llama_block_graph() - add one block, from an input x to an output y
 * @g: empty graph; receives operators and tensors, or an error
 * @model: model
 * @layer: which block
 * @context: positions of the cache
 * @chunk: most tokens of a run
 */
void llama_block_graph(struct graph *g, const struct npu_model *model, uint32_t layer,
		       uint32_t context, uint32_t chunk);

#endif /* LIBNPU_COMPILER_LLAMA_H */
