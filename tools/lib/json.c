// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "json.h"

static void put_string(const char *value)
{
	putchar('"');
	for (; *value; value++) {
		unsigned char c = *value;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
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
