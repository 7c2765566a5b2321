// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: function level reset
 *
 * The last step of recovery, for a device that takes no reset by its register. It
 * takes a while, and PCI restores the function's interrupts under a lock that is held
 * over allocations elsewhere. Reclaim waits for recovery and for &npu_device.reset_lock,
 * so this is done outside of both: recovery takes away the device's right to DMA and
 * pauses it, and a work item of a queue of its own resets it and lets it go on.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "npu_device.h"
#include "npu_flr.h"
#include "npu_pause.h"
#include "npu_trace.h"

static int npu_flr_try(struct npu_device *npu)
{
	struct pci_dev *pdev = to_pci_dev(npu->drm.dev);
	int ret;

	if (npu_inject(&npu->inject.stuck_flrs))
		return -EIO;
	/* For one that was pulled out PCI would wait for a minute. */
	if (!pci_device_is_present(pdev))
		return -ENODEV;
	ret = pci_save_state(pdev);
	if (!ret)
		ret = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	/* The interrupts' table is gone with the rest. */
	pci_restore_state(pdev);
	if (!ret && npu_device_gone(npu))
		ret = -EIO;
	if (ret)
		drm_err(&npu->drm, "function level reset failed: %d\n", ret);
	return ret;
}

static void npu_flr_work(struct work_struct *work)
{
	struct npu_device *npu = container_of(work, struct npu_device, flr_work);
	ktime_t start = ktime_get();

	npu->flr_error = npu_flr_try(npu);
	trace_npu_reset("flr", -1, ktime_us_delta(ktime_get(), start), npu->flr_error);
	npu_unpause(npu, NPU_PAUSE_FLR);
	pm_runtime_put_autosuspend(npu->drm.dev);
}

static void npu_flr_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

/**
 * npu_flr_init() - prepare function level resets
 * @npu: device
 *
 * Return: 0 or a negative errno.
 */
int npu_flr_init(struct npu_device *npu)
{
	npu->flr_wq = alloc_workqueue("npu-flr", WQ_MEM_RECLAIM | WQ_UNBOUND, 1);
	if (!npu->flr_wq)
		return -ENOMEM;
	INIT_WORK(&npu->flr_work, npu_flr_work);
	return drmm_add_action_or_reset(&npu->drm, npu_flr_destroy_wq, npu->flr_wq);
}

/**
 * npu_flr_fini() - end function level resets
 * @npu: device, unplugged; nothing starts one again
 */
void npu_flr_fini(struct npu_device *npu)
{
	if (cancel_work_sync(&npu->flr_work))
		pm_runtime_put_noidle(npu->drm.dev);
}

/**
 * npu_flr_start() - have the function reset, and the device go on after that
 * @npu: device, drained, with nothing known of what it does
 *
 * On &npu_device.reset_wq with &npu_device.reset_lock for writing. When this returns the
 * device reaches no memory and is paused.
 */
void npu_flr_start(struct npu_device *npu)
{
	lockdep_assert_held_write(&npu->reset_lock);
	pci_clear_master(to_pci_dev(npu->drm.dev));
	WRITE_ONCE(npu->paused, npu->paused | NPU_PAUSE_FLR);
	pm_runtime_get_noresume(npu->drm.dev);
	queue_work(npu->flr_wq, &npu->flr_work);
}

/**
 * npu_flr_flush() - wait until no function level reset is on its way
 * @npu: device
 *
 * Not where reclaim or a fence may wait.
 */
void npu_flr_flush(struct npu_device *npu)
{
	flush_work(&npu->flr_work);
}
