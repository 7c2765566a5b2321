// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

/* Length of the UTF-8 character at @s, of which @len > 0 bytes are there; 0 if none. */
static size_t character(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t need = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 :
		      s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	uint32_t code = need > 1 ? s[0] & (0x7f >> need) : s[0];

	if (need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return need;
}

static void put_text(const char *data, size_t len)
{
	const unsigned char *s = (const unsigned char *)data;

	putchar('"');
	for (size_t i = 0, size; i < len; i += size ? size : 1) {
		size = character(s + i, len - i);
		if (!size)
			fputs("\\ufffd", stdout);
		else if (s[i] == '"' || s[i] == '\\')
			printf("\\%c", s[i]);
		else if (s[i] < ' ')
			printf("\\u%04x", s[i]);
		else
			fwrite(s + i, 1, size, stdout);
	}
	putchar('"');
}

static void put_string(const char *value)
{
	put_text(value, strlen(value));
}

static void start(struct json *json, const char *name)
{
	if (json->more[json->depth])
		putchar(',');
	json->more[json->depth] = true;
	if (json->depth) {
		putchar('\n');
		for (unsigned int i = 0; i < json->depth; i++)
			fputs("  ", stdout);
	}
	if (name) {
		put_string(name);
		fputs(": ", stdout);
	}
}

static void open_level(struct json *json, const char *name, char bracket)
{
	start(json, name);
	putchar(bracket);
	json->more[++json->depth] = false;
}

static void close_level(struct json *json, char bracket)
{
	bool members = json->more[json->depth--];

	if (members) {
		putchar('\n');
		for (unsigned int i = 0; i < json->depth; i++)
			fputs("  ", stdout);
	}
	putchar(bracket);
	if (!json->depth) {
		putchar('\n');
		json->more[0] = false;
	}
}

void json_object(struct json *json, const char *name)
{
	open_level(json, name, '{');
}

void json_array(struct json *json, const char *name)
{
	open_level(json, name, '[');
}

void json_close_object(struct json *json)
{
	close_level(json, '}');
}

void json_close_array(struct json *json)
{
	close_level(json, ']');
}

void json_string(struct json *json, const char *name, const char *value)
{
	start(json, name);
	put_string(value);
}

void json_text(struct json *json, const char *name, const char *data, size_t len)
{
	start(json, name);
	put_text(data, len);
}

void json_uint(struct json *json, const char *name, uint64_t value)
{
	start(json, name);
	printf("%" PRIu64, value);
}

/* JSON has no infinities and no NaN. */
void json_double(struct json *json, const char *name, double value)
{
	start(json, name);
	if (isfinite(value))
		printf("%.9g", value);
	else
		fputs("null", stdout);
}

void json_bool(struct json *json, const char *name, bool value)
{
	start(json, name);
	fputs(value ? "true" : "false", stdout);
}
