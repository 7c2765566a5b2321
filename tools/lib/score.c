// SPDX-License-Identifier: MIT
#include <math.h>

#include "score.h"

static uint32_t likeliest(const float *logits, uint32_t vocab)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < vocab; i++)
		if (logits[i] > logits[best])
			best = i;
	return best;
}

/* log of the sum of exponentials */
static double log_sum(const float *logits, uint32_t vocab)
{
	double most = logits[likeliest(logits, vocab)], sum = exp(logits[0] - most);

	for (uint32_t i = 1; i < vocab; i++)
		sum += exp(logits[i] - most);
	return most + log(sum);
}

void score_add(struct score *score, const float *logits, uint32_t vocab, uint32_t target)
{
	double nats = log_sum(logits, vocab) - logits[target];

	score->tokens++;
	score->nll += nats;
	score->nll2 += nats * nats;
}

void score_compare(struct score *score, const float *logits, const float *reference,
		   uint32_t vocab, uint32_t target)
{
	double p_sum = log_sum(reference, vocab), q_sum = log_sum(logits, vocab), kl = 0;

	for (uint32_t i = 0; i < vocab; i++) {
		double p = reference[i] - p_sum, q = logits[i] - q_sum;

		kl += exp(p) * (p - q);
	}
	score->kl += kl;
	score->reference_nll += p_sum - reference[target];
	score->same += likeliest(logits, vocab) == likeliest(reference, vocab);
	score->compared++;
}

double score_perplexity(const struct score *score)
{
	return exp(score->nll / score->tokens);
}

double score_deviation(const struct score *score)
{
	double n = score->tokens, mean = score->nll / n;
	double variance = score->nll2 / n - mean * mean;

	return n > 1 && variance > 0 ? exp(mean) * sqrt(variance / (n - 1)) : 0;
}
