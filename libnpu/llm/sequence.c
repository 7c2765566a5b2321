// SPDX-License-Identifier: MIT
/* Sequences: how they begin and end, and what they know. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llm_model.h"

/* The model is locked in these. */

static int take_slot(struct npu_llm *llm, uint32_t *slot, struct npu_error *err)
{
	for (uint32_t i = 0; i < llm->image.slots; i++) {
		if (llm->slot_used[i])
			continue;
		llm->slot_used[i] = true;
		llm->sequences++;
		llm->refs++;
		*slot = i;
		return 0;
	}
	return npu_error_set(err, -EBUSY,
			     "%u sequences are in use, and the model has room for %u: end one first, or compile it for more",
			     llm->sequences, llm->image.slots);
}

static void put_slot(struct npu_llm *llm, uint32_t slot)
{
	llm->slot_used[slot] = false;
	llm->sequences--;
}

static int share(struct npu_sequence *s, const struct npu_sequence *parent,
		 struct npu_error *err)
{
	struct kv_update up;
	int ret;

	if (parent->kv.lost)
		return npu_error_set(err, -EIO, "the sequence has lost its pages");
	kv_update_begin(&up, &s->llm->pool);
	ret = kv_update_share(&up, &s->kv, &parent->kv, err);
	ret = kv_update_end(&up, ret, err);
	if (ret)
		return ret;
	s->length = parent->length;
	s->has_logits = parent->has_logits;
	s->next = parent->next;
	memcpy(s->tokens, parent->tokens, s->length * sizeof(*s->tokens));
	memcpy(s->logits, parent->logits, s->llm->image.vocab * sizeof(*s->logits));
	return 0;
}

static struct npu_sequence *alloc_sequence(struct npu_llm *llm)
{
	const struct llm_image *im = &llm->image;
	struct npu_sequence *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->llm = llm;
	s->tokens = calloc(im->context, sizeof(*s->tokens));
	s->logits = calloc(im->vocab, sizeof(*s->logits));
	s->kv.pool = &llm->pool;
	s->kv.page_tokens = im->page_tokens;
	s->kv.entry = calloc(kv_table_pages(&s->kv, im->context), sizeof(*s->kv.entry));
	if (s->tokens && s->logits && s->kv.entry)
		return s;
	free(s->tokens);
	free(s->logits);
	free(s->kv.entry);
	free(s);
	return NULL;
}

static void free_sequence(struct npu_sequence *s)
{
	free(s->tokens);
	free(s->logits);
	free(s->kv.entry);
	free(s);
}

static int start(struct npu_llm *llm, const struct npu_sequence *parent,
		 struct npu_sequence **sequence, struct npu_error *err)
{
	struct npu_sequence *s = alloc_sequence(llm);
	int ret;

	if (!s)
		return npu_error_set(err, -ENOMEM, "no memory for a sequence");
	pthread_mutex_lock(&llm->lock);
	ret = take_slot(llm, &s->slot, err);
	if (!ret) {
		s->kv.va = llm->image.va + s->slot * llm->image.slot_bytes;
		ret = parent ? share(s, parent, err) : 0;
		if (ret) {
			put_slot(llm, s->slot);
			llm->refs--;
		}
	}
	pthread_mutex_unlock(&llm->lock);
	if (ret) {
		free_sequence(s);
		return ret;
	}
	*sequence = s;
	return 0;
}

int npu_sequence_create(struct npu_llm *llm, struct npu_sequence **sequence,
			struct npu_error *err)
{
	return start(llm, NULL, sequence, err);
}

int npu_sequence_fork(struct npu_sequence *parent, struct npu_sequence **sequence,
		      struct npu_error *err)
{
	return start(parent->llm, parent, sequence, err);
}

int npu_sequence_truncate(struct npu_sequence *sequence, uint32_t length,
			  struct npu_error *err)
{
	struct npu_llm *llm = sequence->llm;
	int ret = 0;

	pthread_mutex_lock(&llm->lock);
	if (length > sequence->length) {
		ret = npu_error_set(err, -EINVAL,
				    "cannot truncate to %u tokens: there are %u", length,
				    sequence->length);
	} else if (length < sequence->length) {
		sequence->has_logits = false;
		sequence->length = length;
		kv_table_trim(&sequence->kv, length);
	}
	pthread_mutex_unlock(&llm->lock);
	return ret;
}

void npu_sequence_destroy(struct npu_sequence *sequence)
{
	struct npu_llm *llm;

	if (!sequence)
		return;
	llm = sequence->llm;
	pthread_mutex_lock(&llm->lock);
	kv_table_trim(&sequence->kv, 0);
	/* where something is still mapped no other sequence starts */
	if (!sequence->kv.lost)
		put_slot(llm, sequence->slot);
	pthread_mutex_unlock(&llm->lock);
	free_sequence(sequence);
	llm_put(llm);
}

struct npu_llm *npu_sequence_model(const struct npu_sequence *sequence)
{
	return sequence->llm;
}

uint32_t npu_sequence_length(const struct npu_sequence *sequence)
{
	uint32_t length;

	pthread_mutex_lock(&sequence->llm->lock);
	length = sequence->length;
	pthread_mutex_unlock(&sequence->llm->lock);
	return length;
}

const uint32_t *npu_sequence_tokens(const struct npu_sequence *sequence)
{
	return sequence->tokens;
}

const float *npu_sequence_logits(const struct npu_sequence *sequence)
{
	bool has_logits;

	pthread_mutex_lock(&sequence->llm->lock);
	has_logits = sequence->has_logits;
	pthread_mutex_unlock(&sequence->llm->lock);
	return has_logits ? sequence->logits : NULL;
}

uint32_t npu_sequence_next(const struct npu_sequence *sequence)
{
	uint32_t next;

	pthread_mutex_lock(&sequence->llm->lock);
	next = sequence->next;
	pthread_mutex_unlock(&sequence->llm->lock);
	return next;
}

void npu_sequence_stats(const struct npu_sequence *sequence, enum npu_llm_phase phase,
			struct npu_llm_stats *stats)
{
	pthread_mutex_lock(&sequence->llm->lock);
	*stats = sequence->stats[phase];
	pthread_mutex_unlock(&sequence->llm->lock);
}
