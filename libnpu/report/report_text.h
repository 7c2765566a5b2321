/* SPDX-License-Identifier: MIT */
/* Where an operator runs and why, in words. */
#ifndef LIBNPU_REPORT_REPORT_TEXT_H
#define LIBNPU_REPORT_REPORT_TEXT_H

#include <npu/report.h>

/** report_set_place() - what of the device does most of an operator, by its counters */
void report_set_place(struct npu_report_operator *op, const uint64_t *counters);

/** report_set_why() - say why there, of an operator on the device */
void report_set_why(struct npu_report_operator *op);

#endif /* LIBNPU_REPORT_REPORT_TEXT_H */
