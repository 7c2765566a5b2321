// SPDX-License-Identifier: MIT
/* Numbers under an architecture's prefix, checked against their range. */
#include <inttypes.h>
#include <stdio.h>

#include "gguf_internal.h"
#include "model_keys.h"

const char *model_key(const struct model_keys *keys, const char *key,
		      char out[MODEL_KEY_LEN])
{
	snprintf(out, MODEL_KEY_LEN, "%s.%s", keys->arch->name, key);
	return out;
}

int model_read_number(const struct model_keys *keys, const char *key,
		      uint32_t max, uint32_t *value)
{
	const struct gguf_entry *entry;
	char name[MODEL_KEY_LEN];
	int ret;

	entry = gguf_find(keys->gguf, model_key(keys, key, name));
	if (!entry && *value)
		return 0;
	ret = npu_gguf_get_u32(keys->gguf, name, value, keys->err);
	if (ret)
		return gguf_required(ret, keys->err);
	if (*value && *value <= max)
		return 0;
	return gguf_bad(keys->gguf, entry->offset, keys->err, "%s is %" PRIu32
			", expected 1 to %" PRIu32, name, *value, max);
}

int model_read_real(const struct model_keys *keys, const char *key, float min,
		    float max, float *value)
{
	const struct gguf_entry *entry;
	char name[MODEL_KEY_LEN];
	int ret;

	entry = gguf_find(keys->gguf, model_key(keys, key, name));
	if (!entry && *value > 0)
		return 0;
	ret = npu_gguf_get_f32(keys->gguf, name, value, keys->err);
	if (ret)
		return gguf_required(ret, keys->err);
	if (*value >= min && *value <= max)
		return 0;
	return gguf_bad(keys->gguf, entry->offset, keys->err,
			"%s is %g, expected %g to %g", name, *value, min, max);
}
