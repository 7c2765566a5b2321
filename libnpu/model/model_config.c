// SPDX-License-Identifier: MIT
/* The numbers of a model, from the metadata of its file. */
#include <errno.h>
#include <inttypes.h>

#include "gguf_internal.h"
#include "model_config.h"

/* Rows of the embedding, when the file does not tell the vocabulary's size. */
static uint32_t default_vocab(const struct npu_gguf *gguf)
{
	const struct npu_gguf_tensor *embd =
		npu_gguf_find_tensor(gguf, "token_embd.weight");

	if (!embd || embd->rows > NPU_MODEL_MAX_VOCAB)
		return 0;
	return embd->rows;
}

static int read_sizes(const struct model_keys *keys, struct npu_model_config *c)
{
	const struct {
		const char *key;
		uint32_t max;
		uint32_t *value;
	} sizes[] = {
		{ "embedding_length", NPU_MODEL_MAX_D_MODEL, &c->d_model },
		{ "block_count", NPU_MODEL_MAX_LAYERS, &c->layers },
		{ "attention.head_count", NPU_MODEL_MAX_HEADS, &c->heads },
		{ "feed_forward_length", NPU_MODEL_MAX_FFN, &c->ffn },
		{ "context_length", NPU_MODEL_MAX_CONTEXT, &c->context },
	};
	int ret;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ret = model_read_number(keys, sizes[i].key, sizes[i].max,
					sizes[i].value);
		if (ret)
			return ret;
	}
	c->vocab = default_vocab(keys->gguf);
	return model_read_number(keys, "vocab_size", NPU_MODEL_MAX_VOCAB,
				 &c->vocab);
}

static int read_kv_heads(const struct model_keys *keys,
			 struct npu_model_config *c)
{
	int ret;

	c->kv_heads = c->heads;
	ret = model_read_number(keys, "attention.head_count_kv",
				NPU_MODEL_MAX_HEADS, &c->kv_heads);
	if (ret || c->heads % c->kv_heads == 0)
		return ret;
	return npu_error_set(keys->err, -EINVAL, "%s: %" PRIu32
			     " attention heads cannot share %" PRIu32
			     " key and value heads evenly",
			     npu_gguf_name(keys->gguf), c->heads, c->kv_heads);
}

static int read_head_dim(const struct model_keys *keys,
			 struct npu_model_config *c)
{
	char name[MODEL_KEY_LEN];
	uint32_t value_dim;
	int ret;

	model_key(keys, "attention.key_length", name);
	if (!npu_gguf_has(keys->gguf, name) && c->d_model % c->heads)
		return npu_error_set(keys->err, -EINVAL,
				     "%s: %s %" PRIu32
				     " is no multiple of %" PRIu32
				     " attention heads",
				     npu_gguf_name(keys->gguf),
				     model_key(keys, "embedding_length", name),
				     c->d_model, c->heads);
	c->head_dim = c->d_model / c->heads;
	ret = model_read_number(keys, "attention.key_length",
				NPU_MODEL_MAX_HEAD_DIM, &c->head_dim);
	if (ret)
		return ret;
	value_dim = c->head_dim;
	ret = model_read_number(keys, "attention.value_length",
				NPU_MODEL_MAX_HEAD_DIM, &value_dim);
	if (ret)
		return ret;
	if (c->head_dim <= NPU_MODEL_MAX_HEAD_DIM && value_dim == c->head_dim)
		return 0;
	return npu_error_set(keys->err, -EINVAL, "%s: heads of %" PRIu32
			     " key and %" PRIu32
			     " value elements, expected equal and at most %u",
			     npu_gguf_name(keys->gguf), c->head_dim, value_dim,
			     NPU_MODEL_MAX_HEAD_DIM);
}

/* A key of 0 says the same as none. */
static int read_window(const struct model_keys *keys,
		       struct npu_model_config *c)
{
	char name[MODEL_KEY_LEN];
	int ret = npu_gguf_get_u32(keys->gguf,
				   model_key(keys, "attention.sliding_window",
					     name), &c->window, keys->err);

	if (ret && ret != -ENOENT)
		return ret;
	if (c->window >= c->context)
		c->window = 0;
	return 0;
}

/* Each token would go through a choice of feed-forward layers. */
static int refuse_experts(const struct model_keys *keys)
{
	char name[MODEL_KEY_LEN];
	uint32_t experts = 0;
	int ret = npu_gguf_get_u32(keys->gguf,
				   model_key(keys, "expert_count", name),
				   &experts, keys->err);

	if (ret && ret != -ENOENT)
		return ret;
	if (!experts)
		return 0;
	return npu_error_set(keys->err, -ENOTSUP,
			     "%s: a mixture of %" PRIu32
			     " experts is not supported (supported: one feed-forward layer a block)",
			     npu_gguf_name(keys->gguf), experts);
}

static int check_tokens(const struct model_keys *keys,
			const struct npu_model_config *c)
{
	struct npu_gguf_array tokens;
	int ret = npu_gguf_get_array(keys->gguf, "tokenizer.ggml.tokens",
				     NPU_GGUF_VALUE_STRING, &tokens, keys->err);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (tokens.count == c->vocab)
		return 0;
	return npu_error_set(keys->err, -EINVAL,
			     "%s: the model has %" PRIu32
			     " tokens, its tokenizer %" PRIu64,
			     npu_gguf_name(keys->gguf), c->vocab, tokens.count);
}

int model_read_config(const struct model_keys *keys, struct npu_model_config *c)
{
	int ret = refuse_experts(keys);

	c->architecture = keys->arch->name;
	c->norm = keys->arch->norm;
	c->rope = keys->arch->rope;
	c->activation = keys->arch->activation;
	if (!ret)
		ret = read_sizes(keys, c);
	if (!ret)
		ret = read_kv_heads(keys, c);
	if (!ret)
		ret = read_head_dim(keys, c);
	if (!ret && c->rope)
		ret = model_read_rope(keys, c);
	if (!ret)
		ret = read_window(keys, c);
	if (!ret)
		ret = model_read_real(keys, keys->arch->eps_key, 1e-12f, 0.1f,
				      &c->norm_eps);
	if (!ret)
		ret = check_tokens(keys, c);
	c->tied = !npu_gguf_find_tensor(keys->gguf, "output.weight");
	return ret;
}
