// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: hardware queues
 *
 * A queue is a ring that the device reads, and a list of the jobs that it has
 * been given. The list is in the order in which the jobs end, and their fences
 * signal in that order whatever happens: a job that is cancelled before it
 * reaches the ring still waits in the list for those before it.
 *
 * A job has ended when its id stands in its slot's completion. The device
 * writes the id last, so nothing that it says about indices has to be believed.
 *
 * A reset empties the ring but not the list: jobs that had not begun are written
 * to the ring again. A job that had begun may have changed its memory, so it is
 * not run a second time; it fails with -EIO.
 */
#include <linux/dma-mapping.h>
#include <linux/pm_runtime.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "npu_context.h"
#include "npu_device.h"
#include "npu_job.h"
#include "npu_reset.h"
#include "npu_trace.h"

/* With few queues one for each priority; of more, most are for normal work. */
static const u8 npu_queue_priorities[] = {
	DRM_NPU_PRIORITY_NORMAL, DRM_NPU_PRIORITY_HIGH,
	DRM_NPU_PRIORITY_LOW, DRM_NPU_PRIORITY_REALTIME,
	DRM_NPU_PRIORITY_NORMAL, DRM_NPU_PRIORITY_NORMAL,
	DRM_NPU_PRIORITY_HIGH, DRM_NPU_PRIORITY_NORMAL,
};

static_assert(BIT(NPU_RING_SHIFT) == NPU_RING_SIZE);
static_assert(DRM_NPU_PRIORITY_REALTIME == NPU_Q_PRIORITY_MAX);

static u32 npu_queue_read(const struct npu_queue *queue, u32 reg)
{
	return npu_read(queue->npu, NPU_REG_Q(queue->id, reg));
}

static void npu_queue_write(const struct npu_queue *queue, u32 reg, u32 value)
{
	npu_write(queue->npu, NPU_REG_Q(queue->id, reg), value);
}

static int npu_queue_init_one(struct npu_device *npu, u32 id)
{
	struct npu_queue *queue = &npu->queues[id];
	struct device *dev = npu->drm.dev;

	queue->npu = npu;
	queue->id = id;
	queue->priority = npu_queue_priorities[id % ARRAY_SIZE(npu_queue_priorities)];
	snprintf(queue->name, sizeof(queue->name), "npu-q%u", id);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->inflight);
	queue->fence_context = dma_fence_context_alloc(1);
	npu_reset_init_queue(queue);
	queue->ring = dmam_alloc_coherent(dev, NPU_RING_SIZE * sizeof(*queue->ring),
					  &queue->ring_dma, GFP_KERNEL);
	queue->done = dmam_alloc_coherent(dev, NPU_RING_SIZE * sizeof(*queue->done),
					  &queue->done_dma, GFP_KERNEL);
	return queue->ring && queue->done ? 0 : -ENOMEM;
}

/**
 * npu_queue_init() - allocate all queues
 * @npu: device
 *
 * Return: 0 or -ENOMEM.
 */
int npu_queue_init(struct npu_device *npu)
{
	u32 i;
	int ret;

	for (i = 0; i < npu->info.queues; i++) {
		ret = npu_queue_init_one(npu, i);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * npu_queue_start() - make a queue that was reset take jobs
 * @queue: queue
 *
 * Return: 0, or -EIO if the device refuses the ring.
 */
int npu_queue_start(struct npu_queue *queue)
{
	u32 reg = NPU_REG_Q(queue->id, NPU_Q_BASE_LO), status;

	npu_write64(queue->npu, reg, queue->ring_dma);
	npu_queue_write(queue, NPU_Q_SIZE, NPU_RING_SHIFT);
	npu_queue_write(queue, NPU_Q_VECTOR, queue->vector);
	npu_queue_write(queue, NPU_Q_PRIORITY, queue->priority);
	npu_queue_write(queue, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE);
	status = npu_queue_read(queue, NPU_Q_STATUS);
	if (status == ~0u || status & NPU_Q_STATUS_ERROR || !(status & NPU_Q_STATUS_ENABLED))
		return -EIO;
	return 0;
}

/* Puts the job into the next slot; the doorbell is the caller's. */
static void npu_queue_fill_slot(struct npu_queue *queue, struct npu_sched_job *job)
{
	u32 slot = queue->tail % NPU_RING_SIZE;

	job->index = queue->tail++;
	job->in_ring = true;
	job->started = false;
	job->desc.id = ++queue->next_id << 8 | queue->id;
	job->desc.completion = queue->done_dma + slot * sizeof(*queue->done);
	WRITE_ONCE(queue->done[slot].id, 0);
	memcpy(&queue->ring[slot], &job->desc, sizeof(job->desc));
	trace_npu_run(job, queue->id);
}

/* writel() orders the ring before the doorbell. */
static void npu_queue_ring_doorbell(struct npu_queue *queue)
{
	npu_queue_write(queue, NPU_Q_TAIL, queue->tail);
}

static struct dma_fence *npu_queue_submit_locked(struct npu_queue *queue,
						 struct npu_sched_job *job, int error)
{
	if (!error)
		error = queue->state == NPU_QUEUE_DEAD ? -EIO : npu_ctx_error(job->ctx);
	if (error && list_empty(&queue->inflight))
		return ERR_PTR(npu_job_account(job, NULL, error));

	npu_job_init_fence(job, queue->fence_context, ++queue->fence_seqno);
	job->error = error;
	list_add_tail(&job->link, &queue->inflight);
	npu_busy_begin(&queue->npu->busy);
	if (!error && queue->state == NPU_QUEUE_LIVE) {
		npu_queue_fill_slot(queue, job);
		npu_queue_ring_doorbell(queue);
	}
	return dma_fence_get(&job->fence->base);
}

/* The job's end drops the reference, in npu_job_finish(). */
static int npu_queue_wake(struct npu_queue *queue, bool alive)
{
	struct device *dev = queue->npu->drm.dev;

	if (!alive) {
		pm_runtime_get_noresume(dev);
		return -EIO;
	}
	return pm_runtime_get_sync(dev) < 0 ? -EIO : 0;
}

/**
 * npu_queue_submit() - give a job to the device
 * @queue: queue
 * @job: job
 *
 * Wakes the device. Allocates nothing.
 *
 * Return: the job's hardware fence, referenced, or an ERR_PTR() if the job has
 * ended at once.
 */
struct dma_fence *npu_queue_submit(struct npu_queue *queue, struct npu_sched_job *job)
{
	struct dma_fence *fence;
	bool alive;
	int idx, error;

	alive = drm_dev_enter(&queue->npu->drm, &idx);
	error = npu_queue_wake(queue, alive);
	spin_lock_irq(&queue->lock);
	fence = npu_queue_submit_locked(queue, job, error);
	if (!IS_ERR(fence) && alive)
		npu_reset_watch(queue, job);
	spin_unlock_irq(&queue->lock);
	if (IS_ERR(fence))
		pm_runtime_put_autosuspend(queue->npu->drm.dev);
	if (alive)
		drm_dev_exit(idx);
	return fence;
}

/* Takes a job that has ended out of the list, and signals its fence. */
static bool npu_queue_process_one(struct npu_queue *queue, struct npu_sched_job *job)
{
	const struct npu_completion *done = &queue->done[job->index % NPU_RING_SIZE];
	struct npu_completion copy;

	if (!job->in_ring) {
		/* With an error it was never to run; else it waits for the end of a reset. */
		if (!job->error)
			return false;
		list_del_init(&job->link);
		npu_job_finish(job, NULL, job->error);
		return true;
	}
	if (READ_ONCE(done->id) != job->desc.id)
		return false;
	dma_rmb(); /* the id was written last */
	memcpy(&copy, done, sizeof(copy));
	queue->idle = false;
	list_del_init(&job->link);
	npu_job_finish(job, &copy, 0);
	return true;
}

static void npu_queue_process_locked(struct npu_queue *queue)
{
	struct npu_sched_job *job, *next;

	if (queue->state == NPU_QUEUE_DEAD)
		return;
	list_for_each_entry_safe(job, next, &queue->inflight, link)
		if (!npu_queue_process_one(queue, job))
			break;
}

/**
 * npu_queue_process() - signal the fences of the jobs that have ended
 * @queue: queue
 *
 * From any context.
 */
void npu_queue_process(struct npu_queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	npu_queue_process_locked(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/* A job that ended by itself meanwhile keeps its own result. */
static void npu_queue_abort_job(struct npu_queue *queue, struct npu_sched_job *job, int error)
{
	if (job->error)
		return;
	job->error = error;
	job->abort_time = jiffies;
	if (job->in_ring && queue->state == NPU_QUEUE_LIVE &&
	    !npu_inject(&queue->npu->inject.lost_aborts))
		npu_queue_write(queue, NPU_Q_ABORT, job->index);
}

/**
 * npu_queue_abort() - tell the device to end all jobs of a context
 * @queue: queue, locked and not dead
 * @ctx: context, killed or banned before, so that no job of it follows
 * @hung: the job that is the reason; its error is -ETIMEDOUT; or NULL
 *
 * The last first: when the device leaves the one that runs, those behind it
 * must know that it is not their turn.
 */
void npu_queue_abort(struct npu_queue *queue, const struct npu_ctx *ctx,
		     const struct npu_sched_job *hung)
{
	struct npu_sched_job *job;

	lockdep_assert_held(&queue->lock);
	list_for_each_entry_reverse(job, &queue->inflight, link)
		if (job->ctx == ctx)
			npu_queue_abort_job(queue, job, job == hung ? -ETIMEDOUT : -ECANCELED);
}

/**
 * npu_queue_cancel() - end all jobs of a context that was killed
 * @queue: queue
 * @ctx: context
 *
 * Between drm_dev_enter() and drm_dev_exit().
 */
void npu_queue_cancel(struct npu_queue *queue, const struct npu_ctx *ctx)
{
	spin_lock_irq(&queue->lock);
	if (queue->state != NPU_QUEUE_DEAD) {
		npu_queue_abort(queue, ctx, NULL);
		npu_queue_process_locked(queue);
	}
	spin_unlock_irq(&queue->lock);
}

/**
 * npu_queue_set_state() - stop or resume telling the device about jobs
 * @queue: queue
 * @state: new state; a dead queue stays dead
 */
void npu_queue_set_state(struct npu_queue *queue, enum npu_queue_state state)
{
	spin_lock_irq(&queue->lock);
	if (queue->state != NPU_QUEUE_DEAD)
		queue->state = state;
	spin_unlock_irq(&queue->lock);
}

/**
 * npu_queue_head_job() - which job has not ended yet
 * @queue: queue
 *
 * Return: id of the first job in the ring without a completion, or zero.
 */
u64 npu_queue_head_job(struct npu_queue *queue)
{
	struct npu_sched_job *job;
	u64 id = 0;

	spin_lock_irq(&queue->lock);
	npu_queue_process_locked(queue);
	job = list_first_entry_or_null(&queue->inflight, struct npu_sched_job, link);
	if (job && job->in_ring)
		id = job->desc.id;
	spin_unlock_irq(&queue->lock);
	return id;
}

static void npu_queue_continue_locked(struct npu_queue *queue)
{
	struct npu_sched_job *job;

	queue->state = NPU_QUEUE_LIVE;
	list_for_each_entry(job, &queue->inflight, link)
		if (!job->in_ring && !job->error)
			npu_queue_fill_slot(queue, job);
	npu_queue_ring_doorbell(queue);
	/* Aborts that came meanwhile. */
	list_for_each_entry_reverse(job, &queue->inflight, link)
		if (job->in_ring && job->error)
			npu_queue_write(queue, NPU_Q_ABORT, job->index);
	npu_queue_process_locked(queue);
}

/**
 * npu_queue_continue() - tell the device about jobs again
 * @queue: queue, stopped; its ring is as it was
 */
void npu_queue_continue(struct npu_queue *queue)
{
	spin_lock_irq(&queue->lock);
	if (queue->state != NPU_QUEUE_DEAD)
		npu_queue_continue_locked(queue);
	spin_unlock_irq(&queue->lock);
}

/* What becomes of a job whose ring was emptied before it ended. */
static int npu_queue_lost_error(const struct npu_sched_job *job, u64 running)
{
	if (job->error)
		return job->error;
	if (npu_ctx_error(job->ctx))
		return npu_ctx_error(job->ctx);
	if (job->in_ring && (job->started || job->desc.id == running))
		return -EIO;
	return 0;
}

/**
 * npu_queue_restart() - go on after a reset
 * @queue: queue, stopped; the device was reset and the queue started again
 * @running: id of the job that ran when the reset came, or zero
 *
 * Jobs that ended before the reset keep their result, that which ran fails,
 * the others go back to the ring.
 */
void npu_queue_restart(struct npu_queue *queue, u64 running)
{
	struct npu_sched_job *job;

	spin_lock_irq(&queue->lock);
	if (queue->state != NPU_QUEUE_DEAD) {
		npu_queue_process_locked(queue);
		queue->tail = 0;
		list_for_each_entry(job, &queue->inflight, link) {
			job->error = npu_queue_lost_error(job, running);
			job->in_ring = false;
		}
		npu_queue_continue_locked(queue);
	}
	spin_unlock_irq(&queue->lock);
}

/**
 * npu_queue_kill() - fail all jobs, now and from now on
 * @queue: queue; the device reaches no memory any more
 */
void npu_queue_kill(struct npu_queue *queue)
{
	struct npu_sched_job *job, *next;

	spin_lock_irq(&queue->lock);
	npu_queue_process_locked(queue);
	queue->state = NPU_QUEUE_DEAD;
	list_for_each_entry_safe(job, next, &queue->inflight, link) {
		list_del_init(&job->link);
		npu_job_finish(job, NULL, job->error ?: -EIO);
	}
	spin_unlock_irq(&queue->lock);
}
