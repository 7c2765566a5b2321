// SPDX-License-Identifier: GPL-2.0
/* libnpu's job images on a real device, from memory and from a file. */
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "lib_machine.h"

#define CODE_VA		0x40000000ull
#define DATA_VA		0x80000000ull
#define BIG_VA		0xc0000000ull
#define BIG_SIZE	((9u << 20) + 777)
#define N		64

/**
 * struct sample - an image that adds two vectors n times to a state
 */
struct sample {
	struct npu_job_image image;
	struct npu_job_segment segments[3];
	struct npu_job_tensor tensors[4];
	struct npu_job_program program;
	char tags[2][NPU_JOB_NAME_LEN];
	char arg_names[1][NPU_JOB_NAME_LEN];
	uint64_t args[1];
	float inputs[2 * N];
	float expected[N];
	unsigned char *big;
	void *code;
};

/* state += x * y, args[0] bytes further on: one that is not zero faults. */
static void build(struct sample *s)
{
	struct npu_builder *b = lib_begin(1);
	uint32_t at = npu_builder_sram(b, "x, y and state", 3 * N * 4);
	struct npu_insn_dma load = { .sram = npu_at(0, at), .mem = npu_at(8, 0),
				     .row = npu_imm(3 * N * 4) };
	struct npu_insn_dma store = { .sram = npu_at(0, at + 2 * N * 4),
				      .mem = npu_at(8, 2 * N * 4), .row = npu_imm(N * 4) };
	struct npu_insn_vec vec = {
		.dst = store.sram, .src0 = npu_at(0, at), .src1 = npu_at(0, at + N * 4),
		.src2 = store.sram, .rows = npu_imm(1), .cols = npu_imm(N),
		.type_dst = NPU_TYPE_F32, .type_src0 = NPU_TYPE_F32,
		.type_src1 = NPU_TYPE_F32, .type_src2 = NPU_TYPE_F32,
	};

	npu_build_alu(b, NPU_ALU_ADD, 8, NPU_R_ARG(0), 0, DATA_VA);
	npu_builder_tag(b, 1, "load it");
	npu_build_load(b, &load, npu_order(0, NPU_TOKEN(0)));
	npu_build_muladd(b, &vec, npu_order(NPU_TOKEN(0), NPU_TOKEN(1)));
	npu_build_store(b, &store, npu_order(NPU_TOKEN(1), 0));
	if (npu_builder_finish(b, &s->code, &s->program.size, NULL))
		abort();
	npu_builder_destroy(b);
}

static void name_tensor(struct npu_job_tensor *tensor, const char *name, uint32_t role,
			uint32_t type, uint64_t size, uint64_t va)
{
	*tensor = (struct npu_job_tensor){
		.role = role, .type = type, .n_dims = 1, .dims = { size }, .va = va,
	};
	strcpy(tensor->name, name);
}

static struct npu_job_image *sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	build(s);
	s->big = malloc(BIG_SIZE);
	for (uint32_t i = 0; i < BIG_SIZE; i++)
		s->big[i] = i * 2654435761u >> 24;
	for (int i = 0; i < N; i++) {
		s->inputs[i] = i;
		s->inputs[N + i] = 2;
		s->expected[i] = 2 * i;
	}
	s->segments[0] = (struct npu_job_segment){ "code", CODE_VA, s->program.size, s->code,
						   s->program.size, 1 };
	s->segments[1] = (struct npu_job_segment){ "data", DATA_VA, 4096, s->inputs,
						   sizeof(s->inputs), 0 };
	s->segments[2] = (struct npu_job_segment){ "big", BIG_VA, BIG_SIZE + 5000, s->big,
						   BIG_SIZE, 1 };
	name_tensor(&s->tensors[0], "x", NPU_JOB_INPUT, NPU_TYPE_F32, N, DATA_VA);
	name_tensor(&s->tensors[1], "y", NPU_JOB_INPUT, NPU_TYPE_F32, N, DATA_VA + N * 4);
	name_tensor(&s->tensors[2], "sum", NPU_JOB_OUTPUT, NPU_TYPE_F32, N, DATA_VA + 2 * N * 4);
	name_tensor(&s->tensors[3], "big", NPU_JOB_CONST, NPU_TYPE_I8, BIG_SIZE + 5000, BIG_VA);
	s->tensors[2].expected = s->expected;
	strcpy(s->program.name, "add");
	s->program.va = CODE_VA;
	s->program.cores = 1;
	s->program.num_args = 1;
	s->program.arg_names = s->arg_names;
	s->program.args = s->args;
	strcpy(s->arg_names[0], "offset");
	strcpy(s->tags[1], "blk.0.attn_q");
	s->image = (struct npu_job_image){
		.n_segments = 3, .segments = s->segments, .n_tensors = 4, .tensors = s->tensors,
		.n_programs = 1, .programs = &s->program, .n_tags = 2, .tags = s->tags,
	};
	return &s->image;
}

static void sample_free(struct sample *s)
{
	free(s->code);
	free(s->big);
}

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
	EXPECT_EQ(N, tensor->dims[0]);
	EXPECT_EQ(NULL, tensor->expected);
	EXPECT_LT(0, stats.cycles);
	EXPECT_LT(0, stats.wall_ns);
	EXPECT_EQ(1, stats.cores);
	EXPECT_EQ(3 * N * 4, stats.counters[NPU_CNT_MEM_READ]);
	EXPECT_EQ(N * 4, stats.counters[NPU_CNT_MEM_WRITE]);
	EXPECT_EQ((uint64_t)(stats.model_seconds * stats.clock_khz * 1e3 + 0.5), stats.cycles);
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
	EXPECT_EQ(0, memcmp(big, self->s.big, BIG_SIZE));
	for (uint32_t i = BIG_SIZE; i < BIG_SIZE + 5000; i++)
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
	self->s.segments[2].va = CODE_VA;
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
