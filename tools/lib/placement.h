/* SPDX-License-Identifier: MIT */
/* Placement reports, in words and in JSON. */
#ifndef NPU_TOOLS_PLACEMENT_H
#define NPU_TOOLS_PLACEMENT_H

#include <npu/report.h>

#include "json.h"

/** placement_show() - a table, a line an operator; operators on the CPU stand out */
void placement_show(const struct npu_report *report);

/** placement_json() - the same as an object of JSON */
void placement_json(struct json *json, const struct npu_report *report);

/** placement_warn() - a line on standard error for each operator on the CPU */
void placement_warn(const char *tool, const struct npu_report *report);

#endif /* NPU_TOOLS_PLACEMENT_H */
