/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_PCI_ERROR_H__
#define __NPU_PCI_ERROR_H__

#include <linux/pci.h>

struct npu_device;

extern const struct pci_error_handlers npu_pci_error_handlers;

int npu_pci_error_init(struct npu_device *npu);

#endif /* __NPU_PCI_ERROR_H__ */
