// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

void rig_init(struct rig *r, uint32_t cores, uint32_t sram, uint32_t rows, bool single,
	      uint32_t context)
{
	memset(r, 0, sizeof(*r));
	graph_init(&r->g);
	kv_init(&r->g, NPU_TYPE_F16, context, 1, 0);
	npu_target_default(&r->target);
	r->target.cores = cores;
	r->target.sram_size = sram;
	r->config.cores = cores;
	r->config.sram_size = sram;
	r->config.threads = 1;
	r->spec.single = single;
	r->spec.stream = single;
	r->spec.max_rows = rows;
	r->spec.context = context;
	r->seed = 12345;
}

float rig_random(struct rig *r)
{
	r->seed = r->seed * 1664525 + 1013904223;
	return (r->seed >> 8) * 0x1p-23f - 1;
}

void rig_fill(struct rig *r, float *data, size_t n, float most)
{
	for (size_t i = 0; i < n; i++)
		data[i] = rig_random(r) * most;
}

const struct npu_gguf_tensor *rig_weights(struct rig *r, uint64_t row, uint64_t rows)
{
	struct npu_gguf_tensor *t = calloc(1, sizeof(*t));
	float *data = calloc(row * rows, sizeof(*data));

	if (!t || !data || r->n_fakes == 16)
		abort();
	rig_fill(r, data, row * rows, 1 / sqrtf(row));
	snprintf(t->name, sizeof(t->name), "weights %u", r->n_fakes);
	t->type = NPU_GGUF_F32;
	t->n_dims = 2;
	t->dims[0] = row;
	t->dims[1] = rows;
	t->dims[2] = 1;
	t->dims[3] = 1;
	t->rows = rows;
	t->row_size = row * sizeof(*data);
	t->size = t->row_size * rows;
	t->data = data;
	r->fakes[r->n_fakes++] = t;
	return t;
}

struct tensor *rig_tensor(struct rig *r, uint32_t type, uint64_t rows, uint64_t cols,
			  const char *name)
{
	return graph_tensor(&r->g, MEM_IO, NPU_JOB_INPUT, type,
			    (uint64_t[]){ rows, cols }, 2, "%s", name);
}

/* Images have memory for one slot only. */
static void all_slots(struct rig *r)
{
	for (uint32_t i = 0; i < r->image->n_segments; i++)
		if (r->g.kv.tensor && r->image->segments[i].va == r->g.base[MEM_CACHE])
			r->image->segments[i].size = r->g.kv.slots * r->g.kv.slot_bytes;
}

bool rig_build(struct rig *r)
{
	struct image_program p = { .name = "test", .spec = r->spec };
	uint64_t va;

	if (r->g.err.code) {
		r->err = r->g.err;
		return false;
	}
	va = graph_place(&r->g, r->target.va_start, r->target.va_end, &r->err);
	if (!va || image_lower(&r->g, &r->target, &p, 1, &r->err))
		return false;
	if (image_build(&r->g, &p, 1, va, &r->image, &r->err)) {
		image_programs_free(&p, 1);
		return false;
	}
	image_programs_free(&p, 1);
	all_slots(r);
	if (npu_job_image_check(r->image, &r->err))
		return false;
	r->loaded = loaded_new(&r->config, r->image);
	replay_new(&r->replay, r->image, r->config.cores);
	return true;
}

bool rig_run(struct rig *r, uint64_t pos, uint64_t tokens, uint64_t logits,
	     struct npu_completion *done)
{
	const uint64_t run[] = { pos, tokens, logits, r->slot }, single[] = { pos, r->slot };
	const uint64_t *args = r->spec.single ? single : r->spec.batch ? &tokens : run;

	for (uint32_t i = 0; i < r->image->n_segments; i++)
		memcpy(r->replay.memory[i], r->loaded.memory[i], r->image->segments[i].size);
	if (!loaded_run(&r->loaded, "test", 0, args, done))
		return false;
	if (!replay_run(&r->replay, 0, args)) {
		printf("# replay: %s\n", r->replay.problem);
		return false;
	}
	for (uint32_t i = 0; i < r->image->n_segments; i++) {
		if (!memcmp(r->replay.memory[i], r->loaded.memory[i],
			    r->image->segments[i].size))
			continue;
		printf("# segment %s: device and replay differ\n", r->image->segments[i].name);
		return false;
	}
	return true;
}

void *rig_data(const struct rig *r, const struct tensor *t)
{
	return loaded_at(&r->loaded, t->va);
}

void *rig_kv(const struct rig *r, const struct kv_cache *cache, uint32_t slot,
	     uint32_t pos, uint32_t head, bool values)
{
	const struct kv_layout *kv = &r->g.kv;

	return loaded_at(&r->loaded, kv->tensor->va + slot * kv->slot_bytes +
			 pos / KV_PAGE_TOKENS * kv->page_bytes +
			 (values ? cache->values : cache->keys) +
			 head * kv_head_bytes(cache) + pos % KV_PAGE_TOKENS * cache->row);
}

void rig_free(struct rig *r)
{
	if (r->loaded.machine) {
		loaded_free(&r->loaded);
		replay_free(&r->replay);
	}
	npu_job_image_free(r->image);
	graph_release(&r->g);
	for (unsigned int i = 0; i < r->n_fakes; i++) {
		free((void *)r->fakes[i]->data);
		free(r->fakes[i]);
	}
}

double rig_cosine(const float *a, const float *b, size_t n)
{
	double ab = 0, aa = 0, bb = 0;

	for (size_t i = 0; i < n; i++) {
		ab += (double)a[i] * b[i];
		aa += (double)a[i] * a[i];
		bb += (double)b[i] * b[i];
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : aa == bb;
}
