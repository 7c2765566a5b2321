// SPDX-License-Identifier: MIT
/*
 * The machine's queues: rings, and the jobs that are in them.
 *
 * Jobs of a context are in one queue at a time, in order, so that they end in
 * order. A job has ended when its id stands in its slot's completion. One that
 * must not run waits in the list for those before it, without a slot.
 */
#include "sim_machine.h"

#include <errno.h>
#include <string.h>

static void write_q(struct sim *sim, const struct sim_queue *queue,
		    uint32_t reg, uint32_t value)
{
	npu_core_write(sim->core, NPU_REG_Q(queue->id, reg), value);
}

uint64_t sim_queue_running(struct sim *sim, const struct sim_queue *queue)
{
	return sim_read64(sim, NPU_REG_Q(queue->id, NPU_Q_JOB_LO));
}

void sim_queue_start(struct sim *sim, struct sim_queue *queue)
{
	sim_write64(sim, NPU_REG_Q(queue->id, NPU_Q_BASE_LO), queue->ring_bus);
	write_q(sim, queue, NPU_Q_SIZE, SIM_RING_LOG2);
	write_q(sim, queue, NPU_Q_VECTOR, 1);
	write_q(sim, queue, NPU_Q_PRIORITY, queue->priority);
	write_q(sim, queue, NPU_Q_CTRL, NPU_Q_CTRL_ENABLE);
	queue->tail = 0;
}

static int fault_error(uint32_t code)
{
	switch (code) {
	case NPU_FAULT_CONTEXT:
	case NPU_FAULT_PAGE:
	case NPU_FAULT_PROTECTION:
	case NPU_FAULT_PAGE_TABLE:
		return -EFAULT;
	case NPU_FAULT_BUDGET:
		return -EOVERFLOW;
	case NPU_FAULT_BUS:
	case NPU_FAULT_INJECTED:
		return -EIO;
	default:
		return -EINVAL;
	}
}

static int error_of(const struct sim_job *job, const struct npu_completion *done)
{
	switch (done->status) {
	case NPU_JOB_DONE:
		return 0;
	case NPU_JOB_FAULT:
		return fault_error(done->fault.code);
	default:
		return job->error ? job->error : -ECANCELED;
	}
}

/* The first failure of a context stands until it is cleared. */
static void record_failure(struct drm_npu_context_query *record, uint64_t seqno,
			   const struct npu_completion *done)
{
	const struct npu_fault *fault;

	if (record->fault_job)
		return;
	record->fault_job = seqno;
	record->status = NPU_JOB_PENDING;
	if (!done)
		return;
	fault = &done->fault;
	record->status = done->status;
	record->code = fault->code;
	record->access = fault->access;
	record->core = fault->core;
	record->pc = fault->pc;
	record->operand = fault->operand;
	record->opcode = fault->opcode;
	record->address = fault->address;
	record->needs[0] = fault->needs[0];
	record->needs[1] = fault->needs[1];
}

/* The job has ended as @done says; or with its error, if that is NULL. */
static void end_job(struct sim *sim, struct sim_job *job,
		    const struct npu_completion *done)
{
	struct sim_context *ctx = job->ctx;
	int error = done ? error_of(job, done) : job->error;

	if (error) {
		ctx->record.jobs_failed++;
		sim->usage.jobs_failed++;
		record_failure(&ctx->record, job->seqno, done);
	} else {
		ctx->record.jobs_done++;
		sim->usage.jobs_done++;
	}
	sim_perfmon_end_job(job->perfmon, done);
	for (uint32_t i = job->num_waits; i < job->num_points; i++)
		if (job->points[i].sync->point < job->points[i].point)
			job->points[i].sync->point = job->points[i].point;
	if (!TAILQ_EMPTY(&sim->links))
		pthread_cond_signal(&sim->watch);
	TAILQ_REMOVE(&ctx->vm->jobs, job, vm_link);
	sim_past_forget(&ctx->vm->past, TAILQ_EMPTY(&ctx->vm->jobs) ?
			UINT64_MAX : TAILQ_FIRST(&ctx->vm->jobs)->vm_seqno);
	sim_job_free(sim, job);
	pthread_cond_broadcast(&sim->changed);
}

static void leave_queue(struct sim_queue *queue, struct sim_job *job)
{
	TAILQ_REMOVE(&queue->jobs, job, link);
	queue->num_jobs--;
	if (!--job->ctx->in_queue)
		job->ctx->queue = NULL;
}

/* Whether the first job of the list has ended; then it is no more. */
static bool process_one(struct sim *sim, struct sim_queue *queue)
{
	struct sim_job *job = TAILQ_FIRST(&queue->jobs);
	const struct npu_completion *done;

	if (!job)
		return false;
	done = &queue->done[job->index % SIM_RING_JOBS];
	if (!job->in_ring) {
		if (!job->error)
			return false;
		done = NULL;
	} else if (__atomic_load_n(&done->id, __ATOMIC_ACQUIRE) != job->desc.id) {
		return false;
	}
	leave_queue(queue, job);
	end_job(sim, job, done);
	return true;
}

void sim_queue_process(struct sim *sim, struct sim_queue *queue)
{
	while (process_one(sim, queue))
		;
}

static void fill_slot(struct sim_queue *queue, struct sim_job *job)
{
	uint32_t slot = queue->tail % SIM_RING_JOBS;

	job->index = queue->tail++;
	job->in_ring = true;
	job->started_ns = 0;
	job->desc.id = ++queue->next_id << 8 | queue->id;
	job->desc.completion = queue->done_bus + slot * sizeof(*queue->done);
	queue->done[slot].id = 0;
	queue->ring[slot] = job->desc;
}

static void ring_doorbell(struct sim *sim, struct sim_queue *queue)
{
	write_q(sim, queue, NPU_Q_TAIL, queue->tail);
}

/* Of those of the context's priority that with the fewest jobs. */
static struct sim_queue *choose_queue(struct sim *sim,
				      const struct sim_context *ctx)
{
	struct sim_queue *best = NULL;

	if (ctx->queue)
		return ctx->queue;
	for (uint32_t q = 0; q < sim->info.queues; q++) {
		struct sim_queue *queue = &sim->queues[q];

		if (queue->priority == ctx->priority &&
		    (!best || queue->num_jobs < best->num_jobs))
			best = queue;
	}
	return best;
}

static bool must_wait(const struct sim_job *job)
{
	for (uint32_t i = 0; i < job->num_waits; i++)
		if (job->points[i].sync->point < job->points[i].point)
			return true;
	return false;
}

/* The first pending job of a context goes to a queue, if it may. */
static bool push_one(struct sim *sim, struct sim_context *ctx)
{
	struct sim_job *job = TAILQ_FIRST(&ctx->pending);
	struct sim_queue *queue;
	int error;

	if (!job)
		return false;
	error = sim_context_error(sim, ctx);
	queue = choose_queue(sim, ctx);
	if (!error && (must_wait(job) || queue->num_jobs >= SIM_RING_JOBS ||
		       queue->reset_ns || sim->reset_ns))
		return false;
	TAILQ_REMOVE(&ctx->pending, job, link);
	if (error && !ctx->queue) {
		job->error = error;
		end_job(sim, job, NULL);
		return true;
	}
	job->error = error;
	TAILQ_INSERT_TAIL(&queue->jobs, job, link);
	queue->num_jobs++;
	ctx->queue = queue;
	ctx->in_queue++;
	if (!error) {
		fill_slot(queue, job);
		ring_doorbell(sim, queue);
		sim_recovery_watch(sim, ctx);
	}
	return true;
}

/* A job that ends at once may be what another waits for. */
void sim_queue_pump(struct sim *sim)
{
	struct sim_context *ctx, *next;
	bool again;

	do {
		again = false;
		for (ctx = TAILQ_FIRST(&sim->contexts); ctx; ctx = next) {
			/* Its last job may be its end. */
			ctx->refs++;
			while (push_one(sim, ctx))
				again |= sim_context_error(sim, ctx) != 0;
			next = TAILQ_NEXT(ctx, link);
			sim_context_put(sim, ctx);
		}
	} while (again);
}

/* The last first: when the machine leaves one, it must not begin the next. */
void sim_queue_abort(struct sim *sim, struct sim_queue *queue,
		     const struct sim_context *ctx, const struct sim_job *hung)
{
	struct sim_job *job;

	for (job = TAILQ_LAST(&queue->jobs, sim_job_list); job;
	     job = TAILQ_PREV(job, sim_job_list, link)) {
		if (job->ctx != ctx || job->error)
			continue;
		job->error = job == hung ? -ETIMEDOUT : -ECANCELED;
		job->aborted_ns = sim_now_ns();
		if (job->in_ring)
			write_q(sim, queue, NPU_Q_ABORT, job->index);
	}
}

/* What becomes of a job whose ring was emptied before it ended. */
static int lost_error(const struct sim *sim, const struct sim_job *job,
		      uint64_t running)
{
	if (job->error)
		return job->error;
	if (sim_context_error(sim, job->ctx))
		return sim_context_error(sim, job->ctx);
	return job->in_ring && (job->started_ns || job->desc.id == running) ?
	       -EIO : 0;
}

void sim_queue_restart(struct sim *sim, struct sim_queue *queue,
		       uint64_t running)
{
	struct sim_job *job;

	sim_queue_process(sim, queue);
	sim_queue_start(sim, queue);
	for (job = TAILQ_FIRST(&queue->jobs); job; job = TAILQ_NEXT(job, link)) {
		job->error = lost_error(sim, job, running);
		job->in_ring = false;
		if (!job->error)
			fill_slot(queue, job);
	}
	ring_doorbell(sim, queue);
	sim_queue_process(sim, queue);
}

void sim_queue_fail_all(struct sim *sim, struct sim_queue *queue)
{
	struct sim_job *job;

	sim_queue_process(sim, queue);
	for (job = TAILQ_FIRST(&queue->jobs); job; job = TAILQ_NEXT(job, link)) {
		job->in_ring = false;
		if (!job->error)
			job->error = -EIO;
	}
	sim_queue_process(sim, queue);
}
