// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: pauses
 *
 * A device that sleeps, or that somebody resets by its PCI function, is paused:
 * it is reset and keeps nothing, no register of it is accessed, and jobs that
 * come are collected as during a reset (see npu_queue.c). When it goes on it is
 * started like one that was reset, and gets its jobs again.
 *
 * A device with a job that runs does not fall asleep; a reset of its PCI function
 * does not ask, and such a job fails with -EIO.
 *
 * Pauses begin and end on the workqueue of recovery, so nothing there sees one
 * come. Everybody else who accesses registers holds &npu_device.reset_lock for
 * reading and looks at &npu_device.paused, or has a job in flight.
 */
#include <linux/cleanup.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "npu_device.h"
#include "npu_flr.h"
#include "npu_meter.h"
#include "npu_notify.h"
#include "npu_pause.h"
#include "npu_reset.h"

/* For running jobs when the machine goes to sleep; less than what a stall takes. */
#define NPU_PAUSE_WAIT_MS	8000

/**
 * struct npu_pause_request - a pause that is to begin or to end
 */
struct npu_pause_request {
	/** @work: on the device's reset_wq */
	struct work_struct work;

	/** @npu: device */
	struct npu_device *npu;

	/** @why: reason that comes or goes */
	enum npu_pause why;

	/** @ret: answer */
	int ret;
};

static int npu_pause_do(struct npu_device *npu, enum npu_pause why, work_func_t func)
{
	struct npu_pause_request request = { .npu = npu, .why = why };

	INIT_WORK_ONSTACK(&request.work, func);
	queue_work(npu->reset_wq, &request.work);
	flush_work(&request.work);
	destroy_work_on_stack(&request.work);
	return request.ret;
}

static void npu_pause_set_queues(struct npu_device *npu, enum npu_queue_state state)
{
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		npu_queue_set_state(&npu->queues[i], state);
}

/* Nothing has happened to the rings: jobs that came meanwhile go there. */
static void npu_pause_take_back(struct npu_device *npu)
{
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		npu_queue_continue(&npu->queues[i]);
	npu_write(npu, NPU_REG_CTRL, NPU_CTRL_ENABLE);
}

static int npu_pause_sleep(struct npu_device *npu)
{
	npu_pause_set_queues(npu, NPU_QUEUE_STOPPED);
	npu_write(npu, NPU_REG_CTRL, 0);
	if (npu_reset_any_running(npu)) {
		npu_pause_take_back(npu);
		return -EBUSY;
	}
	npu_meter_note(npu);
	/* One that does not obey now gets another chance when it is woken. */
	npu_device_reset(npu);
	return 0;
}

/* What each queue's head has run of its job is not known. */
static void npu_pause_error(struct npu_device *npu)
{
	u32 i;

	pci_clear_master(to_pci_dev(npu->drm.dev));
	npu_pause_set_queues(npu, NPU_QUEUE_STOPPED);
	for (i = 0; i < npu->info.queues; i++)
		npu->pause_running[i] = npu_queue_head_job(&npu->queues[i]);
}

static void npu_pause_work(struct work_struct *work)
{
	struct npu_pause_request *request = container_of(work, struct npu_pause_request, work);
	struct npu_device *npu = request->npu;

	guard(rwsem_write)(&npu->reset_lock);
	if (!npu->paused && !npu->lost) {
		memset(npu->pause_running, 0, sizeof(npu->pause_running));
		switch (request->why) {
		case NPU_PAUSE_SLEEP:
			request->ret = npu_pause_sleep(npu);
			break;
		case NPU_PAUSE_RESET:
			npu_reset_drain(npu, npu->pause_running);
			npu_device_reset(npu);
			break;
		case NPU_PAUSE_ERROR:
			npu_pause_error(npu);
			break;
		case NPU_PAUSE_FLR: /* npu_flr_start() begins it */
			break;
		}
	}
	if (!request->ret)
		WRITE_ONCE(npu->paused, npu->paused | request->why);
}

/**
 * npu_pause() - keep the device from doing anything
 * @npu: device
 * @why: reason
 *
 * Afterwards it reaches no memory and sends no interrupt, and nobody accesses its
 * registers.
 *
 * Return: 0, or -EBUSY if it is to sleep and has a job that runs.
 */
int npu_pause(struct npu_device *npu, enum npu_pause why)
{
	struct pci_dev *pdev = to_pci_dev(npu->drm.dev);
	int ret = npu_pause_do(npu, why, npu_pause_work);
	u32 i;

	/* Recovery must not reset the function while others do, or it sleeps. */
	npu_flr_flush(npu);
	for (i = 0; i < npu->num_irqs && !ret; i++)
		synchronize_irq(pci_irq_vector(pdev, i));
	return ret;
}

/* Return: whether the device goes on; else it is given up, or its function reset. */
static bool npu_unpause_revive(struct npu_device *npu, enum npu_pause why)
{
	struct pci_dev *pdev = to_pci_dev(npu->drm.dev);

	/* For one that was pulled out in its sleep a reset would be waited for. */
	if (!pci_device_is_present(pdev) || (why == NPU_PAUSE_FLR && npu->flr_error)) {
		npu_reset_give_up(npu);
		return false;
	}
	pci_set_master(pdev);
	if (why == NPU_PAUSE_FLR) {
		if (!npu_device_start(npu))
			return true;
		npu_reset_give_up(npu);
		return false;
	}
	if (!npu_reset_revive(npu, why == NPU_PAUSE_SLEEP ? "wake" : "device"))
		return true;
	npu_flr_start(npu);
	return false;
}

static void npu_unpause_work(struct work_struct *work)
{
	struct npu_pause_request *request = container_of(work, struct npu_pause_request, work);
	struct npu_device *npu = request->npu;
	u32 i;

	guard(rwsem_write)(&npu->reset_lock);
	if (!npu->paused)
		return;
	WRITE_ONCE(npu->paused, npu->paused & ~request->why);
	if (npu->paused || npu->lost)
		return;
	if (request->why != NPU_PAUSE_FLR)
		npu->hold = false;
	if (!npu_unpause_revive(npu, request->why))
		return;
	for (i = 0; i < npu->info.queues; i++) {
		npu_queue_restart(&npu->queues[i], npu->pause_running[i]);
		npu_reset_check_queue(&npu->queues[i]);
	}
	if (request->why == NPU_PAUSE_SLEEP)
		return;
	if (request->why == NPU_PAUSE_FLR) {
		npu_reset_report(npu);
		return;
	}
	atomic_inc(&npu->stats.resets);
	npu_notify_all(npu, DRM_NPU_EVENT_DEVICE_RESET);
}

/**
 * npu_unpause() - let the device go on, if no other reason is left
 * @npu: device
 * @why: reason that is gone
 *
 * If it does not come back it is lost: all jobs fail.
 */
void npu_unpause(struct npu_device *npu, enum npu_pause why)
{
	npu_pause_do(npu, why, npu_unpause_work);
}

static void npu_pause_set_hold(struct npu_device *npu, bool hold)
{
	guard(rwsem_read)(&npu->reset_lock);
	npu->hold = hold;
	if (!npu->paused && !npu->lost)
		npu_write(npu, NPU_REG_CTRL, hold ? 0 : NPU_CTRL_ENABLE);
}

/**
 * npu_pause_wait_idle() - let running jobs end, and no others begin
 * @npu: device, awake
 *
 * Watchdogs and recovery go on meanwhile. npu_unpause() or npu_pause_end_wait()
 * lets jobs begin again.
 *
 * Return: 0, or -EBUSY if one runs for too long.
 */
int npu_pause_wait_idle(struct npu_device *npu)
{
	bool busy;

	npu_pause_set_hold(npu, true);
	read_poll_timeout(npu_reset_any_running, busy, !busy || READ_ONCE(npu->lost), 1000,
			  NPU_PAUSE_WAIT_MS * USEC_PER_MSEC, false, npu);
	return busy && !READ_ONCE(npu->lost) ? -EBUSY : 0;
}

/**
 * npu_pause_end_wait() - let jobs begin again
 * @npu: device, not paused after all
 */
void npu_pause_end_wait(struct npu_device *npu)
{
	npu_pause_set_hold(npu, false);
}
