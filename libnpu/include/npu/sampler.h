/* SPDX-License-Identifier: MIT */
/* Choosing the next token from a model's logits. */
#ifndef NPU_SAMPLER_H
#define NPU_SAMPLER_H

#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct npu_sampler_params - how to choose
 * @temperature: 0 always takes the most likely token; else the logits that
 *	are left after the filters are divided by it
 * @top_k: keep only this many of the most likely tokens; 0 keeps all
 * @top_p: keep the fewest most likely tokens whose probabilities sum to at
 *	least this; 1 keeps all
 * @min_p: drop tokens less likely than this fraction of the most likely one;
 *	0 keeps all
 * @seed: start of the random sequence
 *
 * The filters apply in this order, each to what the one before left, with
 * probabilities at temperature 1. At least one token is always left.
 */
struct npu_sampler_params {
	float temperature;
	uint32_t top_k;
	float top_p;
	float min_p;
	uint64_t seed;
};

struct npu_sampler;

/**
 * npu_sampler_create() - make a sampler
 * @params: how to choose; NULL always takes the most likely token
 * @sampler: receives it; free it with npu_sampler_destroy()
 * @err: receives the reason, or NULL
 *
 * Return: 0; -EINVAL when a number is out of range; -ENOMEM.
 */
int npu_sampler_create(const struct npu_sampler_params *params,
		       struct npu_sampler **sampler, struct npu_error *err);

/** npu_sampler_destroy() - free a sampler; NULL is allowed */
void npu_sampler_destroy(struct npu_sampler *sampler);

/**
 * npu_sampler_sample() - choose a token
 * @sampler: sampler; its random sequence advances by one, unless it is greedy
 * @logits: a logit for each token; one that is not finite is never chosen
 * @count: number of tokens
 * @token: receives the choice. Equal logits rank by token, lower first
 * @err: receives the reason, or NULL
 *
 * The same parameters and logits give the same sequence of tokens.
 *
 * Return: 0; -EDOM when no logit is a finite number; -EINVAL when @count is
 * 0; -ENOMEM.
 */
int npu_sampler_sample(struct npu_sampler *sampler, const float *logits,
		       uint32_t count, uint32_t *token,
		       struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_SAMPLER_H */
