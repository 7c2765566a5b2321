// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>

#include "objects.h"
#include "vm_maps.h"

/* A change cuts one mapping in two at most, and adds one. */
int vm_maps_room(struct vm_maps *maps, size_t changes)
{
	size_t capacity = 2 * (maps->capacity + 2 * changes + 8);
	struct vm_map *more;

	if (maps->count + 2 * changes <= maps->capacity)
		return 0;
	more = realloc(maps->map, capacity * sizeof(*more));
	if (!more)
		return -ENOMEM;
	maps->map = more;
	maps->capacity = capacity;
	return 0;
}

static void open_gap(struct vm_maps *maps, size_t at)
{
	memmove(&maps->map[at + 1], &maps->map[at],
		(maps->count - at) * sizeof(*maps->map));
	maps->count++;
}

static void close_gap(struct vm_maps *maps, size_t at)
{
	maps->count--;
	memmove(&maps->map[at], &maps->map[at + 1],
		(maps->count - at) * sizeof(*maps->map));
}

static void cut_front(struct vm_map *map, uint64_t start)
{
	map->offset += start - map->start;
	map->start = start;
}

/* First mapping that ends behind an address. */
static size_t find(const struct vm_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (maps->map[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void vm_maps_remove(struct vm_maps *maps, uint64_t start, uint64_t end)
{
	size_t at = find(maps, start);

	maps->changes++;
	if (at < maps->count && maps->map[at].start < start) {
		if (maps->map[at].end > end) {
			open_gap(maps, at);
			npu_buffer_get(maps->map[at].buffer);
			cut_front(&maps->map[at + 1], end);
		}
		maps->map[at++].end = start;
	}
	while (at < maps->count && maps->map[at].end <= end) {
		npu_buffer_destroy(maps->map[at].buffer);
		close_gap(maps, at);
	}
	if (at < maps->count && maps->map[at].start < end)
		cut_front(&maps->map[at], end);
}

void vm_maps_add(struct vm_maps *maps, const struct vm_map *map)
{
	size_t at;

	vm_maps_remove(maps, map->start, map->end);
	at = find(maps, map->start);
	open_gap(maps, at);
	maps->map[at] = *map;
}

void vm_maps_fini(struct vm_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		npu_buffer_destroy(maps->map[i].buffer);
	free(maps->map);
	memset(maps, 0, sizeof(*maps));
}
