/* SPDX-License-Identifier: MIT */
/*
 * Buffers that end at a page nobody may touch.
 *
 * A kernel that reads or writes behind an operand ends the test with a signal;
 * one that writes before it, or between its rows, is seen by comparing the
 * whole buffer.
 */
#ifndef NPU_TESTS_CONFORMANCE_GUARDED_H
#define NPU_TESTS_CONFORMANCE_GUARDED_H

#include <stdint.h>
#include <sys/mman.h>

#include "../unit/tap.h"

#define GUARD_PAGE	4096
#define GUARDED_BYTES	(2u << 20)
/* Bytes in front of an operand that must stay as they are. */
#define GUARD_FRONT	64

/* The operands that a case can have. */
enum slot {
	SLOT_A, SLOT_B, SLOT_SA, SLOT_SB, SLOT_BIAS, SLOT_AUX, SLOT_DQ,
	SLOT_DST, SLOT_AUX1, SLOT_AUX2,
	/* What the reference writes, in the same order. */
	SLOT_WANT_DST, SLOT_WANT_AUX, SLOT_WANT_AUX1, SLOT_WANT_AUX2,
	SLOT_COUNT
};

static uint8_t *guarded_end[SLOT_COUNT];

static inline void guarded_open(void)
{
	for (int i = 0; i < SLOT_COUNT; i++) {
		uint8_t *p = mmap(NULL, GUARDED_BYTES + GUARD_PAGE,
				  PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED ||
		    mprotect(p + GUARDED_BYTES, GUARD_PAGE, PROT_NONE))
			bail_out("cannot map guarded buffers");
		guarded_end[i] = p + GUARDED_BYTES;
	}
}

/* Room for @size bytes in @slot that end at the guard. */
static inline uint8_t *guarded(enum slot slot, size_t size)
{
	if (size > GUARDED_BYTES - GUARD_FRONT)
		bail_out("a case needs a larger guarded buffer");
	return guarded_end[slot] - size;
}

/* First byte in which two buffers of @size bytes differ, from GUARD_FRONT on. */
static inline bool guarded_same(enum slot got, enum slot want, size_t size,
				long *where)
{
	const uint8_t *g = guarded_end[got] - size - GUARD_FRONT;
	const uint8_t *w = guarded_end[want] - size - GUARD_FRONT;

	for (size_t i = 0; i < size + GUARD_FRONT; i++) {
		if (g[i] != w[i]) {
			*where = (long)i - GUARD_FRONT;
			return false;
		}
	}
	return true;
}

/* Make the front and @size bytes of @to those of @from. */
static inline void guarded_copy(enum slot to, enum slot from, size_t size)
{
	memcpy(guarded_end[to] - size - GUARD_FRONT,
	       guarded_end[from] - size - GUARD_FRONT, size + GUARD_FRONT);
}

#endif /* NPU_TESTS_CONFORMANCE_GUARDED_H */
