/* SPDX-License-Identifier: MIT */
/*
 * Language models on an NPU: tokens in, logits out.
 *
 * A *model* is weights and programs on a device, with a pool of pages for the
 * keys and values of all that is being read or written. A *sequence* is one
 * text of it: the tokens so far, and the pages that hold what the model keeps
 * of them.
 *
 *	npu_llm_open(device, gguf, NULL, &llm, &err);
 *	npu_sequence_create(llm, &seq, &err);
 *	npu_sequence_append(seq, prompt, n, NULL, &err);
 *	while (...) {
 *		choose a token from npu_sequence_logits(seq),
 *		or take npu_sequence_next(seq);
 *		npu_sequence_decode(seq, token, &err);
 *	}
 *	npu_sequence_destroy(seq);
 *	npu_llm_close(llm);
 *
 * A prompt that several texts start with is read once: npu_sequence_fork()
 * gives a sequence that shares the pages of another, and copies the one page
 * that both go on writing to. npu_sequence_truncate() goes back, so a chat
 * whose next turn starts with the same tokens need not read them again.
 * npu_llm_decode() takes a step of several sequences in one job, which reads
 * the weights once for all of them.
 *
 * Threads: any thread may call any function at any time with sequences of the
 * same model; the model takes one job at a time. Only what a sequence points
 * to (npu_sequence_logits(), npu_sequence_tokens()) is the caller's to guard:
 * it changes when that sequence is appended to, truncated or destroyed.
 */
#ifndef NPU_LLM_H
#define NPU_LLM_H

#include <stddef.h>
#include <stdint.h>

#include <npu/compile.h>
#include <npu/device.h>
#include <npu/error.h>
#include <npu/gguf.h>
#include <npu/image_cache.h>
#include <npu/instance.h>
#include <npu/job.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_llm;
struct npu_sequence;

/**
 * struct npu_llm_options - choices; all zero is the default
 * @compile: of the compiler: context, chunk, batch, sequences, type of the KV
 *	cache; of no effect on an image, which has been compiled
 * @kv_bytes: most memory for the KV cache of all sequences together; 0: as
 *	much as they can use. Memory is taken as sequences grow, not before.
 * @cache: where npu_llm_open() looks for the compiled model, and keeps it; or NULL
 * @cache_outcome: receives what came of @cache, with a note worth telling; or NULL
 */
struct npu_llm_options {
	struct npu_compile_options compile;
	uint64_t kv_bytes;
	struct npu_image_cache *cache;
	struct npu_image_cache_outcome *cache_outcome;
};

/**
 * npu_llm_open() - compile a model for a device and load it
 * @device: device; must stay open while the model is used
 * @gguf: open file; may be closed afterwards
 * @options: choices, or NULL
 * @llm: receives the model; give it back with npu_llm_close()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_llm_open(struct npu_device *device, const struct npu_gguf *gguf,
		 const struct npu_llm_options *options, struct npu_llm **llm,
		 struct npu_error *err);

/**
 * npu_llm_open_image() - load a model that has been compiled
 * @device: device; must stay open while the model is used
 * @image: what npu_compile_llama() made, or npu_job_image_read() of a file of
 *	npu-compile; may be freed afterwards
 * @options: choices, or NULL
 * @llm: receives the model; give it back with npu_llm_close()
 * @err: what failed
 *
 * Return: 0; -EINVAL if the image holds no language model; -E2BIG if it takes
 * more memory than is available; or another negative errno.
 */
int npu_llm_open_image(struct npu_device *device, const struct npu_job_image *image,
		       const struct npu_llm_options *options, struct npu_llm **llm,
		       struct npu_error *err);

/**
 * npu_llm_open_devices() - compile a model for several devices, of which each gets a part
 * @devices: devices, all of the kernel's driver or all in the process; must stay
 *	open while the model is used
 * @n: number of them, 1 to NPU_MAX_DEVICES; 1 is npu_llm_open()
 * @gguf: open file; may be closed afterwards
 * @options: choices, or NULL; of its @compile.devices and @compile.rank no notice is
 *	taken, @compile.split says how much each device gets
 * @llm: receives the model; give it back with npu_llm_close()
 * @err: what failed
 *
 * Tensor parallelism: each device has some heads, with their keys and values, some
 * columns of each feed-forward layer, and some rows of the output matrix. Twice a
 * block all devices read each other's partial sums, from memory that they share
 * (npu_buffer_export()), and each adds them in the same order, so that all go on
 * with the same bits; jobs wait for those of the other devices without the CPU.
 * The same devices and shares give the same bits each time. Another number of
 * them gives sums of another order, and activations that are quantised in other
 * parts: logits that differ a little.
 *
 * Return: 0; -ENOTSUP for a model with too few heads, or that is stored in groups
 * which cannot be divided; -EXDEV for devices of both kinds; or another negative
 * errno.
 */
int npu_llm_open_devices(struct npu_device *const *devices, uint32_t n,
			 const struct npu_gguf *gguf,
			 const struct npu_llm_options *options, struct npu_llm **llm,
			 struct npu_error *err);

/** npu_llm_devices() - number of devices that a model is split over */
uint32_t npu_llm_devices(const struct npu_llm *llm);

/**
 * npu_llm_close() - give a model back
 * @llm: model, or NULL; it lives on until its last sequence is destroyed
 */
void npu_llm_close(struct npu_llm *llm);

/** npu_llm_context() - most tokens of a sequence */
uint32_t npu_llm_context(const struct npu_llm *llm);

/** npu_llm_vocab() - number of tokens that there are, and of logits */
uint32_t npu_llm_vocab(const struct npu_llm *llm);

/** npu_llm_chunk() - most tokens that npu_sequence_append() gives to one job */
uint32_t npu_llm_chunk(const struct npu_llm *llm);

/** npu_llm_batch() - most sequences that npu_llm_decode() gives to one job */
uint32_t npu_llm_batch(const struct npu_llm *llm);

/** npu_llm_sequences() - most sequences at one time */
uint32_t npu_llm_sequences(const struct npu_llm *llm);

/* Sequences */

/**
 * npu_sequence_create() - start an empty sequence
 * @llm: model
 * @sequence: receives the sequence; give it back with npu_sequence_destroy()
 * @err: what failed
 *
 * Return: 0; -EBUSY when there are as many as npu_llm_sequences() allows; or
 * -ENOMEM.
 */
int npu_sequence_create(struct npu_llm *llm, struct npu_sequence **sequence,
			struct npu_error *err);

/**
 * npu_sequence_fork() - start a sequence with the tokens of another
 * @parent: sequence; it and the new one go on independently
 * @sequence: receives the new one; give it back with npu_sequence_destroy()
 * @err: what failed
 *
 * Takes no memory for keys and values: pages are shared until one of the two
 * writes to them. The new sequence has the parent's logits as well, so that
 * each can choose its own next token.
 *
 * Return: as npu_sequence_create().
 */
int npu_sequence_fork(struct npu_sequence *parent, struct npu_sequence **sequence,
		      struct npu_error *err);

/**
 * npu_sequence_truncate() - forget the last tokens
 * @sequence: sequence
 * @length: tokens that remain, at most those that there are
 * @err: what failed
 *
 * The pages of the others return to the pool. There are no logits until the
 * next token has been appended, unless nothing was forgotten.
 *
 * Return: 0, or -EINVAL.
 */
int npu_sequence_truncate(struct npu_sequence *sequence, uint32_t length,
			  struct npu_error *err);

/** npu_sequence_destroy() - end a sequence, give its pages back; NULL is allowed */
void npu_sequence_destroy(struct npu_sequence *sequence);

/** npu_sequence_model() - the model of a sequence */
struct npu_llm *npu_sequence_model(const struct npu_sequence *sequence);

/** npu_sequence_length() - tokens so far */
uint32_t npu_sequence_length(const struct npu_sequence *sequence);

/** npu_sequence_tokens() - the tokens so far, npu_sequence_length() of them */
const uint32_t *npu_sequence_tokens(const struct npu_sequence *sequence);

/**
 * npu_sequence_append() - append tokens, a chunk in a job
 * @sequence: sequence
 * @tokens: tokens
 * @n: number of them, not zero
 * @logits: receives the logits of every token, @n rows of npu_llm_vocab(); or
 *	NULL when those of the last one, npu_sequence_logits(), are enough
 * @err: what failed
 *
 * Return: 0; -EINVAL for a token that there is not, or none; -ENOSPC when the
 * sequence would exceed the context; -ENOMEM when the pool has too few pages;
 * or the error of a job. A failed call leaves the tokens as they were, but
 * without logits if a job had begun.
 */
int npu_sequence_append(struct npu_sequence *sequence, const uint32_t *tokens, size_t n,
			float *logits, struct npu_error *err);

/**
 * npu_sequence_decode() - append one token
 * @sequence: sequence
 * @token: token
 * @err: what failed
 *
 * The same as npu_llm_decode() of one sequence.
 *
 * Return: as npu_sequence_append().
 */
int npu_sequence_decode(struct npu_sequence *sequence, uint32_t token,
			struct npu_error *err);

/**
 * npu_llm_decode() - append one token to each of several sequences
 * @llm: model
 * @sequences: sequences of the model, each once
 * @tokens: one for each
 * @n: number of them, not zero; more than npu_llm_batch() take several jobs
 * @err: what failed, and of which sequence by its place among @sequences
 *
 * Each gets the bits that it would have got alone.
 *
 * Return: as npu_sequence_append(), for all or none of them.
 */
int npu_llm_decode(struct npu_llm *llm, struct npu_sequence *const *sequences,
		   const uint32_t *tokens, size_t n, struct npu_error *err);

/**
 * npu_sequence_logits() - logits after the last token
 * @sequence: sequence
 *
 * Return: npu_llm_vocab() values, or NULL when there are none.
 */
const float *npu_sequence_logits(const struct npu_sequence *sequence);

/**
 * npu_sequence_next() - the token with the largest logit
 * @sequence: sequence that has logits
 *
 * Of equal ones the lowest; a NaN is never chosen before a number.
 */
uint32_t npu_sequence_next(const struct npu_sequence *sequence);

/* What it costs */

/** enum npu_llm_phase - kinds of work that statistics tell apart */
enum npu_llm_phase {
	/** @NPU_LLM_PREFILL: npu_sequence_append() */
	NPU_LLM_PREFILL,
	/** @NPU_LLM_DECODE: npu_sequence_decode() and npu_llm_decode() */
	NPU_LLM_DECODE,
	/** @NPU_LLM_PHASES: number of them */
	NPU_LLM_PHASES
};

/**
 * struct npu_llm_stats - what tokens have cost
 * @tokens: tokens that were run
 * @runs: jobs that it took
 * @wall_ns: time from submit to completion
 * @model_seconds: time that the modelled device needs; of several that wait for
 *	each other, from the first's start to the last's end
 * @joules: energy that it needs
 * @engine_joules: the same by where it went, in the order of enum npu_energy_part
 * @bytes: bytes that it moves between memory and cores
 * @macs: multiply-accumulates
 */
struct npu_llm_stats {
	uint64_t tokens;
	uint64_t runs;
	uint64_t wall_ns;
	double model_seconds;
	double joules;
	double engine_joules[NPU_STATS_ENERGIES];
	uint64_t bytes;
	uint64_t macs;
};

/** npu_llm_stats() - what all sequences have cost since the model was opened */
void npu_llm_stats(struct npu_llm *llm, enum npu_llm_phase phase,
		   struct npu_llm_stats *stats);

/**
 * npu_llm_device_stats() - what one device has spent since the model was opened
 * @llm: model
 * @device: which of npu_llm_devices()
 * @phase: which work
 * @stats: receives it; tokens are those of the model, model_seconds the time in
 *	which this device had work
 *
 * Return: 0, or -EINVAL if there is no such device.
 */
int npu_llm_device_stats(struct npu_llm *llm, uint32_t device, enum npu_llm_phase phase,
			 struct npu_llm_stats *stats);

/**
 * npu_sequence_stats() - what a sequence has cost since it was created
 * @sequence: sequence
 * @phase: which work
 * @stats: receives it; of a job of several sequences each has an equal part,
 *	and counts the job as its own
 */
void npu_sequence_stats(const struct npu_sequence *sequence, enum npu_llm_phase phase,
			struct npu_llm_stats *stats);

/**
 * struct npu_llm_kv - the KV cache of a model
 * @page_tokens: tokens of a page
 * @page_bytes: bytes of a page
 * @pages: most pages that all sequences may use
 * @used: pages in use
 * @shared: pages that more than one sequence uses, of @used
 * @allocated: pages that there is memory for
 * @sequences: sequences that there are
 */
struct npu_llm_kv {
	uint32_t page_tokens;
	uint64_t page_bytes;
	uint64_t pages;
	uint64_t used;
	uint64_t shared;
	uint64_t allocated;
	uint32_t sequences;
};

/** npu_llm_kv() - how the KV cache of a model is used */
void npu_llm_kv(struct npu_llm *llm, struct npu_llm_kv *kv);

#ifdef __cplusplus
}
#endif

#endif /* NPU_LLM_H */
