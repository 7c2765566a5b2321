// SPDX-License-Identifier: GPL-2.0
/* CONTEXT_CREATE, CONTEXT_DESTROY, CONTEXT_QUERY. */
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "npu_program.h"

FIXTURE(context)
{
	struct npu_machine m;
};

FIXTURE_SETUP(context)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

FIXTURE_TEARDOWN(context)
{
	npu_machine_close(&self->m);
}

TEST_F(context, every_priority_runs)
{
	struct drm_npu_job job = npu_prog_null(&self->m);
	uint32_t priority, ctx;

	for (priority = 0; priority <= DRM_NPU_PRIORITY_REALTIME; priority++) {
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, priority, 0, &ctx));
		EXPECT_EQ(0, npu_run_on(self->m.fd, ctx, &job));
		EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	}
}

TEST_F(context, realtime_needs_a_capability)
{
	pid_t child = fork();
	int status;
	uint32_t ctx;

	ASSERT_LE(0, child);
	if (!child) {
		if (setuid(65534))
			_exit(2);
		if (npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &ctx))
			_exit(3);
		_exit(npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_REALTIME, 0,
				     &ctx) == -EACCES ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(context, create_bad_arguments)
{
	const struct drm_npu_context_create good = {
		.vm_id = self->m.vm, .priority = DRM_NPU_PRIORITY_NORMAL,
	};
	struct drm_npu_usage_info before = npu_usage(self->m.fd);
	struct drm_npu_context_create args;

#define REFUSED(error, change) do { \
		args = good; \
		change; \
		EXPECT_EQ(error, npu_call(self->m.fd, DRM_IOCTL_NPU_CONTEXT_CREATE, &args)); \
	} while (0)
	REFUSED(-ENOENT, args.vm_id = 0);
	REFUSED(-ENOENT, args.vm_id = self->m.vm + 1);
	REFUSED(-EINVAL, args.flags = 1);
	REFUSED(-EINVAL, args.flags = 1u << 31);
	REFUSED(-EINVAL, args.priority = DRM_NPU_PRIORITY_REALTIME + 1);
	REFUSED(-EINVAL, args.priority = ~0u);
	REFUSED(-EINVAL, args.timeout_ms = self->m.info.timeout_max_ms + 1);
	REFUSED(-EINVAL, args.timeout_ms = ~0u);
	REFUSED(-EINVAL, args.pad = 1);
#undef REFUSED
	EXPECT_EQ(before.contexts, npu_usage(self->m.fd).contexts);
	args = good;
	args.timeout_ms = self->m.info.timeout_max_ms;
	EXPECT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_CONTEXT_CREATE, &args));
}

TEST_F(context, destroy_bad_arguments)
{
	struct drm_npu_context_destroy args = { .id = self->m.ctx, .pad = 1 };
	int other = npu_open_device();

	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_CONTEXT_DESTROY, &args));
	EXPECT_EQ(-ENOENT, npu_ctx_destroy(self->m.fd, 0));
	EXPECT_EQ(-ENOENT, npu_ctx_destroy(self->m.fd, ~0u));
	EXPECT_EQ(-ENOENT, npu_ctx_destroy(other, self->m.ctx));
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	EXPECT_EQ(-ENOENT, npu_ctx_destroy(self->m.fd, self->m.ctx));
	close(other);
}

TEST_F(context, as_many_as_promised)
{
	uint32_t ctx, count;

	for (count = 1; count < self->m.info.max_contexts; count++)
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 0, 0, &ctx));
	EXPECT_EQ(-ENOSPC, npu_ctx_create(self->m.fd, self->m.vm, 0, 0, &ctx));
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	EXPECT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, 0, 0, &ctx));
}

TEST_F(context, query_counts_jobs)
{
	struct drm_npu_job job = npu_prog_null(&self->m), bad = job;
	struct drm_npu_context_query query;
	int i;

	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(0, query.jobs_submitted);
	EXPECT_EQ(0, query.fault_job);
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, npu_run(&self->m, &job));
	bad.program += 1 << 30;
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &bad));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(6, query.jobs_submitted);
	EXPECT_EQ(5, query.jobs_done);
	EXPECT_EQ(1, query.jobs_failed);
	EXPECT_EQ(6, query.fault_job);
	EXPECT_EQ(0, query.state);
}

TEST_F(context, query_bad_arguments)
{
	struct drm_npu_context_query query;
	int bit;

	EXPECT_EQ(-ENOENT, npu_ctx_query(self->m.fd, 0, 0, &query));
	EXPECT_EQ(-ENOENT, npu_ctx_query(self->m.fd, ~0u, 0, &query));
	for (bit = 1; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, npu_ctx_query(self->m.fd, self->m.ctx, 1u << bit, &query));
}

/* The first failure stands until it is cleared. */
TEST_F(context, query_clear)
{
	struct drm_npu_job job = npu_prog_null(&self->m);
	struct drm_npu_context_query query;

	job.program += 1 << 30;
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &job));
	job.program += 1 << 12;
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, DRM_NPU_CONTEXT_QUERY_CLEAR, &query));
	EXPECT_EQ(1, query.fault_job);
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(0, query.fault_job);
	EXPECT_EQ(0, query.code);
	EXPECT_EQ(0, query.status);
	EXPECT_EQ(2, query.jobs_failed);
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(3, query.fault_job);
}

TEST_HARNESS_MAIN
