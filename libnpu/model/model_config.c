// SPDX-License-Identifier: MIT
/* The numbers of a model, from the metadata of its file. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "gguf_internal.h"
#include "model_config.h"

/* To the caller a missing key is a defect of the file like any other. */
static int required(int ret, struct npu_error *err)
{
	if (ret != -ENOENT)
		return ret;
	if (err)
		err->code = -EINVAL;
	return -EINVAL;
}

static int check_architecture(const struct npu_gguf *gguf,
			      struct npu_error *err)
{
	struct npu_gguf_string name;
	char quoted[GGUF_QUOTE_LEN];
	int ret = npu_gguf_get_string(gguf, "general.architecture", &name, err);

	if (ret)
		return required(ret, err);
	if (name.len == 5 && !memcmp(name.data, "llama", 5))
		return 0;
	return npu_error_set(err, -ENOTSUP,
			     "%s: architecture '%s' is not supported (supported: llama)",
			     npu_gguf_name(gguf), gguf_quote(quoted, &name));
}

/* A missing key is an error, unless *value holds a default that is not 0. */
static int read_number(const struct npu_gguf *gguf, const char *key,
		       uint32_t max, uint32_t *value, struct npu_error *err)
{
	const struct gguf_entry *entry = gguf_find(gguf, key);
	int ret;

	if (!entry && *value)
		return 0;
	ret = required(npu_gguf_get_u32(gguf, key, value, err), err);
	if (ret)
		return ret;
	if (*value && *value <= max)
		return 0;
	return gguf_bad(gguf, entry->offset, err, "%s is %" PRIu32
			", expected 1 to %" PRIu32, key, *value, max);
}

static int read_real(const struct npu_gguf *gguf, const char *key, float min,
		     float max, float *value, struct npu_error *err)
{
	const struct gguf_entry *entry = gguf_find(gguf, key);
	int ret;

	if (!entry && *value > 0)
		return 0;
	ret = required(npu_gguf_get_f32(gguf, key, value, err), err);
	if (ret)
		return ret;
	if (*value >= min && *value <= max)
		return 0;
	return gguf_bad(gguf, entry->offset, err,
			"%s is %g, expected %g to %g", key, *value, min, max);
}

/* Rows of the embedding, when the file does not tell the vocabulary's size. */
static uint32_t default_vocab(const struct npu_gguf *gguf)
{
	const struct npu_gguf_tensor *embd =
		npu_gguf_find_tensor(gguf, "token_embd.weight");

	if (!embd || embd->rows > NPU_MODEL_MAX_VOCAB)
		return 0;
	return embd->rows;
}

static int read_sizes(const struct npu_gguf *gguf, struct npu_model_config *c,
		      struct npu_error *err)
{
	const struct {
		const char *key;
		uint32_t max;
		uint32_t *value;
	} sizes[] = {
		{ "llama.embedding_length", NPU_MODEL_MAX_D_MODEL, &c->d_model },
		{ "llama.block_count", NPU_MODEL_MAX_LAYERS, &c->layers },
		{ "llama.attention.head_count", NPU_MODEL_MAX_HEADS, &c->heads },
		{ "llama.feed_forward_length", NPU_MODEL_MAX_FFN, &c->ffn },
		{ "llama.context_length", NPU_MODEL_MAX_CONTEXT, &c->context },
	};
	int ret;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ret = read_number(gguf, sizes[i].key, sizes[i].max,
				  sizes[i].value, err);
		if (ret)
			return ret;
	}
	c->vocab = default_vocab(gguf);
	return read_number(gguf, "llama.vocab_size", NPU_MODEL_MAX_VOCAB,
			   &c->vocab, err);
}

static int read_heads(const struct npu_gguf *gguf, struct npu_model_config *c,
		      struct npu_error *err)
{
	uint32_t value_dim;
	int ret;

	c->kv_heads = c->heads;
	ret = read_number(gguf, "llama.attention.head_count_kv",
			  NPU_MODEL_MAX_HEADS, &c->kv_heads, err);
	if (ret)
		return ret;
	if (c->heads % c->kv_heads)
		return npu_error_set(err, -EINVAL, "%s: %" PRIu32
				     " attention heads cannot share %" PRIu32
				     " key and value heads evenly",
				     npu_gguf_name(gguf), c->heads,
				     c->kv_heads);
	if (!npu_gguf_has(gguf, "llama.attention.key_length") &&
	    c->d_model % c->heads)
		return npu_error_set(err, -EINVAL,
				     "%s: llama.embedding_length %" PRIu32
				     " is no multiple of %" PRIu32
				     " attention heads", npu_gguf_name(gguf),
				     c->d_model, c->heads);
	c->head_dim = c->d_model / c->heads;
	ret = read_number(gguf, "llama.attention.key_length",
			  NPU_MODEL_MAX_HEAD_DIM, &c->head_dim, err);
	if (ret)
		return ret;
	value_dim = c->head_dim;
	ret = read_number(gguf, "llama.attention.value_length",
			  NPU_MODEL_MAX_HEAD_DIM, &value_dim, err);
	if (ret)
		return ret;
	if (c->head_dim > NPU_MODEL_MAX_HEAD_DIM || value_dim != c->head_dim)
		return npu_error_set(err, -EINVAL, "%s: heads of %" PRIu32
				     " key and %" PRIu32
				     " value elements, expected equal and at most %u",
				     npu_gguf_name(gguf), c->head_dim,
				     value_dim, NPU_MODEL_MAX_HEAD_DIM);
	return 0;
}

/* Stretched contexts change the angles; running without would be wrong. */
static int refuse_rope_scaling(const struct npu_gguf *gguf,
			       struct npu_error *err)
{
	struct npu_gguf_string type;
	char quoted[GGUF_QUOTE_LEN];
	int ret = npu_gguf_get_string(gguf, "llama.rope.scaling.type", &type,
				      err);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (type.len == 4 && !memcmp(type.data, "none", 4))
		return 0;
	return npu_error_set(err, -ENOTSUP,
			     "%s: RoPE scaling '%s' is not supported (supported: none)",
			     npu_gguf_name(gguf), gguf_quote(quoted, &type));
}

static int read_rope(const struct npu_gguf *gguf, struct npu_model_config *c,
		     struct npu_error *err)
{
	int ret;

	c->rope_dims = c->head_dim;
	ret = read_number(gguf, "llama.rope.dimension_count", c->head_dim,
			  &c->rope_dims, err);
	if (ret)
		return ret;
	if (c->rope_dims % 2)
		return npu_error_set(err, -EINVAL,
				     "%s: RoPE turns pairs, but llama.rope.dimension_count is %" PRIu32,
				     npu_gguf_name(gguf), c->rope_dims);
	c->rope_base = 10000;
	ret = read_real(gguf, "llama.rope.freq_base", 1, 1e12f, &c->rope_base,
			err);
	if (ret)
		return ret;
	return refuse_rope_scaling(gguf, err);
}

static int check_tokens(const struct npu_gguf *gguf,
			const struct npu_model_config *c, struct npu_error *err)
{
	struct npu_gguf_array tokens;
	int ret = npu_gguf_get_array(gguf, "tokenizer.ggml.tokens",
				     NPU_GGUF_VALUE_STRING, &tokens, err);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	if (tokens.count == c->vocab)
		return 0;
	return npu_error_set(err, -EINVAL,
			     "%s: the model has %" PRIu32
			     " tokens, its tokenizer %" PRIu64,
			     npu_gguf_name(gguf), c->vocab, tokens.count);
}

int model_read_config(const struct npu_gguf *gguf, struct npu_model_config *c,
		      struct npu_error *err)
{
	int ret = check_architecture(gguf, err);

	if (!ret)
		ret = read_sizes(gguf, c, err);
	if (!ret)
		ret = read_heads(gguf, c, err);
	if (!ret)
		ret = read_rope(gguf, c, err);
	if (!ret)
		ret = read_real(gguf, "llama.attention.layer_norm_rms_epsilon",
				1e-12f, 0.1f, &c->rms_eps, err);
	if (!ret)
		ret = check_tokens(gguf, c, err);
	c->tied = !npu_gguf_find_tensor(gguf, "output.weight");
	return ret;
}
