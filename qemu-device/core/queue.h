/* SPDX-License-Identifier: MIT */
/* Rings of jobs, and the job at the head of each. */
#ifndef NPU_CORE_QUEUE_H
#define NPU_CORE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "mmu.h"

struct npu_core;
struct npu_effect;
struct npu_exec;

#define NPU_QUEUE_LOG2_MAX	10
#define NPU_QUEUE_ENTRIES_MAX	(1u << NPU_QUEUE_LOG2_MAX)

/* Why a job must stop. */
enum npu_stop {
	NPU_STOP_NONE,
	NPU_STOP_ABORT,		/* ends as ABORTED */
	NPU_STOP_KILL,		/* ends without a trace: reset */
};

/* What a job does at its next YIELD if others wait for its cores. */
enum npu_give {
	NPU_GIVE_NOTHING,
	NPU_GIVE_AFTER_TURN,	/* leaves if it has had its time slice */
	NPU_GIVE_NOW,		/* leaves */
};

enum npu_run_state {
	NPU_RUN_IDLE,		/* no job, or not looked at yet */
	NPU_RUN_FETCHING,	/* a thread reads the descriptor */
	NPU_RUN_WAITING,	/* for cores */
	NPU_RUN_SUSPENDED,	/* has begun, and waits for cores again */
	NPU_RUN_RUNNING,	/* holds cores */
	NPU_RUN_FINISHING,	/* a thread writes the completion */
};

/**
 * struct npu_run - the job at the head of a queue
 * @state: where it is (lock)
 * @stop: enum npu_stop, read by its cores at any time
 * @queue: number of its queue
 * @ring: the queue's @ring when it was taken
 * @desc: the one copy of its descriptor
 * @stuck: it does nothing, and ignores aborts
 * @parked: no thread works for it because of that (lock)
 * @lost: its completion cannot be written
 * @unreadable: nor its program be read
 * @start_ns: owner's clock when it got its cores
 * @due_ns: owner's clock when its result may be told; zero: it is not done
 * @loaded: its program has been read and checked
 * @began: its cores are at the program, or further
 * @yields: there is a YIELD in it
 * @give: enum npu_give, read by its cores at any time
 * @resumed: it has got cores again, and the owner was not told (lock)
 * @away_ns: owner's clock when it was suspended last
 * @mmu: translations for its program and result
 * @program: copy of its program, header first
 * @program_room: bytes allocated at @program
 * @num_cores: cores that it was given, or had when it was suspended
 * @cores: those
 * @pending: cores that have not come to a barrier or an end (lock)
 * @counters: sum over its cores
 * @done: what its completion will be
 */
struct npu_run {
	enum npu_run_state state;
	int stop;
	unsigned int queue;
	uint32_t ring;
	bool stuck, parked, lost, unreadable;
	uint64_t start_ns, due_ns;
	bool loaded, began, yields, resumed;
	int give;
	uint64_t away_ns;
	struct npu_job desc;
	struct npu_mmu mmu;
	uint8_t *program;
	uint32_t program_room;
	unsigned int num_cores;
	struct npu_exec *cores[NPU_MAX_CORES];
	unsigned int pending;
	uint64_t counters[NPU_CNT_SLOTS];
	struct npu_completion done;
};

/**
 * struct npu_queue - one hardware queue; all under the machine's lock
 * @enabled: takes jobs
 * @error: Q_STATUS.ERROR
 * @error_event: its event is still to be written
 * @resetting: a reset waits for @run and @threads
 * @stuck: and does not come to its end
 * @threads: threads that act for this queue without the lock
 * @base_reg: Q_BASE as written
 * @size_reg: Q_SIZE as written
 * @base: bus address of the ring, taken when enabled
 * @log2: log2 of its entries
 * @ring: counts the times that a ring was taken
 * @head: Q_HEAD
 * @tail: Q_TAIL
 * @vector: Q_VECTOR
 * @priority: Q_PRIORITY
 * @job_id: Q_JOB
 * @arrival: ticket that the job at the head drew when it came there
 * @aborted: jobs of the ring marked by Q_ABORT, a bit a slot
 * @run: the job at the head
 */
struct npu_queue {
	bool enabled, error, error_event, resetting, stuck;
	unsigned int threads;
	uint64_t base_reg;
	uint32_t size_reg;
	uint64_t base;
	uint32_t log2;
	uint32_t ring;
	uint32_t head, tail;
	uint32_t vector, priority;
	uint64_t job_id;
	uint64_t arrival;
	uint64_t aborted[NPU_QUEUE_ENTRIES_MAX / 64];
	struct npu_run run;
};

/* Register accesses; lock held. */
uint32_t npu_queue_read(struct npu_core *npu, unsigned int q, uint32_t reg);
void npu_queue_write(struct npu_core *npu, unsigned int q, uint32_t reg,
		     uint32_t value, struct npu_effect *effect);

/* The initial state of a queue that has no job; lock held. */
void npu_queue_init(struct npu_core *npu, unsigned int q);
/* Set Q_STATUS.ERROR; a thread will tell of it; lock held. */
void npu_queue_fail(struct npu_core *npu, unsigned int q);
/* Whatever the queue does comes to its end without a trace; lock held. */
void npu_queue_kill(struct npu_core *npu, unsigned int q);
/* Complete a reset if nothing of the queue is left; lock held. */
void npu_queue_settle(struct npu_core *npu, unsigned int q);
/* Whether its head may be fetched or started; lock held. */
bool npu_queue_runnable(const struct npu_core *npu, unsigned int q);
/* Whether the job at the head has been marked by Q_ABORT; lock held. */
bool npu_queue_head_aborted(const struct npu_queue *queue);
/* The job at the head has its completion; lock held. */
void npu_queue_advance(struct npu_core *npu, unsigned int q);

#endif /* NPU_CORE_QUEUE_H */
