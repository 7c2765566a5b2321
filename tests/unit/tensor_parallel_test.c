// SPDX-License-Identifier: MIT
/*
 * Models that are split over several devices, against the float reference, with
 * the tolerance of architectures_test: over all logits a cosine of at least
 * 0.999, and no logit further off than a quarter of their root mean square. The
 * same devices give the same bits, alone or in a batch, in a fork or not.
 *
 * NPU_TEST_DRIVER=yes: on the driver's devices, as many as there are.
 */
#include <errno.h>
#include <math.h>

#include <npu/device.h>
#include <npu/llm.h>

#include "llama_ref.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define TOKENS 21
#define HALF 11		/* prefilled; the rest is decoded */
#define MOST 4

#define SHAPE(kv, dim, turned, is_tied) .vocab = 131, .d_model = 64, .layers = 2, \
	.heads = 4, .kv_heads = kv, .head_dim = dim, .ffn = 96, .context = 40, \
	.rope_dims = turned, .tied = is_tied

/* Rows are whole blocks of 256 elements, two in what is cut. */
#define WIDE .vocab = 67, .d_model = 256, .layers = 1, .heads = 8, .kv_heads = 2, \
	.head_dim = 64, .ffn = 512, .context = 32, .rope_dims = 64

static const struct {
	const char *name;
	uint32_t devices;
	const float *split;
	struct tiny tiny;
} models[] = {
	{ "llama", 2, NULL, { SHAPE(2, 16, 16, true), .seed = 1 } },
	{ "llama with biases, not tied", 4, NULL,
	  { SHAPE(4, 16, 16, false), .seed = 3, .bias = true } },
	{ "three heads for one, one for the other", 2, (const float[]){ 3, 1 },
	  { SHAPE(4, 16, 16, true), .seed = 4 } },
	{ "qwen2", 2, NULL, { SHAPE(2, 16, 16, true), .seed = 7, .arch = "qwen2" } },
	{ "qwen3, part of a head rotates", 3, NULL,
	  { SHAPE(4, 16, 8, true), .seed = 10, .arch = "qwen3" } },
	{ "gpt2, odd sizes, not tied", 3, NULL,
	  { .vocab = 53, .d_model = 45, .layers = 3, .heads = 5, .kv_heads = 5, .head_dim = 9,
	    .ffn = 77, .context = 24, .seed = 12, .arch = "gpt2" } },
	{ "mistral: a window of 7", 2, NULL, { SHAPE(2, 16, 16, true), .seed = 6, .window = 7 } },
	{ "F16", 2, NULL, { WIDE, .seed = 21, .type = NPU_GGUF_F16 } },
	{ "Q8_0", 2, NULL, { WIDE, .seed = 23, .type = NPU_GGUF_Q8_0, .arch = "qwen3" } },
	{ "Q4_0", 2, NULL, { WIDE, .seed = 24, .type = NPU_GGUF_Q4_0 } },
	{ "Q4_K", 2, NULL, { WIDE, .seed = 26, .type = NPU_GGUF_Q4_K } },
};

/**
 * struct devices - devices and a model of theirs
 * @device: @n of them
 * @llm: model
 */
struct devices {
	struct npu_device *device[MOST];
	uint32_t n;
	struct npu_llm *llm;
};

static const char *path(void)
{
	return getenv("NPU_TEST_DRIVER") ? NULL : "sim:edge,cores=2,sram=131072";
}

static bool open_devices(struct devices *d, uint32_t n)
{
	struct npu_error err;

	d->n = n;
	if (!npu_device_open_several(path(), n, d->device, &err))
		return true;
	if (path())
		bail_out(err.message);
	return false;
}

static void close_devices(struct devices *d)
{
	while (d->n)
		npu_device_close(d->device[--d->n]);
}

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
static void run(struct npu_llm *llm, const uint32_t *tokens, float *got)
{
	uint32_t vocab = npu_llm_vocab(llm);
	struct npu_sequence *sequence;
	struct npu_error err;

	if (npu_sequence_create(llm, &sequence, &err) ||
	    npu_sequence_append(sequence, tokens, HALF, got, &err))
		bail_out(err.message);
	for (uint32_t i = HALF; i < TOKENS; i++) {
		if (npu_sequence_decode(sequence, tokens[i], &err))
			bail_out(err.message);
		memcpy(got + i * vocab, npu_sequence_logits(sequence), vocab * sizeof(float));
	}
	npu_sequence_destroy(sequence);
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

/* A fork goes on beside its parent: both in one batch, with pages that were shared. */
static void test_fork(struct npu_llm *llm, const uint32_t *tokens, const float *got)
{
	uint32_t vocab = npu_llm_vocab(llm);
	struct npu_sequence *both[2];
	uint32_t next[2];
	struct npu_error err;
	bool same = true;

	if (npu_sequence_create(llm, &both[0], &err) ||
	    npu_sequence_append(both[0], tokens, HALF, NULL, &err) ||
	    npu_sequence_fork(both[0], &both[1], &err))
		bail_out(err.message);
	for (uint32_t i = HALF; i < TOKENS; i++) {
		next[0] = tokens[i];
		next[1] = tokens[i] + 1 < vocab ? tokens[i] + 1 : 0;
		if (npu_llm_decode(llm, both, next, 2, &err))
			bail_out(err.message);
		same &= !memcmp(npu_sequence_logits(both[0]), got + i * vocab,
				vocab * sizeof(float));
	}
	ok(same, "in a batch with a fork each logit is the same");
	ok(memcmp(npu_sequence_logits(both[0]), npu_sequence_logits(both[1]),
		  vocab * sizeof(float)), "and the fork has others");
	npu_sequence_destroy(both[0]);
	npu_sequence_destroy(both[1]);
}

static void test_costs(struct npu_llm *llm, uint32_t n)
{
	struct npu_llm_stats all, one, sum = { 0 };
	bool longer = true;

	npu_llm_stats(llm, NPU_LLM_DECODE, &all);
	for (uint32_t i = 0; i < n; i++) {
		if (npu_llm_device_stats(llm, i, NPU_LLM_DECODE, &one))
			bail_out("no figures of a device");
		sum.bytes += one.bytes;
		sum.macs += one.macs;
		sum.joules += one.joules;
		longer &= one.macs && all.model_seconds >= one.model_seconds * (1 - 1e-9);
	}
	is(npu_llm_devices(llm), n, "%u devices", n);
	ok(sum.bytes == all.bytes && sum.macs == all.macs &&
	   fabs(sum.joules - all.joules) <= 1e-6 * all.joules,
	   "bytes, MACs and energy of all are the sum");
	ok(longer, "and no device needs longer than all together");
	is(npu_llm_device_stats(llm, n, NPU_LLM_DECODE, &one), -EINVAL, "there is no other");
}

static void test_model(size_t which)
{
	const struct npu_llm_options options = {
		.compile = { .chunk = 4, .split = models[which].split },
	};
	const struct tiny *tiny = &models[which].tiny;
	float *want = calloc(TOKENS * tiny->vocab, sizeof(float));
	float *got = calloc(TOKENS * tiny->vocab, sizeof(float));
	float *again = calloc(TOKENS * tiny->vocab, sizeof(float));
	struct devices d = { 0 };
	uint32_t tokens[TOKENS];
	struct npu_error err;
	struct builder b;
	struct exact file;

	diag("%s, on %u devices", models[which].name, models[which].devices);
	for (uint32_t i = 0; i < TOKENS; i++)
		tokens[i] = (i * 37 + 5) % tiny->vocab;
	tiny_build(&b, tiny);
	file = open_exact(b.file.data, b.file.size);
	if (file.ret)
		bail_out(file.err.message);
	if (open_devices(&d, models[which].devices)) {
		if (npu_llm_open_devices(d.device, d.n, file.gguf, &options, &d.llm, &err))
			bail_out(err.message);
		reference(file.gguf, tokens, want);
		run(d.llm, tokens, got);
		compare(got, want, HALF * tiny->vocab, "prompt");
		compare(got + HALF * tiny->vocab, want + HALF * tiny->vocab,
			(TOKENS - HALF) * tiny->vocab, "decoding");
		run(d.llm, tokens, again);
		ok(!memcmp(got, again, TOKENS * tiny->vocab * sizeof(float)),
		   "a second time each logit is the same");
		test_fork(d.llm, tokens, got);
		test_costs(d.llm, d.n);
		npu_llm_close(d.llm);
		close_devices(&d);
	} else {
		skip("there are fewer devices");
	}
	close_exact(&file);
	builder_free(&b);
	free(want);
	free(got);
	free(again);
}

static void refused(const struct tiny *tiny, uint32_t n, const float *split, int code,
		    const char *what)
{
	const struct npu_llm_options options = { .compile = { .split = split } };
	struct npu_llm *llm = NULL;
	struct devices d = { 0 };
	struct npu_error err = { 0 };
	struct builder b;
	struct exact file;

	tiny_build(&b, tiny);
	file = open_exact(b.file.data, b.file.size);
	if (!open_devices(&d, n))
		bail_out("no devices");
	is(npu_llm_open_devices(d.device, d.n, file.gguf, &options, &llm, &err), code,
	   "%s: %s", what, err.message);
	npu_llm_close(llm);
	close_devices(&d);
	close_exact(&file);
	builder_free(&b);
}

static void test_refusals(void)
{
	static const struct tiny narrow = { SHAPE(1, 16, 16, true), .seed = 31 };
	static const struct tiny plain = { SHAPE(2, 16, 16, true), .seed = 32 };
	/* blocks of 256 in a matrix that would be cut at 128 */
	static const struct tiny blocks = {
		.vocab = 67, .d_model = 256, .layers = 1, .heads = 4, .kv_heads = 2,
		.head_dim = 64, .ffn = 512, .context = 32, .rope_dims = 64, .seed = 33,
		.type = NPU_GGUF_Q4_K,
	};
	struct npu_llm *llm;
	struct npu_error err;

	refused(&narrow, 2, NULL, -ENOTSUP, "one head of keys");
	refused(&plain, 2, (const float[]){ 1, 0 }, -EINVAL, "a share of nothing");
	refused(&plain, 2, (const float[]){ 1, -1 }, -EINVAL, "less than nothing");
	refused(&plain, 2, (const float[]){ 1, NAN }, -EINVAL, "no number");
	refused(&plain, 2, (const float[]){ 1, 100 }, -ENOTSUP, "a share too small for a head");
	refused(&blocks, 2, NULL, -ENOTSUP, "heads end within a block");
	is(npu_llm_open_devices(NULL, 0, NULL, NULL, &llm, &err), -EINVAL, "no device: %s",
	   err.message);
	is(npu_llm_open_devices(NULL, NPU_MAX_DEVICES + 1, NULL, NULL, &llm, &err), -EINVAL,
	   "too many: %s", err.message);
}

/* What one device has is of no use alone. */
static void test_part_alone(void)
{
	const struct tiny tiny = { SHAPE(2, 16, 16, true), .seed = 41 };
	const struct npu_compile_options options = { .devices = 2, .rank = 1 };
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_llm *llm;
	struct devices d = { 0 };
	struct npu_error err;
	struct builder b;
	struct exact file;

	tiny_build(&b, &tiny);
	file = open_exact(b.file.data, b.file.size);
	open_devices(&d, 1);
	npu_target_of(npu_device_info(d.device[0]), &target);
	if (npu_compile_llama(file.gguf, &target, &options, &image, &err))
		bail_out(err.message);
	is(npu_llm_open_image(d.device[0], image, NULL, &llm, &err), -EINVAL, "a part alone: %s",
	   err.message);
	npu_job_image_free(image);
	close_devices(&d);
	close_exact(&file);
	builder_free(&b);
}

int main(void)
{
	setenv("NPU_CACHE", "off", 1);
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		test_model(i);
	if (path())
		test_refusals();
	test_part_alone();
	return done_testing();
}
