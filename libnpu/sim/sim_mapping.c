// SPDX-License-Identifier: MIT
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sim_mappings_room(struct sim_mappings *maps, size_t n)
{
	size_t room = maps->room ? maps->room : 8;
	struct sim_mapping *item;

	while (room < maps->count + n)
		room *= 2;
	if (room == maps->room)
		return 0;
	item = realloc(maps->item, room * sizeof(*item));
	if (!item)
		return -ENOMEM;
	maps->item = item;
	maps->room = room;
	return 0;
}

/* The first that ends behind @va. */
static size_t find(const struct sim_mappings *maps, uint64_t va)
{
	size_t low = 0, high = maps->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (maps->item[mid].end > va)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void insert(struct sim_mappings *maps, size_t at, struct sim_mapping map)
{
	memmove(maps->item + at + 1, maps->item + at,
		(maps->count - at) * sizeof(*maps->item));
	maps->item[at] = map;
	maps->count++;
}

void sim_mappings_add(struct sim_mappings *maps, struct sim_mapping map)
{
	insert(maps, find(maps, map.start), map);
}

/* The range lies within one mapping, and leaves two parts of it. */
static void cut_out(struct sim_mappings *maps, size_t at, uint64_t start,
		    uint64_t end)
{
	struct sim_mapping behind = maps->item[at];

	behind.start = end;
	maps->item[at].end = start;
	behind.bo->refs++;
	insert(maps, at + 1, behind);
}

int sim_mappings_cut(struct sim_mappings *maps, uint64_t start, uint64_t end,
		     struct sim_mappings *cut)
{
	size_t first = find(maps, start), last = first;

	while (last < maps->count && maps->item[last].start < end)
		last++;
	if (first == last)
		return 0;
	if (sim_mappings_room(cut, last - first))
		return -ENOMEM;
	if (maps->item[first].start < start && maps->item[first].end > end) {
		cut_out(maps, first, start, end);
		maps->item[first].bo->refs++;
		cut->item[cut->count++] = maps->item[first];
		return 0;
	}
	for (size_t i = first; i < last; i++) {
		struct sim_mapping *map = &maps->item[i];

		cut->item[cut->count++] = *map;
		if (map->start < start)
			map->end = start, map->bo->refs++, first++;
		else if (map->end > end)
			map->start = end, map->bo->refs++, last--;
	}
	memmove(maps->item + first, maps->item + last,
		(maps->count - last) * sizeof(*maps->item));
	maps->count -= last - first;
	return 0;
}

bool sim_mappings_has(const struct sim_mappings *maps, const struct sim_bo *bo)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->item[i].bo == bo)
			return true;
	return false;
}

int sim_past_add(struct sim_past *past, uint64_t serial, uint64_t upto)
{
	size_t room = past->room ? 2 * past->room : 8;
	void *item;

	for (size_t i = 0; i < past->count; i++)
		if (past->item[i].serial == serial) {
			past->item[i].upto = upto;
			return 0;
		}
	if (past->count == past->room) {
		item = realloc(past->item, room * sizeof(*past->item));
		if (!item)
			return -ENOMEM;
		past->item = item;
		past->room = room;
	}
	past->item[past->count].serial = serial;
	past->item[past->count++].upto = upto;
	return 0;
}

uint64_t sim_past_find(const struct sim_past *past, uint64_t serial)
{
	for (size_t i = 0; i < past->count; i++)
		if (past->item[i].serial == serial)
			return past->item[i].upto;
	return 0;
}

void sim_past_forget(struct sim_past *past, uint64_t first)
{
	size_t kept = 0;

	for (size_t i = 0; i < past->count; i++)
		if (past->item[i].upto >= first)
			past->item[kept++] = past->item[i];
	past->count = kept;
}
