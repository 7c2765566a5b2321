// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: power
 *
 * Each job that was given to a queue holds a reference for runtime PM, as does
 * who resets the device by hand; nothing else needs it awake. Without any for a
 * while the device is put into D3hot, where it forgets all: page tables, rings
 * and jobs are the driver's, so nothing needs to be saved.
 *
 * Changes of page tables do not wake it: it has no TLB then that could hold
 * anything old. Neither do figures, see npu_meter.c.
 *
 * When the machine goes to sleep or hibernates, jobs that run get some time to
 * end; others wait in the driver until the machine wakes up. A job that does not
 * end keeps the machine awake: it could be neither stopped nor begun anew.
 */
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "npu_device.h"
#include "npu_pause.h"
#include "npu_pm.h"

static int npu_autosuspend_ms = 1000;
module_param_named(autosuspend_ms, npu_autosuspend_ms, int, 0444);
MODULE_PARM_DESC(autosuspend_ms,
		 "milliseconds without jobs after which the device sleeps, -1 for never (1000)");

static int npu_pm_runtime_suspend(struct device *dev)
{
	return npu_pause(dev_get_drvdata(dev), NPU_PAUSE_SLEEP);
}

static int npu_pm_runtime_resume(struct device *dev)
{
	npu_unpause(dev_get_drvdata(dev), NPU_PAUSE_SLEEP);
	pm_runtime_mark_last_busy(dev);
	return 0;
}

static int npu_pm_suspend(struct device *dev)
{
	struct npu_device *npu = dev_get_drvdata(dev);
	int ret;

	ret = npu_pause_wait_idle(npu);
	if (!ret)
		ret = npu_pause(npu, NPU_PAUSE_SLEEP);
	if (ret) {
		npu_pause_end_wait(npu);
		dev_warn(dev, "a job does not end, so the machine cannot sleep\n");
	}
	return ret;
}

static int npu_pm_resume(struct device *dev)
{
	return npu_pm_runtime_resume(dev);
}

const struct dev_pm_ops npu_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(npu_pm_suspend, npu_pm_resume)
	RUNTIME_PM_OPS(npu_pm_runtime_suspend, npu_pm_runtime_resume, NULL)
};

/**
 * npu_pm_init() - let the device sleep when it has nothing to do
 * @npu: device, started; PCI holds a reference since before probe
 */
void npu_pm_init(struct npu_device *npu)
{
	struct device *dev = npu->drm.dev;

	dev_pm_set_driver_flags(dev, DPM_FLAG_NO_DIRECT_COMPLETE);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_set_autosuspend_delay(dev, npu_autosuspend_ms);
	pm_runtime_allow(dev);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);
}

/**
 * npu_pm_fini() - give PCI its reference back
 * @npu: device; PCI has woken it
 */
void npu_pm_fini(struct npu_device *npu)
{
	struct device *dev = npu->drm.dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
	pm_runtime_dont_use_autosuspend(dev);
	dev_pm_set_driver_flags(dev, 0);
}
