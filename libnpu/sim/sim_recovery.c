// SPDX-License-Identifier: MIT
/*
 * Time limits and resets. A thread sleeps until the machine has jobs; then it
 * looks at them now and then. A job that has run for longer than its context
 * allows is aborted and the context banned. If the machine does not obey, the
 * queue is reset, then the machine, and at last it is given up.
 *
 * The same thread frees address spaces whose last user was a job, and tells other
 * machines what they wait for.
 */
#include "sim_machine.h"

#include <time.h>

#define MS		1000000ull
#define TICK_MIN	(10 * MS)
#define TICK_MAX	(500 * MS)
#define ABORT_TIME	(3000 * MS)
#define QUEUE_TIME	(3000 * MS)
#define RESET_TIME	(10000 * MS)

static uint64_t tick_of(const struct sim_context *ctx)
{
	uint64_t tick = ctx->timeout_ns / 8;

	if (tick < TICK_MIN)
		return TICK_MIN;
	return tick < TICK_MAX ? tick : TICK_MAX;
}

void sim_recovery_watch(struct sim *sim, const struct sim_context *ctx)
{
	if (!sim->tick_ns || tick_of(ctx) < sim->tick_ns)
		pthread_cond_signal(&sim->watch);
}

static uint32_t read_q(struct sim *sim, const struct sim_queue *queue, uint32_t reg)
{
	return npu_core_read(sim->core, NPU_REG_Q(queue->id, reg));
}

static void reset_queue(struct sim *sim, struct sim_queue *queue, uint64_t now)
{
	queue->reset_ns = now;
	queue->lost_job = sim_queue_running(sim, queue);
	npu_core_write(sim->core, NPU_REG_Q(queue->id, NPU_Q_CTRL),
		       NPU_Q_CTRL_RESET);
}

static bool is_suspended(struct sim *sim, const struct sim_queue *queue)
{
	return npu_core_read(sim->core, NPU_REG_Q(queue->id, NPU_Q_STATUS)) &
	       NPU_Q_STATUS_SUSPENDED;
}

/* The first job of a queue may have run for too long, or not obeyed. */
static void look_at_job(struct sim *sim, struct sim_queue *queue,
			struct sim_job *job, uint64_t now)
{
	if (!job->in_ring)
		return;
	if (!job->started_ns && sim_queue_running(sim, queue) == job->desc.id)
		job->started_ns = now;
	else if (job->started_ns && is_suspended(sim, queue))
		job->started_ns += now - job->looked_ns;
	job->looked_ns = now;
	if (job->error) {
		if (now - job->aborted_ns > ABORT_TIME)
			reset_queue(sim, queue, now);
	} else if (job->started_ns &&
		   now - job->started_ns > job->ctx->timeout_ns) {
		job->ctx->banned = true;
		sim_queue_abort(sim, queue, job->ctx, job);
	}
}

static void reset_machine(struct sim *sim, uint64_t now)
{
	if (sim->reset_ns)
		return;
	sim->reset_ns = now;
	for (uint32_t q = 0; q < sim->info.queues; q++) {
		struct sim_queue *queue = &sim->queues[q];

		sim_queue_process(sim, queue);
		if (!queue->reset_ns)
			queue->lost_job = sim_queue_running(sim, queue);
	}
	npu_core_write(sim->core, NPU_REG_CTRL, NPU_CTRL_RESET);
}

static void look_at_queue(struct sim *sim, struct sim_queue *queue, uint64_t now)
{
	if (queue->reset_ns) {
		if (!(read_q(sim, queue, NPU_Q_STATUS) & NPU_Q_STATUS_RESETTING)) {
			queue->reset_ns = 0;
			sim_queue_restart(sim, queue, queue->lost_job);
		} else if (now - queue->reset_ns > QUEUE_TIME) {
			reset_machine(sim, now);
		}
		return;
	}
	/* Of those whose interrupt was lost, too. */
	sim_queue_process(sim, queue);
	if (!TAILQ_EMPTY(&queue->jobs))
		look_at_job(sim, queue, TAILQ_FIRST(&queue->jobs), now);
}

static void give_up(struct sim *sim)
{
	sim->lost = true;
	sim->reset_ns = 0;
	for (uint32_t q = 0; q < sim->info.queues; q++)
		sim_queue_fail_all(sim, &sim->queues[q]);
	pthread_cond_broadcast(&sim->changed);
}

/* The reset of the machine may be over. */
static void look_at_reset(struct sim *sim, uint64_t now)
{
	if (!(npu_core_read(sim->core, NPU_REG_STATUS) & NPU_STATUS_READY)) {
		if (now - sim->reset_ns > RESET_TIME)
			give_up(sim);
		return;
	}
	pthread_mutex_unlock(&sim->lock);
	sim_start(sim);
	pthread_mutex_lock(&sim->lock);
	sim->usage.resets++;
	sim->reset_ns = 0;
	for (uint32_t q = 0; q < sim->info.queues; q++) {
		sim->queues[q].reset_ns = 0;
		sim_queue_restart(sim, &sim->queues[q], sim->queues[q].lost_job);
	}
	pthread_cond_broadcast(&sim->changed);
}

/* Time until the next look; zero: when something happens. */
static uint64_t next_look(const struct sim *sim)
{
	uint64_t tick = sim->reset_ns ? TICK_MIN : 0;

	for (uint32_t q = 0; q < sim->info.queues; q++) {
		const struct sim_queue *queue = &sim->queues[q];
		const struct sim_job *job;

		if (queue->reset_ns)
			tick = TICK_MIN;
		TAILQ_FOREACH(job, &queue->jobs, link)
			if (!tick || tick_of(job->ctx) < tick)
				tick = tick_of(job->ctx);
	}
	return tick;
}

static void look(struct sim *sim)
{
	uint64_t now = sim_now_ns();

	if (sim->lost)
		return;
	if (npu_core_read(sim->core, NPU_REG_STATUS) & NPU_STATUS_FATAL)
		reset_machine(sim, now);
	if (sim->reset_ns)
		look_at_reset(sim, now);
	for (uint32_t q = 0; q < sim->info.queues && !sim->reset_ns; q++)
		look_at_queue(sim, &sim->queues[q], now);
	sim_queue_pump(sim);
}

static void sleep_for(struct sim *sim, uint64_t ns)
{
	uint64_t until = sim_now_ns() + ns;
	struct timespec t = { until / 1000000000, until % 1000000000 };

	sim->tick_ns = ns;
	if (ns)
		pthread_cond_timedwait(&sim->watch, &sim->lock, &t);
	else
		pthread_cond_wait(&sim->watch, &sim->lock);
}

void *sim_recovery_thread(void *opaque)
{
	struct sim *sim = opaque;

	pthread_mutex_lock(&sim->lock);
	while (!sim->quit) {
		if (TAILQ_EMPTY(&sim->dead)) {
			look(sim);
			/* What a look has ended nobody else tells of. */
			if (!sim_link_tell(sim))
				sleep_for(sim, next_look(sim));
			continue;
		}
		pthread_mutex_unlock(&sim->lock);
		sim_vm_reap(sim);
		pthread_mutex_lock(&sim->lock);
	}
	pthread_mutex_unlock(&sim->lock);
	return NULL;
}
