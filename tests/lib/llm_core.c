// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "llm/llm_machine.h"
#include "bus.h"
#include "llm_core.h"
#include "loaded.h"

/* @bare: the image without its KV cache, which is mapped page by page. */
struct llm_core {
	struct loaded loaded;
	struct npu_job_image *image, bare;
	uint32_t cores, clock_khz;
};

static void *core_tensor(void *opaque, const char *name)
{
	struct llm_core *c = opaque;

	return loaded_tensor(&c->loaded, name);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int core_run(void *opaque, uint32_t program, const uint64_t *args,
		    struct npu_job_stats *stats, struct npu_error *err)
{
	struct llm_core *c = opaque;
	struct npu_completion done;
	uint64_t start = now_ns();

	if (!loaded_run(&c->loaded, c->image->programs[program].name, c->cores, args, &done))
		return npu_error_set(err, -EIO, "the job failed");
	memset(stats, 0, sizeof(*stats));
	stats->wall_ns = now_ns() - start;
	stats->cores = done.cores;
	stats->clock_khz = c->clock_khz;
	stats->cycles = done.counters[NPU_CNT_CYCLES];
	stats->model_seconds = stats->cycles * 1e-3 / c->clock_khz;
	memcpy(stats->counters, done.counters, sizeof(stats->counters));
	return 0;
}

/**
 * struct core_memory - memory for pages
 * @bus: its address for the device
 * @data: and here
 */
struct core_memory {
	uint64_t bus;
	char *data;
};

static int core_memory(void *opaque, uint64_t size, void **memory, struct npu_error *err)
{
	struct core_memory *made = calloc(1, sizeof(*made));
	struct llm_core *c = opaque;

	if (!made)
		return npu_error_set(err, -ENOMEM, "no memory");
	made->data = bus_alloc(machine_bus(c->loaded.machine), size, NPU_PAGE_SIZE, &made->bus);
	*memory = made;
	return 0;
}

static void core_free_memory(void *opaque, void *memory)
{
	(void)opaque;
	free(memory);
}

static void core_copy(void *opaque, void *to, uint64_t to_offset, void *from,
		      uint64_t from_offset, uint64_t size)
{
	const struct core_memory *dst = to, *src = from;

	(void)opaque;
	memcpy(dst->data + to_offset, src->data + from_offset, size);
}

static int core_map(void *opaque, const struct llm_map *maps, size_t n, struct npu_error *err)
{
	struct llm_core *c = opaque;
	struct machine *m = c->loaded.machine;

	(void)err;
	for (size_t i = 0; i < n; i++)
		for (uint64_t at = 0; at < maps[i].size; at += NPU_PAGE_SIZE) {
			const struct core_memory *memory = maps[i].memory;
			uint64_t pte = memory ? (memory->bus + maps[i].offset + at) |
						NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ : 0;

			if (memory && !maps[i].readonly)
				pte |= NPU_PTE_WRITE;
			machine_map_page(m, maps[i].va + at, pte, 0);
		}
	npu_core_write(machine_core(m), NPU_REG_TLB_CTX, MACHINE_CONTEXT);
	npu_core_write(machine_core(m), NPU_REG_TLB_CMD, NPU_TLB_CMD_CTX);
	return 0;
}

/* Segments and tensors other than the KV cache. */
static void make_bare(struct llm_core *c)
{
	uint64_t va = llm_cache_address(c->image);

	c->bare = *c->image;
	c->bare.n_segments = 0;
	c->bare.n_tensors = 0;
	c->bare.segments = calloc(c->image->n_segments, sizeof(*c->bare.segments));
	c->bare.tensors = calloc(c->image->n_tensors, sizeof(*c->bare.tensors));
	if (!c->bare.segments || !c->bare.tensors)
		abort();
	for (uint32_t i = 0; i < c->image->n_segments; i++)
		if (c->image->segments[i].va != va)
			c->bare.segments[c->bare.n_segments++] = c->image->segments[i];
	for (uint32_t i = 0; i < c->image->n_tensors; i++)
		if (c->image->tensors[i].va != va)
			c->bare.tensors[c->bare.n_tensors++] = c->image->tensors[i];
}

static void core_release(void *opaque)
{
	struct llm_core *c = opaque;

	loaded_free(&c->loaded);
	free(c->bare.segments);
	free(c->bare.tensors);
	npu_job_image_free(c->image);
	free(c);
}

struct npu_llm *llm_core_open(const struct npu_gguf *gguf,
			      const struct npu_core_config *config, uint32_t cores,
			      uint32_t chunk)
{
	const struct npu_compile_options options = { .chunk = chunk };
	struct llm_core *c = calloc(1, sizeof(*c));
	struct llm_machine machine = {
		.tensor = core_tensor, .run = core_run, .memory = core_memory,
		.free_memory = core_free_memory, .copy = core_copy, .map = core_map,
		.release = core_release, .opaque = c, .devices = 1,
	};
	struct npu_target target;
	struct npu_error err;
	struct npu_llm *llm;

	npu_target_default(&target);
	target.cores = config->cores;
	target.sram_size = config->sram_size;
	if (!c || npu_compile_llama(gguf, &target, &options, &c->image, &err)) {
		printf("Bail out! %s\n", c ? err.message : "no memory");
		exit(255);
	}
	c->cores = cores;
	make_bare(c);
	c->loaded = loaded_new(config, &c->bare);
	c->clock_khz = npu_core_read(machine_core(c->loaded.machine), NPU_REG_CLOCK_KHZ);
	if (llm_create(&machine, c->image, 0, &llm, &err)) {
		printf("Bail out! %s\n", err.message);
		exit(255);
	}
	return llm;
}

struct npu_sequence *llm_core_sequence(struct npu_llm *llm)
{
	struct npu_sequence *sequence;
	struct npu_error err;

	if (npu_sequence_create(llm, &sequence, &err)) {
		printf("Bail out! %s\n", err.message);
		exit(255);
	}
	return sequence;
}
