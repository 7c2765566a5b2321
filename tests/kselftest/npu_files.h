/* SPDX-License-Identifier: GPL-2.0 */
/* Small files of the kernel, which tests read and write. Names may be patterns. */
#ifndef NPU_FILES_H
#define NPU_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NPU_SYSFS	"/sys/class/accel/accel*/device/"
#define NPU_DEBUGFS	"/sys/kernel/debug/accel/*/"
#define NPU_TRACING	"/sys/kernel/tracing/"

/* Opens the first file that a pattern names. Return: descriptor or negative errno. */
static inline int npu_open_file(const char *pattern, int flags)
{
	glob_t found;
	int fd;

	if (glob(pattern, 0, NULL, &found))
		return -ENOENT;
	fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	globfree(&found);
	return fd;
}

/* Return: 0 or negative errno; the text ends with a NUL. */
static inline int npu_read_file(const char *pattern, char *text, size_t size)
{
	int fd = npu_open_file(pattern, O_RDONLY);
	size_t len = 0;
	ssize_t got = 0;

	if (fd < 0)
		return fd;
	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += got;
	if (got < 0)
		got = -errno;
	text[len] = 0;
	close(fd);
	return got < 0 ? got : 0;
}

/* Return: the number at its begin, or negative errno. */
static inline int64_t npu_read_number(const char *pattern)
{
	char text[64];
	int ret = npu_read_file(pattern, text, sizeof(text));

	return ret ? ret : atoll(text);
}

static inline int npu_write_file(const char *pattern, const char *text)
{
	int fd = npu_open_file(pattern, O_WRONLY), ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = -errno;
	close(fd);
	return ret;
}

#endif /* NPU_FILES_H */
