/* SPDX-License-Identifier: MIT */
/*
 * What is mapped where in an address space, for the CPU to find the same memory
 * at the same addresses. Not thread-safe.
 */
#ifndef NPU_RUNTIME_VM_MAPS_H
#define NPU_RUNTIME_VM_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct npu_buffer;

/**
 * struct vm_map - a mapping, or what is left of one
 * @start: first address
 * @end: first address behind
 * @buffer: holds a reference
 * @offset: of @start in the buffer
 * @readonly: the NPU may not write
 */
struct vm_map {
	uint64_t start, end;
	struct npu_buffer *buffer;
	uint64_t offset;
	bool readonly;
};

/**
 * struct vm_maps - all mappings
 * @map: rising, without overlap
 * @count: number of @map
 * @capacity: number that @map has room for
 * @changes: grows with each change
 */
struct vm_maps {
	struct vm_map *map;
	size_t count, capacity;
	uint64_t changes;
};

/** vm_maps_room() - make room, so that so many changes cannot fail; 0 or -ENOMEM */
int vm_maps_room(struct vm_maps *maps, size_t changes);

/** vm_maps_remove() - nothing is mapped from @start to before @end any more */
void vm_maps_remove(struct vm_maps *maps, uint64_t start, uint64_t end);

/** vm_maps_add() - @map, whose reference is taken, in place of what was there */
void vm_maps_add(struct vm_maps *maps, const struct vm_map *map);

/** vm_maps_fini() - give all references and memory back */
void vm_maps_fini(struct vm_maps *maps);

#endif /* NPU_RUNTIME_VM_MAPS_H */
