/* SPDX-License-Identifier: MIT */
/* Numbers as people read them. */
#ifndef NPU_TOOLS_UNITS_H
#define NPU_TOOLS_UNITS_H

#include <stdint.h>

#define UNITS_LEN 32

/** units_bytes() - such as "1.5 MiB"; returns @out */
const char *units_bytes(uint64_t bytes, char out[UNITS_LEN]);

/** units_seconds() - such as "12.3 us"; returns @out */
const char *units_seconds(double seconds, char out[UNITS_LEN]);

/** units_number() - such as "3.20 G"; returns @out */
const char *units_number(double number, char out[UNITS_LEN]);

/** units_joules() - such as "4.56 mJ"; returns @out */
const char *units_joules(double joules, char out[UNITS_LEN]);

#endif /* NPU_TOOLS_UNITS_H */
