// SPDX-License-Identifier: GPL-2.0
/* Counters of chosen jobs: DRM_IOCTL_NPU_PERFMON_*. */
#include <pthread.h>

#include "kselftest_harness.h"

#include "npu_program.h"

#define BIT64(n)	(1ull << (n))
#define ALL		(BIT64(NPU_CNT_COUNT) - 1)
#define FEW \
	(BIT64(NPU_CNT_MEM_READ) | BIT64(NPU_CNT_MEM_WRITE) | BIT64(NPU_CNT_JOBS))
#define NUM_FEW		3
#define SIZE		256u

FIXTURE(perfmon)
{
	struct npu_machine m;
	uint64_t args[2];
	struct drm_npu_job copy;
	uint64_t values[NPU_CNT_COUNT];
};

FIXTURE_SETUP(perfmon)
{
	ASSERT_EQ(0, npu_machine_open(&self->m));
	self->args[0] = self->m.data.va;
	self->args[1] = self->m.data.va + 4096;
	self->copy = npu_prog_copy(&self->m, SIZE);
	npu_job_args(&self->copy, self->args);
}

FIXTURE_TEARDOWN(perfmon)
{
	npu_machine_close(&self->m);
}

static int create(int fd, uint64_t counters, uint32_t *id)
{
	struct drm_npu_perfmon_create args = { .counters = counters };
	int ret = npu_call(fd, DRM_IOCTL_NPU_PERFMON_CREATE, &args);

	*id = args.id;
	return ret;
}

static int destroy(int fd, uint32_t id)
{
	struct drm_npu_perfmon_destroy args = { .id = id };

	return npu_call(fd, DRM_IOCTL_NPU_PERFMON_DESTROY, &args);
}

static struct drm_npu_perfmon_read reading(uint32_t id, uint64_t *values, uint32_t count)
{
	return (struct drm_npu_perfmon_read){
		.id = id, .values = (uintptr_t)values, .num_values = count,
	};
}

static int readout(int fd, struct drm_npu_perfmon_read *args)
{
	return npu_call(fd, DRM_IOCTL_NPU_PERFMON_READ, args);
}

TEST_F(perfmon, counts_the_jobs_that_name_it)
{
	struct npu_completion *result = (void *)(self->m.data.cpu + 8192);
	struct drm_npu_perfmon_read args;
	uint32_t id, other;

	ASSERT_EQ(0, create(self->m.fd, ALL, &id));
	ASSERT_EQ(0, create(self->m.fd, FEW, &other));
	EXPECT_NE(id, other);
	self->copy.result = self->m.data.va + 8192;
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	self->copy.perfmon_id = id;
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	args = reading(id, self->values, NPU_CNT_COUNT);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(1, args.jobs);
	EXPECT_EQ(0, args.pending);
	EXPECT_EQ(0, memcmp(self->values, result->counters, sizeof(self->values)));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(4, args.jobs);
	for (int i = 0; i < NPU_CNT_COUNT; i++)
		EXPECT_EQ(4 * result->counters[i], self->values[i]);
	args = reading(other, self->values, NUM_FEW);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(0, args.jobs);
	EXPECT_EQ(0, self->values[0]);
	EXPECT_EQ(0, destroy(self->m.fd, id));
	EXPECT_EQ(0, destroy(self->m.fd, other));
}

TEST_F(perfmon, values_are_those_chosen_in_order)
{
	struct drm_npu_perfmon_read args;
	uint32_t id;

	ASSERT_EQ(0, create(self->m.fd, FEW, &id));
	self->copy.perfmon_id = id;
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	self->values[NUM_FEW] = 0x5a;
	args = reading(id, self->values, NUM_FEW);
	args.flags = DRM_NPU_PERFMON_READ_CLEAR;
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(SIZE, self->values[0]);
	EXPECT_EQ(SIZE, self->values[1]);
	EXPECT_EQ(1, self->values[2]);
	EXPECT_EQ(0x5a, self->values[NUM_FEW]);
	EXPECT_EQ(1, args.jobs);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(0, self->values[0] | self->values[1] | self->values[2]);
	EXPECT_EQ(0, args.jobs);
}

TEST_F(perfmon, jobs_of_several_contexts_and_failed_ones)
{
	struct drm_npu_perfmon_read args;
	struct drm_npu_job bad = self->copy;
	uint64_t nowhere[2] = { 0x7000000000ull, 0x7000000000ull };
	uint32_t id, ctx;

	ASSERT_EQ(0, create(self->m.fd, FEW, &id));
	ASSERT_EQ(0, npu_ctx_create(self->m.fd, self->m.vm, DRM_NPU_PRIORITY_HIGH, 0, &ctx));
	self->copy.perfmon_id = id;
	bad.perfmon_id = id;
	npu_job_args(&bad, nowhere);
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	ASSERT_EQ(0, npu_run_on(self->m.fd, ctx, &self->copy));
	EXPECT_EQ(-EFAULT, npu_run_on(self->m.fd, ctx, &bad));
	args = reading(id, self->values, NUM_FEW);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(3, args.jobs);
	EXPECT_EQ(0, args.pending);
	EXPECT_EQ(2 * SIZE, self->values[0]);
	EXPECT_EQ(3, self->values[2]);
}

struct waiter {
	int fd;
	struct drm_npu_perfmon_read args;
	uint64_t values[NUM_FEW];
	int ret;
};

static void *wait_for_jobs(void *opaque)
{
	struct waiter *w = opaque;

	w->args.values = (uintptr_t)w->values;
	w->args.timeout_ns = INT64_MAX;
	w->ret = readout(w->fd, &w->args);
	return NULL;
}

/* A job without end in a context of its own, counted by a perfmon of its own. */
static int begin_endless(struct npu_machine *m, uint64_t *arg, struct drm_npu_job *endless,
			 uint32_t *ctx)
{
	int ret = npu_ctx_create(m->fd, m->vm, DRM_NPU_PRIORITY_LOW, 0, ctx);

	*endless = npu_prog_mark(m, NPU_OP_YIELD);
	npu_job_args(endless, arg);
	if (!ret)
		ret = create(m->fd, FEW, &endless->perfmon_id);
	return ret ? ret : npu_submit(m->fd, *ctx, endless, 1, NULL);
}

TEST_F(perfmon, waits_for_jobs)
{
	struct waiter w = { .fd = self->m.fd };
	struct drm_npu_job endless;
	pthread_t thread;
	uint32_t ctx;

	ASSERT_EQ(0, begin_endless(&self->m, &self->args[1], &endless, &ctx));
	w.args = reading(endless.perfmon_id, w.values, NUM_FEW);
	ASSERT_EQ(0, readout(self->m.fd, &w.args));
	EXPECT_EQ(1, w.args.pending);
	EXPECT_EQ(0, w.args.jobs);
	w.args.timeout_ns = npu_now_ns() + 20000000;
	ASSERT_EQ(0, readout(self->m.fd, &w.args));
	EXPECT_EQ(1, w.args.pending);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_jobs, &w));
	usleep(20000);
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, w.ret);
	EXPECT_EQ(0, w.args.pending);
	EXPECT_EQ(0, destroy(self->m.fd, endless.perfmon_id));
}

/* The id may go before the jobs, and a reader's. */
TEST_F(perfmon, destroyed_while_in_use)
{
	struct waiter w = { .fd = self->m.fd };
	struct drm_npu_job endless;
	pthread_t thread;
	uint32_t ctx;

	ASSERT_EQ(0, begin_endless(&self->m, &self->args[1], &endless, &ctx));
	w.args = reading(endless.perfmon_id, w.values, NUM_FEW);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_jobs, &w));
	usleep(20000);
	EXPECT_EQ(0, destroy(self->m.fd, endless.perfmon_id));
	EXPECT_EQ(-ENOENT, npu_submit(self->m.fd, ctx, &endless, 1, NULL));
	EXPECT_EQ(0, npu_ctx_destroy(self->m.fd, ctx));
	pthread_join(thread, NULL);
	/* Its thread may have come late. */
	EXPECT_TRUE(w.ret == 0 || w.ret == -ENOENT);
}

TEST_F(perfmon, bad_arguments)
{
	struct drm_npu_perfmon_create bad_create[] = {
		{ .counters = 0 },
		{ .counters = BIT64(NPU_CNT_COUNT) },
		{ .counters = FEW | BIT64(63) },
		{ .counters = FEW, .flags = 1 },
	};
	struct drm_npu_perfmon_destroy bad_destroy = { .pad = 1 };
	struct drm_npu_perfmon_read args;
	uint32_t id;

	for (unsigned int i = 0; i < sizeof(bad_create) / sizeof(*bad_create); i++)
		EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_PERFMON_CREATE,
					    &bad_create[i]));
	ASSERT_EQ(0, create(self->m.fd, FEW, &id));
	bad_destroy.id = id;
	EXPECT_EQ(-EINVAL, npu_call(self->m.fd, DRM_IOCTL_NPU_PERFMON_DESTROY, &bad_destroy));
	EXPECT_EQ(-ENOENT, destroy(self->m.fd, 0));
	EXPECT_EQ(-ENOENT, destroy(self->m.fd, id + 1));
	args = reading(id, self->values, NUM_FEW);
	args.flags = 2;
	EXPECT_EQ(-EINVAL, readout(self->m.fd, &args));
	args = reading(id, self->values, NUM_FEW - 1);
	EXPECT_EQ(-EINVAL, readout(self->m.fd, &args));
	args = reading(id, self->values, NUM_FEW + 1);
	EXPECT_EQ(-EINVAL, readout(self->m.fd, &args));
	args = reading(id, NULL, NUM_FEW);
	EXPECT_EQ(-EFAULT, readout(self->m.fd, &args));
	args = reading(id + 1, self->values, NUM_FEW);
	EXPECT_EQ(-ENOENT, readout(self->m.fd, &args));
	args = reading(0, self->values, NUM_FEW);
	EXPECT_EQ(-ENOENT, readout(self->m.fd, &args));
	self->copy.perfmon_id = id + 1;
	EXPECT_EQ(-ENOENT, npu_run(&self->m, &self->copy));
	self->copy.perfmon_id = id;
	self->copy.pad = 1;
	EXPECT_EQ(-EINVAL, npu_run(&self->m, &self->copy));
	self->copy.pad = 0;
	/* A read that failed has not cleared anything. */
	ASSERT_EQ(0, npu_run(&self->m, &self->copy));
	args = reading(id, NULL, NUM_FEW);
	args.flags = DRM_NPU_PERFMON_READ_CLEAR;
	EXPECT_EQ(-EFAULT, readout(self->m.fd, &args));
	args = reading(id, self->values, NUM_FEW);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(1, args.jobs);
	EXPECT_EQ(SIZE, self->values[0]);
	EXPECT_EQ(0, destroy(self->m.fd, id));
	EXPECT_EQ(-ENOENT, destroy(self->m.fd, id));
}

TEST_F(perfmon, ids_are_of_the_file)
{
	struct drm_npu_perfmon_read args;
	int fd = npu_open_device();
	uint32_t id, count = 0, last;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, create(self->m.fd, FEW, &id));
	args = reading(id, self->values, NUM_FEW);
	EXPECT_EQ(-ENOENT, readout(fd, &args));
	EXPECT_EQ(-ENOENT, destroy(fd, id));
	while (!create(fd, FEW, &last))
		count++;
	EXPECT_EQ(1024, count);
	EXPECT_EQ(-ENOSPC, create(fd, FEW, &last));
	/* Closing gives them back. */
	close(fd);
	EXPECT_EQ(0, destroy(self->m.fd, id));
}

static void *clear_again_and_again(void *opaque)
{
	struct waiter *w = opaque;
	uint64_t sum = 0, values[NUM_FEW];

	for (int i = 0; i < 200 && !w->ret; i++) {
		struct drm_npu_perfmon_read args = reading(w->args.id, values, NUM_FEW);

		args.flags = DRM_NPU_PERFMON_READ_CLEAR;
		w->ret = readout(w->fd, &args);
		sum += values[0];
	}
	w->values[0] = sum;
	return NULL;
}

/* What several readers take away together is what was counted. */
TEST_F(perfmon, nothing_is_lost_between_readers)
{
	struct waiter w[2] = { { .fd = self->m.fd }, { .fd = self->m.fd } };
	struct drm_npu_perfmon_read args;
	pthread_t thread[2];
	uint32_t id;

	ASSERT_EQ(0, create(self->m.fd, FEW, &id));
	self->copy.perfmon_id = id;
	for (int i = 0; i < 2; i++) {
		w[i].args.id = id;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, clear_again_and_again, &w[i]));
	}
	for (int i = 0; i < 30; i++)
		EXPECT_EQ(0, npu_run(&self->m, &self->copy));
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].ret);
	}
	args = reading(id, self->values, NUM_FEW);
	ASSERT_EQ(0, readout(self->m.fd, &args));
	EXPECT_EQ(30 * SIZE, w[0].values[0] + w[1].values[0] + self->values[0]);
}

TEST_HARNESS_MAIN
