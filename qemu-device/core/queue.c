// SPDX-License-Identifier: MIT
/* Rings, doorbells, aborts and resets of a queue: hardware.rst, "Queues". */
#include "device.h"

#include <string.h>

#define LOW(x)	((uint32_t)(x))
#define HIGH(x)	((uint32_t)((x) >> 32))

static void set_low(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & ~0xffffffffull) | value;
}

static void set_high(uint64_t *reg, uint32_t value)
{
	*reg = (uint64_t)value << 32 | LOW(*reg);
}

static uint64_t *abort_word(struct npu_queue *queue, uint32_t index)
{
	return &queue->aborted[index % (1u << queue->log2) / 64];
}

static uint64_t abort_bit(const struct npu_queue *queue, uint32_t index)
{
	return 1ull << (index % (1u << queue->log2) % 64);
}

void npu_queue_init(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	queue->enabled = false;
	queue->error = false;
	queue->error_event = false;
	queue->resetting = false;
	queue->stuck = false;
	queue->base_reg = 0;
	queue->size_reg = 0;
	queue->log2 = 0;
	queue->ring++;
	queue->head = 0;
	queue->tail = 0;
	queue->vector = NPU_NO_VECTOR;
	queue->priority = 0;
	queue->job_id = 0;
}

bool npu_queue_runnable(const struct npu_core *npu, unsigned int q)
{
	const struct npu_queue *queue = &npu->queues[q];

	return npu->enabled && !npu->fatal && !npu->resetting &&
	       queue->enabled && !queue->error && queue->head != queue->tail;
}

bool npu_queue_head_aborted(const struct npu_queue *queue)
{
	uint32_t slot = queue->head % (1u << queue->log2);

	return queue->aborted[slot / 64] & abort_bit(queue, queue->head);
}

/* A fetched job goes back to the ring. */
static void unfetch(struct npu_queue *queue)
{
	if (queue->run.state == NPU_RUN_WAITING)
		queue->run.state = NPU_RUN_IDLE;
}

static bool has_begun(const struct npu_run *run)
{
	return run->state == NPU_RUN_RUNNING || run->state == NPU_RUN_SUSPENDED;
}

static void stop_run(struct npu_run *run, enum npu_stop stop)
{
	if (has_begun(run))
		__atomic_store_n(&run->stop, stop, __ATOMIC_RELAXED);
}

void npu_queue_kill(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	queue->error_event = false;
	unfetch(queue);
	stop_run(&queue->run, NPU_STOP_KILL);
	npu_sched_wake(npu, &queue->run);
}

void npu_queue_fail(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	queue->error = true;
	queue->error_event = true;
	unfetch(queue);
	npu_sched_allocate(npu);
	npu_sched_kick(npu);
}

void npu_queue_settle(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	if (!queue->resetting || queue->stuck || queue->threads ||
	    queue->run.state != NPU_RUN_IDLE)
		return;
	queue->resetting = false;
	queue->tail = queue->head;
}

void npu_queue_advance(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	queue->job_id = 0;
	/* Its ring may have been given up meanwhile. */
	if (queue->run.ring != queue->ring)
		return;
	*abort_word(queue, queue->head) &= ~abort_bit(queue, queue->head);
	queue->head++;
	queue->arrival = npu->tickets++;
}

static void enable(struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	if (queue->enabled || queue->error)
		return;
	if (queue->base_reg % 64 || queue->size_reg < 1 ||
	    queue->size_reg > NPU_QUEUE_LOG2_MAX) {
		npu_queue_fail(npu, q);
		return;
	}
	queue->base = queue->base_reg;
	queue->log2 = queue->size_reg;
	queue->ring++;
	queue->head = 0;
	queue->tail = 0;
	memset(queue->aborted, 0, sizeof(queue->aborted));
	queue->enabled = true;
}

static void write_ctrl(struct npu_core *npu, unsigned int q, uint32_t value,
		       struct npu_effect *effect)
{
	struct npu_queue *queue = &npu->queues[q];

	if (queue->resetting)
		return;
	if (value & NPU_Q_CTRL_RESET) {
		queue->enabled = false;
		queue->error = false;
		queue->resetting = true;
		queue->stuck = npu_inject_now(npu, NPU_INJECT_STUCK_QUEUE);
		npu_queue_kill(npu, q);
		npu_queue_settle(npu, q);
		effect->traced = true;
		effect->trace.kind = NPU_TRACE_QUEUE_RESET;
	} else if (value & NPU_Q_CTRL_ENABLE) {
		enable(npu, q);
	} else {
		queue->enabled = false;
		unfetch(queue);
	}
	npu_sched_allocate(npu);
	npu_sched_kick(npu);
}

static void write_tail(struct npu_core *npu, unsigned int q, uint32_t tail,
		       struct npu_effect *effect)
{
	struct npu_queue *queue = &npu->queues[q];
	uint32_t before = queue->tail - queue->head, now = tail - queue->head;

	if (!queue->enabled || queue->error)
		return;
	if (now > 1u << queue->log2 || now < before) {
		npu_queue_fail(npu, q);
		return;
	}
	if (!before)
		queue->arrival = npu->tickets++;
	queue->tail = tail;
	effect->traced = true;
	effect->trace.kind = NPU_TRACE_DOORBELL;
	effect->trace.arg = tail;
	npu_sched_kick(npu);
}

static void write_abort(struct npu_core *npu, unsigned int q, uint32_t index)
{
	struct npu_queue *queue = &npu->queues[q];
	struct npu_run *run = &queue->run;

	if (index - queue->head >= queue->tail - queue->head)
		return;
	if (index == queue->head && has_begun(run) &&
	    run->ring == queue->ring) {
		if (run->stop == NPU_STOP_NONE)
			stop_run(run, NPU_STOP_ABORT);
		npu_sched_kick(npu);
		return;
	}
	*abort_word(queue, index) |= abort_bit(queue, index);
	npu_sched_kick(npu);
}

void npu_queue_write(struct npu_core *npu, unsigned int q, uint32_t reg,
		     uint32_t value, struct npu_effect *effect)
{
	struct npu_queue *queue = &npu->queues[q];

	effect->trace.queue = q;
	switch (reg) {
	case NPU_Q_CTRL:
		write_ctrl(npu, q, value, effect);
		break;
	case NPU_Q_BASE_LO:
		set_low(&queue->base_reg, value);
		break;
	case NPU_Q_BASE_HI:
		set_high(&queue->base_reg, value);
		break;
	case NPU_Q_SIZE:
		queue->size_reg = value;
		break;
	case NPU_Q_VECTOR:
		queue->vector = value;
		break;
	case NPU_Q_TAIL:
		write_tail(npu, q, value, effect);
		break;
	case NPU_Q_ABORT:
		write_abort(npu, q, value);
		break;
	case NPU_Q_PRIORITY:
		queue->priority = value < NPU_Q_PRIORITY_MAX ? value :
							       NPU_Q_PRIORITY_MAX;
		npu_sched_allocate(npu);
		npu_sched_kick(npu);
		break;
	}
}

static uint32_t read_status(const struct npu_queue *queue)
{
	uint32_t status = 0;

	if (queue->enabled)
		status |= NPU_Q_STATUS_ENABLED;
	if (queue->run.state == NPU_RUN_SUSPENDED)
		status |= NPU_Q_STATUS_SUSPENDED;
	else if (queue->job_id)
		status |= NPU_Q_STATUS_RUNNING;
	if (queue->resetting)
		status |= NPU_Q_STATUS_RESETTING;
	if (queue->error)
		status |= NPU_Q_STATUS_ERROR;
	return status;
}

static uint32_t read_pc(const struct npu_queue *queue)
{
	if (!queue->job_id)
		return 0;
	return __atomic_load_n(&queue->run.cores[0]->pc, __ATOMIC_RELAXED);
}

static uint32_t read_progress(const struct npu_queue *queue)
{
	uint64_t done = 0;

	if (!queue->job_id)
		return 0;
	for (unsigned int i = 0; i < queue->run.num_cores; i++)
		done += __atomic_load_n(&queue->run.cores[i]->done,
					__ATOMIC_RELAXED);
	return LOW(done);
}

uint32_t npu_queue_read(struct npu_core *npu, unsigned int q, uint32_t reg)
{
	const struct npu_queue *queue = &npu->queues[q];

	switch (reg) {
	case NPU_Q_CTRL:
		return queue->enabled ? NPU_Q_CTRL_ENABLE : 0;
	case NPU_Q_STATUS:
		return read_status(queue);
	case NPU_Q_BASE_LO:
		return LOW(queue->base_reg);
	case NPU_Q_BASE_HI:
		return HIGH(queue->base_reg);
	case NPU_Q_SIZE:
		return queue->size_reg;
	case NPU_Q_VECTOR:
		return queue->vector;
	case NPU_Q_HEAD:
		return queue->head;
	case NPU_Q_TAIL:
		return queue->tail;
	case NPU_Q_JOB_LO:
		return LOW(queue->job_id);
	case NPU_Q_JOB_HI:
		return HIGH(queue->job_id);
	case NPU_Q_PC:
		return read_pc(queue);
	case NPU_Q_PROGRESS:
		return read_progress(queue);
	case NPU_Q_PRIORITY:
		return queue->priority;
	default:
		return 0;
	}
}
