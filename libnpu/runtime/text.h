/* SPDX-License-Identifier: MIT */
/* Text that grows in a buffer of fixed size, and is cut when that is full. */
#ifndef NPU_RUNTIME_TEXT_H
#define NPU_RUNTIME_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/**
 * struct text - text so far
 * @out: buffer
 * @size: its bytes
 * @len: length of the whole text, as if it had not been cut
 */
struct text {
	char *out;
	size_t size;
	size_t len;
};

/** text_add() - append */
__attribute__((format(printf, 2, 3)))
static inline void text_add(struct text *text, const char *fmt, ...)
{
	size_t at = text->len < text->size ? text->len : text->size;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->size ? text->out + at : NULL, text->size - at, fmt,
		      args);
	va_end(args);
	if (n > 0)
		text->len += n;
}

#endif /* NPU_RUNTIME_TEXT_H */
