// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static bool make_room(struct text *text, size_t len)
{
	size_t need, room;
	char *more;

	if (__builtin_add_overflow(text->len, len, &need) || need >= SIZE_MAX / 2)
		return false;
	if (need < text->room)
		return true;
	room = 2 * need + 1;
	more = realloc(text->data, room);
	if (!more)
		return false;
	text->data = more;
	text->room = room;
	return true;
}

bool text_append(struct text *text, const char *data, size_t len)
{
	if (!make_room(text, len))
		return false;
	if (len)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = 0;
	return true;
}

void text_release(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

static int read_stream(struct text *text, FILE *file)
{
	char block[4096];
	size_t len;

	do {
		len = fread(block, 1, sizeof(block), file);
		if (!text_append(text, block, len))
			return -ENOMEM;
	} while (len == sizeof(block));
	return ferror(file) ? -EIO : 0;
}

int text_read_file(struct text *text, const char *path)
{
	FILE *file = stdin;
	int ret;

	if (strcmp(path, "-"))
		file = fopen(path, "rb");
	if (!file)
		return -errno;
	errno = 0;
	ret = read_stream(text, file);
	if (ret == -EIO && errno)
		ret = -errno;
	if (file != stdin)
		fclose(file);
	return ret;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the sequence at @at stands for, and how long it is; 0 if none. */
static size_t read_escape(const char *at, char *byte)
{
	static const char letters[] = "nrt\\\"'", bytes[] = "\n\r\t\\\"'";
	const char *letter;

	if (at[0] != '\\' || !at[1])
		return 0;
	letter = strchr(letters, at[1]);
	if (letter) {
		*byte = bytes[letter - letters];
		return 2;
	}
	if (at[1] != 'x' || hex_digit(at[2]) < 0 || hex_digit(at[3]) < 0)
		return 0;
	*byte = hex_digit(at[2]) * 16 + hex_digit(at[3]);
	return 4;
}

size_t text_unescape(char *text)
{
	size_t from = 0, to = 0;

	while (text[from]) {
		char byte = text[from];
		size_t taken = read_escape(text + from, &byte);

		from += taken ? taken : 1;
		text[to++] = byte;
	}
	text[to] = 0;
	return to;
}
