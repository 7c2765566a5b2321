/* SPDX-License-Identifier: MIT */
/* A job file while it is read. */
#ifndef NPU_RUNTIME_JOB_READER_H
#define NPU_RUNTIME_JOB_READER_H

#include <stdint.h>

#include <npu/error.h>
#include <npu/job.h>

#include "job_file.h"

/**
 * struct job_reader - state of a read
 * @path: name of the file
 * @fd: the file; given to the image in the end, as is @map
 * @size: its bytes
 * @map: mapping of it
 * @header: copy of the header, checked
 * @tables: copies of the sections but DATA and EXPECTED, checksums checked
 * @image: what has been made of them
 * @err: receives what is wrong
 */
struct job_reader {
	const char *path;
	int fd;
	uint64_t size;
	unsigned char *map;
	struct job_header header;
	void *tables[JOB_SECTION_COUNT];
	struct npu_job_image *image;
	struct npu_error *err;
};

/** job_reader_bad() - note that the file is bad at an offset; returns -EINVAL */
__attribute__((format(printf, 3, 4)))
int job_reader_bad(const struct job_reader *reader, uint64_t offset,
		   const char *fmt, ...);

/**
 * job_reader_image() - make the image of the tables
 * @reader: reader with tables and mapping; on success the image has taken over
 *	file and mapping
 *
 * Return: 0 or a negative errno.
 */
int job_reader_image(struct job_reader *reader);

#endif /* NPU_RUNTIME_JOB_READER_H */
