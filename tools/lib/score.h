/* SPDX-License-Identifier: MIT */
/* How well logits foretell a text, and how close they are to others. */
#ifndef NPU_TOOLS_SCORE_H
#define NPU_TOOLS_SCORE_H

#include <stdint.h>

/**
 * struct score - sums over tokens
 * @tokens: number of them
 * @nll: nats of the tokens that came
 * @nll2: squares of them
 * @reference_nll: nats by the reference
 * @kl: divergence of the logits' distribution from the reference's
 * @same: tokens at which both think the same token likeliest
 * @compared: tokens that were compared with a reference
 */
struct score {
	uint64_t tokens;
	double nll, nll2, reference_nll, kl;
	uint64_t same, compared;
};

/**
 * score_add() - one token more
 * @score: sums
 * @logits: @vocab logits
 * @vocab: number of tokens that there are
 * @target: the token that came
 */
void score_add(struct score *score, const float *logits, uint32_t vocab, uint32_t target);

/**
 * score_compare() - compare logits with a reference's (Kullback and Leibler, 1951)
 * @score: sums
 * @logits: @vocab logits
 * @reference: likewise
 * @vocab: number of tokens that there are
 * @target: the token that came
 *
 * The divergence is sum of p * (log p - log q), p of the reference, in nats.
 */
void score_compare(struct score *score, const float *logits, const float *reference,
		   uint32_t vocab, uint32_t target);

/** score_perplexity() - e to the mean nats */
double score_perplexity(const struct score *score);

/** score_deviation() - standard error of the perplexity */
double score_deviation(const struct score *score);

#endif /* NPU_TOOLS_SCORE_H */
