// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "line_reader.h"

/* Hand out the first @len bytes and drop them with the @end bytes behind them. */
static int take(struct line_reader *reader, size_t len, size_t end, struct text *line)
{
	struct text *waiting = &reader->waiting;

	line->len = 0;
	if (!text_append(line, waiting->data, len))
		return -ENOMEM;
	waiting->len -= len + end;
	memmove(waiting->data, waiting->data + len + end, waiting->len + 1);
	return 1;
}

/* Sleep until there are bytes, or an interrupt. */
static int await(void)
{
	struct pollfd files[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = interrupt_fd(), .events = POLLIN },
	};

	for (;;) {
		if (poll(files, 2, -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (files[1].revents)
			return -EINTR;
		if (files[0].revents)
			return 0;
	}
}

static int fill(struct line_reader *reader)
{
	char block[4096];
	ssize_t len;
	int ret = await();

	if (ret)
		return ret;
	len = read(STDIN_FILENO, block, sizeof(block));
	if (len < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	reader->ended = !len;
	return text_append(&reader->waiting, block, len) ? 0 : -ENOMEM;
}

int line_read(struct line_reader *reader, const char *prompt, struct text *line)
{
	struct text *waiting = &reader->waiting;

	if (isatty(STDIN_FILENO)) {
		fputs(prompt, stderr);
		fflush(stderr);
	}
	for (;;) {
		const char *end = waiting->len ? memchr(waiting->data, '\n', waiting->len) : NULL;
		int ret;

		if (end)
			return take(reader, end - waiting->data, 1, line);
		if (reader->ended)
			return waiting->len ? take(reader, waiting->len, 0, line) : 0;
		ret = fill(reader);
		if (ret)
			return ret;
	}
}

void line_reader_release(struct line_reader *reader)
{
	text_release(&reader->waiting);
}
