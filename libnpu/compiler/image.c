// SPDX-License-Identifier: MIT
/* From a placed and lowered graph to a job image. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "weights.h"

#define PROGRAM_ALIGN 128u

static const char *const segment_names[MEM_KINDS] = {
	"weights", "cache", "io", "scratch", "shared",
};

static const char *const run_args[] = { "pos", "tokens", "logits", "slot" };
static const char *const single_args[] = { "pos", "slot" };
static const char *const batch_args[] = { "rows" };

static const char *const *arg_names(const struct lower_spec *spec)
{
	if (spec->batch)
		return batch_args;
	return spec->single ? single_args : run_args;
}

int image_lower(const struct graph *g, const struct npu_target *target,
		struct image_program *programs, uint32_t n, struct npu_error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		int ret = place_graph(g, target, &programs[i].spec, &programs[i].parts, err);

		if (ret) {
			image_programs_free(programs, n);
			return ret;
		}
	}
	return 0;
}

void image_programs_free(struct image_program *programs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		parts_free(&programs[i].parts);
}

static uint32_t aligned(uint32_t size)
{
	return (size + PROGRAM_ALIGN - 1) / PROGRAM_ALIGN * PROGRAM_ALIGN;
}

/* Behind what is there, both in @data and in the address space. */
static uint64_t put_part(const struct part *part, uint8_t **data, uint64_t va)
{
	memcpy(*data, part->data, part->size);
	*data += aligned(part->size);
	return va + aligned(part->size);
}

static bool set_args(struct npu_job_program *p, const struct image_program *from)
{
	p->num_args = lower_num_args(&from->spec);
	p->arg_names = calloc(p->num_args, sizeof(*p->arg_names));
	p->args = calloc(p->num_args, sizeof(*p->args));
	if (!p->arg_names || !p->args)
		return false;
	for (uint32_t i = 0; i < p->num_args; i++) {
		snprintf(p->arg_names[i], sizeof(p->arg_names[i]), "%s",
			 arg_names(&from->spec)[i]);
		p->args[i] = from->args[i];
	}
	return true;
}

/* The first part has the program's name; the others a number behind it. */
static bool add_part(struct npu_job_image *image, const struct image_program *from,
		     uint32_t i, uint64_t va)
{
	const struct part *part = &from->parts.part[i];
	struct npu_job_program *p = &image->programs[image->n_programs++];

	snprintf(p->name, sizeof(p->name), i ? "%s.%u" : "%s", from->name, i);
	memcpy(p->reason, part->reason, sizeof(p->reason));
	p->va = va;
	p->size = part->size;
	p->place = part->place;
	return set_args(p, from);
}

/* What users name comes first; the rest of each run stands behind all that. */
static bool add_runs(struct npu_job_image *image, const struct image_program *programs,
		     uint32_t n, uint8_t *data, uint64_t va)
{
	uint32_t last;

	for (uint32_t i = 0; i < n; i++) {
		if (!add_part(image, &programs[i], 0, va))
			return false;
		va = put_part(&programs[i].parts.part[0], &data, va);
	}
	for (uint32_t i = 0; i < n; i++) {
		last = i;
		for (uint32_t j = 1; j < programs[i].parts.n; j++) {
			image->programs[last].next = image->n_programs;
			last = image->n_programs;
			if (!add_part(image, &programs[i], j, va))
				return false;
			va = put_part(&programs[i].parts.part[j], &data, va);
		}
	}
	return true;
}

static uint64_t programs_size(const struct image_program *programs, uint32_t n)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < programs[i].parts.n; j++)
			size += aligned(programs[i].parts.part[j].size);
	return size;
}

/* One segment with all programs, one behind the other. */
static bool add_programs(struct npu_job_image *image, const struct image_program *programs,
			 uint32_t n, uint64_t va)
{
	struct npu_job_segment *s = &image->segments[image->n_segments++];
	uint8_t *data;

	snprintf(s->name, sizeof(s->name), "programs");
	s->va = va;
	s->readonly = 1;
	s->size = programs_size(programs, n);
	s->data_size = s->size;
	data = calloc(1, s->size);
	s->data = data;
	return data && add_runs(image, programs, n, data, va);
}

static int add_segments(struct npu_job_image *image, const struct graph *g,
			struct npu_error *err)
{
	for (int i = 0; i < MEM_KINDS; i++) {
		struct npu_job_segment *s = &image->segments[image->n_segments];
		void *data;
		int ret;

		if (!g->size[i])
			continue;
		image->n_segments++;
		snprintf(s->name, sizeof(s->name), "%s", segment_names[i]);
		s->va = g->base[i];
		s->size = g->size[i];
		s->readonly = i == MEM_WEIGHTS;
		if (i != MEM_WEIGHTS || g->no_data)
			continue;
		s->data_size = s->size;
		data = calloc(1, s->size);
		s->data = data;
		if (!data)
			return npu_error_set(err, -ENOMEM, "no memory for %llu bytes of weights",
					     (unsigned long long)s->size);
		ret = weights_fill(g, data, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void add_tensors(struct npu_job_image *image, const struct graph *g)
{
	for (const struct tensor *t = g->tensors; t; t = t->next) {
		struct npu_job_tensor *to = &image->tensors[image->n_tensors];

		if (!t->role)
			continue;
		image->n_tensors++;
		memcpy(to->name, t->name, sizeof(to->name));
		to->role = t->role;
		to->type = t->type;
		to->n_dims = t->n_dims;
		memcpy(to->dims, t->dims, sizeof(to->dims));
		to->va = t->va;
	}
}

static void add_tags(struct npu_job_image *image, const struct graph *g)
{
	snprintf(image->tags[0], sizeof(image->tags[0]), "start");
	for (uint32_t i = 0; i < g->n_ops; i++)
		memcpy(image->tags[i + 1], g->ops[i].name, sizeof(image->tags[0]));
	image->n_tags = g->n_ops + 1;
}

static struct npu_job_image *new_image(const struct graph *g,
				       const struct image_program *programs, uint32_t n)
{
	struct npu_job_image *image = calloc(1, sizeof(*image));
	uint32_t tensors = 0, parts = 0;

	for (const struct tensor *t = g->tensors; t; t = t->next)
		tensors += !!t->role;
	for (uint32_t i = 0; i < n; i++)
		parts += programs[i].parts.n;
	if (!image)
		return NULL;
	image->segments = calloc(MEM_KINDS + 1, sizeof(*image->segments));
	image->tensors = calloc(tensors ? tensors : 1, sizeof(*image->tensors));
	image->programs = calloc(parts, sizeof(*image->programs));
	image->tags = calloc(g->n_ops + 1, sizeof(*image->tags));
	if (image->segments && image->tensors && image->programs && image->tags)
		return image;
	npu_job_image_free(image);
	return NULL;
}

int image_build(const struct graph *g, const struct image_program *programs,
		uint32_t n, uint64_t program_va, struct npu_job_image **image,
		struct npu_error *err)
{
	struct npu_job_image *made = new_image(g, programs, n);
	int ret;

	if (!made)
		return npu_error_set(err, -ENOMEM, "no memory for a job image");
	ret = add_segments(made, g, err);
	if (!ret && !add_programs(made, programs, n, program_va))
		ret = npu_error_set(err, -ENOMEM, "no memory for the programs of an image");
	if (ret) {
		npu_job_image_free(made);
		return ret;
	}
	add_tensors(made, g);
	add_tags(made, g);
	*image = made;
	return 0;
}
