// SPDX-License-Identifier: MIT
/* The rules of job images. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "job_image.h"

#define VA_END (1ull << NPU_VA_BITS)
#define VA_ALIGN NPU_HUGE_SIZE
#define PROGRAM_ALIGN 128

/**
 * struct check - a check under way
 * @image: what is checked
 * @by_va: its segments, by rising address
 * @where: receives the place
 * @err: receives the reason
 */
struct check {
	const struct npu_job_image *image;
	const struct npu_job_segment **by_va;
	struct job_where *where;
	struct npu_error *err;
};

__attribute__((format(printf, 4, 5)))
static int bad(const struct check *check, enum job_part part, uint32_t index,
	       const char *fmt, ...)
{
	char reason[NPU_ERROR_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	check->where->part = part;
	check->where->index = index;
	return npu_error_set(check->err, -EINVAL, "%s", reason);
}

/*
 * Names go to terminals and command lines: printable, no '='. A tag may be
 * anything printable, or empty where the number means nothing.
 */
static const char *name_problem(const char *name, bool is_tag)
{
	size_t len = strnlen(name, NPU_JOB_NAME_LEN);

	if (len == NPU_JOB_NAME_LEN)
		return "does not end";
	if (!len && !is_tag)
		return "is empty";
	for (size_t i = 0; i < len; i++) {
		unsigned char c = name[i];

		if (c < ' ' || c > '~')
			return "has a byte that cannot be printed";
		if (!is_tag && (c == ' ' || c == '='))
			return "has a space or '='";
	}
	return NULL;
}

static int check_name(const struct check *check, enum job_part part,
		      const char *what, uint32_t index, const char *name)
{
	const char *problem = name_problem(name, part == JOB_PART_TAG);

	if (problem)
		return bad(check, part, index, "the name of %s %u %s", what,
			   index, problem);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Names stand @stride bytes apart, each a checked string. */
static int check_unique(const struct check *check, enum job_part part,
			const char *what, const void *first, size_t stride,
			uint32_t count, uint32_t index_base)
{
	const char **names = calloc(count ? count : 1, sizeof(*names));
	int ret = 0;

	if (!names)
		return npu_error_set(check->err, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		names[i] = (const char *)first + i * stride;
	qsort(names, count, sizeof(*names), compare_names);
	for (uint32_t i = 1; i < count && !ret; i++) {
		uint32_t index = (names[i] - (const char *)first) / stride;

		if (!strcmp(names[i - 1], names[i]))
			ret = bad(check, part, index_base + index,
				  "two %s are called '%s'", what, names[i]);
	}
	free(names);
	return ret;
}

static int check_segment(const struct check *check, uint32_t i)
{
	const struct npu_job_segment *segment = &check->image->segments[i];
	uint64_t end;
	int ret = check_name(check, JOB_PART_SEGMENT, "segment", i, segment->name);

	if (ret)
		return ret;
	if (!segment->va || segment->va % VA_ALIGN)
		return bad(check, JOB_PART_SEGMENT, i,
			   "segment '%s' starts at %#" PRIx64 ", which is not a multiple of 2 MiB above zero",
			   segment->name, segment->va);
	if (!segment->size)
		return bad(check, JOB_PART_SEGMENT, i, "segment '%s' is empty",
			   segment->name);
	if (__builtin_add_overflow(segment->va, segment->size, &end) ||
	    end > VA_END)
		return bad(check, JOB_PART_SEGMENT, i,
			   "segment '%s' of %" PRIu64 " bytes at %#" PRIx64 " does not end in the address space of 2^%d bytes",
			   segment->name, segment->size, segment->va, NPU_VA_BITS);
	if (segment->data_size > segment->size)
		return bad(check, JOB_PART_SEGMENT, i,
			   "segment '%s' has %" PRIu64 " bytes of data for %" PRIu64 " bytes",
			   segment->name, segment->data_size, segment->size);
	if (segment->data_size && !segment->data)
		return bad(check, JOB_PART_SEGMENT, i,
			   "segment '%s' has no data where it should have %" PRIu64 " bytes",
			   segment->name, segment->data_size);
	return 0;
}

static int compare_va(const void *a, const void *b)
{
	const struct npu_job_segment *const *x = a, *const *y = b;

	return ((*x)->va > (*y)->va) - ((*x)->va < (*y)->va);
}

static int check_segments(const struct check *check)
{
	const struct npu_job_image *image = check->image;
	uint64_t total = 0;
	int ret = 0;

	for (uint32_t i = 0; i < image->n_segments && !ret; i++) {
		ret = check_segment(check, i);
		check->by_va[i] = &image->segments[i];
		total += image->segments[i].size;
		if (!ret && total > JOB_MAX_BYTES)
			ret = bad(check, JOB_PART_SEGMENT, i,
				  "segments up to this one take %" PRIu64 " bytes, the limit is %" PRIu64,
				  total, (uint64_t)JOB_MAX_BYTES);
	}
	if (ret)
		return ret;
	qsort(check->by_va, image->n_segments, sizeof(*check->by_va), compare_va);
	for (uint32_t i = 1; i < image->n_segments; i++) {
		const struct npu_job_segment *low = check->by_va[i - 1];
		const struct npu_job_segment *high = check->by_va[i];

		if (low->va + low->size > high->va)
			return bad(check, JOB_PART_SEGMENT,
				   high - image->segments,
				   "segments '%s' and '%s' overlap at %#" PRIx64,
				   low->name, high->name, high->va);
	}
	return 0;
}

/* The segment that holds all of a range, or NULL. */
static const struct npu_job_segment *find_segment(const struct check *check,
						  uint64_t va, uint64_t size)
{
	uint32_t low = 0, high = check->image->n_segments;
	const struct npu_job_segment *segment;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (check->by_va[middle]->va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	segment = check->by_va[low - 1];
	if (va - segment->va >= segment->size ||
	    size > segment->size - (va - segment->va))
		return NULL;
	return segment;
}

static int check_tensor(const struct check *check, uint32_t i)
{
	const struct npu_job_tensor *tensor = &check->image->tensors[i];
	uint64_t size = npu_job_tensor_size(tensor);
	const struct npu_job_segment *segment;
	int ret = check_name(check, JOB_PART_TENSOR, "tensor", i, tensor->name);

	if (ret)
		return ret;
	if (tensor->role < NPU_JOB_INPUT || tensor->role > NPU_JOB_CONST)
		return bad(check, JOB_PART_TENSOR, i,
			   "tensor '%s' has role %u, which does not exist",
			   tensor->name, tensor->role);
	if (!size)
		return bad(check, JOB_PART_TENSOR, i,
			   "tensor '%s' has type %u with %u dimensions, which give no size",
			   tensor->name, tensor->type, tensor->n_dims);
	segment = find_segment(check, tensor->va, size);
	if (!segment)
		return bad(check, JOB_PART_TENSOR, i,
			   "tensor '%s', %" PRIu64 " bytes at %#" PRIx64 ", lies in no segment",
			   tensor->name, size, tensor->va);
	if (tensor->role == NPU_JOB_OUTPUT && segment->readonly)
		return bad(check, JOB_PART_TENSOR, i,
			   "output '%s' lies in segment '%s', which the NPU may not write",
			   tensor->name, segment->name);
	if (tensor->expected && tensor->role != NPU_JOB_OUTPUT)
		return bad(check, JOB_PART_TENSOR, i,
			   "tensor '%s' has an expected value but is no output",
			   tensor->name);
	return 0;
}

static int check_args(const struct check *check, uint32_t i, uint32_t first_arg)
{
	const struct npu_job_program *program = &check->image->programs[i];

	if (program->num_args > NPU_JOB_MAX_ARGS)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' has %u arguments, at most %u are possible",
			   program->name, program->num_args, NPU_JOB_MAX_ARGS);
	if (program->num_args && (!program->args || !program->arg_names))
		return bad(check, JOB_PART_PROGRAM, i, "program '%s' lacks its arguments",
			   program->name);
	for (uint32_t j = 0; j < program->num_args; j++) {
		int ret = check_name(check, JOB_PART_ARG, "argument",
				     first_arg + j, program->arg_names[j]);

		if (ret)
			return ret;
	}
	return check_unique(check, JOB_PART_ARG, "arguments of a program",
			    program->arg_names, NPU_JOB_NAME_LEN,
			    program->num_args, first_arg);
}

static bool is_printable(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return len < size;
}

/* Who is next stands behind: so a chain ends. */
static int check_chain(const struct check *check, uint32_t i)
{
	const struct npu_job_program *program = &check->image->programs[i];
	const struct npu_job_program *next;

	if (program->place > NPU_JOB_ON_CPU)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' runs in place %u, which does not exist",
			   program->name, program->place);
	if (!is_printable(program->reason, sizeof(program->reason)))
		return bad(check, JOB_PART_PROGRAM, i,
			   "the reason of program '%s' has no end, or a byte that cannot be printed",
			   program->name);
	if (!program->next)
		return 0;
	if (program->next <= i || program->next >= check->image->n_programs)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' is followed by program %u, not one from %u to %u",
			   program->name, program->next, i + 1,
			   check->image->n_programs - 1);
	next = &check->image->programs[program->next];
	if (next->num_args != program->num_args)
		return bad(check, JOB_PART_PROGRAM, program->next,
			   "program '%s' has %u arguments, '%s' before it %u",
			   next->name, next->num_args, program->name, program->num_args);
	for (uint32_t j = 0; j < i; j++)
		if (check->image->programs[j].next == program->next)
			return bad(check, JOB_PART_PROGRAM, i,
				   "program '%s' is followed by '%s', which is in another chain",
				   program->name, next->name);
	return 0;
}

/* What is in the program is the device's to judge. */
static int check_program(const struct check *check, uint32_t i)
{
	const struct npu_job_program *program = &check->image->programs[i];
	const struct npu_job_segment *segment;
	int ret = check_name(check, JOB_PART_PROGRAM, "program", i, program->name);

	if (ret)
		return ret;
	if (program->va % PROGRAM_ALIGN)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' is at %#" PRIx64 ", which is not a multiple of %d",
			   program->name, program->va, PROGRAM_ALIGN);
	if (program->size < sizeof(struct npu_program) + NPU_INSN_SIZE ||
	    program->size % NPU_INSN_SIZE)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' has %u bytes, which is no header with instructions",
			   program->name, program->size);
	if (program->cores > NPU_MAX_CORES)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s' wants %u cores, devices have at most %u",
			   program->name, program->cores, NPU_MAX_CORES);
	segment = find_segment(check, program->va, program->size);
	if (!segment || !segment->readonly ||
	    program->va - segment->va + program->size > segment->data_size)
		return bad(check, JOB_PART_PROGRAM, i,
			   "program '%s', %u bytes at %#" PRIx64 ", does not lie in the data of a readonly segment",
			   program->name, program->size, program->va);
	return 0;
}

static int check_counts(const struct check *check)
{
	const struct npu_job_image *image = check->image;

	if (image->n_segments < 1 || image->n_segments > JOB_MAX_SEGMENTS)
		return bad(check, JOB_PART_IMAGE, 0, "%u segments: from 1 to %u are possible",
			   image->n_segments, JOB_MAX_SEGMENTS);
	if (image->n_tensors > JOB_MAX_TENSORS)
		return bad(check, JOB_PART_IMAGE, 0, "%u tensors: at most %u are possible",
			   image->n_tensors, JOB_MAX_TENSORS);
	if (image->n_programs < 1 || image->n_programs > JOB_MAX_PROGRAMS)
		return bad(check, JOB_PART_IMAGE, 0, "%u programs: from 1 to %u are possible",
			   image->n_programs, JOB_MAX_PROGRAMS);
	if (image->n_tags > JOB_MAX_TAGS)
		return bad(check, JOB_PART_IMAGE, 0, "%u tags: at most %u are possible",
			   image->n_tags, JOB_MAX_TAGS);
	return 0;
}

static int check_programs(const struct check *check)
{
	const struct npu_job_image *image = check->image;
	uint32_t first_arg = 0;
	int ret = 0;

	for (uint32_t i = 0; i < image->n_programs && !ret; i++) {
		ret = check_program(check, i);
		if (!ret)
			ret = check_chain(check, i);
		if (!ret)
			ret = check_args(check, i, first_arg);
		first_arg += image->programs[i].num_args;
	}
	if (!ret)
		ret = check_unique(check, JOB_PART_PROGRAM, "programs",
				   image->programs, sizeof(*image->programs),
				   image->n_programs, 0);
	return ret;
}

static int check_parts(const struct check *check)
{
	const struct npu_job_image *image = check->image;
	int ret = check_segments(check);

	for (uint32_t i = 0; i < image->n_tensors && !ret; i++)
		ret = check_tensor(check, i);
	if (!ret)
		ret = check_unique(check, JOB_PART_TENSOR, "tensors",
				   image->tensors, sizeof(*image->tensors),
				   image->n_tensors, 0);
	if (!ret)
		ret = check_programs(check);
	for (uint32_t i = 0; i < image->n_tags && !ret; i++)
		ret = check_name(check, JOB_PART_TAG, "tag", i, image->tags[i]);
	return ret;
}

int job_image_check_where(const struct npu_job_image *image,
			  struct job_where *where, struct npu_error *err)
{
	struct check check = { .image = image, .where = where, .err = err };
	int ret = check_counts(&check);

	if (ret)
		return ret;
	check.by_va = calloc(image->n_segments, sizeof(*check.by_va));
	if (!check.by_va)
		return npu_error_set(err, -ENOMEM, "out of memory");
	ret = check_parts(&check);
	free(check.by_va);
	return ret;
}

int npu_job_image_check(const struct npu_job_image *image, struct npu_error *err)
{
	struct job_where where;

	return job_image_check_where(image, &where, err);
}
