// SPDX-License-Identifier: GPL-2.0
/*
 * Commands by io_uring: submit, wait and bind, with their errors; with registered
 * files and a polling kernel thread; rings and processes that go with commands in
 * flight.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_uring.h"

FIXTURE(uring)
{
	struct npu_machine m;
	struct io_uring ring;
	struct drm_npu_job null, copy, spin;
	uint64_t forever[1], args[2];
};

FIXTURE_SETUP(uring)
{
	int ret = io_uring_queue_init(128, &self->ring, 0);

	if (ret)
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->null = npu_prog_null(&self->m);
	self->copy = npu_prog_copy(&self->m, 64);
	self->spin = npu_prog_spin(&self->m);
	self->forever[0] = NPU_TEST_FOREVER;
	self->args[0] = NPU_TEST_DATA;
	self->args[1] = NPU_TEST_DATA + 64;
	npu_job_args(&self->spin, self->forever);
	npu_job_args(&self->copy, self->args);
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring);
	EXPECT_EQ(0, npu_run(&self->m, &self->null));
	npu_machine_close(&self->m);
}

TEST_F(uring, submit)
{
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, &self->copy, 1);

	memset(self->m.data.cpu, 0x31, 64);
	ASSERT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
	EXPECT_EQ(0, memcmp(self->m.data.cpu, self->m.data.cpu + 64, 64));
	EXPECT_EQ(1, submit.first_seqno);
	ASSERT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
	EXPECT_EQ(2, submit.first_seqno);
}

/* Events need no command of the driver's: one poll tells of each that comes. */
TEST_F(uring, events_by_one_poll)
{
	struct drm_npu_events ask = { .mask = DRM_NPU_EVENT_MASK_ALL };
	uint64_t nowhere[2] = { 0x5000000000, NPU_TEST_DATA };
	struct drm_npu_job bad = self->copy;
	struct drm_npu_event event;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;

	npu_job_args(&bad, nowhere);
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_EVENTS, &ask));
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_poll_multishot(sqe, self->m.fd, POLLIN);
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(-EFAULT, npu_run(&self->m, &bad));
		ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
		EXPECT_NE(0, cqe->res & POLLIN);
		EXPECT_NE(0, cqe->flags & IORING_CQE_F_MORE);
		io_uring_cqe_seen(&self->ring, cqe);
		EXPECT_EQ(sizeof(event), read(self->m.fd, &event, sizeof(event)));
	}
}

TEST_F(uring, bad_arguments)
{
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, &self->null, 1), bad;
	struct io_uring *ring = &self->ring;
	struct io_uring_sqe *sqe;
	int fd = self->m.fd, i;

	EXPECT_EQ(-EOPNOTSUPP, npu_uring_run(ring, fd, 0, &submit));
	EXPECT_EQ(-EOPNOTSUPP, npu_uring_run(ring, fd, 99, &submit));
	EXPECT_EQ(-EFAULT, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT,
					 (void *)NPU_TEST_BAD_PTR));
	EXPECT_EQ(-EFAULT, npu_uring_run(ring, fd, DRM_NPU_URING_WAIT, (void *)NPU_TEST_BAD_PTR));
	EXPECT_EQ(-EFAULT, npu_uring_run(ring, fd, DRM_NPU_URING_VM_BIND,
					 (void *)NPU_TEST_BAD_PTR));
	bad = submit;
	bad.context_id = 99;
	EXPECT_EQ(-ENOENT, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	bad = submit;
	bad.flags = 1;
	EXPECT_EQ(-EINVAL, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	bad = submit;
	bad.jobs.count = 0;
	EXPECT_EQ(-EINVAL, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	bad.jobs.count = 65;
	EXPECT_EQ(-E2BIG, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	bad.jobs.count = 0xffffffff;
	EXPECT_EQ(-E2BIG, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	bad = submit;
	bad.jobs.array = NPU_TEST_BAD_PTR;
	EXPECT_EQ(-EFAULT, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &bad));
	sqe = npu_uring_add(ring, fd, DRM_NPU_URING_SUBMIT, &submit, 0);
	((struct drm_npu_uring_cmd *)&sqe->cmd)->reserved = 1;
	ASSERT_EQ(1, io_uring_submit(ring));
	EXPECT_EQ(-EINVAL, npu_uring_get(ring, NULL));
	/* Flags that a program may set, whether they mean something here or not. */
	for (i = 0; i < 32; i++) {
		sqe = npu_uring_add(ring, fd, DRM_NPU_URING_SUBMIT, &submit, 0);
		sqe->uring_cmd_flags = 1u << i;
		ASSERT_EQ(1, io_uring_submit(ring));
		EXPECT_GT(0, npu_uring_get(ring, NULL));
	}
	/* None of them was submitted. */
	ASSERT_EQ(0, npu_uring_run(ring, fd, DRM_NPU_URING_SUBMIT, &submit));
	EXPECT_EQ(1, submit.first_seqno);
}

TEST_F(uring, errors_of_jobs)
{
	uint64_t bad[2] = { 0x5000000000, NPU_TEST_DATA }, args[1] = { 1 };
	struct drm_npu_job jobs[3] = { self->null, self->copy, self->null };
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, jobs, 3);
	uint32_t ctx;

	npu_job_args(&jobs[1], bad);
	EXPECT_EQ(-EFAULT, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
	submit.jobs.count = 1;
	EXPECT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 100, &ctx));
	submit = npu_uring_submit(ctx, &self->spin, 1);
	EXPECT_EQ(-ETIMEDOUT, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT,
					    &submit));
	EXPECT_EQ(-EBADFD, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
	npu_job_args(&self->spin, args);
	submit.context_id = self->m.ctx;
	EXPECT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
}

/*
 * Many at once, by registered file. Commands that are not linked complete in
 * any order; each does so once, and each job has a number of its own.
 */
TEST_F(uring, batch_of_64)
{
	uint64_t i, id, completed = 0, numbered = 0;
	struct drm_npu_submit submit[64];
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_files(&self->ring, &self->m.fd, 1));
	for (i = 0; i < 64; i++) {
		submit[i] = npu_uring_submit(self->m.ctx, &self->null, 1);
		sqe = npu_uring_add(&self->ring, 0, DRM_NPU_URING_SUBMIT, &submit[i], i);
		ASSERT_NE(NULL, sqe);
		sqe->flags = IOSQE_FIXED_FILE;
	}
	ASSERT_EQ(64, io_uring_submit_and_wait(&self->ring, 64));
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(0, npu_uring_get(&self->ring, &id));
		ASSERT_GT(64, id);
		completed |= 1ull << id;
		ASSERT_LT(0, submit[id].first_seqno);
		ASSERT_GE(64, submit[id].first_seqno);
		numbered |= 1ull << (submit[id].first_seqno - 1);
	}
	EXPECT_EQ(UINT64_MAX, completed);
	EXPECT_EQ(UINT64_MAX, numbered);
}

TEST_F(uring, polling_thread)
{
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, &self->copy, 1);
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100 };
	struct io_uring ring;
	int i;

	ASSERT_EQ(0, io_uring_queue_init_params(8, &ring, &params));
	for (i = 0; i < 20; i++) {
		memset(self->m.data.cpu, i, 64);
		ASSERT_EQ(0, npu_uring_run(&ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit));
		ASSERT_EQ(0, memcmp(self->m.data.cpu, self->m.data.cpu + 64, 64));
	}
	io_uring_queue_exit(&ring);
}

/* All that the kernel would rather do in the background. */
TEST_F(uring, by_worker)
{
	struct drm_npu_submit submit[16];
	struct io_uring_sqe *sqe;
	int i;

	for (i = 0; i < 16; i++) {
		submit[i] = npu_uring_submit(self->m.ctx, &self->copy, 1);
		sqe = npu_uring_add(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit[i], i);
		sqe->flags = IOSQE_ASYNC;
	}
	ASSERT_EQ(16, io_uring_submit(&self->ring));
	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, npu_uring_get(&self->ring, NULL));
}

TEST_F(uring, wait_for_syncobj)
{
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_uring_wait wait = { .handle = syncobj };
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	uint64_t bad[2] = { 0x5000000000, NPU_TEST_DATA }, id = 0;

	EXPECT_EQ(-EINVAL, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));
	npu_job_syncs(&self->copy, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &self->copy, 1, NULL));
	EXPECT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));
	npu_job_args(&self->copy, bad);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &self->copy, 1, NULL));
	EXPECT_EQ(-EFAULT, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));
	wait.pad = 1;
	EXPECT_EQ(-EINVAL, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));
	wait = (struct drm_npu_uring_wait){ .handle = 99 };
	EXPECT_EQ(-ENOENT, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));

	/* A timeline, whose second point waits for the CPU. */
	wait = (struct drm_npu_uring_wait){ .handle = npu_syncobj_create(self->m.fd, 0),
					    .point = 1 };
	struct drm_npu_sync both[2] = {
		{ .handle = npu_syncobj_create(self->m.fd, 0), .flags = DRM_NPU_SYNC_WAIT },
		{ .handle = wait.handle, .timeline_point = 1,
		  .flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_TIMELINE },
	};
	ASSERT_EQ(0, npu_syncobj_signal(self->m.fd, both[0].handle, 0));
	npu_job_args(&self->copy, self->args);
	npu_job_syncs(&self->copy, both, 2);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &self->copy, 1, NULL));
	ASSERT_NE(NULL, npu_uring_add(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait, 7));
	ASSERT_EQ(1, io_uring_submit(&self->ring));
	EXPECT_EQ(0, npu_uring_get(&self->ring, &id));
	EXPECT_EQ(7, id);
	/* Points that nobody has submitted, again and again: no fence may be put for them. */
	wait.point = 2;
	for (id = 0; id < 100; id++)
		ASSERT_EQ(-EINVAL, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT,
						 &wait));
	wait.point = 1;
	EXPECT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_WAIT, &wait));
}

TEST_F(uring, bind)
{
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	struct drm_npu_vm_bind_op op = { .op = DRM_NPU_VM_BIND_OP_MAP, .va = args[0],
					 .size = 4096 };
	struct drm_npu_vm_bind bind = {
		.vm_id = self->m.vm,
		.ops = { .stride = sizeof(op), .count = 1, .array = (uintptr_t)&op },
	};

	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &op.handle));
	npu_job_args(&self->copy, args);
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	ASSERT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_VM_BIND, &bind));
	EXPECT_EQ(0, npu_run(&self->m, &self->copy));
	op = (struct drm_npu_vm_bind_op){ .op = DRM_NPU_VM_BIND_OP_UNMAP, .va = args[0],
					  .size = 4096 };
	ASSERT_EQ(0, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_VM_BIND, &bind));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	op.size = 1;
	EXPECT_EQ(-EINVAL, npu_uring_run(&self->ring, self->m.fd, DRM_NPU_URING_VM_BIND, &bind));
}

/* A chain: the copy runs when what it copies is mapped. */
TEST_F(uring, linked)
{
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, &self->copy, 1);
	struct drm_npu_vm_bind_op op = { .op = DRM_NPU_VM_BIND_OP_MAP, .va = args[0],
					 .size = 4096 };
	struct drm_npu_vm_bind bind = {
		.vm_id = self->m.vm,
		.ops = { .stride = sizeof(op), .count = 1, .array = (uintptr_t)&op },
	};

	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &op.handle));
	npu_job_args(&self->copy, args);
	npu_uring_add(&self->ring, self->m.fd, DRM_NPU_URING_VM_BIND, &bind, 1)->flags =
		IOSQE_IO_LINK;
	npu_uring_add(&self->ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit, 2);
	ASSERT_EQ(2, io_uring_submit(&self->ring));
	EXPECT_EQ(0, npu_uring_get(&self->ring, NULL));
	EXPECT_EQ(0, npu_uring_get(&self->ring, NULL));
}

static pid_t child_with_commands(int n, int sqpoll, int async)
{
	pid_t child = fork();

	if (child)
		return child;
	struct io_uring_params params = { .flags = sqpoll ? IORING_SETUP_SQPOLL : 0 };
	struct drm_npu_submit submit[32];
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	struct npu_machine m;
	struct io_uring ring;
	struct drm_npu_job spin;
	int i;

	if (npu_machine_open(&m) || io_uring_queue_init_params(32, &ring, &params))
		_exit(1);
	spin = npu_prog_spin(&m);
	npu_job_args(&spin, forever);
	for (i = 0; i < n; i++) {
		struct io_uring_sqe *sqe;

		submit[i] = npu_uring_submit(m.ctx, &spin, 1);
		sqe = npu_uring_add(&ring, m.fd, DRM_NPU_URING_SUBMIT, &submit[i], i);
		sqe->flags = async ? IOSQE_ASYNC : 0;
	}
	io_uring_submit(&ring);
	usleep(rand() % 20000);
	if (n % 2)
		io_uring_queue_exit(&ring);
	_exit(0);
}

/* Jobs that never end keep neither ring nor process: closing the file ends them. */
TEST_F_TIMEOUT(uring, exit_with_commands, 90)
{
	int64_t start = npu_now_ns();
	int i, status;

	for (i = 0; i < 16; i++) {
		pid_t child = child_with_commands(1 + i, i & 1, i & 2);

		if (i & 4) {
			usleep(10000);
			kill(child, SIGKILL);
		}
		ASSERT_EQ(child, waitpid(child, &status, 0));
		if (!(i & 4))
			EXPECT_EQ(0, status);
	}
	TH_LOG("%lld ms", (long long)(npu_now_ns() - start) / 1000000);
	while (npu_usage(self->m.fd).contexts > 1)
		usleep(10000);
}

/* The ring goes while commands wait and the file stays open. */
TEST_F(uring, ring_goes_first)
{
	struct drm_npu_submit submit = npu_uring_submit(self->m.ctx, &self->spin, 1);
	struct drm_npu_context_query query;
	struct io_uring ring;
	int i;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, io_uring_queue_init(8, &ring, 0));
		ASSERT_NE(NULL, npu_uring_add(&ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit, 0));
		ASSERT_EQ(1, io_uring_submit(&ring));
		io_uring_queue_exit(&ring);
	}
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(10, query.jobs_submitted);
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 0, &self->m.ctx));
}

/* Ends of jobs race with the end of the ring. */
TEST_F_TIMEOUT(uring, end_races_with_exit, 60)
{
	struct drm_npu_submit submit[8];
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int i, n;

	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, io_uring_queue_init(8, &ring, 0));
		for (n = 0; n < 8; n++) {
			submit[n] = npu_uring_submit(self->m.ctx, &self->null, 1);
			sqe = npu_uring_add(&ring, self->m.fd, DRM_NPU_URING_SUBMIT, &submit[n], n);
			sqe->flags = i & 1 ? IOSQE_ASYNC : 0;
		}
		ASSERT_EQ(8, io_uring_submit(&ring));
		usleep(rand() % 500);
		io_uring_queue_exit(&ring);
	}
}

TEST_HARNESS_MAIN
