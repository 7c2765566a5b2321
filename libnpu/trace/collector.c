// SPDX-License-Identifier: MIT
/* Memory for traces, and the thread that waits until it is filled. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/buffer.h>
#include <npu/vm.h>

#include "collector.h"
#include "drm/npu_accel.h"
#include "runtime/queue_internal.h"
#include "trace.h"
#include "tracer.h"

uint64_t trace_part_size(const struct npu_tracer *tracer, uint32_t cores)
{
	return (tracer->buffer_size - TRACE_SLOT_RESULT) / cores / 64 * 64;
}

static struct trace_submit *next_submit(struct trace_collector *c)
{
	struct trace_submit *s;

	pthread_mutex_lock(&c->lock);
	while (!c->first && !c->quit)
		pthread_cond_wait(&c->changed, &c->lock);
	s = c->first;
	pthread_mutex_unlock(&c->lock);
	return s;
}

static void give_slots_back(struct trace_collector *c, const struct trace_submit *s)
{
	for (uint32_t i = 0; i < s->num_jobs; i++) {
		struct trace_slot *slot = s->jobs[i].slot;

		if (!slot)
			continue;
		slot->next = c->free;
		c->free = slot;
	}
}

static void *collect(void *arg)
{
	struct trace_collector *c = arg;
	const struct npu_device *device = c->queue->vm->device;
	struct trace_submit *s;

	while ((s = next_submit(c))) {
		device->backend->sync_wait(device, c->queue->syncobj, s->point, INT64_MAX);
		trace_write_jobs(c, s);
		pthread_mutex_lock(&c->lock);
		c->first = s->next;
		if (!c->first)
			c->last = &c->first;
		c->done = s->point;
		give_slots_back(c, s);
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
		free(s);
	}
	return NULL;
}

static int start_thread(struct trace_collector *c)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&c->thread, NULL, collect, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* The queue's collector, made for its first submit; NULL: there is none. */
static struct trace_collector *collector_of(struct npu_queue *queue)
{
	struct npu_tracer *tracer = queue->vm->device->tracer;
	struct trace_collector *c = queue->collector;

	if (!tracer || c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->queue = queue;
	c->tracer = tracer;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (start_thread(c)) {
		pthread_cond_destroy(&c->changed);
		pthread_mutex_destroy(&c->lock);
		free(c);
		return NULL;
	}
	queue->collector = c;
	return c;
}

static struct trace_slot *new_slot(struct trace_collector *c)
{
	struct npu_vm *vm = c->queue->vm;
	struct npu_error err = { 0 };
	struct trace_slot *slot;

	if (c->num_slots == c->tracer->buffers)
		return NULL;
	slot = calloc(1, sizeof(*slot));
	if (!slot)
		return NULL;
	if (npu_buffer_create(vm->device, vm, c->tracer->buffer_size, &slot->buffer, &err)) {
		free(slot);
		return NULL;
	}
	if (npu_vm_map(vm, slot->buffer, 0, &slot->va, &err)) {
		npu_buffer_destroy(slot->buffer);
		free(slot);
		return NULL;
	}
	c->num_slots++;
	return slot;
}

/* Never waits: a program must not come to depend on its jobs' ends by being watched. */
static struct trace_slot *take_slot(struct trace_collector *c)
{
	struct trace_slot *slot;

	if (!tracer_has_room(c->tracer))
		return NULL;
	pthread_mutex_lock(&c->lock);
	slot = c->free;
	if (slot)
		c->free = slot->next;
	pthread_mutex_unlock(&c->lock);
	return slot ? slot : new_slot(c);
}

/* Headers that the device does not write are to read as zero. */
static void clear_slot(const struct trace_collector *c, struct trace_slot *slot,
		       uint32_t cores)
{
	char *data = npu_buffer_data(slot->buffer);

	memset(data, 0, TRACE_SLOT_RESULT);
	for (uint32_t i = 0; i < cores; i++)
		memset(data + TRACE_SLOT_RESULT + i * trace_part_size(c->tracer, cores), 0,
		       sizeof(struct npu_trace_header));
}

static uint32_t cores_of(const struct npu_queue *queue, const struct drm_npu_job *job)
{
	uint32_t all = queue->vm->device->info.cores;

	return job->cores && job->cores <= all ? job->cores : all;
}

void npu_trace_prepare(struct npu_queue *queue, struct drm_npu_job *jobs,
		       uint32_t num_jobs)
{
	struct trace_collector *c = collector_of(queue);

	if (!c)
		return;
	for (uint32_t i = 0; i < num_jobs; i++) {
		uint32_t cores = cores_of(queue, &jobs[i]);
		struct trace_slot *slot = take_slot(c);

		c->prepared[i] = slot;
		if (!slot)
			continue;
		clear_slot(c, slot, cores);
		jobs[i].trace = slot->va + TRACE_SLOT_RESULT;
		jobs[i].trace_size = trace_part_size(c->tracer, cores) * cores;
		if (!jobs[i].result)
			jobs[i].result = slot->va;
	}
	c->submit_ns = tracer_now_ns();
}

static struct trace_submit *describe(const struct trace_collector *c,
				     const struct drm_npu_job *jobs, uint32_t num_jobs,
				     const struct npu_fence *fence)
{
	struct trace_submit *s = calloc(1, sizeof(*s) + num_jobs * sizeof(*s->jobs));

	if (!s)
		return NULL;
	s->num_jobs = num_jobs;
	for (uint32_t i = 0; i < num_jobs; i++) {
		struct trace_slot *slot = c->prepared[i];

		s->jobs[i].program = jobs[i].program;
		s->jobs[i].cores = cores_of(c->queue, &jobs[i]);
		s->jobs[i].slot = slot;
		if (fence)
			s->jobs[i].result = fence->slots[i]->record;
		else if (slot)
			s->jobs[i].result = npu_buffer_data(slot->buffer);
	}
	return s;
}

void npu_trace_submitted(struct npu_queue *queue, const struct drm_npu_job *jobs,
			 uint32_t num_jobs, int ret, uint64_t first_seqno,
			 const struct npu_fence *fence)
{
	struct trace_collector *c = queue->collector;
	struct trace_submit *s;

	if (!c)
		return;
	s = describe(c, jobs, num_jobs, fence);
	if (!s)
		return;	/* their memory may be written to, and is not used again */
	s->submit_ns = c->submit_ns;
	s->accepted_ns = tracer_now_ns();
	s->first_seqno = first_seqno;
	s->point = queue->point;
	pthread_mutex_lock(&c->lock);
	if (ret) {
		give_slots_back(c, s);
		free(s);
	} else {
		*c->last = s;
		c->last = &s->next;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

void npu_trace_settle(struct npu_fence *fence)
{
	struct trace_collector *c = fence->queue->collector;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	while (c->done < fence->point && c->first && c->first->point <= fence->point)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

void npu_trace_queue_gone(struct npu_queue *queue)
{
	struct trace_collector *c = queue->collector;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->quit = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	while (c->free) {
		struct trace_slot *slot = c->free;

		c->free = slot->next;
		npu_vm_unmap(queue->vm, slot->va, npu_buffer_size(slot->buffer), NULL);
		npu_buffer_destroy(slot->buffer);
		free(slot);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
	queue->collector = NULL;
}
