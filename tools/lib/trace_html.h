/* SPDX-License-Identifier: MIT */
/* A trace as one HTML page that needs nothing else. */
#ifndef NPU_TOOLS_TRACE_HTML_H
#define NPU_TOOLS_TRACE_HTML_H

#include <stdio.h>

#include "trace_driver.h"
#include "trace_file.h"

/**
 * trace_write_html() - write the page
 * @trace: trace, its jobs placed
 * @driver: events of the driver
 * @limit: most instructions in it; those beyond are counted
 * @command: what was traced
 * @out: file
 *
 * Return: whether all records could be read and all be written.
 */
bool trace_write_html(struct trace *trace, const struct trace_driver *driver,
		      uint64_t limit, const char *command, FILE *out);

#endif /* NPU_TOOLS_TRACE_HTML_H */
