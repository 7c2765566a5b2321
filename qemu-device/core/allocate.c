// SPDX-License-Identifier: MIT
/*
 * Which job gets cores: hardware.rst, "Scheduling". In line stand the heads of
 * queues that have not begun, and jobs that are suspended. If the first of them
 * lacks cores, those that are to leave theirs at a YIELD are marked; all marks
 * are made anew whenever something has changed.
 */
#include "device.h"

static bool is_before(const struct npu_queue *a, const struct npu_queue *b)
{
	return a->priority > b->priority ||
	       (a->priority == b->priority && a->arrival < b->arrival);
}

static bool in_line(const struct npu_core *npu, unsigned int q)
{
	const struct npu_run *run = &npu->queues[q].run;

	if (run->state == NPU_RUN_SUSPENDED)
		return run->stop == NPU_STOP_NONE;
	return run->state < NPU_RUN_SUSPENDED && npu_queue_runnable(npu, q);
}

/* The queue whose job is next to get cores, or -1. */
static int first_in_line(const struct npu_core *npu)
{
	int best = -1;

	for (unsigned int q = 0; q < npu->num_queues; q++) {
		if (!in_line(npu, q))
			continue;
		if (best < 0 || is_before(&npu->queues[q], &npu->queues[best]))
			best = (int)q;
	}
	return best;
}

/* A job that would leave its cores to one of @priority. */
static bool can_leave(const struct npu_core *npu, unsigned int q, uint32_t priority)
{
	const struct npu_queue *queue = &npu->queues[q];
	const struct npu_run *run = &queue->run;

	if (run->state != NPU_RUN_RUNNING || !run->loaded || !run->yields ||
	    run->due_ns || run->stop != NPU_STOP_NONE)
		return false;
	return queue->priority < priority ||
	       (queue->priority == priority && npu->timeslice);
}

/* The lowest in priority of those not in @chosen, and of these who came first; or -1. */
static int who_leaves(const struct npu_core *npu, uint32_t priority, uint32_t chosen)
{
	int best = -1;

	for (unsigned int q = 0; q < npu->num_queues; q++) {
		const struct npu_queue *queue = &npu->queues[q], *other;

		if (chosen >> q & 1 || !can_leave(npu, q, priority))
			continue;
		other = best < 0 ? NULL : &npu->queues[best];
		if (!other || queue->priority < other->priority ||
		    (queue->priority == other->priority && queue->arrival < other->arrival))
			best = (int)q;
	}
	return best;
}

/* Who has to leave so that @cores more are free; nobody if that is not enough. */
static void ask_for(struct npu_core *npu, uint32_t priority, unsigned int cores)
{
	uint32_t chosen = 0;
	unsigned int sum = 0;
	int q;

	while (sum < cores) {
		q = who_leaves(npu, priority, chosen);
		if (q < 0)
			return;
		chosen |= 1u << q;
		sum += npu->queues[q].run.num_cores;
	}
	for (; chosen; chosen &= chosen - 1) {
		struct npu_queue *queue = &npu->queues[__builtin_ctz(chosen)];

		__atomic_store_n(&queue->run.give, queue->priority < priority ?
				 NPU_GIVE_NOW : NPU_GIVE_AFTER_TURN, __ATOMIC_RELAXED);
	}
}

static void ask_nobody(struct npu_core *npu)
{
	for (unsigned int q = 0; q < npu->num_queues; q++)
		__atomic_store_n(&npu->queues[q].run.give, NPU_GIVE_NOTHING, __ATOMIC_RELAXED);
}

/* There are as many as all queues' jobs can have. */
static struct npu_exec *free_exec(struct npu_core *npu)
{
	unsigned int i = 0;

	while (npu->exec[i]->run)
		i++;
	return npu->exec[i];
}

static void set_unit(struct npu_exec *ex, unsigned int unit)
{
	ex->unit = unit;
	ex->room = &ex->npu->rooms[unit];
}

void npu_sched_place(struct npu_core *npu, struct npu_run *run, unsigned int i,
		     unsigned int unit)
{
	struct npu_exec *ex = free_exec(npu);

	run->cores[i] = ex;
	ex->run = run;
	ex->index = i;
	set_unit(ex, unit);
	ex->pc = 0;
	ex->done = 0;
	ex->turn_end = npu->timeslice;
}

static unsigned int take_unit(struct npu_core *npu)
{
	unsigned int unit = (unsigned int)__builtin_ctz(npu->free_cores);

	npu->free_cores &= npu->free_cores - 1;
	return unit;
}

static void start(struct npu_core *npu, struct npu_queue *queue,
		  unsigned int cores)
{
	struct npu_run *run = &queue->run;

	run->state = NPU_RUN_RUNNING;
	run->stop = NPU_STOP_NONE;
	run->loaded = false;
	run->yields = false;
	run->resumed = false;
	run->due_ns = 0;
	run->stuck = npu_inject_now(npu, NPU_INJECT_STUCK_JOB);
	run->unreadable = npu_inject_now(npu, NPU_INJECT_DMA);
	run->num_cores = cores;
	run->pending = 1;	/* the loader */
	for (unsigned int i = 0; i < cores; i++)
		npu_sched_place(npu, run, i, take_unit(npu));
	queue->job_id = run->desc.id;
	npu_sched_ready(npu, run->cores[0]);
}

static void go_on(struct npu_core *npu, struct npu_run *run)
{
	for (unsigned int i = 0; i < run->num_cores; i++)
		set_unit(run->cores[i], take_unit(npu));
	npu_sched_resume(npu, run);
}

bool npu_sched_ends_unrun(const struct npu_queue *queue)
{
	return queue->run.done.status != NPU_JOB_PENDING ||
	       npu_queue_head_aborted(queue);
}

void npu_sched_allocate(struct npu_core *npu)
{
	int q;

	ask_nobody(npu);
	while ((q = first_in_line(npu)) >= 0) {
		struct npu_queue *queue = &npu->queues[q];
		bool begun = queue->run.state == NPU_RUN_SUSPENDED;
		unsigned int cores, available = (unsigned int)__builtin_popcount(npu->free_cores);

		/* One that is not fetched yet soon says what it needs. */
		if (!begun && (queue->run.state != NPU_RUN_WAITING ||
			       npu_sched_ends_unrun(queue)))
			break;
		cores = npu_job_cores(npu, &queue->run);
		if (cores > available) {
			ask_for(npu, queue->priority, cores - available);
			break;
		}
		if (begun)
			go_on(npu, &queue->run);
		else
			start(npu, queue, cores);
	}
}
