/* SPDX-License-Identifier: MIT */
/* Putting a graph's tensors and programs into a job image. */
#ifndef LIBNPU_COMPILER_IMAGE_H
#define LIBNPU_COMPILER_IMAGE_H

#include "place.h"

#define IMAGE_MAX_PROGRAMS 3

/**
 * struct image_program - a program on its way into an image
 * @name: its name
 * @spec: what it is
 * @args: values of its arguments when a job gives none
 * @parts: what it consists of, from image_lower()
 */
struct image_program {
	const char *name;
	struct lower_spec spec;
	uint64_t args[4];
	struct parts parts;
};

/**
 * image_lower() - lower a graph to each of the programs
 * @g: graph, placed
 * @target: device
 * @programs: programs; their parts are to be freed with image_programs_free()
 * @n: number of programs
 * @err: which operator could not be lowered
 *
 * Return: 0 or a negative errno.
 */
int image_lower(const struct graph *g, const struct npu_target *target,
		struct image_program *programs, uint32_t n, struct npu_error *err);

/** image_programs_free() - free what image_lower() made */
void image_programs_free(struct image_program *programs, uint32_t n);

/**
 * image_build() - make an image
 * @g: graph, placed
 * @programs: lowered programs
 * @n: number of programs
 * @program_va: where the programs go, behind all segments
 * @image: receives the image; free it with npu_job_image_free()
 * @err: which tensor could not be converted
 *
 * Return: 0 or a negative errno.
 */
int image_build(const struct graph *g, const struct image_program *programs,
		uint32_t n, uint64_t program_va, struct npu_job_image **image,
		struct npu_error *err);

#endif /* LIBNPU_COMPILER_IMAGE_H */
