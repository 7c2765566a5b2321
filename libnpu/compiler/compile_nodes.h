/* SPDX-License-Identifier: MIT */
/* From a public graph to a job image, with all choices made. */
#ifndef LIBNPU_COMPILER_COMPILE_NODES_H
#define LIBNPU_COMPILER_COMPILE_NODES_H

#include <npu/graph.h>

#include "image.h"

/**
 * struct compilation - choices
 * @target: device
 * @rows: most rows of a run
 * @context: positions of the caches
 * @slots: sequences that there are addresses for
 * @batch: most sequences of a run of several; 0: no program runs several
 * @kv: enum npu_type of keys and values
 * @plain: attention has its plain form
 * @weights: format of the matrices
 * @programs: programs, @n of them
 * @no_data: leave the weights out
 * @devices: devices that the model is split over, @rank the one it is for; 0: one
 * @progress: told how many bytes of weights are converted, or NULL
 * @progress_opaque: passed to @progress
 */
struct compilation {
	const struct npu_target *target;
	uint32_t rows, context, slots, batch, kv;
	bool plain;
	struct npu_quant_format weights;
	struct image_program *programs;
	uint32_t n;
	bool no_data;
	uint32_t devices, rank;
	npu_progress_fn *progress;
	void *progress_opaque;
};

/** compile_check_target() - whether a target is a device at all; 0 or -EINVAL */
int compile_check_target(const struct npu_target *target, struct npu_error *err);

/**
 * compile_nodes() - make an image
 * @graph: graph
 * @c: choices
 * @image: receives the image; free it with npu_job_image_free()
 * @err: the graph's error, or the node that could not be compiled
 *
 * Return: as npu_graph_compile().
 */
int compile_nodes(struct npu_graph *graph, const struct compilation *c,
		  struct npu_job_image **image, struct npu_error *err);

#endif /* LIBNPU_COMPILER_COMPILE_NODES_H */
