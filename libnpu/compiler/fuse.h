/* SPDX-License-Identifier: MIT */
/* Which nodes of a graph become one operator. */
#ifndef LIBNPU_COMPILER_FUSE_H
#define LIBNPU_COMPILER_FUSE_H

#include "node.h"

/**
 * fuse_nodes() - set the plan of every node
 * @g: graph without an error
 *
 * An operator is made where its last node stands, when all that it reads is
 * there. What is recognised, as long as nobody else reads what lies between:
 *
 * - linear layer, then activation; or then a sum, then activation
 * - act(linear layer) * linear layer of the same input (SwiGLU and its kind)
 * - attention whose queries, keys and values are linear layers of the same
 *	input, reshaped to heads, and there perhaps an RMSNorm, and RoPE
 * - a norm that only linear layers read: each of them computes it
 * - the last rows of what only a linear layer, or its norm, reads
 * - chains of elementwise operators
 *
 * Nodes that no output and no cache depends on are dead.
 */
void fuse_nodes(struct npu_graph *g);

/** fuse_is_half() - whether a value is kept in F16 between operators */
bool fuse_is_half(const struct npu_tensor *value);

/** fuse_next() - the next node of a chain of elementwise operators, behind @n */
static inline struct node *fuse_next(const struct node *n)
{
	return n->out[0]->user;
}

#endif /* LIBNPU_COMPILER_FUSE_H */
