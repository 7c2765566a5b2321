// SPDX-License-Identifier: MIT
/* Sequences: how they begin and end, and what they know. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "llm_model.h"

static int take_slot(struct npu_llm *llm, struct npu_error *err)
{
	int ret = 0;

	pthread_mutex_lock(&llm->lock);
	if (llm->sequences == npu_llm_sequences(llm)) {
		ret = npu_error_set(err, -EBUSY,
				    "%u sequences are in use, and the model has %u: destroy one first",
				    llm->sequences, npu_llm_sequences(llm));
	} else {
		llm->sequences++;
		llm->refs++;
	}
	pthread_mutex_unlock(&llm->lock);
	return ret;
}

int npu_sequence_create(struct npu_llm *llm, struct npu_sequence **sequence,
			struct npu_error *err)
{
	struct npu_sequence *made;
	int ret = take_slot(llm, err);

	if (ret)
		return ret;
	made = calloc(1, sizeof(*made));
	if (made) {
		made->llm = llm;
		made->tokens = calloc(llm->context, sizeof(*made->tokens));
		made->logits = calloc(llm->vocab, sizeof(*made->logits));
		if (made->tokens && made->logits) {
			*sequence = made;
			return 0;
		}
	}
	npu_sequence_destroy(made);
	return npu_error_set(err, -ENOMEM, "no memory for a sequence");
}

int npu_sequence_fork(struct npu_sequence *parent, struct npu_sequence **sequence,
		      struct npu_error *err)
{
	return npu_sequence_create(parent->llm, sequence, err);
}

int npu_sequence_truncate(struct npu_sequence *sequence, uint32_t length,
			  struct npu_error *err)
{
	if (length > sequence->length)
		return npu_error_set(err, -EINVAL,
				     "cannot truncate to %u tokens: there are %u", length,
				     sequence->length);
	if (length < sequence->length)
		sequence->has_logits = false;
	sequence->length = length;
	return 0;
}

void npu_sequence_destroy(struct npu_sequence *sequence)
{
	struct npu_llm *llm;

	if (!sequence)
		return;
	llm = sequence->llm;
	pthread_mutex_lock(&llm->lock);
	llm->sequences--;
	pthread_mutex_unlock(&llm->lock);
	free(sequence->tokens);
	free(sequence->logits);
	free(sequence);
	llm_put(llm);
}

struct npu_llm *npu_sequence_model(const struct npu_sequence *sequence)
{
	return sequence->llm;
}

uint32_t npu_sequence_length(const struct npu_sequence *sequence)
{
	return sequence->length;
}

const uint32_t *npu_sequence_tokens(const struct npu_sequence *sequence)
{
	return sequence->tokens;
}

const float *npu_sequence_logits(const struct npu_sequence *sequence)
{
	return sequence->has_logits ? sequence->logits : NULL;
}

uint32_t npu_sequence_next(const struct npu_sequence *sequence)
{
	return sequence->next;
}

void npu_sequence_stats(const struct npu_sequence *sequence, enum npu_llm_phase phase,
			struct npu_llm_stats *stats)
{
	*stats = sequence->stats[phase];
}
