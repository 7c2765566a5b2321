// SPDX-License-Identifier: GPL-2.0
/* Sequences of a language model through the driver: shared pages, batches, limits. */
#include <errno.h>
#include <string.h>

#include <npu/gguf.h>
#include <npu/llm.h>
#include <npu/npu.h>

#include "kselftest_harness.h"

#define MODEL "models/psalter.gguf"
#define PROMPT 37

FIXTURE(llm)
{
	struct npu_device *device;
	struct npu_gguf *gguf;
	struct npu_llm *llm;
	struct npu_error err;
	uint32_t prompt[PROMPT];
};

FIXTURE_VARIANT(llm)
{
	enum npu_kv_type kv;
};

FIXTURE_VARIANT_ADD(llm, f16)
{
	.kv = NPU_KV_F16,
};

FIXTURE_VARIANT_ADD(llm, i8)
{
	.kv = NPU_KV_I8,
};

FIXTURE_SETUP(llm)
{
	const struct npu_llm_options options = {
		.compile = { .context = 128, .chunk = 16, .sequences = 6, .batch = 4,
			     .kv = variant->kv },
	};

	ASSERT_EQ(0, npu_device_open(NULL, &self->device, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_gguf_open(MODEL, &self->gguf, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_llm_open(self->device, self->gguf, &options, &self->llm, &self->err))
		TH_LOG("%s", self->err.message);
	for (uint32_t i = 0; i < PROMPT; i++)
		self->prompt[i] = (i * 37 + 11) % npu_llm_vocab(self->llm);
}

FIXTURE_TEARDOWN(llm)
{
	npu_llm_close(self->llm);
	npu_gguf_close(self->gguf);
	npu_device_close(self->device);
}

static bool same(const struct npu_sequence *a, const struct npu_sequence *b)
{
	return !memcmp(npu_sequence_logits(a), npu_sequence_logits(b),
		       npu_llm_vocab(npu_sequence_model(a)) * sizeof(float));
}

/* The same text with shared pages, and with pages of its own. */
TEST_F(llm, fork)
{
	const uint32_t left[] = { 5, 6, 7, 8 }, right[] = { 9, 8, 7 };
	struct npu_sequence *parent, *child, *alone;
	struct npu_llm_kv kv;

	ASSERT_EQ(0, npu_sequence_create(self->llm, &parent, &self->err));
	ASSERT_EQ(0, npu_sequence_create(self->llm, &alone, &self->err));
	ASSERT_EQ(0, npu_sequence_append(parent, self->prompt, PROMPT, NULL, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_sequence_fork(parent, &child, &self->err))
		TH_LOG("%s", self->err.message);
	npu_llm_kv(self->llm, &kv);
	EXPECT_EQ(3, kv.used);
	EXPECT_EQ(3, kv.shared);
	ASSERT_EQ(0, npu_sequence_append(parent, left, 4, NULL, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_sequence_append(child, right, 3, NULL, &self->err))
		TH_LOG("%s", self->err.message);
	npu_llm_kv(self->llm, &kv);
	EXPECT_EQ(4, kv.used);
	EXPECT_EQ(2, kv.shared);
	ASSERT_EQ(0, npu_sequence_append(alone, self->prompt, PROMPT, NULL, &self->err));
	ASSERT_EQ(0, npu_sequence_append(alone, left, 4, NULL, &self->err));
	EXPECT_TRUE(same(alone, parent));
	ASSERT_EQ(0, npu_sequence_truncate(alone, PROMPT, &self->err));
	ASSERT_EQ(0, npu_sequence_append(alone, right, 3, NULL, &self->err));
	EXPECT_TRUE(same(alone, child));
	npu_sequence_destroy(parent);
	ASSERT_EQ(0, npu_sequence_decode(child, 1, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_sequence_decode(alone, 1, &self->err));
	EXPECT_TRUE(same(alone, child));
	npu_sequence_destroy(child);
	npu_sequence_destroy(alone);
	npu_llm_kv(self->llm, &kv);
	EXPECT_EQ(0, kv.used);
}

/* Steps of three sequences in one job, and of each by itself. */
TEST_F(llm, batch)
{
	static const uint32_t lengths[] = { 1, 16, PROMPT };
	struct npu_sequence *one[3], *many[3];
	uint32_t next[3];

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, npu_sequence_create(self->llm, &many[i], &self->err));
		ASSERT_EQ(0, npu_sequence_append(many[i], self->prompt, lengths[i], NULL,
						 &self->err))
			TH_LOG("%s", self->err.message);
		ASSERT_EQ(0, npu_sequence_fork(many[i], &one[i], &self->err));
	}
	for (int step = 0; step < 17; step++) {
		for (int i = 0; i < 3; i++)
			next[i] = npu_sequence_next(many[i]);
		ASSERT_EQ(0, npu_llm_decode(self->llm, many, next, 3, &self->err))
			TH_LOG("%s", self->err.message);
		for (int i = 0; i < 3; i++) {
			ASSERT_EQ(0, npu_sequence_decode(one[i], next[i], &self->err));
			ASSERT_TRUE(same(one[i], many[i]));
		}
	}
	for (int i = 0; i < 3; i++) {
		npu_sequence_destroy(one[i]);
		npu_sequence_destroy(many[i]);
	}
}

/* A text has the same logits here and on a device in the process. */
TEST_F(llm, same_as_in_process)
{
	const struct npu_llm_options options = {
		.compile = { .context = 128, .chunk = 16, .sequences = 6, .batch = 4,
			     .kv = variant->kv },
	};
	const struct npu_device_info *info = npu_device_info(self->device);
	struct npu_sequence *here, *there;
	struct npu_device *device;
	struct npu_llm *llm;
	char name[96];

	snprintf(name, sizeof(name), "sim:%s,cores=%u,sram=%u,queues=%u", info->profile,
		 info->cores, info->sram_size, info->queues);
	ASSERT_EQ(0, npu_device_open(name, &device, &self->err))
		TH_LOG("%s", self->err.message);
	ASSERT_EQ(0, npu_llm_open(device, self->gguf, &options, &llm, &self->err));
	ASSERT_EQ(0, npu_sequence_create(llm, &there, &self->err));
	ASSERT_EQ(0, npu_sequence_create(self->llm, &here, &self->err));
	ASSERT_EQ(0, npu_sequence_append(there, self->prompt, PROMPT, NULL, &self->err));
	ASSERT_EQ(0, npu_sequence_append(here, self->prompt, PROMPT, NULL, &self->err));
	EXPECT_TRUE(same(here, there));
	npu_sequence_destroy(here);
	npu_sequence_destroy(there);
	npu_llm_close(llm);
	npu_device_close(device);
}

/* What is too much is refused with both numbers, and changes nothing. */
TEST_F(llm, limits)
{
	struct npu_sequence *seq[7];
	uint32_t tokens[129] = { 0 };

	for (int i = 0; i < 6; i++)
		ASSERT_EQ(0, npu_sequence_create(self->llm, &seq[i], &self->err));
	EXPECT_EQ(-EBUSY, npu_sequence_create(self->llm, &seq[6], &self->err));
	EXPECT_EQ(-ENOSPC, npu_sequence_append(seq[0], tokens, 129, NULL, &self->err));
	EXPECT_NE(NULL, strstr(self->err.message, "129"));
	EXPECT_NE(NULL, strstr(self->err.message, "128"));
	EXPECT_EQ(0, npu_sequence_length(seq[0]));
	EXPECT_EQ(0, npu_sequence_append(seq[0], tokens, 128, NULL, &self->err));
	EXPECT_EQ(-ENOSPC, npu_sequence_decode(seq[0], 0, &self->err));
	for (int i = 0; i < 6; i++)
		npu_sequence_destroy(seq[i]);
}

TEST_HARNESS_MAIN
