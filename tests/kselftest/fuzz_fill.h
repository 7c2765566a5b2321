/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From bytes to arguments. A call is its index and a pair of bytes for each
 * field: how to choose the value, and which one. All zeros is sense, so most
 * changes of a byte spoil one field, or pick another object.
 */
#ifndef FUZZ_FILL_H
#define FUZZ_FILL_H

#include <stdbool.h>

#include "fuzz_calls.h"
#include "npu_program.h"

#define FUZZ_PICKS	26
#define FUZZ_POOL	16
#define FUZZ_KINDS	(FUZZ_FD + 1)
/* A thread's memory: elements, results, syncs and arguments; then nothing. */
#define FUZZ_MEMORY	(16 * NPU_TEST_PAGE)
#define FUZZ_ELEMENTS	64
#define FUZZ_ARGS	(2 * NPU_TEST_PAGE)	/* in the memory: arguments of programs */

/* Nothing, a copy, a loop, and a loop that lets others have its core. */
enum fuzz_program { FUZZ_NULL, FUZZ_COPY, FUZZ_SPIN, FUZZ_YIELD, FUZZ_PROGRAMS };

struct fuzz_pick {
	uint8_t how;
	uint8_t which;
};

struct fuzz_record {
	uint8_t call;
	struct fuzz_pick picks[FUZZ_PICKS];
} __attribute__((packed));

/* What calls of all threads made on one file; the first of each kind stays. */
struct fuzz_objects {
	struct npu_machine m;
	struct drm_npu_job programs[FUZZ_PROGRAMS];
	uint32_t pool[FUZZ_KINDS][FUZZ_POOL];
	uint32_t made[FUZZ_KINDS];
};

struct fuzz_filler {
	struct fuzz_objects *objects;
	uint8_t *memory;
	const struct fuzz_pick *next;
	const struct fuzz_pick *end;
	uint64_t args[32];	/* of the call, aligned for all structures */
	uint8_t program;	/* of the job that is filled in */
	bool broken_rule;	/* a pad or a flag is set that must not be */
};

static inline struct fuzz_pick fuzz_next(struct fuzz_filler *f)
{
	struct fuzz_pick none = {};

	return f->next < f->end ? *f->next++ : none;
}

static inline uint32_t *fuzz_slot(struct fuzz_objects *o, int kind, uint32_t which, bool own)
{
	return &o->pool[kind][own ? 1 + which % (FUZZ_POOL - 1) : which % FUZZ_POOL];
}

static inline uint64_t fuzz_object(struct fuzz_objects *o, const struct fuzz_field *field,
				   uint8_t which)
{
	uint32_t id;

	if (field->good == 2 && !which)
		return 0;
	id = __atomic_load_n(fuzz_slot(o, field->kind, which, field->good == 1),
			     __ATOMIC_RELAXED);
	return id || field->good == 1 ? id : o->pool[field->kind][0];
}

static inline uint64_t fuzz_sense(struct fuzz_filler *f, const struct fuzz_field *field,
				  uint8_t which)
{
	struct fuzz_objects *o = f->objects;

	switch (field->kind) {
	case FUZZ_NUM:
		return field->good == 255 ? which + 64ull : which % (field->good + 1);
	case FUZZ_FLAGS:
		return which & field->good;
	case FUZZ_BO:
	case FUZZ_VM:
	case FUZZ_CTX:
	case FUZZ_PERFMON:
	case FUZZ_SYNC:
	case FUZZ_FD:
		return fuzz_object(o, field, which);
	case FUZZ_SIZE:
		return (which & 0x80 ? 512ull << (which & 3) : 1ull + which % 32) * NPU_TEST_PAGE;
	case FUZZ_VA:
		return 0x40000000ull + (which >> 4) * NPU_TEST_HUGE + (which & 15) * NPU_TEST_PAGE;
	case FUZZ_PROGRAM:
		f->program = which % FUZZ_PROGRAMS;
		return o->programs[f->program].program;
	case FUZZ_TIME:
		return npu_now_ns() + which * 100000ll;
	case FUZZ_PTR:
		return (uintptr_t)f->memory + field->good;
	}
	return 0;
}

static inline uint64_t fuzz_bad_pointer(struct fuzz_filler *f, uint8_t which)
{
	static const uint8_t constant[64];
	const uint64_t end = (uintptr_t)f->memory + FUZZ_MEMORY;
	const uint64_t pointers[] = {
		NPU_TEST_BAD_PTR, end, end - 8, end - 16, end - 64, (uintptr_t)constant,
		(uintptr_t)f->memory + 1, 0xffff888000000000ull, 0xffffffffff600000ull,
		0x7ffffffff000ull, 1ull << 63, -8ull,
	};

	return pointers[which % (sizeof(pointers) / sizeof(pointers[0]))];
}

/* Half of all choices are sense, so that programs get somewhere. */
static inline uint64_t fuzz_value(struct fuzz_filler *f, const struct fuzz_field *field,
				  struct fuzz_pick pick)
{
	static const uint64_t edges[] = {
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 4095, 4097, 511, 65536, 0xfffffffffffff000, 1ull << 47,
		1ull << 39, 1ull << 48, (1ull << 39) - 4096, 0xffffffff00000000,
	};
	const uint64_t sense = fuzz_sense(f, field, pick.which);

	switch (pick.how & 15) {
	case 8:
		return pick.which;
	case 9:
		return -1ull - pick.which;
	case 10:
		return 1ull << pick.which % 64;
	case 11:
		return (1ull << pick.which % 64) - 1;
	case 12:
		return sense + (int8_t)pick.which;
	case 13:
		return sense ^ 1ull << pick.which % 64;
	case 14:
		return fuzz_bad_pointer(f, pick.which);
	case 15:
		return edges[pick.which % (sizeof(edges) / sizeof(edges[0]))];
	}
	return sense;
}

static inline void fuzz_put(void *to, uint32_t size, uint64_t value)
{
	memcpy(to, &value, size < 8 ? size : 8);
}

static inline void fuzz_fill(struct fuzz_filler *f, const struct fuzz_call *call,
			     const struct fuzz_field *fields, uint8_t *to);

/* Count, size and place; the elements, all alike but for where they map. */
static inline void fuzz_fill_array(struct fuzz_filler *f, const struct fuzz_call *call,
				   const struct fuzz_field *field, uint8_t *to)
{
	const struct fuzz_field number = { .kind = FUZZ_NUM, .good = field->good ? 2 : 8 };
	const struct fuzz_field place = {
		.kind = FUZZ_PTR, .good = field->good ? 12 * NPU_TEST_PAGE : 16,
	};
	const uint32_t size = field->good ? sizeof(struct drm_npu_sync) : call->element_size;
	struct fuzz_pick count = fuzz_next(f), stride = fuzz_next(f), array = fuzz_next(f);
	struct drm_npu_obj_array out = { .stride = size };
	uint8_t *first = f->memory + place.good;
	uint32_t i;

	if (!field->good && !count.how && !count.which)
		count.which = 1;
	out.count = fuzz_value(f, &number, count);
	out.array = fuzz_value(f, &place, array);
	if ((stride.how & 15) >= 8)
		out.stride = fuzz_value(f, &number, stride);
	if (!out.count && (array.how & 15) < 8)
		out.array = 0;
	memcpy(to, &out, sizeof(out));
	if (!out.count)
		return;
	fuzz_fill(f, call, field->good ? fuzz_sync : call->element, first);
	for (i = 1; i < out.count && i < FUZZ_ELEMENTS; i++) {
		memcpy(first + i * size, first, size);
		if (call->element == fuzz_vm_bind_op && !field->good)
			((struct drm_npu_vm_bind_op *)(first + i * size))->va += i * NPU_TEST_HUGE;
	}
}

static inline uint64_t fuzz_of_program(struct fuzz_filler *f, const struct fuzz_field *field,
				       uint64_t value)
{
	const struct drm_npu_job *job = &f->objects->programs[f->program];

	if (field->offset == offsetof(struct drm_npu_job, program_size))
		return job->program_size;
	if (field->offset == offsetof(struct drm_npu_job, num_args))
		return job->num_args;
	return value;
}

static inline void fuzz_fill(struct fuzz_filler *f, const struct fuzz_call *call,
			     const struct fuzz_field *fields, uint8_t *to)
{
	const struct fuzz_field *field;

	for (field = fields; field->name; field++) {
		struct fuzz_pick pick;
		uint64_t value;

		if (field->kind == FUZZ_ARRAY) {
			fuzz_fill_array(f, call, field, to + field->offset);
			continue;
		}
		pick = fuzz_next(f);
		value = fuzz_value(f, field, pick);
		if (field->size < 8)
			value &= (1ull << field->size * 8) - 1;
		if ((field->kind == FUZZ_PAD && value) ||
		    (field->kind == FUZZ_FLAGS && value & ~field->good))
			f->broken_rule = true;
		/* A program's size and arguments belong to it. */
		if (fields == fuzz_job && (pick.how & 15) < 8)
			value = fuzz_of_program(f, field, value);
		fuzz_put(to + field->offset, field->size, value);
	}
}

#endif /* FUZZ_FILL_H */
