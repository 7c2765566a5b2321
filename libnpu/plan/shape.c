// SPDX-License-Identifier: MIT
/* Shapes of models: figures of the configurations that their makers publish. */
#include <stdio.h>
#include <string.h>

#include <npu/plan.h>

#define LLAMA(label, v, d, l, h, kv, hd, f, c, t) {			\
		.name = label, .vocab = v, .d_model = d, .layers = l,	\
		.heads = h, .kv_heads = kv, .head_dim = hd, .ffn = f,	\
		.context = c, .gated = true, .tied = t,			\
	}

static const struct npu_plan_shape shapes[] = {
	LLAMA("smollm2-135m", 49152, 576, 30, 9, 3, 64, 1536, 8192, true),
	LLAMA("qwen2.5-0.5b", 151936, 896, 24, 14, 2, 64, 4864, 32768, true),
	LLAMA("llama-3.2-1b", 128256, 2048, 16, 32, 8, 64, 8192, 131072, true),
	LLAMA("qwen2.5-1.5b", 151936, 1536, 28, 12, 2, 128, 8960, 32768, true),
	LLAMA("llama-3.2-3b", 128256, 3072, 28, 24, 8, 128, 8192, 131072, true),
	LLAMA("qwen3-4b", 151936, 2560, 36, 32, 8, 128, 9728, 40960, true),
	LLAMA("llama-2-7b", 32000, 4096, 32, 32, 32, 128, 11008, 4096, false),
	LLAMA("mistral-7b", 32000, 4096, 32, 32, 8, 128, 14336, 32768, false),
	LLAMA("llama-3.1-8b", 128256, 4096, 32, 32, 8, 128, 14336, 131072, false),
	LLAMA("llama-2-13b", 32000, 5120, 40, 40, 40, 128, 13824, 4096, false),
	LLAMA("llama-3.1-70b", 128256, 8192, 80, 64, 8, 128, 28672, 131072, false),
	LLAMA("llama-3.1-405b", 128256, 16384, 126, 128, 8, 128, 53248, 131072, false),
	{ .name = "gpt2", .vocab = 50257, .d_model = 768, .layers = 12, .heads = 12,
	  .kv_heads = 12, .head_dim = 64, .ffn = 3072, .context = 1024, .tied = true },
	{ .name = "gpt2-xl", .vocab = 50257, .d_model = 1600, .layers = 48, .heads = 25,
	  .kv_heads = 25, .head_dim = 64, .ffn = 6400, .context = 1024, .tied = true },
};

const struct npu_plan_shape *npu_plan_shape_at(unsigned int index)
{
	return index < sizeof(shapes) / sizeof(shapes[0]) ? &shapes[index] : NULL;
}

const struct npu_plan_shape *npu_plan_shape_find(const char *name)
{
	const struct npu_plan_shape *shape;

	for (unsigned int i = 0; (shape = npu_plan_shape_at(i)); i++)
		if (!strcmp(shape->name, name))
			return shape;
	return NULL;
}

void npu_plan_shape_of(const struct npu_model_config *config, const char *name,
		       struct npu_plan_shape *shape)
{
	*shape = (struct npu_plan_shape){
		.vocab = config->vocab, .d_model = config->d_model,
		.layers = config->layers, .heads = config->heads,
		.kv_heads = config->kv_heads, .head_dim = config->head_dim,
		.ffn = config->ffn, .context = config->context,
		.gated = config->activation == NPU_MODEL_SWIGLU, .tied = config->tied,
	};
	snprintf(shape->name, sizeof(shape->name), "%.*s", NPU_PLAN_NAME_LEN - 1, name);
}

uint64_t npu_plan_parameters(const struct npu_plan_shape *s)
{
	uint64_t q = (uint64_t)s->heads * s->head_dim, kv = (uint64_t)s->kv_heads * s->head_dim;
	uint64_t block = s->d_model * (2 * q + 2 * kv) +
			 (uint64_t)s->d_model * s->ffn * (s->gated ? 3 : 2);
	uint64_t embedding = (uint64_t)s->vocab * s->d_model;

	return block * s->layers + embedding * (s->tied ? 1 : 2);
}
