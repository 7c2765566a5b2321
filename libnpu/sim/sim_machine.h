/* SPDX-License-Identifier: MIT */
/*
 * The machine and its objects, as the files of this folder share them.
 *
 * Locks nest in the order &sim_vm.lock, &sim.lock, &sim_bus.lock. The machine's
 * threads take &sim.lock when they raise an interrupt, and so does whoever
 * writes a register that may raise one on the spot: TLB_CMD and IRQ_ENABLE_SET
 * are written without it.
 */
#ifndef NPU_SIM_SIM_MACHINE_H
#define NPU_SIM_SIM_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/npu_core.h"
#include "drm/npu_accel.h"
#include "hw/npu_regs.h"
#include "runtime/backend.h"
#include "sim_bus.h"
#include "sim_mapping.h"
#include "sim_page_table.h"
#include "sim_table.h"

#define SIM_MAX_VMS		64	/* as the driver allows a file */
#define SIM_MAX_CONTEXTS	256
#define SIM_MAX_PERFMONS	1024
#define SIM_ASIDS		(SIM_MAX_VMS + SIM_MAX_CONTEXTS)
#define SIM_TIMEOUT_MS		30000
#define SIM_TIMEOUT_MAX_MS	(60 * 60 * 1000)
#define SIM_RING_LOG2		6
#define SIM_RING_JOBS		(1u << SIM_RING_LOG2)

struct sim;
struct sim_job;

struct sim_vm;
struct sim_context;

TAILQ_HEAD(sim_job_list, sim_job);
TAILQ_HEAD(sim_vm_list, sim_vm);
TAILQ_HEAD(sim_context_list, sim_context);

/**
 * struct sim_bo - a buffer
 * @refs: its handle, and its mappings
 * @serial: never another's
 * @exclusive: serial of the only address space that may map it, or zero
 * @size: bytes
 * @bus: bus address
 * @share: once it is shared, the file that holds its memory; else -1
 */
struct sim_bo {
	unsigned int refs;
	uint64_t serial, exclusive, size, bus;
	int share;
};

/**
 * struct sim_vm - an address space
 * @link: in the list of those that nobody has any more
 * @refs: its id, and its contexts
 * @serial: never another's
 * @asid: entry of the machine's context table
 * @lock: held while mappings change
 * @pt: page tables (under @lock)
 * @maps: what is mapped (changed under @lock and the machine's)
 * @past: what was mapped when jobs that still run were submitted
 * @submitted: jobs so far
 * @jobs: those that have not ended, in order
 */
struct sim_vm {
	TAILQ_ENTRY(sim_vm) link;
	unsigned int refs;
	uint64_t serial;
	uint32_t asid;
	pthread_mutex_t lock;
	struct sim_page_table pt;
	struct sim_mappings maps;
	struct sim_past past;
	uint64_t submitted;
	struct sim_job_list jobs;
};

/**
 * struct sim_sync - a timeline, or a binary syncobj
 * @refs: its handle, jobs, and links that tell other machines of it
 * @point: where it is
 * @target: binary: the point that stands for the last job that was to signal it
 * @link: what tells this machine, if it is another's timeline; or NULL
 */
struct sim_sync {
	unsigned int refs;
	uint64_t point, target;
	struct sim_link *link;
};

/**
 * struct sim_link - lets a machine know where a timeline of another is
 * @next: in &sim.links of the machine whose timeline it is, guarded by its lock
 * @listening: in &sim.listening of the machine that is told, guarded by its lock
 * @refs: one of each machine
 * @from: the timeline; guarded by the lock of its machine
 * @told: the point that the other has been told
 * @sync: what the machine that is told has instead, guarded by its lock; NULL:
 *	nobody needs it any more
 * @lock: guards @to; taken before that machine's lock
 * @to: the machine that is told; NULL: it is gone
 */
struct sim_link {
	TAILQ_ENTRY(sim_link) next, listening;
	atomic_uint refs;
	struct sim_sync *from;
	uint64_t told;
	struct sim_sync *sync;
	pthread_mutex_t lock;
	struct sim *to;
};

TAILQ_HEAD(sim_link_list, sim_link);

struct sim_point {
	struct sim_sync *sync;
	uint64_t point;
};

/**
 * struct sim_job - one job
 * @link: in &sim_context.pending or &sim_queue.jobs
 * @vm_link: in &sim_vm.jobs
 * @ctx: holds a reference
 * @seqno: number in its context
 * @vm_seqno: number in its address space
 * @perfmon: what it adds to, holds a reference; or NULL
 * @desc: what the machine gets
 * @in_ring: has been given to the machine, in slot @index
 * @index: see there; runs freely
 * @error: how it ends whatever the machine says, unless that says that it ended well
 * @started_ns: when it was first seen to run, later by what it was suspended; zero: not yet
 * @looked_ns: when it was looked at last
 * @aborted_ns: when the machine was told to abort it
 * @num_waits: of @points, the first are waited for
 * @num_points: and the rest is signalled
 * @points: see there
 */
struct sim_job {
	TAILQ_ENTRY(sim_job) link, vm_link;
	struct sim_context *ctx;
	uint64_t seqno, vm_seqno;
	struct sim_perfmon *perfmon;
	struct npu_job desc;
	bool in_ring;
	uint32_t index;
	int error;
	uint64_t started_ns, looked_ns, aborted_ns;
	uint32_t num_waits, num_points;
	struct sim_point points[];
};

/**
 * struct sim_perfmon - counters that add up over jobs
 * @refs: its id, and jobs that name it
 * @counters: which are counted, a bit each
 * @pending: jobs on their way
 * @jobs: jobs that were added
 * @values: sums over them
 */
struct sim_perfmon {
	unsigned int refs;
	uint64_t counters;
	uint32_t pending;
	uint64_t jobs;
	uint64_t values[NPU_CNT_COUNT];
};

/**
 * struct sim_context - jobs in order
 * @link: in &sim.contexts
 * @refs: its id, and its jobs
 * @vm: holds a reference
 * @priority: enum drm_npu_priority
 * @timeout_ns: longest time that a job of it may run
 * @queue: where those of its jobs are that the machine has
 * @in_queue: number of these
 * @pending: jobs that wait
 * @banned: a job of it hung
 * @killed: it was destroyed
 * @record: what DRM_IOCTL_NPU_CONTEXT_QUERY says
 */
struct sim_context {
	TAILQ_ENTRY(sim_context) link;
	unsigned int refs;
	struct sim_vm *vm;
	uint32_t priority;
	uint64_t timeout_ns;
	struct sim_queue *queue;
	uint32_t in_queue;
	struct sim_job_list pending;
	bool banned, killed;
	struct drm_npu_context_query record;
};

/**
 * struct sim_queue - a queue of the machine's
 * @id: number
 * @priority: enum drm_npu_priority
 * @ring: descriptors
 * @ring_bus: bus address of these
 * @done: completions, one a slot
 * @done_bus: bus address of these
 * @tail: Q_TAIL
 * @next_id: of jobs
 * @jobs: in the order in which they end
 * @num_jobs: number of these
 * @reset_ns: when it was told to reset; zero: it was not
 * @lost_job: id of the job that ran then, or zero
 */
struct sim_queue {
	uint32_t id, priority;
	struct npu_job *ring;
	struct npu_completion *done;
	uint64_t ring_bus, done_bus;
	uint32_t tail;
	uint64_t next_id;
	struct sim_job_list jobs;
	uint32_t num_jobs;
	uint64_t reset_ns, lost_job;
};

/**
 * struct sim - a machine and its driver
 * @core: the machine
 * @bus: its memory
 * @info: what it is
 * @table: its context table
 * @table_bus: bus address of that
 * @tlb_lock: serialises invalidations
 * @lock: guards what follows
 * @changed: a job ended, or an invalidation did
 * @watch: the watchdog has something to do
 * @watchdog: thread that looks after time limits and the dead
 * @tick_ns: time between two looks of it; zero: it sleeps
 * @quit: it is to end
 * @lost: the machine does not recover
 * @reset_ns: when it was told to reset; zero: it was not
 * @serial: of the last object made
 * @bos: buffers by handle
 * @vms: address spaces by id
 * @contexts_by_id: contexts by id
 * @syncs: timelines by handle
 * @perfmons: counters by id
 * @by_asid: address spaces that exist
 * @dead: those that only have to be freed
 * @contexts: all contexts
 * @queues: the machine's queues
 * @links: to machines that wait for timelines of this one
 * @listening: those whose timelines jobs here wait for
 * @usage: what DRM_NPU_QUERY_USAGE says
 */
struct sim {
	struct npu_core *core;
	struct sim_bus bus;
	struct drm_npu_device_info info;
	struct npu_context *table;
	uint64_t table_bus;
	pthread_mutex_t tlb_lock;

	pthread_mutex_t lock;
	pthread_cond_t changed, watch;
	pthread_t watchdog;
	uint64_t tick_ns;
	bool quit, lost;
	uint64_t reset_ns;
	uint64_t serial;
	struct sim_table bos, vms, contexts_by_id, syncs, perfmons;
	struct sim_vm *by_asid[SIM_ASIDS];
	struct sim_vm_list dead;
	struct sim_context_list contexts;
	struct sim_queue queues[NPU_MAX_QUEUES];
	struct sim_link_list links, listening;
	struct drm_npu_usage_info usage;
};

/* A pair of registers, written low half first. */
void sim_write64(struct sim *sim, uint32_t reg, uint64_t value);
uint64_t sim_read64(struct sim *sim, uint32_t reg);
/* CLOCK_MONOTONIC. */
uint64_t sim_now_ns(void);
/* Wait for @changed until a time of CLOCK_MONOTONIC; false: it has come. */
bool sim_wait_changed(struct sim *sim, int64_t deadline_ns);

/*
 * sim_start.c: rings and tables, once; 0 or -ENOMEM. And what the machine is
 * told of them, after each full reset; without the lock.
 */
int sim_start_init(struct sim *sim);
void sim_start(struct sim *sim);

/* sim_perfmon.c */
int sim_perfmon_create(struct sim *sim, struct drm_npu_perfmon_create *args);
int sim_perfmon_destroy(struct sim *sim, const struct drm_npu_perfmon_destroy *args);
int sim_perfmon_read(struct sim *sim, struct drm_npu_perfmon_read *args);
/* A job is on its way, or has ended as @done says, or never ran; lock held; or NULL. */
void sim_perfmon_begin_job(struct sim_perfmon *perfmon);
void sim_perfmon_end_job(struct sim_perfmon *perfmon, const struct npu_completion *done);
/* Drop a reference; lock held; or NULL. */
void sim_perfmon_put(struct sim_perfmon *perfmon);

/* sim_bo.c */
int sim_bo_create(struct sim *sim, struct drm_npu_bo_create *args);
int sim_bo_close(struct sim *sim, uint32_t handle);
int sim_bo_wait(struct sim *sim, const struct drm_npu_bo_wait *args);
int sim_bo_data(struct sim *sim, uint32_t handle, void **data);
/* sim_bo_share.c */
int sim_bo_export(struct sim *sim, uint32_t handle, int *fd);
int sim_bo_import(struct sim *sim, int fd, uint32_t *handle, uint64_t *size);
/* Whether all jobs that may use a buffer have ended; lock held. */
bool sim_bo_idle(const struct sim *sim, const struct sim_bo *bo);
/* Give a buffer a handle; lock held. */
int sim_bo_add(struct sim *sim, struct sim_bo *bo, uint32_t *handle);
/* Drop a reference; lock held. */
void sim_bo_put(struct sim *sim, struct sim_bo *bo);

/* sim_vm.c */
int sim_vm_create(struct sim *sim, struct drm_npu_vm_create *args);
int sim_vm_destroy(struct sim *sim, const struct drm_npu_vm_destroy *args);
int sim_vm_bind(struct sim *sim, struct drm_npu_vm_bind *args);
/* Drop a reference; lock held. What is dead then waits for sim_vm_reap(). */
void sim_vm_put(struct sim *sim, struct sim_vm *vm);
/* Free the dead; without the lock. */
void sim_vm_reap(struct sim *sim);
/* All jobs of @vm up to number @upto have ended; lock held. */
bool sim_vm_ended(const struct sim_vm *vm, uint64_t upto);

/* sim_context.c */
int sim_context_create(struct sim *sim, struct drm_npu_context_create *args);
int sim_context_destroy(struct sim *sim,
			const struct drm_npu_context_destroy *args);
int sim_context_query(struct sim *sim, struct drm_npu_context_query *args);
/* Drop a reference; lock held. */
void sim_context_put(struct sim *sim, struct sim_context *ctx);
/* Why a job of @ctx cannot run, or 0; lock held. */
int sim_context_error(const struct sim *sim, const struct sim_context *ctx);

/* sim_submit.c */
int sim_submit(struct sim *sim, struct drm_npu_submit *args);
/* Free a job that has ended; lock held. */
void sim_job_free(struct sim *sim, struct sim_job *job);

/* sim_queue.c; lock held. */
/* Give the machine what need not wait. */
void sim_queue_pump(struct sim *sim);
/* End jobs that have ended. */
void sim_queue_process(struct sim *sim, struct sim_queue *queue);
/* Tell the machine to end all jobs of @ctx; @hung: the reason, or NULL. */
void sim_queue_abort(struct sim *sim, struct sim_queue *queue,
		     const struct sim_context *ctx,
		     const struct sim_job *hung);
/* After a reset: jobs that had not begun go to the ring again. */
void sim_queue_restart(struct sim *sim, struct sim_queue *queue,
		       uint64_t running);
/* End all jobs: the machine is lost. */
void sim_queue_fail_all(struct sim *sim, struct sim_queue *queue);
/* Id of the job that the machine runs, or zero. */
uint64_t sim_queue_running(struct sim *sim, const struct sim_queue *queue);
/* Tell the machine of the ring, which is empty. */
void sim_queue_start(struct sim *sim, struct sim_queue *queue);

/* sim_sync.c */
int sim_sync_create(struct sim *sim, uint32_t *handle);
void sim_sync_destroy(struct sim *sim, uint32_t handle);
int sim_sync_wait_any(struct sim *sim, const uint32_t *handles, uint32_t count,
		      int64_t deadline_ns, uint32_t *first);
int sim_sync_wait(struct sim *sim, uint32_t handle, uint64_t point,
		  int64_t deadline_ns);
/* Drop a reference; lock held. */
void sim_sync_put(struct sim_sync *sync);

/*
 * sim_link.c: a timeline of @from, for jobs of @sim to wait for; without locks.
 * And what the watchdog does: tell one machine of news, if there are any, for
 * which the lock is dropped meanwhile.
 */
int sim_link_import(struct sim *sim, struct sim *from, uint32_t from_handle,
		    uint32_t *handle);
bool sim_link_tell(struct sim *sim);
/* The machine is about to go: nobody tells it anything any more, nor it others. */
void sim_link_end(struct sim *sim);

/* sim_recovery.c: the watchdog, given a struct sim. */
void *sim_recovery_thread(void *sim);
/* A job of @ctx has been given to the machine; lock held. */
void sim_recovery_watch(struct sim *sim, const struct sim_context *ctx);

#endif /* NPU_SIM_SIM_MACHINE_H */
