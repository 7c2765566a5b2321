// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uevents for who looks after the machine: WEDGED tells that the device was reset
 * (none), or that all of the driver's own resets have failed, and what may help:
 * to bind the driver anew, or to reset the bus between (rebind,bus-reset).
 *
 * These are the events of drm_dev_wedged_event(), and their words. It sends them
 * for the primary node, which accelerators do not have: it would follow a null
 * pointer.
 */
#include <linux/device.h>
#include <linux/kobject.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "npu_device.h"
#include "npu_wedged.h"

static void npu_wedged_work(struct work_struct *work)
{
	struct npu_device *npu = container_of(work, struct npu_device, wedged_work);
	char reset[] = "WEDGED=none", lost[] = "WEDGED=rebind,bus-reset";
	char *envp[2] = {};
	int idx;

	if (!drm_dev_enter(&npu->drm, &idx))
		return;
	envp[0] = READ_ONCE(npu->lost) ? lost : reset;
	/* Probing is too early: there is no node yet. */
	if (device_is_registered(npu->drm.accel->kdev))
		kobject_uevent_env(&npu->drm.accel->kdev->kobj, KOBJ_CHANGE, envp);
	drm_dev_exit(idx);
}

/**
 * npu_wedged_init() - prepare to report
 * @npu: device
 */
void npu_wedged_init(struct npu_device *npu)
{
	INIT_WORK(&npu->wedged_work, npu_wedged_work);
}

/**
 * npu_wedged_fini() - report no more
 * @npu: device, unplugged; recovery has ended
 */
void npu_wedged_fini(struct npu_device *npu)
{
	cancel_work_sync(&npu->wedged_work);
}

/**
 * npu_wedged_report() - tell user space what became of the device
 * @npu: device, which was reset or is lost
 *
 * Later, as recovery is in the path of fences, and an event takes memory.
 */
void npu_wedged_report(struct npu_device *npu)
{
	schedule_work(&npu->wedged_work);
}
