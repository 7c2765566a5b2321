// SPDX-License-Identifier: MIT
/* One text that a model writes: tokens in, what may be shown out. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "run.h"

/* The texts of the command line, and those of the template. */
static int watch_for_stops(struct answer *answer, const struct option_list *own,
			   struct npu_error *err)
{
	static const char *const none[] = { NULL };
	const char *const *more = answer->chat ? npu_chat_stops(answer->chat) : none;
	const char **all;
	size_t n = 0;
	int ret;

	while (more[n])
		n++;
	all = calloc(own->n + n + 1, sizeof(*all));
	if (!all)
		return npu_error_set(err, -ENOMEM, "no memory for stop texts");
	for (size_t i = 0; i < own->n; i++)
		all[i] = own->items[i];
	for (size_t i = 0; i < n; i++)
		all[own->n + i] = more[i];
	ret = npu_stop_create(all, own->n + n, &answer->stop, err);
	free(all);
	return ret;
}

int answer_init(struct answer *answer, const struct run_options *options,
		const struct npu_tokenizer *tokenizer, const struct npu_chat_template *chat,
		uint32_t number, struct npu_error *err)
{
	struct npu_sampler_params sampling = options->sampling;
	int ret;

	sampling.seed += number;
	*answer = (struct answer){
		.tokenizer = tokenizer, .chat = chat, .seed = sampling.seed,
		.limit = options->tokens, .ignore_eos = options->ignore_eos,
		.piece_size = npu_tokenizer_decode_size(tokenizer),
	};
	answer->piece = malloc(answer->piece_size + 1);
	if (!answer->piece)
		return npu_error_set(err, -ENOMEM, "no memory for a token");
	ret = npu_sampler_create(&sampling, &answer->sampler, err);
	return ret ? ret : watch_for_stops(answer, &options->stop, err);
}

void answer_release(struct answer *answer)
{
	npu_sequence_destroy(answer->sequence);
	npu_sampler_destroy(answer->sampler);
	npu_stop_destroy(answer->stop);
	text_release(&answer->text);
	free(answer->piece);
}

int answer_show(struct answer *answer, const char *data, size_t len, struct npu_error *err)
{
	if (!text_append(&answer->text, data, len))
		return npu_error_set(err, -ENOMEM, "no memory for the text");
	if (!answer->stream || !len)
		return 0;
	if (fwrite(data, 1, len, answer->stream) != len || fflush(answer->stream))
		return npu_error_set(err, -EIO, "cannot write the text: %s", strerror(errno));
	return 0;
}

void answer_restart(struct answer *answer)
{
	npu_stop_reset(answer->stop);
	answer->decoder = (struct npu_decoder){ 0 };
	answer->generated = 0;
	answer->stopped = NULL;
}

int answer_choose_from(struct answer *answer, const float *logits, uint32_t vocab,
		       uint32_t *token, struct npu_error *err)
{
	return npu_sampler_sample(answer->sampler, logits, vocab, token, err);
}

/* Where the likeliest token is wanted the device has found it already. */
static int answer_choose(struct answer *answer, uint32_t *token, struct npu_error *err)
{
	struct npu_sequence *sequence = answer->sequence;
	const float *logits = npu_sequence_logits(sequence);

	if (!logits)
		return npu_error_set(err, -EINVAL, "there are no logits to choose a token from");
	if (npu_sampler_is_greedy(answer->sampler)) {
		*token = npu_sequence_next(sequence);
		return 0;
	}
	return answer_choose_from(answer, logits, npu_llm_vocab(npu_sequence_model(sequence)),
				  token, err);
}

/* Show what cannot be the start of a stop text. */
static int show_watched(struct answer *answer, const char *data, size_t len,
			struct npu_error *err)
{
	const char *out;
	size_t out_len;
	int ret = npu_stop_push(answer->stop, data, len, &out, &out_len, err);

	return ret ? ret : answer_show(answer, out, out_len, err);
}

/* What ends an answer of a chat may be a control token, which has no text. */
static bool ends(const struct answer *answer, uint32_t token)
{
	const char *const *stop = answer->chat ? npu_chat_stops(answer->chat) : NULL;

	if (answer->ignore_eos)
		return false;
	if (npu_tokenizer_is_end(answer->tokenizer, token))
		return true;
	for (; stop && *stop; stop++)
		if (npu_tokenizer_find(answer->tokenizer, *stop) == token)
			return true;
	return false;
}

int answer_take(struct answer *answer, uint32_t token, struct npu_error *err)
{
	size_t len;
	int ret;

	answer->generated++;
	if (ends(answer, token)) {
		answer->stopped = "end of text";
		return 0;
	}
	ret = npu_sampler_accept(answer->sampler, &token, 1, err);
	if (ret)
		return ret;
	ret = npu_tokenizer_decode(answer->tokenizer, &answer->decoder, token, answer->piece,
				   answer->piece_size, &len);
	if (ret)
		return npu_error_set(err, ret,
				     "the model chose token %u, which the tokenizer lacks",
				     token);
	ret = show_watched(answer, answer->piece, len, err);
	if (npu_stop_hit(answer->stop))
		answer->stopped = "stop string";
	else if (answer->generated == answer->limit)
		answer->stopped = "length";
	return ret;
}

int answer_advance(struct answer *answer, uint32_t *token, struct npu_error *err)
{
	const struct npu_sequence *sequence = answer->sequence;
	int ret;

	if (!answer->limit) {
		answer->stopped = "length";
		return 0;
	}
	ret = answer_choose(answer, token, err);
	if (!ret)
		ret = answer_take(answer, *token, err);
	if (ret || answer->stopped)
		return ret;
	if (interrupt_pending())
		answer->stopped = "interrupted";
	else if (npu_sequence_length(sequence) == npu_llm_context(npu_sequence_model(sequence)))
		answer->stopped = "context is full";
	return 0;
}

int answer_end(struct answer *answer, const char *why, struct npu_error *err)
{
	size_t len = npu_decoder_flush(&answer->decoder, answer->piece);
	const char *held;
	int ret;

	if (!answer->stopped)
		answer->stopped = why;
	ret = show_watched(answer, answer->piece, len, err);
	if (ret)
		return ret;
	held = npu_stop_flush(answer->stop, &len);
	return answer_show(answer, held, len, err);
}
