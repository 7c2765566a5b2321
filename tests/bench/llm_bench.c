// SPDX-License-Identifier: MIT
/*
 * Speed of a compiled model on the device that npu_device_open() finds, or that $NPU_DEVICE names.
 *
 *	llm_bench MODEL.job [PREFILL [DECODE [POSITION]...]]
 *
 * Reads a prompt of PREFILL random tokens (512) some times, then writes DECODE tokens (32) from
 * each POSITION on (0), the likeliest each time. Prints a line of JSON for each: the median of the
 * runs, or of the tokens, and the bytes between memory and cores that the device counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <npu/llm.h>

#include "bench.h"

#define REPEATS 3
#define MOST 4096	/* tokens that are written from one position */

static struct npu_error err;

struct model {
	struct npu_device *device;
	struct npu_job_image *image;
	struct npu_llm *llm;
	struct npu_sequence *sequence;
	uint32_t seed;
};

static int fail(void)
{
	fprintf(stderr, "llm_bench: %s\n", err.message);
	return 1;
}

/* Loading takes a while in an emulated machine; how long is told as well. */
static int open_model(struct model *m, const char *path)
{
	double start = bench_now();
	int ret = npu_device_open(NULL, &m->device, &err);

	if (!ret)
		ret = npu_job_image_read(path, &m->image, &err);
	if (!ret)
		ret = npu_llm_open_image(m->device, m->image, NULL, &m->llm, &err);
	if (!ret)
		ret = npu_sequence_create(m->llm, &m->sequence, &err);
	if (ret)
		return ret;
	printf("{ \"test\": \"load\", \"seconds\": %.3f }\n", bench_now() - start);
	fflush(stdout);
	return 0;
}

static void close_model(struct model *m)
{
	npu_sequence_destroy(m->sequence);
	npu_llm_close(m->llm);
	npu_job_image_free(m->image);
	npu_device_close(m->device);
}

/* Noise, until the sequence is @length tokens long. */
static int read_noise(struct model *m, uint32_t length)
{
	uint32_t n = length - npu_sequence_length(m->sequence), i;
	uint32_t *tokens;
	int ret;

	if (!n)
		return 0;
	tokens = malloc(n * sizeof(*tokens));
	if (!tokens)
		return npu_error_set(&err, -1, "no memory for %u tokens", n);
	for (i = 0; i < n; i++) {
		m->seed = m->seed * 1664525 + 1013904223;
		tokens[i] = (uint32_t)((uint64_t)m->seed * npu_llm_vocab(m->llm) >> 32);
	}
	ret = npu_sequence_append(m->sequence, tokens, n, NULL, &err);
	free(tokens);
	return ret;
}

static void print(const char *test, uint32_t position, uint32_t tokens, double seconds,
		  double bytes)
{
	printf("{ \"test\": \"%s\", \"position\": %u, \"tokens\": %u, \"seconds_per_token\": %.6f, \"tokens_per_second\": %.2f, \"bytes_per_token\": %.0f }\n",
	       test, position, tokens, seconds, 1 / seconds, bytes);
	fflush(stdout);
}

static int prefill(struct model *m, uint32_t tokens)
{
	struct npu_llm_stats stats;
	double seconds[REPEATS];
	int i, ret = 0;

	/* The first run also brings pages of the KV cache. */
	for (i = -1; i < REPEATS && !ret; i++) {
		double start = bench_now();

		ret = npu_sequence_truncate(m->sequence, 0, &err);
		if (!ret)
			ret = read_noise(m, tokens);
		if (i >= 0)
			seconds[i] = (bench_now() - start) / tokens;
	}
	if (ret)
		return ret;
	npu_sequence_stats(m->sequence, NPU_LLM_PREFILL, &stats);
	print("prefill", 0, tokens, bench_median(seconds, REPEATS),
	      (double)stats.bytes / (double)stats.tokens);
	return npu_sequence_truncate(m->sequence, 0, &err);
}

static int decode(struct model *m, uint32_t position, uint32_t tokens)
{
	static double seconds[MOST];
	struct npu_llm_stats before, after;
	uint32_t token = 1, i;
	int ret = 0;

	if (position < npu_sequence_length(m->sequence))
		ret = npu_sequence_truncate(m->sequence, position, &err);
	if (!ret)
		ret = read_noise(m, position);
	npu_sequence_stats(m->sequence, NPU_LLM_DECODE, &before);
	for (i = 0; i < tokens && !ret; i++) {
		double start = bench_now();

		ret = npu_sequence_decode(m->sequence, token, &err);
		if (!ret)
			token = npu_sequence_next(m->sequence);
		seconds[i] = bench_now() - start;
	}
	if (ret)
		return ret;
	npu_sequence_stats(m->sequence, NPU_LLM_DECODE, &after);
	print("decode", position, tokens, bench_median(seconds, tokens),
	      (double)(after.bytes - before.bytes) / tokens);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t tokens = argc > 2 ? (uint32_t)atoi(argv[2]) : 512;
	uint32_t generated = argc > 3 ? (uint32_t)atoi(argv[3]) : 32;
	struct model m = { .seed = 1 };
	int i, ret;

	if (argc < 2 || generated > MOST) {
		fprintf(stderr, "usage: llm_bench MODEL.job [PREFILL [DECODE [POSITION]...]]\n");
		return 2;
	}
	ret = open_model(&m, argv[1]);
	if (!ret && tokens)
		ret = prefill(&m, tokens);
	for (i = 4; i < argc && !ret && generated; i++)
		ret = decode(&m, (uint32_t)atoi(argv[i]), generated);
	if (!ret && argc <= 4 && generated)
		ret = decode(&m, 0, generated);
	if (ret)
		ret = fail();
	close_model(&m);
	return ret;
}
