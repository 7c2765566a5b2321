// SPDX-License-Identifier: MIT
/* Running loaded jobs. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <npu/fence.h>

#include "hw/npu_isa.h"
#include "instance.h"
#include "queue_internal.h"
#include "text.h"

static_assert(NPU_STATS_COUNTERS == NPU_CNT_SLOTS, "statistics hold all counters");

static int no_program(const struct npu_instance *instance, const char *name,
		      struct npu_error *err)
{
	char names[256] = "";
	struct text text = { .out = names, .size = sizeof(names) };

	for (uint32_t i = 0; i < instance->n_programs; i++)
		text_add(&text, "%s%s", i ? ", " : "", instance->programs[i].name);
	return npu_error_set(err, -ENOENT, "no program '%s': there are: %s",
			     name, names);
}

int npu_job_program(const struct npu_instance *instance, const char *name,
		    struct npu_error *err)
{
	for (uint32_t i = 0; i < instance->n_programs; i++)
		if (!name || !strcmp(instance->programs[i].name, name))
			return i;
	return no_program(instance, name, err);
}

int npu_job_submit(struct npu_instance *instance, uint32_t program,
		   const uint64_t *args, struct npu_fence **fence,
		   struct npu_error *err)
{
	const struct npu_job_program *p;
	struct npu_queue_job job;

	if (program >= instance->n_programs)
		return npu_error_set(err, -EINVAL, "no program %u: there are %u",
				     program, instance->n_programs);
	p = &instance->programs[program];
	job = (struct npu_queue_job){
		.program = p->va,
		.program_size = p->size,
		.cores = p->cores,
		.args = args ? args : p->args,
		.num_args = p->num_args,
	};
	return npu_queue_submit(instance->queue, &job, 1, fence, err);
}

/*
 * The tag of the instruction that faulted. The program is in memory that the
 * device does not write; but the process may, so the opcode is compared.
 */
static const char *tag_of(const struct npu_instance *instance,
			  const struct npu_failure *failure, uint64_t program)
{
	uint64_t va = program + sizeof(struct npu_program) +
		      (uint64_t)failure->fault.pc * NPU_INSN_SIZE;
	const struct npu_insn *insn;

	if (!failure->has_fault)
		return NULL;
	insn = npu_instance_memory(instance, va, sizeof(*insn));
	if (!insn || insn->opcode != failure->fault.opcode ||
	    insn->tag >= instance->n_tags || !instance->tags[insn->tag][0])
		return NULL;
	return instance->tags[insn->tag];
}

static void fill_stats(const struct npu_instance *instance,
		       struct npu_fence *fence, struct npu_job_stats *stats)
{
	const struct npu_completion *record = npu_fence_completion(fence, 0);
	uint64_t wall_ns = stats->wall_ns;

	memset(stats, 0, sizeof(*stats));
	stats->wall_ns = wall_ns;
	stats->clock_khz = instance->vm->device->info.clock_khz;
	if (!record)
		return;
	stats->cores = record->cores;
	memcpy(stats->counters, record->counters, sizeof(stats->counters));
	stats->cycles = stats->counters[NPU_CNT_CYCLES];
	if (stats->clock_khz)
		stats->model_seconds = stats->cycles / (stats->clock_khz * 1e3);
}

int npu_job_wait(struct npu_instance *instance, struct npu_fence *fence,
		 struct npu_job_stats *stats, struct npu_error *err)
{
	struct npu_failure failure;
	int ret = npu_fence_result(fence, -1, &failure, err);

	if (failure.code)
		npu_failure_error(&failure, 1,
				  tag_of(instance, &failure, fence->program),
				  err);
	if (stats)
		fill_stats(instance, fence, stats);
	return ret;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int npu_job_run(struct npu_instance *instance, uint32_t program,
		const uint64_t *args, struct npu_job_stats *stats,
		struct npu_error *err)
{
	uint64_t start = now_ns();
	struct npu_fence *fence;
	int ret = npu_job_submit(instance, program, args, &fence, err);

	if (ret)
		return ret;
	ret = npu_job_wait(instance, fence, stats, err);
	if (stats)
		stats->wall_ns = now_ns() - start;
	npu_fence_destroy(fence);
	return ret;
}
