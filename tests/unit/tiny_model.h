/* SPDX-License-Identifier: MIT */
/* Builds small model files with random weights, of every architecture. */
#ifndef NPU_TESTS_TINY_MODEL_H
#define NPU_TESTS_TINY_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gguf_builder.h"
#include "tiny_weights.h"

/*
 * What is left out is as in a plain Llama: @arch is its name then, @type F32.
 * @freqs adds divisors of RoPE's frequencies, @bias all biases that the
 * architecture may have but need not.
 */
struct tiny {
	uint32_t vocab, d_model, layers, heads, kv_heads, head_dim, ffn;
	uint32_t context, rope_dims;
	bool tied;
	uint32_t seed;
	const char *arch;
	uint32_t type;
	uint32_t window;
	bool freqs, bias;
	const char *scaling;
	float factor;
};

/* Odd sizes, grouped heads, heads * head_dim other than d_model. */
static const struct tiny tiny_default = {
	.vocab = 23, .d_model = 20, .layers = 2, .heads = 4, .kv_heads = 2,
	.head_dim = 6, .ffn = 37, .context = 16, .rope_dims = 6,
	.tied = true, .seed = 1,
};

static inline const char *tiny_arch(const struct tiny *t)
{
	return t->arch ? t->arch : "llama";
}

static inline bool tiny_is(const struct tiny *t, const char *arch)
{
	return !strcmp(tiny_arch(t), arch);
}

/* A key under the architecture's prefix. */
static inline const char *tiny_key(const struct tiny *t, const char *key)
{
	static char name[96];

	snprintf(name, sizeof(name), "%s.%s", tiny_arch(t), key);
	return name;
}

static inline void tiny_rope(struct builder *b, const struct tiny *t)
{
	add_u32(b, tiny_key(t, "rope.dimension_count"), t->rope_dims);
	add_f32(b, tiny_key(t, "rope.freq_base"), 10000);
	if (t->scaling)
		add_string(b, tiny_key(t, "rope.scaling.type"), t->scaling);
	if (t->factor > 0)
		add_f32(b, tiny_key(t, "rope.scaling.factor"), t->factor);
	if (t->scaling && !strcmp(t->scaling, "yarn"))
		add_u32(b, tiny_key(t, "rope.scaling.original_context_length"),
			t->context / t->factor);
}

static inline void tiny_metadata(struct builder *b, const struct tiny *t)
{
	add_string(b, "general.architecture", tiny_arch(t));
	add_u32(b, tiny_key(t, "vocab_size"), t->vocab);
	add_u32(b, tiny_key(t, "embedding_length"), t->d_model);
	add_u32(b, tiny_key(t, "block_count"), t->layers);
	add_u32(b, tiny_key(t, "attention.head_count"), t->heads);
	add_u32(b, tiny_key(t, "attention.head_count_kv"), t->kv_heads);
	add_u32(b, tiny_key(t, "attention.key_length"), t->head_dim);
	add_u32(b, tiny_key(t, "attention.value_length"), t->head_dim);
	add_u32(b, tiny_key(t, "feed_forward_length"), t->ffn);
	add_u32(b, tiny_key(t, "context_length"), t->context);
	if (!tiny_is(t, "gpt2"))
		tiny_rope(b, t);
	if (t->window)
		add_u32(b, tiny_key(t, "attention.sliding_window"), t->window);
	add_f32(b, tiny_key(t, tiny_is(t, "gpt2") ?
			    "attention.layer_norm_epsilon" :
			    "attention.layer_norm_rms_epsilon"), 1e-5f);
}

/*
 * Weights of about 1 / sqrt(row), so that activations keep their size; norms
 * about 1. @rows of 0 is a vector, which is F32 in any model.
 */
static inline void tiny_matrix(struct builder *b, struct tiny *t,
			       const char *name, uint64_t row, uint64_t rows)
{
	uint64_t dims[] = { row, rows, 0 };
	uint32_t type = rows ? t->type : NPU_GGUF_F32;
	size_t size;
	void *data = rows ? tiny_weights(&t->seed, type, row, rows, &size) :
			    tiny_vector(&t->seed, row, 1, 0.25f, &size);

	add_tensor(b, name, type, dims, data, size);
	free(data);
}

static inline void tiny_bias(struct builder *b, struct tiny *t,
			     const char *name, uint64_t n)
{
	uint64_t dims[] = { n, 0 };
	size_t size;
	void *data = tiny_vector(&t->seed, n, 0, 0.5f, &size);

	add_tensor(b, name, NPU_GGUF_F32, dims, data, size);
	free(data);
}

/* Divisors from 1 up to 4, as Llama 3's grow with the pair. */
static inline void tiny_freqs(struct builder *b, const struct tiny *t)
{
	uint64_t dims[] = { t->rope_dims / 2, 0 };
	float data[512];

	for (uint32_t i = 0; i < dims[0]; i++)
		data[i] = 1 + 3.0f * i / dims[0];
	add_tensor(b, "rope_freqs.weight", NPU_GGUF_F32, dims, data,
		   dims[0] * sizeof(*data));
}

enum tiny_part {
	TINY_NORM,	/* with a bias in GPT-2 */
	TINY_FUSED,	/* GPT-2 only */
	TINY_SPLIT,	/* not in GPT-2, with a bias in Qwen 2 */
	TINY_HEAD_NORM,	/* Qwen 3 only */
	TINY_MATRIX,	/* with a bias in GPT-2 */
	TINY_GATE,	/* not in GPT-2 */
};

static inline bool tiny_has(const struct tiny *t, enum tiny_part part)
{
	if (part == TINY_HEAD_NORM)
		return tiny_is(t, "qwen3");
	if (part == TINY_FUSED)
		return tiny_is(t, "gpt2");
	if (part == TINY_SPLIT || part == TINY_GATE)
		return !tiny_is(t, "gpt2");
	return true;
}

static inline bool tiny_has_bias(const struct tiny *t, enum tiny_part part)
{
	if (tiny_is(t, "gpt2"))
		return true;
	if (part == TINY_NORM || part == TINY_HEAD_NORM)
		return false;
	return tiny_is(t, "llama") ? t->bias :
	       tiny_is(t, "qwen2") && part == TINY_SPLIT;
}

static inline void tiny_layer(struct builder *b, struct tiny *t, uint32_t i)
{
	uint64_t q = t->heads * t->head_dim, kv = t->kv_heads * t->head_dim;
	const struct {
		const char *name;
		enum tiny_part part;
		uint64_t row, rows;
	} all[] = {
		{ "attn_norm", TINY_NORM, t->d_model, 0 },
		{ "attn_qkv", TINY_FUSED, t->d_model, q + 2 * kv },
		{ "attn_q", TINY_SPLIT, t->d_model, q },
		{ "attn_k", TINY_SPLIT, t->d_model, kv },
		{ "attn_v", TINY_SPLIT, t->d_model, kv },
		{ "attn_q_norm", TINY_HEAD_NORM, t->head_dim, 0 },
		{ "attn_k_norm", TINY_HEAD_NORM, t->head_dim, 0 },
		{ "attn_output", TINY_MATRIX, q, t->d_model },
		{ "ffn_norm", TINY_NORM, t->d_model, 0 },
		{ "ffn_gate", TINY_GATE, t->d_model, t->ffn },
		{ "ffn_up", TINY_MATRIX, t->d_model, t->ffn },
		{ "ffn_down", TINY_MATRIX, t->ffn, t->d_model },
	};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		uint64_t n = all[k].rows ? all[k].rows : all[k].row;
		char name[64];

		if (!tiny_has(t, all[k].part))
			continue;
		snprintf(name, sizeof(name), "blk.%u.%s.weight", i, all[k].name);
		tiny_matrix(b, t, name, all[k].row, all[k].rows);
		snprintf(name, sizeof(name), "blk.%u.%s.bias", i, all[k].name);
		if (tiny_has_bias(t, all[k].part))
			tiny_bias(b, t, name, n);
	}
}

static inline void tiny_tensors(struct builder *b, struct tiny t)
{
	tiny_matrix(b, &t, "token_embd.weight", t.d_model, t.vocab);
	if (tiny_is(&t, "gpt2"))
		tiny_matrix(b, &t, "position_embd.weight", t.d_model, t.context);
	for (uint32_t i = 0; i < t.layers; i++)
		tiny_layer(b, &t, i);
	tiny_matrix(b, &t, "output_norm.weight", t.d_model, 0);
	if (tiny_is(&t, "gpt2"))
		tiny_bias(b, &t, "output_norm.bias", t.d_model);
	if (!t.tied)
		tiny_matrix(b, &t, "output.weight", t.d_model, t.vocab);
	if (t.freqs)
		tiny_freqs(b, &t);
}

static inline void tiny_build(struct builder *b, const struct tiny *t)
{
	builder_start(b, 3);
	tiny_metadata(b, t);
	tiny_tensors(b, *t);
	builder_end(b);
}

#endif /* NPU_TESTS_TINY_MODEL_H */
