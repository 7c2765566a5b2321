/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_ARRAY_H__
#define __NPU_ARRAY_H__

#include <linux/types.h>

struct drm_npu_obj_array;

void *npu_array_read(const struct drm_npu_obj_array *array, size_t size, size_t size_v1,
		     u32 max_count);

#endif /* __NPU_ARRAY_H__ */
