/* SPDX-License-Identifier: MIT */
/* Lines from standard input, which Ctrl-C interrupts. */
#ifndef NPU_TOOLS_LINE_READER_H
#define NPU_TOOLS_LINE_READER_H

#include <stdbool.h>

#include "text.h"

/**
 * struct line_reader - standard input; all zero at the start
 * @waiting: bytes that were read and not asked for yet
 * @ended: there are no more
 */
struct line_reader {
	struct text waiting;
	bool ended;
};

/**
 * line_read() - the next line
 * @reader: reader
 * @prompt: shown on standard error if standard input is a terminal
 * @line: receives the line without its end; what was in it is lost
 *
 * Return: 1; 0 when there is no more; -EINTR after interrupt_catch() noted an
 * interrupt; or another negative errno.
 */
int line_read(struct line_reader *reader, const char *prompt, struct text *line);

/** line_reader_release() - free what it holds */
void line_reader_release(struct line_reader *reader);

#endif /* NPU_TOOLS_LINE_READER_H */
