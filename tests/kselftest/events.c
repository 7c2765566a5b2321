// SPDX-License-Identifier: GPL-2.0
/*
 * Events that are read from the node: who asks gets them, in full, in order, and
 * is told how many were lost.
 */
#include <poll.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

FIXTURE(events)
{
	struct npu_machine m;
	struct drm_npu_job null, copy, spin;
	uint64_t bad[2], forever[1];
};

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->null = npu_prog_null(&self->m);
	self->copy = npu_prog_copy(&self->m, 64);
	self->spin = npu_prog_spin(&self->m);
	self->bad[0] = 0x5000000000;
	self->bad[1] = NPU_TEST_DATA;
	self->forever[0] = NPU_TEST_FOREVER;
	npu_job_args(&self->copy, self->bad);
	npu_job_args(&self->spin, self->forever);
	fcntl(self->m.fd, F_SETFL, O_NONBLOCK);
}

FIXTURE_TEARDOWN(events)
{
	npu_machine_close(&self->m);
}

static int ask(int fd, uint32_t mask, uint32_t pad)
{
	struct drm_npu_events args = { .mask = mask, .pad = pad };

	return npu_call(fd, DRM_IOCTL_NPU_EVENTS, &args);
}

static int get(int fd, struct drm_npu_event *event)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t got;

	memset(event, 0xee, sizeof(*event));
	if (poll(&wait, 1, NPU_TEST_PATIENCE_NS / 1000000) != 1)
		return -ETIMEDOUT;
	got = read(fd, event, sizeof(*event));
	return got < 0 ? -errno : got;
}

TEST_F(events, bad_arguments)
{
	EXPECT_EQ(-EINVAL, ask(self->m.fd, DRM_NPU_EVENT_MASK_ALL + 1, 0));
	EXPECT_EQ(-EINVAL, ask(self->m.fd, 0x80000000, 0));
	EXPECT_EQ(-EINVAL, ask(self->m.fd, 1, 1));
	EXPECT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK_ALL, 0));
	EXPECT_EQ(0, ask(self->m.fd, 0, 0));
}

TEST_F(events, nobody_asked)
{
	struct drm_npu_event event;

	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	EXPECT_EQ(-1, read(self->m.fd, &event, sizeof(event)));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK(DRM_NPU_EVENT_CONTEXT_BANNED), 0));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	EXPECT_EQ(-1, read(self->m.fd, &event, sizeof(event)));
}

TEST_F(events, fault)
{
	int64_t before = npu_now_ns();
	struct drm_npu_event event;
	int other = npu_open_device();

	ASSERT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK_ALL, 0));
	ASSERT_EQ(0, ask(other, DRM_NPU_EVENT_MASK_ALL, 0));
	ASSERT_EQ(0, npu_run(&self->m, &self->null));
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	ASSERT_EQ(sizeof(event), get(self->m.fd, &event));
	EXPECT_EQ(DRM_NPU_EVENT_JOB_FAILED, event.base.type);
	EXPECT_EQ(sizeof(event), event.base.length);
	EXPECT_EQ(self->m.ctx, event.context_id);
	EXPECT_EQ(2, event.seqno);
	EXPECT_EQ(-EFAULT, event.error);
	EXPECT_EQ(NPU_JOB_FAULT, event.status);
	EXPECT_EQ(NPU_FAULT_PAGE, event.code);
	EXPECT_EQ(NPU_ACCESS_READ, event.access);
	EXPECT_EQ(0x5000000000, event.address);
	EXPECT_EQ(0, event.pc);
	EXPECT_EQ(0, event.dropped);
	EXPECT_LE(before, (int64_t)event.time_ns);
	EXPECT_GE(npu_now_ns(), (int64_t)event.time_ns);
	/* Others are not told. */
	fcntl(other, F_SETFL, O_NONBLOCK);
	EXPECT_EQ(-1, read(other, &event, sizeof(event)));
	close(other);
}

TEST_F(events, ban)
{
	struct drm_npu_event event;
	uint32_t ctx;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 1, 100, &ctx));
	ASSERT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK_ALL, 0));
	ASSERT_EQ(-ETIMEDOUT, npu_run_on(self->m.fd, ctx, &self->spin));
	ASSERT_EQ(sizeof(event), get(self->m.fd, &event));
	EXPECT_EQ(DRM_NPU_EVENT_CONTEXT_BANNED, event.base.type);
	EXPECT_EQ(ctx, event.context_id);
	EXPECT_EQ(-EBADFD, event.error);
	ASSERT_EQ(sizeof(event), get(self->m.fd, &event));
	EXPECT_EQ(DRM_NPU_EVENT_JOB_FAILED, event.base.type);
	EXPECT_EQ(-ETIMEDOUT, event.error);
}

/* DRM keeps some 4 KiB of events for a file. */
TEST_F(events, overflow)
{
	struct drm_npu_event event;
	uint64_t seqno = 0;
	int i, got = 0;

	ASSERT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK_ALL, 0));
	for (i = 0; i < 200; i++)
		ASSERT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	while (read(self->m.fd, &event, sizeof(event)) == sizeof(event)) {
		EXPECT_EQ(seqno + 1, event.seqno);
		EXPECT_EQ(0, event.dropped);
		seqno = event.seqno;
		got++;
	}
	EXPECT_LT(10, got);
	EXPECT_GT(200, got);
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &self->copy));
	ASSERT_EQ(sizeof(event), get(self->m.fd, &event));
	EXPECT_EQ(200 - got, (int)event.dropped);
	EXPECT_EQ(201, event.seqno);
}

TEST_F(events, reset)
{
	struct drm_npu_event event;

	ASSERT_EQ(0, ask(self->m.fd, DRM_NPU_EVENT_MASK(DRM_NPU_EVENT_DEVICE_RESET), 0));
	if (npu_write_file(NPU_DEBUGFS "reset", "device"))
		SKIP(return, "no debugfs");
	ASSERT_EQ(sizeof(event), get(self->m.fd, &event));
	EXPECT_EQ(DRM_NPU_EVENT_DEVICE_RESET, event.base.type);
	EXPECT_EQ(0, event.context_id);
}

/* Nobody reads them before the file is closed; jobs end after that. */
TEST_F(events, close_with_events)
{
	int i, n;

	for (i = 0; i < 20; i++) {
		struct npu_machine m;
		struct drm_npu_job copy;

		ASSERT_EQ(0, npu_machine_open(&m));
		ASSERT_EQ(0, ask(m.fd, DRM_NPU_EVENT_MASK_ALL, 0));
		copy = npu_prog_copy(&m, 64);
		npu_job_args(&copy, self->bad);
		for (n = 0; n < 10; n++)
			ASSERT_EQ(0, npu_submit(m.fd, m.ctx, &copy, 1, NULL));
		npu_machine_close(&m);
	}
}

TEST_HARNESS_MAIN
