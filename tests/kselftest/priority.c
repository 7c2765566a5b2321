// SPDX-License-Identifier: GPL-2.0
/* Whose jobs run when cores lack: priorities, time slices, side by side. */
#include <sched.h>

#include "kselftest_harness.h"

#include "npu_files.h"
#include "npu_program.h"

#define SLOT	64
#define SLOTS	16
#define MARK	0xee

FIXTURE(priority)
{
	struct npu_machine m;
	uint32_t ctx[SLOTS];
	uint32_t done[SLOTS];
	struct drm_npu_sync sync[SLOTS];
	uint64_t args[SLOTS];
	struct drm_npu_job yields, spins, null;
};

FIXTURE_SETUP(priority)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->yields = npu_prog_mark(&self->m, NPU_OP_YIELD);
	self->spins = npu_prog_mark(&self->m, NPU_OP_NOP);
	self->null = npu_prog_null(&self->m);
	self->null.cores = 0;
	memset(self->m.data.cpu, MARK, SLOT * SLOTS);
}

FIXTURE_TEARDOWN(priority)
{
	npu_machine_close(&self->m);
}

/* A context with a job that marks its slot once it runs, and does not end. */
static int begin(FIXTURE_DATA(priority) *self, unsigned int i, uint32_t priority,
		 const struct drm_npu_job *job, uint32_t cores, uint32_t timeout_ms)
{
	struct drm_npu_job copy = *job;
	int ret;

	ret = npu_ctx_create(self->m.fd, self->m.vm, priority, timeout_ms, &self->ctx[i]);
	if (ret)
		return ret;
	self->done[i] = npu_syncobj_create(self->m.fd, 0);
	self->sync[i].handle = self->done[i];
	self->sync[i].flags = DRM_NPU_SYNC_SIGNAL;
	self->args[i] = self->m.data.va + SLOT * i;
	copy.cores = cores;
	npu_job_args(&copy, &self->args[i]);
	npu_job_syncs(&copy, &self->sync[i], 1);
	return npu_submit(self->m.fd, self->ctx[i], &copy, 1, NULL);
}

/* It has begun; within the harness's patience. */
static bool marked(FIXTURE_DATA(priority) *self, unsigned int i)
{
	const uint8_t *mark = self->m.data.cpu + SLOT * i;

	for (unsigned int tries = 0; tries < 20000; tries++) {
		if (__atomic_load_n(mark, __ATOMIC_RELAXED) != MARK)
			return true;
		usleep(1000);
	}
	return false;
}

static bool runs_still(FIXTURE_DATA(priority) *self, unsigned int i)
{
	return npu_syncobj_wait_for(self->m.fd, self->done[i], 0, 0) == -ETIME;
}

static int end(FIXTURE_DATA(priority) *self, unsigned int i)
{
	int ret = npu_ctx_destroy(self->m.fd, self->ctx[i]);

	if (!ret)
		ret = npu_syncobj_wait(self->m.fd, self->done[i], 0);
	if (!ret)
		ret = npu_syncobj_error(self->m.fd, self->done[i]);
	npu_syncobj_destroy(self->m.fd, self->done[i]);
	return ret;
}

TEST_F(priority, high_starts_while_low_has_all_cores)
{
	uint32_t high;

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &high));
	ASSERT_EQ(0, begin(self, 0, DRM_NPU_PRIORITY_LOW, &self->yields, 0, 0));
	ASSERT_TRUE(marked(self, 0));
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(0, npu_run_on(self->m.fd, high, &self->null));
	EXPECT_TRUE(runs_still(self, 0));
	EXPECT_EQ(-ECANCELED, end(self, 0));
}

/* What a job of higher priority is seen to have interrupted is the same as if alone. */
TEST_F(priority, suspended_job_gives_the_same)
{
	uint32_t cores = self->m.info.cores, high;
	struct npu_completion *result = (void *)(self->m.data.cpu + 8192);
	uint64_t alone[NPU_CNT_COUNT];
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct drm_npu_job job;
	struct drm_npu_sync sync = { .flags = DRM_NPU_SYNC_SIGNAL };

	npu_prog_loop(&prog, 20000, 4);
	npu_prog_loop(&prog, 10, 1);
	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	npu_prog_add(&prog, NPU_OP_YIELD);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	job = npu_prog_end(&self->m, &prog);
	job.cores = cores;
	job.result = self->m.data.va + 8192;
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(0, result->clock_suspended);
	memcpy(alone, result->counters, sizeof(alone));

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &high));
	sync.handle = npu_syncobj_create(self->m.fd, 0);
	npu_job_syncs(&job, &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, npu_run_on(self->m.fd, high, &self->null));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, sync.handle, 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, sync.handle));
	EXPECT_EQ(0, memcmp(alone, result->counters, sizeof(alone)));
	EXPECT_LE(result->clock_suspended, result->clock_end - result->clock_start);
	npu_syncobj_destroy(self->m.fd, sync.handle);
}

TEST_F(priority, equals_take_turns)
{
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_EQ(0, begin(self, i, DRM_NPU_PRIORITY_NORMAL, &self->yields, 0, 0));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(marked(self, i));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_TRUE(runs_still(self, i));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(-ECANCELED, end(self, i));
}

TEST_F(priority, contexts_side_by_side)
{
	uint32_t cores = self->m.info.cores;

	if (cores > SLOTS)
		SKIP(return, "more cores than this test has contexts for");
	/* Without a YIELD each needs a core of its own. */
	for (unsigned int i = 0; i < cores; i++)
		ASSERT_EQ(0, begin(self, i, DRM_NPU_PRIORITY_LOW + i % 3, &self->spins, 1, 0));
	for (unsigned int i = 0; i < cores; i++)
		EXPECT_TRUE(marked(self, i));
	for (unsigned int i = 0; i < cores; i++)
		EXPECT_EQ(-ECANCELED, end(self, i));
}

/* The time for which others have its cores is not a job's own. */
TEST_F(priority, timeout_does_not_count_while_suspended)
{
	struct drm_npu_context_query query;

	ASSERT_EQ(0, begin(self, 0, DRM_NPU_PRIORITY_LOW, &self->yields, 0, 3000));
	ASSERT_TRUE(marked(self, 0));
	ASSERT_EQ(0, begin(self, 1, DRM_NPU_PRIORITY_HIGH, &self->spins, 0, 0));
	ASSERT_TRUE(marked(self, 1));
	sleep(5);
	EXPECT_TRUE(runs_still(self, 0));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->ctx[0], 0, &query));
	EXPECT_EQ(0, query.state);
	/* Its own time is. */
	EXPECT_EQ(-ECANCELED, end(self, 1));
	EXPECT_EQ(0, npu_syncobj_wait(self->m.fd, self->done[0], 0));
	EXPECT_EQ(-ETIMEDOUT, npu_syncobj_error(self->m.fd, self->done[0]));
	end(self, 0);
}

TEST_F(priority, suspended_job_of_a_file_that_closes)
{
	uint32_t high;

	ASSERT_EQ(0, begin(self, 0, DRM_NPU_PRIORITY_LOW, &self->yields, 0, 0));
	ASSERT_TRUE(marked(self, 0));
	ASSERT_EQ(0, begin(self, 1, DRM_NPU_PRIORITY_HIGH, &self->spins, 0, 0));
	ASSERT_TRUE(marked(self, 1));
	/* The one that waits for its cores ends though they are not free. */
	EXPECT_EQ(-ECANCELED, end(self, 0));
	EXPECT_TRUE(runs_still(self, 1));
	EXPECT_EQ(-ECANCELED, end(self, 1));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &high));
	EXPECT_EQ(0, npu_run_on(self->m.fd, high, &self->null));
}

TEST_F(priority, timeslice_can_be_set)
{
	int64_t before = npu_read_number(NPU_SYSFS "npu_timeslice_us");

	EXPECT_EQ(1000, before);
	EXPECT_EQ(0, npu_write_file(NPU_SYSFS "npu_timeslice_us", "5000"));
	EXPECT_EQ(5000, npu_read_number(NPU_SYSFS "npu_timeslice_us"));
	EXPECT_EQ(-EINVAL, npu_write_file(NPU_SYSFS "npu_timeslice_us", "long"));
	EXPECT_EQ(0, npu_write_file(NPU_SYSFS "npu_timeslice_us", "1000"));
}

TEST_HARNESS_MAIN
