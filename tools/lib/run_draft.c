// SPDX-License-Identifier: MIT
/* Writing with a second, smaller model that guesses ahead. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "run.h"

/**
 * struct drafting - the state of it
 * @run: all
 * @tokens: a token that was chosen, and guesses behind it
 * @logits: of the model after each of them
 * @vocab: logits of a token
 * @most: most guesses at a time
 */
struct drafting {
	struct run *run;
	uint32_t *tokens;
	float *logits;
	uint32_t vocab, most;
};

/* The draft model has read what the model has, and no more. */
static int follow(struct drafting *d, struct npu_error *err)
{
	const struct npu_sequence *text = d->run->answers[0].sequence;
	struct npu_sequence *behind = d->run->guess;
	const uint32_t *wanted = npu_sequence_tokens(text);
	const uint32_t *there = npu_sequence_tokens(behind);
	uint32_t length = npu_sequence_length(text), same = 0;
	int ret;

	while (same < length && same < npu_sequence_length(behind) &&
	       wanted[same] == there[same])
		same++;
	ret = npu_sequence_truncate(behind, same, err);
	if (ret || same == length)
		return ret;
	return npu_sequence_append(behind, wanted + same, length - same, NULL, err);
}

/* Guess up to @n tokens behind d->tokens[0]; @made receives how many. */
static int guess(struct drafting *d, uint32_t n, uint32_t *made, struct npu_error *err)
{
	struct npu_sequence *ahead = d->run->guess;
	int ret = n ? follow(d, err) : 0;

	*made = 0;
	while (!ret && *made < n) {
		ret = npu_sequence_decode(ahead, d->tokens[*made], err);
		if (!ret)
			d->tokens[++*made] = npu_sequence_next(ahead);
	}
	return ret;
}

static uint32_t limit_of(const struct drafting *d)
{
	const struct answer *answer = &d->run->answers[0];
	uint32_t room = npu_llm_context(d->run->model.llm) -
			npu_sequence_length(answer->sequence) - 1;
	uint32_t n = d->most;

	if (n > room)
		n = room;
	/* One token comes without a guess. */
	if (answer->limit != RUN_NO_LIMIT && n > answer->limit - answer->generated - 1)
		n = answer->limit - answer->generated - 1;
	return n;
}

/*
 * Take what the model chooses behind each token, as long as the next one had
 * been guessed. The last choice becomes d->tokens[0]; @right receives how
 * many guesses stand.
 */
static int judge(struct drafting *d, uint32_t n, uint32_t *right, struct npu_error *err)
{
	struct answer *answer = &d->run->answers[0];
	uint32_t token;

	for (*right = 0;; ++*right) {
		int ret = answer_choose_from(answer, d->logits + (size_t)*right * d->vocab,
					     d->vocab, &token, err);

		if (!ret)
			ret = answer_take(answer, token, err);
		if (ret)
			return ret;
		if (answer->stopped || *right == n || token != d->tokens[*right + 1])
			break;
	}
	d->tokens[0] = token;
	return 0;
}

/* One job of the model, for one token and what was guessed behind it. */
static int step(struct drafting *d, struct npu_error *err)
{
	struct answer *answer = &d->run->answers[0];
	uint32_t start = npu_sequence_length(answer->sequence), n, right = 0;
	int ret = guess(d, limit_of(d), &n, err);

	if (!ret)
		ret = npu_sequence_append(answer->sequence, d->tokens, n + 1, d->logits, err);
	if (!ret)
		ret = judge(d, n, &right, err);
	if (ret)
		return ret;
	d->run->figures.drafted += n;
	d->run->figures.accepted += right;
	if (answer->stopped)
		return 0;
	if (interrupt_pending())
		answer->stopped = "interrupted";
	else if (start + 1 + right == npu_llm_context(d->run->model.llm))
		answer->stopped = "context is full";
	return npu_sequence_truncate(answer->sequence, start + 1 + right, err);
}

static int write_all(struct drafting *d, struct npu_error *err)
{
	struct run *run = d->run;
	struct answer *answer = &run->answers[0];
	struct run_clock before, after;
	int ret = answer_advance(answer, &d->tokens[0], err);

	run_clock_read(&before, &run->model, &run->draft);
	while (!ret && !answer->stopped)
		ret = step(d, err);
	run_clock_read(&after, &run->model, &run->draft);
	if (ret)
		return ret;
	if (answer->generated)
		run_cost_add(&run->figures.generated, answer->generated - 1, &before, &after);
	return answer_end(answer, "failed", err);
}

static int begin(struct drafting *d, struct npu_error *err)
{
	size_t rows = (size_t)d->most + 1;

	d->tokens = calloc(rows, sizeof(*d->tokens));
	d->logits = calloc(rows, d->vocab * sizeof(*d->logits));
	if (!d->tokens || !d->logits)
		return npu_error_set(err, -ENOMEM, "no memory for %u guesses", d->most);
	if (d->run->guess)
		return 0;
	return npu_sequence_create(d->run->draft.llm, &d->run->guess, err);
}

int run_write_drafted(struct run *run, struct npu_error *err)
{
	struct drafting d = {
		.run = run, .vocab = npu_llm_vocab(run->model.llm),
		.most = run->options->draft_tokens,
	};
	int ret;

	/* What fits into one job of the model is what makes it worth while. */
	if (d.most + 1 > npu_llm_chunk(run->model.llm))
		d.most = npu_llm_chunk(run->model.llm) - 1;
	ret = begin(&d, err);
	if (!ret)
		ret = write_all(&d, err);
	free(d.tokens);
	free(d.logits);
	return ret;
}
