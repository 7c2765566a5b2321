// SPDX-License-Identifier: MIT
/*
 * Reading job files. Nothing in a file is believed before it has been checked:
 * first that the sections lie in the file, one behind the other, then their
 * checksums, then each record, then the image that they make. Tables are copied
 * before they are looked at. Memory is bounded by the size of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file_load.h"
#include "job_file.h"
#include "job_image.h"
#include "job_reader.h"

int job_reader_bad(const struct job_reader *reader, uint64_t offset,
		   const char *fmt, ...)
{
	char reason[NPU_ERROR_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	return npu_error_set(reader->err, -EINVAL, "%s: offset %" PRIu64 ": %s",
			     reader->path, offset, reason);
}

static int system_error(const struct job_reader *reader, const char *what,
			int code)
{
	return npu_error_set(reader->err, code, "%s: cannot %s: %s",
			     reader->path, what, strerror(-code));
}

static int read_at(const struct job_reader *reader, void *to, uint64_t size,
		   uint64_t offset)
{
	struct file_read part = { to, offset, size };
	struct npu_error why = { 0 };
	int ret = file_load(reader->fd, &part, 1, FILE_LOAD_PREAD, &why);

	if (ret == -ENODATA)
		ret = -EINVAL;
	if (ret)
		npu_error_set(reader->err, ret, "%s: %s", reader->path,
			      why.message);
	return ret;
}

static int open_file(struct job_reader *reader)
{
	struct stat st;

	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->fd < 0)
		return system_error(reader, "open", -errno);
	if (fstat(reader->fd, &st))
		return system_error(reader, "look at the file", -errno);
	if (!S_ISREG(st.st_mode))
		return npu_error_set(reader->err, -EINVAL,
				     "%s: offset 0: not a job file: not a regular file",
				     reader->path);
	reader->size = st.st_size;
	return 0;
}

static int check_header(struct job_reader *reader)
{
	struct job_header *header = &reader->header;
	uint64_t size = reader->size < sizeof(*header) ? reader->size :
							 sizeof(*header);
	int ret = read_at(reader, header, size, 0);
	uint32_t crc;

	if (ret)
		return ret;
	if (size < sizeof(header->magic) || header->magic != JOB_FILE_MAGIC)
		return job_reader_bad(reader, 0, "not a job file: it does not start with 'NPUJ'");
	if (size < sizeof(*header))
		return job_reader_bad(reader, size, "the file ends inside the header of %zu bytes",
				      sizeof(*header));
	if (header->major != JOB_FILE_MAJOR)
		return job_reader_bad(reader, offsetof(struct job_header, minor),
				      "version %u.%u, this library reads %u.x: make the file anew",
				      header->major, header->minor, JOB_FILE_MAJOR);
	crc = header->crc;
	header->crc = 0;
	if (crc32(0, (const void *)header, sizeof(*header)) != crc)
		return job_reader_bad(reader, offsetof(struct job_header, crc),
				      "the header does not have the checksum %08x that it states", crc);
	header->crc = crc;
	if (header->file_size != reader->size)
		return job_reader_bad(reader, offsetof(struct job_header, file_size),
				      "the file has %" PRIu64 " bytes, the header says %" PRIu64,
				      reader->size, header->file_size);
	if (header->num_sections != JOB_SECTION_COUNT)
		return job_reader_bad(reader, offsetof(struct job_header, num_sections),
				      "%u sections, %d are expected",
				      header->num_sections, JOB_SECTION_COUNT);
	for (unsigned int i = 0; i < 5; i++)
		if (header->reserved[i])
			return job_reader_bad(reader, offsetof(struct job_header, reserved[i]),
					      "a reserved field is not zero");
	return 0;
}

static const struct {
	const char *name;
	uint32_t record;	/* bytes of a record; 0: pieces of any size */
	uint32_t max;
} section_kinds[JOB_SECTION_COUNT] = {
	[JOB_SECTION_SEGMENTS] = { "segments", sizeof(struct job_segment_record), JOB_MAX_SEGMENTS },
	[JOB_SECTION_TENSORS] = { "tensors", sizeof(struct job_tensor_record), JOB_MAX_TENSORS },
	[JOB_SECTION_PROGRAMS] = { "programs", sizeof(struct job_program_record), JOB_MAX_PROGRAMS },
	[JOB_SECTION_ARGS] = { "arguments", sizeof(struct job_arg_record), JOB_MAX_PROGRAMS * 48 },
	[JOB_SECTION_TAGS] = { "tags", sizeof(struct job_tag_record), JOB_MAX_TAGS },
	[JOB_SECTION_DATA] = { "data", 0, JOB_MAX_SEGMENTS },
	[JOB_SECTION_EXPECTED] = { "expected values", 0, JOB_MAX_TENSORS },
};

static int check_section(const struct job_reader *reader, unsigned int type,
			 uint64_t after)
{
	const struct job_section *section = &reader->header.sections[type];
	const char *name = section_kinds[type].name;
	uint32_t record = section_kinds[type].record;
	uint64_t at = offsetof(struct job_header, sections[type]);
	uint64_t offset = job_round_up(after, job_section_align(type));

	if (section->type != type || section->reserved)
		return job_reader_bad(reader, at,
				      "section %u has type %u, or a reserved field that is not zero",
				      type, section->type);
	if (section->offset != offset)
		return job_reader_bad(reader, at,
				      "section '%s' starts at %" PRIu64 ", its place is %" PRIu64,
				      name, section->offset, offset);
	if (offset > reader->size || section->size > reader->size - offset)
		return job_reader_bad(reader, at,
				      "section '%s' of %" PRIu64 " bytes at %" PRIu64 " does not end in the file",
				      name, section->size, offset);
	if (section->count > section_kinds[type].max)
		return job_reader_bad(reader, at,
				      "section '%s' has %u entries, at most %u are possible",
				      name, section->count, section_kinds[type].max);
	if (record && section->size != (uint64_t)record * section->count)
		return job_reader_bad(reader, at,
				      "section '%s' has %" PRIu64 " bytes for %u entries of %u bytes",
				      name, section->size, section->count, record);
	return 0;
}

/* From one section to the next is less than the largest alignment. */
static int check_gap(const struct job_reader *reader, uint64_t start, uint64_t end)
{
	unsigned char gap[JOB_FILE_DATA_ALIGN];
	int ret = read_at(reader, gap, end - start, start);

	for (uint64_t i = 0; !ret && i < end - start; i++)
		if (gap[i])
			ret = job_reader_bad(reader, start + i,
					     "a byte between sections is not zero");
	return ret;
}

static int check_sections(const struct job_reader *reader)
{
	uint64_t end = sizeof(reader->header);
	int ret = 0;

	for (unsigned int i = 0; i < JOB_SECTION_COUNT && !ret; i++) {
		const struct job_section *section = &reader->header.sections[i];

		ret = check_section(reader, i, end);
		if (!ret)
			ret = check_gap(reader, end, section->offset);
		end = section->offset + section->size;
	}
	if (!ret && end != reader->size)
		ret = job_reader_bad(reader, end, "%" PRIu64 " bytes behind the last section",
				     reader->size - end);
	return ret;
}

static int bad_crc(const struct job_reader *reader, unsigned int type, uLong crc)
{
	const struct job_section *section = &reader->header.sections[type];

	return job_reader_bad(reader, section->offset,
			      "section '%s' (%" PRIu64 " bytes) has checksum %08lx, the header says %08x: the file is damaged",
			      section_kinds[type].name, section->size, crc,
			      section->crc);
}

/* A table, copied and checked. */
static int read_table(struct job_reader *reader, unsigned int type)
{
	const struct job_section *section = &reader->header.sections[type];
	void *table = malloc(section->size ? section->size : 1);
	uLong crc;
	int ret;

	if (!table)
		return system_error(reader, "read", -ENOMEM);
	reader->tables[type] = table;
	ret = read_at(reader, table, section->size, section->offset);
	if (ret)
		return ret;
	crc = crc32_z(0, table, section->size);
	return crc == section->crc ? 0 : bad_crc(reader, type, crc);
}

/* Large sections are not held in memory; their bytes are only summed up here. */
static int check_crc(struct job_reader *reader, unsigned int type)
{
	const struct job_section *section = &reader->header.sections[type];
	const size_t chunk = section->size < 1 << 20 ? section->size : 1 << 20;
	unsigned char *bytes = malloc(chunk ? chunk : 1);
	uLong crc = 0;
	int ret = 0;

	if (!bytes)
		return system_error(reader, "read", -ENOMEM);
	for (uint64_t at = 0; at < section->size && !ret; at += chunk) {
		uint64_t left = section->size - at;
		size_t n = left < chunk ? left : chunk;

		ret = read_at(reader, bytes, n, section->offset + at);
		crc = ret ? crc : crc32_z(crc, bytes, n);
	}
	free(bytes);
	if (ret)
		return ret;
	return crc == section->crc ? 0 : bad_crc(reader, type, crc);
}

static int map_file(struct job_reader *reader)
{
	void *map = mmap(NULL, reader->size, PROT_READ, MAP_PRIVATE,
			 reader->fd, 0);

	if (map == MAP_FAILED)
		return system_error(reader, "map", -errno);
	reader->map = map;
	return 0;
}

static int read_file(struct job_reader *reader)
{
	int ret = open_file(reader);

	if (!ret)
		ret = check_header(reader);
	if (!ret)
		ret = check_sections(reader);
	for (unsigned int i = 0; i < JOB_SECTION_DATA && !ret; i++)
		ret = read_table(reader, i);
	for (unsigned int i = JOB_SECTION_DATA; i < JOB_SECTION_COUNT && !ret; i++)
		ret = check_crc(reader, i);
	if (!ret)
		ret = map_file(reader);
	if (!ret)
		ret = job_reader_image(reader);
	return ret;
}

int npu_job_image_read(const char *path, struct npu_job_image **image,
		       struct npu_error *err)
{
	struct job_reader reader = { .path = path, .fd = -1, .err = err };
	int ret = read_file(&reader);

	for (unsigned int i = 0; i < JOB_SECTION_COUNT; i++)
		free(reader.tables[i]);
	if (ret) {
		npu_job_image_free(reader.image);
		if (reader.map)
			munmap(reader.map, reader.size);
		if (reader.fd >= 0)
			close(reader.fd);
		return ret;
	}
	*image = reader.image;
	return 0;
}
