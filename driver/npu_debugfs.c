// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files for developers, in debugfs below accel/ and the PCI address.
 *
 * reset: write "device" for a full reset, or a queue's number to reset that
 * queue; returns when it is done. A device that works never needs either, so
 * this is how recovery is tested. So are the counters in inject/: as often as
 * one says, that step is taken as failed. What can be read is in npu_debugfs_show.c.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/pm_runtime.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>

#include "npu_debugfs.h"
#include "npu_device.h"
#include "npu_flr.h"
#include "npu_reset.h"

static int npu_debugfs_do_reset(struct npu_device *npu, const char *what)
{
	u32 id;
	int ret;

	if (!strcmp(what, "device")) {
		npu_reset_request_and_wait(npu);
		return 0;
	}
	ret = kstrtou32(what, 0, &id);
	if (ret)
		return ret;
	if (id >= npu->info.queues)
		return -EINVAL;
	npu_reset_force_queue(&npu->queues[id]);
	return 0;
}

static ssize_t npu_debugfs_reset_write(struct file *file, const char __user *from, size_t size,
				       loff_t *pos)
{
	struct npu_device *npu = file->private_data;
	char buf[16];
	ssize_t len;
	int idx, ret;

	len = simple_write_to_buffer(buf, sizeof(buf) - 1, pos, from, size);
	if (len < 0)
		return len;
	buf[len] = '\0';
	if (!drm_dev_enter(&npu->drm, &idx))
		return -ENODEV;
	ret = pm_runtime_resume_and_get(npu->drm.dev);
	if (!ret) {
		ret = npu_debugfs_do_reset(npu, strim(buf));
		npu_flr_flush(npu);
		pm_runtime_put_autosuspend(npu->drm.dev);
	}
	drm_dev_exit(idx);
	return ret ?: len;
}

static const struct file_operations npu_debugfs_reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = npu_debugfs_reset_write,
	.llseek = noop_llseek,
};

static void npu_debugfs_inject_init(struct npu_inject *inject, struct dentry *root)
{
	struct dentry *dir = debugfs_create_dir("inject", root);

	debugfs_create_atomic_t("lost_irqs", 0600, dir, &inject->lost_irqs);
	debugfs_create_atomic_t("lost_aborts", 0600, dir, &inject->lost_aborts);
	debugfs_create_atomic_t("stuck_tlb", 0600, dir, &inject->stuck_tlb);
	debugfs_create_atomic_t("stuck_queue_resets", 0600, dir, &inject->stuck_queue_resets);
	debugfs_create_atomic_t("stuck_device_resets", 0600, dir, &inject->stuck_device_resets);
	debugfs_create_atomic_t("stuck_flrs", 0600, dir, &inject->stuck_flrs);
}

/**
 * npu_debugfs_init() - make the files
 * @npu: device; they go when it is unregistered
 */
void npu_debugfs_init(struct npu_device *npu)
{
	debugfs_create_file("reset", 0200, npu->drm.debugfs_root, npu, &npu_debugfs_reset_fops);
	npu_debugfs_inject_init(&npu->inject, npu->drm.debugfs_root);
	npu_debugfs_show_init(npu);
}
