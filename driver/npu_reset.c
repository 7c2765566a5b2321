// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: hangs and resets
 *
 * While a queue holds jobs a watchdog looks at it now and then. A job that has
 * run for longer than its context allows is aborted, and the context banned.
 * The device normally stops it at the next instruction, and nobody else
 * notices. If it does not, the queue is reset; if that fails, or the device
 * reports that it cannot go on, the whole device, by its register and then by a
 * function level reset (npu_flr.c); if that fails too, it is given up: it loses the
 * right to DMA, and all jobs fail.
 *
 * Before a full reset the jobs that run beside the guilty one get some time to
 * end by themselves. See npu_queue.c for what becomes of jobs in a reset.
 *
 * All of this happens on one ordered workqueue, so recovery never races with
 * itself. It is in the path of fences: nothing here allocates memory. Pauses of
 * the device (npu_pause.c) begin and end there as well.
 */
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "npu_context.h"
#include "npu_device.h"
#include "npu_coredump.h"
#include "npu_flr.h"
#include "npu_job.h"
#include "npu_notify.h"
#include "npu_reset.h"
#include "npu_trace.h"
#include "npu_wedged.h"

/* Between two looks at a queue: an eighth of the timeout within these bounds. */
#define NPU_TICK_MIN_MS		10
#define NPU_TICK_MAX_MS		500
/* From telling the device to abort a job to resetting the queue. */
#define NPU_ABORT_MS		3000
/* For the reset of a queue. */
#define NPU_QUEUE_RESET_MS	3000
/* For which a device that has jobs, and runs none, is left alone. */
#define NPU_STALL_MS		10000
/* Resets for the same job, after which it fails. */
#define NPU_MAX_STRIKES		3
/* For jobs that run beside a guilty one before a full reset. */
#define NPU_GRACE_MS		1000

static u32 npu_reset_read_q(const struct npu_queue *queue, u32 reg)
{
	return npu_read(queue->npu, NPU_REG_Q(queue->id, reg));
}

static void npu_reset_write_q(const struct npu_queue *queue, u32 reg, u32 value)
{
	npu_write(queue->npu, NPU_REG_Q(queue->id, reg), value);
}

static u64 npu_reset_running_job(const struct npu_queue *queue)
{
	return npu_read64(queue->npu, NPU_REG_Q(queue->id, NPU_Q_JOB_LO));
}

/**
 * npu_reset_give_up() - keep a device beyond help away from memory, let everybody go
 * @npu: device
 */
void npu_reset_give_up(struct npu_device *npu)
{
	u32 i;

	if (npu->lost)
		return;
	drm_err(&npu->drm, "device does not recover, all jobs fail from now on\n");
	pci_clear_master(to_pci_dev(npu->drm.dev));
	/* Who sees that it is lost frees memory, so it must not reach any. */
	smp_store_release(&npu->lost, true);
	for (i = 0; i < npu->info.queues; i++)
		npu_queue_kill(&npu->queues[i]);
	npu_notify_all(npu, DRM_NPU_EVENT_DEVICE_LOST);
	npu_wedged_report(npu);
}

/**
 * npu_reset_any_running() - does the device run a job?
 * @npu: device
 *
 * Return: whether it does.
 */
bool npu_reset_any_running(struct npu_device *npu)
{
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		if (npu_reset_running_job(&npu->queues[i]))
			return true;
	return false;
}

/**
 * npu_reset_drain() - stop all queues, give running jobs some time
 * @npu: device
 * @running: receives for each queue the id of a job that did not end in time, or zero
 */
void npu_reset_drain(struct npu_device *npu, u64 *running)
{
	bool busy, fatal;
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		npu_queue_set_state(&npu->queues[i], NPU_QUEUE_STOPPED);
	npu_write(npu, NPU_REG_CTRL, 0);
	fatal = npu_read(npu, NPU_REG_STATUS) & NPU_STATUS_FATAL;
	if (!fatal)
		read_poll_timeout(npu_reset_any_running, busy, !busy, 1000,
				  NPU_GRACE_MS * USEC_PER_MSEC, false, npu);
	/* After a fatal error nothing runs, and each head may have run. */
	for (i = 0; i < npu->info.queues; i++)
		running[i] = fatal ? npu_queue_head_job(&npu->queues[i]) :
				     npu_reset_running_job(&npu->queues[i]);
}

/**
 * npu_reset_revive() - reset the device by its register and start it
 * @npu: device
 * @what: how that is traced
 *
 * Return: 0, or a negative errno: only a function level reset may help.
 */
int npu_reset_revive(struct npu_device *npu, const char *what)
{
	ktime_t start = ktime_get();
	int ret;

	ret = npu_device_reset(npu) ?: npu_device_start(npu);
	trace_npu_reset(what, -1, ktime_us_delta(ktime_get(), start), ret);
	return ret;
}

/**
 * npu_reset_report() - tell everybody that recovery has reset the device
 * @npu: device
 */
void npu_reset_report(struct npu_device *npu)
{
	atomic_inc(&npu->stats.resets);
	npu_notify_all(npu, DRM_NPU_EVENT_DEVICE_RESET);
	npu_wedged_report(npu);
	dev_warn_ratelimited(npu->drm.dev, "device was reset\n");
}

static void npu_reset_full(struct npu_device *npu)
{
	u32 i;

	/* A pause has reset it. */
	if (npu->lost || npu->paused)
		return;
	guard(rwsem_write)(&npu->reset_lock);
	npu_reset_drain(npu, npu->pause_running);
	if (npu_reset_revive(npu, "device")) {
		npu_flr_start(npu);
		return;
	}
	for (i = 0; i < npu->info.queues; i++)
		npu_queue_restart(&npu->queues[i], npu->pause_running[i]);
	npu_reset_report(npu);
}

static void npu_reset_queue(struct npu_queue *queue)
{
	ktime_t start = ktime_get();
	u32 status;
	u64 running;
	int ret;

	npu_queue_set_state(queue, NPU_QUEUE_STOPPED);
	/* After this no other job starts, so what runs now is what the reset hits. */
	npu_reset_write_q(queue, NPU_Q_CTRL, 0);
	running = npu_reset_running_job(queue);
	npu_reset_write_q(queue, NPU_Q_CTRL, NPU_Q_CTRL_RESET);
	ret = read_poll_timeout(npu_reset_read_q, status,
				status == ~0u || !(status & NPU_Q_STATUS_RESETTING), 100,
				NPU_QUEUE_RESET_MS * USEC_PER_MSEC, false, queue, NPU_Q_STATUS);
	if (ret || status == ~0u || npu_inject(&queue->npu->inject.stuck_queue_resets) ||
	    npu_queue_start(queue)) {
		trace_npu_reset("queue", queue->id, ktime_us_delta(ktime_get(), start), -EIO);
		dev_warn_ratelimited(queue->npu->drm.dev, "queue %u does not reset: status %#x\n",
				     queue->id, status);
		npu_reset_full(queue->npu);
		return;
	}
	npu_queue_restart(queue, running);
	trace_npu_reset("queue", queue->id, ktime_us_delta(ktime_get(), start), 0);
	drm_dbg(&queue->npu->drm, "queue %u was reset\n", queue->id);
}

/**
 * enum npu_verdict - what a look at a queue has shown
 * @NPU_VERDICT_EMPTY: no jobs
 * @NPU_VERDICT_FINE: jobs run, or wait for others
 * @NPU_VERDICT_RESET_QUEUE: it does not abort a job, or is in error
 * @NPU_VERDICT_RESET_DEVICE: the device has jobs and runs none
 */
enum npu_verdict {
	NPU_VERDICT_EMPTY,
	NPU_VERDICT_FINE,
	NPU_VERDICT_RESET_QUEUE,
	NPU_VERDICT_RESET_DEVICE,
};

/*
 * The job at the head is what the device runs. One that left its cores to another
 * does not spend its time: if it is found so, the time since the last look was
 * the other's. Over many looks each is charged its share.
 */
static enum npu_verdict npu_reset_judge_running(struct npu_queue *queue, struct npu_sched_job *job,
						u32 status)
{
	unsigned long now = jiffies;

	queue->idle = false;
	if (!job->started) {
		job->started = true;
		job->start_time = now;
	} else if (status & NPU_Q_STATUS_SUSPENDED) {
		job->start_time += now - job->look_time;
	}
	job->look_time = now;
	if (job->error)
		return time_after(now, job->abort_time + msecs_to_jiffies(NPU_ABORT_MS)) ?
			NPU_VERDICT_RESET_QUEUE : NPU_VERDICT_FINE;
	if (time_after(now, job->start_time + job->ctx->timeout)) {
		npu_ctx_ban(job->ctx);
		trace_npu_reset("abort", queue->id, jiffies_to_usecs(now - job->start_time), 0);
		npu_coredump_job(job, NULL, "timeout");
		npu_queue_abort(queue, job->ctx, job);
	}
	return NPU_VERDICT_FINE;
}

/* A job that the device stumbles over again and again must not keep it from others' jobs. */
static enum npu_verdict npu_reset_strike(struct npu_sched_job *job, enum npu_verdict verdict)
{
	if (++job->strikes > NPU_MAX_STRIKES && !job->error)
		job->error = -EIO;
	return verdict;
}

/* The job at the head does not run: it waits for cores, if others have them. */
static enum npu_verdict npu_reset_judge_waiting(struct npu_queue *queue, struct npu_sched_job *job)
{
	if (npu_read(queue->npu, NPU_REG_STATUS) & NPU_STATUS_BUSY) {
		queue->idle = false;
	} else if (!queue->idle) {
		queue->idle = true;
		queue->idle_since = jiffies;
	} else if (time_after(jiffies, queue->idle_since + msecs_to_jiffies(NPU_STALL_MS))) {
		queue->idle = false;
		npu_coredump_device(queue->npu, "stall");
		return npu_reset_strike(job, NPU_VERDICT_RESET_DEVICE);
	}
	return NPU_VERDICT_FINE;
}

static unsigned long npu_reset_tick(const struct npu_sched_job *job)
{
	return clamp(job->ctx->timeout / 8, msecs_to_jiffies(NPU_TICK_MIN_MS),
		     msecs_to_jiffies(NPU_TICK_MAX_MS));
}

static enum npu_verdict npu_reset_judge(struct npu_queue *queue)
{
	struct npu_sched_job *job;
	u32 status;

	lockdep_assert_held(&queue->lock);
	if (queue->force_reset && queue->state != NPU_QUEUE_DEAD) {
		queue->force_reset = false;
		return NPU_VERDICT_RESET_QUEUE;
	}
	if (list_empty(&queue->inflight) || queue->state == NPU_QUEUE_DEAD) {
		queue->idle = false;
		return NPU_VERDICT_EMPTY;
	}
	queue->tick = msecs_to_jiffies(NPU_TICK_MAX_MS);
	list_for_each_entry(job, &queue->inflight, link)
		queue->tick = min(queue->tick, npu_reset_tick(job));
	job = list_first_entry(&queue->inflight, struct npu_sched_job, link);
	status = npu_reset_read_q(queue, NPU_Q_STATUS);
	if (status & NPU_Q_STATUS_ERROR || !(status & NPU_Q_STATUS_ENABLED))
		return npu_reset_strike(job, NPU_VERDICT_RESET_QUEUE);
	if (job->in_ring && npu_reset_running_job(queue) == job->desc.id)
		return npu_reset_judge_running(queue, job, status);
	return npu_reset_judge_waiting(queue, job);
}

static void npu_reset_look(struct npu_queue *queue)
{
	enum npu_verdict verdict;

	npu_queue_process(queue);
	spin_lock_irq(&queue->lock);
	verdict = npu_reset_judge(queue);
	spin_unlock_irq(&queue->lock);
	if (verdict == NPU_VERDICT_EMPTY)
		return;
	if (npu_device_gone(queue->npu))
		npu_reset_give_up(queue->npu);
	else if (verdict == NPU_VERDICT_RESET_QUEUE)
		npu_reset_queue(queue);
	else if (verdict == NPU_VERDICT_RESET_DEVICE)
		npu_reset_full(queue->npu);
	queue_delayed_work(queue->npu->reset_wq, &queue->watchdog, queue->tick);
}

static void npu_reset_watchdog(struct work_struct *work)
{
	struct npu_queue *queue = container_of(work, struct npu_queue, watchdog.work);
	struct device *dev = queue->npu->drm.dev;
	int idx;

	if (!drm_dev_enter(&queue->npu->drm, &idx))
		return;
	/* With a job in flight the device is awake, and this keeps it so. */
	pm_runtime_get_noresume(dev);
	if (!queue->npu->paused)
		npu_reset_look(queue);
	pm_runtime_put_autosuspend(dev);
	drm_dev_exit(idx);
}

static void npu_reset_work(struct work_struct *work)
{
	/* Who asks is in a section of drm_dev_enter(); unplug waits for both. */
	npu_reset_full(container_of(work, struct npu_device, reset_work));
}

static void npu_reset_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

/**
 * npu_reset_init() - prepare recovery
 * @npu: device
 *
 * Return: 0 or a negative errno.
 */
int npu_reset_init(struct npu_device *npu)
{
	int ret;

	npu->reset_wq = alloc_ordered_workqueue("npu-reset", WQ_MEM_RECLAIM);
	if (!npu->reset_wq)
		return -ENOMEM;
	INIT_WORK(&npu->reset_work, npu_reset_work);
	npu_wedged_init(npu);
	ret = drmm_add_action_or_reset(&npu->drm, npu_reset_destroy_wq, npu->reset_wq);
	return ret ?: npu_flr_init(npu);
}

static void npu_reset_cancel_watchdogs(struct npu_device *npu)
{
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		cancel_delayed_work_sync(&npu->queues[i].watchdog);
}

/**
 * npu_reset_fini() - end recovery
 * @npu: device, unplugged: nothing can start it again
 */
void npu_reset_fini(struct npu_device *npu)
{
	npu_reset_cancel_watchdogs(npu);
	cancel_work_sync(&npu->reset_work);
	npu_flr_fini(npu);
	/* It may have asked for a last look. */
	npu_reset_cancel_watchdogs(npu);
	npu_wedged_fini(npu);
}

/**
 * npu_reset_init_queue() - prepare a queue's watchdog
 * @queue: queue
 */
void npu_reset_init_queue(struct npu_queue *queue)
{
	INIT_DELAYED_WORK(&queue->watchdog, npu_reset_watchdog);
}

/**
 * npu_reset_watch() - look after a queue that just got a job
 * @queue: queue, locked
 * @job: the job
 */
void npu_reset_watch(struct npu_queue *queue, struct npu_sched_job *job)
{
	unsigned long tick = npu_reset_tick(job);
	struct workqueue_struct *wq = queue->npu->reset_wq;

	lockdep_assert_held(&queue->lock);
	if (!delayed_work_pending(&queue->watchdog)) {
		queue->tick = tick;
		queue_delayed_work(wq, &queue->watchdog, tick);
	} else if (tick < queue->tick) {
		queue->tick = tick;
		mod_delayed_work(wq, &queue->watchdog, tick);
	}
}

/**
 * npu_reset_check_queue() - look at a queue at once
 * @queue: queue that the device complained of
 */
void npu_reset_check_queue(struct npu_queue *queue)
{
	mod_delayed_work(queue->npu->reset_wq, &queue->watchdog, 0);
}

/**
 * npu_reset_force_queue() - have a queue reset that nothing is wrong with
 * @queue: queue
 *
 * Between drm_dev_enter() and drm_dev_exit(). Returns when it is done.
 */
void npu_reset_force_queue(struct npu_queue *queue)
{
	spin_lock_irq(&queue->lock);
	queue->force_reset = true;
	spin_unlock_irq(&queue->lock);
	npu_reset_check_queue(queue);
	flush_delayed_work(&queue->watchdog);
}

/**
 * npu_reset_request() - ask for a full reset
 * @npu: device
 */
void npu_reset_request(struct npu_device *npu)
{
	queue_work(npu->reset_wq, &npu->reset_work);
}

/**
 * npu_reset_request_and_wait() - have a full reset done
 * @npu: device
 *
 * Afterwards the device was reset, or can reach no memory: a function level reset
 * may be on its way, see npu_flr_flush(). Queued binds come here
 * in the path of their fences: recovery waits for registers, and for those who hold
 * &npu_device.reset_lock while they do, never for a fence. Not with that lock
 * held, and not on &npu_device.reset_wq.
 */
void npu_reset_request_and_wait(struct npu_device *npu)
{
	npu_reset_request(npu);
	flush_work(&npu->reset_work);
}
