// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith_convert.h"
#include "compiler/node.h"
#include "graph_rig.h"

void graph_rig_init(struct graph_rig *r, uint32_t cores, uint32_t sram, uint32_t rows,
		    uint32_t context)
{
	memset(r, 0, sizeof(*r));
	if (npu_graph_create(&r->g, &r->err))
		abort();
	npu_target_default(&r->target);
	r->target.cores = cores;
	r->target.sram_size = sram;
	r->options.rows = rows;
	r->options.context = context;
	r->config.cores = cores;
	r->config.sram_size = sram;
	r->config.threads = 1;
	r->limit = 1;
	r->seed = 12345;
}

float graph_rig_random(struct graph_rig *r)
{
	r->seed = r->seed * 1664525 + 1013904223;
	return (r->seed >> 8) * 0x1p-23f - 1;
}

uint32_t graph_rig_pick(struct graph_rig *r, uint32_t n)
{
	r->seed = r->seed * 1664525 + 1013904223;
	return (r->seed >> 8) % n;
}

struct npu_tensor *graph_rig_weight(struct graph_rig *r, const char *name,
				    struct npu_shape shape, float offset)
{
	uint64_t n = shape_inner(&shape);
	float *data = calloc(n, sizeof(*data));

	if (!data || r->n_weights == GRAPH_RIG_WEIGHTS)
		abort();
	for (uint64_t i = 0; i < n; i++)
		data[i] = offset + graph_rig_random(r) * 1.7f / sqrtf(shape_last(&shape));
	r->weights[r->n_weights++] = data;
	return npu_graph_constant(r->g, name, data, shape);
}

bool graph_rig_build(struct graph_rig *r)
{
	if (npu_graph_compile(r->g, &r->target, &r->options, &r->image, &r->err) ||
	    npu_job_image_check(r->image, &r->err))
		return false;
	r->loaded = loaded_new(&r->config, r->image);
	replay_new(&r->replay, r->image, r->config.cores);
	r->ref = graph_ref_new(r->g, r->options.rows, r->options.context);
	return true;
}

static const struct npu_job_tensor *find(const struct graph_rig *r, const char *name)
{
	const struct npu_job_tensor *t = npu_job_image_tensor(r->image, name);

	if (t)
		return t;
	printf("# the image has no tensor %s\n", name);
	abort();
}

static void fill_inputs(struct graph_rig *r)
{
	for (const struct npu_tensor *v = r->g->values; v; v = v->next) {
		double *ref = graph_ref_value(r->ref, v);
		uint64_t n = shape_inner(&v->shape) *
			     (shape_has_rows(&v->shape) ? r->options.rows : 1);
		uint8_t *to;

		if (v->kind != VALUE_INPUT)
			continue;
		to = loaded_at(&r->loaded, find(r, v->name)->va);
		for (uint64_t i = 0; i < n; i++, to += arith_size(v->type)) {
			if (v->type == NPU_TYPE_I32) {
				int32_t index = graph_rig_pick(r, r->limit);

				memcpy(to, &index, sizeof(index));
				ref[i] = index;
				continue;
			}
			arith_store(v->type, to, 2 * graph_rig_random(r));
			ref[i] = arith_load(v->type, to);
		}
	}
}

static bool same_memory(const struct graph_rig *r)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++) {
		if (!memcmp(r->replay.memory[i], r->loaded.memory[i],
			    r->image->segments[i].size))
			continue;
		printf("# segment %s: device and replay differ\n", r->image->segments[i].name);
		return false;
	}
	return true;
}

bool graph_rig_run(struct graph_rig *r, uint32_t pos, uint32_t rows, uint32_t last)
{
	const uint64_t args[4] = { pos, rows, last, 0 };
	struct npu_completion done;

	fill_inputs(r);
	for (uint32_t i = 0; i < r->image->n_segments; i++)
		memcpy(r->replay.memory[i], r->loaded.memory[i], r->image->segments[i].size);
	graph_ref_run(r->ref, pos, rows, last);
	if (!loaded_run(&r->loaded, r->image->programs[0].name, 0, args, &done))
		return false;
	if (!replay_run(&r->replay, 0, args)) {
		printf("# replay: %s\n", r->replay.problem);
		return false;
	}
	return same_memory(r);
}

double graph_rig_get(const struct graph_rig *r, const char *output, uint64_t i)
{
	const struct npu_job_tensor *t = find(r, output);
	const uint8_t *at = loaded_at(&r->loaded, t->va);
	int32_t index;

	if (t->type != NPU_TYPE_I32)
		return arith_load(t->type, at + i * arith_size(t->type));
	memcpy(&index, at + i * sizeof(index), sizeof(index));
	return index;
}

double graph_rig_distance(struct graph_rig *r, const char *output,
			  const struct npu_tensor *tensor)
{
	const double *want = graph_ref_value(r->ref, tensor);
	double most = 1e-6, worst = 0;

	for (uint64_t i = 0; i < graph_ref_count(r->ref, tensor); i++) {
		double got = graph_rig_get(r, output, i);

		if (!isfinite(got))
			return INFINITY;
		most = fmax(most, fabs(want[i]));
		worst = fmax(worst, fabs(got - want[i]));
	}
	return worst / most;
}

void graph_rig_free(struct graph_rig *r)
{
	if (r->ref) {
		loaded_free(&r->loaded);
		replay_free(&r->replay);
		graph_ref_free(r->ref);
	}
	npu_job_image_free(r->image);
	npu_graph_destroy(r->g);
	for (uint32_t i = 0; i < r->n_weights; i++)
		free(r->weights[i]);
}
