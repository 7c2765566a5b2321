// SPDX-License-Identifier: GPL-2.0
/* libnpu's job images on a real device, from memory and from a file. */
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "lib_sample.h"

FIXTURE(job)
{
	struct sample s;
	struct npu_device *device;
	struct npu_instance *instance;
	struct npu_error err;
};

FIXTURE_SETUP(job)
{
	ASSERT_EQ(0, npu_device_open(NULL, &self->device, &self->err));
	sample(&self->s);
	ASSERT_EQ(0, npu_job_load(self->device, &self->s.image, NULL, &self->instance,
				  &self->err)) TH_LOG("%s", self->err.message);
}

FIXTURE_TEARDOWN(job)
{
	npu_job_unload(self->instance);
	npu_device_close(self->device);
	sample_free(&self->s);
}

TEST_F(job, runs_from_memory)
{
	const struct npu_job_tensor *tensor = NULL;
	float *sum = npu_job_tensor(self->instance, "sum", &tensor);
	struct npu_job_stats stats;

	ASSERT_NE(NULL, sum);
	ASSERT_EQ(0, npu_job_run(self->instance, 0, NULL, &stats, &self->err));
	EXPECT_EQ(0, memcmp(sum, self->s.expected, sizeof(self->s.expected)));
	EXPECT_EQ(SAMPLE_N, tensor->dims[0]);
	EXPECT_EQ(NULL, tensor->expected);
	EXPECT_LT(0, stats.cycles);
	EXPECT_LT(0, stats.wall_ns);
	EXPECT_EQ(1, stats.cores);
	EXPECT_EQ(3 * SAMPLE_ROW, stats.counters[NPU_CNT_MEM_READ]);
	EXPECT_EQ(SAMPLE_ROW, stats.counters[NPU_CNT_MEM_WRITE]);
	EXPECT_LT(0, stats.queue_cycles);
	EXPECT_EQ((uint64_t)(stats.model_seconds * stats.clock_khz * 1e3 + 0.5),
		  stats.cycles + stats.queue_cycles);
	EXPECT_EQ(NULL, npu_job_tensor(self->instance, "nothing", NULL));
}

TEST_F(job, state_and_inputs)
{
	float *x = npu_job_tensor(self->instance, "x", NULL);
	float *sum = npu_job_tensor(self->instance, "sum", NULL);
	struct npu_job_stats first, second;

	ASSERT_EQ(0, npu_job_run(self->instance, 0, NULL, &first, &self->err));
	x[3] = 100;
	ASSERT_EQ(0, npu_job_run(self->instance, 0, NULL, &second, &self->err));
	EXPECT_EQ(206, sum[3]);
	EXPECT_EQ(20, sum[5]);
	EXPECT_EQ(first.cycles, second.cycles);
}

TEST_F(job, big_constant_from_file)
{
	char path[] = "/tmp/npu-lib-job-XXXXXX";
	struct npu_instance *instance;
	struct npu_job_image *image;
	unsigned char *big;
	uint32_t wrong = 0;
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, npu_job_image_write(&self->s.image, path, &self->err));
	ASSERT_EQ(0, npu_job_image_read(path, &image, &self->err));
	ASSERT_EQ(0, npu_job_load(self->device, image, NULL, &instance, &self->err));
	npu_job_image_free(image);
	unlink(path);
	big = npu_job_tensor(instance, "big", NULL);
	EXPECT_EQ(0, memcmp(big, self->s.big, SAMPLE_BIG_SIZE));
	for (uint32_t i = SAMPLE_BIG_SIZE; i < SAMPLE_BIG_SIZE + 5000; i++)
		wrong += big[i] != 0;
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, npu_job_run(instance, 0, NULL, NULL, &self->err));
	EXPECT_EQ(0, memcmp(npu_job_tensor(instance, "sum", NULL), self->s.expected,
			    sizeof(self->s.expected)));
	npu_job_unload(instance);
}

TEST_F(job, fault_names_the_operator)
{
	uint64_t offset = 1 << 20;

	EXPECT_EQ(-EFAULT, npu_job_run(self->instance, 0, &offset, NULL, &self->err));
	EXPECT_NE(NULL, strstr(self->err.message,
			       "instruction 1 (LOAD, tag 'blk.0.attn_q'): page fault reading 0x80100000"))
		TH_LOG("%s", self->err.message);
	EXPECT_EQ(0, npu_job_run(self->instance, 0, NULL, NULL, &self->err));
}

TEST_F(job, programs_by_name)
{
	EXPECT_EQ(0, npu_job_program(self->instance, NULL, &self->err));
	EXPECT_EQ(0, npu_job_program(self->instance, "add", &self->err));
	EXPECT_EQ(-ENOENT, npu_job_program(self->instance, "sub", &self->err));
	EXPECT_STREQ("no program 'sub': there are: add", self->err.message);
	EXPECT_EQ(-EINVAL, npu_job_run(self->instance, 1, NULL, NULL, &self->err));
}

TEST_F(job, images_that_do_not_fit)
{
	struct npu_instance *instance;

	self->s.segments[2].va = (1ull << 39) - (16 << 20);
	self->s.tensors[3].va = self->s.segments[2].va;
	EXPECT_EQ(0, npu_job_image_check(&self->s.image, &self->err));
	if (npu_device_info(self->device)->va_end < 1ull << 39) {
		EXPECT_EQ(-EINVAL, npu_job_load(self->device, &self->s.image, NULL, &instance,
						&self->err));
	}
	self->s.segments[2].va = SAMPLE_CODE;
	EXPECT_EQ(-EINVAL, npu_job_load(self->device, &self->s.image, NULL, &instance, &self->err));
	EXPECT_NE(NULL, strstr(self->err.message, "overlap"));
}

TEST_F(job, submits_in_order)
{
	struct npu_fence *fences[50];
	float *sum = npu_job_tensor(self->instance, "sum", NULL);

	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, npu_job_submit(self->instance, 0, NULL, &fences[i], &self->err));
	ASSERT_EQ(0, npu_job_wait(self->instance, fences[49], NULL, &self->err));
	EXPECT_EQ(50 * 2 * 7, sum[7]);
	for (int i = 0; i < 50; i++)
		npu_fence_destroy(fences[i]);
}

TEST_HARNESS_MAIN
