// SPDX-License-Identifier: MIT
/*
 * Whole models of random weights (INT8 suits trained ones better), compiled
 * and run on the device core: against the float reference, prefill against
 * decoding, and the same bytes from any number of cores and threads and any
 * kernels.
 */
#include <errno.h>
#include <math.h>

#include "kernels.h"
#include "llama_ref.h"
#include "llm_core.h"
#include "replay.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define TOKENS 13

static const struct tiny models[] = {
	{ .vocab = 23, .d_model = 20, .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 6,
	  .ffn = 37, .context = 16, .rope_dims = 6, .tied = true, .seed = 1 },
	{ .vocab = 101, .d_model = 33, .layers = 2, .heads = 3, .kv_heads = 3, .head_dim = 20,
	  .ffn = 65, .context = 70, .rope_dims = 20, .tied = false, .seed = 2 },
	{ .vocab = 300, .d_model = 100, .layers = 3, .heads = 6, .kv_heads = 2, .head_dim = 16,
	  .ffn = 130, .context = 64, .rope_dims = 8, .tied = true, .seed = 3 },
	{ .vocab = 17, .d_model = 65, .layers = 1, .heads = 5, .kv_heads = 1, .head_dim = 34,
	  .ffn = 16, .context = 40, .rope_dims = 34, .tied = false, .seed = 4 },
	{ .arch = "gpt2", .vocab = 60, .d_model = 40, .layers = 2, .heads = 4, .kv_heads = 4,
	  .head_dim = 10, .ffn = 75, .context = 32, .tied = true, .seed = 5 },
	{ .arch = "qwen2", .vocab = 50, .d_model = 36, .layers = 2, .heads = 4, .kv_heads = 2,
	  .head_dim = 9 * 2, .ffn = 60, .context = 32, .rope_dims = 18, .seed = 6 },
	{ .arch = "qwen3", .vocab = 50, .d_model = 36, .layers = 2, .heads = 4, .kv_heads = 1,
	  .head_dim = 16, .ffn = 60, .context = 32, .rope_dims = 16, .tied = true, .seed = 7 },
	{ .vocab = 45, .d_model = 34, .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 12,
	  .ffn = 50, .context = 32, .rope_dims = 12, .seed = 8, .window = 5, .freqs = true,
	  .bias = true },
	{ .vocab = 45, .d_model = 34, .layers = 2, .heads = 2, .kv_heads = 2, .head_dim = 12,
	  .ffn = 50, .context = 32, .rope_dims = 12, .seed = 9, .scaling = "yarn",
	  .factor = 4 },
};

struct subject {
	struct builder b;
	struct exact file;
	struct npu_model *model;
	uint32_t tokens[TOKENS];
	float *want;
};

static void subject_open(struct subject *s, const struct tiny *t)
{
	struct llama_ref *ref;
	struct npu_error err;

	tiny_build(&s->b, t);
	s->file = open_exact(s->b.file.data, s->b.file.size);
	if (s->file.ret || npu_model_create(s->file.gguf, &s->model, &err) ||
	    llama_ref_create(s->model, t->context, &ref, &err))
		bail_out("no model");
	s->want = calloc(TOKENS * t->vocab, sizeof(float));
	for (uint32_t i = 0; i < TOKENS; i++) {
		s->tokens[i] = (i * 7 + 3) % t->vocab;
		memcpy(s->want + i * t->vocab, llama_ref_forward(ref, s->tokens[i], i),
		       t->vocab * sizeof(float));
	}
	llama_ref_destroy(ref);
}

static void subject_close(struct subject *s)
{
	free(s->want);
	npu_model_destroy(s->model);
	close_exact(&s->file);
	builder_free(&s->b);
}

static uint32_t argmax(const float *x, uint32_t n)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < n; i++)
		if (x[i] > x[best])
			best = i;
	return best;
}

static void test_against_reference(const struct subject *s, const struct tiny *t,
				   uint32_t cores, uint32_t sram)
{
	const struct npu_core_config config = { .cores = cores, .sram_size = sram,
						.threads = 1 };
	struct npu_llm *llm = llm_core_open(s->file.gguf, &config, 0, 5);
	struct npu_sequence *seq = llm_core_sequence(llm);
	float *got = calloc(TOKENS * t->vocab, sizeof(float));
	double worst = 1, apart = 1, c;
	struct npu_llm_stats stats;
	bool greedy = true;
	struct npu_error err;

	ok(!npu_sequence_append(seq, s->tokens, TOKENS, got, &err), "prefill runs");
	c = rig_cosine(got, s->want, TOKENS * t->vocab);
	ok(c > 0.999, "prefill agrees with the reference: cosine %.6f", c);
	npu_sequence_truncate(seq, 0, &err);
	for (uint32_t i = 0; i < TOKENS; i++) {
		if (npu_sequence_decode(seq, s->tokens[i], &err))
			bail_out(err.message);
		worst = fmin(worst, rig_cosine(npu_sequence_logits(seq), s->want + i * t->vocab,
					       t->vocab));
		apart = fmin(apart, rig_cosine(npu_sequence_logits(seq), got + i * t->vocab,
					       t->vocab));
		greedy &= npu_sequence_next(seq) == argmax(npu_sequence_logits(seq), t->vocab);
	}
	ok(worst > 0.995, "decoding agrees with the reference: worst cosine %.6f", worst);
	ok(apart > 0.99999, "decoding agrees with prefill: worst cosine %.8f", apart);
	ok(greedy, "the device's choice is the largest logit");
	is(npu_sequence_length(seq), TOKENS, "position");
	npu_llm_stats(llm, NPU_LLM_DECODE, &stats);
	is(stats.tokens, TOKENS, "tokens are counted");
	ok(stats.joules > 0 && stats.bytes > 0,
	   "so are energy and bytes");
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
	free(got);
}

/* Logits of all tokens, half of them prefilled and half decoded. */
static void collect(const struct subject *s, const struct tiny *t,
		    const struct npu_core_config *config, uint32_t job_cores, float *logits)
{
	struct npu_llm *llm = llm_core_open(s->file.gguf, config, job_cores, 4);
	struct npu_sequence *seq = llm_core_sequence(llm);
	uint32_t half = TOKENS / 2;
	struct npu_error err;

	if (npu_sequence_append(seq, s->tokens, half, logits, &err))
		bail_out(err.message);
	for (uint32_t i = half; i < TOKENS; i++) {
		if (npu_sequence_decode(seq, s->tokens[i], &err))
			bail_out(err.message);
		memcpy(logits + i * t->vocab, npu_sequence_logits(seq), t->vocab * sizeof(float));
	}
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
}

static void test_same_bytes(const struct subject *s, const struct tiny *t)
{
	static const struct {
		struct npu_core_config config;
		uint32_t job_cores;
	} all[] = {
		{ { .kernels = "scalar", .cores = 4, .sram_size = 1 << 16, .threads = 1 }, 1 },
		{ { .kernels = "scalar", .cores = 4, .sram_size = 1 << 16, .threads = 2 }, 0 },
		{ { .kernels = "avx2", .cores = 4, .sram_size = 1 << 16, .threads = 1 }, 0 },
		{ { .kernels = "avx2", .cores = 4, .sram_size = 1 << 16, .threads = 2 }, 3 },
		{ { .kernels = "avx512", .cores = 4, .sram_size = 1 << 16, .threads = 2 }, 2 },
	};
	size_t n = TOKENS * t->vocab;
	float *first = calloc(n, sizeof(float)), *other = calloc(n, sizeof(float));

	collect(s, t, &all[0].config, all[0].job_cores, first);
	for (size_t i = 1; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!npu_kernels_pick(all[i].config.kernels)) {
			skip("this host cannot run these kernels");
			continue;
		}
		collect(s, t, &all[i].config, all[i].job_cores, other);
		ok(!memcmp(first, other, n * sizeof(float)),
		   "%s, %u threads, %u of 4 cores: the same logits to the bit",
		   all[i].config.kernels, all[i].config.threads,
		   all[i].job_cores ? all[i].job_cores : 4);
	}
	free(first);
	free(other);
}

static bool images_equal(const struct npu_job_image *a, const struct npu_job_image *b)
{
	for (uint32_t i = 0; i < a->n_segments; i++)
		if (a->segments[i].data_size != b->segments[i].data_size ||
		    memcmp(a->segments[i].data ? a->segments[i].data : "",
			   b->segments[i].data ? b->segments[i].data : "",
			   a->segments[i].data_size))
			return false;
	return a->n_segments == b->n_segments;
}

/* Both programs, instruction by instruction, in the order that tokens give. */
static void test_order(const struct subject *s, const struct tiny *t, uint32_t cores)
{
	struct npu_job_image *image, *again;
	const struct npu_compile_options options = { .chunk = 5 };
	struct npu_target target;
	struct npu_error err;
	struct replay r;
	double c;

	npu_target_default(&target);
	target.sram_size = 1 << 16;
	target.cores = cores;
	if (npu_compile_llama(s->file.gguf, &target, &options, &image, &err) ||
	    npu_compile_llama(s->file.gguf, &target, &options, &again, &err))
		bail_out(err.message);
	ok(images_equal(image, again), "the same model compiles to the same bytes");
	replay_new(&r, image, cores);
	memcpy(replay_tensor(&r, "tokens"), s->tokens, 5 * sizeof(uint32_t));
	ok(replay_run(&r, 1, (uint64_t[]){ 0, 5, 5, 0 }), "prefill has no race on %u cores", cores);
	if (r.problem[0])
		diag("%s", r.problem);
	c = rig_cosine(replay_tensor(&r, "logits"), s->want, 5 * t->vocab);
	ok(c > 0.998, "and the replay agrees with the reference: cosine %.6f", c);
	memcpy(replay_tensor(&r, "tokens"), s->tokens + 5, sizeof(uint32_t));
	ok(replay_run(&r, 0, (uint64_t[]){ 5, 0 }), "decoding has no race on %u cores", cores);
	if (r.problem[0])
		diag("%s", r.problem);
	c = rig_cosine(replay_tensor(&r, "logits"), s->want + 5 * t->vocab, t->vocab);
	ok(c > 0.995, "and the replay agrees with the reference: cosine %.6f", c);
	replay_free(&r);
	npu_job_image_free(image);
	npu_job_image_free(again);
}

static void test_limits(const struct subject *s, const struct tiny *t)
{
	const struct npu_core_config config = { .cores = 1, .sram_size = 1 << 16,
						.threads = 1 };
	struct npu_llm *llm = llm_core_open(s->file.gguf, &config, 0, 4);
	struct npu_sequence *seq = llm_core_sequence(llm);
	uint32_t bad = t->vocab, rest[70] = { 0 };
	struct npu_error err;

	is(npu_llm_context(llm), t->context, "context");
	is(npu_llm_vocab(llm), t->vocab, "vocabulary");
	is(npu_sequence_append(seq, &bad, 1, NULL, &err), -EINVAL, "a token beyond the vocabulary");
	is(npu_sequence_append(seq, s->tokens, 0, NULL, &err), -EINVAL, "no token");
	ok(!npu_sequence_append(seq, s->tokens, TOKENS, NULL, &err), "a prompt");
	ok(!npu_sequence_append(seq, rest, t->context - TOKENS, NULL, &err), "up to the context");
	is(npu_sequence_decode(seq, 0, &err), -ENOSPC, "not beyond it: %s", err.message);
	is(npu_sequence_length(seq), t->context, "which changes nothing");
	npu_sequence_truncate(seq, 0, &err);
	ok(!npu_sequence_decode(seq, 0, &err), "after a reset there is room");
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
}

static void test_options(const struct subject *s, const struct tiny *t)
{
	struct npu_compile_options options = { .context = t->context + 1 };
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	npu_target_default(&target);
	is(npu_compile_llama(s->file.gguf, &target, &options, &image, &err), -EINVAL,
	   "a context beyond the model's: %s", err.message);
	options.context = 0;
	options.chunk = t->context + 1;
	is(npu_compile_llama(s->file.gguf, &target, &options, &image, &err), -EINVAL,
	   "a chunk beyond the context: %s", err.message);
	is(npu_compile_llama_block(s->file.gguf, t->layers, &target, NULL, &image, &err),
	   -EINVAL, "a block beyond the last: %s", err.message);
	options = (struct npu_compile_options){ .no_fallback = true };
	target.features &= ~NPU_FEAT_MAT_I8;
	is(npu_compile_llama(s->file.gguf, &target, &options, &image, &err), -ENOTSUP,
	   "a device without INT8, and no fallback: %s", err.message);
	ok(strstr(err.message, "blk.0.qkv"), "the operator is named");
	npu_target_default(&target);
	target.sram_size = 256;
	is(npu_compile_llama(s->file.gguf, &target, &options, &image, &err), -ENOSPC,
	   "too little SRAM, and no fallback: %s", err.message);
	npu_target_default(&target);
	target.program_max = 4096;
	is(npu_compile_llama(s->file.gguf, &target, NULL, &image, &err), -E2BIG,
	   "too small a program: %s", err.message);
}

int main(void)
{
	for (uint32_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		const struct tiny *t = &models[i];
		struct subject s;

		diag("%s: d_model %u, %u/%u heads of %u, ffn %u, vocabulary %u",
		     tiny_arch(t), t->d_model, t->heads, t->kv_heads, t->head_dim, t->ffn,
		     t->vocab);
		subject_open(&s, t);
		test_against_reference(&s, t, i % 4 + 1, 1 << 16);
		test_against_reference(&s, t, 4 - i % 4, 1 << 14);
		test_same_bytes(&s, t);
		test_order(&s, t, i % 4 + 1);
		test_limits(&s, t);
		test_options(&s, t);
		subject_close(&s);
	}
	return done_testing();
}
