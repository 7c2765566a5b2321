// SPDX-License-Identifier: MIT
/* Addresses in use: against a map with an entry for each address. */
#include <errno.h>

#include "tap.h"
#include "va_space.h"

#define END 96

static void test_find(void)
{
	struct va_space space;
	uint64_t va = 0;

	va_space_init(&space, 16, END);
	is(va_space_find(&space, END - 16, 1, &va), 0, "all of an empty space is free");
	is(va, 16, "from its start on");
	is(va_space_find(&space, END - 15, 1, &va), -ENOSPC, "more is not");
	is(va_space_find(&space, 10, 8, &va), 0, "a part is found");
	is(va, 80, "aligned, at the top");
	va_space_room(&space, 1);
	va_space_add(&space, 80, 90);
	is(va_space_find(&space, 6, 1, &va), 0, "what just fits");
	is(va, 90, "fits");
	is(va_space_find(&space, 7, 1, &va), 0, "what does not");
	is(va, 73, "goes below");
	is(va_space_find(&space, 6, 16, &va), 0, "where alignment leaves no room");
	is(va, 64, "it goes below too");
	va_space_fini(&space);
}

/* The space and the map agree on what is used, and on whether n are free. */
static bool agree(const struct va_space *space, const bool *used)
{
	bool mine[END] = { false };

	for (size_t i = 0; i < space->count; i++) {
		if (space->used[i].start >= space->used[i].end ||
		    (i && space->used[i - 1].end >= space->used[i].start))
			return false;
		for (uint64_t at = space->used[i].start; at < space->used[i].end; at++)
			mine[at] = true;
	}
	return !memcmp(mine, used, sizeof(mine));
}

static int find_in_map(const bool *used, unsigned int size, unsigned int align)
{
	for (int va = END - size; va >= 0; va--) {
		bool is_free = va % align == 0;

		for (unsigned int i = 0; i < size; i++)
			is_free = is_free && !used[va + i];
		if (is_free)
			return va;
	}
	return -1;
}

static void test_random(void)
{
	bool used[END] = { false };
	struct va_space space;
	unsigned int seed = 1, i;

	va_space_init(&space, 0, END);
	for (i = 0; i < 20000; i++) {
		unsigned int start = rand_r(&seed) % END;
		unsigned int size = 1 + rand_r(&seed) % (END - start);
		unsigned int align = 1 << rand_r(&seed) % 4;
		bool add = rand_r(&seed) % 2;
		uint64_t va = 0;
		int want;

		size = size > 12 ? size % 12 + 1 : size;
		if (va_space_room(&space, 1))
			bail_out("out of memory");
		if (add)
			va_space_add(&space, start, start + size);
		else
			va_space_remove(&space, start, start + size);
		memset(used + start, add, size);
		want = find_in_map(used, size, align);
		if (!agree(&space, used) ||
		    va_space_find(&space, size, align, &va) != (want < 0 ? -ENOSPC : 0) ||
		    (want >= 0 && va != (uint64_t)want))
			break;
	}
	is(i, 20000, "adding, removing and finding at random agree with a plain map");
	va_space_fini(&space);
}

static void test_large(void)
{
	struct va_space space;
	uint64_t va = 0;

	va_space_init(&space, 1 << 21, 1ull << 39);
	for (int i = 0; i < 1000; i++) {
		if (va_space_find(&space, 1 << 20, 1 << 21, &va) ||
		    va_space_room(&space, 1))
			break;
		va_space_add(&space, va, va + (1 << 20));
	}
	is(space.count, 1000, "a thousand separate ranges");
	is(va, (1ull << 39) - 1000ull * (1 << 21), "from the top down");
	is(va_space_find(&space, ~0ull, 1, &va), -ENOSPC, "an absurd size does not fit");
	va_space_fini(&space);
}

int main(void)
{
	test_find();
	test_random();
	test_large();
	return done_testing();
}
