// SPDX-License-Identifier: MIT
/*
 * A run on several devices: all parts are submitted at once, and each waits for
 * the part before it of all other devices; its own are in order anyway.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <npu/fence.h>

#include "group.h"
#include "runtime/instance.h"
#include "runtime/objects.h"

/**
 * struct group_job - a run
 * @group: devices
 * @args: its arguments
 * @parts: parts on each device
 * @fences: of each part, by part and then by device
 * @done: how many there are
 */
struct group_job {
	struct group *group;
	const uint64_t *args;
	uint32_t parts;
	struct npu_fence **fences;
	uint32_t done;
};

/* Part @k of a program's chain, or NULL. */
static const struct npu_job_program *part_of(const struct npu_instance *instance,
					     uint32_t program, uint32_t k)
{
	const struct npu_job_program *p = &instance->programs[program];

	while (k--) {
		if (!p->next)
			return NULL;
		p = &instance->programs[p->next];
	}
	return p;
}

/* The jobs read what the first device's input says. */
static void copy_inputs(const struct group *g)
{
	for (uint32_t i = 1; i < g->n; i++) {
		memcpy(g->member[i].tokens, g->member[0].tokens, g->tokens_size);
		if (g->places_size)
			memcpy(g->member[i].places, g->member[0].places, g->places_size);
	}
}

static int submit_one(struct group_job *job, const struct npu_job_program *part, uint32_t k,
		      uint32_t rank, struct npu_error *err)
{
	struct npu_fence *waits[NPU_MAX_DEVICES];
	const struct group *g = job->group;
	uint32_t n = 0;
	int ret;

	for (uint32_t i = 0; k && i < g->n; i++)
		if (i != rank)
			waits[n++] = job->fences[(k - 1) * g->n + i];
	ret = npu_instance_submit(g->member[rank].instance, part, job->args, waits, n,
				  &job->fences[job->done], err);
	job->done += !ret;
	return ret;
}

static int submit_all(struct group_job *job, uint32_t program, struct npu_error *err)
{
	const struct group *g = job->group;
	const struct npu_job_program *part[NPU_MAX_DEVICES];
	int ret = 0;

	for (uint32_t i = 0; i < g->n; i++)
		part[i] = part_of(g->member[i].instance, program, 0);
	for (uint32_t k = 0; !ret && k < job->parts; k++)
		for (uint32_t i = 0; !ret && i < g->n; i++) {
			const struct npu_instance *instance = g->member[i].instance;

			ret = submit_one(job, part[i], k, i, err);
			part[i] = part[i]->next ? &instance->programs[part[i]->next] : NULL;
		}
	return ret;
}

static int member_failed(const struct group *g, uint32_t rank, int code,
			 const struct npu_error *why, struct npu_error *err)
{
	return npu_error_set(err, code, "device %u of %u: %.400s", rank, g->n, why->message);
}

/*
 * What has been submitted ends, even if not all could be. A part takes as long
 * as the device that needs longest: the others wait for it.
 */
static int wait_all(struct group_job *job, struct npu_job_stats *stats, struct npu_error *err)
{
	const struct group *g = job->group;
	double seconds = 0, longest = 0;
	int first = 0;

	for (uint32_t f = 0; f < job->done; f++) {
		struct npu_job_stats part = { 0 };
		struct npu_error why = { 0 };
		uint32_t rank = f % g->n;
		int ret = npu_job_wait(g->member[rank].instance, job->fences[f], &part, &why);

		if (ret && !first)
			first = member_failed(g, rank, ret, &why, err);
		longest = part.model_seconds > longest ? part.model_seconds : longest;
		if (rank == g->n - 1) {
			seconds += longest;
			longest = 0;
		}
		npu_job_stats_add(&stats[0], &part);
		npu_job_stats_add(&stats[1 + rank], &part);
		npu_fence_destroy(job->fences[f]);
	}
	stats[0].model_seconds = seconds;
	return first;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int group_run(void *opaque, uint32_t program, const uint64_t *args,
	      struct npu_job_stats *stats, struct npu_error *err)
{
	struct group *g = opaque;
	struct group_job job = { .group = g, .args = args };
	uint64_t start = now_ns();
	int submitted, ended;

	memset(stats, 0, (1 + g->n) * sizeof(*stats));
	while (part_of(g->member[0].instance, program, job.parts))
		job.parts++;
	job.fences = calloc((size_t)job.parts * g->n, sizeof(struct npu_fence *));
	if (!job.fences)
		return npu_error_set(err, -ENOMEM, "no memory for a run of %u parts", job.parts);
	copy_inputs(g);
	submitted = submit_all(&job, program, err);
	ended = wait_all(&job, stats, submitted ? NULL : err);
	free(job.fences);
	for (uint32_t i = 0; i <= g->n; i++)
		stats[i].wall_ns = now_ns() - start;
	return submitted ? submitted : ended;
}
