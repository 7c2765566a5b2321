/* SPDX-License-Identifier: MIT */
/* A trace as JSON that Perfetto and chrome://tracing open. */
#ifndef NPU_TOOLS_TRACE_JSON_H
#define NPU_TOOLS_TRACE_JSON_H

#include <stdio.h>

#include "trace_driver.h"
#include "trace_file.h"

/**
 * trace_write_json() - write all of it, as it is read
 * @trace: trace, its jobs placed
 * @driver: events of the driver
 * @out: file
 *
 * Return: whether all records could be read and all be written.
 */
bool trace_write_json(struct trace *trace, const struct trace_driver *driver, FILE *out);

/* Write @text as a JSON string that may stand in an HTML page. */
void trace_put_string(FILE *out, const char *text);

#endif /* NPU_TOOLS_TRACE_JSON_H */
