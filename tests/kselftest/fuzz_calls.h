/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls as tables: what each field of each structure means, so that a
 * fuzzer can put sense into it, or nonsense that is worth a try.
 */
#ifndef FUZZ_CALLS_H
#define FUZZ_CALLS_H

#include "npu_test.h"

enum fuzz_kind {
	FUZZ_NUM,	/* a number; good: the largest that makes sense; 255: from 64 on */
	FUZZ_PAD,	/* zero, else -EINVAL */
	FUZZ_FLAGS,	/* good: all that there are; others are -EINVAL */
	FUZZ_BO,	/* handles and ids: good: 1 for one that may be destroyed */
	FUZZ_VM,
	FUZZ_CTX,
	FUZZ_PERFMON,
	FUZZ_SYNC,
	FUZZ_FD,
	FUZZ_SIZE,	/* bytes, in pages */
	FUZZ_VA,	/* where something may be mapped */
	FUZZ_PROGRAM,	/* address of a program */
	FUZZ_TIME,	/* of CLOCK_MONOTONIC */
	FUZZ_PTR,	/* good: offset in the thread's memory */
	FUZZ_ARRAY,	/* struct drm_npu_obj_array; good: 0 of elements, 1 of syncs */
};

struct fuzz_field {
	const char *name;
	uint16_t offset;
	uint16_t size;
	uint16_t kind;
	uint64_t good;
};

struct fuzz_call {
	const char *name;
	unsigned long request;
	uint16_t size;
	uint16_t element_size;
	const struct fuzz_field *fields;	/* end with an empty name */
	const struct fuzz_field *element;	/* of FUZZ_ARRAY 0, or NULL */
	uint16_t out;		/* 1 + offset of a handle that the kernel gives; 0: none */
	uint16_t out_kind;
	uint16_t uring;		/* the command by io_uring, or 0 */
	uint16_t strict;	/* ours: bad pads and flags are -EINVAL */
};

/* More that a program can do: mapping a buffer, reading events. */
#define FUZZ_REQUEST_MMAP	1
#define FUZZ_REQUEST_READ	2

#define F(type, member, ...) \
	{ #member, offsetof(struct type, member), sizeof(((struct type *)0)->member), __VA_ARGS__ }
#define FUZZ_END { NULL, 0, 0, 0, 0 }
#define FUZZ_TABLE(name) static const struct fuzz_field name[] =

FUZZ_TABLE(fuzz_sync) {
	F(drm_npu_sync, handle, FUZZ_SYNC, 0),
	F(drm_npu_sync, flags, FUZZ_NUM, 7),
	F(drm_npu_sync, timeline_point, FUZZ_NUM, 3),
	FUZZ_END
};

FUZZ_TABLE(fuzz_dev_query) {
	F(drm_npu_dev_query, type, FUZZ_NUM, 2),
	F(drm_npu_dev_query, size, FUZZ_NUM, 255),
	F(drm_npu_dev_query, pointer, FUZZ_PTR, 4096),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_create) {
	F(drm_npu_bo_create, size, FUZZ_SIZE, 0),
	F(drm_npu_bo_create, flags, FUZZ_FLAGS, DRM_NPU_BO_NO_MMAP | DRM_NPU_BO_READONLY),
	F(drm_npu_bo_create, exclusive_vm_id, FUZZ_VM, 2),
	F(drm_npu_bo_create, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_mmap_offset) {
	F(drm_npu_bo_mmap_offset, handle, FUZZ_BO, 0),
	F(drm_npu_bo_mmap_offset, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_wait) {
	F(drm_npu_bo_wait, handle, FUZZ_BO, 0),
	F(drm_npu_bo_wait, pad, FUZZ_PAD, 0),
	F(drm_npu_bo_wait, timeout_ns, FUZZ_TIME, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_label) {
	F(drm_npu_bo_label, handle, FUZZ_BO, 0),
	F(drm_npu_bo_label, pad, FUZZ_PAD, 0),
	F(drm_npu_bo_label, label, FUZZ_PTR, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_userptr) {
	F(drm_npu_bo_userptr, pointer, FUZZ_PTR, 0),
	F(drm_npu_bo_userptr, size, FUZZ_SIZE, 0),
	F(drm_npu_bo_userptr, flags, FUZZ_FLAGS, DRM_NPU_BO_READONLY),
	FUZZ_END
};

FUZZ_TABLE(fuzz_bo_madvise) {
	F(drm_npu_bo_madvise, handle, FUZZ_BO, 1),
	F(drm_npu_bo_madvise, advice, FUZZ_NUM, 1),
	F(drm_npu_bo_madvise, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_vm_create) {
	F(drm_npu_vm_create, flags, FUZZ_FLAGS, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_vm_destroy) {
	F(drm_npu_vm_destroy, id, FUZZ_VM, 1),
	F(drm_npu_vm_destroy, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_vm_bind) {
	F(drm_npu_vm_bind, vm_id, FUZZ_VM, 0),
	F(drm_npu_vm_bind, flags, FUZZ_FLAGS, DRM_NPU_VM_BIND_ASYNC),
	F(drm_npu_vm_bind, ops, FUZZ_ARRAY, 0),
	F(drm_npu_vm_bind, syncs, FUZZ_ARRAY, 1),
	FUZZ_END
};

FUZZ_TABLE(fuzz_vm_bind_op) {
	F(drm_npu_vm_bind_op, op, FUZZ_NUM, 1),
	F(drm_npu_vm_bind_op, flags, FUZZ_FLAGS, DRM_NPU_VM_BIND_READONLY),
	F(drm_npu_vm_bind_op, handle, FUZZ_BO, 0),
	F(drm_npu_vm_bind_op, pad, FUZZ_PAD, 0),
	F(drm_npu_vm_bind_op, bo_offset, FUZZ_NUM, 0),
	F(drm_npu_vm_bind_op, va, FUZZ_VA, 0),
	F(drm_npu_vm_bind_op, size, FUZZ_SIZE, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_context_create) {
	F(drm_npu_context_create, vm_id, FUZZ_VM, 0),
	F(drm_npu_context_create, flags, FUZZ_FLAGS, 0),
	F(drm_npu_context_create, priority, FUZZ_NUM, 3),
	F(drm_npu_context_create, timeout_ms, FUZZ_NUM, 255),
	F(drm_npu_context_create, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_context_destroy) {
	F(drm_npu_context_destroy, id, FUZZ_CTX, 1),
	F(drm_npu_context_destroy, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_context_query) {
	F(drm_npu_context_query, id, FUZZ_CTX, 0),
	F(drm_npu_context_query, flags, FUZZ_FLAGS, DRM_NPU_CONTEXT_QUERY_CLEAR),
	F(drm_npu_context_query, pad, FUZZ_PAD, 0),
	F(drm_npu_context_query, pad2, FUZZ_NUM, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_submit) {
	F(drm_npu_submit, context_id, FUZZ_CTX, 0),
	F(drm_npu_submit, flags, FUZZ_FLAGS, 0),
	F(drm_npu_submit, jobs, FUZZ_ARRAY, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_job) {
	F(drm_npu_job, program, FUZZ_PROGRAM, 0),
	F(drm_npu_job, program_size, FUZZ_NUM, 0),
	F(drm_npu_job, cores, FUZZ_NUM, 4),
	F(drm_npu_job, budget, FUZZ_NUM, 0),
	F(drm_npu_job, result, FUZZ_NUM, 0),
	F(drm_npu_job, args, FUZZ_PTR, 2 * NPU_TEST_PAGE),
	F(drm_npu_job, num_args, FUZZ_NUM, 0),
	F(drm_npu_job, flags, FUZZ_FLAGS, 0),
	F(drm_npu_job, syncs, FUZZ_ARRAY, 1),
	F(drm_npu_job, perfmon_id, FUZZ_PERFMON, 2),
	F(drm_npu_job, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_perfmon_create) {
	F(drm_npu_perfmon_create, counters, FUZZ_FLAGS, (1 << NPU_CNT_COUNT) - 1),
	F(drm_npu_perfmon_create, flags, FUZZ_FLAGS, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_perfmon_destroy) {
	F(drm_npu_perfmon_destroy, id, FUZZ_PERFMON, 1),
	F(drm_npu_perfmon_destroy, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_perfmon_read) {
	F(drm_npu_perfmon_read, id, FUZZ_PERFMON, 0),
	F(drm_npu_perfmon_read, flags, FUZZ_FLAGS, DRM_NPU_PERFMON_READ_CLEAR),
	F(drm_npu_perfmon_read, timeout_ns, FUZZ_TIME, 0),
	F(drm_npu_perfmon_read, values, FUZZ_PTR, 4096),
	F(drm_npu_perfmon_read, num_values, FUZZ_NUM, NPU_CNT_COUNT),
	FUZZ_END
};

FUZZ_TABLE(fuzz_events) {
	F(drm_npu_events, mask, FUZZ_FLAGS, DRM_NPU_EVENT_MASK_ALL),
	F(drm_npu_events, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_uring_wait) {
	F(drm_npu_uring_wait, handle, FUZZ_SYNC, 0),
	F(drm_npu_uring_wait, pad, FUZZ_PAD, 0),
	F(drm_npu_uring_wait, point, FUZZ_NUM, 3),
	FUZZ_END
};

FUZZ_TABLE(fuzz_gem_close) {
	F(drm_gem_close, handle, FUZZ_BO, 1),
	F(drm_gem_close, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_prime_out) {
	F(drm_prime_handle, handle, FUZZ_BO, 0),
	F(drm_prime_handle, flags, FUZZ_NUM, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_prime_in) {
	F(drm_prime_handle, fd, FUZZ_FD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_syncobj_create) {
	F(drm_syncobj_create, flags, FUZZ_NUM, DRM_SYNCOBJ_CREATE_SIGNALED),
	FUZZ_END
};

FUZZ_TABLE(fuzz_syncobj_destroy) {
	F(drm_syncobj_destroy, handle, FUZZ_SYNC, 1),
	F(drm_syncobj_destroy, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_syncobj_out) {
	F(drm_syncobj_handle, handle, FUZZ_SYNC, 0),
	F(drm_syncobj_handle, flags, FUZZ_NUM, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE),
	F(drm_syncobj_handle, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_syncobj_in) {
	F(drm_syncobj_handle, handle, FUZZ_SYNC, 0),
	F(drm_syncobj_handle, flags, FUZZ_NUM, DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE),
	F(drm_syncobj_handle, fd, FUZZ_FD, 0),
	F(drm_syncobj_handle, pad, FUZZ_PAD, 0),
	FUZZ_END
};

FUZZ_TABLE(fuzz_syncobj_transfer) {
	F(drm_syncobj_transfer, src_handle, FUZZ_SYNC, 0),
	F(drm_syncobj_transfer, dst_handle, FUZZ_SYNC, 1),
	F(drm_syncobj_transfer, src_point, FUZZ_NUM, 3),
	F(drm_syncobj_transfer, dst_point, FUZZ_NUM, 3),
	F(drm_syncobj_transfer, flags, FUZZ_NUM, 0),
	F(drm_syncobj_transfer, pad, FUZZ_PAD, 0),
	FUZZ_END
};

/* The mapped buffer's handle, and how many bytes of its second page to touch. */
FUZZ_TABLE(fuzz_mmap) {
	F(drm_npu_bo_mmap_offset, handle, FUZZ_BO, 0),
	F(drm_npu_bo_mmap_offset, pad, FUZZ_NUM, 3),
	FUZZ_END
};

FUZZ_TABLE(fuzz_read) {
	F(drm_npu_dev_query, size, FUZZ_NUM, 255),
	F(drm_npu_dev_query, pointer, FUZZ_PTR, 4096),
	FUZZ_END
};

#define CALL(NAME, table, type, ...) \
	{ .name = #table, .request = DRM_IOCTL_ ## NAME, .size = sizeof(struct type), \
	  .fields = fuzz_ ## table, __VA_ARGS__ }
#define ELEMENTS(table, type)	.element = fuzz_ ## table, .element_size = sizeof(struct type)
#define OUT(type, member, kind)	.out = offsetof(struct type, member) + 1, .out_kind = kind

/* Corpora name calls by their index: new ones go to the end. */
static const struct fuzz_call fuzz_calls[] = {
	CALL(NPU_DEV_QUERY, dev_query, drm_npu_dev_query),
	CALL(NPU_BO_CREATE, bo_create, drm_npu_bo_create, .strict = 1,
	     OUT(drm_npu_bo_create, handle, FUZZ_BO)),
	CALL(NPU_BO_MMAP_OFFSET, bo_mmap_offset, drm_npu_bo_mmap_offset, .strict = 1),
	CALL(NPU_BO_WAIT, bo_wait, drm_npu_bo_wait, .strict = 1),
	CALL(NPU_BO_LABEL, bo_label, drm_npu_bo_label, .strict = 1),
	CALL(NPU_BO_USERPTR, bo_userptr, drm_npu_bo_userptr, .strict = 1,
	     OUT(drm_npu_bo_userptr, handle, FUZZ_BO)),
	CALL(NPU_BO_MADVISE, bo_madvise, drm_npu_bo_madvise, .strict = 1),
	CALL(NPU_VM_CREATE, vm_create, drm_npu_vm_create, .strict = 1,
	     OUT(drm_npu_vm_create, id, FUZZ_VM)),
	CALL(NPU_VM_DESTROY, vm_destroy, drm_npu_vm_destroy, .strict = 1),
	CALL(NPU_VM_BIND, vm_bind, drm_npu_vm_bind, .strict = 1,
	     ELEMENTS(vm_bind_op, drm_npu_vm_bind_op)),
	CALL(NPU_CONTEXT_CREATE, context_create, drm_npu_context_create, .strict = 1,
	     OUT(drm_npu_context_create, id, FUZZ_CTX)),
	CALL(NPU_CONTEXT_DESTROY, context_destroy, drm_npu_context_destroy, .strict = 1),
	CALL(NPU_CONTEXT_QUERY, context_query, drm_npu_context_query, .strict = 1),
	CALL(NPU_SUBMIT, submit, drm_npu_submit, .strict = 1, ELEMENTS(job, drm_npu_job)),
	CALL(NPU_EVENTS, events, drm_npu_events, .strict = 1),
	CALL(NPU_SUBMIT, submit, drm_npu_submit, .strict = 1, ELEMENTS(job, drm_npu_job),
	     .uring = DRM_NPU_URING_SUBMIT),
	CALL(NPU_VM_BIND, vm_bind, drm_npu_vm_bind, .strict = 1,
	     ELEMENTS(vm_bind_op, drm_npu_vm_bind_op), .uring = DRM_NPU_URING_VM_BIND),
	{ .name = "uring_wait", .size = sizeof(struct drm_npu_uring_wait), .strict = 1,
	  .fields = fuzz_uring_wait, .uring = DRM_NPU_URING_WAIT },
	CALL(GEM_CLOSE, gem_close, drm_gem_close),
	CALL(PRIME_HANDLE_TO_FD, prime_out, drm_prime_handle,
	     OUT(drm_prime_handle, fd, FUZZ_FD)),
	CALL(PRIME_FD_TO_HANDLE, prime_in, drm_prime_handle,
	     OUT(drm_prime_handle, handle, FUZZ_BO)),
	CALL(SYNCOBJ_CREATE, syncobj_create, drm_syncobj_create,
	     OUT(drm_syncobj_create, handle, FUZZ_SYNC)),
	CALL(SYNCOBJ_DESTROY, syncobj_destroy, drm_syncobj_destroy),
	{ .name = "mmap", .request = FUZZ_REQUEST_MMAP, .fields = fuzz_mmap,
	  .size = sizeof(struct drm_npu_bo_mmap_offset) },
	{ .name = "read", .request = FUZZ_REQUEST_READ, .fields = fuzz_read,
	  .size = sizeof(struct drm_npu_dev_query) },
	CALL(NPU_PERFMON_CREATE, perfmon_create, drm_npu_perfmon_create, .strict = 1,
	     OUT(drm_npu_perfmon_create, id, FUZZ_PERFMON)),
	CALL(NPU_PERFMON_DESTROY, perfmon_destroy, drm_npu_perfmon_destroy, .strict = 1),
	CALL(NPU_PERFMON_READ, perfmon_read, drm_npu_perfmon_read, .strict = 1),
	CALL(SYNCOBJ_HANDLE_TO_FD, syncobj_out, drm_syncobj_handle,
	     OUT(drm_syncobj_handle, fd, FUZZ_FD)),
	CALL(SYNCOBJ_FD_TO_HANDLE, syncobj_in, drm_syncobj_handle),
	CALL(SYNCOBJ_TRANSFER, syncobj_transfer, drm_syncobj_transfer),
};

#define FUZZ_NUM_CALLS	(sizeof(fuzz_calls) / sizeof(fuzz_calls[0]))

#endif /* FUZZ_CALLS_H */
