// SPDX-License-Identifier: MIT
/*
 * The library's float model against the tests' reference, which shares no
 * code with it: every architecture, and the trained model.
 */
#include <errno.h>
#include <math.h>

#include <npu/float_model.h>

#include "llama_ref.h"
#include "real_model.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

static void compare(const struct npu_model *model, const uint32_t *tokens, uint32_t n,
		    const char *what)
{
	uint32_t vocab = model->config.vocab;
	float *logits = calloc(n, vocab * sizeof(*logits));
	struct npu_float_model *f;
	struct llama_ref *ref;
	struct npu_error err;
	double worst = 0, most = 0;

	if (!logits || npu_float_model_create(model, n, &f, &err) ||
	    llama_ref_create(model, n, &ref, &err))
		abort();
	ok(!npu_float_model_run(f, tokens, n, logits, &err), "%s: %u tokens", what, n);
	for (uint32_t i = 0; i < n; i++) {
		const float *want = llama_ref_forward(ref, tokens[i], i);

		for (uint32_t t = 0; t < vocab; t++) {
			worst = fmax(worst, fabs(want[t] - logits[i * vocab + t]));
			most = fmax(most, fabs(want[t]));
		}
	}
	ok(worst < 1e-4 * most, "  logits up to %.2f, at most %.2g apart", most, worst);
	ok(npu_float_model_run(f, tokens, n + 1, logits, &err) == -EINVAL, "  too many: %s",
	   err.message);
	ok(npu_float_model_run(f, &vocab, 1, logits, &err) == -EINVAL, "  no such token: %s",
	   err.message);
	npu_float_model_destroy(f);
	llama_ref_destroy(ref);
	free(logits);
}

static void test_tiny(struct tiny tiny, const char *what)
{
	static const uint32_t tokens[] = { 3, 22, 0, 7, 7, 19, 1, 4, 11, 2, 20, 5 };
	struct builder b;
	struct npu_model *model;
	struct npu_gguf *gguf;
	struct npu_error err;

	tiny_build(&b, &tiny);
	if (npu_gguf_open_memory(what, b.file.data, b.file.size, &gguf, &err) ||
	    npu_model_create(gguf, &model, &err)) {
		diag("%s", err.message);
		abort();
	}
	compare(model, tokens, sizeof(tokens) / sizeof(tokens[0]), what);
	npu_model_destroy(model);
	npu_gguf_close(gguf);
	builder_free(&b);
}

static void test_architectures(void)
{
	struct tiny tiny = tiny_default;

	test_tiny(tiny, "llama");
	tiny.bias = true;
	tiny.window = 3;
	tiny.tied = false;
	test_tiny(tiny, "biases, a window, not tied");
	tiny = tiny_default;
	tiny.arch = "qwen2";
	test_tiny(tiny, "qwen2");
	tiny.arch = "qwen3";
	tiny.rope_dims = 4;
	test_tiny(tiny, "qwen3");
	tiny.arch = "gpt2";
	tiny.kv_heads = 4;
	test_tiny(tiny, "gpt2");
}

int main(void)
{
	struct real_model real;
	size_t n = 100;
	uint32_t *ids;

	test_architectures();
	real_model_open(&real);
	ids = real_model_encode(&real, "In the beginning God created the heaven and the earth. "
				"And the earth was without form, and void; and darkness was "
				"upon the face of the deep.", &n);
	compare(real.model, ids, n, "the trained model");
	free(ids);
	real_model_close(&real);
	return done_testing();
}
