// SPDX-License-Identifier: GPL-2.0
/* Objects that are destroyed while others need them, and files closed at bad times. */
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_program.h"

FIXTURE(lifetime)
{
	int fd;				/* watches */
	struct npu_machine m;
	struct drm_npu_usage_info before;
};

FIXTURE_SETUP(lifetime)
{
	self->fd = npu_open_device();
	ASSERT_LE(0, self->fd);
	self->before = npu_usage(self->fd);
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

/* Jobs of closed files end in their own time. */
static void wait_until_free(int fd, const struct drm_npu_usage_info *before,
			    struct drm_npu_usage_info *after)
{
	int i;

	for (i = 0; i < 500; i++) {
		*after = npu_usage(fd);
		if (after->contexts == before->contexts && after->vms == before->vms &&
		    after->bo_count == before->bo_count)
			return;
		usleep(20000);
	}
}

/* Whatever a test did, nothing is left of it. */
FIXTURE_TEARDOWN(lifetime)
{
	struct drm_npu_usage_info after;

	if (self->m.fd >= 0)
		npu_machine_close(&self->m);
	wait_until_free(self->fd, &self->before, &after);
	EXPECT_EQ(self->before.contexts, after.contexts);
	EXPECT_EQ(self->before.vms, after.vms);
	EXPECT_EQ(self->before.bo_count, after.bo_count);
	EXPECT_EQ(self->before.bo_bytes, after.bo_bytes);
	EXPECT_EQ(self->before.page_table_bytes, after.page_table_bytes);
	EXPECT_EQ(self->before.resets, after.resets);
	close(self->fd);
}

TEST_F(lifetime, nothing_special)
{
	struct drm_npu_job job = npu_prog_null(&self->m);

	EXPECT_EQ(0, npu_run(&self->m, &job));
}

/* Contexts keep the address space, though it has no id any more. */
TEST_F(lifetime, vm_destroyed_under_a_context)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 8);
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 8 };

	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_vm_destroy(self->m.fd, self->m.vm));
	self->m.data.cpu[0] = 3;
	EXPECT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(3, self->m.data.cpu[8]);
	EXPECT_EQ(-ENOENT, npu_vm_unmap(self->m.fd, self->m.vm, NPU_TEST_DATA, 4096));
}

/* A mapping keeps the buffer. */
TEST_F(lifetime, bo_closed_while_mapped)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 8);
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	uint32_t bo;
	uint8_t *mem;

	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	mem = npu_bo_map(self->m.fd, bo, 4096);
	mem[0] = 88;
	munmap(mem, 4096);
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 4096, 0));
	ASSERT_EQ(0, npu_bo_close(self->m.fd, bo));
	npu_job_args(&job, args);
	EXPECT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(88, self->m.data.cpu[0]);
	EXPECT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, 0x40000000, 4096));
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &job));
}

TEST_F(lifetime, exclusive_bo_outlives_its_vm)
{
	uint32_t vm, bo;
	uint8_t *mem;

	ASSERT_EQ(0, npu_vm_create(self->m.fd, &vm));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, vm, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, vm, bo, 0, 0x40000000, 4096, 0));
	ASSERT_EQ(0, npu_vm_destroy(self->m.fd, vm));
	mem = npu_bo_map(self->m.fd, bo, 4096);
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 1;
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, bo, INT64_MAX));
	munmap(mem, 4096);
	EXPECT_EQ(0, npu_bo_close(self->m.fd, bo));
}

/* Pages that a running job uses go away under it: it faults, or had them to the end. */
TEST_F(lifetime, unmapped_under_a_running_job)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 2);
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	uint32_t bo, syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	npu_prog_loop(&prog, NPU_VAL_MAX, 1);
	npu_prog_load(&prog, NPU_R_ARG(0), 0, 64);
	prog.insns[1].signal = 0;
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	job = npu_prog_end(&self->m, &prog);
	npu_job_args(&job, args);
	npu_job_syncs(&job, &sync, 1);
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo, 0, 0x40000000, 4096, 0));
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	usleep(50000);
	ASSERT_EQ(0, npu_vm_unmap(self->m.fd, self->m.vm, 0x40000000, 4096));
	ASSERT_EQ(0, npu_bo_close(self->m.fd, bo));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(-EFAULT, npu_syncobj_error(self->m.fd, syncobj));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(0x40000000, query.address);
}

/* The same address keeps being replaced while jobs read it: they see one or the other. */
TEST_F(lifetime, remapped_under_running_jobs)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 64), jobs[64];
	uint64_t args[2] = { 0x40000000, NPU_TEST_DATA };
	uint32_t bo[2];
	uint8_t *mem;
	int i, round;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &bo[i]));
		mem = npu_bo_map(self->m.fd, bo[i], 4096);
		memset(mem, 10 + i, 4096);
		munmap(mem, 4096);
	}
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo[0], 0, 0x40000000, 4096, 0));
	for (i = 0; i < 64; i++) {
		jobs[i] = copy;
		npu_job_args(&jobs[i], args);
	}
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 64, NULL));
		for (i = 0; i < 20; i++)
			ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, bo[i % 2], 0, 0x40000000,
						4096, 0));
	}
	ASSERT_EQ(0, npu_run(&self->m, &jobs[0]));
	EXPECT_EQ(11, self->m.data.cpu[0]);
}

TEST_F(lifetime, context_destroyed_with_jobs)
{
	struct drm_npu_job jobs[64], spin = npu_prog_spin(&self->m), null = npu_prog_null(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	uint32_t ctx;
	int i, round;

	npu_job_args(&spin, args);
	for (i = 0; i < 64; i++)
		jobs[i] = i % 8 ? null : spin;
	for (round = 0; round < 8; round++) {
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, round % 3, 0, &ctx));
		ASSERT_EQ(0, npu_submit(self->m.fd, ctx, jobs, 64, NULL));
		usleep(round * 3000);
		ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	}
	EXPECT_EQ(0, npu_run(&self->m, &null));
}

TEST_F(lifetime, file_closed_with_jobs)
{
	struct drm_npu_job jobs[64], spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	int i;

	npu_job_args(&spin, args);
	for (i = 0; i < 64; i++)
		jobs[i] = spin;
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 64, NULL));
	usleep(20000);
}

static void submit_for_ever(void)
{
	struct drm_npu_job jobs[64], spin;
	uint64_t args[1] = { 3 };
	struct npu_machine m;
	int i;

	if (npu_machine_open(&m))
		_exit(1);
	spin = npu_prog_spin(&m);
	npu_job_args(&spin, args);
	for (i = 0; i < 64; i++)
		jobs[i] = spin;
	for (;;)
		npu_submit(m.fd, m.ctx, jobs, 64, NULL);
}

/* kill -9 at any moment. */
TEST_F(lifetime, killed_with_jobs)
{
	int round, status;

	for (round = 0; round < 10; round++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child)
			submit_for_ever();
		usleep(10000 + 7000 * round);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
	}
}

/* A fence lives on in another file after its own is closed. */
TEST_F(lifetime, fence_outlives_its_file)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	struct drm_syncobj_handle export = { .fd = -1 };
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };

	sync.handle = npu_syncobj_create(self->m.fd, 0);
	npu_job_args(&spin, args);
	npu_job_syncs(&spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &spin, 1, NULL));
	export.handle = sync.handle;
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export));
	npu_machine_close(&self->m);
	self->m.fd = -1;
	ASSERT_EQ(0, npu_call(self->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &export));
	close(export.fd);
	EXPECT_EQ(0, npu_syncobj_wait(self->fd, export.handle, 0));
	EXPECT_EQ(-ECANCELED, npu_syncobj_error(self->fd, export.handle));
	npu_syncobj_destroy(self->fd, export.handle);
}

/* A job waits for one of another file, which is closed. */
TEST_F(lifetime, waits_for_a_file_that_is_closed)
{
	struct drm_npu_job spin, null = npu_prog_null(&self->m);
	uint64_t args[1] = { NPU_TEST_FOREVER };
	struct drm_syncobj_handle handle = { .fd = -1 };
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };
	struct npu_machine other;

	ASSERT_EQ(0, npu_machine_open(&other));
	spin = npu_prog_spin(&other);
	sync.handle = npu_syncobj_create(other.fd, 0);
	npu_job_args(&spin, args);
	npu_job_syncs(&spin, &sync, 1);
	ASSERT_EQ(0, npu_submit(other.fd, other.ctx, &spin, 1, NULL));
	handle.handle = sync.handle;
	ASSERT_EQ(0, npu_call(other.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle));
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &handle));
	close(handle.fd);
	sync = (struct drm_npu_sync){ .handle = handle.handle, .flags = DRM_NPU_SYNC_WAIT };
	npu_job_syncs(&null, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &null, 1, NULL));
	EXPECT_EQ(-ETIMEDOUT, npu_bo_wait(self->m.fd, self->m.code.handle, 0));
	npu_machine_close(&other);
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, self->m.code.handle,
				 npu_now_ns() + NPU_TEST_PATIENCE_NS));
}

TEST_HARNESS_MAIN
