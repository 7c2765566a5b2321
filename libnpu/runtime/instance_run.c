// SPDX-License-Identifier: MIT
/* Running loaded jobs. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <npu/fence.h>

#include "cpu_run.h"
#include "hw/npu_isa.h"
#include "instance.h"
#include "queue_internal.h"
#include "text.h"

static_assert(NPU_STATS_COUNTERS == NPU_CNT_SLOTS, "statistics hold all counters");
static_assert(NPU_STATS_ENERGIES == NPU_ENERGY_PARTS, "and all parts of the energy");

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

int npu_instance_submit(struct npu_instance *instance, const struct npu_job_program *p,
			const uint64_t *args, struct npu_fence *const *waits,
			uint32_t num_waits, struct npu_fence **fence, struct npu_error *err)
{
	const struct npu_queue_job job = {
		.program = p->va,
		.program_size = p->size,
		.cores = p->cores,
		.args = args ? args : p->args,
		.num_args = p->num_args,
		.waits = waits,
		.num_waits = num_waits,
	};

	return npu_queue_submit(instance->queue, &job, 1, fence, err);
}

static int check_program(const struct npu_instance *instance, uint32_t program,
			 struct npu_error *err)
{
	if (program < instance->n_programs)
		return 0;
	return npu_error_set(err, -EINVAL, "no program %u: there are %u",
			     program, instance->n_programs);
}

int npu_job_submit(struct npu_instance *instance, uint32_t program,
		   const uint64_t *args, struct npu_fence **fence,
		   struct npu_error *err)
{
	const struct npu_job_program *p;
	int ret = check_program(instance, program, err);

	if (ret)
		return ret;
	p = &instance->programs[program];
	if (p->next || p->place != NPU_JOB_ON_DEVICE)
		return npu_error_set(err, -ENOTSUP,
				     "program '%s' has parts that run on the CPU: npu_job_run() runs it",
				     p->name);
	return npu_instance_submit(instance, p, args, NULL, 0, fence, err);
}

/*
 * The tag of the instruction that faulted. The program is in memory that the
 * device does not write; but the process may, so the opcode is compared.
 */
const char *npu_instance_tag(const struct npu_instance *instance, uint64_t program,
			     const struct npu_fault *fault)
{
	uint64_t va = program + sizeof(struct npu_program) +
		      (uint64_t)fault->pc * NPU_INSN_SIZE;
	const struct npu_insn *insn;

	insn = npu_instance_memory(instance, va, sizeof(*insn));
	if (!insn || insn->opcode != fault->opcode ||
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
	memcpy(stats->energy_pj, record->energy_pj, sizeof(stats->energy_pj));
	stats->cycles = stats->counters[NPU_CNT_CYCLES];
	stats->queue_cycles = stats->counters[NPU_CNT_QUEUE_CYCLES];
	if (stats->clock_khz)
		stats->model_seconds = (stats->cycles + stats->queue_cycles) /
				       (stats->clock_khz * 1e3);
}

int npu_job_wait(struct npu_instance *instance, struct npu_fence *fence,
		 struct npu_job_stats *stats, struct npu_error *err)
{
	struct npu_failure failure;
	int ret = npu_fence_result(fence, -1, &failure, err);

	if (failure.code)
		npu_failure_error(&failure, 1, failure.has_fault ?
				  npu_instance_tag(instance, fence->program, &failure.fault) :
				  NULL, err);
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

void npu_job_stats_add(struct npu_job_stats *to, const struct npu_job_stats *part)
{
	to->clock_khz = part->clock_khz;
	to->cores = part->cores > to->cores ? part->cores : to->cores;
	to->cycles += part->cycles;
	to->queue_cycles += part->queue_cycles;
	to->model_seconds += part->model_seconds;
	for (unsigned int i = 0; i < NPU_STATS_COUNTERS; i++)
		to->counters[i] += part->counters[i];
	for (unsigned int i = 0; i < NPU_STATS_ENERGIES; i++)
		to->energy_pj[i] += part->energy_pj[i];
}

static int run_on_device(struct npu_instance *instance, const struct npu_job_program *p,
			 const uint64_t *args, struct npu_job_stats *stats,
			 struct npu_error *err)
{
	struct npu_job_stats part = { 0 };
	struct npu_fence *fence;
	int ret = npu_instance_submit(instance, p, args, NULL, 0, &fence, err);

	if (ret)
		return ret;
	ret = npu_job_wait(instance, fence, &part, err);
	npu_job_stats_add(stats, &part);
	npu_fence_destroy(fence);
	return ret;
}

static int run_on_cpu(struct npu_instance *instance, const struct npu_job_program *p,
		      const uint64_t *args, struct npu_job_stats *stats,
		      struct npu_error *err)
{
	uint64_t start = now_ns();
	int ret = npu_cpu_run(instance, p, args, err);

	stats->cpu_ns += now_ns() - start;
	stats->cpu_parts++;
	return ret;
}

static int run_part(struct npu_instance *instance, const struct npu_job_program *p,
		    const uint64_t *args, struct npu_job_stats *stats,
		    struct npu_error *err)
{
	return p->place == NPU_JOB_ON_CPU ? run_on_cpu(instance, p, args, stats, err) :
					    run_on_device(instance, p, args, stats, err);
}

/* Each part finds in memory what the one before it left there. */
static int run_chain(struct npu_instance *instance, const struct npu_job_program *p,
		     const uint64_t *args, struct npu_job_stats *stats,
		     struct npu_error *err)
{
	int ret;

	pthread_mutex_lock(&instance->lock);
	ret = run_part(instance, p, args, stats, err);
	while (!ret && p->next) {
		p = &instance->programs[p->next];
		ret = run_part(instance, p, args, stats, err);
	}
	pthread_mutex_unlock(&instance->lock);
	return ret;
}

int npu_job_run(struct npu_instance *instance, uint32_t program,
		const uint64_t *args, struct npu_job_stats *stats,
		struct npu_error *err)
{
	const struct npu_job_program *p;
	struct npu_job_stats sum = { 0 };
	uint64_t start = now_ns();
	int ret = check_program(instance, program, err);

	if (ret)
		return ret;
	p = &instance->programs[program];
	args = args ? args : p->args;
	if (p->next || p->place == NPU_JOB_ON_CPU)
		ret = run_chain(instance, p, args, &sum, err);
	else
		ret = run_on_device(instance, p, args, &sum, err);
	sum.wall_ns = now_ns() - start;
	if (stats)
		*stats = sum;
	return ret;
}
