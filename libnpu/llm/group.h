/* SPDX-License-Identifier: MIT */
/* A model of which each of several devices has a part, as one place that runs it. */
#ifndef LIBNPU_LLM_GROUP_H
#define LIBNPU_LLM_GROUP_H

#include <npu/buffer.h>

#include "llm_model.h"

/**
 * struct group_member - a device and its part
 * @instance: loaded image
 * @machine: the same, for memory and mappings
 * @image: what the image says
 * @shared: the memory that all have, on this device
 * @tokens: input
 * @places: input, or NULL
 */
struct group_member {
	struct npu_instance *instance;
	struct llm_machine machine;
	struct llm_image image;
	struct npu_buffer *shared;
	void *tokens, *places;
};

/**
 * struct group - all of them
 * @n: number of members
 * @tokens_size: bytes of the input
 * @places_size: likewise
 * @member: they, by rank
 */
struct group {
	uint32_t n;
	uint64_t tokens_size, places_size;
	struct group_member member[NPU_MAX_DEVICES];
};

/** group_machine() - the group as a place that runs its model, which it then belongs to */
struct llm_machine group_machine(struct group *group);

/** group_free() - give all of it back */
void group_free(struct group *group);

/**
 * group_run() - run a program on all devices, and wait
 * @opaque: group
 * @program: its index
 * @args: arguments
 * @stats: receives what all have cost, then what each has
 * @err: which device failed, and why
 *
 * Return: 0 or a negative errno.
 */
int group_run(void *opaque, uint32_t program, const uint64_t *args,
	      struct npu_job_stats *stats, struct npu_error *err);

#endif /* LIBNPU_LLM_GROUP_H */
