/* SPDX-License-Identifier: MIT */
/* Making what a text has said already less likely. */
#ifndef NPU_MODEL_PENALTY_H
#define NPU_MODEL_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/sampler.h>

/**
 * struct penalty - the last tokens of a text, and what they cost
 * @repeat: divides a positive logit and multiplies a negative one
 * @frequency: subtracted for each time that a token came
 * @presence: subtracted once
 * @last: how many tokens count
 * @recent: tokens, the last of them at the end
 * @used: number of @recent, @room what it has room for
 * @times: how often each token came; all zero between calls
 * @logits: logits after the penalties
 * @vocab: what @times and @logits have room for
 */
struct penalty {
	float repeat, frequency, presence;
	uint32_t last;
	uint32_t *recent;
	size_t used, room;
	uint32_t *times;
	float *logits;
	uint32_t vocab;
};

/** penalty_init() - take the penalties of @params; history is empty */
void penalty_init(struct penalty *p, const struct npu_sampler_params *params);

/** penalty_release() - free what it holds */
void penalty_release(struct penalty *p);

/** penalty_is_none() - whether no logit can ever change */
bool penalty_is_none(const struct penalty *p);

/** penalty_accept() - append to the history; 0 or -ENOMEM, with nothing appended */
int penalty_accept(struct penalty *p, const uint32_t *tokens, size_t n);

/**
 * penalty_apply() - logits less what the history costs
 * @p: penalties
 * @logits: @count logits; not written
 * @count: number of tokens; tokens of the history beyond it have no logit
 *
 * Return: the new logits, which the next call overwrites, or @logits when
 * nothing changes; NULL without memory.
 */
const float *penalty_apply(struct penalty *p, const float *logits, uint32_t count);

#endif /* NPU_MODEL_PENALTY_H */
