// SPDX-License-Identifier: MIT
/* RoPE: how it is configured, and the angles that follow. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "gguf_internal.h"
#include "model_config.h"

/* A missing type is linear scaling, by a factor of 1 if that is missing too. */
static int read_type(const struct model_keys *keys,
		     struct npu_model_config *c, bool *none)
{
	struct npu_gguf_string type;
	char name[MODEL_KEY_LEN], quoted[GGUF_QUOTE_LEN];
	int ret = npu_gguf_get_string(keys->gguf,
				      model_key(keys, "rope.scaling.type", name),
				      &type, keys->err);

	*none = false;
	c->rope_config.scaling = NPU_ROPE_LINEAR;
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	*none = gguf_string_is(&type, "none");
	if (*none || gguf_string_is(&type, "linear"))
		return 0;
	c->rope_config.scaling = NPU_ROPE_YARN;
	if (gguf_string_is(&type, "yarn"))
		return 0;
	return npu_error_set(keys->err, -ENOTSUP,
			     "%s: RoPE scaling '%s' is not supported (supported: none, linear, yarn)",
			     npu_gguf_name(keys->gguf), gguf_quote(quoted, &type));
}

/* The second key is how early files wrote the factor of linear scaling. */
static int read_factor(const struct model_keys *keys,
		       struct npu_model_config *c)
{
	int ret;

	c->rope_config.factor = 1;
	ret = model_read_real(keys, "rope.scale_linear", 1, 1e4f,
			      &c->rope_config.factor);
	if (ret)
		return ret;
	return model_read_real(keys, "rope.scaling.factor", 1, 1e4f,
			       &c->rope_config.factor);
}

static int read_yarn(const struct model_keys *keys, struct npu_model_config *c)
{
	struct npu_rope_config *rope = &c->rope_config;
	const struct {
		const char *key;
		float min, max, preset;
		float *value;
	} reals[] = {
		{ "rope.scaling.attn_factor", 1e-3f, 1e3f, 1, &rope->attn_factor },
		{ "rope.scaling.yarn_attn_factor", 1e-3f, 1e3f, 0, &rope->attn_factor },
		{ "rope.scaling.yarn_ext_factor", 0, 1, 1, &rope->ext_factor },
		{ "rope.scaling.yarn_beta_fast", 1e-3f, 1e4f, 32, &rope->beta_fast },
		{ "rope.scaling.yarn_beta_slow", 1e-3f, 1e4f, 1, &rope->beta_slow },
	};
	int ret = 0;

	rope->context = c->context;
	ret = model_read_number(keys, "rope.scaling.original_context_length",
				NPU_MODEL_MAX_CONTEXT, &rope->context);
	for (size_t i = 0; !ret && i < sizeof(reals) / sizeof(reals[0]); i++) {
		if (reals[i].preset > 0)
			*reals[i].value = reals[i].preset;
		ret = model_read_real(keys, reals[i].key, reals[i].min,
				      reals[i].max, reals[i].value);
	}
	return ret;
}

static int read_dims(const struct model_keys *keys, struct npu_model_config *c)
{
	char name[MODEL_KEY_LEN];
	int ret;

	c->rope_dims = c->head_dim;
	ret = model_read_number(keys, "rope.dimension_count", c->head_dim,
				&c->rope_dims);
	if (ret || c->rope_dims % 2 == 0)
		return ret;
	return npu_error_set(keys->err, -EINVAL,
			     "%s: RoPE turns pairs, but %s is %" PRIu32,
			     npu_gguf_name(keys->gguf),
			     model_key(keys, "rope.dimension_count", name),
			     c->rope_dims);
}

int model_read_rope(const struct model_keys *keys, struct npu_model_config *c)
{
	bool none = false;
	int ret = read_dims(keys, c);

	c->rope_config.base = 10000;
	c->rope_config.attn_factor = 1;
	if (!ret)
		ret = model_read_real(keys, "rope.freq_base", 1, 1e12f,
				      &c->rope_config.base);
	if (!ret)
		ret = read_type(keys, c, &none);
	if (!ret)
		ret = read_factor(keys, c);
	if (none)
		c->rope_config.factor = 1;
	if (!ret && c->rope_config.scaling == NPU_ROPE_YARN)
		ret = read_yarn(keys, c);
	return ret;
}

/*
 * The pair that makes @turns turns within the original context: solve
 * context * base^(-2i / dims) = 2 pi turns for i (Peng et al., 2023, 3.2).
 */
static double pair_of_turns(const struct npu_model_config *c, double turns)
{
	const struct npu_rope_config *rope = &c->rope_config;

	return c->rope_dims * log(rope->context / (turns * 2 * M_PI)) /
	       (2 * log(rope->base));
}

/* Pairs up to @fast are left alone, from @slow on they are divided. */
static void yarn_range(const struct npu_model_config *c, double *fast,
		       double *slow)
{
	double last = c->rope_dims - 1;

	*fast = floor(pair_of_turns(c, c->rope_config.beta_fast));
	*slow = ceil(pair_of_turns(c, c->rope_config.beta_slow));
	/* A base of 1 gives no number: then nothing turns fast. */
	*fast = *fast > 0 ? fmin(*fast, last) : 0;
	*slow = *slow < last ? fmax(*slow, 0) : last;
}

/* Share of the frequency that stays as it is, for pair @i. */
static double yarn_share(const struct npu_rope_config *rope, double fast,
			 double slow, uint32_t i)
{
	double ramp = (i - fast) / fmax(0.001, slow - fast);

	return (1 - fmin(fmax(ramp, 0), 1)) * rope->ext_factor;
}

double npu_model_rope(const struct npu_model *model, double *frequency)
{
	const struct npu_model_config *c = &model->config;
	const struct npu_rope_config *rope = &c->rope_config;
	const float *divisor = model->rope_freqs ? model->rope_freqs->data : NULL;
	double fast = 0, slow = 0;

	if (rope->scaling == NPU_ROPE_YARN)
		yarn_range(c, &fast, &slow);
	for (uint32_t i = 0; i < c->rope_dims / 2; i++) {
		double plain = pow(rope->base, -2.0 * i / c->rope_dims);
		double share = rope->scaling == NPU_ROPE_YARN ?
			       yarn_share(rope, fast, slow, i) : 0;

		if (divisor)
			plain /= divisor[i];
		frequency[i] = plain * (share + (1 - share) / rope->factor);
	}
	if (rope->scaling != NPU_ROPE_YARN || !(rope->ext_factor > 0))
		return rope->attn_factor;
	return rope->attn_factor * (1 + 0.1 * log(rope->factor));
}
