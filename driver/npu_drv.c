// SPDX-License-Identifier: GPL-2.0-only
/*
 * DRM accel driver for the virtual NPU: entry points.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>

#include "npu_bind.h"
#include "npu_client.h"
#include "npu_context.h"
#include "npu_debugfs.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_notify.h"
#include "npu_pci_error.h"
#include "npu_perfmon.h"
#include "npu_pm.h"
#include "npu_query.h"
#include "npu_reset.h"
#include "npu_sched.h"
#include "npu_shrinker.h"
#include "npu_submit.h"
#include "npu_sysfs.h"
#include "npu_uring.h"
#include "npu_userptr.h"
#include "npu_vm.h"
#include "npu_compat.h"

struct workqueue_struct *npu_release_wq;

/* Device structures whose release runs code of this module. */
static atomic_t npu_live_devices = ATOMIC_INIT(0);

static int npu_open(struct drm_device *drm, struct drm_file *drm_file)
{
	struct npu_file *file;

	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENOMEM;
	file->client = npu_client_create(to_npu_device(drm), drm_file);
	if (!file->client) {
		kfree(file);
		return -ENOMEM;
	}
	file->npu = to_npu_device(drm);
	xa_init_flags(&file->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&file->contexts, XA_FLAGS_ALLOC1);
	xa_init_flags(&file->perfmons, XA_FLAGS_ALLOC1);
	drm_file->driver_priv = file;
	return 0;
}

static void npu_postclose(struct drm_device *drm, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;

	npu_ctx_close_file(file);
	npu_vm_close_file(file);
	npu_perfmon_close_file(file);
	xa_destroy(&file->perfmons);
	xa_destroy(&file->contexts);
	xa_destroy(&file->vms);
	npu_client_close(file->client);
	kfree(file);
}

#define NPU_IOCTL(name, func) DRM_IOCTL_DEF_DRV(NPU_##name, npu_ioctl_##func, 0)

static const struct drm_ioctl_desc npu_ioctls[] = {
	NPU_IOCTL(DEV_QUERY, dev_query),
	NPU_IOCTL(BO_CREATE, bo_create),
	NPU_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	NPU_IOCTL(BO_WAIT, bo_wait),
	NPU_IOCTL(VM_CREATE, vm_create),
	NPU_IOCTL(VM_DESTROY, vm_destroy),
	NPU_IOCTL(VM_BIND, vm_bind),
	NPU_IOCTL(CONTEXT_CREATE, context_create),
	NPU_IOCTL(CONTEXT_DESTROY, context_destroy),
	NPU_IOCTL(CONTEXT_QUERY, context_query),
	NPU_IOCTL(SUBMIT, submit),
	NPU_IOCTL(EVENTS, events),
	NPU_IOCTL(BO_LABEL, bo_label),
	NPU_IOCTL(BO_USERPTR, bo_userptr),
	NPU_IOCTL(BO_MADVISE, bo_madvise),
	NPU_IOCTL(PERFMON_CREATE, perfmon_create),
	NPU_IOCTL(PERFMON_DESTROY, perfmon_destroy),
	NPU_IOCTL(PERFMON_READ, perfmon_read),
};

static int npu_release(struct inode *inode, struct file *filp)
{
	struct drm_file *drm_file = filp->private_data;
	struct npu_file *file = drm_file->driver_priv;

	npu_notify_close(file->client);
	return drm_release(inode, filp);
}

/* DRM_ACCEL_FOPS with two more. */
static const struct file_operations npu_fops = {
	.owner = THIS_MODULE,
	.open = accel_open,
	.release = npu_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.uring_cmd = npu_uring_cmd,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static const struct drm_driver npu_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = npu_open,
	.postclose = npu_postclose,
	.show_fdinfo = npu_client_show_fdinfo,
	.gem_create_object = npu_gem_create_object,
	.gem_prime_import = npu_gem_import,
	.gem_prime_import_sg_table = npu_gem_import_sg_table,
	.ioctls = npu_ioctls,
	.num_ioctls = ARRAY_SIZE(npu_ioctls),
	.fops = &npu_fops,
	.name = "npu",
	.desc = "Virtual NPU",
	.major = 1,
	.minor = 5,
};

static void npu_device_released(struct drm_device *drm, void *arg)
{
	if (atomic_dec_and_test(&npu_live_devices))
		wake_up_var(&npu_live_devices);
}

static int npu_init_pci(struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	/* A page table entry has room for 52 bits. */
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(52));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	pci_set_master(pdev);
	return 0;
}

/* After a probe that failed nobody was unplugged, so recovery may be under way. */
static void npu_stop_action(void *data)
{
	struct npu_device *npu = data;
	u32 i;

	if (npu->stopped)
		return;
	npu_write(npu, NPU_REG_IRQ_ENABLE_CLR, ~0u);
	for (i = 0; i < npu->num_irqs; i++)
		synchronize_irq(pci_irq_vector(to_pci_dev(npu->drm.dev), i));
	npu_reset_fini(npu);
	npu_device_stop(npu);
}

static int npu_init(struct npu_device *npu, struct pci_dev *pdev)
{
	int ret;

	atomic_inc(&npu_live_devices);
	ret = drmm_add_action_or_reset(&npu->drm, npu_device_released, NULL);
	if (!ret)
		ret = npu_init_pci(pdev);
	if (!ret)
		ret = npu_device_init(npu, pdev);
	if (!ret)
		npu_gem_init(npu);
	if (!ret)
		ret = npu_reset_init(npu);
	if (!ret)
		ret = npu_queue_init(npu);
	if (!ret)
		ret = npu_sched_init(npu);
	if (!ret)
		ret = npu_bind_init(npu);
	if (!ret)
		ret = npu_irq_init(npu);
	/* After all that the device is told of, so before any of it is freed. */
	if (!ret)
		ret = devm_add_action_or_reset(&pdev->dev, npu_stop_action, npu);
	if (!ret)
		ret = npu_device_start(npu);
	if (!ret)
		ret = npu_hwmon_init(npu);
	if (!ret)
		ret = npu_pci_error_init(npu);
	if (!ret)
		ret = npu_shrinker_init(npu);
	return ret;
}

static int npu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct npu_device *npu;
	u32 i;
	int ret;

	npu = devm_drm_dev_alloc(&pdev->dev, &npu_driver, struct npu_device, drm);
	if (IS_ERR(npu))
		return PTR_ERR(npu);
	pci_set_drvdata(pdev, npu);
	ret = npu_init(npu, pdev);
	if (ret)
		return ret;
	for (i = 0; i < npu->info.queues; i++)
		npu_queue_set_state(&npu->queues[i], NPU_QUEUE_LIVE);
	npu_debugfs_init(npu);
	ret = drm_dev_register(&npu->drm, 0);
	if (!ret)
		npu_pm_init(npu);
	return ret;
}

/*
 * Files, buffers and jobs may outlive this. Afterwards nothing of the PCI
 * function is used: no register, no interrupt, no DMA mapping.
 */
static void npu_remove(struct pci_dev *pdev)
{
	struct npu_device *npu = pci_get_drvdata(pdev);
	u32 i;

	drm_dev_unplug(&npu->drm);
	npu_reset_fini(npu);
	npu_device_stop(npu);
	for (i = 0; i < npu->info.queues; i++)
		npu_queue_kill(&npu->queues[i]);
	/* Who waits for events alone would wait for ever. */
	if (!npu->lost)
		npu_notify_all(npu, DRM_NPU_EVENT_DEVICE_LOST);
	npu_vm_revoke_all(npu);
	npu_gem_revoke_all(npu);
	npu_pm_fini(npu);
}

static const struct pci_device_id npu_pci_ids[] = {
	{ PCI_DEVICE(NPU_PCI_VENDOR_ID, NPU_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, npu_pci_ids);

static struct pci_driver npu_pci_driver = {
	.name = "npu",
	.id_table = npu_pci_ids,
	.probe = npu_probe,
	.remove = npu_remove,
	.dev_groups = npu_sysfs_groups,
	.driver.pm = pm_ptr(&npu_pm_ops),
	.err_handler = &npu_pci_error_handlers,
};

static int __init npu_module_init(void)
{
	int ret;

	npu_compat_fences_init();
	npu_release_wq = alloc_workqueue("npu-release", WQ_UNBOUND, 0);
	if (!npu_release_wq)
		return -ENOMEM;
	ret = pci_register_driver(&npu_pci_driver);
	if (ret)
		destroy_workqueue(npu_release_wq);
	return ret;
}

/* Jobs of closed files end in their own time; the last one lets the device structure go. */
static void __exit npu_module_exit(void)
{
	pci_unregister_driver(&npu_pci_driver);
	wait_var_event(&npu_live_devices, !atomic_read(&npu_live_devices));
	destroy_workqueue(npu_release_wq);
}

module_init(npu_module_init);
module_exit(npu_module_exit);

MODULE_DESCRIPTION("Virtual NPU");
MODULE_LICENSE("GPL");
/* What MODULE_IMPORT_NS() makes, whose argument is not the same in all kernels. */
MODULE_INFO(import_ns, "DMA_BUF");
