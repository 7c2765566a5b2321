/* SPDX-License-Identifier: MIT */
/*
 * A plain interpreter of graphs: every node by itself, in double, as its
 * definition in npu/graph.h says. It knows nothing of fusion, tiles or types.
 */
#ifndef NPU_TESTS_GRAPH_REF_H
#define NPU_TESTS_GRAPH_REF_H

#include <npu/graph.h>

struct graph_ref;

/**
 * graph_ref_new() - prepare a graph; ends the test program on failure
 * @graph: graph, finished; must outlive this
 * @rows: most rows of a run
 * @context: positions of its caches
 */
struct graph_ref *graph_ref_new(struct npu_graph *graph, uint32_t rows, uint32_t context);

/** graph_ref_free() - give it back */
void graph_ref_free(struct graph_ref *ref);

/** graph_ref_value() - elements of a tensor: to be written of an input, read of others */
double *graph_ref_value(struct graph_ref *ref, const struct npu_tensor *tensor);

/** graph_ref_count() - number of elements of a tensor in the last run */
uint64_t graph_ref_count(const struct graph_ref *ref, const struct npu_tensor *tensor);

/**
 * graph_ref_run() - compute all nodes
 * @ref: graph
 * @pos: position of the first row
 * @rows: number of rows
 * @last: number of last rows
 */
void graph_ref_run(struct graph_ref *ref, uint32_t pos, uint32_t rows, uint32_t last);

#endif /* NPU_TESTS_GRAPH_REF_H */
