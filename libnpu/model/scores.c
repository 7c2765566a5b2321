// SPDX-License-Identifier: MIT
/* The scores of SentencePiece's tokens, as an order of merging. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "tokenizer_internal.h"

/* Bits of a number that order as the number does, turned round. */
static uint32_t rank_of(float score)
{
	uint32_t bits;

	score += 0.0f;		/* there is only one zero */
	memcpy(&bits, &score, sizeof(bits));
	return bits & 0x80000000 ? bits : ~(bits | 0x80000000);
}

int scores_read(struct npu_tokenizer *t, const struct npu_gguf *gguf,
		struct npu_error *err)
{
	struct npu_gguf_array scores;
	float score = 0;
	int ret = npu_gguf_get_array(gguf, "tokenizer.ggml.scores",
				     NPU_GGUF_VALUE_F32, &scores, err);

	if (ret)
		return ret;
	if (scores.count != t->count)
		return gguf_bad(gguf, (const unsigned char *)scores.data - gguf->data,
				err, "%" PRIu64 " scores for %" PRIu32 " tokens",
				scores.count, t->count);
	t->rank = malloc(t->count * sizeof(*t->rank));
	if (!t->rank)
		return gguf_no_memory(gguf, err);
	for (uint32_t id = 0; id < t->count; id++) {
		npu_gguf_array_f32(&scores, id, &score);
		if (isnan(score))
			return npu_error_set(err, -EINVAL,
					     "%s: the score of token %" PRIu32
					     " is no number",
					     npu_gguf_name(gguf), id);
		t->rank[id] = rank_of(score);
	}
	return 0;
}
