/* SPDX-License-Identifier: MIT */
/* What generation needs of a device: tests put the core itself in its place. */
#ifndef LIBNPU_LLM_MACHINE_H
#define LIBNPU_LLM_MACHINE_H

#include <stdbool.h>

#include <npu/instance.h>
#include <npu/job.h>
#include <npu/llm.h>

/**
 * struct llm_map - a change of what the pages of the KV cache lead to
 * @memory: what llm_machine.memory() gave; NULL: the range is unmapped
 * @offset: in it
 * @va: first address
 * @size: bytes
 * @readonly: the device may not write
 */
struct llm_map {
	void *memory;
	uint64_t offset, va, size;
	bool readonly;
};

/**
 * struct llm_machine - a place that runs a loaded image
 * @tensor: memory of a tensor of the image, other than the KV cache
 * @run: run a program of the image, by its index, and wait; receives what it cost,
 *	and of several devices then also each of them
 * @memory: memory for pages of the KV cache, zeroed
 * @free_memory: give it back
 * @copy: copy @size bytes, whole pages, from one piece of memory to another
 * @map: change mappings, all or those before the one that failed
 * @release: give the image back
 * @opaque: first argument of them
 * @devices: number of devices of which each has a part of the model
 * @page_bytes: bytes of a page of the KV cache on all devices, if there are several
 *
 * Nothing is mapped where the KV cache is, before @map has done it.
 */
struct llm_machine {
	void *(*tensor)(void *opaque, const char *name);
	int (*run)(void *opaque, uint32_t program, const uint64_t *args,
		   struct npu_job_stats *stats, struct npu_error *err);
	int (*memory)(void *opaque, uint64_t size, void **memory, struct npu_error *err);
	void (*free_memory)(void *opaque, void *memory);
	void (*copy)(void *opaque, void *to, uint64_t to_offset, void *from,
		     uint64_t from_offset, uint64_t size);
	int (*map)(void *opaque, const struct llm_map *maps, size_t n,
		   struct npu_error *err);
	void (*release)(void *opaque);
	void *opaque;
	uint32_t devices;
	uint64_t page_bytes;
};

/** llm_instance_machine() - a loaded image as such a place, which it then belongs to */
struct llm_machine llm_instance_machine(struct npu_instance *instance);

/** llm_check_memory() - whether there is memory for all of an image but its KV cache */
int llm_check_memory(const struct npu_job_image *image, uint64_t cache,
		     struct npu_error *err);

/**
 * llm_cache_address() - where the KV cache of an image is
 * @image: image
 *
 * Return: address of the segment that needs no memory of its own; 0 if the
 * image has no KV cache.
 */
uint64_t llm_cache_address(const struct npu_job_image *image);

/**
 * llm_create() - a model whose image is loaded somewhere
 * @machine: where; released with the model, also when this fails
 * @image: the image that npu_compile_llama() made
 * @kv_bytes: most memory of the KV cache; 0: no limit but that of its slots
 * @llm: receives the model
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int llm_create(const struct llm_machine *machine, const struct npu_job_image *image,
	       uint64_t kv_bytes, struct npu_llm **llm, struct npu_error *err);

#endif /* LIBNPU_LLM_MACHINE_H */
