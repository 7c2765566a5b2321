// SPDX-License-Identifier: MIT
/*
 * Placement. The device is tried first, with the whole graph at once: that is
 * what nearly always succeeds. If it does not, each operator is lowered by
 * itself to see what is wrong with it, and neighbours with the same fate share
 * a part.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/disasm.h>
#include <npu/job.h>

#include "place.h"

#define CPU_SRAM (16u << 20)	/* the CPU's caches and memory stand in for SRAM */

/* The instruction set has no feature that the CPU lacks. */
static void cpu_target(struct npu_target *target)
{
	target->cores = 1;
	target->sram_size = CPU_SRAM;
	target->features = ~0ull;
}

static uint64_t features_of(const void *data)
{
	struct npu_program header;

	memcpy(&header, data, sizeof(header));
	return header.features;
}

/* Messages can have names of a file in them. */
static void set_reason(struct part *part, const char *text)
{
	snprintf(part->reason, sizeof(part->reason), "%.*s", NPU_JOB_REASON_LEN - 1, text);
	for (char *c = part->reason; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* The operator is known from elsewhere. */
static const char *without_name(const char *message, const char *name)
{
	size_t len = strlen(name);

	return strncmp(message, name, len) || strncmp(message + len, ": ", 2) ?
	       message : message + len + 2;
}

static void lacks(struct part *part, uint64_t features)
{
	char text[NPU_JOB_REASON_LEN] = "the device lacks";
	size_t at = strlen(text);

	for (uint32_t bit = 0; bit < 64 && npu_feature_name(bit) && at < sizeof(text); bit++)
		if (features >> bit & 1)
			at += snprintf(text + at, sizeof(text) - at, "%s %s",
				       at > strlen("the device lacks") ? "," : "",
				       npu_feature_name(bit));
	set_reason(part, text);
}

/* Whether lowering failed for what the device is, and not for what the graph is. */
static bool is_device_limit(const struct lower_spec *spec, int code)
{
	return code == -ENOTSUP || (code == -ENOSPC && spec->cpu_space);
}

/* Where one operator can run; what its part would look like. */
static int place_op(const struct graph *g, const struct npu_target *target,
		    const struct lower_spec *spec, uint32_t i, struct part *part,
		    struct npu_error *err)
{
	struct npu_error why = { 0 };
	uint64_t missing;
	uint32_t size;
	void *data;
	int ret = lower_range(g, target, spec, i, i + 1, &data, &size, &why);

	memset(part, 0, sizeof(*part));
	if (!ret) {
		missing = features_of(data) & ~target->features;
		free(data);
		if (!missing)
			return 0;
		lacks(part, missing);
	} else if (is_device_limit(spec, ret)) {
		set_reason(part, without_name(why.message, g->ops[i].name));
	} else {
		return npu_error_set(err, ret, "%s", why.message);
	}
	part->place = NPU_JOB_ON_CPU;
	if (!spec->no_cpu)
		return 0;
	return npu_error_set(err, -ENOTSUP, "%s can only run on the CPU, which is not allowed: %s",
			     g->ops[i].name, part->reason);
}

static struct part *add_part(struct parts *parts)
{
	struct part *more = realloc(parts->part, (parts->n + 1) * sizeof(*more));

	if (!more)
		return NULL;
	parts->part = more;
	memset(&more[parts->n], 0, sizeof(*more));
	return &more[parts->n++];
}

static int no_memory(struct npu_error *err)
{
	return npu_error_set(err, -ENOMEM, "no memory for the parts of a program");
}

/* A part of the operators from @first to before @end, all of one place. */
static int lower_part(const struct graph *g, const struct npu_target *target,
		      const struct lower_spec *spec, const struct part *like,
		      uint32_t first, uint32_t end, struct parts *parts,
		      struct npu_error *err)
{
	struct npu_target where = *target;
	struct part *part = add_part(parts);

	if (!part)
		return no_memory(err);
	*part = *like;
	if (part->place == NPU_JOB_ON_CPU)
		cpu_target(&where);
	return lower_range(g, &where, spec, first, end, &part->data, &part->size, err);
}

static bool same_fate(const struct part *a, const struct part *b)
{
	return a->place == b->place && !strcmp(a->reason, b->reason);
}

static int lower_split(const struct graph *g, const struct npu_target *target,
		       const struct lower_spec *spec, struct parts *parts,
		       struct npu_error *err)
{
	struct part now, next;
	uint32_t first = 0;
	int ret = place_op(g, target, spec, 0, &now, err);

	for (uint32_t i = 1; !ret && i < g->n_ops; i++) {
		ret = place_op(g, target, spec, i, &next, err);
		if (ret || same_fate(&now, &next))
			continue;
		ret = lower_part(g, target, spec, &now, first, i, parts, err);
		first = i;
		now = next;
	}
	return ret ? ret : lower_part(g, target, spec, &now, first, g->n_ops, parts, err);
}

/* A part for the device; one that would have to be on the CPU is an error. */
static int lower_device_part(const struct graph *g, const struct npu_target *target,
			     const struct lower_spec *spec, uint32_t first, uint32_t end,
			     struct parts *parts, struct npu_error *err)
{
	static const struct part plain;
	const struct part *part;
	struct part missing;
	uint64_t features;
	int ret = lower_part(g, target, spec, &plain, first, end, parts, err);

	if (ret)
		return ret;
	part = &parts->part[parts->n - 1];
	features = features_of(part->data) & ~target->features;
	if (!features)
		return 0;
	lacks(&missing, features);
	return npu_error_set(err, -ENOTSUP,
			     "a model that is split over several devices has nothing on the CPU, and %s",
			     missing.reason);
}

/* What reads results of other devices begins a part. */
static int lower_exchanges(const struct graph *g, const struct npu_target *target,
			   const struct lower_spec *spec, struct parts *parts,
			   struct npu_error *err)
{
	uint32_t first = 0;
	int ret = 0;

	for (uint32_t i = 1; !ret && i < g->n_ops; i++) {
		if (!g->ops[i].exchange)
			continue;
		ret = lower_device_part(g, target, spec, first, i, parts, err);
		first = i;
	}
	if (!ret)
		ret = lower_device_part(g, target, spec, first, g->n_ops, parts, err);
	if (ret)
		parts_free(parts);
	return ret;
}

static bool has_exchanges(const struct graph *g)
{
	for (uint32_t i = 0; i < g->n_ops; i++)
		if (g->ops[i].exchange)
			return true;
	return false;
}

int place_graph(const struct graph *g, const struct npu_target *target,
		const struct lower_spec *spec, struct parts *parts, struct npu_error *err)
{
	struct npu_error why = { 0 };
	struct part whole = { 0 };
	int ret;

	*parts = (struct parts){ 0 };
	if (has_exchanges(g))
		return lower_exchanges(g, target, spec, parts, err);
	ret = lower_range(g, target, spec, 0, g->n_ops, &whole.data, &whole.size, &why);
	if (ret && !is_device_limit(spec, ret))
		return npu_error_set(err, ret, "%s", why.message);
	if (!ret && !(features_of(whole.data) & ~target->features)) {
		struct part *only = add_part(parts);

		if (!only) {
			free(whole.data);
			return no_memory(err);
		}
		*only = whole;
		return 0;
	}
	if (!ret)
		free(whole.data);
	ret = lower_split(g, target, spec, parts, err);
	if (ret)
		parts_free(parts);
	return ret;
}

void parts_free(struct parts *parts)
{
	for (uint32_t i = 0; i < parts->n; i++)
		free(parts->part[i].data);
	free(parts->part);
	*parts = (struct parts){ 0 };
}
