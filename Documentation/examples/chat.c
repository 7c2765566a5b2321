// SPDX-License-Identifier: MIT
/*
 * A chat in the terminal: answers come as they are written, and nothing is
 * read twice.
 *
 *	chat MODEL.gguf
 *
 * Each turn turns all that was said into tokens, goes back to where the sequence
 * differs from these, and reads the rest: what the user said last, as a rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/chat.h>
#include <npu/llm.h>
#include <npu/npu.h>
#include <npu/sampler.h>
#include <npu/stop.h>
#include <npu/tokenizer.h>

#define MOST 64		/* messages */
#define LENGTH 100	/* tokens of an answer */
#define SIZE 8192	/* bytes of a message */
#define TRY(call) do { if (call) die(err.message); } while (0)

static struct npu_error err;

static void die(const char *why)
{
	fprintf(stderr, "chat: %s\n", why);
	exit(1);
}

/* Make the sequence hold these tokens; read those that it has not yet. */
static void read_tokens(struct npu_sequence *sequence, const uint32_t *tokens, size_t n)
{
	const uint32_t *there = npu_sequence_tokens(sequence);
	size_t same = 0;

	/* At least the last one is read, as its logits choose the answer's first. */
	while (same < npu_sequence_length(sequence) && same + 1 < n && there[same] == tokens[same])
		same++;
	TRY(npu_sequence_truncate(sequence, same, &err));
	TRY(npu_sequence_append(sequence, tokens + same, n - same, NULL, &err));
	fprintf(stderr, "(%zu of %zu tokens read)\n", n - same, n);
}

static void show(const char *text, size_t len, char *answer)
{
	size_t used = strlen(answer);

	if (len >= SIZE - used)
		len = SIZE - used - 1;
	memcpy(answer + used, text, len);
	answer[used + len] = 0;
	fwrite(text, 1, len, stdout);
	fflush(stdout);
}

static void write_answer(struct npu_sequence *sequence, const struct npu_tokenizer *tokenizer,
			 struct npu_sampler *sampler, struct npu_stop *stop, char *answer)
{
	struct npu_llm *llm = npu_sequence_model(sequence);
	char piece[npu_tokenizer_decode_size(tokenizer)];
	struct npu_decoder decoder = { 0 };
	const char *text;
	uint32_t token;
	size_t len;

	npu_stop_reset(stop);
	answer[0] = 0;
	for (int n = 0; n < LENGTH && !npu_stop_hit(stop); n++) {
		TRY(npu_sampler_sample(sampler, npu_sequence_logits(sequence), npu_llm_vocab(llm),
				       &token, &err));
		if (npu_tokenizer_is_end(tokenizer, token))
			break;
		npu_tokenizer_decode(tokenizer, &decoder, token, piece, sizeof(piece), &len);
		/* What may be the start of a text that ends the answer waits. */
		TRY(npu_stop_push(stop, piece, len, &text, &len, &err));
		show(text, len, answer);
		if (npu_sequence_length(sequence) == npu_llm_context(llm))
			break;
		TRY(npu_sequence_decode(sequence, token, &err));
	}
	text = npu_stop_flush(stop, &len);
	show(text, len, answer);
	putchar('\n');
}

static void converse(struct npu_sequence *sequence, const struct npu_chat_template *chat,
		     const struct npu_tokenizer *tokenizer, struct npu_sampler *sampler,
		     struct npu_stop *stop)
{
	static char said[MOST][SIZE];
	struct npu_chat_message messages[MOST];
	uint32_t *tokens;
	size_t n = 0, count;

	while (n + 2 <= MOST && fputs("> ", stderr) >= 0 && fgets(said[n], SIZE, stdin)) {
		said[n][strcspn(said[n], "\n")] = 0;
		messages[n] = (struct npu_chat_message){ NPU_CHAT_USER, said[n] };
		n++;
		TRY(npu_chat_encode(chat, tokenizer, messages, n, true, &tokens, &count, &err));
		read_tokens(sequence, tokens, count);
		free(tokens);
		write_answer(sequence, tokenizer, sampler, stop, said[n]);
		messages[n] = (struct npu_chat_message){ NPU_CHAT_ASSISTANT, said[n] };
		n++;
	}
}

int main(int argc, char **argv)
{
	const struct npu_sampler_params how = { .temperature = 0.7f, .top_p = 0.95f, .seed = 1 };
	const struct npu_chat_template *chat;
	struct npu_tokenizer *tokenizer;
	struct npu_sequence *sequence;
	struct npu_sampler *sampler;
	struct npu_device *device;
	struct npu_gguf *gguf;
	struct npu_stop *stop;
	struct npu_llm *llm;
	size_t n = 0;

	if (argc != 2)
		die("usage: chat MODEL.gguf");
	TRY(npu_gguf_open(argv[1], &gguf, &err));
	TRY(npu_tokenizer_create(gguf, &tokenizer, &err));
	if (npu_chat_detect(gguf, &chat, &err))
		chat = npu_chat_find("chatml");
	while (npu_chat_stops(chat)[n])
		n++;
	TRY(npu_stop_create(npu_chat_stops(chat), n, &stop, &err));
	TRY(npu_sampler_create(&how, &sampler, &err));
	TRY(npu_device_open(NULL, &device, &err));
	TRY(npu_llm_open(device, gguf, NULL, &llm, &err));
	TRY(npu_sequence_create(llm, &sequence, &err));
	converse(sequence, chat, tokenizer, sampler, stop);
	npu_sequence_destroy(sequence);
	npu_llm_close(llm);
	npu_device_close(device);
	npu_sampler_destroy(sampler);
	npu_stop_destroy(stop);
	npu_tokenizer_destroy(tokenizer);
	npu_gguf_close(gguf);
	return 0;
}
