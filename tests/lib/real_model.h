/* SPDX-License-Identifier: MIT */
/* The trained model of the repository, for tests that need one. */
#ifndef NPU_TESTS_REAL_MODEL_H
#define NPU_TESTS_REAL_MODEL_H

#include <npu/gguf.h>
#include <npu/model.h>
#include <npu/tokenizer.h>

/**
 * struct real_model - a model file, open
 * @path: its name
 * @gguf: the file
 * @model: its description
 * @tokenizer: its tokenizer
 */
struct real_model {
	char path[256];
	struct npu_gguf *gguf;
	struct npu_model *model;
	struct npu_tokenizer *tokenizer;
};

/**
 * real_model_open() - open $NPU_MODEL, or the first of models/
 * @real: receives it
 *
 * Ends the test program: as skipped when there is no such file, as failed when
 * there is one that cannot be read.
 */
void real_model_open(struct real_model *real);

/** real_model_close() - close it */
void real_model_close(struct real_model *real);

/**
 * real_model_encode() - text as tokens
 * @real: model
 * @text: text
 * @n: in: most tokens wanted; out: number of them
 *
 * Return: tokens; the caller frees them with free().
 */
uint32_t *real_model_encode(const struct real_model *real, const char *text, size_t *n);

#endif /* NPU_TESTS_REAL_MODEL_H */
