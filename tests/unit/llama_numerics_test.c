// SPDX-License-Identifier: MIT
/*
 * The trained model in INT8 on the device core against the float reference:
 * logits of a real text, loss, greedy continuations side by side, and the same
 * bytes from every kind of kernels and any number of threads.
 */
#include <math.h>

#include "kernels.h"
#include "llama_ref.h"
#include "llm_core.h"
#include "real_model.h"
#include "replay.h"
#include "rig.h"
#include "tap.h"

#define MAX_TOKENS 200
#define GREEDY 40

static const char text[] =
	"The LORD is my shepherd; I shall not want. He maketh me to lie down in green "
	"pastures: he leadeth me beside the still waters. He restoreth my soul: he leadeth "
	"me in the paths of righteousness for his name's sake. Yea, though I walk through "
	"the valley of the shadow of death, I will fear no evil: for thou art with me; thy "
	"rod and thy staff they comfort me. Thou preparest a table before me in the presence "
	"of mine enemies: thou anointest my head with oil; my cup runneth over.";

struct subject {
	struct real_model real;
	struct llama_ref *ref;
	uint32_t vocab;
	size_t n;
	uint32_t *tokens;
	float *want;
};

static void subject_open(struct subject *s)
{
	struct npu_error err;

	real_model_open(&s->real);
	s->vocab = s->real.model->config.vocab;
	s->n = MAX_TOKENS;
	s->tokens = real_model_encode(&s->real, text, &s->n);
	if (llama_ref_create(s->real.model, s->real.model->config.context, &s->ref, &err))
		bail_out(err.message);
	s->want = calloc(s->n * s->vocab, sizeof(float));
	for (size_t i = 0; i < s->n; i++)
		memcpy(s->want + i * s->vocab, llama_ref_forward(s->ref, s->tokens[i], i),
		       s->vocab * sizeof(float));
}

static void subject_close(struct subject *s)
{
	free(s->want);
	free(s->tokens);
	llama_ref_destroy(s->ref);
	real_model_close(&s->real);
}

/* Cross entropy in nats a token, of every token but the first. */
static double loss(const struct subject *s, const float *logits)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < s->n; i++) {
		const float *row = logits + i * s->vocab;
		double most = -INFINITY, total = 0;

		for (uint32_t v = 0; v < s->vocab; v++)
			most = fmax(most, row[v]);
		for (uint32_t v = 0; v < s->vocab; v++)
			total += exp(row[v] - most);
		sum += most + log(total) - row[s->tokens[i + 1]];
	}
	return sum / (s->n - 1);
}

static struct npu_llm *open_llm(const struct subject *s, const char *kernels,
				uint32_t cores, uint32_t threads)
{
	const struct npu_core_config config = {
		.kernels = kernels, .cores = cores, .sram_size = 1 << 18, .threads = threads,
	};

	return llm_core_open(s->real.gguf, &config, 0, 0);
}

static void test_logits(const struct subject *s, float *got)
{
	struct npu_llm *llm = open_llm(s, NULL, 2, 2);
	struct npu_sequence *seq = llm_core_sequence(llm);
	float *decoded = calloc(s->n * s->vocab, sizeof(float));
	double worst = 1, mean = 0, apart = 1, all, c, ours, theirs;
	struct npu_error err;

	ok(!npu_sequence_append(seq, s->tokens, s->n, got, &err), "prefill of %zu tokens", s->n);
	all = rig_cosine(got, s->want, s->n * s->vocab);
	ok(all >= 0.999, "prefill: cosine to the float reference %.6f", all);
	ours = loss(s, got);
	theirs = loss(s, s->want);
	ok(fabs(ours - theirs) < 0.02, "loss %.4f, of the float reference %.4f", ours, theirs);
	npu_sequence_truncate(seq, 0, &err);
	for (size_t i = 0; i < s->n; i++) {
		float *row = decoded + i * s->vocab;

		if (npu_sequence_decode(seq, s->tokens[i], &err))
			bail_out(err.message);
		memcpy(row, npu_sequence_logits(seq), s->vocab * sizeof(float));
		c = rig_cosine(row, s->want + i * s->vocab, s->vocab);
		worst = fmin(worst, c);
		mean += c / s->n;
		apart = fmin(apart, rig_cosine(row, got + i * s->vocab, s->vocab));
	}
	all = rig_cosine(decoded, s->want, s->n * s->vocab);
	ok(all >= 0.999, "decoding: cosine to the float reference %.6f", all);
	ok(mean >= 0.999, "decoding: by token, mean cosine %.6f", mean);
	ok(worst >= 0.98, "decoding: by token, worst cosine %.6f", worst);
	ok(apart >= 0.99999, "decoding: worst cosine to prefill %.8f", apart);
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
	free(decoded);
}

static void test_same_bytes(const struct subject *s, const float *first)
{
	static const char *const kernels[] = { "scalar", "avx2", "avx512" };
	float *other = calloc(s->n * s->vocab, sizeof(float));

	for (int i = 0; i < 6; i++) {
		const char *name = kernels[i / 2];
		uint32_t threads = i % 2 + 1;
		struct npu_sequence *seq;
		struct npu_error err;
		struct npu_llm *llm;

		if (!npu_kernels_pick(name)) {
			skip("this host cannot run these kernels");
			continue;
		}
		llm = open_llm(s, name, 2, threads);
		seq = llm_core_sequence(llm);
		if (npu_sequence_append(seq, s->tokens, s->n, other, &err))
			bail_out(err.message);
		ok(!memcmp(first, other, s->n * s->vocab * sizeof(float)),
		   "%s kernels, %u threads: the same logits to the bit", name, threads);
		npu_sequence_destroy(seq);
		npu_llm_close(llm);
	}
	free(other);
}

static uint32_t argmax(const float *x, uint32_t n)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < n; i++)
		if (x[i] > x[best])
			best = i;
	return best;
}

static void tell(const struct subject *s, const char *who, const uint32_t *ids)
{
	printf("# %s:", who);
	for (int i = 0; i < GREEDY; i++) {
		size_t len;
		const char *piece = npu_tokenizer_piece(s->real.tokenizer, ids[i], &len);

		for (size_t c = 0; piece && c < len; c++)
			putchar(piece[c] == '\n' ? ' ' : piece[c]);
	}
	putchar('\n');
}

static void test_greedy(struct subject *s)
{
	struct npu_llm *llm = open_llm(s, NULL, 2, 2);
	struct npu_sequence *seq = llm_core_sequence(llm);
	uint32_t ours[GREEDY], theirs[GREEDY], next, same = 0;
	struct npu_error err;

	if (npu_sequence_append(seq, s->tokens, s->n, NULL, &err))
		bail_out(err.message);
	next = argmax(s->want + (s->n - 1) * s->vocab, s->vocab);
	for (uint32_t i = 0; i < GREEDY; i++) {
		ours[i] = npu_sequence_next(seq);
		theirs[i] = next;
		next = argmax(llama_ref_forward(s->ref, next, s->n + i), s->vocab);
		if (npu_sequence_decode(seq, ours[i], &err))
			bail_out(err.message);
	}
	while (same < GREEDY && ours[same] == theirs[same])
		same++;
	tell(s, "float", theirs);
	tell(s, "INT8 ", ours);
	ok(same > 0, "greedy texts agree for %u of %u tokens", same, GREEDY);
	npu_sequence_destroy(seq);
	npu_llm_close(llm);
}

static void test_order(const struct subject *s)
{
	struct npu_job_image *image;
	struct npu_target target;
	struct npu_error err;
	struct replay r;

	npu_target_default(&target);
	if (npu_compile_llama(s->real.gguf, &target, NULL, &image, &err))
		bail_out(err.message);
	replay_new(&r, image, 2);
	memcpy(replay_tensor(&r, "tokens"), s->tokens, 32 * sizeof(uint32_t));
	ok(replay_run(&r, 1, (uint64_t[]){ 0, 32, 1, 0 }), "prefill has no race");
	memcpy(replay_tensor(&r, "tokens"), s->tokens + 32, sizeof(uint32_t));
	ok(replay_run(&r, 0, (uint64_t[]){ 32, 0 }), "decoding has no race");
	if (r.problem[0])
		diag("%s", r.problem);
	replay_free(&r);
	npu_job_image_free(image);
}

int main(void)
{
	struct subject s;
	float *logits;

	subject_open(&s);
	diag("%s: %zu tokens", s.real.path, s.n);
	logits = calloc(s.n * s.vocab, sizeof(float));
	test_logits(&s, logits);
	test_same_bytes(&s, logits);
	test_greedy(&s);
	test_order(&s);
	free(logits);
	subject_close(&s);
	return done_testing();
}
