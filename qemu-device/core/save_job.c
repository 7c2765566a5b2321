// SPDX-License-Identifier: MIT
/*
 * The job at the head of a queue as bytes. What follows from its descriptor or
 * its program is not kept but found again, so that it cannot be wrong: where
 * its loops begin, how many cores it has, what it may spend.
 */
#include "device.h"
#include "hazard.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

static void visit_token(struct npu_state *s, struct npu_token *token)
{
	uint8_t first = s->loading ? 0 : token->first;

	token->count = (uint8_t)npu_state_number(s, "tokens", token->count, NPU_TOKEN_MAX);
	token->first = first;
	for (unsigned int i = 0; i < token->count && !s->failed; i++) {
		uint8_t at = (uint8_t)(first + i);

		npu_state_u64(s, &token->when[at]);
		npu_state_u32(s, "who gave a token", &token->who[at], UINT32_MAX);
	}
}

static void visit_time(struct npu_state *s, struct npu_timing *t)
{
	npu_state_u64(s, &t->cp);
	npu_state_bytes(s, t->free, sizeof(t->free));
	npu_state_bytes(s, &t->port, sizeof(t->port));
	for (unsigned int i = 0; i < NPU_NUM_TOKENS; i++)
		visit_token(s, &t->token[i]);
}

/* Loops that stand open before @pc: the program has been checked. */
static unsigned int open_loops(const struct npu_insn *insns, uint32_t pc,
			       uint32_t *begin)
{
	unsigned int depth = 0;

	for (uint32_t i = 0; i < pc; i++) {
		if (insns[i].opcode == NPU_OP_LOOP)
			begin[depth++] = i;
		else if (insns[i].opcode == NPU_OP_ENDLOOP)
			depth--;
	}
	return depth;
}

static void visit_loops(struct npu_state *s, struct npu_exec *ex)
{
	uint32_t begin[NPU_LOOP_DEPTH];

	if (s->failed)
		return;
	ex->depth = open_loops(ex->insns, ex->pc, begin);
	for (unsigned int i = 0; i < ex->depth; i++) {
		struct npu_loop *loop = &ex->loops[i];
		uint64_t step = (uint64_t)loop->step;

		npu_state_u32(s, "rounds of a loop", &loop->rounds, NPU_VAL_MAX);
		if (!s->failed && !loop->rounds)
			npu_state_refuse(s, "a loop has no rounds");
		npu_state_u32(s, "round of a loop", &loop->round, loop->rounds - 1);
		npu_state_u64(s, &loop->start);
		npu_state_u64(s, &step);
		loop->step = (int64_t)step;
		loop->body = begin[i] + 1;
		loop->reg = ex->insns[begin[i]].addr[0].reg;
	}
}

/* What a core has done so far; npu_job_begin_core() has set the rest. */
static void visit_core(struct npu_state *s, const struct npu_run *run,
		       struct npu_exec *ex)
{
	const struct npu_program *header = (const void *)run->program;

	ex->state = npu_state_number(s, "state of a core", ex->state, NPU_EXEC_STOPPED);
	npu_state_bool(s, "a core that has not run", &ex->fresh);
	npu_state_u32(s, "instruction", &ex->pc, header->num_insns - 1);
	npu_state_u64(s, &ex->done);
	npu_state_bytes(s, ex->regs, sizeof(ex->regs));
	ex->regs[NPU_R_ZERO] = 0;
	visit_loops(s, ex);
	npu_state_u64(s, &ex->turn_end);
	npu_state_u64(s, &ex->spent);
	if (ex->spent > ex->budget)
		npu_state_refuse(s, "a core has spent more than its budget");
	visit_time(s, &ex->time);
	npu_state_bytes(s, ex->counters, sizeof(ex->counters));
	npu_state_bytes(s, ex->sram_bytes, sizeof(ex->sram_bytes));
	if (ex->record.on)
		npu_state_u32(s, "records of its trace", &ex->record.count, ex->record.room);
	npu_state_bytes(s, &ex->fault, sizeof(ex->fault));
	if (!ex->fresh)
		npu_state_sparse(s, "SRAM", ex->sram, ex->sram_size);
	if (s->loading && !s->failed && ex->hazards)
		npu_hazards_resume(ex->hazards, ex->sram_size, &ex->time);
}

static bool make_room(struct npu_state *s, struct npu_run *run, uint32_t size)
{
	uint8_t *room;

	if (!s->loading || size <= run->program_room)
		return true;
	if (!npu_state_has(s, size))
		return false;
	room = realloc(run->program, size);
	if (!room)
		return npu_state_refuse(s, "out of memory for a program of %u bytes", size);
	run->program = room;
	run->program_room = size;
	return true;
}

static void visit_program(struct npu_state *s, struct npu_core *npu,
			  struct npu_run *run)
{
	uint32_t size = run->desc.program_size;
	struct npu_fault fault;

	if (s->failed || !make_room(s, run, size))
		return;
	npu_state_bytes(s, run->program, size);
	if (s->failed || !s->loading)
		return;
	if (!npu_program_check(npu, run, &fault)) {
		npu_state_refuse(s, "its program is bad: code %u at instruction %u, field %u",
				 fault.code, fault.pc, fault.operand);
		return;
	}
	run->yields = npu_program_yields(run);
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu_job_begin_core(run, run->cores[i]);
}

/* The core of a job that is suspended is none that others cannot have. */
static bool take_core(struct npu_state *s, struct npu_core *npu, struct npu_run *run,
		      uint32_t core, bool suspended)
{
	if (!suspended && !(npu->free_cores >> core & 1))
		return npu_state_refuse(s, "core %u has two jobs", core);
	npu_sched_place(npu, run, run->num_cores, core);
	if (!suspended)
		npu->free_cores &= ~(1u << core);
	run->num_cores++;
	return true;
}

static void visit_cores(struct npu_state *s, struct npu_core *npu, struct npu_run *run,
			bool suspended)
{
	unsigned int count = npu_job_cores(npu, run);

	for (unsigned int i = 0; i < count && !s->failed; i++) {
		uint32_t core = s->loading ? 0 : run->cores[i]->unit;

		npu_state_u32(s, "core", &core, npu->profile.cores - 1);
		if (s->loading && !s->failed)
			take_core(s, npu, run, core, suspended);
	}
}

/* Cores that have not come to a barrier or an end; before, it is the loader. */
static unsigned int pending(const struct npu_run *run)
{
	unsigned int count = !run->loaded;

	for (unsigned int i = 0; run->loaded && i < run->num_cores; i++)
		count += run->cores[i]->state == NPU_EXEC_READY;
	return count;
}

static void check_suspended(struct npu_state *s, struct npu_run *run)
{
	if (!run->loaded || run->stuck || run->due_ns)
		npu_state_refuse(s, "a job is suspended that has not begun, or is over");
	else if (run->pending || !npu_sched_yielded(run))
		npu_state_refuse(s, "a job is suspended, and not at a YIELD");
}

static void check_running(struct npu_state *s, struct npu_run *run, bool suspended)
{
	if (s->failed || !s->loading)
		return;
	run->pending = pending(run);
	if (run->done.status > NPU_JOB_ABORTED)
		npu_state_refuse(s, "a job has ended as %u", run->done.status);
	else if (run->stuck && run->loaded)
		npu_state_refuse(s, "a job is stuck that has begun");
	else if (run->parked && !run->stuck)
		npu_state_refuse(s, "a job is parked that is not stuck");
	else if (suspended)
		check_suspended(s, run);
	else if (!run->pending == !run->due_ns)
		npu_state_refuse(s, "a job %s", run->due_ns ? "is over before its time" :
				 "waits for nothing");
}

static void visit_running(struct npu_state *s, struct npu_core *npu,
			  struct npu_run *run, bool suspended)
{
	npu_state_bool(s, "stuck", &run->stuck);
	npu_state_bool(s, "parked", &run->parked);
	npu_state_bool(s, "unreadable", &run->unreadable);
	npu_state_bool(s, "loaded", &run->loaded);
	run->began = run->loaded;
	run->resumed = false;
	npu_state_u64(s, &run->start_ns);
	npu_state_u64(s, &run->due_ns);
	npu_state_u64(s, &run->away_ns);
	npu_state_bytes(s, &run->done, sizeof(run->done));
	npu_state_bytes(s, run->counters, sizeof(run->counters));
	visit_cores(s, npu, run, suspended);
	if (run->loaded)
		visit_program(s, npu, run);
	for (unsigned int i = 0; run->loaded && i < run->num_cores && !s->failed; i++)
		visit_core(s, run, run->cores[i]);
	check_running(s, run, suspended);
}

void npu_state_run(struct npu_state *s, struct npu_core *npu, struct npu_run *run)
{
	enum npu_run_state state;

	state = npu_state_number(s, "state of its job", run->state, NPU_RUN_RUNNING);
	if (state == NPU_RUN_FETCHING)
		npu_state_refuse(s, "its job is being fetched");
	if (s->failed || state == NPU_RUN_IDLE)
		return;
	run->stop = (int)npu_state_number(s, "stop", (uint32_t)run->stop, NPU_STOP_KILL);
	npu_state_u32(s, "ring of its job", &run->ring, UINT32_MAX);
	npu_state_bytes(s, &run->desc, sizeof(run->desc));
	if (s->failed)
		return;
	if (s->loading)
		npu_job_take(npu, run);
	if (s->loading && state >= NPU_RUN_SUSPENDED && run->done.fault.code) {
		npu_state_refuse(s, "a job runs whose descriptor is bad at byte %u",
				 run->done.fault.operand);
		return;
	}
	if (state >= NPU_RUN_SUSPENDED)
		visit_running(s, npu, run, state == NPU_RUN_SUSPENDED);
	run->state = state;
}

/* Whether a thread is to take @ex up. */
static bool waits_for_thread(const struct npu_exec *ex)
{
	const struct npu_run *run = ex->run;

	if (!run || run->state != NPU_RUN_RUNNING || run->due_ns || run->parked)
		return false;
	return run->loaded ? ex->state == NPU_EXEC_READY : ex == run->cores[0];
}

/* The one on core number @core of the machine that a thread is to take up, or NULL. */
static struct npu_exec *waiting_on(const struct npu_core *npu, uint32_t core)
{
	for (unsigned int i = 0; i < npu->num_execs; i++)
		if (npu->exec[i]->unit == core && waits_for_thread(npu->exec[i]))
			return npu->exec[i];
	return NULL;
}

static void load_ready(struct npu_state *s, struct npu_core *npu, uint32_t count)
{
	uint32_t left = 0, core = 0;

	for (unsigned int i = 0; i < npu->profile.cores; i++)
		left |= (uint32_t)!!waiting_on(npu, i) << i;
	for (uint32_t i = 0; i < count && !s->failed; i++) {
		npu_state_u32(s, "core that waits", &core, npu->profile.cores - 1);
		if (!(left >> core & 1)) {
			npu_state_refuse(s, "core %u waits for a thread, and has no work", core);
			return;
		}
		left &= ~(1u << core);
		npu_sched_ready(npu, waiting_on(npu, core));
	}
	if (left)
		npu_state_refuse(s, "core %d has work, and waits for no thread",
				 __builtin_ctz(left));
}

void npu_state_ready(struct npu_state *s, struct npu_core *npu)
{
	uint32_t count = 0;

	for (const struct npu_exec *ex = npu->ready; ex; ex = ex->next)
		count++;
	npu_state_u32(s, "cores that wait", &count, npu->profile.cores);
	if (s->failed)
		return;
	if (s->loading) {
		load_ready(s, npu, count);
		return;
	}
	for (const struct npu_exec *ex = npu->ready; ex; ex = ex->next)
		npu_state_number(s, "core that waits", ex->unit, NPU_MAX_CORES);
}
