// SPDX-License-Identifier: MIT
/* Reading prompts and writing answers, several side by side. */
#include <errno.h>
#include <stdlib.h>

#include "interrupt.h"
#include "progress.h"
#include "run.h"

static int check_room(const struct run *run, size_t n, struct npu_error *err)
{
	uint32_t length = npu_sequence_length(run->answers[0].sequence);
	uint32_t context = npu_llm_context(run->model.llm);

	if (n <= context - length)
		return 0;
	return npu_error_set(err, -ENOSPC,
			     "%zu tokens of text behind %u exceed the context of %u: shorten the text, or ask for more with --ctx-size",
			     n, length, context);
}

/* A job at a time, so that one can see how far it is, and end it. */
static int read_pieces(struct run *run, const uint32_t *tokens, size_t n,
		       struct npu_error *err)
{
	struct npu_sequence *sequence = run->answers[0].sequence;
	size_t piece, most = npu_llm_chunk(run->model.llm);
	struct progress bar;
	int ret = 0;

	progress_start(&bar, "reading");
	for (size_t at = 0; !ret && at < n; at += piece) {
		piece = n - at < most ? n - at : most;
		if (interrupt_pending())
			ret = npu_error_set(err, -EINTR, "interrupted");
		else
			ret = npu_sequence_append(sequence, tokens + at, piece, NULL, err);
		if (n > 4 * most)
			progress_update(&bar, "", at + piece, n);
	}
	progress_end(&bar);
	return ret;
}

int run_read(struct run *run, const uint32_t *tokens, size_t n, struct npu_error *err)
{
	struct answer *answer = &run->answers[0];
	uint32_t start = npu_sequence_length(answer->sequence);
	struct run_clock before, after;
	int ret = check_room(run, n, err);

	if (ret)
		return ret;
	run_clock_read(&before, &run->model, NULL);
	ret = read_pieces(run, tokens, n, err);
	run_clock_read(&after, &run->model, NULL);
	if (ret) {
		npu_sequence_truncate(answer->sequence, start, NULL);
		return ret;
	}
	if (!run->figures.prompt.tokens) {
		run->figures.first_seconds = after.seconds - before.seconds;
		run->figures.first_model_seconds =
			after.stats.model_seconds - before.stats.model_seconds;
	}
	run_cost_add(&run->figures.prompt, n, &before, &after);
	return npu_sampler_accept(answer->sampler, tokens, n, err);
}

/**
 * struct round - the answers that go on
 * @sequences: their sequences
 * @tokens: the token that each goes on with
 * @n: number of them
 */
struct round {
	struct npu_sequence **sequences;
	uint32_t *tokens;
	size_t n;
};

static int choose_round(struct run *run, struct round *round, struct npu_error *err)
{
	round->n = 0;
	for (uint32_t i = 0; i < run->n_answers; i++) {
		struct answer *answer = &run->answers[i];
		int ret;

		if (answer->stopped)
			continue;
		ret = answer_advance(answer, &round->tokens[round->n], err);
		if (ret)
			return ret;
		if (!answer->stopped)
			round->sequences[round->n++] = answer->sequence;
	}
	return 0;
}

static int write_rounds(struct run *run, struct round *round, struct npu_error *err)
{
	struct run_clock before, after;
	int ret;

	for (;;) {
		ret = choose_round(run, round, err);
		if (ret || !round->n)
			return ret;
		run_clock_read(&before, &run->model, NULL);
		ret = npu_llm_decode(run->model.llm, round->sequences, round->tokens,
				     round->n, err);
		if (ret)
			return ret;
		run_clock_read(&after, &run->model, NULL);
		run_cost_add(&run->figures.generated, round->n, &before, &after);
	}
}

static int end_all(struct run *run, struct npu_error *err)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < run->n_answers; i++)
		ret = answer_end(&run->answers[i], "failed", err);
	return ret;
}

int run_write(struct run *run, struct npu_error *err)
{
	struct round round = {
		.sequences = calloc(run->n_answers, sizeof(*round.sequences)),
		.tokens = calloc(run->n_answers, sizeof(*round.tokens)),
	};
	int ret;

	if (round.sequences && round.tokens)
		ret = write_rounds(run, &round, err);
	else
		ret = npu_error_set(err, -ENOMEM, "no memory for %u answers", run->n_answers);
	free(round.sequences);
	free(round.tokens);
	return ret ? ret : end_all(run, err);
}
