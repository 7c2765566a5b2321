// SPDX-License-Identifier: GPL-2.0
/* SUBMIT: programs run, syncobjs order them, all of a call or none. */
#include "kselftest_harness.h"

#include "npu_program.h"

FIXTURE(submit)
{
	struct npu_machine m;
};

FIXTURE_SETUP(submit)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
}

FIXTURE_TEARDOWN(submit)
{
	npu_machine_close(&self->m);
}

TEST_F(submit, nothing)
{
	struct drm_npu_job job = npu_prog_null(&self->m);

	EXPECT_EQ(0, npu_run(&self->m, &job));
}

TEST_F(submit, copy)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 1000);
	uint64_t args[2] = { NPU_TEST_DATA + 3, NPU_TEST_DATA + 0x10001 };
	int i;

	for (i = 0; i < 1000; i++)
		self->m.data.cpu[3 + i] = i * 7;
	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(0, memcmp(self->m.data.cpu + 3, self->m.data.cpu + 0x10001, 1000));
	EXPECT_EQ(0, self->m.data.cpu[0x10000]);
	EXPECT_EQ(0, self->m.data.cpu[0x10001 + 1000]);
}

/* Row after row in a loop: addresses follow the loop's register. */
TEST_F(submit, loop_copies_rows)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 2);
	struct npu_insn *loop;
	uint64_t args[2] = { NPU_TEST_DATA, 0x8000 };
	struct drm_npu_job job;
	int i;

	npu_prog_loop(&prog, 10, 3);
	loop = &prog.insns[0];
	loop->addr[0].reg = 8;
	loop->addr[1].reg = NPU_R_ARG(0);
	loop->val[1] = 100;
	npu_prog_load(&prog, 8, 0, 50);
	{
		struct npu_insn *alu = npu_prog_add(&prog, NPU_OP_ALU);

		alu->subop = NPU_ALU_ADD;
		alu->addr[0].reg = 9;
		alu->addr[1].reg = 8;
		alu->addr[2].reg = NPU_R_ARG(1);
	}
	npu_prog_store(&prog, 9, 0, 50);
	npu_prog_add(&prog, NPU_OP_ENDLOOP);
	job = npu_prog_end(&self->m, &prog);
	for (i = 0; i < 1000; i++)
		self->m.data.cpu[i] = i % 100 + 1;
	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_run(&self->m, &job));
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(i % 100 < 50 ? i % 100 + 1 : 0, self->m.data.cpu[0x8000 + i]);
}

TEST_F(submit, result_is_written)
{
	struct npu_completion *result = (void *)(self->m.data.cpu + 512);
	struct drm_npu_job job = npu_prog_null(&self->m);

	job.result = NPU_TEST_DATA + 512;
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(NPU_JOB_DONE, result->status);
	EXPECT_EQ(1, result->cores);
	EXPECT_EQ(1, result->id);
	EXPECT_EQ(1, result->counters[NPU_CNT_JOBS]);
	EXPECT_EQ(1, result->counters[NPU_CNT_INSNS]);
	EXPECT_LE(result->clock_start, result->clock_end);
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(2, result->id);
}

TEST_F(submit, all_cores)
{
	struct npu_completion *result = (void *)self->m.data.cpu;
	struct drm_npu_job job = npu_prog_null(&self->m);

	job.result = NPU_TEST_DATA;
	job.cores = 0;
	ASSERT_EQ(0, npu_run(&self->m, &job));
	EXPECT_EQ(self->m.info.cores, result->cores);
}

TEST_F(submit, counters_add_up)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 4096);
	uint64_t args[2] = { NPU_TEST_DATA, NPU_TEST_DATA + 8192 };
	uint64_t before[NPU_CNT_COUNT], after[NPU_CNT_COUNT];

	npu_job_args(&job, args);
	ASSERT_EQ(0, npu_query(self->m.fd, DRM_NPU_QUERY_COUNTERS, before, sizeof(before)));
	ASSERT_EQ(0, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_query(self->m.fd, DRM_NPU_QUERY_COUNTERS, after, sizeof(after)));
	EXPECT_EQ(before[NPU_CNT_JOBS] + 1, after[NPU_CNT_JOBS]);
	EXPECT_LE(before[NPU_CNT_MEM_READ] + 4096, after[NPU_CNT_MEM_READ]);
	EXPECT_LE(before[NPU_CNT_MEM_WRITE] + 4096, after[NPU_CNT_MEM_WRITE]);
}

TEST_F(submit, energy_adds_up)
{
	struct npu_completion *result = (void *)(self->m.data.cpu + 512);
	struct drm_npu_job job = npu_prog_copy(&self->m, 4096);
	uint64_t args[2] = { NPU_TEST_DATA + 4096, NPU_TEST_DATA + 8192 };
	uint64_t before[NPU_ENERGY_PARTS], after[NPU_ENERGY_PARTS], sum = 0;
	int i;

	npu_job_args(&job, args);
	job.result = NPU_TEST_DATA + 512;
	ASSERT_EQ(0, npu_query(self->m.fd, DRM_NPU_QUERY_ENERGY, before, sizeof(before)));
	ASSERT_EQ(0, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_query(self->m.fd, DRM_NPU_QUERY_ENERGY, after, sizeof(after)));
	for (i = 0; i < NPU_ENERGY_PARTS; i++) {
		EXPECT_EQ(before[i] + result->energy_pj[i], after[i]);
		sum += result->energy_pj[i];
	}
	EXPECT_EQ(result->counters[NPU_CNT_ENERGY_PJ], sum);
	EXPECT_LT(0, result->energy_pj[NPU_ENERGY_LD]);
	EXPECT_LT(0, result->energy_pj[NPU_ENERGY_ST]);
	EXPECT_EQ(0, result->energy_pj[NPU_ENERGY_MAT]);
}

TEST_F(submit, seqnos_count_from_one)
{
	struct drm_npu_job jobs[3];
	uint64_t seqno;

	jobs[0] = npu_prog_null(&self->m);
	jobs[1] = jobs[0];
	jobs[2] = jobs[0];
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 1, &seqno));
	EXPECT_EQ(1, seqno);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 3, &seqno));
	EXPECT_EQ(2, seqno);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 1, &seqno));
	EXPECT_EQ(5, seqno);
	ASSERT_EQ(0, npu_bo_wait(self->m.fd, self->m.code.handle, INT64_MAX));
}

/* 64 jobs, each adds what the one before wrote: data[i + 1] = data[i]. */
TEST_F(submit, sixty_four_in_order)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 1), jobs[65];
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	uint64_t args[65][2], seqno;
	int i;

	for (i = 0; i < 65; i++) {
		args[i][0] = NPU_TEST_DATA + i;
		args[i][1] = NPU_TEST_DATA + i + 1;
		jobs[i] = copy;
		npu_job_args(&jobs[i], args[i]);
	}
	self->m.data.cpu[0] = 123;
	EXPECT_EQ(-E2BIG, npu_submit(self->m.fd, self->m.ctx, jobs, 65, &seqno));
	npu_job_syncs(&jobs[63], &sync, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 64, &seqno));
	EXPECT_EQ(1, seqno);
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobj, 0));
	EXPECT_EQ(123, self->m.data.cpu[64]);
	EXPECT_EQ(0, self->m.data.cpu[65]);
}

/* A job of one context waits for another's. */
TEST_F(submit, binary_syncobj_between_contexts)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m), copy = npu_prog_copy(&self->m, 64);
	uint64_t little = 4, args[3][2] = {
		{ NPU_TEST_DATA, NPU_TEST_DATA + 64 }, { NPU_TEST_DATA + 64, NPU_TEST_DATA + 128 },
	};
	uint32_t first = npu_syncobj_create(self->m.fd, 0);
	uint32_t second = npu_syncobj_create(self->m.fd, 0), other;
	struct drm_npu_sync signal = { .handle = first, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_sync wait[2] = {
		{ .handle = first, .flags = DRM_NPU_SYNC_WAIT },
		{ .handle = second, .flags = DRM_NPU_SYNC_SIGNAL },
	};
	struct drm_npu_job jobs[2] = { spin, copy };

	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &other));
	self->m.data.cpu[0] = 55;
	npu_job_args(&jobs[0], &little);
	npu_job_args(&jobs[1], args[0]);
	npu_job_syncs(&jobs[1], &signal, 1);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 2, NULL));
	npu_job_args(&copy, args[1]);
	npu_job_syncs(&copy, wait, 2);
	ASSERT_EQ(0, npu_submit(self->m.fd, other, &copy, 1, NULL));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, second, 0));
	EXPECT_EQ(55, self->m.data.cpu[128]);
}

/* Two contexts take turns through one timeline. */
TEST_F(submit, timeline_ping_pong)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 1);
	uint32_t timeline = npu_syncobj_create(self->m.fd, 0), ctx[2];
	uint64_t args[64][2];
	int i;

	ctx[0] = self->m.ctx;
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_LOW, 0, &ctx[1]));
	self->m.data.cpu[0] = 200;
	for (i = 0; i < 64; i++) {
		struct drm_npu_sync syncs[2] = {
			{ .handle = timeline, .flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_TIMELINE,
			  .timeline_point = i + 1 },
			{ .handle = timeline, .flags = DRM_NPU_SYNC_WAIT | DRM_NPU_SYNC_TIMELINE,
			  .timeline_point = i },
		};
		struct drm_npu_job job = copy;

		args[i][0] = NPU_TEST_DATA + i;
		args[i][1] = NPU_TEST_DATA + i + 1;
		npu_job_args(&job, args[i]);
		npu_job_syncs(&job, syncs, i ? 2 : 1);
		ASSERT_EQ(0, npu_submit(self->m.fd, ctx[i % 2], &job, 1, NULL));
	}
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, timeline, 64));
	EXPECT_EQ(200, self->m.data.cpu[64]);
}

/* A wait for what the CPU has yet to signal is no wait for a job: refused. */
TEST_F(submit, wait_for_what_nobody_submitted)
{
	struct drm_npu_job job = npu_prog_null(&self->m);
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_WAIT };

	npu_job_syncs(&job, &sync, 1);
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	ASSERT_EQ(0, npu_syncobj_signal(self->m.fd, syncobj, 5));
	EXPECT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	sync.flags |= DRM_NPU_SYNC_TIMELINE;
	sync.timeline_point = 5;
	EXPECT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	sync.timeline_point = 6;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
}

TEST_F(submit, waits_see_signals_of_the_same_call)
{
	struct drm_npu_job jobs[4];
	uint32_t binary = npu_syncobj_create(self->m.fd, 0);
	uint32_t timeline = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync syncs[4] = {
		{ .handle = binary, .flags = DRM_NPU_SYNC_SIGNAL },
		{ .handle = binary, .flags = DRM_NPU_SYNC_WAIT },
		{ .handle = timeline, .flags = DRM_NPU_SYNC_SIGNAL | DRM_NPU_SYNC_TIMELINE,
		  .timeline_point = 10 },
		{ .handle = timeline, .flags = DRM_NPU_SYNC_WAIT | DRM_NPU_SYNC_TIMELINE,
		  .timeline_point = 7 },
	};
	int i;

	for (i = 0; i < 4; i++) {
		jobs[i] = npu_prog_null(&self->m);
		npu_job_syncs(&jobs[i], &syncs[i], 1);
	}
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 4, NULL));
	EXPECT_EQ(0, npu_syncobj_wait(self->m.fd, binary, 0));
	EXPECT_EQ(0, npu_syncobj_wait(self->m.fd, timeline, 10));
	/* Not yet signalled in this order. */
	syncs[3].timeline_point = 11;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &jobs[3], 1, NULL));
	syncs[2].timeline_point = 12;
	EXPECT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, &jobs[3], 1, NULL));
	EXPECT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &jobs[2], 2, NULL));
	EXPECT_EQ(0, npu_syncobj_wait(self->m.fd, timeline, 11));
}

/* The last of many is bad: no job runs, no syncobj gets a fence, no seqno is used. */
TEST_F(submit, all_or_nothing)
{
	struct drm_npu_job jobs[8];
	uint32_t syncobj = npu_syncobj_create(self->m.fd, 0);
	struct drm_npu_sync sync = { .handle = syncobj, .flags = DRM_NPU_SYNC_SIGNAL };
	struct drm_npu_context_query query;
	uint64_t seqno = 77;
	int i;

	for (i = 0; i < 8; i++)
		jobs[i] = npu_prog_null(&self->m);
	npu_job_syncs(&jobs[0], &sync, 1);
	jobs[7].flags = 1;
	ASSERT_EQ(-EINVAL, npu_submit(self->m.fd, self->m.ctx, jobs, 8, &seqno));
	EXPECT_EQ(0, seqno);
	EXPECT_EQ(-EINVAL, npu_syncobj_wait_for(self->m.fd, syncobj, 0, 0));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(0, query.jobs_submitted);
	jobs[7].flags = 0;
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 8, &seqno));
	EXPECT_EQ(1, seqno);
}

TEST_F(submit, bad_jobs)
{
	const struct drm_npu_device_info *info = &self->m.info;
	const struct drm_npu_job good = npu_prog_null(&self->m);
	struct drm_npu_job job;
	int bit;

#define REFUSED(error, change) do { \
		job = good; \
		change; \
		EXPECT_EQ(error, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL)); \
	} while (0)
	for (bit = 0; bit < 32; bit++)
		REFUSED(-EINVAL, job.flags = 1u << bit);
	REFUSED(-EINVAL, job.program += 64);
	REFUSED(-EINVAL, job.program = 0 - 128ull);
	REFUSED(-EINVAL, job.program = info->va_end);
	REFUSED(-EINVAL, job.program_size = 0);
	REFUSED(-EINVAL, job.program_size = 128);
	REFUSED(-EINVAL, job.program_size += 4);
	REFUSED(-EINVAL, job.program_size = info->program_max + 128);
	REFUSED(-EINVAL, job.program_size = 0xffffff80);
	REFUSED(-EINVAL, job.cores = info->cores + 1);
	REFUSED(-EINVAL, job.cores = ~0u);
	REFUSED(-EINVAL, job.budget = info->budget_max + 1);
	REFUSED(-EINVAL, job.budget = ~0ull);
	REFUSED(-EINVAL, job.result = NPU_TEST_DATA + 64);
	REFUSED(-EINVAL, job.result = 0 - 512ull);
	REFUSED(-EINVAL, job.result = info->va_end);
	REFUSED(-EINVAL, job.num_args = info->max_args + 1);
	REFUSED(-EINVAL, job.num_args = ~0u);
	REFUSED(-EFAULT, job.num_args = 1; job.args = NPU_TEST_BAD_PTR);
	REFUSED(-EFAULT, job.num_args = 48; job.args = ~0ull - 16);
#undef REFUSED
}

TEST_F(submit, bad_syncs)
{
	const uint32_t syncobj = npu_syncobj_create(self->m.fd, DRM_SYNCOBJ_CREATE_SIGNALED);
	const struct drm_npu_sync good = { .handle = syncobj, .flags = DRM_NPU_SYNC_WAIT };
	struct drm_npu_job job = npu_prog_null(&self->m);
	struct drm_npu_sync sync, many[257];
	int i;

#define REFUSED(error, change) do { \
		sync = good; \
		npu_job_syncs(&job, &sync, 1); \
		change; \
		EXPECT_EQ(error, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL)); \
	} while (0)
	REFUSED(-EINVAL, sync.flags = 0);
	REFUSED(-EINVAL, sync.flags = DRM_NPU_SYNC_WAIT | DRM_NPU_SYNC_SIGNAL);
	REFUSED(-EINVAL, sync.flags = DRM_NPU_SYNC_TIMELINE; sync.timeline_point = 1);
	REFUSED(-EINVAL, sync.flags = DRM_NPU_SYNC_WAIT | 8);
	REFUSED(-EINVAL, sync.flags = DRM_NPU_SYNC_SIGNAL | 1u << 31);
	REFUSED(-EINVAL, sync.timeline_point = 1);
	REFUSED(-EINVAL, sync.flags |= DRM_NPU_SYNC_TIMELINE);
	REFUSED(-ENOENT, sync.handle = 0);
	REFUSED(-ENOENT, sync.handle = ~0u);
	REFUSED(-ENOENT, sync.handle = ~0u; sync.flags = DRM_NPU_SYNC_SIGNAL);
	REFUSED(-EINVAL, job.syncs.stride = 8);
	REFUSED(-EINVAL, job.syncs.stride = 20);
	REFUSED(-E2BIG, job.syncs.stride = 1 << 20);
	REFUSED(-EFAULT, job.syncs.array = 0);
	REFUSED(-EFAULT, job.syncs.array = NPU_TEST_BAD_PTR);
	REFUSED(-EINVAL, job.syncs.array = ~0ull - 7);
	REFUSED(-EINVAL, job.syncs.count = 0);
	REFUSED(-E2BIG, job.syncs.count = 257);
	REFUSED(-E2BIG, job.syncs.count = ~0u);
	REFUSED(0, sync = good);
#undef REFUSED
	for (i = 0; i < 257; i++)
		many[i] = good;
	npu_job_syncs(&job, many, 257);
	EXPECT_EQ(-E2BIG, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
	npu_job_syncs(&job, many, 256);
	EXPECT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &job, 1, NULL));
}

TEST_F(submit, bad_arguments)
{
	struct drm_npu_job job = npu_prog_null(&self->m);
	const struct drm_npu_submit good = {
		.context_id = self->m.ctx,
		.jobs = { .stride = sizeof(job), .count = 1, .array = (uintptr_t)&job },
	};
	struct drm_npu_submit args;

#define REFUSED(error, change) do { \
		args = good; \
		change; \
		EXPECT_EQ(error, npu_call(self->m.fd, DRM_IOCTL_NPU_SUBMIT, &args)); \
	} while (0)
	REFUSED(-ENOENT, args.context_id = 0);
	REFUSED(-ENOENT, args.context_id = ~0u);
	REFUSED(-EINVAL, args.flags = 1);
	REFUSED(-EINVAL, args.flags = 1u << 31);
	REFUSED(-EINVAL, args.jobs.count = 0);
	REFUSED(-EINVAL, args.jobs.count = 0; args.jobs.array = 0);
	REFUSED(-E2BIG, args.jobs.count = 65);
	REFUSED(-E2BIG, args.jobs.count = ~0u);
	REFUSED(-EINVAL, args.jobs.stride = 0);
	REFUSED(-EINVAL, args.jobs.stride = offsetof(struct drm_npu_job, trace) - 8);
	REFUSED(-EINVAL, args.jobs.stride = sizeof(job) + 1);
	REFUSED(-E2BIG, args.jobs.stride = 0x80000000);
	REFUSED(-EFAULT, args.jobs.array = 0);
	REFUSED(-EFAULT, args.jobs.array = NPU_TEST_BAD_PTR);
	REFUSED(-EINVAL, args.jobs.array = ~0ull - 15);
	REFUSED(0, args = good);
#undef REFUSED
}

TEST_F(submit, context_of_another_file)
{
	struct drm_npu_job job = npu_prog_null(&self->m);
	int other = npu_open_device();

	EXPECT_EQ(-ENOENT, npu_submit(other, self->m.ctx, &job, 1, NULL));
	close(other);
}

TEST_F(submit, buffers_wait_for_jobs)
{
	struct drm_npu_job spin = npu_prog_spin(&self->m);
	uint64_t args[1] = { 8 };
	uint32_t shared, own, other;

	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &shared));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, self->m.vm, &own));
	ASSERT_EQ(0, npu_bo_create(self->m.fd, 4096, 0, &other));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, shared, 0, 0x50000000, 4096, 0));
	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, own, 0, 0x50001000, 4096, 0));
	npu_job_args(&spin, args);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, &spin, 1, NULL));
	EXPECT_EQ(-ETIMEDOUT, npu_bo_wait(self->m.fd, shared, 0));
	EXPECT_EQ(-ETIMEDOUT, npu_bo_wait(self->m.fd, own, 0));
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, other, 0));
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, shared, npu_now_ns() + NPU_TEST_PATIENCE_NS));
	EXPECT_EQ(0, npu_bo_wait(self->m.fd, own, 0));
}

TEST_HARNESS_MAIN
