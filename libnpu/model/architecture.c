// SPDX-License-Identifier: MIT
/* The architectures that are supported. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "architecture.h"
#include "gguf_internal.h"

#define LLAMA_GROUPS (GROUP_ALL | GROUP_SPLIT | GROUP_GATE)

/*
 * Files of the llama architecture have the rows of q and k permuted so that
 * RoPE's pairs are neighbours; those of the qwen family keep them as trained,
 * in halves.
 */
static const struct architecture architectures[] = {
	{
		.name = "llama", .required = LLAMA_GROUPS,
		.optional = GROUP_QKV_BIAS | GROUP_OUT_BIAS | GROUP_GATE_BIAS |
			    GROUP_FFN_BIAS | GROUP_FREQS | GROUP_OUTPUT,
		.norm = NPU_MODEL_RMSNORM, .rope = NPU_MODEL_ROPE_NEIGHBOURS,
		.activation = NPU_MODEL_SWIGLU,
		.eps_key = "attention.layer_norm_rms_epsilon",
	},
	{
		.name = "qwen2", .required = LLAMA_GROUPS | GROUP_QKV_BIAS,
		.optional = GROUP_OUTPUT,
		.norm = NPU_MODEL_RMSNORM, .rope = NPU_MODEL_ROPE_HALVES,
		.activation = NPU_MODEL_SWIGLU,
		.eps_key = "attention.layer_norm_rms_epsilon",
	},
	{
		.name = "qwen3", .required = LLAMA_GROUPS | GROUP_QK_NORM,
		.optional = GROUP_OUTPUT,
		.norm = NPU_MODEL_RMSNORM, .rope = NPU_MODEL_ROPE_HALVES,
		.activation = NPU_MODEL_SWIGLU,
		.eps_key = "attention.layer_norm_rms_epsilon",
	},
	{
		.name = "gpt2",
		.required = GROUP_ALL | GROUP_NORM_BIAS | GROUP_FUSED |
			    GROUP_OUT_BIAS | GROUP_FFN_BIAS | GROUP_POSITION,
		.optional = GROUP_OUTPUT,
		.norm = NPU_MODEL_LAYERNORM, .rope = NPU_MODEL_ROPE_NONE,
		.activation = NPU_MODEL_GELU,
		.eps_key = "attention.layer_norm_epsilon",
	},
};

#define COUNT (sizeof(architectures) / sizeof(architectures[0]))

int architecture_find(const struct npu_gguf *gguf,
		      const struct architecture **found, struct npu_error *err)
{
	char quoted[GGUF_QUOTE_LEN], all[128];
	struct npu_gguf_string name;
	size_t len = 0;
	int ret = npu_gguf_get_string(gguf, "general.architecture", &name, err);

	if (ret)
		return gguf_required(ret, err);
	for (size_t i = 0; i < COUNT; i++) {
		*found = &architectures[i];
		if (gguf_string_is(&name, (*found)->name))
			return 0;
		len += snprintf(all + len, sizeof(all) - len, "%s%s",
				i ? ", " : "", (*found)->name);
	}
	return npu_error_set(err, -ENOTSUP,
			     "%s: architecture '%s' is not supported (supported: %s)",
			     npu_gguf_name(gguf), gguf_quote(quoted, &name), all);
}
