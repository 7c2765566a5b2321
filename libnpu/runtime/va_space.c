// SPDX-License-Identifier: MIT
/* Used ranges of an address space, as a sorted array. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "va_space.h"

void va_space_init(struct va_space *space, uint64_t start, uint64_t end)
{
	*space = (struct va_space){ .start = start, .end = end };
}

void va_space_fini(struct va_space *space)
{
	free(space->used);
	space->used = NULL;
	space->count = 0;
	space->capacity = 0;
}

int va_space_room(struct va_space *space, size_t changes)
{
	size_t capacity = 2 * (space->capacity + changes + 8);
	struct va_range *used;

	if (space->count + changes <= space->capacity)
		return 0;
	used = realloc(space->used, capacity * sizeof(*used));
	if (!used)
		return -ENOMEM;
	space->used = used;
	space->capacity = capacity;
	return 0;
}

/* Replace ranges first..last-1 by n given ones. */
static void splice(struct va_space *space, size_t first, size_t last,
		   const struct va_range *ranges, size_t n)
{
	memmove(space->used + first + n, space->used + last,
		(space->count - last) * sizeof(*space->used));
	for (size_t i = 0; i < n; i++)
		space->used[first + i] = ranges[i];
	space->count += n;
	space->count -= last - first;
}

void va_space_add(struct va_space *space, uint64_t start, uint64_t end)
{
	struct va_range merged = { start, end };
	size_t first = 0, last;

	while (first < space->count && space->used[first].end < start)
		first++;
	last = first;
	while (last < space->count && space->used[last].start <= end) {
		if (space->used[last].start < merged.start)
			merged.start = space->used[last].start;
		if (space->used[last].end > merged.end)
			merged.end = space->used[last].end;
		last++;
	}
	splice(space, first, last, &merged, 1);
}

void va_space_remove(struct va_space *space, uint64_t start, uint64_t end)
{
	struct va_range rest[2];
	size_t n = 0, first = 0, last;

	while (first < space->count && space->used[first].end <= start)
		first++;
	last = first;
	while (last < space->count && space->used[last].start < end)
		last++;
	if (first == last)
		return;
	if (space->used[first].start < start)
		rest[n++] = (struct va_range){ space->used[first].start, start };
	if (space->used[last - 1].end > end)
		rest[n++] = (struct va_range){ end, space->used[last - 1].end };
	splice(space, first, last, rest, n);
}

int va_space_find(const struct va_space *space, uint64_t size, uint64_t align,
		  uint64_t *va)
{
	uint64_t top = space->end;

	for (size_t i = space->count + 1; i--; ) {
		uint64_t bottom = i ? space->used[i - 1].end : space->start;
		uint64_t start;

		if (bottom < space->start)
			bottom = space->start;
		if (top > bottom && top - bottom >= size) {
			start = (top - size) & ~(align - 1);
			if (start >= bottom) {
				*va = start;
				return 0;
			}
		}
		if (i && space->used[i - 1].start < top)
			top = space->used[i - 1].start;
	}
	return -ENOSPC;
}
