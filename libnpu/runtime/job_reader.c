// SPDX-License-Identifier: MIT
/* From the records of a job file to the image. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "job_image.h"
#include "job_reader.h"

static uint32_t count_of(const struct job_reader *reader, unsigned int type)
{
	return reader->header.sections[type].count;
}

static uint64_t offset_of(const struct job_reader *reader, unsigned int type,
			  uint32_t index, size_t record, size_t field)
{
	return reader->header.sections[type].offset + index * record + field;
}

/* A text, with nothing but zeros behind its end. */
static int copy_text(const struct job_reader *reader, char *to,
		     const char *text, size_t size, uint64_t offset)
{
	size_t len = strnlen(text, size);

	for (size_t i = len; i < size; i++)
		if (text[i])
			return job_reader_bad(reader, offset + i,
					      "a name is followed by a byte that is not zero");
	memcpy(to, text, size);
	return 0;
}

static int copy_name(const struct job_reader *reader, char *to,
		     const char *name, uint64_t offset)
{
	return copy_text(reader, to, name, NPU_JOB_NAME_LEN, offset);
}

/**
 * struct pieces - DATA or EXPECTED, handed out piece by piece
 * @type: the section
 * @end: where the last piece ended
 * @count: pieces so far
 */
struct pieces {
	unsigned int type;
	uint64_t end;
	uint32_t count;
};

/* Pieces stand in the order of the records that name them, without holes. */
static int take_piece(const struct job_reader *reader, struct pieces *pieces,
		      uint64_t start, uint64_t size, uint64_t at,
		      const void **data)
{
	const struct job_section *section =
		&reader->header.sections[pieces->type];
	uint64_t place = job_round_up(pieces->end, job_piece_align(pieces->type));

	if (start != place)
		return job_reader_bad(reader, at,
				      "offset %" PRIu64 " in section %u, the piece's place is %" PRIu64,
				      start, pieces->type, place);
	if (place > section->size || size > section->size - place)
		return job_reader_bad(reader, at,
				      "%" PRIu64 " bytes at %" PRIu64 " do not end in section %u of %" PRIu64 " bytes",
				      size, place, pieces->type, section->size);
	*data = reader->map + section->offset + place;
	pieces->end = place + size;
	pieces->count++;
	return 0;
}

static int end_pieces(const struct job_reader *reader,
		      const struct pieces *pieces)
{
	const struct job_section *section =
		&reader->header.sections[pieces->type];

	if (pieces->end == section->size && pieces->count == section->count)
		return 0;
	return job_reader_bad(reader, offsetof(struct job_header, sections[pieces->type]),
			      "section %u has %u pieces, %" PRIu64 " bytes; the records name %u, %" PRIu64 " bytes",
			      pieces->type, section->count, section->size,
			      pieces->count, pieces->end);
}

#define SEGMENT_AT(i, field) \
	offset_of(reader, JOB_SECTION_SEGMENTS, i, \
		  sizeof(struct job_segment_record), \
		  offsetof(struct job_segment_record, field))

static int make_segment(struct job_reader *reader, struct pieces *pieces,
			uint32_t i)
{
	const struct job_segment_record *from = reader->tables[JOB_SECTION_SEGMENTS];
	struct npu_job_segment *to = &reader->image->segments[i];
	int ret;

	from += i;
	ret = copy_name(reader, to->name, from->name, SEGMENT_AT(i, name));
	if (ret)
		return ret;
	if (from->flags & ~JOB_SEGMENT_READONLY)
		return job_reader_bad(reader, SEGMENT_AT(i, flags), "flags %#x are not known",
				      from->flags);
	for (unsigned int j = 0; j < 7; j++)
		if (from->reserved[j])
			return job_reader_bad(reader, SEGMENT_AT(i, reserved),
					      "a reserved field is not zero");
	to->va = from->va;
	to->size = from->size;
	to->data_size = from->data_size;
	to->readonly = !!(from->flags & JOB_SEGMENT_READONLY);
	if (to->data_size)
		return take_piece(reader, pieces, from->data_offset,
				  from->data_size, SEGMENT_AT(i, data_offset),
				  &to->data);
	if (from->data_offset)
		return job_reader_bad(reader, SEGMENT_AT(i, data_offset),
				      "a segment without data has an offset");
	return 0;
}

#define TENSOR_AT(i, field) \
	offset_of(reader, JOB_SECTION_TENSORS, i, \
		  sizeof(struct job_tensor_record), \
		  offsetof(struct job_tensor_record, field))

static int make_shape(struct job_reader *reader, uint32_t i,
		      const struct job_tensor_record *from)
{
	struct npu_job_tensor *to = &reader->image->tensors[i];

	if (!from->n_dims || from->n_dims > NPU_JOB_MAX_DIMS)
		return job_reader_bad(reader, TENSOR_AT(i, n_dims),
				      "%u dimensions, from 1 to %d are possible",
				      from->n_dims, NPU_JOB_MAX_DIMS);
	to->n_dims = from->n_dims;
	memcpy(to->dims, from->dims, sizeof(to->dims));
	for (uint32_t j = from->n_dims; j < NPU_JOB_MAX_DIMS; j++)
		if (from->dims[j])
			return job_reader_bad(reader, TENSOR_AT(i, dims) + 8 * j,
					      "dimension %u is not zero though there are only %u",
					      j, from->n_dims);
	return 0;
}

static int make_tensor(struct job_reader *reader, struct pieces *pieces,
		       uint32_t i)
{
	const struct job_tensor_record *from = reader->tables[JOB_SECTION_TENSORS];
	struct npu_job_tensor *to = &reader->image->tensors[i];
	int ret;

	from += i;
	ret = copy_name(reader, to->name, from->name, TENSOR_AT(i, name));
	if (!ret)
		ret = make_shape(reader, i, from);
	if (ret)
		return ret;
	if (from->flags & ~JOB_TENSOR_EXPECTED)
		return job_reader_bad(reader, TENSOR_AT(i, flags), "flags %#x are not known",
				      from->flags);
	to->role = from->role;
	to->type = from->type;
	to->va = from->va;
	if (from->flags & JOB_TENSOR_EXPECTED)
		return take_piece(reader, pieces, from->expected_offset,
				  npu_job_tensor_size(to),
				  TENSOR_AT(i, expected_offset), &to->expected);
	if (from->expected_offset)
		return job_reader_bad(reader, TENSOR_AT(i, expected_offset),
				      "a tensor without expected value has an offset");
	return 0;
}

#define PROGRAM_AT(i, field) \
	offset_of(reader, JOB_SECTION_PROGRAMS, i, \
		  sizeof(struct job_program_record), \
		  offsetof(struct job_program_record, field))

/* Arguments stand in the order of the programs, without holes. */
static int make_program(struct job_reader *reader, uint32_t i,
			uint32_t *next_arg)
{
	const struct job_program_record *from = reader->tables[JOB_SECTION_PROGRAMS];
	struct npu_job_program *to = &reader->image->programs[i];
	struct job_owner *owner = reader->image->owner;
	int ret;

	from += i;
	ret = copy_name(reader, to->name, from->name, PROGRAM_AT(i, name));
	if (!ret)
		ret = copy_text(reader, to->reason, from->reason, sizeof(to->reason),
				PROGRAM_AT(i, reason));
	if (ret)
		return ret;
	if (from->first_arg != *next_arg ||
	    from->num_args > count_of(reader, JOB_SECTION_ARGS) - *next_arg)
		return job_reader_bad(reader, PROGRAM_AT(i, first_arg),
				      "arguments %u to %" PRIu64 " are not the next ones of %u",
				      from->first_arg,
				      (uint64_t)from->first_arg + from->num_args,
				      count_of(reader, JOB_SECTION_ARGS));
	for (unsigned int j = 0; j < 8; j++)
		if (from->reserved[j])
			return job_reader_bad(reader, PROGRAM_AT(i, reserved),
					      "a reserved field is not zero");
	to->va = from->va;
	to->size = from->size;
	to->cores = from->cores;
	to->num_args = from->num_args;
	to->place = from->place;
	to->next = from->next;
	to->arg_names = owner->arg_names + *next_arg;
	to->args = owner->args + *next_arg;
	*next_arg += from->num_args;
	return 0;
}

static int make_programs(struct job_reader *reader)
{
	uint32_t count = count_of(reader, JOB_SECTION_PROGRAMS);
	uint32_t next_arg = 0;
	int ret = 0;

	for (uint32_t i = 0; i < count && !ret; i++)
		ret = make_program(reader, i, &next_arg);
	if (!ret && next_arg != count_of(reader, JOB_SECTION_ARGS))
		ret = job_reader_bad(reader,
				     offsetof(struct job_header, sections[JOB_SECTION_ARGS]),
				     "%u arguments, the programs have %u",
				     count_of(reader, JOB_SECTION_ARGS), next_arg);
	return ret;
}

static int make_args(struct job_reader *reader)
{
	const struct job_arg_record *from = reader->tables[JOB_SECTION_ARGS];
	struct job_owner *owner = reader->image->owner;
	int ret = 0;

	for (uint32_t i = 0; i < count_of(reader, JOB_SECTION_ARGS) && !ret; i++) {
		uint64_t at = offset_of(reader, JOB_SECTION_ARGS, i,
					sizeof(*from), 0);

		ret = copy_name(reader, owner->arg_names[i], from[i].name, at);
		owner->args[i] = from[i].value;
		if (!ret && from[i].reserved)
			ret = job_reader_bad(reader, at + offsetof(struct job_arg_record, reserved),
					     "a reserved field is not zero");
	}
	return ret;
}

static int make_tags(struct job_reader *reader)
{
	const struct job_tag_record *from = reader->tables[JOB_SECTION_TAGS];
	int ret = 0;

	for (uint32_t i = 0; i < reader->image->n_tags && !ret; i++)
		ret = copy_name(reader, reader->image->tags[i], from[i].name,
				offset_of(reader, JOB_SECTION_TAGS, i,
					  sizeof(*from), 0));
	return ret;
}

/* calloc() that gives a pointer for nothing too. */
static void *new_array(uint32_t count, size_t size)
{
	return calloc(count ? count : 1, size);
}

static int new_image(struct job_reader *reader)
{
	struct npu_job_image *image = calloc(1, sizeof(*image));
	struct job_owner *owner = calloc(1, sizeof(*owner));
	uint32_t num_args = count_of(reader, JOB_SECTION_ARGS);

	if (!image || !owner) {
		free(image);
		free(owner);
		return -ENOMEM;
	}
	owner->fd = -1;
	image->owner = owner;
	reader->image = image;
	image->n_segments = count_of(reader, JOB_SECTION_SEGMENTS);
	image->n_tensors = count_of(reader, JOB_SECTION_TENSORS);
	image->n_programs = count_of(reader, JOB_SECTION_PROGRAMS);
	image->n_tags = count_of(reader, JOB_SECTION_TAGS);
	image->segments = new_array(image->n_segments, sizeof(*image->segments));
	image->tensors = new_array(image->n_tensors, sizeof(*image->tensors));
	image->programs = new_array(image->n_programs, sizeof(*image->programs));
	image->tags = new_array(image->n_tags, sizeof(*image->tags));
	owner->arg_names = new_array(num_args, sizeof(*owner->arg_names));
	owner->args = new_array(num_args, sizeof(*owner->args));
	if (!image->segments || !image->tensors || !image->programs ||
	    !image->tags || !owner->arg_names || !owner->args)
		return -ENOMEM;
	return 0;
}

static int make_parts(struct job_reader *reader)
{
	struct pieces data = { .type = JOB_SECTION_DATA };
	struct pieces expected = { .type = JOB_SECTION_EXPECTED };
	int ret = 0;

	for (uint32_t i = 0; i < reader->image->n_segments && !ret; i++)
		ret = make_segment(reader, &data, i);
	for (uint32_t i = 0; i < reader->image->n_tensors && !ret; i++)
		ret = make_tensor(reader, &expected, i);
	if (!ret)
		ret = end_pieces(reader, &data);
	if (!ret)
		ret = end_pieces(reader, &expected);
	if (!ret)
		ret = make_args(reader);
	if (!ret)
		ret = make_programs(reader);
	if (!ret)
		ret = make_tags(reader);
	return ret;
}

/* Where the record stands that an image's rule does not like. */
static uint64_t offset_of_part(const struct job_reader *reader,
			       const struct job_where *where)
{
	switch (where->part) {
	case JOB_PART_SEGMENT:
		return SEGMENT_AT(where->index, name);
	case JOB_PART_TENSOR:
		return TENSOR_AT(where->index, name);
	case JOB_PART_PROGRAM:
		return PROGRAM_AT(where->index, name);
	case JOB_PART_ARG:
		return offset_of(reader, JOB_SECTION_ARGS, where->index,
				 sizeof(struct job_arg_record), 0);
	case JOB_PART_TAG:
		return offset_of(reader, JOB_SECTION_TAGS, where->index,
				 sizeof(struct job_tag_record), 0);
	default:
		return offsetof(struct job_header, sections);
	}
}

int job_reader_image(struct job_reader *reader)
{
	struct job_where where = { JOB_PART_IMAGE, 0 };
	struct npu_error why = { 0 };
	struct job_owner *owner;
	int ret = new_image(reader);

	if (ret)
		return npu_error_set(reader->err, ret, "%s: out of memory",
				     reader->path);
	ret = make_parts(reader);
	if (ret)
		return ret;
	ret = job_image_check_where(reader->image, &where, &why);
	if (ret)
		return job_reader_bad(reader, offset_of_part(reader, &where),
				      "%s", why.message);
	owner = reader->image->owner;
	owner->fd = reader->fd;
	owner->map = reader->map;
	owner->map_size = reader->size;
	return 0;
}
