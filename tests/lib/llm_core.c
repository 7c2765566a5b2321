// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "llm/llm_machine.h"
#include "llm_core.h"
#include "loaded.h"

struct llm_core {
	struct loaded loaded;
	struct npu_job_image *image;
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

static void core_release(void *opaque)
{
	struct llm_core *c = opaque;

	loaded_free(&c->loaded);
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
		.tensor = core_tensor, .run = core_run, .release = core_release, .opaque = c,
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
	c->loaded = loaded_new(config, c->image);
	c->clock_khz = npu_core_read(machine_core(c->loaded.machine), NPU_REG_CLOCK_KHZ);
	if (llm_create(&machine, c->image, &llm, &err)) {
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
