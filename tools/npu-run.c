// SPDX-License-Identifier: MIT
/* npu-run: text from a language model on an NPU. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_status.h"
#include "interrupt.h"
#include "run.h"

#define STATUS_INTERRUPTED 130	/* 128 + SIGINT, as shells have it */

/* What is wrong with model or command line is the user's to mend. */
static int status_of(int ret)
{
	switch (ret) {
	case 0:
		return STATUS_OK;
	case -EINVAL:
	case -ENOENT:
	case -ENOTSUP:
	case -ENOSPC:
	case -EOVERFLOW:
	case -E2BIG:
	case -EILSEQ:
		return STATUS_BAD_INPUT;
	case -EINTR:
		return STATUS_INTERRUPTED;
	default:
		return STATUS_FAILED;
	}
}

/* The files, before any device is needed: what is wrong with them comes first. */
static int open_files(struct run *run, struct npu_error *err)
{
	const struct run_options *o = run->options;
	int ret = run_model_read(&run->model, o->model, err);

	if (!ret && o->draft_model)
		ret = run_model_read(&run->draft, o->draft_model, err);
	if (!ret && o->draft_model)
		ret = run_model_check_draft(&run->model, &run->draft, err);
	if (!ret)
		ret = run_choose_chat(run, err);
	if (ret)
		return ret;
	run->answers = calloc(o->parallel, sizeof(*run->answers));
	if (!run->answers)
		return npu_error_set(err, -ENOMEM, "no memory for %u texts", o->parallel);
	/* Counted one by one, so that those that are there are released. */
	while (!ret && run->n_answers < o->parallel) {
		uint32_t number = run->n_answers++;

		ret = answer_init(&run->answers[number], o, run->model.tokenizer,
				  run->chat, number, err);
	}
	if (o->parallel == 1 && !o->json)
		run->answers[0].stream = stdout;
	return ret;
}

static int load(struct run *run, struct npu_error *err)
{
	int ret = run_model_load(&run->model, run->devices, run->n_devices, run->options, err);

	if (!ret && run->options->draft_model)
		ret = run_model_load(&run->draft, run->devices, 1, run->options, err);
	if (!ret && run->options->draft_model)
		ret = run_model_check_context(&run->model, &run->draft, err);
	if (!ret)
		ret = npu_sequence_create(run->model.llm, &run->answers[0].sequence, err);
	run->figures.load_seconds = run_seconds() - run->start;
	return ret;
}

/* The others start where the first one is: what they share is read once. */
static int fork_answers(struct run *run, const uint32_t *tokens, size_t n,
			struct npu_error *err)
{
	const struct text *prompt = &run->options->prompt;
	int ret = 0;

	for (uint32_t i = 1; !ret && i < run->n_answers; i++) {
		struct answer *answer = &run->answers[i];

		ret = answer_show(answer, prompt->data, prompt->len, err);
		if (!ret)
			ret = npu_sampler_accept(answer->sampler, tokens, n, err);
		if (!ret)
			ret = npu_sequence_fork(run->answers[0].sequence, &answer->sequence,
						err);
	}
	return ret;
}

static int read_prompt(struct run *run, struct npu_error *err)
{
	const struct run_options *o = run->options;
	unsigned int flags = NPU_ENCODE_BOS | (o->special ? NPU_ENCODE_SPECIAL : 0);
	uint32_t *tokens;
	size_t n;
	int ret = npu_tokenizer_encode(run->model.tokenizer, o->prompt.data, o->prompt.len,
				       flags, &tokens, &n, err);

	if (ret)
		return ret;
	if (!n)
		ret = npu_error_set(err, -EINVAL,
				    "the prompt has no tokens: give some text with -p");
	if (!ret)
		ret = answer_show(&run->answers[0], o->prompt.data, o->prompt.len, err);
	if (!ret)
		ret = run_read(run, tokens, n, err);
	if (!ret)
		ret = fork_answers(run, tokens, n, err);
	free(tokens);
	return ret;
}

static void print_answers(const struct run *run)
{
	for (uint32_t i = 0; run->n_answers > 1 && i < run->n_answers; i++) {
		const struct answer *answer = &run->answers[i];

		printf("--- %u of %u, seed %llu, %s\n", i + 1, run->n_answers,
		       (unsigned long long)answer->seed, answer->stopped);
		fwrite(answer->text.data, 1, answer->text.len, stdout);
		putchar('\n');
	}
	if (run->n_answers == 1 && !run->options->interactive)
		putchar('\n');
	fflush(stdout);
}

static int write_all(struct run *run, struct npu_error *err)
{
	int ret;

	if (run->options->interactive || run->options->single_turn)
		return run_chat(run, err);
	ret = read_prompt(run, err);
	if (ret)
		return ret;
	return run->draft.llm ? run_write_drafted(run, err) : run_write(run, err);
}

/* An answer that did not become what was asked for is told by the status. */
static int check_answer(const struct run *run, const struct answer *answer,
			struct npu_error *err)
{
	if (!strcmp(answer->stopped, "interrupted"))
		return npu_error_set(err, -EINTR, "interrupted");
	if (strcmp(answer->stopped, "context is full") || answer->limit == RUN_NO_LIMIT)
		return 0;
	return npu_error_set(err, -ENOSPC,
			     "the context of %u tokens is full after %u of the %u tokens that were asked for: ask for more with --ctx-size",
			     npu_llm_context(run->model.llm), answer->generated,
			     answer->limit);
}

static int report(const struct run *run, struct npu_error *err)
{
	int ret = 0;

	if (run->options->json) {
		run_report_json(run);
	} else {
		print_answers(run);
		run_report(run);
	}
	for (uint32_t i = 0; !run->options->interactive && !ret && i < run->n_answers; i++)
		ret = check_answer(run, &run->answers[i], err);
	return ret;
}

static int run_all(struct run *run, struct npu_error *err)
{
	int status = status_of(open_files(run, err));

	if (status != STATUS_OK)
		return status;
	if (run_open_devices(run, err))
		return STATUS_FAILED;
	status = status_of(load(run, err));
	if (status != STATUS_OK)
		return status;
	if (interrupt_catch()) {
		npu_error_set(err, -errno, "cannot catch Ctrl-C: %s", strerror(errno));
		return STATUS_FAILED;
	}
	status = status_of(write_all(run, err));
	return status == STATUS_OK ? status_of(report(run, err)) : status;
}

static void release(struct run *run)
{
	for (uint32_t i = 0; i < run->n_answers; i++)
		answer_release(&run->answers[i]);
	free(run->answers);
	npu_sequence_destroy(run->guess);
	run_model_close(&run->draft);
	run_model_close(&run->model);
	while (run->n_devices)
		npu_device_close(run->devices[--run->n_devices]);
}

int main(int argc, char **argv)
{
	struct run_options options;
	struct run run = { .options = &options, .start = run_seconds() };
	struct npu_error err = { 0 };
	int status = STATUS_BAD_INPUT;

	if (run_options_parse(&options, argc, argv)) {
		status = run_all(&run, &err);
		if (status == STATUS_FAILED || status == STATUS_BAD_INPUT)
			fprintf(stderr, "npu-run: %s\n", err.message);
	}
	release(&run);
	run_options_release(&options);
	return status;
}
