/* SPDX-License-Identifier: MIT */
/* Reading parts of a file into memory, many at a time. */
#ifndef NPU_RUNTIME_FILE_LOAD_H
#define NPU_RUNTIME_FILE_LOAD_H

#include <stdint.h>

#include <npu/error.h>

/**
 * struct file_read - one part
 * @to: where it goes
 * @offset: where it is
 * @size: bytes
 */
struct file_read {
	void *to;
	uint64_t offset;
	uint64_t size;
};

/** enum file_load_how - by which means */
enum file_load_how {
	FILE_LOAD_ASYNC,	/* io_uring, or pread where that is refused */
	FILE_LOAD_PREAD,
};

/**
 * file_load() - read parts of a file
 * @fd: file
 * @reads: parts
 * @num_reads: number of parts
 * @how: enum file_load_how
 * @err: what failed
 *
 * When it returns, also with an error, nothing is written any more.
 *
 * Return: 0; -ENODATA if the file ends inside a part; or another negative errno.
 */
int file_load(int fd, const struct file_read *reads, unsigned int num_reads,
	      enum file_load_how how, struct npu_error *err);

#endif /* NPU_RUNTIME_FILE_LOAD_H */
