/* SPDX-License-Identifier: MIT */
/* Which addresses of an address space are in use. Not thread-safe. */
#ifndef NPU_RUNTIME_VA_SPACE_H
#define NPU_RUNTIME_VA_SPACE_H

#include <stddef.h>
#include <stdint.h>

struct va_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct va_space - used ranges between two addresses
 * @start: first address
 * @end: first address behind the last
 * @used: used ranges, rising, that neither overlap nor touch
 * @count: number of @used
 * @capacity: number that @used has room for
 */
struct va_space {
	uint64_t start;
	uint64_t end;
	struct va_range *used;
	size_t count;
	size_t capacity;
};

/** va_space_init() - an empty space */
void va_space_init(struct va_space *space, uint64_t start, uint64_t end);

/** va_space_fini() - free its memory */
void va_space_fini(struct va_space *space);

/**
 * va_space_room() - make room, so that the next adds and removes cannot fail
 * @space: space
 * @changes: number of them
 *
 * Return: 0 or -ENOMEM.
 */
int va_space_room(struct va_space *space, size_t changes);

/** va_space_add() - start..end is in use; call va_space_room() before */
void va_space_add(struct va_space *space, uint64_t start, uint64_t end);

/** va_space_remove() - start..end is not in use; call va_space_room() before */
void va_space_remove(struct va_space *space, uint64_t start, uint64_t end);

/**
 * va_space_find() - find a hole, the highest there is
 * @space: space
 * @size: bytes, not zero
 * @align: a power of two
 * @va: receives the first address
 *
 * From the top, so that addresses that a program chooses, which are low as a
 * rule, find their place free.
 *
 * Return: 0 or -ENOSPC.
 */
int va_space_find(const struct va_space *space, uint64_t size, uint64_t align,
		  uint64_t *va);

#endif /* NPU_RUNTIME_VA_SPACE_H */
