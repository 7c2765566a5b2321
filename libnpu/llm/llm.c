// SPDX-License-Identifier: MIT
/* A sequence of tokens through the programs of a compiled model. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "llm_machine.h"

/**
 * struct npu_llm - a loaded model and its sequence
 * @machine: where it runs
 * @decode: index of the program for one token, @prefill of that for a chunk
 * @chunk: most tokens of a prefill run
 * @context: most tokens of the sequence
 * @vocab: number of logits
 * @position: tokens so far
 * @tokens: input of the image
 * @logits: output
 * @next: output
 * @last: row of @logits that belongs to the last token
 * @prefill_stats: what has been spent, and @decode_stats
 */
struct npu_llm {
	struct llm_machine machine;
	uint32_t decode, prefill, chunk, context, vocab, position;
	int32_t *tokens;
	const float *logits;
	const int32_t *next;
	uint32_t last;
	struct npu_llm_stats prefill_stats, decode_stats;
};

static const struct npu_job_tensor *find_tensor(const struct npu_job_image *image,
						const char *name)
{
	for (uint32_t i = 0; i < image->n_tensors; i++)
		if (!strcmp(image->tensors[i].name, name))
			return &image->tensors[i];
	return NULL;
}

static bool find_program(const struct npu_job_image *image, const char *name,
			 uint32_t *index)
{
	for (uint32_t i = 0; i < image->n_programs; i++) {
		if (strcmp(image->programs[i].name, name))
			continue;
		*index = i;
		return true;
	}
	return false;
}

/* The image says all that there is to know about the model. */
static int read_image(struct npu_llm *llm, const struct npu_job_image *image,
		      struct npu_error *err)
{
	const struct npu_job_tensor *logits = find_tensor(image, "logits");
	const struct npu_job_tensor *keys = find_tensor(image, "blk.0.keys");
	const struct llm_machine *m = &llm->machine;

	if (!logits || !keys || !find_program(image, "decode", &llm->decode) ||
	    !find_program(image, "prefill", &llm->prefill))
		return npu_error_set(err, -EINVAL, "the image holds no language model");
	llm->chunk = logits->dims[0];
	llm->vocab = logits->dims[1];
	llm->context = keys->dims[1];
	llm->tokens = m->tensor(m->opaque, "tokens");
	llm->logits = m->tensor(m->opaque, "logits");
	llm->next = m->tensor(m->opaque, "next");
	if (!llm->tokens || !llm->logits || !llm->next)
		return npu_error_set(err, -EINVAL,
				     "the image lacks the tensor tokens, logits or next");
	return 0;
}

int llm_create(const struct llm_machine *machine, const struct npu_job_image *image,
	       struct npu_llm **llm, struct npu_error *err)
{
	struct npu_llm *made = calloc(1, sizeof(*made));
	int ret;

	if (!made) {
		machine->release(machine->opaque);
		return npu_error_set(err, -ENOMEM, "no memory for a model");
	}
	made->machine = *machine;
	ret = read_image(made, image, err);
	if (ret) {
		npu_llm_close(made);
		return ret;
	}
	*llm = made;
	return 0;
}

void npu_llm_close(struct npu_llm *llm)
{
	if (!llm)
		return;
	llm->machine.release(llm->machine.opaque);
	free(llm);
}

static void account(struct npu_llm_stats *to, const struct npu_job_stats *run,
		    uint64_t tokens)
{
	const uint64_t *c = run->counters;

	to->tokens += tokens;
	to->runs++;
	to->wall_ns += run->wall_ns;
	to->model_seconds += run->model_seconds;
	to->joules += c[NPU_CNT_ENERGY_PJ] * 1e-12;
	to->bytes += c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE];
	to->macs += c[NPU_CNT_MACS_I8] + c[NPU_CNT_MACS_I4] + c[NPU_CNT_MACS_F16];
}

/* One run; @n is at most a chunk, @logits of them get logits. */
static int run(struct npu_llm *llm, uint32_t program, const uint32_t *tokens,
	       uint32_t n, uint32_t logits, struct npu_error *err)
{
	const uint64_t args[] = { llm->position, n, logits };
	struct npu_job_stats stats;
	int ret;

	for (uint32_t i = 0; i < n; i++)
		llm->tokens[i] = tokens[i];
	ret = llm->machine.run(llm->machine.opaque, program, args, &stats, err);
	if (ret)
		return ret;
	account(program == llm->decode ? &llm->decode_stats : &llm->prefill_stats,
		&stats, n);
	llm->position += n;
	llm->last = logits ? logits - 1 : 0;
	return 0;
}

static int check_tokens(const struct npu_llm *llm, const uint32_t *tokens, size_t n,
			struct npu_error *err)
{
	if (!n)
		return npu_error_set(err, -EINVAL, "no tokens to run");
	if (n > llm->context - llm->position)
		return npu_error_set(err, -ENOSPC,
				     "%zu tokens behind %u exceed the context of %u: ask for fewer, or compile a longer context",
				     n, llm->position, llm->context);
	for (size_t i = 0; i < n; i++)
		if (tokens[i] >= llm->vocab)
			return npu_error_set(err, -EINVAL,
					     "token %u is not below the vocabulary of %u",
					     tokens[i], llm->vocab);
	return 0;
}

/* @all receives every token's logits, or is NULL when the last one's are enough. */
static int append(struct npu_llm *llm, const uint32_t *tokens, size_t n, float *all,
		  struct npu_error *err)
{
	uint32_t start = llm->position;
	int ret = check_tokens(llm, tokens, n, err);

	for (size_t i = 0; !ret && i < n; i += llm->chunk) {
		uint32_t now = n - i < llm->chunk ? n - i : llm->chunk;
		uint32_t logits = all ? now : i + now == n;

		ret = run(llm, llm->prefill, tokens + i, now, logits, err);
		if (!ret && all)
			memcpy(all + i * llm->vocab, llm->logits,
			       (size_t)now * llm->vocab * sizeof(*all));
	}
	if (ret)
		llm->position = start;
	return ret;
}

int npu_llm_prefill(struct npu_llm *llm, const uint32_t *tokens, size_t n,
		    struct npu_error *err)
{
	return append(llm, tokens, n, NULL, err);
}

int npu_llm_prefill_logits(struct npu_llm *llm, const uint32_t *tokens, size_t n,
			   float *logits, struct npu_error *err)
{
	return append(llm, tokens, n, logits, err);
}

int npu_llm_decode(struct npu_llm *llm, uint32_t token, struct npu_error *err)
{
	int ret = check_tokens(llm, &token, 1, err);

	return ret ? ret : run(llm, llm->decode, &token, 1, 1, err);
}

void npu_llm_reset(struct npu_llm *llm)
{
	llm->position = 0;
	llm->last = 0;
}

uint32_t npu_llm_context(const struct npu_llm *llm)
{
	return llm->context;
}

uint32_t npu_llm_vocab(const struct npu_llm *llm)
{
	return llm->vocab;
}

uint32_t npu_llm_position(const struct npu_llm *llm)
{
	return llm->position;
}

const float *npu_llm_logits(const struct npu_llm *llm)
{
	return llm->logits + (size_t)llm->last * llm->vocab;
}

uint32_t npu_llm_next(const struct npu_llm *llm)
{
	return *llm->next;
}

const struct npu_llm_stats *npu_llm_prefill_stats(const struct npu_llm *llm)
{
	return &llm->prefill_stats;
}

const struct npu_llm_stats *npu_llm_decode_stats(const struct npu_llm *llm)
{
	return &llm->decode_stats;
}
