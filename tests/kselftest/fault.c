// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that fault: the fence carries the error, CONTEXT_QUERY tells the
 * cause, and other contexts do not notice.
 */
#include "kselftest_harness.h"

#include "npu_program.h"

FIXTURE(fault)
{
	struct npu_machine m;
	struct drm_npu_job good;
	uint32_t other;			/* a context that does nothing wrong */
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->good = npu_prog_null(&self->m);
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_NORMAL, 0,
				    &self->other));
}

/* Whatever happened, both contexts still run jobs. */
FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, npu_run_on(self->m.fd, self->other, &self->good));
	EXPECT_EQ(0, npu_run(&self->m, &self->good));
	npu_machine_close(&self->m);
}

/* Runs a job that must fail, and asks why. */
static int fails(struct npu_machine *m, const struct drm_npu_job *job,
		 struct drm_npu_context_query *query)
{
	int error = npu_run(m, job);
	int ret = npu_ctx_query(m->fd, m->ctx, DRM_NPU_CONTEXT_QUERY_CLEAR, query);

	return ret ? ret : error;
}

TEST_F(fault, page_read)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 64);
	uint64_t args[2] = { 0x77777040, NPU_TEST_DATA };
	struct drm_npu_context_query query;

	npu_job_args(&job, args);
	ASSERT_EQ(-EFAULT, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_JOB_FAULT, query.status);
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(NPU_ACCESS_READ, query.access);
	EXPECT_EQ(0x77777040, query.address);
	EXPECT_EQ(0, query.core);
	EXPECT_EQ(0, query.pc);
	EXPECT_EQ(NPU_OP_LOAD, query.opcode);
	EXPECT_EQ(offsetof(struct npu_insn, addr[1]), query.operand);
	EXPECT_EQ(1, query.fault_job);
	EXPECT_EQ(0, query.state);
}

TEST_F(fault, page_write)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 64);
	uint64_t args[2] = { NPU_TEST_DATA, 0x7fffffff00 };
	struct drm_npu_context_query query;

	npu_job_args(&job, args);
	ASSERT_EQ(-EFAULT, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(NPU_ACCESS_WRITE, query.access);
	EXPECT_EQ(0x7fffffff00, query.address);
	EXPECT_EQ(1, query.pc);
}

/* Beyond the address space, and wrapped around it. */
TEST_F(fault, addresses_that_do_not_exist)
{
	static const uint64_t bad[] = { 1ull << 39, 1ull << 40, 1ull << 63, ~0ull - 8, 0 };
	struct drm_npu_job job = npu_prog_copy(&self->m, 64);
	struct drm_npu_context_query query;
	uint64_t args[2] = { 0, NPU_TEST_DATA };
	size_t i;

	npu_job_args(&job, args);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args[0] = bad[i];
		EXPECT_EQ(-EFAULT, fails(&self->m, &job, &query));
		EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	}
}

TEST_F(fault, protection)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 64);
	uint64_t args[2] = { NPU_TEST_DATA, 0x60000000 };
	struct drm_npu_context_query query;

	ASSERT_EQ(0, npu_vm_map(self->m.fd, self->m.vm, self->m.data.handle, 0, 0x60000000, 4096,
				DRM_NPU_VM_BIND_READONLY));
	npu_job_args(&job, args);
	ASSERT_EQ(-EFAULT, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_PROTECTION, query.code);
	EXPECT_EQ(NPU_ACCESS_WRITE, query.access);
	EXPECT_EQ(0x60000000, query.address);
}

TEST_F(fault, program_is_not_there)
{
	struct drm_npu_job job = self->good;
	struct drm_npu_context_query query;

	job.program = 0x70000000;
	ASSERT_EQ(-EFAULT, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(NPU_ACCESS_FETCH, query.access);
	EXPECT_EQ(0x70000000, query.address);
}

TEST_F(fault, program_is_no_program)
{
	struct drm_npu_job job = self->good;
	struct drm_npu_context_query query;

	job.program = NPU_TEST_DATA;
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_PROGRAM, query.code);
	EXPECT_EQ(offsetof(struct npu_program, magic), query.operand);
}

TEST_F(fault, program_needs_more)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	prog.head->sram_size = 1u << 31;
	job = npu_prog_end(&self->m, &prog);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_REQUIRE, query.code);
	EXPECT_EQ(offsetof(struct npu_program, sram_size), query.operand);
	EXPECT_EQ(1u << 31, query.needs[0]);
	EXPECT_EQ(self->m.info.sram_size, query.needs[1]);
}

TEST_F(fault, wrong_number_of_arguments)
{
	struct drm_npu_job job = npu_prog_copy(&self->m, 64);
	struct drm_npu_context_query query;
	uint64_t args[3] = { NPU_TEST_DATA, NPU_TEST_DATA + 64 };

	npu_job_args(&job, args);
	job.num_args = 1;
	EXPECT_EQ(-EINVAL, fails(&self->m, &job, &query));
	job.num_args = 3;
	EXPECT_EQ(-EINVAL, fails(&self->m, &job, &query));
	job.num_args = 2;
	EXPECT_EQ(0, npu_run(&self->m, &job));
}

TEST_F(fault, illegal_opcode)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, NPU_OP_NOP);
	npu_prog_add(&prog, 0xff);
	job = npu_prog_end(&self->m, &prog);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_ILLEGAL, query.code);
	EXPECT_EQ(2, query.pc);
	EXPECT_EQ(0xff, query.opcode);
}

TEST_F(fault, reserved_bits)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	npu_prog_add(&prog, NPU_OP_NOP)->imm[1] = 1;
	job = npu_prog_end(&self->m, &prog);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_ILLEGAL, query.code);
	EXPECT_EQ(0, query.pc);
}

TEST_F(fault, sram_bounds)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 1);
	struct drm_npu_context_query query;
	uint64_t args[1] = { NPU_TEST_DATA };
	struct drm_npu_job job;

	npu_prog_load(&prog, NPU_R_ARG(0), 0, 64);
	prog.insns[0].addr[0].offset = 4096 - 32;
	job = npu_prog_end(&self->m, &prog);
	npu_job_args(&job, args);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_SRAM, query.code);
	EXPECT_EQ(4096 - 32, query.address);
	EXPECT_EQ(NPU_OP_LOAD, query.opcode);
}

TEST_F(fault, budget)
{
	struct drm_npu_job job = npu_prog_spin(&self->m);
	struct drm_npu_context_query query;
	uint64_t args[1] = { NPU_TEST_FOREVER };

	npu_job_args(&job, args);
	job.budget = 1000;
	ASSERT_EQ(-EOVERFLOW, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_BUDGET, query.code);
}

TEST_F(fault, trap)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 1);
	struct drm_npu_context_query query;
	uint64_t args[1] = { 17 };
	struct npu_insn *trap = npu_prog_add(&prog, NPU_OP_TRAP);
	struct drm_npu_job job;

	trap->addr[1].reg = NPU_R_ARG(0);
	trap->imm[0] = 4711;
	job = npu_prog_end(&self->m, &prog);
	npu_job_args(&job, args);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_TRAP, query.code);
	EXPECT_EQ(4711, query.address);
	EXPECT_EQ(17, query.needs[0]);
	args[0] = 0;
	EXPECT_EQ(0, npu_run(&self->m, &job));
}

TEST_F(fault, divide)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct npu_insn *alu = npu_prog_add(&prog, NPU_OP_ALU);
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	alu->subop = NPU_ALU_DIV;
	alu->addr[0].reg = 8;
	job = npu_prog_end(&self->m, &prog);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_DIVIDE, query.code);
}

TEST_F(fault, token_that_never_comes)
{
	struct npu_prog prog = npu_prog_begin(&self->m, 0);
	struct drm_npu_context_query query;
	struct drm_npu_job job;

	npu_prog_add(&prog, NPU_OP_NOP)->wait = 1 << 5;
	job = npu_prog_end(&self->m, &prog);
	ASSERT_EQ(-EINVAL, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_TOKEN, query.code);
}

TEST_F(fault, result_that_cannot_be_written)
{
	struct drm_npu_job job = self->good;
	struct drm_npu_context_query query;

	job.result = 0x70000000;
	ASSERT_EQ(-EFAULT, fails(&self->m, &job, &query));
	EXPECT_EQ(NPU_FAULT_PAGE, query.code);
	EXPECT_EQ(NPU_ACCESS_WRITE, query.access);
	EXPECT_EQ(0x70000000, query.address);
}

/* A fault stops its job only: the others of the call run. */
TEST_F(fault, jobs_behind_it_run)
{
	struct drm_npu_job copy = npu_prog_copy(&self->m, 8), jobs[3] = { copy, copy, copy };
	uint32_t syncobjs[3];
	struct drm_npu_sync syncs[3];
	uint64_t args[3][2] = {
		{ NPU_TEST_DATA, NPU_TEST_DATA + 8 },
		{ 0x70000000, NPU_TEST_DATA + 16 },
		{ NPU_TEST_DATA, NPU_TEST_DATA + 24 },
	};
	struct drm_npu_context_query query;
	int i;

	for (i = 0; i < 3; i++) {
		syncobjs[i] = npu_syncobj_create(self->m.fd, 0);
		syncs[i] = (struct drm_npu_sync){ .handle = syncobjs[i],
						  .flags = DRM_NPU_SYNC_SIGNAL };
		npu_job_args(&jobs[i], args[i]);
		npu_job_syncs(&jobs[i], &syncs[i], 1);
	}
	memcpy(self->m.data.cpu, "innocent", 8);
	ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 3, NULL));
	ASSERT_EQ(0, npu_syncobj_wait(self->m.fd, syncobjs[2], 0));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobjs[0]));
	EXPECT_EQ(-EFAULT, npu_syncobj_error(self->m.fd, syncobjs[1]));
	EXPECT_EQ(0, npu_syncobj_error(self->m.fd, syncobjs[2]));
	EXPECT_EQ(0, memcmp(self->m.data.cpu + 8, "innocent", 8));
	EXPECT_EQ(0, memcmp(self->m.data.cpu + 24, "innocent", 8));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->m.ctx, 0, &query));
	EXPECT_EQ(2, query.fault_job);
	EXPECT_EQ(2, query.jobs_done);
	EXPECT_EQ(1, query.jobs_failed);
}

/* Faults are counted, and reported where the other context cannot see them. */
TEST_F(fault, other_context_knows_nothing)
{
	struct drm_npu_usage_info before = npu_usage(self->m.fd), after;
	struct drm_npu_job job = self->good;
	struct drm_npu_context_query query;

	job.program = 0x70000000;
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &job));
	ASSERT_EQ(0, npu_run_on(self->m.fd, self->other, &self->good));
	ASSERT_EQ(0, npu_ctx_query(self->m.fd, self->other, 0, &query));
	EXPECT_EQ(0, query.fault_job);
	EXPECT_EQ(0, query.code);
	EXPECT_EQ(0, query.jobs_failed);
	after = npu_usage(self->m.fd);
	EXPECT_EQ(before.jobs_failed + 1, after.jobs_failed);
	EXPECT_EQ(before.jobs_done + 1, after.jobs_done);
	EXPECT_EQ(before.resets, after.resets);
}

/* A thousand faults: nothing piles up, and the log stays quiet. */
TEST_F(fault, many)
{
	struct drm_npu_job jobs[64];
	int i, round;

	for (i = 0; i < 64; i++) {
		jobs[i] = self->good;
		jobs[i].program = 0x70000000;
	}
	for (round = 0; round < 16; round++)
		ASSERT_EQ(0, npu_submit(self->m.fd, self->m.ctx, jobs, 64, NULL));
	ASSERT_EQ(-EFAULT, npu_run(&self->m, &jobs[0]));
}

TEST_HARNESS_MAIN
