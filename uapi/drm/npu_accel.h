/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Virtual NPU: DRM accel user space interface. Documentation/uapi.rst is its text.
 */
#ifndef _NPU_ACCEL_H_
#define _NPU_ACCEL_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: rules
 *
 * Every structure is a multiple of 8 bytes, has the same layout for 32 and 64
 * bits, and only ever grows at its end; the kernel reads a shorter one as if
 * zeros followed. A new field is enabled by a new flag, or announced by the
 * driver's minor version, which every addition raises. Pads, reserved fields
 * and unknown flags must be zero, else -EINVAL. Arrays are &struct
 * drm_npu_obj_array and carry the size of their elements, at least that of the
 * first version; what is longer than the kernel knows must be zero, else
 * -E2BIG. Sums are checked for overflow: -EINVAL. An unknown handle or id is
 * -ENOENT. Unless said otherwise an ioctl that fails has changed nothing.
 *
 * Handles of buffers are GEM handles. VM and context ids are per file, never
 * zero, and die with the file.
 */

enum drm_npu_ioctl_id {
	DRM_NPU_DEV_QUERY = 0,
	DRM_NPU_BO_CREATE,
	DRM_NPU_BO_MMAP_OFFSET,
	DRM_NPU_BO_WAIT,
	DRM_NPU_VM_CREATE,
	DRM_NPU_VM_DESTROY,
	DRM_NPU_VM_BIND,
	DRM_NPU_CONTEXT_CREATE,
	DRM_NPU_CONTEXT_DESTROY,
	DRM_NPU_CONTEXT_QUERY,
	DRM_NPU_SUBMIT,
	DRM_NPU_EVENTS,	/* since 1.1 */
	DRM_NPU_BO_LABEL,	/* since 1.3 */
	DRM_NPU_BO_USERPTR,	/* since 1.4 */
	DRM_NPU_BO_MADVISE,	/* since 1.4 */
	DRM_NPU_PERFMON_CREATE,	/* since 1.5 */
	DRM_NPU_PERFMON_DESTROY,	/* since 1.5 */
	DRM_NPU_PERFMON_READ,	/* since 1.5 */
};

/**
 * struct drm_npu_obj_array - array of structures
 */
struct drm_npu_obj_array {
	/** @stride: size of an element in the caller's header; a multiple of 8 */
	__u32 stride;

	/** @count: number of elements; more than the ioctl allows is -E2BIG */
	__u32 count;

	/** @array: user pointer to the first element; zero if @count is zero */
	__u64 array;
};

/**
 * enum drm_npu_sync_flags - what to do with a syncobj
 */
enum drm_npu_sync_flags {
	/** @DRM_NPU_SYNC_WAIT: wait for it before the operation */
	DRM_NPU_SYNC_WAIT = 1 << 0,

	/** @DRM_NPU_SYNC_SIGNAL: the operation's end signals it */
	DRM_NPU_SYNC_SIGNAL = 1 << 1,

	/**
	 * @DRM_NPU_SYNC_TIMELINE: @timeline_point is a point of a timeline, else the syncobj
	 * is binary
	 */
	DRM_NPU_SYNC_TIMELINE = 1 << 2,
};

/**
 * struct drm_npu_sync - a syncobj in or out
 */
struct drm_npu_sync {
	/** @handle: syncobj handle */
	__u32 handle;

	/** @flags: enum drm_npu_sync_flags, exactly one of WAIT and SIGNAL */
	__u32 flags;

	/** @timeline_point: for TIMELINE not zero, else zero */
	__u64 timeline_point;
};

/**
 * enum drm_npu_dev_query_type - what to ask
 */
enum drm_npu_dev_query_type {
	/** @DRM_NPU_QUERY_DEVICE: &struct drm_npu_device_info */
	DRM_NPU_QUERY_DEVICE = 0,

	/** @DRM_NPU_QUERY_USAGE: &struct drm_npu_usage_info */
	DRM_NPU_QUERY_USAGE,

	/**
	 * @DRM_NPU_QUERY_COUNTERS: __u64 array, totals of all jobs since load in
	 * the order of enum npu_counter; needs CAP_PERFMON, else -EACCES
	 */
	DRM_NPU_QUERY_COUNTERS,

	/**
	 * @DRM_NPU_QUERY_ENERGY: __u64 array, picojoules of all jobs since load in
	 * the order of enum npu_energy_part; needs CAP_PERFMON, else -EACCES.
	 * Since 1.4.
	 */
	DRM_NPU_QUERY_ENERGY,
};

/**
 * struct drm_npu_dev_query - DRM_IOCTL_NPU_DEV_QUERY
 *
 * With @pointer zero, @size is set to the size that the kernel has. Else at
 * most @size bytes are written there, what the kernel does not know is zero
 * filled, and @size is set to what the kernel knew. More than 65536 are -E2BIG.
 */
struct drm_npu_dev_query {
	/** @type: enum drm_npu_dev_query_type */
	__u32 type;

	/** @size: in: bytes at @pointer; out: bytes that the kernel has */
	__u32 size;

	/** @pointer: user pointer, or zero */
	__u64 pointer;
};

/**
 * struct drm_npu_device_info - constant facts
 */
struct drm_npu_device_info {
	/** @regs_version: NPU_VERSION() of the register interface */
	__u32 regs_version;

	/** @isa_version: NPU_VERSION() of the instruction set */
	__u32 isa_version;

	/** @model_version: NPU_VERSION() of the device's implementation */
	__u32 model_version;

	/** @cores: number of cores */
	__u32 cores;

	/** @queues: number of hardware queues */
	__u32 queues;

	/** @sram_size: bytes of SRAM of a core */
	__u32 sram_size;

	/** @va_bits: size of an address space */
	__u32 va_bits;

	/** @clock_khz: clock of the cores */
	__u32 clock_khz;

	/** @features: NPU_FEAT_* */
	__u64 features;

	/** @page_sizes: bit n set: pages of 2^n bytes can be mapped */
	__u64 page_sizes;

	/** @mem_mbps: memory bandwidth in 10^6 bytes a second */
	__u32 mem_mbps;

	/** @macs_i8: INT8 multiply-accumulates of a core in a cycle */
	__u32 macs_i8;

	/** @macs_i4: INT4 */
	__u32 macs_i4;

	/** @macs_f16: 16-bit floating point */
	__u32 macs_f16;

	/** @vec_lanes: fp32 lanes of a core's vector engine */
	__u32 vec_lanes;

	/** @program_max: largest program in bytes */
	__u32 program_max;

	/** @budget_max: most instructions of a job */
	__u64 budget_max;

	/** @va_start: first address that can be mapped */
	__u64 va_start;

	/** @va_end: first address behind those that can be mapped */
	__u64 va_end;

	/** @max_args: most scalar arguments of a job */
	__u32 max_args;

	/** @timeout_default_ms: of contexts that ask for none */
	__u32 timeout_default_ms;

	/** @timeout_max_ms: longest that a context may ask for */
	__u32 timeout_max_ms;

	/** @max_vms: address spaces of a file; more are -ENOSPC */
	__u32 max_vms;

	/** @max_contexts: contexts of a file; more are -ENOSPC */
	__u32 max_contexts;

	/** @work_max: log2 of the most work of one instruction */
	__u32 work_max;

	/** @profile: name of the machine's profile, NUL terminated */
	__u8 profile[24];
};

/**
 * struct drm_npu_usage_info - state of the device now
 */
struct drm_npu_usage_info {
	/** @bo_bytes: bytes of all buffers, of all files */
	__u64 bo_bytes;

	/** @bo_count: buffers of all files */
	__u64 bo_count;

	/** @page_table_bytes: bytes of all page tables */
	__u64 page_table_bytes;

	/** @contexts: open contexts of all files */
	__u32 contexts;

	/** @vms: open address spaces of all files */
	__u32 vms;

	/** @jobs_done: jobs that ended well since load */
	__u64 jobs_done;

	/** @jobs_failed: jobs that faulted, were aborted or lost */
	__u64 jobs_failed;

	/** @resets: device resets after errors since load */
	__u32 resets;

	/** @pad: zero */
	__u32 pad;
};

/**
 * enum drm_npu_bo_flags - flags of a buffer
 */
enum drm_npu_bo_flags {
	/** @DRM_NPU_BO_NO_MMAP: BO_MMAP_OFFSET and mmap() give -EPERM; since 1.4 */
	DRM_NPU_BO_NO_MMAP = 1 << 0,

	/**
	 * @DRM_NPU_BO_READONLY: the NPU may never write: mappings need
	 * DRM_NPU_VM_BIND_READONLY, else -EACCES; since 1.4
	 */
	DRM_NPU_BO_READONLY = 1 << 1,
};

/**
 * struct drm_npu_bo_create - DRM_IOCTL_NPU_BO_CREATE
 *
 * Memory is zeroed, shared by CPU and NPU, cached and coherent. Pages are
 * allocated when first needed, at the latest when bound.
 */
struct drm_npu_bo_create {
	/** @size: in: bytes, not zero; out: rounded up to whole pages */
	__u64 size;

	/** @flags: enum drm_npu_bo_flags */
	__u32 flags;

	/**
	 * @exclusive_vm_id: the only address space that it may be mapped in, and
	 * then it cannot be exported; zero: any. Submits to an address space cost
	 * time for each buffer in it that is not exclusive to it.
	 */
	__u32 exclusive_vm_id;

	/** @handle: out: GEM handle */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;
};

/** DRM_NPU_BO_LABEL_LEN - most bytes of a label, its NUL included */
#define DRM_NPU_BO_LABEL_LEN	64

/**
 * struct drm_npu_bo_label - DRM_IOCTL_NPU_BO_LABEL
 *
 * Names a buffer for developers, who see it in debugfs. Since 1.3.
 */
struct drm_npu_bo_label {
	/** @handle: GEM handle */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;

	/**
	 * @label: user pointer to a string of at most DRM_NPU_BO_LABEL_LEN bytes; zero: no
	 * label
	 */
	__u64 label;
};

/**
 * struct drm_npu_bo_userptr - DRM_IOCTL_NPU_BO_USERPTR
 *
 * Makes a buffer of memory that the process has, private or of a file that is
 * mapped. Such a buffer cannot be mapped again by mmap(), nor exported. Its pages
 * are not pinned: when the memory changes hands (fork(), munmap(), mremap(),
 * reclaim, migration) the kernel waits for jobs that may use it, takes it away from the NPU, and
 * the next submit to its address spaces looks the pages up anew. If there is
 * no memory then, or it may not be written, the submit gives -EFAULT until the buffer is
 * unmapped. Since 1.4.
 */
struct drm_npu_bo_userptr {
	/** @pointer: page aligned address in the calling process */
	__u64 pointer;

	/** @size: bytes, whole pages, not zero */
	__u64 size;

	/** @flags: DRM_NPU_BO_READONLY or zero; needed for memory that may not be written */
	__u32 flags;

	/** @handle: out: GEM handle */
	__u32 handle;
};

/**
 * enum drm_npu_madvise - what is to become of a buffer's contents
 */
enum drm_npu_madvise {
	/** @DRM_NPU_MADVISE_WILLNEED: keep them; so it is at first */
	DRM_NPU_MADVISE_WILLNEED = 0,

	/**
	 * @DRM_NPU_MADVISE_DONTNEED: the kernel may take its pages when memory is short, also
	 * if it is bound, once no job may use them and the CPU has not mapped it
	 */
	DRM_NPU_MADVISE_DONTNEED,
};

/**
 * struct drm_npu_bo_madvise - DRM_IOCTL_NPU_BO_MADVISE
 *
 * A buffer whose pages were taken is of no more use: jobs fault on it, MAP and
 * BO_MMAP_OFFSET give -ENOMEM. Buffers that are imported, exported or made of
 * user memory: -EINVAL for DONTNEED. Since 1.4.
 */
struct drm_npu_bo_madvise {
	/** @handle: GEM handle */
	__u32 handle;

	/** @advice: enum drm_npu_madvise */
	__u32 advice;

	/** @retained: out: 1 if its pages are still there, 0 if they were taken */
	__u32 retained;

	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_npu_bo_mmap_offset - DRM_IOCTL_NPU_BO_MMAP_OFFSET
 */
struct drm_npu_bo_mmap_offset {
	/** @handle: GEM handle */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;

	/** @offset: out: what to give mmap() on the device's node */
	__u64 offset;
};

/**
 * struct drm_npu_bo_wait - DRM_IOCTL_NPU_BO_WAIT
 *
 * Waits for every job submitted so far to an address space in which the buffer
 * was mapped then (their fences stand in its dma_resv, as BOOKKEEP).
 * -ETIMEDOUT if @timeout_ns comes first. Restarts after a signal.
 */
struct drm_npu_bo_wait {
	/** @handle: GEM handle */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;

	/** @timeout_ns: absolute time of CLOCK_MONOTONIC; zero or past: do not wait */
	__s64 timeout_ns;
};

/**
 * struct drm_npu_vm_create - DRM_IOCTL_NPU_VM_CREATE
 */
struct drm_npu_vm_create {
	/** @flags: zero */
	__u32 flags;

	/** @id: out: id of the address space, empty */
	__u32 id;
};

/**
 * struct drm_npu_vm_destroy - DRM_IOCTL_NPU_VM_DESTROY
 *
 * Drops the file's reference; contexts made on it keep it alive.
 */
struct drm_npu_vm_destroy {
	/** @id: id of the address space */
	__u32 id;

	/** @pad: zero */
	__u32 pad;
};

/**
 * enum drm_npu_vm_bind_op_type - what a bind operation does
 */
enum drm_npu_vm_bind_op_type {
	/** @DRM_NPU_VM_BIND_OP_MAP: map, replacing what was mapped there */
	DRM_NPU_VM_BIND_OP_MAP = 0,

	/** @DRM_NPU_VM_BIND_OP_UNMAP: unmap what is mapped in the range; holes are no error */
	DRM_NPU_VM_BIND_OP_UNMAP,
};

/**
 * enum drm_npu_vm_bind_op_flags - flags of a bind operation
 */
enum drm_npu_vm_bind_op_flags {
	/** @DRM_NPU_VM_BIND_READONLY: the NPU may not write (MAP) */
	DRM_NPU_VM_BIND_READONLY = 1 << 0,
};

/**
 * struct drm_npu_vm_bind_op - one operation
 */
struct drm_npu_vm_bind_op {
	/** @op: enum drm_npu_vm_bind_op_type */
	__u32 op;

	/** @flags: enum drm_npu_vm_bind_op_flags */
	__u32 flags;

	/** @handle: GEM handle (MAP), else zero */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;

	/** @bo_offset: where in the buffer (MAP), page aligned, else zero */
	__u64 bo_offset;

	/** @va: first address, page aligned */
	__u64 va;

	/** @size: bytes, page aligned, not zero */
	__u64 size;
};

/**
 * enum drm_npu_vm_bind_flags - flags of DRM_IOCTL_NPU_VM_BIND
 */
enum drm_npu_vm_bind_flags {
	/** @DRM_NPU_VM_BIND_ASYNC: queue the operations; since 1.4 */
	DRM_NPU_VM_BIND_ASYNC = 1 << 0,
};

/**
 * struct drm_npu_vm_bind - DRM_IOCTL_NPU_VM_BIND
 *
 * Operations happen in order, at once, whatever jobs run. All arguments are
 * checked before the first; if one then fails for want of memory, those before
 * it stay done and @ops.count is set to their number. When the call returns the
 * NPU no longer reaches what was unmapped.
 *
 * With DRM_NPU_VM_BIND_ASYNC the call only queues them: they happen when all
 * that @syncs wait for has signalled, and when all calls before for the same address
 * space are done; then its fence signals. Everything that can fail does so in
 * the call, which then has queued nothing: an operation that has begun runs short of
 * nothing. The fence's error is -ENODEV, and nothing of the call was done, if the
 * device was unplugged before. Errors of fences that it waits for do not matter.
 * Jobs do not wait for it unless their syncs say so. A call without the flag waits for all
 * that are queued.
 */
struct drm_npu_vm_bind {
	/** @vm_id: id of the address space */
	__u32 vm_id;

	/** @flags: enum drm_npu_vm_bind_flags */
	__u32 flags;

	/** @ops: array of &struct drm_npu_vm_bind_op, at most 4096 */
	struct drm_npu_obj_array ops;

	/** @syncs: with ASYNC: array of &struct drm_npu_sync, at most 256; else empty (all zero) */
	struct drm_npu_obj_array syncs;
};

/**
 * enum drm_npu_priority - priority of a context
 */
enum drm_npu_priority {
	/** @DRM_NPU_PRIORITY_LOW: background work */
	DRM_NPU_PRIORITY_LOW = 0,

	/** @DRM_NPU_PRIORITY_NORMAL: for most */
	DRM_NPU_PRIORITY_NORMAL,

	/** @DRM_NPU_PRIORITY_HIGH: interactive work */
	DRM_NPU_PRIORITY_HIGH,

	/** @DRM_NPU_PRIORITY_REALTIME: needs CAP_SYS_NICE, else -EACCES */
	DRM_NPU_PRIORITY_REALTIME,
};

/**
 * struct drm_npu_context_create - DRM_IOCTL_NPU_CONTEXT_CREATE
 *
 * A context is a queue of jobs on one address space. Its jobs run in the order
 * of submission; jobs of different contexts in any order, or together.
 */
struct drm_npu_context_create {
	/** @vm_id: id of the address space */
	__u32 vm_id;

	/** @flags: zero */
	__u32 flags;

	/** @priority: enum drm_npu_priority */
	__u32 priority;

	/**
	 * @timeout_ms: time that a job may take once it runs, at most timeout_max_ms; zero:
	 * timeout_default_ms
	 */
	__u32 timeout_ms;

	/** @id: out: id of the context */
	__u32 id;

	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_npu_context_destroy - DRM_IOCTL_NPU_CONTEXT_DESTROY
 *
 * Jobs not yet given to the device are cancelled, those given are aborted; their
 * fences get -ECANCELED.
 */
struct drm_npu_context_destroy {
	/** @id: id of the context */
	__u32 id;

	/** @pad: zero */
	__u32 pad;
};

/**
 * enum drm_npu_context_state - flags of a context's state
 */
enum drm_npu_context_state {
	/** @DRM_NPU_CONTEXT_BANNED: a job of it hung; SUBMIT gives -EBADFD */
	DRM_NPU_CONTEXT_BANNED = 1 << 0,
};

/**
 * enum drm_npu_context_query_flags - flags of DRM_IOCTL_NPU_CONTEXT_QUERY
 */
enum drm_npu_context_query_flags {
	/** @DRM_NPU_CONTEXT_QUERY_CLEAR: forget the failure that is reported */
	DRM_NPU_CONTEXT_QUERY_CLEAR = 1 << 0,
};

/**
 * struct drm_npu_context_query - DRM_IOCTL_NPU_CONTEXT_QUERY
 *
 * State of a context, with the cause of its first failed job since the last
 * CLEAR (those that follow are often its victims). The fields from
 * @code on are those of struct npu_fault (npu_regs.h).
 */
struct drm_npu_context_query {
	/** @id: in: id of the context */
	__u32 id;

	/** @flags: in: enum drm_npu_context_query_flags */
	__u32 flags;

	/** @state: out: enum drm_npu_context_state */
	__u32 state;

	/** @pad: zero */
	__u32 pad;

	/** @jobs_submitted: out: jobs so far */
	__u64 jobs_submitted;

	/** @jobs_done: out: that ended well */
	__u64 jobs_done;

	/** @jobs_failed: out: that faulted, were aborted, cancelled or lost */
	__u64 jobs_failed;

	/** @fault_job: out: seqno of the job that @code speaks of; zero: none */
	__u64 fault_job;

	/**
	 * @status: out: enum npu_job_status of that job; NPU_JOB_PENDING: lost in a reset, or
	 * cancelled before it ran
	 */
	__u32 status;

	/** @code: out: enum npu_fault_code */
	__u32 code;

	/** @access: out: enum npu_access */
	__u32 access;

	/** @core: out: core, within the job */
	__u32 core;

	/** @pc: out: index of the instruction */
	__u32 pc;

	/** @operand: out: byte offset of the operand's field */
	__u32 operand;

	/** @opcode: out: of the instruction */
	__u32 opcode;

	/** @pad2: zero */
	__u32 pad2;

	/** @address: out: VA, SRAM address or value, by @code */
	__u64 address;

	/** @needs: out: by @code */
	__u64 needs[2];
};

/**
 * struct drm_npu_job - one job
 */
struct drm_npu_job {
	/** @program: VA of struct npu_program, 128-byte aligned */
	__u64 program;

	/** @program_size: bytes, header included */
	__u32 program_size;

	/** @cores: cores to run on; zero: all */
	__u32 cores;

	/** @budget: work that each core may do (isa.rst); zero: the device's maximum */
	__u64 budget;

	/**
	 * @result: VA, 512-byte aligned, where the device writes struct
	 * npu_completion (npu_regs.h) before the fence signals, with the job's
	 * seqno as its id; zero: nowhere. If it cannot be written there the job
	 * fails. Not written if the job was cancelled or lost in a reset.
	 */
	__u64 result;

	/** @args: user pointer to @num_args values of __u64 */
	__u64 args;

	/** @num_args: at most &drm_npu_device_info.max_args */
	__u32 num_args;

	/** @flags: zero */
	__u32 flags;

	/** @syncs: array of &struct drm_npu_sync, at most 256 */
	struct drm_npu_obj_array syncs;

	/**
	 * @trace: VA, 64-byte aligned, where the device writes what each core did
	 * when (struct npu_trace_header, npu_regs.h), before the fence signals;
	 * zero: nowhere. Time, counters and results of the job stay the same. If
	 * it cannot be written there the job fails. -EOPNOTSUPP if the device
	 * has a register interface before 0.3. Since 1.4.
	 */
	__u64 trace;

	/** @trace_size: bytes there, at least 64 for each core of the job; zero without @trace */
	__u64 trace_size;

	/** @perfmon_id: id of the counters that this job adds to; zero: none. Since 1.5. */
	__u32 perfmon_id;

	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_npu_submit - DRM_IOCTL_NPU_SUBMIT
 *
 * Submits jobs in order; either all or none. -EBADFD if the context is banned. Waits of a
 * job see signals of the jobs before it in the same call. A job's fence carries the error: -EFAULT
 * (page fault, no address space), -EINVAL (refused or illegal program), -EOVERFLOW (budget),
 * -ETIMEDOUT (timeout), -ECANCELED (context destroyed, banned, or aborted), -EIO (bus, lost).
 */
struct drm_npu_submit {
	/** @context_id: id of the context */
	__u32 context_id;

	/** @flags: zero */
	__u32 flags;

	/** @jobs: array of &struct drm_npu_job, 1 to 64; only read */
	struct drm_npu_obj_array jobs;

	/**
	 * @first_seqno: out: number of the first job in its context; the others follow; the
	 * first ever is 1
	 */
	__u64 first_seqno;
};

/**
 * struct drm_npu_perfmon_create - DRM_IOCTL_NPU_PERFMON_CREATE
 *
 * Counters that add up over the jobs that name them, of any context of the file.
 * Since 1.5.
 */
struct drm_npu_perfmon_create {
	/** @counters: 1 << enum npu_counter (npu_regs.h) of each that is wanted; at least one */
	__u64 counters;

	/** @flags: zero */
	__u32 flags;

	/** @id: out: id of the counters, all zero */
	__u32 id;
};

/**
 * struct drm_npu_perfmon_destroy - DRM_IOCTL_NPU_PERFMON_DESTROY
 *
 * Gives the id back. Jobs that name it go on.
 */
struct drm_npu_perfmon_destroy {
	/** @id: id of the counters */
	__u32 id;

	/** @pad: zero */
	__u32 pad;
};

/**
 * enum drm_npu_perfmon_read_flags - flags of DRM_IOCTL_NPU_PERFMON_READ
 */
enum drm_npu_perfmon_read_flags {
	/** @DRM_NPU_PERFMON_READ_CLEAR: take what was read away from the counters */
	DRM_NPU_PERFMON_READ_CLEAR = 1 << 0,
};

/**
 * struct drm_npu_perfmon_read - DRM_IOCTL_NPU_PERFMON_READ
 *
 * Reads the counters as they are when none of the jobs that name them is on its
 * way any more, or at @timeout_ns. A job is added when it ends, before its fence
 * signals; one that never ran on the device adds nothing. Restarts after a
 * signal.
 */
struct drm_npu_perfmon_read {
	/** @id: in: id of the counters */
	__u32 id;

	/** @flags: in: enum drm_npu_perfmon_read_flags */
	__u32 flags;

	/** @timeout_ns: in: absolute time of CLOCK_MONOTONIC; zero or past: do not wait */
	__s64 timeout_ns;

	/** @values: in: user pointer to @num_values of __u64, in the order of enum npu_counter */
	__u64 values;

	/** @num_values: in: as many as counters were chosen, else -EINVAL */
	__u32 num_values;

	/** @pending: out: jobs that are still on their way */
	__u32 pending;

	/** @jobs: out: jobs that were added */
	__u64 jobs;
};

/**
 * enum drm_npu_event_type - what events tell of
 */
enum drm_npu_event_type {
	/** @DRM_NPU_EVENT_JOB_FAILED: a job of this file ended with an error */
	DRM_NPU_EVENT_JOB_FAILED = 0x80000000,

	/** @DRM_NPU_EVENT_CONTEXT_BANNED: a context of this file was banned */
	DRM_NPU_EVENT_CONTEXT_BANNED,

	/** @DRM_NPU_EVENT_DEVICE_RESET: the device was reset; jobs that ran then fail with -EIO */
	DRM_NPU_EVENT_DEVICE_RESET,

	/** @DRM_NPU_EVENT_DEVICE_LOST: the device does not recover; all jobs fail */
	DRM_NPU_EVENT_DEVICE_LOST,
};

/** DRM_NPU_EVENT_MASK() - bit of a type in &drm_npu_events.mask */
#define DRM_NPU_EVENT_MASK(type)	(1u << ((type) & 31))
#define DRM_NPU_EVENT_MASK_ALL		0xfu

/**
 * struct drm_npu_events - DRM_IOCTL_NPU_EVENTS
 *
 * Says which events this file wants; none at first. They are read from the
 * node, each as &struct drm_npu_event; poll() tells of them, and read() waits for
 * them unless O_NONBLOCK. Since 1.1.
 */
struct drm_npu_events {
	/** @mask: DRM_NPU_EVENT_MASK() of each */
	__u32 mask;

	/** @pad: zero */
	__u32 pad;
};

/**
 * struct drm_npu_event - an event
 *
 * May grow at its end: @base.length is its size. What does not apply is zero.
 */
struct drm_npu_event {
	/** @base: enum drm_npu_event_type, and the size */
	struct drm_event base;

	/** @context_id: context */
	__u32 context_id;

	/**
	 * @error: negative errno of the job's fence (JOB_FAILED), or of submits
	 * (CONTEXT_BANNED)
	 */
	__s32 error;

	/** @seqno: number of the job in its context */
	__u64 seqno;

	/** @time_ns: CLOCK_MONOTONIC */
	__u64 time_ns;

	/**
	 * @dropped: events of this file before this one that were lost, as nobody read or
	 * memory was short
	 */
	__u32 dropped;

	/** @status: enum npu_job_status; NPU_JOB_PENDING as in &struct drm_npu_context_query */
	__u32 status;

	/** @code: enum npu_fault_code */
	__u32 code;

	/** @access: enum npu_access */
	__u32 access;

	/** @pc: index of the instruction */
	__u32 pc;

	/** @pad: zero */
	__u32 pad;

	/** @address: VA, SRAM address or value, by @code */
	__u64 address;
};

/**
 * enum drm_npu_uring_op - commands of io_uring, &io_uring_sqe.cmd_op of IORING_OP_URING_CMD
 *
 * On the node's descriptor, plain or registered. Since 1.2.
 */
enum drm_npu_uring_op {
	/**
	 * @DRM_NPU_URING_SUBMIT: &struct drm_npu_submit; completes when all of its
	 * jobs have ended, with the first error of their fences, or at once with
	 * an error of the ioctl, and then nothing was submitted
	 */
	DRM_NPU_URING_SUBMIT = 1,

	/**
	 * @DRM_NPU_URING_WAIT: &struct drm_npu_uring_wait; completes when the
	 * fence that the syncobj has now signals, with its error; -EINVAL if it
	 * has none
	 */
	DRM_NPU_URING_WAIT,

	/**
	 * @DRM_NPU_URING_VM_BIND: &struct drm_npu_vm_bind; completes when it is done, ASYNC or
	 * not
	 */
	DRM_NPU_URING_VM_BIND,
};

/**
 * struct drm_npu_uring_cmd - &io_uring_sqe.cmd
 */
struct drm_npu_uring_cmd {
	/** @arg: user pointer to the structure of the command */
	__u64 arg;

	/** @reserved: zero */
	__u64 reserved;
};

/**
 * struct drm_npu_uring_wait - DRM_NPU_URING_WAIT
 */
struct drm_npu_uring_wait {
	/** @handle: syncobj handle */
	__u32 handle;

	/** @pad: zero */
	__u32 pad;

	/** @point: of a timeline, or zero */
	__u64 point;
};

#define DRM_IOCTL_NPU(access, id, type) \
	DRM_IO ## access(DRM_COMMAND_BASE + DRM_NPU_ ## id, struct drm_npu_ ## type)

#define DRM_IOCTL_NPU_DEV_QUERY		DRM_IOCTL_NPU(WR, DEV_QUERY, dev_query)
#define DRM_IOCTL_NPU_BO_CREATE		DRM_IOCTL_NPU(WR, BO_CREATE, bo_create)
#define DRM_IOCTL_NPU_BO_MMAP_OFFSET	DRM_IOCTL_NPU(WR, BO_MMAP_OFFSET, bo_mmap_offset)
#define DRM_IOCTL_NPU_BO_WAIT		DRM_IOCTL_NPU(WR, BO_WAIT, bo_wait)
#define DRM_IOCTL_NPU_VM_CREATE		DRM_IOCTL_NPU(WR, VM_CREATE, vm_create)
#define DRM_IOCTL_NPU_VM_DESTROY	DRM_IOCTL_NPU(WR, VM_DESTROY, vm_destroy)
#define DRM_IOCTL_NPU_VM_BIND		DRM_IOCTL_NPU(WR, VM_BIND, vm_bind)
#define DRM_IOCTL_NPU_CONTEXT_CREATE	DRM_IOCTL_NPU(WR, CONTEXT_CREATE, context_create)
#define DRM_IOCTL_NPU_CONTEXT_DESTROY	DRM_IOCTL_NPU(WR, CONTEXT_DESTROY, context_destroy)
#define DRM_IOCTL_NPU_CONTEXT_QUERY	DRM_IOCTL_NPU(WR, CONTEXT_QUERY, context_query)
#define DRM_IOCTL_NPU_SUBMIT		DRM_IOCTL_NPU(WR, SUBMIT, submit)
#define DRM_IOCTL_NPU_EVENTS		DRM_IOCTL_NPU(W, EVENTS, events)
#define DRM_IOCTL_NPU_BO_LABEL		DRM_IOCTL_NPU(W, BO_LABEL, bo_label)
#define DRM_IOCTL_NPU_BO_USERPTR	DRM_IOCTL_NPU(WR, BO_USERPTR, bo_userptr)
#define DRM_IOCTL_NPU_BO_MADVISE	DRM_IOCTL_NPU(WR, BO_MADVISE, bo_madvise)
#define DRM_IOCTL_NPU_PERFMON_CREATE	DRM_IOCTL_NPU(WR, PERFMON_CREATE, perfmon_create)
#define DRM_IOCTL_NPU_PERFMON_DESTROY	DRM_IOCTL_NPU(W, PERFMON_DESTROY, perfmon_destroy)
#define DRM_IOCTL_NPU_PERFMON_READ	DRM_IOCTL_NPU(WR, PERFMON_READ, perfmon_read)

#if defined(__cplusplus)
}
#endif

#endif /* _NPU_ACCEL_H_ */
