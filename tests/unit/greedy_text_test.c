// SPDX-License-Identifier: MIT
/*
 * The texts that the trained model writes, always with the likeliest token, on
 * a device in the process, beside the float reference: how long they are the
 * same, and that where they part the reference was undecided itself.
 *
 * The reference reads the text that the device wrote. What the device chose
 * instead of the reference's likeliest token falls short of it by the *gap* of
 * the two logits there: a small gap is a close call that rounding may decide.
 */
#include <npu/llm.h>
#include <npu/sampler.h>

#include "llama_ref.h"
#include "real_model.h"
#include "tap.h"

#define LENGTH 96	/* tokens of a text */
#define LONG 64

static const char *const prompts[] = {
	"And the king said unto", "In the beginning", "The LORD is", "And it came to pass",
	"Blessed are", "Now", "Who is he",
};

#define N_PROMPTS (sizeof(prompts) / sizeof(prompts[0]))

struct rig {
	struct real_model real;
	struct npu_device *device;
	struct npu_sampler *greedy;
	struct llama_ref *ref;
};

/**
 * struct outcome - of one text, or the worst of several
 * @same: tokens until the texts part
 * @length: tokens of the text
 * @gap: largest gap of a choice
 */
struct outcome {
	uint32_t same, length;
	float gap;
};

static void rig_open(struct rig *rig)
{
	struct npu_error err;

	real_model_open(&rig->real);
	if (npu_device_open("sim", &rig->device, &err) ||
	    npu_sampler_create(NULL, &rig->greedy, &err) ||
	    llama_ref_create(rig->real.model, rig->real.model->config.context, &rig->ref, &err))
		bail_out(err.message);
}

static void rig_close(struct rig *rig)
{
	llama_ref_destroy(rig->ref);
	npu_sampler_destroy(rig->greedy);
	npu_device_close(rig->device);
	real_model_close(&rig->real);
}

/* The device's choice beside the reference's, which reads on. */
static void judge(const struct rig *rig, const float *logits, uint32_t chosen,
		  struct outcome *o)
{
	uint32_t best;
	struct npu_error err;
	float gap;

	if (npu_sampler_sample(rig->greedy, logits, rig->real.model->config.vocab, &best, &err))
		bail_out(err.message);
	if (o->same == o->length && chosen == best)
		o->same++;
	o->length++;
	gap = logits[best] - logits[chosen];
	if (gap > o->gap)
		o->gap = gap;
}

static struct outcome write_text(const struct rig *rig, struct npu_llm *llm, const char *prompt)
{
	struct npu_sequence *sequence;
	struct outcome o = { 0 };
	const float *logits = NULL;
	struct npu_error err;
	size_t n = SIZE_MAX;
	uint32_t *ids = real_model_encode(&rig->real, prompt, &n);

	if (npu_sequence_create(llm, &sequence, &err) ||
	    npu_sequence_append(sequence, ids, n, NULL, &err))
		bail_out(err.message);
	for (size_t i = 0; i < n; i++)
		logits = llama_ref_forward(rig->ref, ids[i], i);
	while (o.length < LENGTH) {
		uint32_t token = npu_sequence_next(sequence);

		judge(rig, logits, token, &o);
		if (npu_tokenizer_is_end(rig->real.tokenizer, token))
			break;
		logits = llama_ref_forward(rig->ref, token, npu_sequence_length(sequence));
		if (npu_sequence_decode(sequence, token, &err))
			bail_out(err.message);
	}
	npu_sequence_destroy(sequence);
	free(ids);
	return o;
}

/* @least of the texts are the same for long, no gap is above @most. */
static void test_format(const struct rig *rig, const char *name, uint32_t least, float most)
{
	struct npu_llm_options options = { 0 };
	struct outcome worst = { 0 };
	struct npu_llm *llm;
	struct npu_error err;
	uint32_t same = 0;

	if (npu_quant_parse(name, &options.compile.weights, &err) ||
	    npu_llm_open(rig->device, rig->real.gguf, &options, &llm, &err))
		bail_out(err.message);
	for (size_t i = 0; i < N_PROMPTS; i++) {
		struct outcome o = write_text(rig, llm, prompts[i]);

		diag("%s, \"%s\": the same for %u of %u tokens, largest gap %.3f", name,
		     prompts[i], o.same, o.length, o.gap);
		same += o.same >= LONG || o.same == o.length;
		if (o.gap > worst.gap)
			worst = o;
	}
	if (least)
		ok(same >= least,
		   "%s: %u of %zu texts are the reference's for %u tokens or to the end",
		   name, same, N_PROMPTS, LONG);
	ok(worst.gap <= most, "%s: where they part the gap is small: %.3f", name, worst.gap);
	npu_llm_close(llm);
}

int main(void)
{
	struct rig rig;

	rig_open(&rig);
	test_format(&rig, "f16", N_PROMPTS, 0.005f);
	test_format(&rig, "int8", 2, 0.1f);
	test_format(&rig, "nf4", 0, 1);
	test_format(&rig, "int4-g32", 0, 1);
	rig_close(&rig);
	return done_testing();
}
