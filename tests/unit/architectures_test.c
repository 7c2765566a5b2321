// SPDX-License-Identifier: MIT
/*
 * Models of every architecture and element type, with random weights, on the
 * device core against the float reference.
 *
 * Tolerance, for weights and activations in INT8: over all logits a cosine of
 * at least 0.999, and no logit further off than a quarter of their root mean
 * square.
 */
#include <math.h>

#include "llama_ref.h"
#include "llm_core.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define TOKENS 21
#define HALF 11		/* prefilled; the rest is decoded */

#define SHAPE(kv, dim, turned, is_tied) .vocab = 131, .d_model = 64, .layers = 2, \
	.heads = 4, .kv_heads = kv, .head_dim = dim, .ffn = 96, .context = 40, \
	.rope_dims = turned, .tied = is_tied

/* Rows are whole blocks of 256 elements. */
#define WIDE(kv) .vocab = 67, .d_model = 256, .layers = 1, .heads = 4, .kv_heads = kv, \
	.head_dim = 64, .ffn = 256, .context = 32, .rope_dims = 64

static const struct {
	const char *name;
	struct tiny tiny;
} models[] = {
	{ "llama", { SHAPE(2, 16, 16, true), .seed = 1 } },
	{ "llama 3: grouped heads, divisors, not tied",
	  { SHAPE(2, 16, 16, false), .seed = 2, .freqs = true } },
	{ "llama with biases, and multi-query attention",
	  { SHAPE(1, 16, 16, true), .seed = 3, .bias = true } },
	{ "llama with linear scaling", { SHAPE(2, 16, 16, true), .seed = 4, .factor = 4 } },
	{ "llama with YaRN",
	  { SHAPE(2, 16, 16, true), .seed = 5, .scaling = "yarn", .factor = 4 } },
	{ "mistral: a window of 7", { SHAPE(2, 16, 16, true), .seed = 6, .window = 7 } },
	{ "qwen2", { SHAPE(2, 16, 16, true), .seed = 7, .arch = "qwen2" } },
	{ "qwen2 with heads of 20", { SHAPE(2, 20, 20, false), .seed = 8, .arch = "qwen2" } },
	{ "qwen3", { SHAPE(2, 16, 16, true), .seed = 9, .arch = "qwen3" } },
	{ "qwen3, part of a head rotates",
	  { SHAPE(4, 16, 8, true), .seed = 10, .arch = "qwen3" } },
	{ "gpt2", { SHAPE(4, 16, 16, true), .seed = 11, .arch = "gpt2" } },
	{ "gpt2, odd sizes, not tied",
	  { .vocab = 53, .d_model = 45, .layers = 3, .heads = 5, .kv_heads = 5, .head_dim = 9,
	    .ffn = 77, .context = 24, .seed = 12, .arch = "gpt2" } },
	{ "F16", { WIDE(2), .seed = 21, .type = NPU_GGUF_F16 } },
	{ "BF16", { WIDE(2), .seed = 22, .type = NPU_GGUF_BF16, .arch = "qwen2" } },
	{ "Q8_0", { WIDE(2), .seed = 23, .type = NPU_GGUF_Q8_0, .arch = "qwen3" } },
	{ "Q4_0", { WIDE(2), .seed = 24, .type = NPU_GGUF_Q4_0 } },
	{ "Q4_1", { WIDE(4), .seed = 25, .type = NPU_GGUF_Q4_1, .arch = "gpt2" } },
	{ "Q4_K", { WIDE(2), .seed = 26, .type = NPU_GGUF_Q4_K } },
	{ "Q6_K", { WIDE(4), .seed = 27, .type = NPU_GGUF_Q6_K, .arch = "gpt2" } },
};

static void reference(const struct npu_gguf *gguf, const uint32_t *tokens, float *want)
{
	struct npu_model *model;
	struct llama_ref *ref;
	struct npu_error err;

	if (npu_model_create(gguf, &model, &err) ||
	    llama_ref_create(model, TOKENS, &ref, &err))
		bail_out(err.message);
	for (uint32_t i = 0; i < TOKENS; i++)
		memcpy(want + i * model->config.vocab, llama_ref_forward(ref, tokens[i], i),
		       model->config.vocab * sizeof(float));
	llama_ref_destroy(ref);
	npu_model_destroy(model);
}

/* A prompt, then one token at a time. */
static void device(const struct npu_gguf *gguf, uint32_t cores, uint32_t vocab,
		   const uint32_t *tokens, float *got)
{
	const struct npu_core_config config = { .cores = cores, .sram_size = 1 << 16,
						.threads = 1 };
	struct npu_llm *llm = llm_core_open(gguf, &config, 0, 4);
	struct npu_sequence *sequence = llm_core_sequence(llm);
	struct npu_error err;

	if (npu_sequence_append(sequence, tokens, HALF, got, &err))
		bail_out(err.message);
	for (uint32_t i = HALF; i < TOKENS; i++) {
		if (npu_sequence_decode(sequence, tokens[i], &err))
			bail_out(err.message);
		memcpy(got + i * vocab, npu_sequence_logits(sequence), vocab * sizeof(float));
	}
	npu_sequence_destroy(sequence);
	npu_llm_close(llm);
}

static void compare(const float *got, const float *want, size_t n, const char *what)
{
	double cosine = rig_cosine(got, want, n), squares = 0, worst = 0;

	for (size_t i = 0; i < n; i++) {
		squares += (double)want[i] * want[i] / n;
		worst = fmax(worst, fabs((double)got[i] - want[i]));
	}
	ok(cosine >= 0.999, "%s: cosine %.6f", what, cosine);
	ok(worst <= 0.25 * sqrt(squares), "%s: largest error %.3f of the root mean square",
	   what, worst / sqrt(squares));
}

static void test_model(const char *name, const struct tiny *tiny, uint32_t cores)
{
	float *want = calloc(TOKENS * tiny->vocab, sizeof(float));
	float *got = calloc(TOKENS * tiny->vocab, sizeof(float));
	uint32_t tokens[TOKENS];
	struct builder b;
	struct exact file;

	diag("%s, on %u cores", name, cores);
	for (uint32_t i = 0; i < TOKENS; i++)
		tokens[i] = (i * 37 + 5) % tiny->vocab;
	tiny_build(&b, tiny);
	file = open_exact(b.file.data, b.file.size);
	if (file.ret)
		bail_out(file.err.message);
	reference(file.gguf, tokens, want);
	device(file.gguf, cores, tiny->vocab, tokens, got);
	compare(got, want, HALF * tiny->vocab, "prompt");
	compare(got + HALF * tiny->vocab, want + HALF * tiny->vocab,
		(TOKENS - HALF) * tiny->vocab, "decoding");
	close_exact(&file);
	builder_free(&b);
	free(want);
	free(got);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		test_model(models[i].name, &models[i].tiny, 1 + i % 4);
	return done_testing();
}
