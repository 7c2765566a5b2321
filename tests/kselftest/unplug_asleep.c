// SPDX-License-Identifier: GPL-2.0
/*
 * The device is unplugged while the machine sleeps, with jobs, a bind and a command
 * of a ring on their way: all end when it has woken up. NPU_UNPLUG_ASLEEP is what to
 * write to /sys/power/state: tests/vm/sleep.sh boots a machine for this, unplugs the
 * device and wakes the machine.
 */
#include <poll.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_uring.h"

#define JOBS	24

static int export_fence(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	return npu_call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args) ? -1 : args.fd;
}

static int is_gone(int fd)
{
	struct drm_npu_device_info info;

	return npu_query(fd, DRM_NPU_QUERY_DEVICE, &info, sizeof(info)) == -ENODEV;
}

FIXTURE(unplug_asleep)
{
};

FIXTURE_SETUP(unplug_asleep)
{
}

FIXTURE_TEARDOWN(unplug_asleep)
{
}

TEST_F_TIMEOUT(unplug_asleep, all_end, 200)
{
	const char *state = getenv("NPU_UNPLUG_ASLEEP");
	struct drm_npu_sync sync[2] = {
		{ .flags = DRM_NPU_SYNC_SIGNAL }, { .flags = DRM_NPU_SYNC_SIGNAL },
	};
	struct drm_npu_sync binds[2];
	struct drm_npu_vm_bind bind = {
		.flags = DRM_NPU_VM_BIND_ASYNC,
		.syncs = { .stride = sizeof(binds[0]), .count = 2, .array = (uintptr_t)binds },
	};
	struct drm_npu_job jobs[JOBS];
	struct drm_npu_uring_wait wait = {};
	struct pollfd fence = { .events = POLLIN };
	uint64_t rounds[1] = { 1 };
	struct npu_machine m;
	struct io_uring ring;
	int i;

	if (!state)
		SKIP(return, "not on a machine that others use");
	ASSERT_EQ(0, npu_machine_open(&m));
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	sync[0].handle = npu_syncobj_create(m.fd, 0);
	sync[1].handle = npu_syncobj_create(m.fd, 0);
	jobs[0] = npu_prog_spin(&m);
	npu_job_args(&jobs[0], rounds);
	for (i = 1; i < JOBS; i++)
		jobs[i] = jobs[0];
	npu_job_syncs(&jobs[JOBS - 1], &sync[0], 1);
	ASSERT_EQ(0, npu_submit(m.fd, m.ctx, jobs, JOBS, NULL));
	bind.vm_id = m.vm;
	binds[0] = sync[0];
	binds[0].flags = DRM_NPU_SYNC_WAIT;
	binds[1] = sync[1];
	ASSERT_EQ(0, npu_call(m.fd, DRM_IOCTL_NPU_VM_BIND, &bind));
	wait.handle = sync[1].handle;
	ASSERT_NE(NULL, npu_uring_add(&ring, m.fd, DRM_NPU_URING_WAIT, &wait, 0));
	ASSERT_EQ(1, io_uring_submit(&ring));
	fence.fd = export_fence(m.fd, sync[1].handle);
	ASSERT_LE(0, fence.fd);

	ASSERT_EQ(0, npu_write_file("/sys/power/state", state));
	EXPECT_EQ(1, poll(&fence, 1, NPU_TEST_PATIENCE_NS / 1000000));
	EXPECT_NE(-ETIME, npu_uring_get(&ring, NULL));
	/* After S3 the slot does not tell: what is not there is removed by hand. */
	if (!strcmp(state, "mem"))
		ASSERT_EQ(0, npu_write_file(NPU_SYSFS "remove", "1"));
	for (i = 0; i < 3000 && !is_gone(m.fd); i++)
		usleep(20000);
	EXPECT_TRUE(is_gone(m.fd));
	EXPECT_EQ(-ENODEV, npu_uring_run(&ring, m.fd, DRM_NPU_URING_WAIT, &wait));
	io_uring_queue_exit(&ring);
	close(fence.fd);
	npu_machine_close(&m);
	EXPECT_EQ(-ENODEV, npu_open_device());
}

TEST_HARNESS_MAIN
