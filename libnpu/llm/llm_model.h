/* SPDX-License-Identifier: MIT */
/* Models and sequences, as the files of this folder see them. */
#ifndef LIBNPU_LLM_MODEL_H
#define LIBNPU_LLM_MODEL_H

#include <pthread.h>
#include <stdbool.h>

#include "llm_machine.h"

/**
 * struct npu_llm - a loaded model
 * @machine: where it runs
 * @lock: protects all that changes, and the memory that jobs read and write
 * @refs: the caller's, and one of each sequence
 * @decode: index of the program for one token, @prefill of that for a chunk
 * @chunk: most tokens of a prefill run
 * @context: most tokens of a sequence
 * @vocab: number of logits
 * @tokens: input of the image
 * @logits: output
 * @sequences: number of sequences
 * @stats: what has been spent
 */
struct npu_llm {
	struct llm_machine machine;
	pthread_mutex_t lock;
	uint32_t refs;
	uint32_t decode, prefill, chunk, context, vocab;
	int32_t *tokens;
	const float *logits;
	uint32_t sequences;
	struct npu_llm_stats stats[NPU_LLM_PHASES];
};

/**
 * struct npu_sequence - a text of a model
 * @llm: model
 * @length: tokens so far
 * @tokens: they, with room for the model's context
 * @logits: of the last token
 * @has_logits: there are some
 * @next: the token with the largest of them
 * @stats: what it has cost
 */
struct npu_sequence {
	struct npu_llm *llm;
	uint32_t length;
	uint32_t *tokens;
	float *logits;
	bool has_logits;
	uint32_t next;
	struct npu_llm_stats stats[NPU_LLM_PHASES];
};

/** llm_put() - give a reference back; the last one frees the model */
void llm_put(struct npu_llm *llm);

#endif /* LIBNPU_LLM_MODEL_H */
