/* SPDX-License-Identifier: MIT */
/* A queue's traces on their way into the file. */
#ifndef NPU_TRACE_COLLECTOR_H
#define NPU_TRACE_COLLECTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <npu/queue.h>

struct npu_buffer;
struct npu_completion;
struct npu_queue;
struct npu_tracer;

/**
 * struct trace_slot - memory for the trace of one job, and for its result
 * @buffer: memory
 * @va: where the device finds it
 * @next: of those that no job uses
 */
struct trace_slot {
	struct npu_buffer *buffer;
	uint64_t va;
	struct trace_slot *next;
};

/**
 * struct trace_submit - jobs of one submit
 * @next: the submit behind it
 * @point: of the queue's timeline
 * @first_seqno: number of its first job
 * @submit_ns: before it
 * @accepted_ns: and behind
 * @num_jobs: entries of @jobs
 * @jobs: program, cores, memory (or NULL) and result (or NULL) of each
 */
struct trace_submit {
	struct trace_submit *next;
	uint64_t point, first_seqno, submit_ns, accepted_ns;
	uint32_t num_jobs;
	struct trace_submit_job {
		uint64_t program;
		uint32_t cores;
		struct trace_slot *slot;
		const struct npu_completion *result;
	} jobs[];
};

/**
 * struct trace_collector - of one queue
 * @queue: that; no reference
 * @tracer: its device's
 * @thread: waits for jobs
 * @submit_ns: when the submit under way began; the queue's lock protects it, as the next two
 * @prepared: memory of its jobs
 * @num_slots: slots that were made
 * @lock: protects what follows
 * @changed: there is a submit, or one less, or @quit
 * @free: slots that no job uses
 * @first: submit to wait for next
 * @last: where the next one goes
 * @done: point up to which all is in the file
 * @quit: all submits have ended: come to an end
 */
struct trace_collector {
	struct npu_queue *queue;
	struct npu_tracer *tracer;
	pthread_t thread;
	uint64_t submit_ns;
	struct trace_slot *prepared[NPU_QUEUE_MAX_JOBS];
	uint32_t num_slots;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct trace_slot *free;
	struct trace_submit *first, **last;
	uint64_t done;
	bool quit;
};

#define TRACE_SLOT_RESULT	512	/* bytes for the result; the trace follows */

/* Bytes of a slot that are one core's, of @cores. */
uint64_t trace_part_size(const struct npu_tracer *tracer, uint32_t cores);
/* Put the jobs of a submit that has ended into the file. */
void trace_write_jobs(struct trace_collector *c, const struct trace_submit *s);

#endif /* NPU_TRACE_COLLECTOR_H */
