/* SPDX-License-Identifier: MIT */
/*
 * A language model on an NPU: tokens in, logits out.
 *
 *	npu_llm_open(device, gguf, NULL, &llm, &err);
 *	npu_llm_prefill(llm, prompt, n, &err);
 *	while (...) {
 *		choose a token from npu_llm_logits(llm), or take npu_llm_next(llm);
 *		npu_llm_decode(llm, token, &err);
 *	}
 *	npu_llm_close(llm);
 *
 * One model is one sequence; calls on it must not overlap in time.
 */
#ifndef NPU_LLM_H
#define NPU_LLM_H

#include <stddef.h>
#include <stdint.h>

#include <npu/compile.h>
#include <npu/device.h>
#include <npu/error.h>
#include <npu/gguf.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_llm;

/**
 * struct npu_llm_stats - what tokens have cost so far
 * @tokens: tokens that were run
 * @runs: jobs that it took
 * @wall_ns: time from submit to completion
 * @model_seconds: time that the modelled device needs
 * @joules: energy that it needs
 * @bytes: bytes that it moves between memory and cores
 * @macs: multiply-accumulates
 */
struct npu_llm_stats {
	uint64_t tokens;
	uint64_t runs;
	uint64_t wall_ns;
	double model_seconds;
	double joules;
	uint64_t bytes;
	uint64_t macs;
};

/**
 * npu_llm_open() - compile a model for a device and load it
 * @device: device; must stay open while the model is used
 * @gguf: open file; may be closed afterwards
 * @options: choices of the compiler, or NULL
 * @llm: receives the model; give it back with npu_llm_close()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_llm_open(struct npu_device *device, const struct npu_gguf *gguf,
		 const struct npu_compile_options *options, struct npu_llm **llm,
		 struct npu_error *err);

/** npu_llm_close() - give a model back; NULL is allowed */
void npu_llm_close(struct npu_llm *llm);

/** npu_llm_context() - most tokens of a sequence */
uint32_t npu_llm_context(const struct npu_llm *llm);

/** npu_llm_vocab() - number of tokens that there are, and of logits */
uint32_t npu_llm_vocab(const struct npu_llm *llm);

/** npu_llm_position() - tokens of the sequence so far */
uint32_t npu_llm_position(const struct npu_llm *llm);

/** npu_llm_reset() - start a new sequence; the statistics go on */
void npu_llm_reset(struct npu_llm *llm);

/**
 * npu_llm_prefill() - append tokens, in chunks
 * @llm: model
 * @tokens: tokens
 * @n: number of them, not zero
 * @err: what failed
 *
 * Afterwards npu_llm_logits() belong to the last token.
 *
 * Return: 0; -EINVAL for a token that there is not, or none; -ENOSPC when the
 * sequence would exceed the context; or the error of a job. A failed call
 * leaves the sequence as it was.
 */
int npu_llm_prefill(struct npu_llm *llm, const uint32_t *tokens, size_t n,
		    struct npu_error *err);

/**
 * npu_llm_prefill_logits() - as npu_llm_prefill(), with the logits of every token
 * @llm: model
 * @tokens: tokens
 * @n: number of them, not zero
 * @logits: receives @n rows of npu_llm_vocab() logits
 * @err: what failed
 *
 * Return: as npu_llm_prefill().
 */
int npu_llm_prefill_logits(struct npu_llm *llm, const uint32_t *tokens, size_t n,
			   float *logits, struct npu_error *err);

/**
 * npu_llm_decode() - append one token
 * @llm: model
 * @token: token
 * @err: what failed
 *
 * Return: as npu_llm_prefill().
 */
int npu_llm_decode(struct npu_llm *llm, uint32_t token, struct npu_error *err);

/** npu_llm_logits() - logits after the last token, until the next call that appends */
const float *npu_llm_logits(const struct npu_llm *llm);

/** npu_llm_next() - the token with the largest logit, as the device found it */
uint32_t npu_llm_next(const struct npu_llm *llm);

/** npu_llm_prefill_stats() - what prefill has cost since npu_llm_open() */
const struct npu_llm_stats *npu_llm_prefill_stats(const struct npu_llm *llm);

/** npu_llm_decode_stats() - what decoding has cost since npu_llm_open() */
const struct npu_llm_stats *npu_llm_decode_stats(const struct npu_llm *llm);

#ifdef __cplusplus
}
#endif

#endif /* NPU_LLM_H */
