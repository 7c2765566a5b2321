// SPDX-License-Identifier: MIT
/* Typed access to the metadata of an open GGUF file. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "gguf_value.h"
#include "half.h"

/* Sizes of the types that have one; 0 for the others. */
static const struct {
	const char *name;
	uint8_t size;
} value_types[] = {
	[NPU_GGUF_VALUE_U8]	= { "u8", 1 },
	[NPU_GGUF_VALUE_I8]	= { "i8", 1 },
	[NPU_GGUF_VALUE_U16]	= { "u16", 2 },
	[NPU_GGUF_VALUE_I16]	= { "i16", 2 },
	[NPU_GGUF_VALUE_U32]	= { "u32", 4 },
	[NPU_GGUF_VALUE_I32]	= { "i32", 4 },
	[NPU_GGUF_VALUE_F32]	= { "f32", 4 },
	[NPU_GGUF_VALUE_BOOL]	= { "bool", 1 },
	[NPU_GGUF_VALUE_STRING]	= { "string", 0 },
	[NPU_GGUF_VALUE_ARRAY]	= { "array", 0 },
	[NPU_GGUF_VALUE_U64]	= { "u64", 8 },
	[NPU_GGUF_VALUE_I64]	= { "i64", 8 },
	[NPU_GGUF_VALUE_F64]	= { "f64", 8 },
};

const char *gguf_value_name(uint32_t type)
{
	if (type >= sizeof(value_types) / sizeof(value_types[0]))
		return NULL;
	return value_types[type].name;
}

size_t gguf_value_size(uint32_t type)
{
	return gguf_value_name(type) ? value_types[type].size : 0;
}

/* The bits of a number as stored, in the low end of a word. */
static uint64_t load_bits(const void *data, size_t size)
{
	uint64_t bits = 0;

	memcpy(&bits, data, size);
	return le64toh(bits);
}

/* False when @type is no integer type. */
static bool load_integer(uint32_t type, const void *data, uint64_t *magnitude,
			 bool *negative)
{
	uint64_t bits = load_bits(data, gguf_value_size(type));
	int64_t value;

	switch (type) {
	case NPU_GGUF_VALUE_U8:
	case NPU_GGUF_VALUE_U16:
	case NPU_GGUF_VALUE_U32:
	case NPU_GGUF_VALUE_U64:
		*magnitude = bits;
		*negative = false;
		return true;
	case NPU_GGUF_VALUE_I8:
		value = (int8_t)bits;
		break;
	case NPU_GGUF_VALUE_I16:
		value = (int16_t)bits;
		break;
	case NPU_GGUF_VALUE_I32:
		value = (int32_t)bits;
		break;
	case NPU_GGUF_VALUE_I64:
		value = (int64_t)bits;
		break;
	default:
		return false;
	}
	*negative = value < 0;
	*magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
	return true;
}

/* False when @type is no floating point type. */
static bool load_real(uint32_t type, const void *data, float *value)
{
	uint64_t bits = load_bits(data, gguf_value_size(type));
	double wide;

	if (type == NPU_GGUF_VALUE_F32) {
		*value = float_from_bits(bits);
		return true;
	}
	if (type != NPU_GGUF_VALUE_F64)
		return false;
	memcpy(&wide, &bits, sizeof(wide));
	*value = (float)wide;
	return true;
}

const struct gguf_entry *gguf_find(const struct npu_gguf *gguf, const char *key)
{
	struct npu_gguf_string wanted = { key, strlen(key) };
	uint64_t low = 0, high = gguf->entry_count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int order = gguf_compare(&wanted, &gguf->by_key[middle]->key);

		if (!order)
			return gguf->by_key[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int find(const struct npu_gguf *gguf, const char *key,
		const struct gguf_entry **entry, struct npu_error *err)
{
	*entry = gguf_find(gguf, key);
	if (*entry)
		return 0;
	return npu_error_set(err, -ENOENT, "%s: metadata key '%s' is missing",
			     gguf->name, key);
}

static int wrong_type(const struct npu_gguf *gguf, const char *key,
		      const struct gguf_entry *entry, const char *wanted,
		      struct npu_error *err)
{
	return gguf_bad(gguf, entry->offset, err,
			"metadata key '%s' has type %s, expected %s", key,
			gguf_value_name(entry->type), wanted);
}

bool npu_gguf_has(const struct npu_gguf *gguf, const char *key)
{
	return gguf_find(gguf, key);
}

uint64_t npu_gguf_key_count(const struct npu_gguf *gguf)
{
	return gguf->entry_count;
}

int npu_gguf_key_at(const struct npu_gguf *gguf, uint64_t index,
		    struct npu_gguf_string *key, uint32_t *type)
{
	if (index >= gguf->entry_count)
		return -ERANGE;
	*key = gguf->entry[index].key;
	*type = gguf->entry[index].type;
	return 0;
}

static int get_integer(const struct npu_gguf *gguf, const char *key,
		       uint64_t max, uint64_t *value, struct npu_error *err)
{
	const struct gguf_entry *entry;
	uint64_t magnitude;
	bool negative;
	int ret = find(gguf, key, &entry, err);

	if (ret)
		return ret;
	if (!gguf_value_size(entry->type) ||
	    !load_integer(entry->type, entry->scalar, &magnitude, &negative))
		return wrong_type(gguf, key, entry, "an integer", err);
	if (negative || magnitude > max)
		return gguf_bad(gguf, entry->offset, err,
				"metadata key '%s' is %s%" PRIu64
				", expected 0 to %" PRIu64, key,
				negative ? "-" : "", magnitude, max);
	*value = magnitude;
	return 0;
}

int npu_gguf_get_u32(const struct npu_gguf *gguf, const char *key,
		     uint32_t *value, struct npu_error *err)
{
	uint64_t wide;
	int ret = get_integer(gguf, key, UINT32_MAX, &wide, err);

	if (!ret)
		*value = wide;
	return ret;
}

int npu_gguf_get_u64(const struct npu_gguf *gguf, const char *key,
		     uint64_t *value, struct npu_error *err)
{
	return get_integer(gguf, key, UINT64_MAX, value, err);
}

int npu_gguf_get_f32(const struct npu_gguf *gguf, const char *key,
		     float *value, struct npu_error *err)
{
	const struct gguf_entry *entry;
	int ret = find(gguf, key, &entry, err);

	if (ret)
		return ret;
	if (!gguf_value_size(entry->type) ||
	    !load_real(entry->type, entry->scalar, value))
		return wrong_type(gguf, key, entry, "f32 or f64", err);
	return 0;
}

int npu_gguf_get_bool(const struct npu_gguf *gguf, const char *key,
		      bool *value, struct npu_error *err)
{
	const struct gguf_entry *entry;
	int ret = find(gguf, key, &entry, err);

	if (ret)
		return ret;
	if (entry->type != NPU_GGUF_VALUE_BOOL)
		return wrong_type(gguf, key, entry, "bool", err);
	*value = *(const uint8_t *)entry->scalar;
	return 0;
}

int npu_gguf_get_string(const struct npu_gguf *gguf, const char *key,
			struct npu_gguf_string *value, struct npu_error *err)
{
	const struct gguf_entry *entry;
	int ret = find(gguf, key, &entry, err);

	if (ret)
		return ret;
	if (entry->type != NPU_GGUF_VALUE_STRING)
		return wrong_type(gguf, key, entry, "string", err);
	*value = entry->string;
	return 0;
}

int npu_gguf_get_array(const struct npu_gguf *gguf, const char *key,
		       uint32_t type, struct npu_gguf_array *value,
		       struct npu_error *err)
{
	const struct gguf_entry *entry;
	int ret = find(gguf, key, &entry, err);

	if (ret)
		return ret;
	if (entry->type != NPU_GGUF_VALUE_ARRAY)
		return wrong_type(gguf, key, entry, "array", err);
	if (entry->array.type != type)
		return gguf_bad(gguf, entry->offset, err,
				"metadata key '%s' is an array of %s, expected %s",
				key, gguf_value_name(entry->array.type),
				gguf_value_name(type) ? gguf_value_name(type) :
				"a type that does not exist");
	*value = entry->array;
	return 0;
}

int npu_gguf_array_string(const struct npu_gguf_array *array, uint64_t i,
			  struct npu_gguf_string *value)
{
	const char *item;

	if (array->type != NPU_GGUF_VALUE_STRING)
		return -EINVAL;
	if (i >= array->count)
		return -ERANGE;
	item = (const char *)array->data + array->index[i];
	value->len = load_bits(item, sizeof(uint64_t));
	value->data = item + sizeof(uint64_t);
	return 0;
}

/* The element's address, once it is known to exist and to have a size. */
static int array_item(const struct npu_gguf_array *array, uint64_t i,
		      const void **item)
{
	size_t size = gguf_value_size(array->type);

	if (!size)
		return -EINVAL;
	if (i >= array->count)
		return -ERANGE;
	*item = (const char *)array->data + i * size;
	return 0;
}

int npu_gguf_array_i64(const struct npu_gguf_array *array, uint64_t i,
		       int64_t *value)
{
	uint64_t magnitude;
	const void *item;
	bool negative;
	int ret = array_item(array, i, &item);

	if (ret)
		return ret;
	if (!load_integer(array->type, item, &magnitude, &negative))
		return -EINVAL;
	if (!negative && magnitude > INT64_MAX)
		return -EINVAL;
	*value = (int64_t)(negative ? -magnitude : magnitude);
	return 0;
}

int npu_gguf_array_f32(const struct npu_gguf_array *array, uint64_t i,
		       float *value)
{
	const void *item;
	int ret = array_item(array, i, &item);

	if (ret)
		return ret;
	return load_real(array->type, item, value) ? 0 : -EINVAL;
}
