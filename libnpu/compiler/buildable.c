// SPDX-License-Identifier: MIT
#include <errno.h>

#include "buildable.h"

int buildable_check(const struct npu_model *model, struct npu_error *err)
{
	const struct npu_model_config *c = &model->config;
	const struct npu_model_layer *l = model->layer;
	const struct {
		bool present;
		const char *name;
	} features[] = {
		{ c->norm == NPU_MODEL_LAYERNORM, "LayerNorm" },
		{ c->rope == NPU_MODEL_ROPE_HALVES, "RoPE of halves" },
		{ model->rope_freqs || c->rope_config.factor > 1, "RoPE scaling" },
		{ c->window, "a sliding window" },
		{ l->attn_q_norm, "a norm of queries and keys" },
	};
	const struct npu_gguf_tensor *bias = NULL;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].present)
			return npu_error_set(err, -ENOTSUP,
					     "the compiler builds no %s model with %s",
					     c->architecture, features[i].name);
	for (uint32_t i = 0; !bias && i < c->layers; i++) {
		l = &model->layer[i];
		bias = l->attn_q_bias ? l->attn_q_bias : l->attn_k_bias;
		bias = bias ? bias : l->attn_v_bias;
		bias = bias ? bias : l->attn_output_bias;
		bias = bias ? bias : l->ffn_gate_bias;
		bias = bias ? bias : l->ffn_up_bias;
		bias = bias ? bias : l->ffn_down_bias;
	}
	return bias ? npu_error_set(err, -ENOTSUP, "the compiler cannot add the bias '%s'",
				    bias->name) : 0;
}
