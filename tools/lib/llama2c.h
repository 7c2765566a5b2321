/* SPDX-License-Identifier: MIT */
/* Reading the files of llama2.c: models of version 0 and 1, and tokenizers. */
#ifndef NPU_TOOLS_LLAMA2C_H
#define NPU_TOOLS_LLAMA2C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <npu/error.h>

/**
 * struct llama2c_header - numbers of a model
 * @tied: the output matrix is the embedding matrix
 */
struct llama2c_header {
	uint32_t d_model, ffn, layers, heads, kv_heads, vocab, context;
	bool tied;
};

/**
 * struct llama2c_model - an open model
 * @header: its numbers, each in its range
 * @version: 0 or 1, which differ in the order of tensors
 * @data: the file, of which llama2c_open() has checked the size
 * @size: its bytes
 * @weights: where the first tensor starts
 */
struct llama2c_model {
	struct llama2c_header header;
	uint32_t version;
	const unsigned char *data;
	size_t size, weights;
};

/**
 * struct llama2c_tensor - one tensor
 * @name: as GGUF files of the llama architecture call it
 * @row: elements of a row
 * @rows: number of rows; 0 for a vector
 * @data: F32, not aligned
 */
struct llama2c_tensor {
	char name[64];
	uint64_t row, rows;
	const unsigned char *data;
};

/**
 * struct llama2c_tokens - a vocabulary as GGUF writes it
 * @count: number of tokens
 * @text: their texts, in which U+2581 stands for a blank
 * @score: their scores
 * @kind: as in tokenizer.ggml.token_type
 */
struct llama2c_tokens {
	uint32_t count;
	char **text;
	float *score;
	int32_t *kind;
};

/* 0; -EINVAL for a file that is no model of a known version; or another errno. */
int llama2c_open(const char *path, struct llama2c_model *model, struct npu_error *err);
void llama2c_close(struct llama2c_model *model);

/* Tensor @i; false past the last. */
bool llama2c_tensor(const struct llama2c_model *model, uint64_t i,
		    struct llama2c_tensor *tensor);

/* As llama2c_open(). The file must have exactly @count tokens. */
int llama2c_read_tokens(const char *path, uint32_t count, struct llama2c_tokens *tokens,
			struct npu_error *err);
void llama2c_free_tokens(struct llama2c_tokens *tokens);

/* A whole file in memory, read only; an empty one is refused. */
int llama2c_map(const char *path, const unsigned char **data, size_t *size,
		struct npu_error *err);

#endif /* NPU_TOOLS_LLAMA2C_H */
