// SPDX-License-Identifier: GPL-2.0
/*
 * The module is loaded and unloaded, and the device taken away, with jobs in
 * flight and files open.
 *
 * NPU_MODULE names the module's file, NPU_RELOADS says how often it is loaded.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_unplug.h"

static int load_module(void)
{
	const char *path = getenv("NPU_MODULE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, ret;

	if (fd < 0)
		return -ENOENT;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload_module(void)
{
	return syscall(SYS_delete_module, "npu", O_NONBLOCK) ? -errno : 0;
}

/* Keeps the device busy until it is killed, or the device goes; says when it begins. */
static void be_busy(uint64_t rounds, int begun)
{
	struct drm_npu_job jobs[64], spin;
	uint64_t args[1] = { rounds };
	struct npu_machine m;
	int i;

	if (npu_machine_open(&m))
		_exit(1);
	spin = npu_prog_spin(&m);
	npu_job_args(&spin, args);
	for (i = 0; i < 64; i++)
		jobs[i] = spin;
	if (write(begun, "", 1) != 1)
		_exit(1);
	while (!npu_submit(m.fd, m.ctx, jobs, 64, NULL))
		;
	npu_machine_close(&m);
	_exit(0);
}

static pid_t start_busy(uint64_t rounds)
{
	int begun[2];
	pid_t child;
	char byte;

	if (pipe(begun))
		return -1;
	child = fork();
	if (!child)
		be_busy(rounds, begun[1]);
	close(begun[1]);
	if (child > 0 && read(begun[0], &byte, 1) != 1)
		child = -1;
	close(begun[0]);
	return child;
}

static int reloads(void)
{
	const char *wish = getenv("NPU_RELOADS");

	return wish ? atoi(wish) : 5;
}

FIXTURE(unplug)
{
};

FIXTURE_SETUP(unplug)
{
	ASSERT_EQ(0, npu_wait_for_device());
}

FIXTURE_TEARDOWN(unplug)
{
}

TEST_F_TIMEOUT(unplug, reload_with_jobs_in_flight, 900)
{
	int i, j, status, count = reloads();
	pid_t child[2];

	if (!getenv("NPU_MODULE"))
		SKIP(return, "NPU_MODULE does not name the module");
	for (i = 0; i < count; i++) {
		for (j = 0; j < 2; j++) {
			child[j] = start_busy(j ? NPU_TEST_FOREVER : 1);
			ASSERT_LT(0, child[j]);
		}
		usleep(1000 * (i * 37 % 101));
		for (j = 0; j < 2; j++) {
			kill(child[j], SIGKILL);
			ASSERT_EQ(child[j], waitpid(child[j], &status, 0));
			ASSERT_TRUE(WIFSIGNALED(status));
		}
		ASSERT_EQ(0, unload_module());
		ASSERT_EQ(0, load_module());
		ASSERT_EQ(0, npu_wait_for_device());
	}
}

TEST_F(unplug, unload_is_refused_while_open)
{
	int fd = npu_open_device();

	if (!getenv("NPU_MODULE"))
		SKIP(return, "NPU_MODULE does not name the module");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EWOULDBLOCK, unload_module());
	close(fd);
	EXPECT_EQ(0, unload_module());
	ASSERT_EQ(0, load_module());
	ASSERT_EQ(0, npu_wait_for_device());
}

/* What a sync file says of its fence. */
static int fence_of(int file, struct sync_fence_info *fence)
{
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)fence };

	memset(fence, 0, sizeof(*fence));
	return npu_call(file, SYNC_IOC_FILE_INFO, &info);
}

static int export_fence(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle args = {
		.handle = syncobj, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	int ret = npu_call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

/* Of a fence that has ended nothing is left but this, whoever made it. */
static void ended_well(struct __test_metadata *_metadata, int file)
{
	struct sync_fence_info fence;

	ASSERT_EQ(0, fence_of(file, &fence));
	EXPECT_EQ(1, fence.status);
	EXPECT_TRUE(!strcmp(fence.obj_name, "npu") || !strcmp(fence.obj_name, "signaled-timeline"))
		TH_LOG("timeline \"%.32s\"", fence.obj_name);
	EXPECT_EQ(0, close(file));
}

/* Sync files of a job and of a queued bind outlive the device and the module. */
TEST_F(unplug, sync_files_outlive_the_module)
{
	struct drm_npu_sync sync[2] = {
		{ .flags = DRM_NPU_SYNC_SIGNAL }, { .flags = DRM_NPU_SYNC_SIGNAL },
	};
	struct drm_npu_vm_bind bind = {
		.flags = DRM_NPU_VM_BIND_ASYNC,
		.syncs = { .stride = sizeof(sync[1]), .count = 1, .array = (uintptr_t)&sync[1] },
	};
	struct drm_npu_job job;
	struct npu_machine m;
	int i, file[2];

	if (!getenv("NPU_MODULE"))
		SKIP(return, "NPU_MODULE does not name the module");
	ASSERT_EQ(0, npu_machine_open(&m));
	for (i = 0; i < 2; i++)
		sync[i].handle = npu_syncobj_create(m.fd, 0);
	job = npu_prog_null(&m);
	npu_job_syncs(&job, &sync[0], 1);
	bind.vm_id = m.vm;
	ASSERT_EQ(0, npu_submit(m.fd, m.ctx, &job, 1, NULL));
	ASSERT_EQ(0, npu_call(m.fd, DRM_IOCTL_NPU_VM_BIND, &bind));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, npu_syncobj_wait(m.fd, sync[i].handle, 0));
		file[i] = export_fence(m.fd, sync[i].handle);
		ASSERT_LE(0, file[i]);
	}
	npu_machine_close(&m);
	ASSERT_EQ(0, unload_module());
	for (i = 0; i < 2; i++)
		ended_well(_metadata, file[i]);
	ASSERT_EQ(0, load_module());
	ASSERT_EQ(0, npu_wait_for_device());
}

/* All that a file can still do when its device is gone. */
static void use_dead_file(struct __test_metadata *_metadata, struct npu_machine *m,
			  uint32_t syncobj)
{
	struct drm_npu_job job = npu_prog_null(m);
	struct drm_npu_device_info info;
	struct drm_npu_event event;
	uint32_t id;

	EXPECT_EQ(-ENODEV, npu_query(m->fd, DRM_NPU_QUERY_DEVICE, &info, sizeof(info)));
	EXPECT_EQ(-ENODEV, npu_bo_create(m->fd, 4096, 0, &id));
	EXPECT_EQ(-ENODEV, npu_vm_create(m->fd, &id));
	EXPECT_EQ(-ENODEV, npu_submit(m->fd, m->ctx, &job, 1, NULL));
	EXPECT_EQ(-ENODEV, npu_syncobj_wait(m->fd, syncobj, 0));
	/* Who reads events is told, after the jobs that failed. */
	do {
		ASSERT_EQ(sizeof(event), read(m->fd, &event, sizeof(event)));
		EXPECT_EQ(sizeof(event), event.base.length);
	} while (event.base.type == DRM_NPU_EVENT_JOB_FAILED);
	EXPECT_EQ(DRM_NPU_EVENT_DEVICE_LOST, event.base.type);
	/* Memory that is mapped stays. */
	m->data.cpu[0] = 1;
	EXPECT_EQ(1, m->data.cpu[0]);
}

static void unplug_with_open_file(struct __test_metadata *_metadata, enum npu_way way,
				  char *name, size_t size)
{
	struct drm_npu_job spin;
	uint64_t args[1] = { NPU_TEST_FOREVER };
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_events events = { .mask = DRM_NPU_EVENT_MASK_ALL };
	struct npu_machine m;
	int status, ret;
	pid_t child;

	ASSERT_EQ(0, npu_machine_open(&m));
	ASSERT_EQ(0, npu_call(m.fd, DRM_IOCTL_NPU_EVENTS, &events));
	fcntl(m.fd, F_SETFL, O_NONBLOCK);
	spin = npu_prog_spin(&m);
	npu_job_args(&spin, args);
	sync.handle = npu_syncobj_create(m.fd, 0);
	npu_job_syncs(&spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(m.fd, m.ctx, &spin, 1, NULL));
	child = start_busy(1);
	ASSERT_LT(0, child);
	usleep(100000);

	ASSERT_EQ(0, npu_take_away(way, name, size));
	/* The other process sees its submit fail, and leaves by itself. */
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	use_dead_file(_metadata, &m, sync.handle);
	npu_machine_close(&m);
	ret = npu_open_device();
	EXPECT_EQ(-ENODEV, ret);
}

TEST_F(unplug, unbind_with_open_file)
{
	char name[32];
	int i;

	for (i = 0; i < 5; i++) {
		unplug_with_open_file(_metadata, NPU_UNBIND, name, sizeof(name));
		ASSERT_EQ(0, npu_put_back(NPU_UNBIND, name));
		ASSERT_EQ(0, npu_works_again());
	}
}

TEST_F(unplug, remove_with_open_file)
{
	char name[32];

	unplug_with_open_file(_metadata, NPU_REMOVE, name, sizeof(name));
	ASSERT_EQ(0, npu_put_back(NPU_REMOVE, name));
	ASSERT_EQ(0, npu_works_again());
}

TEST_HARNESS_MAIN
