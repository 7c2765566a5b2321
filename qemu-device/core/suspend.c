// SPDX-License-Identifier: MIT
/*
 * Jobs that leave their cores at a YIELD and come back later. Nothing is copied:
 * a core of a job keeps its registers and its SRAM, and only its place in the
 * machine goes to another. Its memory is given back meanwhile.
 */
#include "device.h"

bool npu_sched_yielded(const struct npu_run *run)
{
	for (unsigned int i = 0; i < run->num_cores; i++)
		if (run->cores[i]->state == NPU_EXEC_YIELDED)
			return true;
	return false;
}

static void go_on(struct npu_core *npu, struct npu_run *run)
{
	for (unsigned int i = 0; i < run->num_cores; i++) {
		struct npu_exec *ex = run->cores[i];

		if (ex->state != NPU_EXEC_YIELDED)
			continue;
		ex->state = NPU_EXEC_READY;
		run->pending++;
		npu_sched_ready(npu, ex);
	}
}

static void tell(const struct npu_core *npu, const struct npu_run *run)
{
	struct npu_trace trace = {
		.kind = NPU_TRACE_JOB_SUSPEND, .queue = run->queue,
		.context = run->desc.context, .job = run->desc.id,
	};

	npu_trace(npu, &trace);
}

/* It has had its turn: the next one begins behind all that wait now. */
static void end_turn(struct npu_core *npu, struct npu_run *run)
{
	npu->queues[run->queue].arrival = npu->tickets++;
	for (unsigned int i = 0; i < run->num_cores; i++)
		run->cores[i]->turn_end = run->cores[i]->time.cp + npu->timeslice;
}

void npu_sched_suspend(struct npu_core *npu, struct npu_run *run)
{
	bool turn_over = run->give == NPU_GIVE_AFTER_TURN;

	/* Who asked may have found others meanwhile. */
	if (run->give == NPU_GIVE_NOTHING) {
		go_on(npu, run);
		return;
	}
	pthread_mutex_unlock(&npu->lock);
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu_mmu_drop(&run->cores[i]->mmu);
	tell(npu, run);
	pthread_mutex_lock(&npu->lock);
	run->away_ns = npu->ops->clock_ns(npu->opaque);
	run->state = NPU_RUN_SUSPENDED;
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu->free_cores |= 1u << run->cores[i]->unit;
	if (turn_over)
		end_turn(npu, run);
	npu_sched_allocate(npu);
}

/* As if the clock had stood still for it. */
static void count_absence(struct npu_core *npu, struct npu_run *run)
{
	unsigned __int128 ns = npu->ops->clock_ns(npu->opaque) - run->away_ns;

	run->start_ns += (uint64_t)ns;
	run->done.clock_suspended += (uint64_t)(ns * npu->profile.clock_khz / 1000000);
}

void npu_sched_resume(struct npu_core *npu, struct npu_run *run)
{
	count_absence(npu, run);
	run->state = NPU_RUN_RUNNING;
	run->resumed = true;
	run->pending = 0;
	go_on(npu, run);
}

void npu_sched_give_up(struct npu_core *npu, struct npu_run *run)
{
	if (run->state == NPU_RUN_SUSPENDED)
		count_absence(npu, run);
	for (unsigned int i = 0; i < run->num_cores; i++)
		if (run->cores[i]->state == NPU_EXEC_YIELDED)
			run->cores[i]->state = NPU_EXEC_STOPPED;
}
