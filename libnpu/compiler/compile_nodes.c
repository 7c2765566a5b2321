// SPDX-License-Identifier: MIT
/* Compiling a public graph: fusion, translation, placement, lowering, image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "compile_nodes.h"
#include "fuse.h"
#include "memory.h"
#include "translate.h"

#define DEFAULT_ROWS 32u

int compile_check_target(const struct npu_target *target, struct npu_error *err)
{
	if (target->cores && target->sram_size && target->work_max >= 16 &&
	    target->work_max <= 62)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "target: %u cores, %u bytes of SRAM, work of 2^%u: not a device",
			     target->cores, target->sram_size, target->work_max);
}

static int make_image(struct graph *g, const struct compilation *c,
		      struct npu_job_image **image, struct npu_error *err)
{
	uint64_t va = graph_place(g, c->target->va_start, c->target->va_end, err);
	int ret = va ? memory_check("the model's weights", g->size[MEM_WEIGHTS], err) : -ENOSPC;

	if (!ret)
		ret = image_lower(g, c->target, c->programs, c->n, err);
	if (ret)
		return ret;
	ret = image_build(g, c->programs, c->n, va, image, err);
	image_programs_free(c->programs, c->n);
	return ret;
}

/* What npu/compile.h promises. */
static int fill_devices(const struct tensor *t, void *dst, struct npu_error *err)
{
	const struct compilation *c = t->data;
	const int32_t values[] = { c->devices, c->rank };

	(void)err;
	memcpy(dst, values, sizeof(values));
	return 0;
}

static void add_devices(struct graph *g, const struct compilation *c)
{
	struct tensor *t;

	if (c->devices <= 1)
		return;
	t = graph_tensor(g, MEM_WEIGHTS, NPU_JOB_CONST, NPU_TYPE_I32, (uint64_t[]){ 2 }, 1,
			 "devices");
	if (!t)
		return;
	t->fill = fill_devices;
	t->data = c;
}

int compile_nodes(struct npu_graph *graph, const struct compilation *c,
		  struct npu_job_image **image, struct npu_error *err)
{
	struct graph g;
	struct translation t = {
		.from = graph, .to = &g, .rows = c->rows, .context = c->context,
	};
	int ret;

	if (graph->err.code)
		return npu_error_set(err, graph->err.code, "%s", graph->err.message);
	graph_init(&g);
	g.weights = c->weights;
	g.no_data = c->no_data;
	g.progress = c->progress;
	g.progress_opaque = c->progress_opaque;
	kv_init(&g, c->kv, c->context, c->slots, c->batch);
	g.kv.plain = c->plain;
	fuse_nodes(graph);
	translate_graph(&t);
	add_devices(&g, c);
	ret = g.err.code ? npu_error_set(err, g.err.code, "%s", g.err.message) :
			   make_image(&g, c, image, err);
	graph_release(&g);
	return ret;
}

/* The caller's programs, or the one that there is without. */
static int take_programs(const struct npu_graph_options *o, const struct npu_target *target,
			 uint32_t rows, uint32_t context, struct image_program *programs,
			 struct npu_error *err)
{
	const struct npu_graph_program run = {
		.name = "run", .rows = rows, .args = { 0, rows, rows },
	};
	uint32_t n = o->programs ? o->n_programs : 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct npu_graph_program *p = o->programs ? &o->programs[i] : &run;

		if (!p->name || !*p->name || p->rows > rows || (!p->rows && !p->single))
			return npu_error_set(err, -EINVAL,
					     "program %u, '%s': %u rows; it needs a name, and 1 to %u rows",
					     i, p->name ? p->name : "", p->rows, rows);
		programs[i] = (struct image_program){
			.name = p->name,
			.spec = { .single = p->single, .max_rows = p->single ? 1 : p->rows,
				  .stream = p->single && target->features & NPU_FEAT_STREAM,
				  .context = context, .no_cpu = o->no_fallback },
			.args = { p->args[0], p->args[1], p->args[2] },
		};
	}
	return 0;
}

static bool has_output(const struct npu_graph *graph)
{
	for (const struct npu_tensor *v = graph->values; v; v = v->next)
		if (v->output[0])
			return true;
	return false;
}

int npu_graph_compile(struct npu_graph *graph, const struct npu_target *target,
		      const struct npu_graph_options *options,
		      struct npu_job_image **image, struct npu_error *err)
{
	static const struct npu_graph_options defaults;
	const struct npu_graph_options *o = options ? options : &defaults;
	struct image_program programs[IMAGE_MAX_PROGRAMS];
	struct compilation c = {
		.target = target, .rows = o->rows ? o->rows : DEFAULT_ROWS, .slots = 1,
		.kv = NPU_TYPE_F16, .weights = o->weights, .programs = programs,
		.n = o->programs ? o->n_programs : 1,
		.progress = o->progress, .progress_opaque = o->progress_opaque,
	};
	int ret = compile_check_target(target, err);

	c.context = o->context ? o->context : c.rows;
	if (ret)
		return ret;
	if (!graph->err.code && !has_output(graph))
		return npu_error_set(err, -EINVAL, "the graph has no output");
	if (!c.n || c.n > IMAGE_MAX_PROGRAMS)
		return npu_error_set(err, -EINVAL, "%u programs; an image has 1 to %u", c.n,
				     IMAGE_MAX_PROGRAMS);
	ret = take_programs(o, target, c.rows, c.context, programs, err);
	return ret ? ret : compile_nodes(graph, &c, image, err);
}
