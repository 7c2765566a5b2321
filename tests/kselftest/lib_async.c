// SPDX-License-Identifier: GPL-2.0
/*
 * libnpu's asynchronous submits: by io_uring, by ioctls, and by ioctls because
 * io_uring is forbidden. On a device in the process the last two are tested.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "lib_machine.h"

#define SYSCTL	"/proc/sys/kernel/io_uring_disabled"

/* Return: what was there before, or -1. */
static int set_disabled(char value)
{
	int fd = open(SYSCTL, O_RDWR | O_CLOEXEC);
	char old = 0;

	if (fd < 0)
		return -1;
	if (read(fd, &old, 1) != 1 || pwrite(fd, &value, 1, 0) != 1)
		old = 0;
	close(fd);
	return old ? old : -1;
}

FIXTURE(async)
{
	struct lib_machine m;
	uint64_t args[2];
	struct npu_queue_job copy;
	struct npu_async *async;
};

FIXTURE_VARIANT(async)
{
	uint32_t way;
	bool forbidden;
	enum npu_async_way is;
};

FIXTURE_VARIANT_ADD(async, uring)
{
	.way = NPU_ASYNC_URING,
	.is = NPU_ASYNC_URING,
};

FIXTURE_VARIANT_ADD(async, ioctl)
{
	.way = NPU_ASYNC_IOCTL,
	.is = NPU_ASYNC_IOCTL,
};

FIXTURE_VARIANT_ADD(async, forbidden)
{
	.way = NPU_ASYNC_ANY,
	.forbidden = true,
	.is = NPU_ASYNC_IOCTL,
};

FIXTURE_SETUP(async)
{
	const struct npu_async_options options = { .way = variant->way, .entries = 8 };
	const char *device = getenv("NPU_DEVICE");
	int old = -1;

	if (device && !strncmp(device, "sim", 3)) {
		if (variant->is == NPU_ASYNC_URING)
			SKIP(return, "a device in the process has no node");
	} else if (variant->forbidden) {
		old = set_disabled('2');
		ASSERT_LE(0, old);
	}
	ASSERT_EQ(0, lib_open(&self->m));
	self->args[0] = self->m.va;
	self->args[1] = self->m.va + 4096;
	self->copy = lib_copy(&self->m, 1000, self->args);
	memset(self->m.data, 0x5a, 1000);
	EXPECT_EQ(0, npu_async_create(self->m.device, &options, &self->async, &self->m.err))
		TH_LOG("%s", self->m.err.message);
	if (old >= 0)
		set_disabled((char)old);
	ASSERT_NE(NULL, self->async);
	EXPECT_EQ(variant->is, npu_async_way(self->async));
}

FIXTURE_TEARDOWN(async)
{
	if (!self->m.device)
		return;
	npu_async_destroy(self->async);
	lib_close(&self->m);
}

#define SUBMIT(jobs, n, tag)							\
	ASSERT_EQ(0, npu_async_submit(self->async, self->m.queue, jobs, n, tag,	\
				      &self->m.err))				\
		TH_LOG("%s", self->m.err.message)

#define WAIT(done, max)								\
	npu_async_wait(self->async, done, max, LIB_PATIENCE, &self->m.err)

TEST_F(async, a_job_ends_with_its_record)
{
	struct npu_async_done done[2];

	EXPECT_EQ(0, WAIT(done, 2));
	SUBMIT(&self->copy, 1, 77);
	ASSERT_EQ(1, WAIT(done, 2));
	EXPECT_EQ(77, done[0].tag);
	EXPECT_EQ(0, done[0].result);
	EXPECT_EQ(0, memcmp(self->m.data, self->m.data + 4096, 1000));
	ASSERT_NE(NULL, done[0].fence);
	EXPECT_EQ(0, npu_fence_wait(done[0].fence, 0, &self->m.err));
	ASSERT_NE(NULL, npu_fence_completion(done[0].fence, 0));
	EXPECT_EQ(NPU_JOB_DONE, npu_fence_completion(done[0].fence, 0)->status);
	npu_fence_destroy(done[0].fence);
	EXPECT_EQ(0, WAIT(done, 2));
}

/* Arguments are the caller's only until the call returns. */
/* An end may be told before that of one just before it. */
TEST_F(async, submits_end_once)
{
	struct npu_async_done done[8];
	uint64_t args[2] = { self->m.va, 0 };
	struct npu_queue_job jobs[3];
	uint64_t base = 0;
	int n;

	for (uint64_t round = 0; round < 20; round++, base += 8) {
		uint32_t seen = 0;

		for (uint64_t tag = 0; tag < 8; tag++) {
			args[1] = self->m.va + 4096 * (tag + 1);
			for (int i = 0; i < 3; i++) {
				jobs[i] = self->copy;
				jobs[i].args = args;
			}
			SUBMIT(jobs, 3, base + tag);
		}
		EXPECT_EQ(-EAGAIN, npu_async_submit(self->async, self->m.queue, &self->copy, 1, 0,
						    &self->m.err));
		args[1] = 1;
		ASSERT_EQ(0, npu_async_flush(self->async, &self->m.err));
		for (uint32_t left = 8; left; left -= (uint32_t)n) {
			n = WAIT(done, left < 3 ? left : 3);
			ASSERT_LT(0, n);
			for (int i = 0; i < n; i++) {
				ASSERT_LE(base, done[i].tag);
				ASSERT_GT(base + 8, done[i].tag);
				EXPECT_EQ(0, seen & 1u << (done[i].tag - base));
				seen |= 1u << (done[i].tag - base);
				EXPECT_EQ(0, done[i].result);
				npu_fence_destroy(done[i].fence);
			}
		}
		EXPECT_EQ(0xff, seen);
	}
	for (int i = 1; i <= 8; i++)
		EXPECT_EQ(0, memcmp(self->m.data, self->m.data + 4096 * i, 1000));
}

TEST_F(async, a_failed_job_is_named)
{
	uint64_t nowhere[2] = { 0x7000000000, self->m.va };
	struct npu_queue_job jobs[2] = { self->copy, self->copy };
	struct npu_async_done done[2], *failed, *well;

	jobs[1].args = nowhere;
	SUBMIT(jobs, 2, 1);
	SUBMIT(&self->copy, 1, 2);
	for (int n = 0; n < 2; ) {
		int more = WAIT(&done[n], 2 - n);

		ASSERT_LT(0, more);
		n += more;
	}
	failed = &done[done[0].tag == 1 ? 0 : 1];
	well = &done[done[0].tag == 1 ? 1 : 0];
	EXPECT_EQ(1, failed->tag);
	EXPECT_EQ(-EFAULT, failed->result);
	EXPECT_EQ(-EFAULT, npu_fence_wait(failed->fence, -1, &self->m.err));
	EXPECT_NE(NULL, strstr(self->m.err.message, "job 2 of 2"))
		TH_LOG("%s", self->m.err.message);
	EXPECT_EQ(2, well->tag);
	EXPECT_EQ(0, well->result);
	npu_fence_destroy(done[0].fence);
	npu_fence_destroy(done[1].fence);
}

TEST_F(async, what_the_driver_refuses_ends_without_a_fence)
{
	struct npu_queue_job bad = self->copy;
	struct npu_async_done done;

	bad.program++;
	SUBMIT(&bad, 1, 5);
	ASSERT_EQ(1, WAIT(&done, 1));
	EXPECT_EQ(5, done.tag);
	EXPECT_EQ(-EINVAL, done.result);
	EXPECT_EQ(NULL, done.fence);
}

TEST_F(async, a_wait_can_be_cut_short)
{
	uint64_t rounds = 8;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds);
	struct npu_async_done done;

	SUBMIT(&spin, 1, 0);
	EXPECT_EQ(-ETIME, npu_async_wait(self->async, &done, 1, 0, &self->m.err));
	EXPECT_EQ(-ETIME, npu_async_wait(self->async, &done, 1, 1000000, &self->m.err));
	ASSERT_EQ(1, WAIT(&done, 1));
	npu_fence_destroy(done.fence);
}

/* And a fence of an asynchronous submit, which has ended, may be waited for. */
TEST_F(async, jobs_wait_for_fences)
{
	uint64_t rounds = 4;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds), after = self->copy;
	struct npu_queue *other;
	struct npu_async_done done;
	struct npu_fence *fence;

	ASSERT_EQ(0, npu_queue_create(self->m.vm, NULL, &other, &self->m.err));
	ASSERT_EQ(0, npu_queue_submit(other, &spin, 1, &fence, &self->m.err));
	after.waits = &fence;
	after.num_waits = 1;
	SUBMIT(&after, 1, 0);
	ASSERT_EQ(1, WAIT(&done, 1));
	EXPECT_EQ(0, done.result);
	EXPECT_EQ(0, npu_fence_wait(fence, 0, &self->m.err));
	npu_fence_destroy(fence);
	after.waits = &done.fence;
	ASSERT_EQ(0, npu_queue_submit(other, &after, 1, &fence, &self->m.err));
	EXPECT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	npu_fence_destroy(fence);
	npu_fence_destroy(done.fence);
	npu_queue_destroy(other);
}

/* The teardown destroys it with submits under way, some not even flushed. */
TEST_F(async, destroy_waits)
{
	uint64_t rounds = 4;
	struct npu_queue_job spin = lib_spin(&self->m, &rounds);

	SUBMIT(&spin, 1, 0);
	ASSERT_EQ(0, npu_async_flush(self->async, &self->m.err));
	SUBMIT(&self->copy, 1, 1);
}

static void *use(void *async)
{
	struct npu_async_done done;
	struct npu_error err;

	return (void *)(intptr_t)npu_async_wait(async, &done, 1, 0, &err);
}

TEST_F(async, other_threads_are_refused)
{
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, use, self->async));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(-EPERM, (int)(intptr_t)ret);
}

TEST(what_cannot_be_had_is_explained)
{
	const struct npu_async_options uring = { .way = NPU_ASYNC_URING };
	const struct npu_async_options bad = { .way = 9 }, many = { .entries = 1u << 20 };
	const char *device = getenv("NPU_DEVICE");
	bool sim = device && !strncmp(device, "sim", 3);
	struct npu_async *async;
	struct lib_machine m;
	int old, ret;

	ASSERT_EQ(0, lib_open(&m));
	EXPECT_EQ(-EINVAL, npu_async_create(m.device, &bad, &async, &m.err));
	EXPECT_EQ(-EINVAL, npu_async_create(m.device, &many, &async, &m.err));
	old = sim ? -1 : set_disabled('2');
	ret = npu_async_create(m.device, &uring, &async, &m.err);
	if (old >= 0)
		set_disabled((char)old);
	EXPECT_EQ(sim ? -EOPNOTSUPP : -EPERM, ret);
	EXPECT_NE(NULL, strstr(m.err.message, sim ? "device in the process" : "io_uring_disabled"))
		TH_LOG("%s", m.err.message);
	lib_close(&m);
}

TEST_HARNESS_MAIN
