// SPDX-License-Identifier: MIT
/* Tokens through the programs of a model. The model is locked in all but the last functions. */
#include <errno.h>
#include <string.h>

#include <hw/npu_regs.h>

#include "llm_model.h"

/* @parts: sequences of the job; each has an equal part of what it cost. */
static void account(struct npu_llm_stats *to, const struct npu_job_stats *run,
		    uint64_t tokens, uint32_t parts)
{
	const uint64_t *c = run->counters;

	to->tokens += tokens;
	to->runs++;
	to->wall_ns += run->wall_ns / parts;
	to->model_seconds += run->model_seconds / parts;
	to->joules += c[NPU_CNT_ENERGY_PJ] * 1e-12 / parts;
	for (uint32_t i = 0; i < NPU_STATS_ENERGIES; i++)
		to->engine_joules[i] += run->energy_pj[i] * 1e-12 / parts;
	to->bytes += (c[NPU_CNT_MEM_READ] + c[NPU_CNT_MEM_WRITE]) / parts;
	to->macs += (c[NPU_CNT_MACS_I8] + c[NPU_CNT_MACS_I4] + c[NPU_CNT_MACS_F16]) / parts;
}

/* Room for what a run has cost, on all devices and on each. */
struct run_stats {
	struct npu_job_stats all, each[NPU_MAX_DEVICES];
};

static void account_model(struct npu_llm *llm, enum npu_llm_phase phase,
			  const struct run_stats *stats, uint32_t tokens)
{
	account(&llm->stats[phase], &stats->all, tokens, 1);
	for (uint32_t i = 0; llm->machine.devices > 1 && i < llm->machine.devices; i++)
		account(&llm->device_stats[i][phase], &stats->each[i], tokens, 1);
}

/*
 * As ARGMAX: the lowest of the largest, NaN counts as -inf. The bits of a float, with negative
 * ones mirrored, are in its order as an integer: an emulated processor compares these many times
 * as fast.
 */
static uint32_t largest(const float *x, uint32_t n)
{
	const int32_t infinite = 0x7f800000;
	int32_t best = -infinite;
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		int32_t bits;

		memcpy(&bits, &x[i], sizeof(bits));
		if (bits < 0)
			bits = INT32_MIN - bits;
		if (bits > best && bits <= infinite) {
			best = bits;
			at = i;
		}
	}
	return at;
}

/* A job has appended @n tokens; row @row of its logits is the last one's, if not negative. */
static void appended(struct npu_sequence *s, const uint32_t *tokens, uint32_t n, int64_t row)
{
	const struct npu_llm *llm = s->llm;
	uint32_t vocab = llm->image.vocab;

	memcpy(s->tokens + s->length, tokens, n * sizeof(*tokens));
	s->length += n;
	s->has_logits = row >= 0;
	if (row < 0)
		return;
	memcpy(s->logits, llm->logits + (size_t)row * vocab, vocab * sizeof(*s->logits));
	s->next = largest(s->logits, vocab);
}

/* One job of one sequence; @n is at most a chunk, @logits of them get logits. */
static int run(struct npu_sequence *s, enum npu_llm_phase phase, const uint32_t *tokens,
	       uint32_t n, uint32_t logits, struct npu_error *err)
{
	struct npu_llm *llm = s->llm;
	const uint64_t chunk[] = { s->length, n, logits, s->slot };
	const uint64_t single[] = { s->length, s->slot };
	bool decode = phase == NPU_LLM_DECODE;
	struct run_stats stats;
	int ret;

	for (uint32_t i = 0; i < n; i++)
		llm->tokens[i] = tokens[i];
	s->has_logits = false;
	ret = llm->machine.run(llm->machine.opaque,
			       decode ? llm->image.decode : llm->image.prefill,
			       decode ? single : chunk, &stats.all, err);
	if (ret)
		return ret;
	account_model(llm, phase, &stats, n);
	account(&s->stats[phase], &stats.all, n, 1);
	appended(s, tokens, n, (int64_t)logits - 1);
	return 0;
}

/* One job of several sequences, at most a batch of them. */
static int run_batch(struct npu_llm *llm, struct npu_sequence *const *sequences,
		     const uint32_t *tokens, uint32_t n, struct npu_error *err)
{
	const uint64_t rows[] = { n };
	struct run_stats stats;
	int ret;

	for (uint32_t i = 0; i < n; i++) {
		llm->tokens[i] = tokens[i];
		llm->places[i] = sequences[i]->length;
		llm->places[llm->image.places + i] = sequences[i]->slot;
		sequences[i]->has_logits = false;
	}
	ret = llm->machine.run(llm->machine.opaque, llm->image.batched, rows, &stats.all,
			       err);
	if (ret)
		return ret;
	account_model(llm, NPU_LLM_DECODE, &stats, n);
	for (uint32_t i = 0; i < n; i++) {
		account(&sequences[i]->stats[NPU_LLM_DECODE], &stats.all, 1, n);
		appended(sequences[i], &tokens[i], 1, i);
	}
	return 0;
}

static int check_tokens(const struct npu_sequence *s, const uint32_t *tokens, size_t n,
			struct npu_error *err)
{
	const struct llm_image *im = &s->llm->image;

	if (!n)
		return npu_error_set(err, -EINVAL, "no tokens to run");
	if (n > im->context - s->length)
		return npu_error_set(err, -ENOSPC,
				     "%zu tokens behind %u exceed the context of %u: ask for fewer, or compile a longer context",
				     n, s->length, im->context);
	for (size_t i = 0; i < n; i++)
		if (tokens[i] >= im->vocab)
			return npu_error_set(err, -EINVAL,
					     "token %u is not below the vocabulary of %u",
					     tokens[i], im->vocab);
	if (s->kv.lost)
		return npu_error_set(err, -EIO, "the sequence has lost its pages: start another");
	return 0;
}

/* Pages for @n more tokens of each sequence, all with one change of mappings. */
static int make_room(struct npu_llm *llm, struct npu_sequence *const *sequences,
		     size_t count, size_t n, struct npu_error *err)
{
	struct kv_update up;
	uint64_t pages = 0;
	int ret;

	for (size_t i = 0; i < count; i++)
		pages += kv_table_cost(&sequences[i]->kv, sequences[i]->length,
				       sequences[i]->length + n);
	ret = llm_kv_room(llm, pages, err);
	if (ret)
		return ret;
	kv_update_begin(&up, &llm->pool);
	for (size_t i = 0; !ret && i < count; i++)
		ret = kv_update_write(&up, &sequences[i]->kv, sequences[i]->length,
				      sequences[i]->length + n, err);
	return kv_update_end(&up, ret, err);
}

/* After a failure: as many tokens as there were, and only their pages. */
static void go_back(struct npu_sequence *s, uint32_t length)
{
	s->length = length;
	kv_table_trim(&s->kv, length);
}

/* @all receives every token's logits, or is NULL when the last one's are enough. */
static int append_locked(struct npu_sequence *s, const uint32_t *tokens, size_t n,
			 float *all, struct npu_error *err)
{
	uint32_t chunk = s->llm->image.chunk, vocab = s->llm->image.vocab;
	uint32_t start = s->length;
	int ret = check_tokens(s, tokens, n, err);

	if (!ret)
		ret = make_room(s->llm, &s, 1, n, err);
	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < n; i += chunk) {
		uint32_t now = n - i < chunk ? n - i : chunk;

		ret = run(s, NPU_LLM_PREFILL, tokens + i, now, all ? now : i + now == n, err);
		if (!ret && all)
			memcpy(all + i * vocab, s->llm->logits,
			       (size_t)now * vocab * sizeof(*all));
	}
	if (ret)
		go_back(s, start);
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

static int check_batch(struct npu_llm *llm, struct npu_sequence *const *sequences,
		       const uint32_t *tokens, size_t n, struct npu_error *err)
{
	struct npu_error why;

	if (!n)
		return npu_error_set(err, -EINVAL, "no sequences to run");
	for (size_t i = 0; i < n; i++) {
		int ret = 0;

		if (sequences[i]->llm != llm)
			ret = npu_error_set(&why, -EINVAL, "it is of another model");
		for (size_t j = 0; !ret && j < i; j++)
			if (sequences[j] == sequences[i])
				ret = npu_error_set(&why, -EINVAL, "it is sequence %zu as well", j);
		if (!ret)
			ret = check_tokens(sequences[i], &tokens[i], 1, &why);
		if (ret)
			return n == 1 ? npu_error_set(err, ret, "%s", why.message) :
			       npu_error_set(err, ret, "sequence %zu: %.400s", i, why.message);
	}
	return 0;
}

static int decode_locked(struct npu_llm *llm, struct npu_sequence *const *sequences,
			 const uint32_t *tokens, size_t n, struct npu_error *err)
{
	size_t done = 0;
	int ret = check_batch(llm, sequences, tokens, n, err);

	if (!ret)
		ret = make_room(llm, sequences, n, 1, err);
	if (ret)
		return ret;
	while (!ret && done < n) {
		uint32_t now = n - done < llm->image.batch ? n - done : llm->image.batch;

		if (now == 1)
			ret = run(sequences[done], NPU_LLM_DECODE, &tokens[done], 1, 1, err);
		else
			ret = run_batch(llm, &sequences[done], &tokens[done], now, err);
		done += ret ? 0 : now;
	}
	for (size_t i = 0; ret && i < n; i++) {
		sequences[i]->has_logits = false;
		go_back(sequences[i], sequences[i]->length - (i < done));
	}
	return ret;
}

int npu_llm_decode(struct npu_llm *llm, struct npu_sequence *const *sequences,
		   const uint32_t *tokens, size_t n, struct npu_error *err)
{
	int ret;

	pthread_mutex_lock(&llm->lock);
	ret = decode_locked(llm, sequences, tokens, n, err);
	pthread_mutex_unlock(&llm->lock);
	return ret;
}

int npu_sequence_decode(struct npu_sequence *sequence, uint32_t token,
			struct npu_error *err)
{
	return npu_llm_decode(sequence->llm, &sequence, &token, 1, err);
}
