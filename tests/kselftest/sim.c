// SPDX-License-Identifier: GPL-2.0
/* The device of the virtual machine and one in the process: the same bytes and counters. */
#include <npu/compile.h>
#include <npu/gguf.h>
#include <npu/npu.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "kselftest_harness.h"

#include "random_job.h"

#define MODEL "models/psalter.gguf"

FIXTURE(sim)
{
	struct npu_device *device[2];
	struct npu_error err;
};

/* The same machine twice: here and in the virtual machine's hardware. */
FIXTURE_SETUP(sim)
{
	const struct npu_device_info *info;
	char name[96];

	ASSERT_EQ(0, npu_device_open(NULL, &self->device[0], &self->err))
		TH_LOG("%s", self->err.message);
	info = npu_device_info(self->device[0]);
	snprintf(name, sizeof(name), "sim:%s,cores=%u,sram=%u,queues=%u", info->profile,
		 info->cores, info->sram_size, info->queues);
	ASSERT_EQ(0, npu_device_open(name, &self->device[1], &self->err))
		TH_LOG("%s", self->err.message);
}

FIXTURE_TEARDOWN(sim)
{
	npu_device_close(self->device[0]);
	npu_device_close(self->device[1]);
}

TEST_F(sim, says_it_is_the_same)
{
	const struct npu_device_info *a = npu_device_info(self->device[0]);
	struct npu_device_info b = *npu_device_info(self->device[1]);

	memcpy(b.driver_version, a->driver_version, sizeof(b.driver_version));
	EXPECT_EQ(0, memcmp(a, &b, sizeof(b)));
}

/* Numbers for the inputs that come without. */
static void fill_inputs(const struct npu_instance *instance, const struct npu_job_image *image)
{
	for (uint32_t t = 0; t < image->n_tensors; t++) {
		const struct npu_job_tensor *tensor = &image->tensors[t];
		float *x = npu_job_tensor(instance, tensor->name, NULL);

		if (tensor->role != NPU_JOB_INPUT || tensor->type != NPU_TYPE_F32)
			continue;
		for (uint64_t i = 0; i < npu_job_tensor_size(tensor) / 4; i++)
			x[i] = (int)(i * 2654435761u % 2001) / 1000.0f - 1;
	}
}

/* What both devices make of an image: all memory and all counters. */
static void compare(struct __test_metadata *_metadata, struct npu_device *const *device,
		    const struct npu_job_image *image, const char *what)
{
	struct npu_instance *instance[2];
	struct npu_job_stats stats[2];
	struct npu_error err;

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, npu_job_load(device[i], image, NULL, &instance[i], &err))
			TH_LOG("%s: %s", what, err.message);
		fill_inputs(instance[i], image);
		ASSERT_EQ(0, npu_job_run(instance[i], 0, NULL, &stats[i], &err))
			TH_LOG("%s: %s", what, err.message);
	}
	EXPECT_EQ(0, memcmp(stats[0].counters, stats[1].counters, sizeof(stats[0].counters)))
		TH_LOG("%s: %llu cycles and %llu", what, (unsigned long long)stats[0].cycles,
		       (unsigned long long)stats[1].cycles);
	for (uint32_t t = 0; t < image->n_tensors; t++) {
		const char *name = image->tensors[t].name;
		uint64_t size = npu_job_tensor_size(&image->tensors[t]);

		EXPECT_EQ(0, memcmp(npu_job_tensor(instance[0], name, NULL),
				    npu_job_tensor(instance[1], name, NULL), size))
			TH_LOG("%s: tensor %s differs", what, name);
	}
	npu_job_unload(instance[0]);
	npu_job_unload(instance[1]);
}

TEST_F(sim, random_programs)
{
	for (uint32_t seed = 1; seed <= 40; seed++) {
		struct npu_job_image *image = random_job(seed);
		char what[32];

		snprintf(what, sizeof(what), "random program %u", seed);
		compare(_metadata, self->device, image, what);
		npu_job_image_free(image);
	}
}

TEST_F(sim, block_of_the_model)
{
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_gguf *gguf;

	if (npu_gguf_open(MODEL, &gguf, &self->err))
		SKIP(return, "no " MODEL " here");
	npu_target_of(npu_device_info(self->device[0]), &target);
	ASSERT_EQ(0, npu_compile_llama_block(gguf, 1, &target, NULL, &image, &self->err))
		TH_LOG("%s", self->err.message);
	compare(_metadata, self->device, image, "block 1");
	npu_job_image_free(image);
	npu_gguf_close(gguf);
}

/* A fault is told in the same words. */
TEST_F(sim, faults)
{
	char message[2][NPU_ERROR_LEN];

	for (int i = 0; i < 2; i++) {
		struct npu_job_image *image = random_job(3);
		struct npu_instance *instance;
		int ret;

		image->segments[2].va += 1 << 28;	/* not where it stores */
		image->tensors[1].va += 1 << 28;
		ASSERT_EQ(0, npu_job_load(self->device[i], image, NULL, &instance, &self->err));
		ret = npu_job_run(instance, 0, NULL, NULL, &self->err);
		EXPECT_EQ(-EFAULT, ret);
		memcpy(message[i], self->err.message, NPU_ERROR_LEN);
		npu_job_unload(instance);
		npu_job_image_free(image);
	}
	EXPECT_STREQ(message[0], message[1]);
}

TEST_HARNESS_MAIN
