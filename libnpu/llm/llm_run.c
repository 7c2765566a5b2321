// SPDX-License-Identifier: MIT
/* Tokens through the programs of a model. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "llm_model.h"

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

/* As ARGMAX: the lowest of the largest, NaN counts as -inf. */
static uint32_t largest(const float *x, uint32_t n)
{
	float best = -INFINITY;
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++)
		if (x[i] > best) {
			best = x[i];
			at = i;
		}
	return at;
}

/* One job; @n is at most a chunk, @logits of them get logits. */
static int run(struct npu_sequence *s, enum npu_llm_phase phase, const uint32_t *tokens,
	       uint32_t n, uint32_t logits, struct npu_error *err)
{
	struct npu_llm *llm = s->llm;
	const uint64_t chunk[] = { s->length, n, logits, 0 }, single[] = { s->length, 0 };
	const uint64_t *args = phase == NPU_LLM_DECODE ? single : chunk;
	uint32_t program = phase == NPU_LLM_DECODE ? llm->decode : llm->prefill;
	struct npu_job_stats stats;
	int ret;

	for (uint32_t i = 0; i < n; i++)
		llm->tokens[i] = tokens[i];
	s->has_logits = false;
	ret = llm->machine.run(llm->machine.opaque, program, args, &stats, err);
	if (ret)
		return ret;
	account(&llm->stats[phase], &stats, n);
	account(&s->stats[phase], &stats, n);
	memcpy(s->tokens + s->length, tokens, n * sizeof(*tokens));
	s->length += n;
	if (!logits)
		return 0;
	memcpy(s->logits, llm->logits + (size_t)(logits - 1) * llm->vocab,
	       llm->vocab * sizeof(*s->logits));
	s->next = largest(s->logits, llm->vocab);
	s->has_logits = true;
	return 0;
}

static int check_tokens(const struct npu_sequence *s, const uint32_t *tokens, size_t n,
			struct npu_error *err)
{
	const struct npu_llm *llm = s->llm;

	if (!n)
		return npu_error_set(err, -EINVAL, "no tokens to run");
	if (n > llm->context - s->length)
		return npu_error_set(err, -ENOSPC,
				     "%zu tokens behind %u exceed the context of %u: ask for fewer, or compile a longer context",
				     n, s->length, llm->context);
	for (size_t i = 0; i < n; i++)
		if (tokens[i] >= llm->vocab)
			return npu_error_set(err, -EINVAL,
					     "token %u is not below the vocabulary of %u",
					     tokens[i], llm->vocab);
	return 0;
}

/* @all receives every token's logits, or is NULL when the last one's are enough. */
static int append_locked(struct npu_sequence *s, const uint32_t *tokens, size_t n,
			 float *all, struct npu_error *err)
{
	struct npu_llm *llm = s->llm;
	uint32_t start = s->length;
	int ret = check_tokens(s, tokens, n, err);

	for (size_t i = 0; !ret && i < n; i += llm->chunk) {
		uint32_t now = n - i < llm->chunk ? n - i : llm->chunk;

		ret = run(s, NPU_LLM_PREFILL, tokens + i, now, all ? now : i + now == n, err);
		if (!ret && all)
			memcpy(all + i * llm->vocab, llm->logits,
			       (size_t)now * llm->vocab * sizeof(*all));
	}
	if (ret)
		s->length = start;
	return ret;
}

int npu_sequence_append(struct npu_sequence *sequence, const uint32_t *tokens, size_t n,
			float *logits, struct npu_error *err)
{
	int ret;

	pthread_mutex_lock(&sequence->llm->lock);
	ret = append_locked(sequence, tokens, n, logits, err);
	pthread_mutex_unlock(&sequence->llm->lock);
	return ret;
}

int npu_llm_decode(struct npu_llm *llm, struct npu_sequence *const *sequences,
		   const uint32_t *tokens, size_t n, struct npu_error *err)
{
	int ret = n ? 0 : npu_error_set(err, -EINVAL, "no tokens to run");

	pthread_mutex_lock(&llm->lock);
	for (size_t i = 0; !ret && i < n; i++)
		ret = check_tokens(sequences[i], &tokens[i], 1, err);
	for (size_t i = 0; !ret && i < n; i++)
		ret = run(sequences[i], NPU_LLM_DECODE, &tokens[i], 1, 1, err);
	pthread_mutex_unlock(&llm->lock);
	return ret;
}

int npu_sequence_decode(struct npu_sequence *sequence, uint32_t token,
			struct npu_error *err)
{
	return npu_llm_decode(sequence->llm, &sequence, &token, 1, err);
}
