// SPDX-License-Identifier: GPL-2.0
/* Traces of jobs: what the device did when, in the program's own memory. */
#include "kselftest_harness.h"

#include "npu_program.h"

#define TRACE_OFFSET	0x20000
#define TRACE_SIZE	0x4000

FIXTURE(trace)
{
	struct npu_machine m;
	struct npu_trace_header *header;
	struct npu_trace_record *records;
	struct drm_npu_job job;
};

FIXTURE_SETUP(trace)
{
	static const uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 0x8000 };

	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->header = (void *)(self->m.data.cpu + TRACE_OFFSET);
	self->records = (void *)(self->header + 1);
	self->job = npu_prog_copy(&self->m, 1000);
	npu_job_args(&self->job, args);
	self->job.trace = NPU_TEST_DATA + TRACE_OFFSET;
	self->job.trace_size = TRACE_SIZE;
}

FIXTURE_TEARDOWN(trace)
{
	npu_machine_close(&self->m);
}

TEST_F(trace, tells_what_was_done_when)
{
	struct npu_completion *result = (void *)(self->m.data.cpu + 0x10000);
	uint64_t last = 0, read = 0;
	unsigned int i;

	self->job.result = NPU_TEST_DATA + 0x10000;
	ASSERT_EQ(0, npu_run(&self->m, &self->job));
	ASSERT_EQ(sizeof(struct npu_trace_record), self->header->record_size);
	ASSERT_EQ(result->counters[NPU_CNT_INSNS], self->header->records);
	EXPECT_EQ(result->counters[NPU_CNT_INSNS], self->header->insns);
	EXPECT_EQ(result->counters[NPU_CNT_CYCLES], self->header->cycles);
	for (i = 0; i < self->header->records; i++) {
		struct npu_trace_record *r = &self->records[i];

		EXPECT_EQ(i, r->pc);
		EXPECT_LT(r->start, r->end);
		last = r->end > last ? r->end : last;
		if (r->engine == NPU_ENGINE_LD)
			read += r->mem;
	}
	EXPECT_EQ(result->counters[NPU_CNT_CYCLES], last);
	EXPECT_EQ(1000, read);
}

TEST_F(trace, changes_nothing)
{
	struct npu_completion *result = (void *)(self->m.data.cpu + 0x10000), plain;
	struct drm_npu_job job = self->job;

	job.result = NPU_TEST_DATA + 0x10000;
	ASSERT_EQ(0, npu_run(&self->m, &job));
	plain = *result;
	job.trace = 0;
	job.trace_size = 0;
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(0, memcmp(plain.counters, result->counters, sizeof(plain.counters)));
	EXPECT_EQ(0, memcmp(plain.energy_pj, result->energy_pj, sizeof(plain.energy_pj)));
}

TEST_F(trace, keeps_what_fits)
{
	self->job.trace_size = 192;	/* a header and one record, in steps of 64 */
	memset(self->records, 0xee, 2 * sizeof(*self->records));
	ASSERT_EQ(0, npu_run(&self->m, &self->job));
	EXPECT_EQ(1, self->header->records);
	EXPECT_LT(1, self->header->insns);
	EXPECT_EQ(0xeeeeeeee, self->records[1].pc);
}

TEST_F(trace, bad_arguments)
{
	struct drm_npu_job job = self->job;

	job.trace += 8;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	job = self->job;
	job.trace = 0;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	job = self->job;
	job.trace_size = 63;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	job.trace_size = 0;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	job.trace_size = -64ull;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	job = self->job;
	job.trace = -4096ull;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	ASSERT_EQ(0, npu_run(&self->m, &self->job));
}

TEST_F(trace, where_nothing_is_mapped)
{
	struct drm_npu_context_query query = {};

	self->job.trace = NPU_TEST_DATA + (1ull << 34);
	EXPECT_EQ(-EFAULT, npu_run(&self->m, &self->job));
	query.id = self->m.ctx;
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_CONTEXT_QUERY, &query));
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(NPU_ACCESS_WRITE, query.access);
	EXPECT_EQ(~0u, query.pc);
	self->job.trace = NPU_TEST_DATA + TRACE_OFFSET;
	EXPECT_EQ(0, npu_run(&self->m, &self->job));
}

/* A caller who knows nothing of traces submits shorter jobs. */
TEST_F(trace, jobs_of_the_first_version)
{
	struct drm_npu_submit submit = { .context_id = self->m.ctx };

	submit.jobs.stride = offsetof(struct drm_npu_job, trace);
	submit.jobs.count = 1;
	submit.jobs.array = (uintptr_t)&self->job;
	ASSERT_EQ(0, npu_call(self->m.fd, DRM_IOCTL_NPU_SUBMIT, &submit));
	ASSERT_EQ(0, npu_bo_wait(self->m.fd, self->m.code.handle, INT64_MAX));
	EXPECT_EQ(0, self->header->record_size);
}

TEST_HARNESS_MAIN
