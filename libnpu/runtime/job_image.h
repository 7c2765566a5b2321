/* SPDX-License-Identifier: MIT */
/* Job images, as the files that read, check and load them see them. */
#ifndef NPU_RUNTIME_JOB_IMAGE_H
#define NPU_RUNTIME_JOB_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/job.h>

#define JOB_MAX_SEGMENTS	1024
#define JOB_MAX_TENSORS		65536
#define JOB_MAX_PROGRAMS	1024
#define JOB_MAX_TAGS		(1u << 20)
#define JOB_MAX_BYTES		(64ull << 30)	/* of all segments together */

/**
 * struct job_owner - what an image that was read from a file holds
 * @fd: the file
 * @map: mapping of the whole file, read only
 * @map_size: bytes of @map
 * @arg_names: of all programs
 * @args: of all programs
 *
 * The image's arrays are allocated one by one; data and expected lie in @map.
 */
struct job_owner {
	int fd;
	void *map;
	uint64_t map_size;
	char (*arg_names)[NPU_JOB_NAME_LEN];
	uint64_t *args;
};

/**
 * enum job_part - what is wrong with an image, when something is
 */
enum job_part {
	JOB_PART_IMAGE,
	JOB_PART_SEGMENT,
	JOB_PART_TENSOR,
	JOB_PART_PROGRAM,
	JOB_PART_ARG,
	JOB_PART_TAG,
};

/**
 * struct job_where - where in an image something is wrong
 * @part: kind of part
 * @index: which; of arguments: counted through all programs
 */
struct job_where {
	enum job_part part;
	uint32_t index;
};

/**
 * job_image_check_where() - as npu_job_image_check(), and tell where
 * @image: image
 * @where: receives the place when it fails
 * @err: what is wrong
 *
 * Return: 0 or -EINVAL.
 */
int job_image_check_where(const struct npu_job_image *image,
			  struct job_where *where, struct npu_error *err);

/**
 * job_image_in_file() - where in a file some of an image's bytes are
 * @image: image
 * @data: bytes
 * @size: their number
 * @fd: receives the file, which belongs to the image
 * @offset: receives the offset
 *
 * Return: whether they are in a file.
 */
bool job_image_in_file(const struct npu_job_image *image, const void *data,
		       uint64_t size, int *fd, uint64_t *offset);

#endif /* NPU_RUNTIME_JOB_IMAGE_H */
