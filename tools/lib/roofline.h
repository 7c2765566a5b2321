/* SPDX-License-Identifier: MIT */
/* Rooflines of programs: in words, in JSON, as a picture. */
#ifndef NPU_TOOLS_ROOFLINE_H
#define NPU_TOOLS_ROOFLINE_H

#include <stdbool.h>
#include <stdio.h>

#include <npu/report.h>

#include "json.h"

/**
 * struct roofline - operators of a report, those of all blocks of a model as one
 * @report: where they come from; its total is the whole
 * @op: operators, with sums
 * @count: how many operators of the report each stands for
 * @n: number of @op and @count
 */
struct roofline {
	const struct npu_report *report;
	struct npu_report_operator *op;
	unsigned int *count;
	unsigned int n;
};

/**
 * roofline_create() - put operators together
 * @report: report, which must stay
 * @each: do not
 * @roofline: receives them; give them back with roofline_free()
 *
 * Operators with names such as blk.7.qkv become blk.*.qkv.
 *
 * Return: whether there was memory for it.
 */
bool roofline_create(const struct npu_report *report, bool each, struct roofline *roofline);

void roofline_free(struct roofline *roofline);

/** roofline_attained() - multiply-accumulates a second */
double roofline_attained(const struct npu_report *report, const struct npu_report_operator *op);

/** roofline_roof() - the most at the operator's intensity; 0 without products */
double roofline_roof(const struct npu_report *report, const struct npu_report_operator *op);

/** roofline_use() - part of its time for which the resource that binds is needed */
double roofline_use(const struct npu_report_operator *op);

void roofline_show(const struct roofline *roofline);
void roofline_json(struct json *json, const struct roofline *roofline);

/** roofline_svg() - a picture of its own; @title: a line above it */
void roofline_svg(FILE *file, const struct roofline *roofline, const char *title);

#endif /* NPU_TOOLS_ROOFLINE_H */
