/* SPDX-License-Identifier: MIT */
/* The parts of npu-run: what is asked for, the model, texts, figures. */
#ifndef NPU_TOOLS_RUN_H
#define NPU_TOOLS_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <npu/chat.h>
#include <npu/gguf.h>
#include <npu/llm.h>
#include <npu/sampler.h>
#include <npu/stop.h>
#include <npu/tokenizer.h>

#include "options.h"
#include "text.h"

#define RUN_NO_LIMIT UINT32_MAX

/**
 * struct run_options - the command line
 * @model: file
 * @draft_model: file of a smaller model that guesses, or NULL
 * @nodes: devices
 * @devices: number of devices, if no nodes are named
 * @split: how much of the model each gets, @n_split numbers; none: all the same
 * @split_none: several devices or not, only the first is used
 * @system: what a chat model is told before all else, or NULL
 * @chat_template: name of the form of a chat, or NULL for the file's
 * @prompt_text: the prompt, as an option
 * @prompt_file: file with the prompt, or NULL
 * @prompt: the prompt
 * @stop: texts that end an answer
 * @tokens: most tokens of an answer, or RUN_NO_LIMIT
 * @parallel: texts to write from the prompt
 * @draft_tokens: most tokens to guess at a time
 * @cache: directory for compiled models, or NULL for the usual one
 * @no_cache: compile anew, keep nothing
 * @json: text and figures as JSON
 * @interactive: read more from the user
 * @conversation: chat, in the form that the model was trained on
 * @no_conversation: do not, also if it was trained on one
 * @single_turn: one answer of a chat and no more
 * @escape: backslash sequences in prompt and stop texts mean something
 * @special: text that spells control tokens stands for them
 * @ignore_eos: go on after the end of the text
 * @sampling: how to choose a token
 * @llm: choices of compiler and cache
 */
struct run_options {
	const char *model, *draft_model, *cache, *system, *chat_template;
	const char *prompt_text, *prompt_file;
	struct text prompt;
	struct option_list stop, nodes;
	float split[NPU_MAX_DEVICES];
	uint32_t n_split, devices;
	bool split_none;
	uint32_t tokens, parallel, draft_tokens;
	bool interactive, conversation, no_conversation, single_turn;
	bool json, escape, special, ignore_eos, no_cache;
	struct npu_sampler_params sampling;
	struct npu_llm_options llm;
};

/** run_options_parse() - read the command line; says what is wrong with it */
bool run_options_parse(struct run_options *options, int argc, char **argv);

/** run_options_release() - free what it holds */
void run_options_release(struct run_options *options);

struct run;

/**
 * struct run_model - a model on the device
 * @path: its file
 * @image: the model, compiled: what a file of npu-compile holds, or NULL
 * @gguf: a model file, or the part of it that a compiled one keeps
 * @tokenizer: of the file
 * @llm: on the device
 */
struct run_model {
	const char *path;
	struct npu_job_image *image;
	struct npu_gguf *gguf;
	struct npu_tokenizer *tokenizer;
	struct npu_llm *llm;
};

/** run_model_read() - open the file: what is wrong with it needs no device */
int run_model_read(struct run_model *model, const char *path, struct npu_error *err);

/** run_model_load() - bring it onto the device, with a progress bar */
int run_model_load(struct run_model *model, struct npu_device *const *devices, uint32_t n,
		   const struct run_options *options, struct npu_error *err);

/** run_open_devices() - open those that the command line wants: run->devices */
int run_open_devices(struct run *run, struct npu_error *err);

/** run_model_check_draft() - whether the tokens of two models mean the same */
int run_model_check_draft(const struct run_model *model, const struct run_model *draft,
			  struct npu_error *err);

/** run_model_check_context() - whether the draft model can read all that the other can */
int run_model_check_context(const struct run_model *model, const struct run_model *draft,
			    struct npu_error *err);

/** run_model_close() - give it back */
void run_model_close(struct run_model *model);

/**
 * struct run_cost - what a part of a run has cost
 * @tokens: tokens that were read or written
 * @stats: of the jobs of the model, and of the draft model
 */
struct run_cost {
	uint64_t tokens;
	struct npu_llm_stats stats;
};

/**
 * struct run_figures - the closing figures
 * @load_seconds: from the start until the model could run
 * @first_seconds: from the prompt until the first token, by the clock on the wall
 * @first_model_seconds: likewise, of the modelled machine
 * @prompt: what reading prompts has cost
 * @generated: what writing has cost
 * @drafted: tokens that the draft model guessed
 * @accepted: how many of them were right
 */
struct run_figures {
	double load_seconds, first_seconds, first_model_seconds;
	struct run_cost prompt, generated;
	uint64_t drafted, accepted;
};

/** struct run_clock - a moment, by the wall and by what the models have cost */
struct run_clock {
	double seconds;
	struct npu_llm_stats stats;
};

/** run_seconds() - a clock that only runs forward */
double run_seconds(void);

/** run_clock_read() - now; @draft may be NULL */
void run_clock_read(struct run_clock *clock, const struct run_model *model,
		    const struct run_model *draft);

/** run_cost_add() - @tokens more have cost what is between two moments */
void run_cost_add(struct run_cost *cost, uint64_t tokens, const struct run_clock *before,
		  const struct run_clock *after);

/**
 * struct answer - a text that is being written
 * @tokenizer: of the model
 * @sampler: how to choose
 * @stop: texts that end it
 * @sequence: where it is written
 * @chat: template whose texts end it, also as single tokens; or NULL
 * @decoder: of its tokens
 * @piece: room for one token's text
 * @piece_size: bytes of @piece
 * @text: prompt and what is shown
 * @stream: where it is shown as it comes, or NULL
 * @seed: start of its random sequence
 * @limit: most tokens, or RUN_NO_LIMIT
 * @generated: tokens so far
 * @ignore_eos: the end of the text does not end it
 * @stopped: why it has ended; NULL while it goes on
 */
struct answer {
	const struct npu_tokenizer *tokenizer;
	struct npu_sampler *sampler;
	struct npu_stop *stop;
	struct npu_sequence *sequence;
	const struct npu_chat_template *chat;
	struct npu_decoder decoder;
	char *piece;
	size_t piece_size;
	struct text text;
	FILE *stream;
	uint64_t seed;
	uint32_t limit, generated;
	bool ignore_eos;
	const char *stopped;
};

/**
 * answer_init() - get ready for an answer
 * @answer: receives it; answer_release() also after a failure
 * @options: the command line
 * @tokenizer: of the model
 * @chat: template whose texts end an answer too, or NULL
 * @number: which of several from one prompt: each has a seed of its own
 * @err: what failed
 */
int answer_init(struct answer *answer, const struct run_options *options,
		const struct npu_tokenizer *tokenizer, const struct npu_chat_template *chat,
		uint32_t number, struct npu_error *err);

/** answer_release() - free it, and its sequence */
void answer_release(struct answer *answer);

/** answer_show() - text that is not the model's */
int answer_show(struct answer *answer, const char *data, size_t len, struct npu_error *err);

/** answer_restart() - the next answer of the same sequence; the text stays */
void answer_restart(struct answer *answer);

/** answer_choose_from() - the next token, from logits of elsewhere */
int answer_choose_from(struct answer *answer, const float *logits, uint32_t vocab,
		       uint32_t *token, struct npu_error *err);

/** answer_take() - a token has been chosen: show it, and see whether it is the last */
int answer_take(struct answer *answer, uint32_t token, struct npu_error *err);

/**
 * answer_advance() - choose and take the next token, from the logits of the sequence
 * @answer: answer that goes on; it ends also when it is long enough, when the
 *	user interrupts it, or when the sequence has no room for the token
 * @token: receives the token, if the answer goes on
 * @err: what failed
 */
int answer_advance(struct answer *answer, uint32_t *token, struct npu_error *err);

/** answer_end() - it has ended, because of @why if nothing else: show what was held back */
int answer_end(struct answer *answer, const char *why, struct npu_error *err);

/**
 * struct run - all of it
 * @options: the command line
 * @chat: form of the conversation; NULL for plain text
 * @devices: NPUs, @n_devices
 * @model: model
 * @draft: smaller model that guesses, if @draft.llm is set
 * @guess: what it has read, or NULL
 * @answers: texts that are being written
 * @n_answers: number of them
 * @figures: what it has cost
 * @start: when it began
 */
struct run {
	const struct run_options *options;
	const struct npu_chat_template *chat;
	struct npu_device *devices[NPU_MAX_DEVICES];
	uint32_t n_devices;
	struct run_model model, draft;
	struct npu_sequence *guess;
	struct answer *answers;
	uint32_t n_answers;
	struct run_figures figures;
	double start;
};

/**
 * run_read() - append tokens to the first answer's sequence
 *
 * They count as prompt. After a failure, -EINTR among them, the sequence is as
 * it was.
 */
int run_read(struct run *run, const uint32_t *tokens, size_t n, struct npu_error *err);

/** run_write() - write all answers that have not ended, side by side */
int run_write(struct run *run, struct npu_error *err);

/**
 * run_write_drafted() - write the only answer with the help of the draft model
 *
 * The draft model guesses some tokens, and the model reads them all in one job;
 * those that it would have chosen itself stand. So the text is the one that it
 * writes alone (Leviathan et al., 2023, for a guess that is either right or not).
 */
int run_write_drafted(struct run *run, struct npu_error *err);

/** run_choose_chat() - whether there is a chat, and in which form: run->chat */
int run_choose_chat(struct run *run, struct npu_error *err);

/** run_chat() - answer the prompt and what the user says, until there is no more */
int run_chat(struct run *run, struct npu_error *err);

/** run_report() - closing figures, as text on standard error */
void run_report(const struct run *run);

/** run_report_json() - texts and figures on standard output */
void run_report_json(const struct run *run);

#endif /* NPU_TOOLS_RUN_H */
