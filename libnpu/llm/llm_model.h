/* SPDX-License-Identifier: MIT */
/* Models and sequences, as the files of this folder see them. */
#ifndef LIBNPU_LLM_MODEL_H
#define LIBNPU_LLM_MODEL_H

#include <pthread.h>
#include <stdbool.h>

#include "kv_table.h"

/**
 * struct llm_image - what an image says of a model
 * @decode: index of the program for one token, @prefill of that for a chunk,
 *	@batched of that for several sequences
 * @chunk: most tokens of a prefill run
 * @batch: most sequences of a run, 1 without @batched
 * @places: sequences that the tensor of that name has room for
 * @context: most tokens of a sequence
 * @vocab: number of logits
 * @page_tokens: positions of a page of the KV cache, @page_bytes its bytes
 * @slots: number of slots, @slot_bytes from one to the next
 * @va: address of slot 0
 */
struct llm_image {
	uint32_t decode, prefill, batched, chunk, batch, places, context, vocab;
	uint32_t page_tokens, slots;
	uint64_t page_bytes, slot_bytes, va;
};

/**
 * llm_read_image() - what an image says
 * @image: image, which may come from anywhere
 * @numbers: its tensor "kv.layout", NPU_KV_LAYOUT_COUNT numbers
 * @read: receives it
 * @err: why it holds no model
 *
 * Return: 0 or -EINVAL.
 */
int llm_read_image(const struct npu_job_image *image, const int32_t *numbers,
		   struct llm_image *read, struct npu_error *err);

/**
 * struct npu_llm - a loaded model
 * @machine: where it runs
 * @image: what it is
 * @lock: protects all that changes, and the memory that jobs read and write
 * @refs: the caller's, and one of each sequence
 * @tokens: input of the image
 * @places: input; NULL without a program for several sequences
 * @logits: output
 * @pool: pages of all sequences
 * @slot_used: by slot
 * @sequences: number of sequences
 * @stats: what has been spent
 * @device_stats: of it by each device, if there are several
 */
struct npu_llm {
	struct llm_machine machine;
	struct llm_image image;
	pthread_mutex_t lock;
	uint32_t refs;
	int32_t *tokens, *places;
	const float *logits;
	struct kv_pool pool;
	bool *slot_used;
	uint32_t sequences;
	struct npu_llm_stats stats[NPU_LLM_PHASES];
	struct npu_llm_stats device_stats[NPU_MAX_DEVICES][NPU_LLM_PHASES];
};

/**
 * struct npu_sequence - a text of a model
 * @llm: model
 * @slot: where its positions are
 * @kv: their pages
 * @length: tokens so far
 * @tokens: they, with room for the model's context
 * @logits: of the last token
 * @has_logits: there are some
 * @next: the token with the largest of them
 * @stats: what it has cost
 */
struct npu_sequence {
	struct npu_llm *llm;
	uint32_t slot;
	struct kv_table kv;
	uint32_t length;
	uint32_t *tokens;
	float *logits;
	bool has_logits;
	uint32_t next;
	struct npu_llm_stats stats[NPU_LLM_PHASES];
};

/** llm_put() - give a reference back; the last one frees the model */
void llm_put(struct npu_llm *llm);

/** llm_kv_room() - whether so many pages can be taken; else -ENOMEM with both numbers */
int llm_kv_room(const struct npu_llm *llm, uint64_t pages, struct npu_error *err);

#endif /* LIBNPU_LLM_MODEL_H */
