/* SPDX-License-Identifier: MIT */
/* Which operators run on the device, and which on the CPU. */
#ifndef LIBNPU_COMPILER_PLACE_H
#define LIBNPU_COMPILER_PLACE_H

#include "lower.h"

/**
 * struct part - a program that is a part of a run
 * @place: enum npu_job_place
 * @reason: why it is on the CPU, else empty
 * @data: header and instructions
 * @size: their bytes
 */
struct part {
	uint32_t place;
	char reason[NPU_JOB_REASON_LEN];
	void *data;
	uint32_t size;
};

/**
 * struct parts - a run, in the order in which its parts run
 * @part: @n of them
 */
struct parts {
	struct part *part;
	uint32_t n;
};

/**
 * place_graph() - lower a graph to a run
 * @g: graph, placed
 * @target: device
 * @spec: which run
 * @parts: receives its parts; free them with parts_free()
 * @err: which operator could not be lowered, and why
 *
 * One part for the device if that can do everything. Operators that need what
 * it lacks, and as @spec says also those that do not fit, become parts for the
 * CPU, which takes the same instructions. Of a model that several devices share
 * a part begins wherever results of the others are read, and all are for the
 * device.
 *
 * Return: 0 or a negative errno.
 */
int place_graph(const struct graph *g, const struct npu_target *target,
		const struct lower_spec *spec, struct parts *parts, struct npu_error *err);

/** parts_free() - free what place_graph() made */
void parts_free(struct parts *parts);

#endif /* LIBNPU_COMPILER_PLACE_H */
