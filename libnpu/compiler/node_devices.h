/* SPDX-License-Identifier: MIT */
/* Nodes of a graph of which every device of several computes a part. */
#ifndef LIBNPU_COMPILER_NODE_DEVICES_H
#define LIBNPU_COMPILER_NODE_DEVICES_H

#include "node.h"

/**
 * npu_graph_weight_columns() - some inputs of a matrix
 * @graph: graph
 * @weight: matrix, [outputs][inputs]
 * @first: first input, where the matrix can be cut (quant/cut.h)
 * @count: how many
 *
 * Return: the matrix of these inputs, or NULL after an error.
 */
struct npu_tensor *npu_graph_weight_columns(struct npu_graph *graph,
					    struct npu_tensor *weight,
					    uint64_t first, uint64_t count);

/**
 * npu_graph_all_reduce() - the sum of what all devices have computed
 * @graph: graph
 * @name: name in messages
 * @x: this device's, the result of a linear layer that nobody else reads
 * @residual: what is added to the sum
 * @rank: which device this is
 * @devices: how many there are
 *
 * ((@residual + x of device 0) + x of device 1) + ..., in this order on each of
 * them, so that all have the same bits.
 *
 * Return: the sum, or NULL after an error.
 */
struct npu_tensor *npu_graph_all_reduce(struct npu_graph *graph, const char *name,
					struct npu_tensor *x, struct npu_tensor *residual,
					uint32_t rank, uint32_t devices);

/**
 * npu_graph_output_columns() - an output of which each device has some columns
 * @graph: graph
 * @name: its name
 * @x: this device's columns, the result of a linear layer
 * @first: the first of them
 * @cols: columns of the output
 */
void npu_graph_output_columns(struct npu_graph *graph, const char *name,
			      struct npu_tensor *x, uint64_t first, uint64_t cols);

#endif /* LIBNPU_COMPILER_NODE_DEVICES_H */
