// SPDX-License-Identifier: MIT
/*
 * Writing job files: into a new file beside the old one, which is replaced
 * once all is on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "job_file.h"

/**
 * struct writer - a file being written
 * @path: name that it will have
 * @temporary: name that it has
 * @fd: the file
 * @at: bytes so far
 * @code: first error
 * @header: filled in as the sections come
 * @section: the section under way, whose checksum is kept up
 */
struct writer {
	const char *path;
	char temporary[PATH_MAX];
	int fd;
	uint64_t at;
	int code;
	struct job_header header;
	struct job_section *section;
};

static void put(struct writer *writer, const void *data, uint64_t size)
{
	const char *bytes = data;

	if (writer->section)
		writer->section->crc = crc32_z(writer->section->crc, data, size);
	writer->at += size;
	while (size && !writer->code) {
		ssize_t n = write(writer->fd, bytes,
				  size < INT_MAX ? size : INT_MAX);

		if (n < 0 && errno != EINTR)
			writer->code = -errno;
		if (n > 0) {
			bytes += n;
			size -= n;
		}
	}
}

static void pad(struct writer *writer, uint64_t align)
{
	static const char zeros[JOB_FILE_DATA_ALIGN];

	put(writer, zeros, job_round_up(writer->at, align) - writer->at);
}

static void begin(struct writer *writer, unsigned int type, uint32_t count)
{
	struct job_section *section = &writer->header.sections[type];

	pad(writer, job_section_align(type));
	section->type = type;
	section->offset = writer->at;
	section->count = count;
	section->crc = crc32(0, NULL, 0);
	writer->section = section;
}

static void end(struct writer *writer)
{
	writer->section->size = writer->at - writer->section->offset;
	writer->section = NULL;
}

/* Bytes behind the end of a name are not the caller's to choose. */
static void put_name(char *to, const char *from)
{
	snprintf(to, NPU_JOB_NAME_LEN, "%s", from);
}

static void put_reason(char *to, const char *from)
{
	snprintf(to, NPU_JOB_REASON_LEN, "%s", from);
}

static void put_segments(struct writer *writer, const struct npu_job_image *image)
{
	uint64_t data = 0;

	begin(writer, JOB_SECTION_SEGMENTS, image->n_segments);
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct npu_job_segment *from = &image->segments[i];
		struct job_segment_record record = {
			.va = from->va,
			.size = from->size,
			.data_size = from->data_size,
			.flags = from->readonly ? JOB_SEGMENT_READONLY : 0,
		};

		put_name(record.name, from->name);
		if (from->data_size) {
			data = job_round_up(data, job_piece_align(JOB_SECTION_DATA));
			record.data_offset = data;
			data += from->data_size;
		}
		put(writer, &record, sizeof(record));
	}
	end(writer);
}

static void put_tensors(struct writer *writer, const struct npu_job_image *image)
{
	const uint64_t align = job_piece_align(JOB_SECTION_EXPECTED);
	uint64_t expected = 0;

	begin(writer, JOB_SECTION_TENSORS, image->n_tensors);
	for (uint32_t i = 0; i < image->n_tensors; i++) {
		const struct npu_job_tensor *from = &image->tensors[i];
		struct job_tensor_record record = {
			.role = from->role,
			.type = from->type,
			.n_dims = from->n_dims,
			.va = from->va,
		};

		put_name(record.name, from->name);
		memcpy(record.dims, from->dims,
		       from->n_dims * sizeof(*from->dims));
		if (from->expected) {
			expected = job_round_up(expected, align);
			record.flags = JOB_TENSOR_EXPECTED;
			record.expected_offset = expected;
			expected += npu_job_tensor_size(from);
		}
		put(writer, &record, sizeof(record));
	}
	end(writer);
}

static uint32_t put_programs(struct writer *writer,
			     const struct npu_job_image *image)
{
	uint32_t num_args = 0;

	begin(writer, JOB_SECTION_PROGRAMS, image->n_programs);
	for (uint32_t i = 0; i < image->n_programs; i++) {
		const struct npu_job_program *from = &image->programs[i];
		struct job_program_record record = {
			.va = from->va,
			.size = from->size,
			.cores = from->cores,
			.first_arg = num_args,
			.num_args = from->num_args,
			.place = from->place,
			.next = from->next,
		};

		put_name(record.name, from->name);
		put_reason(record.reason, from->reason);
		put(writer, &record, sizeof(record));
		num_args += from->num_args;
	}
	end(writer);
	return num_args;
}

static void put_args(struct writer *writer, const struct npu_job_image *image,
		     uint32_t num_args)
{
	begin(writer, JOB_SECTION_ARGS, num_args);
	for (uint32_t i = 0; i < image->n_programs; i++) {
		const struct npu_job_program *program = &image->programs[i];

		for (uint32_t j = 0; j < program->num_args; j++) {
			struct job_arg_record record = { .value = program->args[j] };

			put_name(record.name, program->arg_names[j]);
			put(writer, &record, sizeof(record));
		}
	}
	end(writer);
}

static void put_tags(struct writer *writer, const struct npu_job_image *image)
{
	begin(writer, JOB_SECTION_TAGS, image->n_tags);
	for (uint32_t i = 0; i < image->n_tags; i++) {
		struct job_tag_record record = { 0 };

		put_name(record.name, image->tags[i]);
		put(writer, &record, sizeof(record));
	}
	end(writer);
}

/* Pieces are aligned within the section, which is aligned at least as much. */
static void put_piece(struct writer *writer, unsigned int type,
		      const void *data, uint64_t size)
{
	pad(writer, job_piece_align(type));
	put(writer, data, size);
	writer->section->count++;
}

static void put_data(struct writer *writer, const struct npu_job_image *image)
{
	begin(writer, JOB_SECTION_DATA, 0);
	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].data_size)
			put_piece(writer, JOB_SECTION_DATA,
				  image->segments[i].data,
				  image->segments[i].data_size);
	end(writer);
	begin(writer, JOB_SECTION_EXPECTED, 0);
	for (uint32_t i = 0; i < image->n_tensors; i++)
		if (image->tensors[i].expected)
			put_piece(writer, JOB_SECTION_EXPECTED,
				  image->tensors[i].expected,
				  npu_job_tensor_size(&image->tensors[i]));
	end(writer);
}

/* The header is known last, and its place is left free for it at the start. */
static void put_header(struct writer *writer)
{
	struct job_header *header = &writer->header;

	header->magic = JOB_FILE_MAGIC;
	header->major = JOB_FILE_MAJOR;
	header->minor = JOB_FILE_MINOR;
	header->num_sections = JOB_SECTION_COUNT;
	header->file_size = writer->at;
	header->crc = crc32(0, (const void *)header, sizeof(*header));
	if (!writer->code && lseek(writer->fd, 0, SEEK_SET) < 0)
		writer->code = -errno;
	put(writer, header, sizeof(*header));
}

static void put_image(struct writer *writer, const struct npu_job_image *image)
{
	uint32_t num_args;

	put(writer, &writer->header, sizeof(writer->header));
	put_segments(writer, image);
	put_tensors(writer, image);
	num_args = put_programs(writer, image);
	put_args(writer, image, num_args);
	put_tags(writer, image);
	put_data(writer, image);
	put_header(writer);
}

static int write_failed(const char *path, int code, struct npu_error *err)
{
	return npu_error_set(err, code, "%s: cannot write: %s", path,
			     strerror(-code));
}

/* Not mkstemp(), which takes from everyone but the owner the right to read. */
static int open_temporary(struct writer *writer)
{
	for (unsigned int i = 0; i < 100; i++) {
		int n = snprintf(writer->temporary, sizeof(writer->temporary),
				 "%s.%ld-%u", writer->path, (long)getpid(), i);

		if (n < 0 || (size_t)n >= sizeof(writer->temporary))
			return -ENAMETOOLONG;
		writer->fd = open(writer->temporary,
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (writer->fd >= 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int npu_job_image_write(const struct npu_job_image *image, const char *path,
			struct npu_error *err)
{
	struct writer writer = { .path = path, .fd = -1 };
	int ret = npu_job_image_check(image, err);

	if (ret)
		return ret;
	ret = open_temporary(&writer);
	if (ret)
		return write_failed(path, ret, err);
	put_image(&writer, image);
	if (!writer.code && fsync(writer.fd))
		writer.code = -errno;
	if (close(writer.fd) && !writer.code)
		writer.code = -errno;
	if (!writer.code && rename(writer.temporary, path))
		writer.code = -errno;
	if (!writer.code)
		return 0;
	unlink(writer.temporary);
	return write_failed(path, writer.code, err);
}
