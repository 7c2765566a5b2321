/* SPDX-License-Identifier: MIT */
/* A job image on the device core, within a test. */
#ifndef NPU_TESTS_LOADED_H
#define NPU_TESTS_LOADED_H

#include <npu/job.h>

#include "machine.h"
#include "npu_core.h"

/**
 * struct loaded - an image in a machine
 * @machine: device with the image's segments mapped
 * @image: the image, which must outlive this
 * @config: what machine it is
 * @memory: a pointer for each segment
 */
struct loaded {
	struct machine *machine;
	const struct npu_job_image *image;
	struct npu_core_config config;
	uint8_t **memory;
};

/**
 * loaded_new() - make a device and load an image
 * @config: the device
 * @image: image
 *
 * Return: the device; ends the test program on failure.
 */
struct loaded loaded_new(const struct npu_core_config *config,
			 const struct npu_job_image *image);

/** loaded_free() - give it back */
void loaded_free(struct loaded *loaded);

/** loaded_at() - memory at an address of the image */
void *loaded_at(const struct loaded *loaded, uint64_t va);

/** loaded_tensor() - memory of a tensor; ends the test program if there is none */
void *loaded_tensor(const struct loaded *loaded, const char *name);

/**
 * loaded_run() - run a program
 * @loaded: loaded image
 * @program: its name
 * @cores: cores to run on; 0: all
 * @args: its arguments
 * @done: receives the completion
 *
 * A dry run goes before it, and must foretell every counter of a run that ends
 * well; and the device looks for accesses to SRAM that no token orders.
 *
 * Return: true when the job ended well, as foretold and without a hazard; else a
 * diagnostic line was printed.
 */
bool loaded_run(const struct loaded *loaded, const char *program, uint32_t cores,
		const uint64_t *args, struct npu_completion *done);

#endif /* NPU_TESTS_LOADED_H */
