// SPDX-License-Identifier: MIT
/*
 * Sequences of one model on a device in the process: shared pages and pages of
 * their own, batches and single steps give the same bits; limits say both
 * numbers; pages come and go as a simple account of them foretells.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>

#include <npu/device.h>
#include <npu/llm.h>

#include "llama_ref.h"
#include "rig.h"
#include "tap.h"
#include "tiny_model.h"

#define PAGE 16

static const struct tiny small = {
	.vocab = 101, .d_model = 36, .layers = 2, .heads = 4, .kv_heads = 2, .head_dim = 10,
	.ffn = 50, .context = 150, .rope_dims = 10, .tied = true, .seed = 7,
};

struct subject {
	struct builder b;
	struct exact file;
	struct npu_device *device;
};

static void subject_open(struct subject *s, const struct tiny *t, const char *device)
{
	struct npu_error err;

	tiny_build(&s->b, t);
	s->file = open_exact(s->b.file.data, s->b.file.size);
	if (s->file.ret || npu_device_open(device, &s->device, &err))
		bail_out(s->file.ret ? "no model" : err.message);
}

static void subject_close(struct subject *s)
{
	npu_device_close(s->device);
	close_exact(&s->file);
	builder_free(&s->b);
}

static struct npu_llm *open_llm(const struct subject *s, enum npu_kv_type kv,
				uint32_t sequences, uint32_t batch, uint64_t kv_bytes)
{
	const struct npu_llm_options options = {
		.compile = { .chunk = 5, .sequences = sequences, .batch = batch, .kv = kv },
		.kv_bytes = kv_bytes,
	};
	struct npu_llm *llm;
	struct npu_error err;

	if (npu_llm_open(s->device, s->file.gguf, &options, &llm, &err))
		bail_out(err.message);
	return llm;
}

static struct npu_sequence *new_sequence(struct npu_llm *llm)
{
	struct npu_sequence *seq;
	struct npu_error err;

	if (npu_sequence_create(llm, &seq, &err))
		bail_out(err.message);
	return seq;
}

static void append(struct npu_sequence *seq, const uint32_t *tokens, size_t n)
{
	struct npu_error err;

	if (npu_sequence_append(seq, tokens, n, NULL, &err))
		bail_out(err.message);
}

static bool same_logits(const struct npu_sequence *a, const struct npu_sequence *b)
{
	size_t size = npu_llm_vocab(npu_sequence_model(a)) * sizeof(float);

	return npu_sequence_logits(a) && npu_sequence_logits(b) &&
	       !memcmp(npu_sequence_logits(a), npu_sequence_logits(b), size) &&
	       npu_sequence_next(a) == npu_sequence_next(b);
}

static uint32_t token(uint32_t i)
{
	return (i * 37 + 11) % small.vocab;
}

static void make_tokens(uint32_t *tokens, uint32_t n, uint32_t seed)
{
	for (uint32_t i = 0; i < n; i++)
		tokens[i] = token(i + seed);
}

static void is_kv(struct npu_llm *llm, uint64_t used, uint64_t shared, const char *when)
{
	struct npu_llm_kv kv;

	npu_llm_kv(llm, &kv);
	ok(kv.used == used && kv.shared == shared, "%s: %llu pages, %llu of them shared", when,
	   (unsigned long long)kv.used, (unsigned long long)kv.shared);
}

/* A fork and its parent go on differently; each as if it were alone. */
static void test_fork(const struct subject *s, enum npu_kv_type type)
{
	struct npu_llm *llm = open_llm(s, type, 5, 4, 0);
	struct npu_sequence *parent = new_sequence(llm), *child, *alone;
	uint32_t prompt[37], left[20], right[30];
	struct npu_error err;

	make_tokens(prompt, 37, 0);
	make_tokens(left, 20, 100);
	make_tokens(right, 30, 200);
	append(parent, prompt, 37);
	is_kv(llm, 3, 0, "a prompt of 37 tokens");
	ok(!npu_sequence_fork(parent, &child, &err), "it is forked");
	is_kv(llm, 3, 3, "which takes no memory");
	ok(same_logits(parent, child), "both have its logits");
	append(parent, left, 20);
	is_kv(llm, 5, 2, "the parent goes on: a copy and a new page");
	append(child, right, 30);
	is_kv(llm, 7, 2, "the child goes on: the page is its own");
	alone = new_sequence(llm);
	append(alone, prompt, 37);
	append(alone, left, 20);
	ok(same_logits(parent, alone), "the parent is as one that was never forked");
	ok(!npu_sequence_truncate(alone, 37, &err), "back to the prompt");
	is(npu_sequence_logits(alone) == NULL, 1, "there are no logits then");
	append(alone, right, 30);
	ok(same_logits(child, alone), "and so is the child");
	npu_sequence_destroy(parent);
	append(child, left, 20);
	append(alone, left, 20);
	ok(same_logits(child, alone), "the child outlives its parent");
	npu_sequence_destroy(child);
	npu_sequence_destroy(alone);
	is_kv(llm, 0, 0, "all pages return");
	npu_llm_close(llm);
}

/* The grandchild has pages that it may only read, whose other users are gone. */
static void test_inherit(const struct subject *s)
{
	struct npu_llm *llm = open_llm(s, NPU_KV_F16, 5, 4, 0);
	struct npu_sequence *a = new_sequence(llm), *b, *c, *alone = new_sequence(llm);
	uint32_t tokens[60];
	struct npu_error err;

	make_tokens(tokens, 60, 3);
	append(a, tokens, 20);
	ok(!npu_sequence_fork(a, &b, &err) && !npu_sequence_fork(b, &c, &err),
	   "a fork of a fork");
	npu_sequence_destroy(b);
	npu_sequence_destroy(a);
	is_kv(llm, 2, 0, "its ancestors have gone");
	append(c, tokens + 20, 40);
	append(alone, tokens, 60);
	ok(same_logits(c, alone), "it writes to the page that it inherited");
	npu_sequence_destroy(c);
	npu_llm_close(llm);
	ok(!npu_sequence_decode(alone, 1, &err), "a model lives as long as its sequences");
	npu_sequence_destroy(alone);
}

#define MANY 7

/* Sequences of different lengths, step by step: together, and each alone. */
static void test_batch(const struct subject *s, enum npu_kv_type type, uint32_t batch)
{
	static const uint32_t lengths[MANY] = { 1, 15, 16, 17, 40, 3, 130 };
	struct npu_llm *llm = open_llm(s, type, 2 * MANY, batch, 0);
	struct npu_sequence *one[MANY], *many[MANY];
	uint32_t tokens[150], next[MANY];
	struct npu_llm_stats stats;
	struct npu_error err;
	bool same = true;

	is(npu_llm_batch(llm), batch, "batches of %u", batch);
	for (uint32_t i = 0; i < MANY; i++) {
		make_tokens(tokens, lengths[i], i);
		one[i] = new_sequence(llm);
		append(one[i], tokens, lengths[i]);
		many[i] = new_sequence(llm);
		append(many[i], tokens, lengths[i]);
	}
	for (uint32_t step = 0; step < 18; step++) {
		for (uint32_t i = 0; i < MANY; i++)
			next[i] = npu_sequence_next(many[i]);
		if (npu_llm_decode(llm, many, next, MANY, &err))
			bail_out(err.message);
		for (uint32_t i = 0; i < MANY; i++) {
			if (npu_sequence_decode(one[i], next[i], &err))
				bail_out(err.message);
			same &= same_logits(one[i], many[i]);
		}
	}
	ok(same, "each sequence gets the bits that it gets alone");
	npu_llm_stats(llm, NPU_LLM_DECODE, &stats);
	is(stats.tokens, 2 * 18 * MANY, "tokens are counted");
	is(stats.runs, 18 * (MANY + (MANY + batch - 1) / batch), "and jobs");
	npu_sequence_stats(many[0], NPU_LLM_DECODE, &stats);
	ok(stats.tokens == 18 && stats.model_seconds > 0, "and what each has cost");
	for (uint32_t i = 0; i < MANY; i++) {
		npu_sequence_destroy(one[i]);
		npu_sequence_destroy(many[i]);
	}
	npu_llm_close(llm);
}

static void test_limits(const struct subject *s)
{
	struct npu_llm *llm = open_llm(s, NPU_KV_F16, 3, 2, 0), *poor, *other;
	struct npu_sequence *a = new_sequence(llm), *b = new_sequence(llm), *c, *d;
	uint32_t tokens[151];
	struct npu_llm_kv kv;
	struct npu_error err;

	make_tokens(tokens, 151, 0);
	c = new_sequence(llm);
	ok(npu_sequence_create(llm, &d, &err) == -EBUSY && strstr(err.message, "3"),
	   "a fourth sequence of three: %s", err.message);
	ok(npu_sequence_append(a, tokens, 151, NULL, &err) == -ENOSPC &&
	   strstr(err.message, "151") && strstr(err.message, "150"), "%s", err.message);
	append(a, tokens, 150);
	ok(npu_llm_decode(llm, (struct npu_sequence *[]){ b, a }, tokens, 2, &err) == -ENOSPC &&
	   strstr(err.message, "sequence 1"), "%s", err.message);
	is(npu_sequence_length(b), 0, "nothing happened to the other");
	is(npu_llm_decode(llm, (struct npu_sequence *[]){ b, b }, tokens, 2, &err), -EINVAL,
	   "a sequence twice: %s", err.message);
	is(npu_llm_decode(llm, NULL, NULL, 0, &err), -EINVAL, "none: %s", err.message);
	is(npu_sequence_truncate(b, 1, &err), -EINVAL, "%s", err.message);
	npu_llm_kv(llm, &kv);
	poor = open_llm(s, NPU_KV_F16, 3, 2, 4 * kv.page_bytes + 1);
	d = new_sequence(poor);
	append(d, tokens, 33);
	ok(npu_sequence_append(d, tokens, 40, NULL, &err) == -ENOMEM &&
	   strstr(err.message, "2 pages") && strstr(err.message, "1 of 4"), "%s", err.message);
	is(npu_sequence_length(d), 33, "which leaves the sequence as it was");
	ok(!npu_sequence_append(d, tokens, 31, NULL, &err), "what there is room for fits");
	is(npu_llm_decode(llm, (struct npu_sequence *[]){ b, d }, tokens, 2, &err), -EINVAL,
	   "of another model: %s", err.message);
	is(npu_llm_open(s->device, s->file.gguf, &(struct npu_llm_options){ .kv_bytes = 100 },
			&other, &err), -EINVAL, "no page at all: %s", err.message);
	is(npu_llm_open(s->device, s->file.gguf,
			&(struct npu_llm_options){ .compile = { .sequences = 3, .batch = 4 } },
			&other, &err), -EINVAL, "a batch of too many: %s", err.message);
	npu_sequence_destroy(a);
	npu_sequence_destroy(b);
	npu_sequence_destroy(c);
	npu_sequence_destroy(d);
	npu_llm_close(llm);
	npu_llm_close(poor);
}

/* Random work, and an account of pages as plain as can be. */

#define LIVE 6
#define PAGES 10	/* of 150 tokens */

struct account {
	struct npu_sequence *seq;
	uint32_t tokens[160], length, pages[PAGES];
};

struct book {
	struct account of[LIVE];
	uint32_t users[4096], fresh, seed;
};

static uint32_t below(struct book *b, uint32_t n)
{
	b->seed = b->seed * 1664525 + 1013904223;
	return (b->seed >> 8) % n;
}

static void book_append(struct book *b, struct account *a, uint32_t n)
{
	uint32_t before = (a->length + PAGE - 1) / PAGE, after = (a->length + n + PAGE - 1) / PAGE;

	if (n && a->length % PAGE && b->users[a->pages[before - 1]] > 1) {
		b->users[a->pages[before - 1]]--;
		a->pages[before - 1] = b->fresh;
		b->users[b->fresh++] = 1;
	}
	for (uint32_t i = before; i < after; i++) {
		a->pages[i] = b->fresh;
		b->users[b->fresh++] = 1;
	}
	for (uint32_t i = 0; i < n; i++)
		a->tokens[a->length++] = below(b, small.vocab);
}

static void book_truncate(struct book *b, struct account *a, uint32_t n)
{
	for (uint32_t i = (n + PAGE - 1) / PAGE; i < (a->length + PAGE - 1) / PAGE; i++)
		b->users[a->pages[i]]--;
	a->length = n;
}

static bool book_agrees(const struct book *b, struct npu_llm *llm)
{
	uint64_t used = 0, shared = 0;
	struct npu_llm_kv kv;

	for (uint32_t i = 0; i < b->fresh; i++) {
		used += b->users[i] > 0;
		shared += b->users[i] > 1;
	}
	npu_llm_kv(llm, &kv);
	return kv.used == used && kv.shared == shared;
}

/* One random step; false when a call failed. */
static bool one_step(struct book *b, struct npu_llm *llm, struct npu_error *err)
{
	struct account *a = &b->of[below(b, LIVE)], *to = &b->of[below(b, LIVE)];
	uint32_t n = below(b, 40), start = a->length;

	if (!a->seq)
		return !npu_sequence_create(llm, &a->seq, err);
	switch (below(b, 5)) {
	case 0:
		if (to->seq || to == a)
			return true;
		*to = *a;
		for (uint32_t i = 0; i < (a->length + PAGE - 1) / PAGE; i++)
			b->users[a->pages[i]]++;
		return !npu_sequence_fork(a->seq, &to->seq, err);
	case 1:
		n = below(b, a->length + 1);
		book_truncate(b, a, n);
		return !npu_sequence_truncate(a->seq, n, err);
	case 2:
		book_truncate(b, a, 0);
		npu_sequence_destroy(a->seq);
		a->seq = NULL;
		return true;
	default:
		n = n > small.context - a->length ? small.context - a->length : n;
		book_append(b, a, n);
		return !n || !npu_sequence_append(a->seq, a->tokens + start, n, NULL, err);
	}
}

/* Whether a sequence's cache is what its tokens make it: one more gives the same logits. */
static bool is_intact(struct npu_llm *llm, struct account *a)
{
	struct npu_sequence *alone, *copy;
	struct npu_error err;
	bool same;

	if (!a->seq || !a->length || a->length == small.context)
		return true;
	if (npu_sequence_fork(a->seq, &copy, &err))
		bail_out(err.message);
	alone = new_sequence(llm);
	append(copy, a->tokens, 1);
	append(alone, a->tokens, a->length);
	append(alone, a->tokens, 1);
	same = same_logits(alone, copy) &&
	       !memcmp(npu_sequence_tokens(a->seq), a->tokens, a->length * sizeof(uint32_t));
	npu_sequence_destroy(alone);
	npu_sequence_destroy(copy);
	return same;
}

static void test_random(const struct subject *s, uint32_t seed)
{
	struct npu_llm *llm = open_llm(s, seed % 2, LIVE + 2, 2, 0);
	struct book b = { .seed = seed };
	bool good = true, intact = true;
	struct npu_error err = { 0 };
	uint32_t step;

	for (step = 0; step < 120 && good; step++) {
		good = one_step(&b, llm, &err) && book_agrees(&b, llm);
		if (step % 10 == 9)
			intact &= is_intact(llm, &b.of[below(&b, LIVE)]);
	}
	ok(good, "seed %u: %u random steps, the pages are as foretold %s", seed, step, err.message);
	ok(intact, "seed %u: every sequence is as if it were alone", seed);
	for (uint32_t i = 0; i < LIVE; i++)
		npu_sequence_destroy(b.of[i].seq);
	is_kv(llm, 0, 0, "all pages return");
	npu_llm_close(llm);
}

/* Threads with a sequence each. */

struct worker {
	struct npu_llm *llm;
	uint32_t seed, next[8];
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct npu_sequence *seq = new_sequence(w->llm);
	uint32_t tokens[20];
	struct npu_error err;

	make_tokens(tokens, 20, w->seed);
	append(seq, tokens, 20);
	for (int i = 0; i < 8; i++) {
		w->next[i] = npu_sequence_next(seq);
		if (npu_sequence_decode(seq, w->next[i], &err))
			bail_out(err.message);
	}
	npu_sequence_destroy(seq);
	return NULL;
}

static void test_threads(const struct subject *s)
{
	struct npu_llm *llm = open_llm(s, NPU_KV_F16, 4, 2, 0);
	struct worker w[4], alone;
	pthread_t thread[4];
	bool same = true;

	for (uint32_t i = 0; i < 4; i++) {
		w[i] = (struct worker){ .llm = llm, .seed = i * 5 };
		if (pthread_create(&thread[i], NULL, work, &w[i]))
			bail_out("no thread");
	}
	for (uint32_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t i = 0; i < 4; i++) {
		alone = (struct worker){ .llm = llm, .seed = i * 5 };
		work(&alone);
		same &= !memcmp(alone.next, w[i].next, sizeof(alone.next));
	}
	ok(same, "four threads at a time: each gets the text that it gets alone");
	npu_llm_close(llm);
}

int main(void)
{
	struct subject s;

	setenv("NPU_CACHE", "off", 1);
	subject_open(&s, &small, "sim:edge,cores=2,sram=65536");
	test_fork(&s, NPU_KV_F16);
	test_fork(&s, NPU_KV_I8);
	test_inherit(&s);
	test_batch(&s, NPU_KV_F16, 3);
	test_batch(&s, NPU_KV_I8, 7);
	test_batch(&s, NPU_KV_F16, 1);
	test_limits(&s);
	for (uint32_t seed = 1; seed <= 6; seed++)
		test_random(&s, seed);
	test_threads(&s);
	subject_close(&s);
	return done_testing();
}
