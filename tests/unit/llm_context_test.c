// SPDX-License-Identifier: MIT
/*
 * A context of 8192 tokens on cores of 256 KiB, against the float reference; and
 * what keys and values in INT8 change.
 */
#include <errno.h>
#include <math.h>

#include <npu/device.h>
#include <npu/llm.h>

#include "llama_ref.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define TOKENS 8192u

static const struct tiny model = {
	.vocab = 61, .d_model = 16, .layers = 1, .heads = 2, .kv_heads = 1, .head_dim = 8,
	.ffn = 24, .context = TOKENS, .rope_dims = 8, .tied = true, .seed = 5,
};

/* Logits of the last prompt token and of one more, with keys and values as @kv says. */
static void run(const struct npu_gguf *gguf, enum npu_kv_type kv, const uint32_t *tokens,
		float *logits)
{
	const struct npu_llm_options options = {
		.compile = { .context = TOKENS, .chunk = 64, .kv = kv },
	};
	size_t row = model.vocab * sizeof(*logits);
	struct npu_device *device;
	struct npu_sequence *seq;
	struct npu_llm_kv pages;
	struct npu_llm *llm;
	struct npu_error err;

	if (npu_device_open("sim:edge,cores=2,sram=262144", &device, &err) ||
	    npu_llm_open(device, gguf, &options, &llm, &err) ||
	    npu_sequence_create(llm, &seq, &err) ||
	    npu_sequence_append(seq, tokens, TOKENS - 1, NULL, &err))
		bail_out(err.message);
	memcpy(logits, npu_sequence_logits(seq), row);
	if (npu_sequence_decode(seq, tokens[TOKENS - 1], &err))
		bail_out(err.message);
	memcpy(logits + model.vocab, npu_sequence_logits(seq), row);
	npu_llm_kv(llm, &pages);
	is(pages.used, TOKENS / pages.page_tokens, "all pages of the context are in use");
	ok(npu_sequence_decode(seq, 0, &err) == -ENOSPC && strstr(err.message, "8192"),
	   "token 8193: %s", err.message);
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
	npu_device_close(device);
}

int main(void)
{
	uint32_t *tokens = calloc(TOKENS, sizeof(*tokens));
	float *want = calloc(2 * model.vocab, sizeof(*want));
	float *wide = calloc(2 * model.vocab, sizeof(*wide));
	float *narrow = calloc(2 * model.vocab, sizeof(*narrow));
	struct llama_ref *ref;
	struct npu_model *m;
	struct npu_error err;
	struct builder b;
	struct exact file;

	setenv("NPU_CACHE", "off", 1);
	tiny_build(&b, &model);
	file = open_exact(b.file.data, b.file.size);
	if (file.ret || npu_model_create(file.gguf, &m, &err) ||
	    llama_ref_create(m, TOKENS, &ref, &err))
		bail_out("no model");
	for (uint32_t i = 0; i < TOKENS; i++) {
		const float *logits;

		tokens[i] = (i * 7 + i / 61) % model.vocab;
		logits = llama_ref_forward(ref, tokens[i], i);
		if (i + 2 >= TOKENS)
			memcpy(want + (i + 2 - TOKENS) * model.vocab, logits,
			       model.vocab * sizeof(*want));
	}
	run(file.gguf, NPU_KV_F16, tokens, wide);
	run(file.gguf, NPU_KV_I8, tokens, narrow);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = i * model.vocab;

		ok(rig_cosine(wide + at, want + at, model.vocab) > 0.998,
		   "position %u: cosine to the float reference %.6f", TOKENS - 2 + i,
		   rig_cosine(wide + at, want + at, model.vocab));
		ok(rig_cosine(narrow + at, wide + at, model.vocab) > 0.999,
		   "  of INT8 keys and values to F16 %.6f",
		   rig_cosine(narrow + at, wide + at, model.vocab));
		ok(memcmp(narrow + at, wide + at, model.vocab * sizeof(*wide)),
		   "  they are not the same bits");
	}
	llama_ref_destroy(ref);
	npu_model_destroy(m);
	close_exact(&file);
	builder_free(&b);
	free(tokens);
	free(want);
	free(wide);
	free(narrow);
	return done_testing();
}
