/* SPDX-License-Identifier: MIT */
/* JSON on standard output, with the commas put where they belong. */
#ifndef NPU_TOOLS_JSON_H
#define NPU_TOOLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct json - state of the output; all zero at the start
 * @depth: objects and arrays that are open
 * @more: whether the innermost one has a member already
 */
struct json {
	unsigned int depth;
	bool more[16];
};

/*
 * Each function takes the member's name, or NULL inside an array and at the
 * top. When the outermost object is closed a newline follows.
 */
void json_object(struct json *json, const char *name);
void json_array(struct json *json, const char *name);
void json_close_object(struct json *json);
void json_close_array(struct json *json);
void json_string(struct json *json, const char *name, const char *value);
/* Any bytes: those that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *name, const char *data, size_t len);
void json_uint(struct json *json, const char *name, uint64_t value);
void json_double(struct json *json, const char *name, double value);
void json_bool(struct json *json, const char *name, bool value);

#endif /* NPU_TOOLS_JSON_H */
