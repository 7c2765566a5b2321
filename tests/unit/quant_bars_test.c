// SPDX-License-Identifier: MIT
/*
 * What quantisation may cost, on the trained model and a part of the held-out
 * text: INT8 within 0.5 % of float's perplexity, INT4 by GPTQ within 3 % and
 * closer to float than without. tools/quant-table measures the whole text.
 */
#include <math.h>
#include <unistd.h>

#include <npu/float_model.h>
#include <npu/llm.h>
#include <npu/npu.h>
#include <npu/quant.h>

#include "real_model.h"
#include "tap.h"

#define WINDOW 256u
#define WINDOWS 8u
#define CALIBRATION 16u	/* windows */

/* struct text - windows of a file, each with a successor behind its last token */
struct text {
	uint32_t *tokens;
	struct npu_text windows[CALIBRATION];
};

static void text_open(struct text *t, const struct real_model *real, const char *name,
		      uint32_t windows)
{
	size_t bytes = windows * WINDOW * 4, n = windows * WINDOW + 1;
	char *text = calloc(1, bytes + 1), path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%.*s%s",
		 (int)(strrchr(real->path, '/') - real->path + 1), real->path, name);
	f = fopen(path, "rb");
	if (!text || !f || fread(text, 1, bytes, f) != bytes)
		bail_out(path);
	fclose(f);
	t->tokens = real_model_encode(real, text, &n);
	if (n <= windows * WINDOW)
		bail_out("too little text");
	for (uint32_t i = 0; i < windows; i++)
		t->windows[i] = (struct npu_text){ t->tokens + i * WINDOW, WINDOW };
	free(text);
}

static double log_sum(const float *x, uint32_t n)
{
	double most = x[0], sum = 0;

	for (uint32_t i = 1; i < n; i++)
		most = fmax(most, x[i]);
	for (uint32_t i = 0; i < n; i++)
		sum += exp(x[i] - most);
	return most + log(sum);
}

/* What a model costs: perplexity beside float's, and divergence from it. */
struct cost {
	double change, kl;
};

static struct cost compare(const float *logits, const float *reference,
			   const struct text *text, uint32_t vocab)
{
	double nats = 0, kl = 0;

	for (uint32_t i = 0; i < WINDOWS * WINDOW; i++) {
		const float *q = logits + (size_t)i * vocab, *p = reference + (size_t)i * vocab;
		double q_sum = log_sum(q, vocab), p_sum = log_sum(p, vocab);

		nats += (q_sum - q[text->tokens[i + 1]]) - (p_sum - p[text->tokens[i + 1]]);
		for (uint32_t t = 0; t < vocab; t++)
			kl += exp(p[t] - p_sum) * ((p[t] - p_sum) - (q[t] - q_sum));
	}
	return (struct cost){
		.change = exp(nats / (WINDOWS * WINDOW)) - 1, .kl = kl / (WINDOWS * WINDOW),
	};
}

static void run_device(const struct npu_gguf *gguf, const struct text *text, uint32_t vocab,
		       float *logits)
{
	struct npu_llm_options options = { .compile = { .context = WINDOW } };
	struct npu_device *device;
	struct npu_error err;
	struct npu_llm *llm;

	if (npu_device_open("sim", &device, &err) ||
	    npu_llm_open(device, gguf, &options, &llm, &err))
		bail_out(err.message);
	for (uint32_t i = 0; i < WINDOWS; i++) {
		struct npu_sequence *seq;

		if (npu_sequence_create(llm, &seq, &err) ||
		    npu_sequence_append(seq, text->windows[i].tokens, WINDOW,
					logits + (size_t)i * WINDOW * vocab, &err))
			bail_out(err.message);
		npu_sequence_destroy(seq);
	}
	npu_llm_close(llm);
	npu_device_close(device);
}

static struct cost measure(const struct real_model *real, const char *format, bool gptq,
			   const struct text *calibration, const struct text *text,
			   const float *reference)
{
	struct npu_quantize_options options = {
		.gptq = gptq, .texts = calibration->windows, .n_texts = CALIBRATION,
	};
	uint32_t vocab = real->model->config.vocab;
	float *logits = calloc(WINDOWS * WINDOW, vocab * sizeof(*logits));
	struct npu_quantize_report report;
	struct npu_gguf *gguf;
	struct npu_error err;
	struct cost cost;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/quant-bars-%ld.gguf", (long)getpid());
	npu_quant_parse(format, &options.format, NULL);
	if (!logits || npu_quantize(real->gguf, path, &options, &report, &err) ||
	    npu_gguf_open(path, &gguf, &err))
		bail_out(err.message);
	run_device(gguf, text, vocab, logits);
	cost = compare(logits, reference, text, vocab);
	diag("%s%s: perplexity %+.3f %%, KL divergence %.5f", gptq ? "gptq " : "", format,
	     100 * cost.change, cost.kl);
	npu_quantize_report_free(&report);
	npu_gguf_close(gguf);
	unlink(path);
	free(logits);
	return cost;
}

static float *run_float(const struct real_model *real, const struct text *text)
{
	uint32_t vocab = real->model->config.vocab;
	float *logits = calloc(WINDOWS * WINDOW, vocab * sizeof(*logits));
	struct npu_float_model *f;
	struct npu_error err;

	if (!logits || npu_float_model_create(real->model, WINDOW, &f, &err))
		bail_out("no memory");
	for (uint32_t i = 0; i < WINDOWS; i++)
		npu_float_model_run(f, text->windows[i].tokens, WINDOW,
				    logits + (size_t)i * WINDOW * vocab, &err);
	npu_float_model_destroy(f);
	return logits;
}

int main(void)
{
	struct text calibration, text;
	struct real_model real;
	struct cost int8, int4, gptq, nf4;
	float *reference;

	setenv("NPU_CACHE", "off", 1);
	real_model_open(&real);
	text_open(&text, &real, "heldout.txt", WINDOWS);
	text_open(&calibration, &real, "calibration.txt", CALIBRATION);
	reference = run_float(&real, &text);
	int8 = measure(&real, "int8", false, &calibration, &text, reference);
	ok(int8.change < 0.005, "INT8 is within 0.5 %% of float's perplexity");
	ok(int8.kl < 0.002, "and close to its probabilities");
	int4 = measure(&real, "int4-g32", false, &calibration, &text, reference);
	gptq = measure(&real, "int4-g32", true, &calibration, &text, reference);
	ok(gptq.change < 0.03, "INT4 by GPTQ is within 3 %%");
	ok(gptq.kl < 0.85 * int4.kl, "and closer to float than without: %.2f of the divergence",
	   gptq.kl / int4.kl);
	nf4 = measure(&real, "nf4", false, &calibration, &text, reference);
	ok(nf4.change < 0.03, "NF4 is within 3 %%");
	free(reference);
	free(text.tokens);
	free(calibration.tokens);
	real_model_close(&real);
	return done_testing();
}
