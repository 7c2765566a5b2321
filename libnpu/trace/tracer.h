/* SPDX-License-Identifier: MIT */
/* The file of a device's trace. */
#ifndef NPU_TRACE_TRACER_H
#define NPU_TRACE_TRACER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/**
 * struct npu_tracer - a device's file
 * @fd: file
 * @buffer_size: bytes of memory for the trace of one job
 * @buffers: most of these of one queue
 * @lock: protects what follows
 * @limit: bytes that the file may have before records are left out
 * @written: bytes that it has
 * @failed: it cannot be written to, which has been said
 * @jobs: jobs in it
 * @untraced: those without records
 */
struct npu_tracer {
	int fd;
	uint64_t buffer_size;
	uint32_t buffers;
	pthread_mutex_t lock;
	uint64_t limit, written;
	bool failed;
	uint64_t jobs, untraced;
};

/* CLOCK_MONOTONIC. */
uint64_t tracer_now_ns(void);
/* Whether records still have a place in the file. */
bool tracer_has_room(struct npu_tracer *t);
/* Add a chunk: @iov[0] is left for its header, which is made here. */
void tracer_chunk(struct npu_tracer *t, uint32_t type, struct iovec *iov, int n);
/* A job was put into the file. */
void tracer_count(struct npu_tracer *t, bool untraced);

#endif /* NPU_TRACE_TRACER_H */
