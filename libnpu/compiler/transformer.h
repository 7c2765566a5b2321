/* SPDX-License-Identifier: MIT */
/* Transformers of model files as graphs. */
#ifndef LIBNPU_COMPILER_TRANSFORMER_H
#define LIBNPU_COMPILER_TRANSFORMER_H

#include <npu/graph.h>
#include <npu/model.h>

#include "shard.h"

/**
 * transformer_graph() - build a whole model
 * @g: empty graph; receives the nodes, or an error
 * @model: model; must live as long as the graph
 * @shard: which part of it
 *
 * From the input "tokens", I32[rows], to the outputs "logits" of the last rows
 * and, of a whole model, "next", the most likely tokens behind them.
 */
void transformer_graph(struct npu_graph *g, const struct npu_model *model,
		       const struct shard *shard);

/**
 * transformer_block_graph() - build one block, from an input x to an output y
 * @g: empty graph; receives the nodes, or an error
 * @model: model; must live as long as the graph
 * @shard: all of it
 * @layer: which block
 */
void transformer_block_graph(struct npu_graph *g, const struct npu_model *model,
			     const struct shard *shard, uint32_t layer);

#endif /* LIBNPU_COMPILER_TRANSFORMER_H */
