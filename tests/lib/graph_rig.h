/* SPDX-License-Identifier: MIT */
/* Public graphs, compiled and run on the device core, against the interpreter. */
#ifndef NPU_TESTS_GRAPH_RIG_H
#define NPU_TESTS_GRAPH_RIG_H

#include <npu/graph.h>

#include "graph_ref.h"
#include "loaded.h"
#include "replay.h"

#define GRAPH_RIG_WEIGHTS 64

/**
 * struct graph_rig - a graph under test
 * @g: graph; the test adds nodes
 * @target: device to compile for
 * @options: of the compiler; rows and context are set
 * @config: device to run on
 * @image: after graph_rig_build(); likewise the next four
 * @loaded: on the device core
 * @replay: in the replay, which checks the order of instructions
 * @ref: in the interpreter
 * @err: of graph_rig_build()
 * @weights: data of graph_rig_weight(), @n_weights
 * @limit: indices of inputs are below it
 * @seed: of the random numbers
 */
struct graph_rig {
	struct npu_graph *g;
	struct npu_target target;
	struct npu_graph_options options;
	struct npu_core_config config;
	struct npu_job_image *image;
	struct loaded loaded;
	struct replay replay;
	struct graph_ref *ref;
	struct npu_error err;
	float *weights[GRAPH_RIG_WEIGHTS];
	uint32_t n_weights, limit, seed;
};

/** graph_rig_init() - an empty graph, for a device of @cores with @sram bytes each */
void graph_rig_init(struct graph_rig *r, uint32_t cores, uint32_t sram, uint32_t rows,
		    uint32_t context);

/** graph_rig_random() - the next random number, from -1 to 1 */
float graph_rig_random(struct graph_rig *r);

/** graph_rig_pick() - a random number below @n */
uint32_t graph_rig_pick(struct graph_rig *r, uint32_t n);

/** graph_rig_weight() - a random constant, about 1 / sqrt(last dimension), plus @offset */
struct npu_tensor *graph_rig_weight(struct graph_rig *r, const char *name,
				    struct npu_shape shape, float offset);

/** graph_rig_build() - compile and load; false with @r->err set when it does not go */
bool graph_rig_build(struct graph_rig *r);

/**
 * graph_rig_run() - run it everywhere with random inputs
 * @r: rig, built
 * @pos: position of the first row
 * @rows: number of rows
 * @last: number of last rows
 *
 * Return: true when the job ended well, the replay found no race, and both
 * left the same bytes in memory; else diagnostics were printed.
 */
bool graph_rig_run(struct graph_rig *r, uint32_t pos, uint32_t rows, uint32_t last);

/** graph_rig_get() - an element of an output */
double graph_rig_get(const struct graph_rig *r, const char *output, uint64_t i);

/** graph_rig_distance() - largest difference of an output to the interpreter's, relative
 *	to its largest element; infinite for what is not finite
 */
double graph_rig_distance(struct graph_rig *r, const char *output,
			  const struct npu_tensor *tensor);

/** graph_rig_free() - free all of it */
void graph_rig_free(struct graph_rig *r);

#endif /* NPU_TESTS_GRAPH_RIG_H */
