/* SPDX-License-Identifier: MIT */
/* Bytes that grow. */
#ifndef NPU_TOOLS_TEXT_H
#define NPU_TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct text - bytes, followed by a NUL once there are any; all zero at the start
 * @data: the bytes, or NULL
 * @len: number of them
 * @room: what @data has room for
 */
struct text {
	char *data;
	size_t len, room;
};

/** text_append() - append bytes; false without memory, with nothing appended */
bool text_append(struct text *text, const char *data, size_t len);

/** text_release() - free it; it is empty afterwards */
void text_release(struct text *text);

/**
 * text_read_file() - all of a file
 * @text: receives the bytes
 * @path: its name, or "-" for standard input
 *
 * Return: 0 or a negative errno.
 */
int text_read_file(struct text *text, const char *path);

/**
 * text_unescape() - replace \n, \r, \t, \\, \", \' and \xHH by what they stand for
 * @text: NUL-terminated, rewritten in place; what is no such sequence stays
 *
 * Return: the new length, as \x00 may be among it.
 */
size_t text_unescape(char *text);

#endif /* NPU_TOOLS_TEXT_H */
