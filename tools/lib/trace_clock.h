/* SPDX-License-Identifier: MIT */
/* Where the jobs of a device lie on CLOCK_MONOTONIC: Documentation/trace.rst, "Clocks". */
#ifndef NPU_TOOLS_TRACE_CLOCK_H
#define NPU_TOOLS_TRACE_CLOCK_H

#include "trace_driver.h"
#include "trace_file.h"

/**
 * trace_place() - find base_ns of each job, and how sure that is
 * @device: device
 * @driver: events of the driver, which narrow it down
 */
void trace_place(struct trace_device *device, const struct trace_driver *driver);

#endif /* NPU_TOOLS_TRACE_CLOCK_H */
