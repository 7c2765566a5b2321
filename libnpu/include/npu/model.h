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

/** enum npu_model_norm - kind of the norms */
enum npu_model_norm {
	NPU_MODEL_RMSNORM,	/* Zhang and Sennrich, 2019 */
	NPU_MODEL_LAYERNORM,	/* Ba, Kiros and Hinton, 2016; with bias */
};

/** enum npu_model_rope - which elements of a head RoPE rotates together */
enum npu_model_rope {
	NPU_MODEL_ROPE_NONE,		/* positions are learned instead */
	NPU_MODEL_ROPE_NEIGHBOURS,	/* 2i and 2i + 1 */
	NPU_MODEL_ROPE_HALVES,		/* i and i + rope_dims / 2 */
};

/** enum npu_model_activation - kind of the feed-forward layer */
enum npu_model_activation {
	NPU_MODEL_SWIGLU,	/* down(SiLU(gate(x)) * up(x)) */
	NPU_MODEL_GELU,		/* down(GELU(up(x))), by GPT-2's tanh formula */
};

/**
 * enum npu_rope_scaling - how RoPE's angles are made to fit a longer context
 * @NPU_ROPE_LINEAR: positions are divided by a factor, which may be 1
 * @NPU_ROPE_YARN: only in the dimensions that turn slowly (Peng et al., 2023)
 */
enum npu_rope_scaling {
	NPU_ROPE_LINEAR,
	NPU_ROPE_YARN,
};

/**
 * struct npu_rope_config - angles of RoPE; see npu_model_rope()
 * @base: base of the frequencies
 * @scaling: how they are scaled
 * @factor: by how much, at least 1
 * @context: positions before scaling; YaRN only, and so are the next four
 * @attn_factor: multiplies the magnitude of rotated vectors
 * @ext_factor: how much of YaRN's correction is applied, 0 to 1
 * @beta_fast: turns within @context from which on a dimension is left alone
 * @beta_slow: turns within @context up to which a dimension is divided
 */
struct npu_rope_config {
	float base;
	enum npu_rope_scaling scaling;
	float factor;
	uint32_t context;
	float attn_factor;
	float ext_factor;
	float beta_fast;
	float beta_slow;
};

/**
 * struct npu_model_config - numbers that define a transformer
 * @architecture: its name
 * @norm: kind of the norms
 * @rope: pairs of RoPE
 * @activation: kind of the feed-forward layer
 * @vocab: number of tokens
 * @d_model: width of the residual stream
 * @layers: number of blocks
 * @heads: number of query heads
 * @kv_heads: number of key and value heads; divides @heads
 * @head_dim: width of a head; @heads * @head_dim need not be @d_model
 * @ffn: width of the feed-forward layer
 * @context: positions that the model was trained for
 * @window: a position sees itself and @window - 1 before it; 0: all
 * @rope_dims: leading elements of a head that are rotated; even, 0 without RoPE
 * @rope_config: RoPE's angles
 * @norm_eps: what a norm adds to the mean square or the variance
 * @tied: the output matrix is the embedding matrix
 */
struct npu_model_config {
	const char *architecture;
	enum npu_model_norm norm;
	enum npu_model_rope rope;
	enum npu_model_activation activation;
	uint32_t vocab;
	uint32_t d_model;
	uint32_t layers;
	uint32_t heads;
	uint32_t kv_heads;
	uint32_t head_dim;
	uint32_t ffn;
	uint32_t context;
	uint32_t window;
	uint32_t rope_dims;
	struct npu_rope_config rope_config;
	float norm_eps;
	bool tied;
};

/**
 * struct npu_model_layer - weights of one block
 * @attn_norm: [d_model] norm before attention
 * @attn_norm_bias: [d_model] of LayerNorm, or NULL
 * @attn_q: [d_model, heads * head_dim]
 * @attn_k: [d_model, kv_heads * head_dim]
 * @attn_v: [d_model, kv_heads * head_dim]
 * @attn_q_bias: [heads * head_dim], or NULL
 * @attn_k_bias: [kv_heads * head_dim], or NULL
 * @attn_v_bias: [kv_heads * head_dim], or NULL
 * @attn_q_norm: [head_dim] RMSNorm of each query head before RoPE, or NULL
 * @attn_k_norm: [head_dim] RMSNorm of each key head before RoPE, or NULL
 * @attn_output: [heads * head_dim, d_model]
 * @attn_output_bias: [d_model], or NULL
 * @ffn_norm: [d_model] norm before the feed-forward layer
 * @ffn_norm_bias: [d_model] of LayerNorm, or NULL
 * @ffn_gate: [d_model, ffn], the one under SiLU; NULL without a gate
 * @ffn_gate_bias: [ffn], or NULL
 * @ffn_up: [d_model, ffn]
 * @ffn_up_bias: [ffn], or NULL
 * @ffn_down: [ffn, d_model]
 * @ffn_down_bias: [d_model], or NULL
 *
 * Shapes are in GGUF order: the first number is the length of a row, which is
 * the input of the matrix, the second the number of rows, its output. Vectors
 * are F32. Where the file has one matrix for q, k and v, the three tensors
 * here are parts of it, with names as if they were stored apart.
 */
struct npu_model_layer {
	const struct npu_gguf_tensor *attn_norm;
	const struct npu_gguf_tensor *attn_norm_bias;
	const struct npu_gguf_tensor *attn_q;
	const struct npu_gguf_tensor *attn_k;
	const struct npu_gguf_tensor *attn_v;
	const struct npu_gguf_tensor *attn_q_bias;
	const struct npu_gguf_tensor *attn_k_bias;
	const struct npu_gguf_tensor *attn_v_bias;
	const struct npu_gguf_tensor *attn_q_norm;
	const struct npu_gguf_tensor *attn_k_norm;
	const struct npu_gguf_tensor *attn_output;
	const struct npu_gguf_tensor *attn_output_bias;
	const struct npu_gguf_tensor *ffn_norm;
	const struct npu_gguf_tensor *ffn_norm_bias;
	const struct npu_gguf_tensor *ffn_gate;
	const struct npu_gguf_tensor *ffn_gate_bias;
	const struct npu_gguf_tensor *ffn_up;
	const struct npu_gguf_tensor *ffn_up_bias;
	const struct npu_gguf_tensor *ffn_down;
	const struct npu_gguf_tensor *ffn_down_bias;
};

/**
 * struct npu_model - a checked model description
 * @config: its numbers
 * @token_embd: [d_model, vocab] embedding, a row a token
 * @position_embd: [d_model, context] added to the embedding, a row a position;
 *	NULL with RoPE
 * @output_norm: [d_model] last norm
 * @output_norm_bias: [d_model] of LayerNorm, or NULL
 * @output: [d_model, vocab] output matrix; equals @token_embd when tied
 * @rope_freqs: [rope_dims / 2] what RoPE's frequencies are divided by, or NULL
 * @layer: config.layers blocks
 * @parts: tensors of @layer that are parts of others
 */
struct npu_model {
	struct npu_model_config config;
	const struct npu_gguf_tensor *token_embd;
	const struct npu_gguf_tensor *position_embd;
	const struct npu_gguf_tensor *output_norm;
	const struct npu_gguf_tensor *output_norm_bias;
	const struct npu_gguf_tensor *output;
	const struct npu_gguf_tensor *rope_freqs;
	struct npu_model_layer *layer;
	struct npu_gguf_tensor *parts;
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

/**
 * npu_model_rope() - angles by which RoPE rotates (Su et al., 2021)
 * @model: model with RoPE
 * @frequency: receives config.rope_dims / 2 numbers: at position p, pair i
 *	rotates by p * frequency[i] radians
 *
 * Linear scaling, YaRN and the divisors of @rope_freqs are included.
 *
 * Return: what cosines and sines are multiplied by; 1 unless YaRN says
 * otherwise.
 */
double npu_model_rope(const struct npu_model *model, double *frequency);

/** npu_model_destroy() - free a description; NULL is allowed */
void npu_model_destroy(struct npu_model *model);

#ifdef __cplusplus
}
#endif

#endif /* NPU_MODEL_H */
