// SPDX-License-Identifier: MIT
/* Memory of several devices, behind the face of one. */
#include <errno.h>
#include <stdlib.h>

#include "group.h"

/* Memory for the same pages on each device; what a page takes there may differ. */
struct group_memory {
	void *part[NPU_MAX_DEVICES];
};

static void *group_tensor(void *opaque, const char *name)
{
	const struct group *g = opaque;

	return g->member[0].machine.tensor(g->member[0].machine.opaque, name);
}

static void group_free_memory(void *opaque, void *memory)
{
	const struct group *g = opaque;
	struct group_memory *m = memory;

	for (uint32_t i = 0; i < g->n && m->part[i]; i++)
		g->member[i].machine.free_memory(g->member[i].machine.opaque, m->part[i]);
	free(m);
}

/* Offsets and sizes are whole pages of the first device's. */
static uint64_t scaled(const struct group *g, uint32_t i, uint64_t bytes)
{
	return bytes / g->member[0].image.page_bytes * g->member[i].image.page_bytes;
}

static int group_memory(void *opaque, uint64_t size, void **memory, struct npu_error *err)
{
	const struct group *g = opaque;
	struct group_memory *m = calloc(1, sizeof(*m));
	int ret = 0;

	if (!m)
		return npu_error_set(err, -ENOMEM, "no memory for KV pages");
	for (uint32_t i = 0; !ret && i < g->n; i++)
		ret = g->member[i].machine.memory(g->member[i].machine.opaque,
						  scaled(g, i, size), &m->part[i], err);
	if (ret) {
		group_free_memory(opaque, m);
		return ret;
	}
	*memory = m;
	return 0;
}

static void group_copy(void *opaque, void *to, uint64_t to_offset, void *from,
		       uint64_t from_offset, uint64_t size)
{
	const struct group_memory *dst = to, *src = from;
	const struct group *g = opaque;

	for (uint32_t i = 0; i < g->n; i++)
		g->member[i].machine.copy(g->member[i].machine.opaque, dst->part[i],
					  scaled(g, i, to_offset), src->part[i],
					  scaled(g, i, from_offset), scaled(g, i, size));
}

/* A range of the first device's addresses as another's: the same pages of the same slot. */
static struct llm_map map_of(const struct group *g, uint32_t i, const struct llm_map *map)
{
	const struct llm_image *first = &g->member[0].image, *im = &g->member[i].image;
	uint64_t slot = (map->va - first->va) / first->slot_bytes;
	uint64_t in = (map->va - first->va) % first->slot_bytes;
	const struct group_memory *m = map->memory;

	return (struct llm_map){
		.memory = m ? m->part[i] : NULL,
		.offset = scaled(g, i, map->offset),
		.va = im->va + slot * im->slot_bytes + scaled(g, i, in),
		.size = scaled(g, i, map->size),
		.readonly = map->readonly,
	};
}

static int group_map(void *opaque, const struct llm_map *maps, size_t n, struct npu_error *err)
{
	const struct group *g = opaque;
	struct llm_map *mine = calloc(n, sizeof(*mine));
	int ret = 0;

	if (!mine)
		return npu_error_set(err, -ENOMEM, "no memory to map %zu pages", n);
	for (uint32_t i = 0; !ret && i < g->n; i++) {
		for (size_t k = 0; k < n; k++)
			mine[k] = map_of(g, i, &maps[k]);
		ret = g->member[i].machine.map(g->member[i].machine.opaque, mine, n, err);
	}
	free(mine);
	return ret;
}

void group_free(struct group *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		npu_job_unload(g->member[i].instance);
		npu_buffer_destroy(g->member[i].shared);
	}
	free(g);
}

static void group_release(void *opaque)
{
	group_free(opaque);
}

struct llm_machine group_machine(struct group *g)
{
	uint64_t page_bytes = 0;

	for (uint32_t i = 0; i < g->n; i++)
		page_bytes += g->member[i].image.page_bytes;
	return (struct llm_machine){
		.tensor = group_tensor, .run = group_run, .memory = group_memory,
		.free_memory = group_free_memory, .copy = group_copy, .map = group_map,
		.release = group_release, .opaque = g, .devices = g->n,
		.page_bytes = page_bytes,
	};
}
