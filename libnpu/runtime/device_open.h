/* SPDX-License-Identifier: MIT */
#ifndef NPU_RUNTIME_DEVICE_OPEN_H
#define NPU_RUNTIME_DEVICE_OPEN_H

#include "objects.h"

/** npu_device_read_info() - fill in a new device's facts; 0 or a negative errno */
int npu_device_read_info(struct npu_device *device, struct npu_error *err);

#endif /* NPU_RUNTIME_DEVICE_OPEN_H */
