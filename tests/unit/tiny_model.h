/* SPDX-License-Identifier: MIT */
/* Builds small Llama files with random weights. */
#ifndef NPU_TESTS_TINY_MODEL_H
#define NPU_TESTS_TINY_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "gguf_builder.h"

struct tiny {
	uint32_t vocab, d_model, layers, heads, kv_heads, head_dim, ffn;
	uint32_t context, rope_dims;
	bool tied;
	uint32_t seed;
};

/* Odd sizes, grouped heads, heads * head_dim other than d_model. */
static const struct tiny tiny_default = {
	.vocab = 23, .d_model = 20, .layers = 2, .heads = 4, .kv_heads = 2,
	.head_dim = 6, .ffn = 37, .context = 16, .rope_dims = 6,
	.tied = true, .seed = 1,
};

static inline void tiny_metadata(struct builder *b, const struct tiny *t)
{
	add_string(b, "general.architecture", "llama");
	add_u32(b, "llama.vocab_size", t->vocab);
	add_u32(b, "llama.embedding_length", t->d_model);
	add_u32(b, "llama.block_count", t->layers);
	add_u32(b, "llama.attention.head_count", t->heads);
	add_u32(b, "llama.attention.head_count_kv", t->kv_heads);
	add_u32(b, "llama.attention.key_length", t->head_dim);
	add_u32(b, "llama.attention.value_length", t->head_dim);
	add_u32(b, "llama.feed_forward_length", t->ffn);
	add_u32(b, "llama.context_length", t->context);
	add_u32(b, "llama.rope.dimension_count", t->rope_dims);
	add_f32(b, "llama.rope.freq_base", 10000);
	add_f32(b, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
}

/* Weights of about 1 / sqrt(row), so that activations keep their size. */
static inline void tiny_matrix(struct builder *b, struct tiny *t,
			       const char *name, uint64_t row, uint64_t rows)
{
	uint64_t dims[] = { row, rows, 0 }, n = row * (rows ? rows : 1);
	float *data = calloc(n, sizeof(*data));
	float spread = 1;

	if (!data)
		abort();
	while (spread * spread * row > 3)
		spread *= 0.5f;
	for (uint64_t i = 0; i < n; i++) {
		t->seed = t->seed * 1664525 + 1013904223;
		data[i] = (t->seed >> 8) * 0x1p-23f - 1;
		data[i] = rows ? data[i] * spread * 2 : 1 + data[i] * 0.25f;
	}
	add_tensor(b, name, NPU_GGUF_F32, dims, data, n * sizeof(*data));
	free(data);
}

static inline void tiny_layer(struct builder *b, struct tiny *t, uint32_t i)
{
	uint64_t q = t->heads * t->head_dim, kv = t->kv_heads * t->head_dim;
	const struct {
		const char *name;
		uint64_t row, rows;
	} all[] = {
		{ "attn_norm", t->d_model, 0 }, { "attn_q", t->d_model, q },
		{ "attn_k", t->d_model, kv }, { "attn_v", t->d_model, kv },
		{ "attn_output", q, t->d_model },
		{ "ffn_norm", t->d_model, 0 },
		{ "ffn_gate", t->d_model, t->ffn },
		{ "ffn_up", t->d_model, t->ffn },
		{ "ffn_down", t->ffn, t->d_model },
	};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		char name[64];

		snprintf(name, sizeof(name), "blk.%u.%s.weight", i, all[k].name);
		tiny_matrix(b, t, name, all[k].row, all[k].rows);
	}
}

static inline void tiny_tensors(struct builder *b, struct tiny t)
{
	tiny_matrix(b, &t, "token_embd.weight", t.d_model, t.vocab);
	for (uint32_t i = 0; i < t.layers; i++)
		tiny_layer(b, &t, i);
	tiny_matrix(b, &t, "output_norm.weight", t.d_model, 0);
	if (!t.tied)
		tiny_matrix(b, &t, "output.weight", t.d_model, t.vocab);
}

static inline void tiny_build(struct builder *b, const struct tiny *t)
{
	builder_start(b, 3);
	tiny_metadata(b, t);
	tiny_tensors(b, *t);
	builder_end(b);
}

#endif /* NPU_TESTS_TINY_MODEL_H */
