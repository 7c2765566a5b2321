/* SPDX-License-Identifier: MIT */
/*
 * The whole machine: what its parts share.
 *
 * One lock guards all but what its comment excludes. The owner's functions are
 * called without it, so each part does its bookkeeping under the lock and hands
 * the MSI-X vectors to raise, as a mask, to whoever releases the lock.
 *
 *	regs.c		register file
 *	queue.c		rings and doorbells
 *	sched.c		which thread does what
 *	allocate.c suspend.c	which job gets cores, and which leaves them at a YIELD
 *	job.c		descriptor to completion
 *	program.c	header and instructions, checked once
 *	exec.c cp.c dma.c matrix.c vector.c	instructions
 *	mmu.c tlb.c	translation, invalidation
 *	timing.c cost.c counters.c profile.c	modelled time and energy
 *	irq.c event.c reset.c	interrupts, event ring, full reset
 *	record.c	what each core did when, for the program that asks
 *	inject.c pace.c dry*.c	faults on demand, real time, predictions
 *	pause.c save.c save_job.c state.c	held still, and as bytes
 *	hazard.c	who touches what in SRAM
 *	meter.c		energy and temperature of it all
 */
#ifndef NPU_CORE_DEVICE_H
#define NPU_CORE_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "exec.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "inject.h"
#include "kernels.h"
#include "meter.h"
#include "npu_core.h"
#include "profile.h"
#include "queue.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "memory of the device is little endian, and so must the host be"
#endif

/* Of the implementation: NPU_REG_MODEL_VERSION. */
#define NPU_MODEL_VERSION	NPU_VERSION(0, 1)
#define NPU_PROGRAM_SIZE_MAX	(4u << 20)
#define NPU_EVENT_LOG2_MAX	12
#define NPU_DEFAULT_QUEUES	8
#define NPU_SRAM_MIN		(4u << 10)
#define NPU_SRAM_MAX		(16u << 20)

/* What is built of the instruction set: isa.rst, "What is built". */
#define NPU_FEATURES (NPU_FEAT_YIELD | NPU_FEAT_MAT_I8 | NPU_FEAT_MAT_I4 | NPU_FEAT_MAT_C4 | \
		      NPU_FEAT_MAT_F16 | NPU_FEAT_MAT_BF16 | \
		      NPU_FEAT_GROUP_SCALE | NPU_FEAT_ZERO_POINT | \
		      NPU_FEAT_SCALE_DQ8 | NPU_FEAT_STREAM | NPU_FEAT_GATHER | \
		      NPU_FEAT_TOPK | NPU_FEAT_TRANSPOSE)

/* Each queue may have a job on all cores that has begun: one runs, others are suspended. */
#define NPU_MAX_EXECS		(NPU_MAX_QUEUES * NPU_MAX_CORES)

/* Fault fields of what is not an instruction's fault. */
#define NPU_NO_INSN	0xffffffffu

struct npu_irq {
	uint32_t status, enable, vector;
};

/* Registers of the event ring; @writing: a thread writes an event. */
struct npu_event_ring {
	uint64_t base_reg, base;
	uint32_t log2, prod, cons, dropped;
	bool writing;
};

/*
 * @hidden: invalidations that the registers do not show; while @hiding the last
 * of them, number @hidden_seq, is under way
 */
struct npu_tlb_regs {
	uint32_t context, done, hidden, hidden_seq;
	uint64_t va, size;
	bool hiding;
};

/**
 * struct npu_core - the machine
 * @ops: the owner's side
 * @opaque: passed to it
 * @kernels: arithmetic
 * @profile: what is modelled, with the owner's changes
 * @num_queues: queues
 * @num_threads: worker threads
 * @pin: each on a processor of its own, if there are as many
 * @workers: those that have begun
 * @threads: those
 * @lock: guards what follows
 * @work: there may be something to do for a worker
 * @settled: a reset is complete, the event ring is free, or TLB_DONE advanced
 * @quit: threads are to end
 * @enabled: CTRL.ENABLE
 * @resetting: a full reset waits for @busy and the queues
 * @fatal: STATUS.FATAL
 * @stuck: it does not come to its end
 * @paced: jobs take the time that the model says
 * @paused: held still, but for a reset; read without the lock by cores that run
 * @unmapping: not even a reset may go on: mappings are given back
 * @nudged: the owner has something to do for a thread of the core's
 * @inject: faults on demand
 * @busy: threads that act for the machine without the lock
 * @kicks: number of times that @work was signalled
 * @irq: causes of interrupts
 * @events: event ring
 * @tlb: invalidation
 * @tlb_seq: TLB_SEQ; read without the lock by cores that run
 * @context_reg: CTX_BASE as written
 * @context_base: context table
 * @context_count: its entries
 * @totals: counters of all completed jobs
 * @meter: energy and temperature
 * @energy: parts of their energy
 * @timeslice: TIMESLICE
 * @tickets: next ticket of a job that comes to a head
 * @mmus: all that may hold translations, @num_mmus of them
 * @exec: cores of jobs, @num_execs of them, of which those with a @run are in use
 * @rooms: memory of the cores of the machine
 * @free_cores: cores of the machine without a job, a bit a core
 * @ready: cores that a thread should take up, in order
 * @ready_tail: where the next one goes
 * @queues: queues
 */
struct npu_core {
	const struct npu_core_ops *ops;
	void *opaque;
	const struct npu_kernels *kernels;
	struct npu_profile profile;
	unsigned int num_queues, num_threads, workers;
	pthread_t threads[NPU_MAX_CORES];

	pthread_mutex_t lock;
	pthread_cond_t work, settled;
	bool quit, enabled, resetting, fatal, stuck, paced, paused;
	bool unmapping, nudged, pin;
	struct npu_inject inject;
	unsigned int busy;
	uint32_t kicks;
	struct npu_irq irq;
	struct npu_event_ring events;
	struct npu_tlb_regs tlb;
	uint32_t tlb_seq;
	uint64_t context_reg, context_base;
	uint32_t context_count;
	uint64_t totals[NPU_CNT_SLOTS];
	struct npu_meter meter;
	uint64_t energy[NPU_ENERGY_PARTS];
	uint32_t timeslice;
	uint64_t tickets;
	struct npu_mmu *mmus[NPU_MAX_EXECS + NPU_MAX_QUEUES];
	unsigned int num_mmus;
	struct npu_exec *exec[NPU_MAX_EXECS];
	unsigned int num_execs;
	struct npu_room rooms[NPU_MAX_CORES];
	uint32_t free_cores;
	struct npu_exec *ready, **ready_tail;
	struct npu_queue queues[NPU_MAX_QUEUES];
};

/* core.c: what machine to build, of threads and rings apart. */
bool npu_core_choose(struct npu_core *npu, const struct npu_core_config *config,
		     char *error, size_t error_len);
/* complain.c: say what is wrong, for a function that returns whether all is well. */
bool npu_complain(char *text, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* irq.c; lock held except in npu_irq_raise(). Masks: vectors to raise. */
uint32_t npu_irq_set(struct npu_core *npu, uint32_t causes);
void npu_irq_clear(struct npu_core *npu, uint32_t causes);
uint32_t npu_irq_enable(struct npu_core *npu, uint32_t causes);
void npu_irq_raise(struct npu_core *npu, uint32_t vectors);

/*
 * event.c: write @event into the ring. Called and returns with the lock held,
 * which it releases meanwhile; from worker threads only. Vectors to raise.
 */
uint32_t npu_event_post(struct npu_core *npu, struct npu_event *event);
/* EVENT_SIZE is written; lock held. */
void npu_event_set_ring(struct npu_core *npu, uint32_t log2);

/* reset.c: set STATUS.FATAL and stop all jobs; lock held; vectors to raise. */
uint32_t npu_fatal(struct npu_core *npu);

/* tlb.c: TLB_DONE as the register shows it; lock held. */
uint32_t npu_tlb_shown(const struct npu_core *npu);
/* tlb.c: @mmu holds nothing stale any more; without the lock. */
void npu_tlb_acknowledge(struct npu_mmu *mmu);

/* regs.c: bus address of the entry of @context in the table; takes the lock. */
bool npu_context_address(struct npu_core *npu, uint32_t context, uint64_t *at);

/* program.c: check the copy in @run->program; false: *@fault says why. */
bool npu_program_check(const struct npu_core *npu, const struct npu_run *run,
		       struct npu_fault *fault);
/* Whether there is a YIELD in a program that has been checked. */
bool npu_program_yields(const struct npu_run *run);

/* job.c: a thread acts for a queue, without the lock. */
/* Copy the descriptor at @slot; false: memory could not be read. */
bool npu_job_fetch(struct npu_core *npu, struct npu_run *run, uint64_t slot);
/* There is a new one in @run->desc: say whether it is good. */
void npu_job_take(struct npu_core *npu, struct npu_run *run);
/* The first bad field of a descriptor, as a fault; code NONE if it is good. */
struct npu_fault npu_job_check(const struct npu_core *npu,
			       const struct npu_job *job);
/* Cores that the descriptor asks for. */
unsigned int npu_job_cores(const struct npu_core *npu, const struct npu_run *run);
/* A core at the start of the program. */
void npu_job_begin_core(const struct npu_run *run, struct npu_exec *ex);
/* Load the program and make the cores ready; false: it faulted. */
bool npu_job_begin(struct npu_core *npu, struct npu_run *run);
/* All cores have stopped at a barrier or for good, none at a YIELD: true if they go on. */
bool npu_job_meet(struct npu_core *npu, struct npu_run *run);
/* Write result and completion; false: the completion could not be written. */
bool npu_job_complete(struct npu_core *npu, struct npu_run *run);
/* The event that tells of the job's end. */
void npu_job_event(const struct npu_run *run, struct npu_event *event);

/* counters.c: sum of the cores' counters, with derived ones. */
void npu_counters_sum(const struct npu_core *npu, struct npu_run *run);
/* Energy of counters; the static part is that of CYCLES on @cores cores. */
uint64_t npu_energy_pj(const struct npu_profile *p, const uint64_t *c,
		       unsigned int cores);
/* The same by part; @sram_bytes by engine, which together are those of @c. */
void npu_energy_split(const struct npu_profile *p, const uint64_t *c,
		      const uint64_t *sram_bytes, uint64_t *parts);
/* The same without the static part, in femtojoules. */
unsigned __int128 npu_energy_fj(const struct npu_profile *p, const uint64_t *c);
uint64_t npu_static_pj(const struct npu_profile *p, uint64_t cycles,
		       unsigned int cores);
void npu_counters_add(uint64_t *totals, const uint64_t *counters);
/* Counters of a job are complete: to the totals. */
void npu_counters_retire(struct npu_core *npu, const struct npu_run *run);

/* allocate.c; lock held. */
/*
 * Give cores to waiting jobs, as long as they fit, and ask for those that lack.
 * Not from a thread: kick.
 */
void npu_sched_allocate(struct npu_core *npu);
/* The waiting job is malformed, or aborted before it ran. */
bool npu_sched_ends_unrun(const struct npu_queue *queue);
/* Give @run core @unit of the machine, as its core @i. */
void npu_sched_place(struct npu_core *npu, struct npu_run *run, unsigned int i,
		     unsigned int unit);

/* suspend.c; lock held. */
/* All cores of the job have stopped, some behind a YIELD. */
bool npu_sched_yielded(const struct npu_run *run);
/* They leave if others wait, else go on; the lock is released meanwhile. */
void npu_sched_suspend(struct npu_core *npu, struct npu_run *run);
/* A suspended job has got its cores. */
void npu_sched_resume(struct npu_core *npu, struct npu_run *run);
/* Those behind a YIELD come to their end there: the job must stop. */
void npu_sched_give_up(struct npu_core *npu, struct npu_run *run);

/* sched.c; lock held. */
/* A job must stop: wake whoever has to do with it. */
void npu_sched_wake(struct npu_core *npu, struct npu_run *run);
/* A thread should take @ex up. */
void npu_sched_ready(struct npu_core *npu, struct npu_exec *ex);
/* There may be work: wake a thread, or all. */
void npu_sched_kick(struct npu_core *npu);
void npu_sched_kick_all(struct npu_core *npu);
/* A thread. */
void *npu_sched_worker(void *core);
/* pin.c: a processor for the calling thread, worker number @worker, if it is to have one. */
void npu_pin(const struct npu_core *npu, unsigned int worker);
/* pace.c; lock held. */
/* The job is done, but must wait until its time has passed. */
bool npu_pace_holds(struct npu_core *npu, struct npu_run *run);
/* Such a job may end now. */
bool npu_pace_is_due(const struct npu_core *npu, const struct npu_run *run);
/* A thread waits for work, or until a job may end. */
void npu_pace_sleep(struct npu_core *npu);
/* reset.c: start a full reset; complete it if nothing is under way. */
void npu_reset_begin(struct npu_core *npu);
void npu_reset_settle(struct npu_core *npu);

/* All that a reset waits for has come to its end. */
bool npu_reset_rests(const struct npu_core *npu);
/* Every register as after power-on; nothing is under way. */
void npu_reset_registers(struct npu_core *npu);

/* pause.c; lock held. */
/* Threads are to do nothing. */
bool npu_pause_halts(const struct npu_core *npu);
/* Wait for @settled, or serve what a thread that is waited for waits for. */
void npu_settled_wait(struct npu_core *npu);

/* What follows from a write once the lock is released. */
struct npu_effect {
	uint32_t vectors;
	bool traced;
	struct npu_trace trace;
};

/* regs.c; lock held. */
uint32_t npu_regs_read(struct npu_core *npu, uint32_t offset);
void npu_regs_write(struct npu_core *npu, uint32_t offset, uint32_t value,
		    struct npu_effect *effect);

/* NPU_REG_CLOCK; without the lock. */
uint64_t npu_clock(const struct npu_core *npu);
/* Tell the owner; without the lock. */
void npu_trace(const struct npu_core *npu, const struct npu_trace *event);

#endif /* NPU_CORE_DEVICE_H */
