/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_SYSFS_H__
#define __NPU_SYSFS_H__

struct attribute_group;

extern const struct attribute_group *npu_sysfs_groups[];

#endif /* __NPU_SYSFS_H__ */
