/* SPDX-License-Identifier: MIT */
/* Counters as the runtime's own files see them. */
#ifndef NPU_RUNTIME_PERFMON_INTERNAL_H
#define NPU_RUNTIME_PERFMON_INTERNAL_H

#include "objects.h"

/**
 * struct npu_perfmon - counters of chosen jobs
 * @device: holds a reference
 * @id: the driver's id
 * @count: how many were chosen
 */
struct npu_perfmon {
	struct npu_device *device;
	uint32_t id, count;
};

#endif /* NPU_RUNTIME_PERFMON_INTERNAL_H */
