/* SPDX-License-Identifier: MIT */
/* Choosing the next token from a model's logits. */
#ifndef NPU_SAMPLER_H
#define NPU_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As @repeat_last_n: penalties look at the whole text. */
#define NPU_SAMPLER_WHOLE_TEXT UINT32_MAX

/**
 * struct npu_sampler_params - how to choose
 * @temperature: 0 always takes the most likely token; else the logits that
 *	are left after the filters are divided by it
 * @top_k: keep only this many of the most likely tokens; 0 keeps all
 * @top_p: keep the fewest most likely tokens whose probabilities sum to at
 *	least this; 1 keeps all
 * @min_p: drop tokens less likely than this fraction of the most likely one;
 *	0 keeps all
 * @repeat_penalty: of a token that came lately a positive logit is divided by
 *	this and a negative one multiplied with it; 1, or 0, changes nothing
 * @repeat_last_n: how many of the last tokens the three penalties look at;
 *	0 switches them off
 * @frequency_penalty: subtracted from a token's logit for each time it came
 * @presence_penalty: subtracted once from the logit of a token that came
 * @seed: start of the random sequence
 *
 * The chain has the order of llama.cpp: penalties, top-k, top-p, min-p,
 * temperature. Each applies to what the one before left, the filters with
 * probabilities at temperature 1. At least one token is always left.
 */
struct npu_sampler_params {
	float temperature;
	uint32_t top_k;
	float top_p;
	float min_p;
	float repeat_penalty;
	uint32_t repeat_last_n;
	float frequency_penalty;
	float presence_penalty;
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
 * npu_sampler_is_greedy() - whether the choice is always the largest logit
 *
 * Then a device that finds the largest logit itself spares the logits' way.
 */
bool npu_sampler_is_greedy(const struct npu_sampler *sampler);

/**
 * npu_sampler_accept() - tell the penalties what was said
 * @sampler: sampler
 * @tokens: tokens of the text, in order: the prompt's, then each one that was
 *	chosen and kept
 * @n: number of them
 * @err: receives the reason, or NULL
 *
 * npu_sampler_sample() does not do this by itself, as not all that is sampled
 * is kept. Without penalties nothing is remembered.
 *
 * Return: 0 or -ENOMEM, with nothing remembered.
 */
int npu_sampler_accept(struct npu_sampler *sampler, const uint32_t *tokens, size_t n,
		       struct npu_error *err);

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
