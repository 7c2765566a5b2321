/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_PM_H__
#define __NPU_PM_H__

#include <linux/pm.h>

struct npu_device;

extern const struct dev_pm_ops npu_pm_ops;

void npu_pm_init(struct npu_device *npu);
void npu_pm_fini(struct npu_device *npu);

#endif /* __NPU_PM_H__ */
