// SPDX-License-Identifier: MIT
/*
 * Worker threads. A thread takes one thing at a time:
 * tell of a queue's error, fetch a descriptor, or work for a core until that
 * waits or has had its slice. So a few threads serve any number of cores.
 *
 * A thread sleeps only when there is nothing to do. One that takes a core and
 * leaves others wakes the next; so what a thread puts on the list itself needs
 * no wake-up if it goes on to take one from there.
 *
 * A core's SRAM and what it last read and wrote are in the caches of the processor
 * that last worked for it. So of cores that wait a thread takes one of its own,
 * if there is any: every so manieth.
 *
 * While another thread is at work, what it leads to is soon there: cores of a
 * job meet at barriers many times a millisecond. A thread then looks out for
 * that a little before it sleeps, since sleeping and waking cost more than most
 * of what cores do between two barriers. In an idle device all sleep at once.
 */
#include "device.h"

#include <time.h>

/* How long a thread looks out, and how often between looks at the clock. */
#define LINGER_NS	100000
#define LINGER_LOOKS	64

void npu_sched_kick(struct npu_core *npu)
{
	__atomic_fetch_add(&npu->kicks, 1, __ATOMIC_RELAXED);
	pthread_cond_signal(&npu->work);
}

void npu_sched_kick_all(struct npu_core *npu)
{
	__atomic_fetch_add(&npu->kicks, 1, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&npu->work);
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* The lock is never held for long. */
static void lock(struct npu_core *npu)
{
	for (int i = 0; i < LINGER_LOOKS; i++) {
		if (!pthread_mutex_trylock(&npu->lock))
			return;
		relax();
	}
	pthread_mutex_lock(&npu->lock);
}

/* Wait a little for a kick if one is likely; false: none came. Lock held. */
static bool linger(struct npu_core *npu)
{
	uint32_t seen = npu->kicks;
	int64_t end;
	bool kicked = false;

	if (!npu->busy)
		return false;
	pthread_mutex_unlock(&npu->lock);
	end = now_ns() + LINGER_NS;
	do {
		for (int i = 0; i < LINGER_LOOKS && !kicked; i++) {
			relax();
			kicked = __atomic_load_n(&npu->kicks, __ATOMIC_RELAXED) !=
				 seen;
		}
	} while (!kicked && now_ns() < end);
	lock(npu);
	return npu->kicks != seen;
}

void npu_sched_ready(struct npu_core *npu, struct npu_exec *ex)
{
	ex->next = NULL;
	*npu->ready_tail = ex;
	npu->ready_tail = &ex->next;
}

/* A core for thread @me: the first of its own, or the first. */
static struct npu_exec *pop_ready(struct npu_core *npu, unsigned int me)
{
	struct npu_exec **at = &npu->ready, *ex;

	while (*at && (*at)->unit % npu->num_threads != me)
		at = &(*at)->next;
	if (!*at)
		at = &npu->ready;
	ex = *at;
	*at = ex->next;
	if (!*at)
		npu->ready_tail = at;
	if (npu->ready)
		npu_sched_kick(npu);
	return ex;
}

void npu_sched_wake(struct npu_core *npu, struct npu_run *run)
{
	if (run->parked)
		npu_sched_ready(npu, run->cores[0]);
	run->parked = false;
	npu_sched_kick(npu);
}

/* Its energy but for what the machine draws without it too. */
static void meter(struct npu_core *npu, const struct npu_run *run)
{
	const uint64_t *c = run->counters;

	npu_meter_advance(&npu->meter, &npu->profile, run->done.clock_end);
	npu_meter_add(&npu->meter, &npu->profile,
		      c[NPU_CNT_ENERGY_PJ] -
		      npu_static_pj(&npu->profile, c[NPU_CNT_CYCLES], run->num_cores));
}

/* HEAD, totals, event and interrupt of a job whose completion is written. */
static uint32_t retire(struct npu_core *npu, struct npu_run *run)
{
	uint32_t vectors = 0;

	npu_counters_retire(npu, run);
	meter(npu, run);
	npu_queue_advance(npu, run->queue);
	if (run->done.status != NPU_JOB_DONE) {
		struct npu_event event;

		npu_job_event(run, &event);
		vectors |= npu_event_post(npu, &event);
	}
	if (npu->resetting)
		return 0;
	if (run->done.status != NPU_JOB_DONE || run->desc.flags & NPU_JOB_IRQ) {
		uint32_t message = npu_irq_set(npu, NPU_IRQ_QUEUE(run->queue));

		if (!message || !npu_inject_now(npu, NPU_INJECT_LOST_IRQ))
			vectors |= message;
	}
	return vectors;
}

static void release(struct npu_core *npu, struct npu_run *run, bool suspended)
{
	for (unsigned int i = 0; i < run->num_cores; i++) {
		run->cores[i]->run = NULL;
		if (!suspended)
			npu->free_cores |= 1u << run->cores[i]->unit;
	}
	run->num_cores = 0;
	run->state = NPU_RUN_IDLE;
	npu->queues[run->queue].job_id = 0;
	npu_queue_settle(npu, run->queue);
	npu_sched_allocate(npu);
}

/* The job is over: from here a reset waits for its completion, or it has none. */
static void finish(struct npu_core *npu, struct npu_run *run)
{
	bool kill = run->stop == NPU_STOP_KILL || npu->fatal || npu->resetting;
	bool suspended = run->state == NPU_RUN_SUSPENDED, written = true;
	uint32_t vectors;

	run->state = NPU_RUN_FINISHING;
	run->due_ns = 0;
	run->lost = !kill && npu_inject_now(npu, NPU_INJECT_COMPLETION);
	npu->busy++;
	npu_mmu_enter(&run->mmu);
	pthread_mutex_unlock(&npu->lock);
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu_mmu_drop(&run->cores[i]->mmu);
	npu_mmu_drop(&run->mmu);
	if (!kill)
		written = npu_job_complete(npu, run);
	pthread_mutex_lock(&npu->lock);
	vectors = npu_mmu_leave(&run->mmu);
	if (!written)
		vectors |= npu_fatal(npu);
	else if (!kill)
		vectors |= retire(npu, run);
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
	pthread_mutex_lock(&npu->lock);
	npu->busy--;
	release(npu, run, suspended);
}

static void all_ready(struct npu_core *npu, struct npu_run *run)
{
	run->pending = run->num_cores;
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu_sched_ready(npu, run->cores[i]);
}

/*
 * Read the program with the thread that came first; false: it faulted. Then all
 * cores are ready, this thread's own too, which need not be the job's first.
 */
static bool load(struct npu_core *npu, struct npu_run *run)
{
	uint32_t vectors;
	bool loaded;

	npu_mmu_enter(&run->mmu);
	pthread_mutex_unlock(&npu->lock);
	loaded = npu_job_begin(npu, run);
	npu_mmu_drop(&run->mmu);
	pthread_mutex_lock(&npu->lock);
	vectors = npu_mmu_leave(&run->mmu);
	run->loaded = true;
	/* Now it may be asked for its cores. */
	npu_sched_allocate(npu);
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
	pthread_mutex_lock(&npu->lock);
	if (loaded)
		all_ready(npu, run);
	return loaded;
}

/* One slice of one core. */
static void work_for(struct npu_core *npu, struct npu_exec *ex)
{
	uint32_t vectors;
	bool stale = npu_mmu_enter(&ex->mmu);

	pthread_mutex_unlock(&npu->lock);
	if (stale)
		npu_mmu_drop(&ex->mmu);
	npu_exec_run(ex);
	lock(npu);
	vectors = npu_mmu_leave(&ex->mmu);
	if (!vectors)
		return;
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
	pthread_mutex_lock(&npu->lock);
}

/* All cores of the job have come to a barrier, a YIELD or an end. */
static void meet(struct npu_core *npu, struct npu_run *run)
{
	if (npu_sched_yielded(run)) {
		if (run->stop == NPU_STOP_NONE) {
			npu_sched_suspend(npu, run);
			return;
		}
		npu_sched_give_up(npu, run);
	}
	if (!npu_job_meet(npu, run)) {
		if (!npu_pace_holds(npu, run))
			finish(npu, run);
		return;
	}
	all_ready(npu, run);
}

/* Whatever else was wrong with it. */
static void set_aborted(struct npu_run *run)
{
	run->done.status = NPU_JOB_ABORTED;
	run->done.fault = (struct npu_fault){ 0 };
}

static void tell_resumed(struct npu_core *npu, struct npu_run *run)
{
	struct npu_trace trace = {
		.kind = NPU_TRACE_JOB_RESUME, .queue = run->queue,
		.context = run->desc.context, .job = run->desc.id,
	};

	run->resumed = false;
	pthread_mutex_unlock(&npu->lock);
	npu_trace(npu, &trace);
	pthread_mutex_lock(&npu->lock);
}

static void take_up(struct npu_core *npu, struct npu_exec *ex)
{
	struct npu_run *run = ex->run;

	if (run->stuck && run->stop != NPU_STOP_KILL) {
		run->parked = true;
		return;
	}
	npu->busy++;
	if (run->resumed)
		tell_resumed(npu, run);
	if (run->stuck) {
		finish(npu, run);
	} else if (!run->loaded) {
		if (!load(npu, run)) {
			if (run->stop == NPU_STOP_ABORT)
				set_aborted(run);
			finish(npu, run);
		}
	} else {
		work_for(npu, ex);
		if (ex->state == NPU_EXEC_READY)
			npu_sched_ready(npu, ex);
		else if (!--run->pending)
			meet(npu, run);
	}
	npu->busy--;
}

static void fetch(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];
	struct npu_run *run = &queue->run;
	uint32_t slot = queue->head % (1u << queue->log2);
	uint64_t at = queue->base + slot * sizeof(struct npu_job);
	bool readable;

	run->state = NPU_RUN_FETCHING;
	run->stop = NPU_STOP_NONE;
	run->ring = queue->ring;
	npu->busy++;
	pthread_mutex_unlock(&npu->lock);
	readable = npu_job_fetch(npu, run, at);
	pthread_mutex_lock(&npu->lock);
	npu->busy--;
	run->state = NPU_RUN_IDLE;
	if (!npu_queue_runnable(npu, q) || run->ring != queue->ring)
		npu_queue_settle(npu, q);
	else if (!readable)
		npu_queue_fail(npu, q);
	else
		run->state = NPU_RUN_WAITING;
	npu_sched_allocate(npu);
}

/* The job at the head ends without having run. */
static void end_unrun(struct npu_core *npu, unsigned int q)
{
	struct npu_run *run = &npu->queues[q].run;

	if (npu_queue_head_aborted(&npu->queues[q]))
		set_aborted(run);
	finish(npu, run);
}

static void tell_error(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];
	struct npu_event event = { .type = NPU_EVENT_QUEUE, .queue = q };
	uint32_t vectors;

	queue->error_event = false;
	queue->threads++;
	npu->busy++;
	vectors = npu_event_post(npu, &event);
	if (!npu->resetting)
		vectors |= npu_irq_set(npu, NPU_IRQ_QUEUE(q));
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
	pthread_mutex_lock(&npu->lock);
	npu->busy--;
	queue->threads--;
	npu_queue_settle(npu, q);
}

/* Do what a queue waits for that is not a core's work. */
static bool attend(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	if (queue->error_event) {
		tell_error(npu, q);
		return true;
	}
	if (npu_pace_is_due(npu, &queue->run)) {
		if (queue->run.stop == NPU_STOP_ABORT)
			set_aborted(&queue->run);
		finish(npu, &queue->run);
		return true;
	}
	if (queue->run.state == NPU_RUN_SUSPENDED && queue->run.stop != NPU_STOP_NONE) {
		npu_sched_give_up(npu, &queue->run);
		npu_job_meet(npu, &queue->run);
		finish(npu, &queue->run);
		return true;
	}
	if (!npu_queue_runnable(npu, q))
		return false;
	if (queue->run.state == NPU_RUN_IDLE) {
		fetch(npu, q);
		return true;
	}
	if (queue->run.state == NPU_RUN_WAITING && npu_sched_ends_unrun(queue)) {
		end_unrun(npu, q);
		return true;
	}
	return false;
}

/* Do one thing as thread @me, if there is any. */
static bool step(struct npu_core *npu, unsigned int me)
{
	for (unsigned int q = 0; q < npu->num_queues; q++)
		if (attend(npu, q))
			return true;
	if (!npu->ready)
		return false;
	take_up(npu, pop_ready(npu, me));
	return true;
}

void *npu_sched_worker(void *core)
{
	struct npu_core *npu = core;
	unsigned int me;

	if (npu->ops->thread_begin)
		npu->ops->thread_begin(npu->opaque);
	pthread_mutex_lock(&npu->lock);
	me = npu->workers++;
	npu_pin(npu, me);
	while (!npu->quit) {
		if (npu_pause_halts(npu) || (!step(npu, me) && !linger(npu)))
			npu_pace_sleep(npu);
		npu_reset_settle(npu);
	}
	pthread_mutex_unlock(&npu->lock);
	if (npu->ops->thread_end)
		npu->ops->thread_end(npu->opaque);
	return NULL;
}
