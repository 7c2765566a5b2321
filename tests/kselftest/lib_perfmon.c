// SPDX-License-Identifier: GPL-2.0
/* libnpu's counters of chosen jobs, on a real device or one in the process. */
#include "kselftest_harness.h"

#include "lib_machine.h"

#define CHOSEN	(1ull << NPU_CNT_CYCLES | 1ull << NPU_CNT_MEM_READ | 1ull << NPU_CNT_JOBS)

FIXTURE(lib_perfmon)
{
	struct lib_machine m;
	uint64_t args[2], values[3];
	struct npu_queue_job copy;
	struct npu_perfmon *perfmon;
	struct npu_perfmon_jobs jobs;
};

FIXTURE_SETUP(lib_perfmon)
{
	ASSERT_EQ(0, lib_open(&self->m));
	self->args[0] = self->m.va;
	self->args[1] = self->m.va + 4096;
	self->copy = lib_copy(&self->m, 1000, self->args);
	ASSERT_EQ(0, npu_perfmon_create(self->m.device, CHOSEN, &self->perfmon, &self->m.err));
	self->copy.perfmon = self->perfmon;
}

FIXTURE_TEARDOWN(lib_perfmon)
{
	npu_perfmon_destroy(self->perfmon);
	lib_close(&self->m);
}

TEST_F(lib_perfmon, adds_up_over_jobs)
{
	struct npu_queue_job jobs[3] = { self->copy, self->copy, self->copy };
	const struct npu_completion *record;
	struct npu_fence *fence;

	jobs[1].perfmon = NULL;
	ASSERT_EQ(0, npu_queue_submit(self->m.queue, jobs, 3, &fence, &self->m.err));
	ASSERT_EQ(0, npu_perfmon_read(self->perfmon, -1, false, self->values, &self->jobs,
				      &self->m.err));
	EXPECT_EQ(2, self->jobs.added);
	EXPECT_EQ(0, self->jobs.pending);
	ASSERT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	record = npu_fence_completion(fence, 0);
	EXPECT_EQ(2 * record->counters[NPU_CNT_CYCLES], self->values[0]);
	EXPECT_EQ(2000, self->values[1]);
	EXPECT_EQ(2, self->values[2]);
	npu_fence_destroy(fence);
}

TEST_F(lib_perfmon, clear_starts_again)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, lib_run(&self->m, &self->copy, 1));
		ASSERT_EQ(0, npu_perfmon_read(self->perfmon, 0, true, self->values, &self->jobs,
					      &self->m.err));
		EXPECT_EQ(1, self->jobs.added);
		EXPECT_EQ(1000, self->values[1]);
	}
	ASSERT_EQ(0, npu_perfmon_read(self->perfmon, 0, false, self->values, NULL, NULL));
	EXPECT_EQ(0, self->values[0] | self->values[1] | self->values[2]);
}

TEST_F(lib_perfmon, failed_jobs_count_what_they_did)
{
	self->args[1] = 0x40001000;
	EXPECT_EQ(-EFAULT, lib_run(&self->m, &self->copy, 1));
	ASSERT_EQ(0, npu_perfmon_read(self->perfmon, 0, false, self->values, &self->jobs,
				      &self->m.err));
	EXPECT_EQ(1, self->jobs.added);
	EXPECT_EQ(1000, self->values[1]);
}

TEST_F(lib_perfmon, bad_choices_are_explained)
{
	struct npu_perfmon *none;

	EXPECT_EQ(-EINVAL, npu_perfmon_create(self->m.device, 0, &none, &self->m.err));
	EXPECT_NE(NULL, strstr(self->m.err.message, "choose at least one"));
	EXPECT_EQ(-EINVAL, npu_perfmon_create(self->m.device, 1ull << 63, &none, &self->m.err));
	npu_perfmon_destroy(NULL);
}

/* Jobs outlive the counters that they were to add to. */
TEST_F(lib_perfmon, destroyed_before_its_jobs_end)
{
	struct npu_fence *fence;

	ASSERT_EQ(0, npu_queue_submit(self->m.queue, &self->copy, 1, &fence, &self->m.err));
	npu_perfmon_destroy(self->perfmon);
	self->perfmon = NULL;
	EXPECT_EQ(0, npu_fence_wait(fence, LIB_PATIENCE, &self->m.err));
	npu_fence_destroy(fence);
}

TEST_HARNESS_MAIN
