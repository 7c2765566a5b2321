// SPDX-License-Identifier: MIT
/*
 * Several texts from one prompt: read once, forked, written side by side.
 *
 *	batch MODEL.gguf PROMPT N
 *
 * Each step of all N texts is one job, which reads the weights once; the pages
 * of the prompt's keys and values are there once, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/llm.h>
#include <npu/npu.h>
#include <npu/sampler.h>
#include <npu/tokenizer.h>

#define MOST 8		/* texts */
#define LENGTH 40	/* tokens of each */
#define TRY(call) do { if (call) die(err.message); } while (0)

static void die(const char *why)
{
	fprintf(stderr, "batch: %s\n", why);
	exit(1);
}

int main(int argc, char **argv)
{
	size_t n = argc == 4 ? strtoul(argv[3], NULL, 0) : 0, n_prompt, len;
	struct npu_sequence *sequence[MOST];
	struct npu_sampler *sampler[MOST];
	uint32_t token[MOST], *prompt, written[MOST][LENGTH];
	struct npu_tokenizer *tokenizer;
	struct npu_llm_stats stats;
	struct npu_device *device;
	struct npu_gguf *gguf;
	struct npu_llm *llm;
	struct npu_error err;

	if (!n || n > MOST)
		die("usage: batch MODEL.gguf PROMPT N, with N from 1 to 8");
	TRY(npu_gguf_open(argv[1], &gguf, &err));
	TRY(npu_tokenizer_create(gguf, &tokenizer, &err));
	TRY(npu_device_open(NULL, &device, &err));
	TRY(npu_llm_open(device, gguf, NULL, &llm, &err));

	/* The prompt is read by the first sequence; the others start where it is. */
	TRY(npu_tokenizer_encode(tokenizer, argv[2], strlen(argv[2]), NPU_ENCODE_BOS, &prompt,
				 &n_prompt, &err));
	TRY(npu_sequence_create(llm, &sequence[0], &err));
	TRY(npu_sequence_append(sequence[0], prompt, n_prompt, NULL, &err));
	for (size_t i = 0; i < n; i++) {
		struct npu_sampler_params how = { .temperature = 0.8f, .top_p = 0.95f, .seed = i };

		if (i)
			TRY(npu_sequence_fork(sequence[0], &sequence[i], &err));
		TRY(npu_sampler_create(&how, &sampler[i], &err));
	}

	for (size_t step = 0; step < LENGTH; step++) {
		for (size_t i = 0; i < n; i++) {
			TRY(npu_sampler_sample(sampler[i], npu_sequence_logits(sequence[i]),
					       npu_llm_vocab(llm), &token[i], &err));
			written[i][step] = token[i];
		}
		TRY(npu_llm_decode(llm, sequence, token, n, &err));
	}

	for (size_t i = 0; i < n; i++) {
		struct npu_decoder decoder = { 0 };
		char piece[npu_tokenizer_decode_size(tokenizer)];

		printf("%zu: %s", i, argv[2]);
		for (size_t step = 0; step < LENGTH; step++) {
			npu_tokenizer_decode(tokenizer, &decoder, written[i][step], piece,
					     sizeof(piece), &len);
			fwrite(piece, 1, len, stdout);
		}
		putchar('\n');
		npu_sampler_destroy(sampler[i]);
		npu_sequence_destroy(sequence[i]);
	}
	npu_llm_stats(llm, NPU_LLM_DECODE, &stats);
	printf("%llu tokens in %llu jobs, %.0f tokens/s on the modelled NPU\n",
	       (unsigned long long)stats.tokens, (unsigned long long)stats.runs,
	       (double)stats.tokens / stats.model_seconds);
	free(prompt);
	npu_llm_close(llm);
	npu_device_close(device);
	npu_tokenizer_destroy(tokenizer);
	npu_gguf_close(gguf);
	return 0;
}
