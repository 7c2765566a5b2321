/* SPDX-License-Identifier: MIT */
/* What generation needs of a device: tests put the core itself in its place. */
#ifndef LIBNPU_LLM_MACHINE_H
#define LIBNPU_LLM_MACHINE_H

#include <npu/instance.h>
#include <npu/job.h>
#include <npu/llm.h>

/**
 * struct llm_machine - a place that runs a loaded image
 * @tensor: memory of a tensor of the image
 * @run: run a program of the image, by its index, and wait
 * @release: give it back
 * @opaque: first argument of them
 */
struct llm_machine {
	void *(*tensor)(void *opaque, const char *name);
	int (*run)(void *opaque, uint32_t program, const uint64_t *args,
		   struct npu_job_stats *stats, struct npu_error *err);
	void (*release)(void *opaque);
	void *opaque;
};

/**
 * llm_create() - a model whose image is loaded somewhere
 * @machine: where; released with the model, also when this fails
 * @image: the image that npu_compile_llama() made
 * @llm: receives the model
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int llm_create(const struct llm_machine *machine, const struct npu_job_image *image,
	       struct npu_llm **llm, struct npu_error *err);

#endif /* LIBNPU_LLM_MACHINE_H */
