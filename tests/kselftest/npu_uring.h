/* SPDX-License-Identifier: GPL-2.0 */
/* Commands to the NPU by io_uring, for tests. */
#ifndef NPU_URING_H
#define NPU_URING_H

#include <liburing.h>

#include "npu_program.h"

/* Puts a command into a ring; file may be an index with IOSQE_FIXED_FILE. */
static inline struct io_uring_sqe *npu_uring_add(struct io_uring *ring, int file, uint32_t op,
						 const void *arg, uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct drm_npu_uring_cmd *cmd;

	if (!sqe)
		return NULL;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = file;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	cmd = (void *)&sqe->cmd;
	cmd->arg = (uintptr_t)arg;
	return sqe;
}

/* Waits for a completion. Return: its res; user_data is told. */
static inline int npu_uring_get(struct io_uring *ring, uint64_t *user_data)
{
	struct __kernel_timespec patience = { .tv_sec = NPU_TEST_PATIENCE_NS / 1000000000 };
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(ring, &cqe, &patience);

	if (ret)
		return ret;
	ret = cqe->res;
	if (user_data)
		*user_data = cqe->user_data;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/* One command, there and back. */
static inline int npu_uring_run(struct io_uring *ring, int fd, uint32_t op, const void *arg)
{
	if (!npu_uring_add(ring, fd, op, arg, 0))
		return -ENOSPC;
	if (io_uring_submit(ring) < 0)
		return -EIO;
	return npu_uring_get(ring, NULL);
}

static inline struct drm_npu_submit npu_uring_submit(uint32_t ctx, const struct drm_npu_job *jobs,
						     uint32_t count)
{
	return (struct drm_npu_submit){
		.context_id = ctx,
		.jobs = { .stride = sizeof(*jobs), .count = count, .array = (uintptr_t)jobs },
	};
}

#endif /* NPU_URING_H */
