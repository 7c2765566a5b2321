// SPDX-License-Identifier: MIT
/* From what the device wrote of a job to a chunk of the file. */
#include <stdlib.h>

#include <npu/buffer.h>
#include <npu/trace.h>

#include "collector.h"
#include "runtime/queue_internal.h"
#include "tracer.h"

static const struct npu_completion nothing;

/* The result, if the device wrote it. */
static const struct npu_completion *completion(const struct trace_submit_job *job,
					       uint64_t seqno)
{
	if (!job->result || __atomic_load_n(&job->result->id, __ATOMIC_ACQUIRE) != seqno)
		return NULL;
	return job->result;
}

/* Records that are there, whatever the header says of them. */
static uint64_t records_size(const struct npu_trace_header *header, uint64_t part)
{
	uint64_t room = (part - sizeof(*header)) / sizeof(struct npu_trace_record);
	uint64_t n = header->records < room ? header->records : room;

	return n * sizeof(struct npu_trace_record);
}

/* Parts that the device has begun, into @iov; their number. */
static uint32_t find_parts(const struct trace_collector *c, const struct trace_submit_job *job,
			   struct iovec *iov)
{
	uint64_t part = trace_part_size(c->tracer, job->cores);
	uint32_t n = 0;

	for (uint32_t i = 0; i < job->cores; i++) {
		char *data = (char *)npu_buffer_data(job->slot->buffer) + TRACE_SLOT_RESULT +
			     i * part;
		const struct npu_trace_header *header = (void *)data;

		if (header->record_size != sizeof(struct npu_trace_record))
			continue;
		iov[n++] = (struct iovec){
			data, sizeof(*header) + records_size(header, part),
		};
	}
	return n;
}

static void write_job(struct trace_collector *c, const struct trace_submit *s, uint32_t i,
		      uint64_t ended_ns)
{
	const struct trace_submit_job *job = &s->jobs[i];
	const struct npu_completion *done = completion(job, s->first_seqno + i);
	struct npu_trace_job record = {
		.submit_ns = s->submit_ns, .accepted_ns = s->accepted_ns,
		.ended_ns = ended_ns, .seqno = s->first_seqno + i,
		.program = job->program, .vm = c->queue->vm->id,
		.context = c->queue->id, .has_completion = !!done,
		.untraced = !job->slot,
	};
	struct iovec iov[3 + NPU_MAX_CORES] = {
		{ 0 }, { &record, sizeof(record) },
		{ (void *)(done ? done : &nothing), sizeof(*done) },
	};

	if (job->slot && job->cores <= NPU_MAX_CORES)
		record.parts = find_parts(c, job, iov + 3);
	tracer_chunk(c->tracer, NPU_TRACE_JOB, iov, 3 + record.parts);
	tracer_count(c->tracer, record.untraced);
}

void trace_write_jobs(struct trace_collector *c, const struct trace_submit *s)
{
	uint64_t ended_ns = tracer_now_ns();

	for (uint32_t i = 0; i < s->num_jobs; i++)
		write_job(c, s, i, ended_ns);
}
