/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_DRV_H__
#define __NPU_DRV_H__

#include <linux/workqueue.h>
#include <linux/xarray.h>

struct npu_client;
struct npu_device;

/**
 * struct npu_file - an open file
 */
struct npu_file {
	/** @npu: device */
	struct npu_device *npu;

	/** @client: who opened it, referenced */
	struct npu_client *client;

	/** @vms: address spaces by id; each holds a reference */
	struct xarray vms;

	/** @contexts: contexts by id; each holds a reference */
	struct xarray contexts;

	/** @perfmons: counters by id; each holds a reference */
	struct xarray perfmons;
};

/** npu_release_wq - where contexts are released; empty before the module goes */
extern struct workqueue_struct *npu_release_wq;

#endif /* __NPU_DRV_H__ */
