/* SPDX-License-Identifier: MIT */
/* The shape of a transformer, and its weights, as a GGUF file gives them. */
#ifndef NPU_MODEL_H
#define NPU_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>
#include <npu/gguf.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Bounds on what a file may ask for. No product of three of them overflows 63
 * bits, nor does the size of a KV cache, so that code need not check again.
 */
#define NPU_MODEL_MAX_VOCAB	(1u << 20)
#define NPU_MODEL_MAX_D_MODEL	(1u << 17)
#define NPU_MODEL_MAX_LAYERS	(1u << 10)
#define NPU_MODEL_MAX_HEADS	(1u << 10)
#define NPU_MODEL_MAX_HEAD_DIM	(1u << 10)
#define NPU_MODEL_MAX_FFN	(1u << 20)
#define NPU_MODEL_MAX_CONTEXT	(1u << 22)

/**
 * struct npu_model_config - numbers that define a Llama-family transformer
 * @vocab: number of tokens
 * @d_model: width of the residual stream
 * @layers: number of blocks
 * @heads: number of query heads
 * @kv_heads: number of key and value heads; divides @heads
 * @head_dim: width of a head; @heads * @head_dim need not be @d_model
 * @ffn: width of the feed-forward layer
 * @context: positions that the model was trained for
 * @rope_dims: leading elements of a head that are rotated; even
 * @rope_base: RoPE rotates pair i at position p by p * base^(-2i / rope_dims);
 *	the pairs are neighbours, elements 2i and 2i + 1
 * @rms_eps: what RMSNorm adds to the mean square
 * @tied: the output matrix is the embedding matrix
 */
struct npu_model_config {
	uint32_t vocab;
	uint32_t d_model;
	uint32_t layers;
	uint32_t heads;
	uint32_t kv_heads;
	uint32_t head_dim;
	uint32_t ffn;
	uint32_t context;
	uint32_t rope_dims;
	float rope_base;
	float rms_eps;
	bool tied;
};

/**
 * struct npu_model_layer - weights of one block
 * @attn_norm: [d_model] RMSNorm before attention, F32
 * @attn_q: [d_model, heads * head_dim]
 * @attn_k: [d_model, kv_heads * head_dim]
 * @attn_v: [d_model, kv_heads * head_dim]
 * @attn_output: [heads * head_dim, d_model]
 * @ffn_norm: [d_model] RMSNorm before the feed-forward layer, F32
 * @ffn_gate: [d_model, ffn], the one under SiLU
 * @ffn_up: [d_model, ffn]
 * @ffn_down: [ffn, d_model]
 *
 * Shapes are in GGUF order: the first number is the length of a row, which is
 * the input of the matrix, the second the number of rows, its output.
 */
struct npu_model_layer {
	const struct npu_gguf_tensor *attn_norm;
	const struct npu_gguf_tensor *attn_q;
	const struct npu_gguf_tensor *attn_k;
	const struct npu_gguf_tensor *attn_v;
	const struct npu_gguf_tensor *attn_output;
	const struct npu_gguf_tensor *ffn_norm;
	const struct npu_gguf_tensor *ffn_gate;
	const struct npu_gguf_tensor *ffn_up;
	const struct npu_gguf_tensor *ffn_down;
};

/**
 * struct npu_model - a checked model description
 * @config: its numbers
 * @token_embd: [d_model, vocab] embedding, a row a token
 * @output_norm: [d_model] last RMSNorm, F32
 * @output: [d_model, vocab] output matrix; equals @token_embd when tied
 * @layer: config.layers blocks
 */
struct npu_model {
	struct npu_model_config config;
	const struct npu_gguf_tensor *token_embd;
	const struct npu_gguf_tensor *output_norm;
	const struct npu_gguf_tensor *output;
	struct npu_model_layer *layer;
};

/**
 * npu_model_create() - read and check a model's numbers and tensors
 * @gguf: open file; must stay open while the model is used
 * @model: receives the description; free it with npu_model_destroy()
 * @err: receives what does not fit (the tensor with the expected shape and the
 *	one found, or the key), or NULL
 *
 * Every tensor of the file must have its place in the model: a bias or an
 * expert that went unnoticed would give wrong results in silence.
 *
 * Return: 0; -EINVAL for a file that contradicts itself or lacks something;
 * -ENOTSUP for a model of an architecture, or with a feature, that is not
 * supported; -ENOMEM.
 */
int npu_model_create(const struct npu_gguf *gguf, struct npu_model **model,
		     struct npu_error *err);

/** npu_model_destroy() - free a description; NULL is allowed */
void npu_model_destroy(struct npu_model *model);

#ifdef __cplusplus
}
#endif

#endif /* NPU_MODEL_H */
