// SPDX-License-Identifier: MIT
/*
 * Operators that a device lacks: run on the CPU with the same results to the
 * bit, told of with the reason, refused when that is asked for.
 */
#include <errno.h>

#include <hw/npu_isa.h>

#include <npu/disasm.h>
#include <npu/llm.h>
#include <npu/npu.h>

#include "tap.h"
#include "tiny_model.h"

#define TOKENS 9

static struct npu_device *device;

static struct npu_job_image *compile(const struct npu_gguf *gguf, uint64_t without,
				     uint32_t sram, uint32_t chunk)
{
	struct npu_compile_options options = { .chunk = chunk };
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	npu_target_default(&target);
	target.features &= ~without;
	target.sram_size = sram ? sram : target.sram_size;
	if (!npu_compile_llama(gguf, &target, &options, &image, &err))
		return image;
	diag("%s", err.message);
	return NULL;
}

/* Logits of a prompt in chunks, then of a token by itself. */
static bool run(const struct npu_job_image *image, float *logits, uint32_t vocab)
{
	const uint32_t tokens[TOKENS] = { 3, 1, 4, 1, 5, 9, 2, 6, 5 };
	struct npu_sequence *seq = NULL;
	struct npu_llm *llm = NULL;
	struct npu_error err = { 0 };
	bool good = image && !npu_llm_open_image(device, image, NULL, &llm, &err) &&
		    !npu_sequence_create(llm, &seq, &err) &&
		    !npu_sequence_append(seq, tokens, TOKENS - 1, NULL, &err);

	if (good)
		memcpy(logits, npu_sequence_logits(seq), vocab * sizeof(*logits));
	good = good && !npu_sequence_decode(seq, tokens[TOKENS - 1], &err);
	if (good)
		memcpy(logits + vocab, npu_sequence_logits(seq), vocab * sizeof(*logits));
	else
		diag("%s", err.message);
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
	return good;
}

static unsigned int count_on_cpu(const struct npu_job_image *image)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < image->n_programs; i++)
		n += image->programs[i].place == NPU_JOB_ON_CPU &&
		     image->programs[i].reason[0];
	return n;
}

static void test_features(const struct npu_gguf *gguf, const float *want, uint32_t vocab)
{
	static const struct {
		uint64_t without;
		const char *name;
		unsigned int parts;	/* on the CPU, of all programs */
	} lacks[] = {
		{ NPU_FEAT_GATHER, "GATHER", 4 },
		{ NPU_FEAT_MAT_F16, "MAT_F16", 6 },
		{ NPU_FEAT_STREAM, "STREAM", 0 },
		{ NPU_FEAT_GATHER | NPU_FEAT_MAT_F16, "GATHER and MAT_F16", 10 },
	};
	float *got = calloc(2 * vocab, sizeof(*got));

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		struct npu_job_image *image = compile(gguf, lacks[i].without, 0, 4);

		if (!ok(image, "a device without %s", lacks[i].name))
			continue;
		is(count_on_cpu(image), lacks[i].parts, "  parts on the CPU, with a reason");
		ok(run(image, got, vocab) && !memcmp(got, want, 2 * vocab * sizeof(*got)),
		   "  gives the same logits to the bit");
		npu_job_image_free(image);
	}
	free(got);
}

/* What does not fit even with one token goes to the CPU; with more the chunk shrinks. */
static void test_sram(const struct npu_gguf *gguf, const float *want, uint32_t vocab)
{
	struct npu_job_image *image = compile(gguf, 0, 768, 0);
	float *got = calloc(2 * vocab, sizeof(*got));

	ok(image && count_on_cpu(image), "768 bytes of SRAM are not enough for all");
	ok(run(image, got, vocab) && !memcmp(got, want, 2 * vocab * sizeof(*got)),
	   "  the results are the same all the same");
	for (uint32_t i = 0; image && i < image->n_programs; i++)
		if (image->programs[i].place == NPU_JOB_ON_CPU &&
		    !strstr(image->programs[i].reason, "SRAM"))
			diag("reason: %s", image->programs[i].reason);
	npu_job_image_free(image);
	free(got);
}

static void test_runs(const struct npu_gguf *gguf)
{
	struct npu_job_image *image = compile(gguf, NPU_FEAT_GATHER, 0, 4);
	struct npu_instance *instance;
	struct npu_job_stats stats;
	struct npu_fence *fence;
	struct npu_error err = { 0 };
	int32_t *tokens;

	if (!image || npu_job_load(device, image, NULL, &instance, &err))
		bail_out("cannot load an image");
	is(image->programs[0].place, NPU_JOB_ON_CPU, "a run may begin on the CPU");
	is(npu_job_submit(instance, 0, NULL, &fence, &err), -ENOTSUP,
	   "it cannot be left to the device: %s", err.message);
	is(npu_job_run(instance, 0, NULL, &stats, &err), 0, "but runs");
	ok(stats.cpu_parts == 1 && stats.cpu_ns && stats.cycles && stats.wall_ns >= stats.cpu_ns,
	   "and what ran where is counted");
	tokens = npu_job_tensor(instance, "tokens", NULL);
	*tokens = 1 << 20;
	is(npu_job_run(instance, 0, NULL, &stats, &err), -EINVAL,
	   "a fault on the CPU is an error: %s", err.message);
	ok(strstr(err.message, "embedding") && strstr(err.message, "on the CPU"),
	   "that says where and in which operator");
	*tokens = 1;
	is(npu_job_run(instance, 0, NULL, &stats, &err), 0, "the next run is well");
	npu_job_unload(instance);
	npu_job_image_free(image);
}

static void test_refused(const struct npu_gguf *gguf)
{
	struct npu_compile_options options = { .no_fallback = true };
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;

	npu_target_default(&target);
	is(npu_compile_llama(gguf, &target, &options, &image, &err), 0,
	   "no fallback, and none needed");
	npu_job_image_free(image);
	target.features &= ~NPU_FEAT_MAT_F16;
	is(npu_compile_llama(gguf, &target, &options, &image, &err), -ENOTSUP,
	   "no fallback where one is needed: %s", err.message);
	ok(strstr(err.message, "blk.0.attention") && strstr(err.message, "MAT_F16"),
	   "operator and reason are named");
}

int main(void)
{
	struct tiny t = tiny_default;
	struct npu_job_image *image;
	struct npu_error err;
	struct builder b;
	struct exact file;
	float *want;

	if (npu_device_open("sim", &device, &err))
		bail_out(err.message);
	tiny_build(&b, &t);
	file = open_exact(b.file.data, b.file.size);
	want = calloc(2 * t.vocab, sizeof(*want));
	image = compile(file.gguf, 0, 0, 4);
	ok(image && !count_on_cpu(image), "the device can do all of the model");
	ok(run(image, want, t.vocab), "and does");
	npu_job_image_free(image);
	test_features(file.gguf, want, t.vocab);
	test_sram(file.gguf, want, t.vocab);
	test_runs(file.gguf);
	test_refused(file.gguf);
	free(want);
	close_exact(&file);
	builder_free(&b);
	npu_device_close(device);
	return done_testing();
}
