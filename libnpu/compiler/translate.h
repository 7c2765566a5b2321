/* SPDX-License-Identifier: MIT */
/* From the nodes of a public graph to operators and memory. */
#ifndef LIBNPU_COMPILER_TRANSLATE_H
#define LIBNPU_COMPILER_TRANSLATE_H

#include <npu/compile.h>

#include "graph.h"
#include "node.h"

/**
 * struct translation - a public graph on its way
 * @from: public graph, whose nodes have a plan
 * @to: receives operators and tensors, or an error
 * @rows: most rows of a run
 * @context: positions
 * @partial: what the devices leave for each other; they take turns, since one
 *	device may still read the one when another writes the next
 * @exchanges: how many times they have
 */
struct translation {
	struct npu_graph *from;
	struct graph *to;
	uint32_t rows, context;
	const struct tensor *partial[2][NPU_MAX_DEVICES];
	uint32_t exchanges;
};

/**
 * translate_graph() - make operators of all nodes
 * @t: what of, and where to
 */
void translate_graph(struct translation *t);

/* Between the files of the translation. */

/** translate_op() - add an operator for a node whose result has @shape */
struct op *translate_op(struct translation *t, enum op_kind kind, const struct node *n,
			const struct npu_shape *shape);

/** translate_vectors() - let an operator work on the vectors of a shape */
void translate_vectors(struct op *op, const struct npu_shape *shape, uint64_t cols);

/** translate_value() - memory that a value has been computed to, or that a weight is in */
const struct tensor *translate_value(struct translation *t, struct npu_tensor *v);

/** translate_result() - memory for a value of @type; the output itself, if it can be */
const struct tensor *translate_result(struct translation *t, struct npu_tensor *v,
				      uint32_t type);

/** translate_output() - if a value is an output elsewhere, copy it there */
void translate_output(struct translation *t, const struct node *n, struct npu_tensor *v);

/** translate_tensor() - a tensor of a value's shape, with as many rows as there can be */
const struct tensor *translate_tensor(struct translation *t, enum mem_kind mem,
				      uint32_t role, uint32_t type,
				      const struct npu_shape *shape, const char *name);

/** translate_scratch() - memory for rows of @cols elements that no value is */
const struct tensor *translate_scratch(struct translation *t, const struct node *n,
				       const char *what, uint32_t type,
				       const struct npu_shape *shape);

/** translate_copy() - all elements of a tensor to one of another type or place */
void translate_copy(struct translation *t, const struct node *n, const struct tensor *from,
		    const struct tensor *to, const struct npu_shape *shape);

/** translate_partial() - memory for this device's part of a sum over all devices */
const struct tensor *translate_partial(struct translation *t, struct npu_tensor *v);

/** translate_all_reduce() - the sum of all devices' parts */
void translate_all_reduce(struct translation *t, struct node *n);

/** translate_linear() - PLAN_LINEAR, or a linear layer alone */
void translate_linear(struct translation *t, struct node *n);

/** translate_gated() - PLAN_GATED */
void translate_gated(struct translation *t, struct node *n);

/** translate_attention() - PLAN_QKV, or attention alone */
void translate_attention(struct translation *t, struct node *n);

/** translate_map() - PLAN_MAP */
void translate_map(struct translation *t, struct node *n);

#endif /* LIBNPU_COMPILER_TRANSLATE_H */
