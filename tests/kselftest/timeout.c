// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs that take too long: they are stopped, their context is banned, and
 * nobody else loses anything.
 */
#include "kselftest_harness.h"

#include "npu_program.h"

#define TIMEOUT_MS	200

FIXTURE(timeout)
{
	struct npu_machine m;
	struct drm_npu_job spin, null;
	uint64_t args[1];
	uint32_t impatient;		/* context whose jobs may run for TIMEOUT_MS */
	uint32_t resets;
};

FIXTURE_SETUP(timeout)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->spin = npu_prog_spin(&self->m);
	self->null = npu_prog_null(&self->m);
	self->args[0] = NPU_TEST_FOREVER;
	npu_job_args(&self->spin, self->args);
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, TIMEOUT_MS,
				    &self->impatient));
	self->resets = npu_usage(self->m.fd).resets;
}

/* Aborting the job is enough: the device is not reset. */
FIXTURE_TEARDOWN(timeout)
{
	EXPECT_EQ(0, npu_run(&self->m, &self->null));
	EXPECT_EQ(self->resets, npu_usage(self->m.fd).resets);
	npu_machine_close(&self->m);
}

TEST_F(timeout, hung_job_is_stopped_and_context_banned)
{
	struct drm_npu_context_query query;
	int64_t start = npu_now_ns();

	ASSERT_EQ(-ETIMEDOUT, npu_run_on(self->m.fd, self->impatient, &self->spin));
	EXPECT_LE(TIMEOUT_MS * 1000000ll, npu_now_ns() - start);
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->impatient, 0, &query));
	EXPECT_EQ(DRM_NPU_CONTEXT_BANNED, query.state);
	EXPECT_EQ(NPU_JOB_ABORTED, query.status);
	EXPECT_EQ(NPU_FAULT_NONE, query.code);
	EXPECT_EQ(1, query.fault_job);
	EXPECT_EQ(1, query.jobs_failed);
	EXPECT_EQ(-EBADFD, npu_submit(self->m.fd, self->impatient, &self->null, 1, NULL));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->impatient, 0, &query));
	EXPECT_EQ(1, query.jobs_submitted);
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, self->impatient));
}

TEST_F(timeout, jobs_behind_it_are_cancelled)
{
	struct drm_npu_job jobs[40];
	uint32_t syncobjs[40];
	struct drm_npu_sync syncs[40];
	struct drm_npu_context_query query;
	int i;

	for (i = 0; i < 40; i++) {
		jobs[i] = i ? self->null : self->spin;
		syncobjs[i] = npu_syncobj_create(self->m.fd, 0);
		syncs[i] = (struct drm_npu_sync){ .handle = syncobjs[i],
						  .flags = DRM_NPU_SYNC_SIGNAL };
		npu_job_syncs(&jobs[i], &syncs[i], 1);
	}
	ASSERT_EQ(0, npu_submit(self->m.fd, self->impatient, jobs, 40, NULL));
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobjs[i], 0));
		EXPECT_EQ(i ? -ECANCELED : -ETIMEDOUT, npu_syncobj_error(self->m.fd, syncobjs[i]));
	}
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->impatient, 0, &query));
	EXPECT_EQ(40, query.jobs_failed);
	EXPECT_EQ(1, query.fault_job);
}

/* Behind the hung job in the same queue, and beside it in another. */
TEST_F(timeout, innocents_get_the_right_bytes)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 16), job;
	uint32_t ctx[4], syncobjs[4];
	uint64_t args[4][2];
	int i;

	memcpy(self->m.data.cpu, "sixteen bytes...", 16);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->impatient, &self->spin, 1, NULL));
	for (i = 0; i < 4; i++) {
		struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };

		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i, 0, &ctx[i]));
		syncobjs[i] = npu_syncobj_create(self->m.fd, 0);
		sync.handle = syncobjs[i];
		args[i][0] = NPU_TEST_DATA;
		args[i][1] = NPU_TEST_DATA + 16 * (i + 1);
		job = copy;
		npu_job_args(&job, args[i]);
		npu_job_syncs(&job, &sync, 1);
		ASSERT_EQ(0, npu_submit(self->m.fd, ctx[i], &job, 1, NULL));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobjs[i], 0));
		EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobjs[i]));
		EXPECT_EQ(0, memcmp(self->m.data.cpu + 16 * (i + 1), "sixteen bytes...", 16));
	}
}

/* Time counts while a job runs, not while it waits behind another. */
TEST_F(timeout, waiting_does_not_count)
{
	uint32_t slow, syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_job job = self->null;
	int i;

	/* All queues of this priority are taken for several times the short timeout. */
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL,
					    5 * TIMEOUT_MS, &slow));
		ASSERT_EQ(0, npu_submit(self->m.fd, slow, &self->spin, 1, NULL));
	}
	npu_job_syncs(&job, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->impatient, &job, 1, NULL));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobj));
}

/*
 * A job that needs less than its time is left alone, however short others' time is.
 * How long it takes is the host's affair.
 */
TEST_F_TIMEOUT(timeout, patient_context_is_left_alone, 300)
{
	struct drm_npu_job slow = self->spin;
	uint64_t args[1] = { 200 };
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };

	npu_job_args(&slow, args);
	npu_job_syncs(&slow, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &slow, 1, NULL));
	ASSERT_EQ(-ETIMEDOUT, npu_run_on(self->m.fd, self->impatient, &self->spin));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobj));
}

TEST_F(timeout, destroyed_context_is_stopped)
{
	uint32_t syncobjs[2] = { npu_syncobj_create(self->m.fd, 0),
				 npu_syncobj_create(self->m.fd, 0) };
	struct drm_npu_job jobs[2] = { self->spin, self->null };
	struct drm_npu_sync syncs[2];
	int i;

	for (i = 0; i < 2; i++) {
		syncs[i] = (struct drm_npu_sync){ .handle = syncobjs[i],
						  .flags = DRM_NPU_SYNC_SIGNAL };
		npu_job_syncs(&jobs[i], &syncs[i], 1);
	}
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 2, NULL));
	usleep(50000);
	ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, self->m.ctx));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobjs[i], 0));
		EXPECT_EQ(-ECANCELED, npu_syncobj_error(self->m.fd, syncobjs[i]));
	}
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0,
				    &self->m.ctx));
}

TEST_F(timeout, twenty_bans_in_a_row)
{
	uint32_t ctx;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, i % 3, 10, &ctx));
		ASSERT_EQ(-ETIMEDOUT, npu_run_on(self->m.fd, ctx, &self->spin));
		ASSERT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
		ASSERT_EQ(0, npu_run(&self->m, &self->null));
	}
}

TEST_HARNESS_MAIN
