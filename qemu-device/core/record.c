// SPDX-License-Identifier: MIT
/* The trace of a job, written by its cores: record.h. */
#include "record.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "device.h"

#define HEADER_SIZE	sizeof(struct npu_trace_header)
#define RECORD_SIZE	sizeof(struct npu_trace_record)
#define PART_ALIGN	64

static_assert(HEADER_SIZE == 64 && RECORD_SIZE == 96, "as in the contract");

/* Field of the operand in SRAM that an engine writes; of ST, that it reads. */
static const uint8_t result_field[NPU_NUM_ENGINES] = {
	[NPU_ENGINE_ST] = 1, [NPU_ENGINE_MAT] = NPU_MM_C,
};

static struct npu_fault fault_at(uint32_t code, size_t operand, uint64_t value)
{
	return (struct npu_fault){
		.code = code, .core = NPU_NO_INSN, .pc = NPU_NO_INSN,
		.operand = (uint32_t)operand, .address = value,
	};
}

static uint64_t part_size(uint64_t size, unsigned int cores)
{
	return size / cores / PART_ALIGN * PART_ALIGN;
}

struct npu_fault npu_record_check(const struct npu_core *npu,
				  const struct npu_job *job)
{
	const size_t trace = offsetof(struct npu_job, trace);
	const size_t size = offsetof(struct npu_job, trace_size);
	unsigned int cores = job->cores ? job->cores : npu->profile.cores;
	uint64_t end;

	if (!(job->flags & NPU_JOB_TRACE)) {
		if (job->trace)
			return fault_at(NPU_FAULT_JOB, trace, job->trace);
		if (job->trace_size)
			return fault_at(NPU_FAULT_JOB, size, job->trace_size);
		return (struct npu_fault){ 0 };
	}
	if (job->trace % PART_ALIGN)
		return fault_at(NPU_FAULT_JOB, trace, job->trace);
	if (part_size(job->trace_size, cores) < HEADER_SIZE ||
	    __builtin_add_overflow(job->trace, job->trace_size, &end))
		return fault_at(NPU_FAULT_JOB, size, job->trace_size);
	return (struct npu_fault){ 0 };
}

void npu_record_start(const struct npu_run *run, struct npu_exec *ex)
{
	uint64_t part = part_size(run->desc.trace_size, run->num_cores), room;

	ex->record.on = run->desc.flags & NPU_JOB_TRACE;
	ex->record.count = 0;
	if (!ex->record.on)
		return;
	room = (part - HEADER_SIZE) / RECORD_SIZE;
	ex->record.va = run->desc.trace + ex->index * part;
	ex->record.room = room < NPU_TRACE_NONE ? (uint32_t)room : NPU_TRACE_NONE - 1;
}

void npu_record_begin(struct npu_exec *ex)
{
	ex->record.sram = 0;
	ex->record.sram_size = 0;
	memcpy(ex->record.before, ex->counters, sizeof(ex->record.before));
}

void npu_record_touch(struct npu_exec *ex, unsigned int field, uint64_t base,
		      uint64_t extent)
{
	unsigned int engine = NPU_OPCODE_ENGINE(ex->insns[ex->pc].opcode);

	if (field != result_field[engine])
		return;
	/* SRAM is far smaller than that. */
	ex->record.sram = (uint32_t)base;
	ex->record.sram_size = (uint32_t)extent;
}

/* The instruction's share of the counters. */
static void count(const struct npu_exec *ex, struct npu_trace_record *r)
{
	unsigned __int128 fj;
	const struct npu_profile *p = &ex->npu->profile;
	uint64_t c[NPU_CNT_SLOTS];

	for (unsigned int i = 0; i < NPU_CNT_SLOTS; i++)
		c[i] = ex->counters[i] - ex->record.before[i];
	r->mem_stall = c[NPU_CNT_MEM_STALL];
	r->sram_stall = c[NPU_CNT_SRAM_STALL];
	r->mem = c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE];
	r->work = c[NPU_CNT_MACS_I8] + c[NPU_CNT_MACS_I4] +
		  c[NPU_CNT_MACS_F16] + c[NPU_CNT_VEC_OPS];
	fj = npu_energy_fj(p, c);
	r->energy_fj = fj < UINT64_MAX ? (uint64_t)fj : UINT64_MAX;
}

/* As a fault of the job, not of the instruction, which is done. */
static bool write_fault(struct npu_exec *ex, const struct npu_fault *cause)
{
	ex->state = NPU_EXEC_FAULTED;
	ex->fault = fault_at(cause->code, offsetof(struct npu_job, trace),
			     cause->address);
	ex->fault.access = cause->access;
	return false;
}

bool npu_record_insn(struct npu_exec *ex, const struct npu_insn *insn)
{
	const struct npu_slice *slice = &ex->time.slice;
	struct npu_recorder *rec = &ex->record;
	struct npu_trace_record r = {
		.issue = slice->issue, .start = slice->start, .end = slice->end,
		.pc = ex->pc, .tag = insn->tag, .stall = slice->stall,
		.after = slice->after, .token = slice->token,
		.opcode = insn->opcode, .engine = NPU_OPCODE_ENGINE(insn->opcode),
		.sram = rec->sram, .sram_size = rec->sram_size,
	};
	struct npu_fault fault = { 0 };

	if (rec->count == rec->room)
		return true;
	count(ex, &r);
	if (!npu_mmu_write(&ex->mmu, rec->va + HEADER_SIZE + rec->count * RECORD_SIZE,
			   &r, sizeof(r), &fault))
		return write_fault(ex, &fault);
	rec->count++;
	return true;
}

static bool write_header(struct npu_run *run, const struct npu_exec *ex,
			 struct npu_fault *fault)
{
	const struct npu_trace_header header = {
		.record_size = RECORD_SIZE, .core = ex->index, .unit = ex->unit,
		.records = ex->record.count, .insns = ex->done,
		.cycles = ex->time.cp,
	};

	return npu_mmu_write(&run->mmu, ex->record.va, &header, sizeof(header),
			     fault);
}

void npu_record_finish(struct npu_run *run)
{
	struct npu_fault fault = { 0 };

	if (!run->began || !(run->desc.flags & NPU_JOB_TRACE))
		return;
	for (unsigned int i = 0; i < run->num_cores; i++) {
		if (write_header(run, run->cores[i], &fault))
			continue;
		if (run->done.status == NPU_JOB_DONE) {
			run->done.status = NPU_JOB_FAULT;
			run->done.fault = fault_at(fault.code, offsetof(struct npu_job, trace),
						   fault.address);
			run->done.fault.access = fault.access;
		}
		return;
	}
}
