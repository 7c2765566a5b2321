// SPDX-License-Identifier: MIT
/* Mappings of an address space, changed at random, against a plain array of pages. */
#include <npu/buffer.h>
#include <npu/device.h>

#include "objects.h"
#include "tap.h"
#include "vm_maps.h"

#define PAGES 64
#define BUFFERS 5
#define CHANGES 20000

struct page {
	struct npu_buffer *buffer;
	uint64_t offset;
	bool readonly;
};

static struct page want[PAGES];
static struct npu_buffer *buffers[BUFFERS];

static bool agrees(const struct vm_maps *maps)
{
	struct page got[PAGES] = { 0 };
	unsigned int refs[BUFFERS] = { 0 };
	uint64_t end = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct vm_map *m = &maps->map[i];

		if (m->start < end || m->start >= m->end || m->end > PAGES)
			return false;
		end = m->end;
		for (uint64_t at = m->start; at < m->end; at++)
			got[at] = (struct page){ m->buffer, m->offset + at - m->start,
						 m->readonly };
		for (unsigned int b = 0; b < BUFFERS; b++)
			refs[b] += m->buffer == buffers[b];
	}
	for (unsigned int i = 0; i < PAGES; i++)
		if (got[i].buffer != want[i].buffer || got[i].offset != want[i].offset ||
		    got[i].readonly != want[i].readonly)
			return false;
	for (unsigned int b = 0; b < BUFFERS; b++)
		if (atomic_load(&buffers[b]->refs) != 1 + refs[b])
			return false;
	return true;
}

static uint64_t below(uint64_t *seed, uint64_t n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % n;
}

static void change(struct vm_maps *maps, uint64_t *seed)
{
	uint64_t start = below(seed, PAGES), end = start + 1 + below(seed, PAGES - start);
	struct vm_map map = {
		.start = start, .end = end, .offset = below(seed, 100),
		.readonly = below(seed, 2), .buffer = buffers[below(seed, BUFFERS)],
	};
	bool add = below(seed, 2);

	if (vm_maps_room(maps, 1))
		bail_out("out of memory");
	if (add)
		vm_maps_add(maps, &(struct vm_map){ start, end, npu_buffer_get(map.buffer),
						    map.offset, map.readonly });
	else
		vm_maps_remove(maps, start, end);
	for (uint64_t at = start; at < end; at++)
		want[at] = add ? (struct page){ map.buffer, map.offset + at - start,
						map.readonly } : (struct page){ 0 };
}

int main(void)
{
	struct vm_maps maps = { 0 };
	struct npu_device *device;
	struct npu_error err;
	unsigned int wrong = 0;
	uint64_t seed = 1;

	if (npu_device_open("sim", &device, &err))
		bail_out(err.message);
	for (unsigned int b = 0; b < BUFFERS; b++)
		if (npu_buffer_create(device, NULL, 4096, &buffers[b], &err))
			bail_out(err.message);
	for (unsigned int i = 0; i < CHANGES; i++) {
		uint64_t changes = maps.changes;

		change(&maps, &seed);
		wrong += !agrees(&maps) || maps.changes == changes;
	}
	is(wrong, 0, "%u random changes leave what they should, references too", CHANGES);
	vm_maps_fini(&maps);
	for (unsigned int b = 0; b < BUFFERS; b++) {
		wrong += atomic_load(&buffers[b]->refs) != 1;
		npu_buffer_destroy(buffers[b]);
	}
	is(wrong, 0, "all references are given back");
	npu_device_close(device);
	return done_testing();
}
