// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of io_uring that end while they are cancelled, and rings whose owners are
 * killed, exit, fork or exec: each command completes once, or goes with its ring, and
 * nothing of it is left behind.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_uring.h"

#define COMMANDS	32

FIXTURE(uring_races)
{
	struct npu_machine m;
	struct io_uring ring;
	struct drm_npu_job null, copy, spin;
	uint64_t rounds[1], args[2];
	struct drm_npu_submit submit[COMMANDS];
};

FIXTURE_SETUP(uring_races)
{
	if (io_uring_queue_init(4 * COMMANDS, &self->ring, 0))
		SKIP(return, "no io_uring");
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->null = npu_prog_null(&self->m);
	self->copy = npu_prog_copy(&self->m, 64);
	self->spin = npu_prog_spin(&self->m);
	self->args[0] = NPU_TEST_DATA;
	self->args[1] = NPU_TEST_DATA + 64;
	self->rounds[0] = NPU_TEST_FOREVER;
	npu_job_args(&self->copy, self->args);
	npu_job_args(&self->spin, self->rounds);
}

/* All contexts but ours are gone, and ours works. */
FIXTURE_TEARDOWN(uring_races)
{
	int i;

	io_uring_queue_exit(&self->ring);
	for (i = 0; i < 3000 && npu_usage(self->m.fd).contexts > 1; i++)
		usleep(10000);
	EXPECT_EQ(1, npu_usage(self->m.fd).contexts);
	memset(self->m.data.cpu, 0x5a, 64);
	memset(self->m.data.cpu + 64, 0, 64);
	EXPECT_EQ(0, npu_run(&self->m, &self->copy));
	EXPECT_EQ(0, memcmp(self->m.data.cpu, self->m.data.cpu + 64, 64));
	npu_machine_close(&self->m);
}

static int add_submits(struct io_uring *ring, int fd, uint32_t ctx, struct drm_npu_submit *submit,
		       const struct drm_npu_job *job, int count, unsigned int flags)
{
	int i;

	for (i = 0; i < count; i++) {
		struct io_uring_sqe *sqe;

		submit[i] = npu_uring_submit(ctx, job, 1);
		sqe = npu_uring_add(ring, fd, DRM_NPU_URING_SUBMIT, &submit[i], i);
		if (!sqe)
			return -ENOSPC;
		sqe->flags = flags;
	}
	return io_uring_submit(ring) < 0 ? -EIO : 0;
}

/* One by one, while they end; who was not cancelled has run. */
TEST_F_TIMEOUT(uring_races, cancel_against_end, 120)
{
	struct drm_npu_context_query query;
	uint32_t cancelled = 0, ended = 0;
	int round, i;

	for (round = 0; round < 60; round++) {
		uint32_t seen[COMMANDS] = {}, orders = 0;

		ASSERT_EQ(0, add_submits(&self->ring, self->m.fd, self->m.ctx, self->submit,
					 &self->null, COMMANDS, round & 1 ? IOSQE_ASYNC : 0));
		usleep(round * 37 % 400);
		for (i = 0; i < COMMANDS; i++) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);

			ASSERT_NE(NULL, sqe);
			io_uring_prep_cancel64(sqe, COMMANDS - 1 - i, 0);
			sqe->user_data = COMMANDS;
		}
		ASSERT_EQ(COMMANDS, io_uring_submit(&self->ring));
		for (i = 0; i < 2 * COMMANDS; i++) {
			uint64_t id = UINT64_MAX;
			int ret = npu_uring_get(&self->ring, &id);

			ASSERT_NE(-ETIME, ret);
			ASSERT_GE(COMMANDS, id);
			if (id == COMMANDS) {
				orders++;
				continue;
			}
			seen[id]++;
			EXPECT_TRUE(!ret || ret == -ECANCELED || ret == -EINTR)
				TH_LOG("%s", strerror(-ret));
			cancelled += ret != 0;
			ended += !ret;
		}
		EXPECT_EQ(COMMANDS, orders);
		for (i = 0; i < COMMANDS; i++)
			EXPECT_EQ(1, seen[i]);
	}
	TH_LOG("%u ended, %u cancelled", ended, cancelled);
	EXPECT_EQ(60 * COMMANDS, cancelled + ended);
	ASSERT_EQ(0, npu_run(&self->m, &self->null));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_LT(ended, query.jobs_done);
	EXPECT_EQ(0, query.jobs_failed);
}

/*
 * io_uring's order to cancel reaches no command that a driver has. They end with their
 * jobs, which go with their context: all at once, while the orders are given.
 */
TEST_F_TIMEOUT(uring_races, context_against_cancel, 60)
{
	struct io_uring_sqe *sqe;
	int round, i, ret;

	for (round = 0; round < 10; round++) {
		uint64_t seen = 0, id = UINT64_MAX;
		uint32_t ctx;

		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 0, &ctx));
		ASSERT_EQ(0, add_submits(&self->ring, self->m.fd, ctx, self->submit, &self->spin,
					 COMMANDS, 0));
		sqe = io_uring_get_sqe(&self->ring);
		io_uring_prep_cancel_fd(sqe, self->m.fd, IORING_ASYNC_CANCEL_ALL);
		sqe->user_data = COMMANDS;
		ASSERT_EQ(1, io_uring_submit(&self->ring));
		usleep(round * 389 % 2000);
		EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
		for (i = 0; i <= COMMANDS; i++) {
			ret = npu_uring_get(&self->ring, &id);
			ASSERT_NE(-ETIME, ret);
			EXPECT_EQ(id == COMMANDS ? 0 : -ECANCELED, ret);
			seen |= 1ull << id;
		}
		EXPECT_EQ((2ull << COMMANDS) - 1, seen);
	}
}

/* How a child leaves its commands behind. */
enum leaving { KILLED, EXITS, CLOSES_RING, CLOSES_FILE, EXECS, LEAVINGS };

static void child(enum leaving how, uint32_t flags, bool async, unsigned int us)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 20 };
	struct drm_npu_submit submit[COMMANDS];
	uint64_t forever[1] = { NPU_TEST_FOREVER };
	struct drm_npu_job job;
	struct npu_machine m;
	struct io_uring ring;

	if (npu_machine_open(&m) || io_uring_queue_init_params(COMMANDS, &ring, &params))
		_exit(1);
	/* Half end by themselves at that very moment. */
	job = us & 1 ? npu_prog_spin(&m) : npu_prog_null(&m);
	if (us & 1)
		npu_job_args(&job, forever);
	if (add_submits(&ring, m.fd, m.ctx, submit, &job, COMMANDS, async ? IOSQE_ASYNC : 0))
		_exit(1);
	usleep(us);
	switch (how) {
	case KILLED:
		for (;;)
			pause();
	case CLOSES_RING:
		io_uring_queue_exit(&ring);
		break;
	case CLOSES_FILE:
		/* The commands hold it. */
		close(m.fd);
		break;
	case EXECS:
		/* The ring and the file live on in a program that knows nothing of them. */
		fcntl(ring.ring_fd, F_SETFD, 0);
		fcntl(m.fd, F_SETFD, 0);
		execl("/bin/true", "true", NULL);
		_exit(1);
	default:
		break;
	}
	_exit(0);
}

/* Several at a time, by a thread of the kernel's or not, at any moment. */
TEST_F_TIMEOUT(uring_races, owners_go, 240)
{
	int round, i, status;

	for (round = 0; round < 4 * LEAVINGS; round++) {
		pid_t children[3];

		for (i = 0; i < 3; i++) {
			int how = (round + i) % LEAVINGS;

			children[i] = fork();
			ASSERT_LE(0, children[i]);
			if (!children[i])
				child(how, i == 1 ? IORING_SETUP_SQPOLL : 0, i == 2,
				      (round * 3 + i) * 389 % 7001);
		}
		usleep(60000 + round * 389 % 5000);
		for (i = 0; i < 3; i++) {
			bool killed = (round + i) % LEAVINGS == KILLED;

			if (killed)
				kill(children[i], SIGKILL);
			ASSERT_EQ(children[i], waitpid(children[i], &status, 0));
			if (!killed)
				EXPECT_EQ(0, status);
		}
	}
}

/* A child that inherits a ring with commands under way, and goes, ends none of them. */
TEST_F_TIMEOUT(uring_races, children_inherit, 120)
{
	int round, i, status;

	self->rounds[0] = 1;
	for (round = 0; round < 16; round++) {
		pid_t pid;

		ASSERT_EQ(0, add_submits(&self->ring, self->m.fd, self->m.ctx, self->submit,
					 round & 1 ? &self->copy : &self->spin, 8,
					 round & 2 ? IOSQE_ASYNC : 0));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			/* It may use it, too: its own command, by its own memory. */
			if (round & 4)
				io_uring_queue_exit(&self->ring);
			if (round & 8)
				execl("/bin/true", "true", NULL);
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
		for (i = 0; i < 8; i++)
			ASSERT_EQ(0, npu_uring_get(&self->ring, NULL));
	}
}

struct submitter {
	FIXTURE_DATA(uring_races) *self;
	int ret;
};

static void *submit_and_leave(void *arg)
{
	struct submitter *s = arg;

	s->ret = add_submits(&s->self->ring, s->self->m.fd, s->self->m.ctx, s->self->submit,
			     &s->self->copy, 8, 0);
	return NULL;
}

/* The thread that submitted is gone when its commands end; those that it left are cancelled. */
TEST_F_TIMEOUT(uring_races, threads_go, 60)
{
	int round, i, ret;

	for (round = 0; round < 40; round++) {
		struct submitter s = { .self = self };
		pthread_t thread;

		ASSERT_EQ(0, pthread_create(&thread, NULL, submit_and_leave, &s));
		pthread_join(thread, NULL);
		ASSERT_EQ(0, s.ret);
		for (i = 0; i < 8; i++) {
			ret = npu_uring_get(&self->ring, NULL);
			EXPECT_TRUE(!ret || ret == -ECANCELED) TH_LOG("%s", strerror(-ret));
		}
	}
}

TEST_HARNESS_MAIN
