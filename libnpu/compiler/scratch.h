/* SPDX-License-Identifier: MIT */
/* Memory between operators, used again when nobody needs what it holds. */
#ifndef LIBNPU_COMPILER_SCRATCH_H
#define LIBNPU_COMPILER_SCRATCH_H

#include "graph.h"

/**
 * scratch_place() - give the tensors of MEM_SCRATCH their offsets
 * @g: graph, with all its operators
 *
 * A tensor has its memory from the operator that first touches it to the last
 * one. Each takes the lowest offset that is free for so long, in the order of
 * first use, so the same graph gives the same offsets.
 */
void scratch_place(struct graph *g);

#endif /* LIBNPU_COMPILER_SCRATCH_H */
