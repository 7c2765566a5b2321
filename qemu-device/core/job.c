// SPDX-License-Identifier: MIT
/* A job from its descriptor to its completion. */
#include "device.h"

#include <stdlib.h>
#include <string.h>

static struct npu_fault job_fault(uint32_t code, uint32_t operand,
				  uint64_t value)
{
	return (struct npu_fault){
		.code = code, .core = NPU_NO_INSN, .pc = NPU_NO_INSN,
		.operand = operand, .address = value,
	};
}

#define FIELD(name)	offsetof(struct npu_job, name)

static bool size_is_good(uint32_t size)
{
	return size % sizeof(struct npu_insn) == 0 &&
	       size >= sizeof(struct npu_program) + sizeof(struct npu_insn) &&
	       size <= NPU_PROGRAM_SIZE_MAX;
}

static bool reserved_is_zero(const struct npu_job *job)
{
	uint64_t any = job->reserved0;

	for (unsigned int i = 0; i < sizeof(job->reserved1) / 8; i++)
		any |= job->reserved1[i];
	return !any;
}

struct npu_fault npu_job_check(const struct npu_core *npu,
			       const struct npu_job *job)
{
	if (!job->id)
		return job_fault(NPU_FAULT_JOB, FIELD(id), job->id);
	if (job->flags & ~(NPU_JOB_IRQ | NPU_JOB_TRACE))
		return job_fault(NPU_FAULT_JOB, FIELD(flags), job->flags);
	if (job->program % sizeof(struct npu_program))
		return job_fault(NPU_FAULT_JOB, FIELD(program), job->program);
	if (!size_is_good(job->program_size))
		return job_fault(NPU_FAULT_JOB, FIELD(program_size),
				 job->program_size);
	if (job->cores > npu->profile.cores)
		return job_fault(NPU_FAULT_JOB, FIELD(cores), job->cores);
	if (job->budget > NPU_BUDGET_MAX)
		return job_fault(NPU_FAULT_JOB, FIELD(budget), job->budget);
	if (job->completion % 64)
		return job_fault(NPU_FAULT_JOB, FIELD(completion),
				 job->completion);
	if (job->result % 512)
		return job_fault(NPU_FAULT_JOB, FIELD(result), job->result);
	if (job->result && !job->result_id)
		return job_fault(NPU_FAULT_JOB, FIELD(result_id), 0);
	if (job->num_args > NPU_JOB_MAX_ARGS)
		return job_fault(NPU_FAULT_JOB, FIELD(num_args), job->num_args);
	if (!reserved_is_zero(job))
		return job_fault(NPU_FAULT_JOB, FIELD(reserved0), 0);
	return npu_record_check(npu, job);
}

void npu_job_take(struct npu_core *npu, struct npu_run *run)
{
	memset(&run->done, 0, sizeof(run->done));
	memset(run->counters, 0, sizeof(run->counters));
	run->began = false;
	npu_mmu_begin(&run->mmu, run->desc.context);
	run->done.fault = npu_job_check(npu, &run->desc);
	if (run->done.fault.code)
		run->done.status = NPU_JOB_FAULT;
}

bool npu_job_fetch(struct npu_core *npu, struct npu_run *run, uint64_t slot)
{
	if (!npu->ops->read(npu->opaque, slot, &run->desc, sizeof(run->desc)))
		return false;
	npu_job_take(npu, run);
	return true;
}

unsigned int npu_job_cores(const struct npu_core *npu, const struct npu_run *run)
{
	return run->desc.cores ? run->desc.cores : npu->profile.cores;
}

static bool load_fault(struct npu_run *run, struct npu_fault *fault)
{
	run->done.status = NPU_JOB_FAULT;
	run->done.fault = *fault;
	return false;
}

/* Copy the program: from here on only the copy counts. */
static bool read_program(struct npu_run *run, struct npu_fault *fault)
{
	uint32_t size = run->desc.program_size;
	uint8_t *room;

	*fault = job_fault(NPU_FAULT_NONE, FIELD(program), 0);
	if (size > run->program_room) {
		room = realloc(run->program, size);
		if (!room) {
			fault->code = NPU_FAULT_BUS;
			return false;
		}
		run->program = room;
		run->program_room = size;
	}
	return npu_mmu_read(&run->mmu, run->desc.program, run->program, size,
			    NPU_ACCESS_FETCH, fault);
}

void npu_job_begin_core(const struct npu_run *run, struct npu_exec *ex)
{
	const struct npu_program *header = (const void *)run->program;

	ex->sram_size = header->sram_size;
	ex->fresh = true;
	ex->state = NPU_EXEC_READY;
	ex->insns = (const void *)(header + 1);
	ex->depth = 0;
	ex->spent = 0;
	ex->budget = run->desc.budget ? run->desc.budget : NPU_BUDGET_MAX;
	memset(ex->regs, 0, sizeof(ex->regs));
	ex->regs[NPU_R_CORE] = ex->index;
	ex->regs[NPU_R_NCORES] = run->num_cores;
	memcpy(&ex->regs[NPU_R_ARG(0)], run->desc.args, 8 * run->desc.num_args);
	npu_mmu_begin(&ex->mmu, run->desc.context);
	npu_timing_begin(&ex->time);
	memset(ex->counters, 0, sizeof(ex->counters));
	memset(ex->sram_bytes, 0, sizeof(ex->sram_bytes));
	npu_record_start(run, ex);
	memset(&ex->fault, 0, sizeof(ex->fault));
}

static void trace_job(const struct npu_core *npu, const struct npu_run *run,
		      enum npu_trace_kind kind, uint64_t arg)
{
	struct npu_trace trace = {
		.kind = kind, .queue = run->queue, .context = run->desc.context,
		.pc = run->done.fault.pc, .job = run->desc.id, .arg = arg,
		.address = run->done.fault.address,
	};

	npu_trace(npu, &trace);
}

bool npu_job_begin(struct npu_core *npu, struct npu_run *run)
{
	struct npu_fault fault;

	run->start_ns = npu->ops->clock_ns(npu->opaque);
	run->done.clock_start = npu_clock(npu);
	run->done.cores = run->num_cores;
	trace_job(npu, run, NPU_TRACE_JOB_START, 0);
	if (run->unreadable) {
		fault = job_fault(NPU_FAULT_INJECTED, FIELD(program),
				  run->desc.program);
		fault.access = NPU_ACCESS_FETCH;
		return load_fault(run, &fault);
	}
	if (!read_program(run, &fault) || !npu_program_check(npu, run, &fault))
		return load_fault(run, &fault);
	run->yields = npu_program_yields(run);
	for (unsigned int i = 0; i < run->num_cores; i++)
		npu_job_begin_core(run, run->cores[i]);
	run->began = true;
	return true;
}

/* A core that ended while others wait at a barrier. */
static void barrier_fault(struct npu_exec *ex)
{
	ex->fault = (struct npu_fault){
		.code = NPU_FAULT_BARRIER, .core = ex->index, .pc = ex->pc,
		.opcode = ex->insns[ex->pc].opcode,
	};
}

/* All leave the barrier when the last has come. */
static void leave_barrier(struct npu_run *run)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < run->num_cores; i++)
		if (run->cores[i]->time.cp > last)
			last = run->cores[i]->time.cp;
	for (unsigned int i = 0; i < run->num_cores; i++) {
		run->cores[i]->time.cp = last;
		run->cores[i]->state = NPU_EXEC_READY;
	}
}

bool npu_job_meet(struct npu_core *npu, struct npu_run *run)
{
	unsigned int count[NPU_EXEC_STOPPED + 1] = { 0 };

	for (unsigned int i = 0; i < run->num_cores; i++)
		count[run->cores[i]->state]++;
	if (count[NPU_EXEC_BARRIER] == run->num_cores) {
		leave_barrier(run);
		return true;
	}
	run->done.status = NPU_JOB_DONE;
	for (unsigned int i = run->num_cores; i-- > 0; ) {
		struct npu_exec *ex = run->cores[i];

		if (ex->state == NPU_EXEC_ENDED && count[NPU_EXEC_BARRIER])
			barrier_fault(ex);
		if (!ex->fault.code)
			continue;
		run->done.status = NPU_JOB_FAULT;
		run->done.fault = ex->fault;
	}
	if (count[NPU_EXEC_STOPPED]) {
		run->done.status = NPU_JOB_ABORTED;
		run->done.fault = (struct npu_fault){ 0 };
	}
	/* Those that wait for cores which will not come are done as well. */
	for (unsigned int i = 0; i < run->num_cores; i++)
		if (run->cores[i]->state == NPU_EXEC_BARRIER)
			npu_timing_drain(&run->cores[i]->time);
	npu_counters_sum(npu, run);
	return false;
}

/* All but the id, then the id as one store, so that who sees it sees the rest. */
static bool write_result(struct npu_run *run)
{
	struct npu_fault fault = job_fault(NPU_FAULT_NONE, FIELD(result), 0);
	uint8_t *host = npu_mmu_page(&run->mmu, run->desc.result,
				     NPU_ACCESS_WRITE, &fault);

	if (!host) {
		if (run->done.status == NPU_JOB_DONE)
			load_fault(run, &fault);
		return false;
	}
	memcpy(host, &run->done, offsetof(struct npu_completion, id));
	__atomic_store_n((uint64_t *)(host + offsetof(struct npu_completion, id)),
			 run->desc.result_id, __ATOMIC_RELEASE);
	return true;
}

static bool write_completion(struct npu_core *npu, struct npu_run *run)
{
	uint64_t at = run->desc.completion;
	uint64_t id = offsetof(struct npu_completion, id);

	run->done.id = run->desc.id;
	return at % 64 == 0 && !run->lost &&
	       npu->ops->write(npu->opaque, at, &run->done, id) &&
	       npu->ops->write(npu->opaque, at + id, &run->done.id, sizeof(run->done.id));
}

bool npu_job_complete(struct npu_core *npu, struct npu_run *run)
{
	bool written;

	run->done.clock_end = npu_clock(npu);
	if (!run->done.cores)
		run->done.clock_start = run->done.clock_end;
	run->counters[NPU_CNT_JOBS] = 1;
	npu_record_finish(run);
	memcpy(run->done.counters, run->counters, sizeof(run->counters));
	if (run->desc.result && run->desc.result % 512 == 0 &&
	    run->desc.result_id)
		write_result(run);
	npu_mmu_drop(&run->mmu);
	if (run->done.fault.code)
		trace_job(npu, run, NPU_TRACE_FAULT, run->done.fault.code);
	written = write_completion(npu, run);
	trace_job(npu, run, NPU_TRACE_JOB_END, run->done.status);
	return written;
}

void npu_job_event(const struct npu_run *run, struct npu_event *event)
{
	*event = (struct npu_event){
		.type = run->done.status == NPU_JOB_ABORTED ? NPU_EVENT_ABORT :
							      NPU_EVENT_FAULT,
		.queue = run->queue,
		.job = run->desc.id,
		.context = run->desc.context,
		.fault = run->done.fault,
	};
}
