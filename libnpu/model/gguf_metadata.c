// SPDX-License-Identifier: MIT
/* Reading the metadata section of a GGUF file. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "gguf_value.h"

/* The shortest entry: length of the key, a one-byte key, type, one byte. */
#define ENTRY_LEAST (8 + 1 + 4 + 1)

/* Padding of tensor data when the file does not set it. */
#define DEFAULT_ALIGNMENT 32
#define MAX_ALIGNMENT (1u << 20)

static int check_bools(struct gguf_cursor *cursor, const uint8_t *data,
		       uint64_t count, uint64_t offset)
{
	for (uint64_t i = 0; i < count; i++)
		if (data[i] > 1)
			return gguf_bad(cursor->gguf, offset + i, cursor->err,
					"%u is no bool", data[i]);
	return 0;
}

/* Strings vary in length: note where each begins, once. */
static int index_strings(struct gguf_cursor *cursor,
			 struct npu_gguf_array *array, uint64_t *index)
{
	size_t start = cursor->pos;

	for (uint64_t i = 0; i < array->count; i++) {
		struct npu_gguf_string string;
		int ret;

		index[i] = cursor->pos - start;
		ret = gguf_take_string(cursor, "a string of an array", &string);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_strings(struct gguf_cursor *cursor,
			struct npu_gguf_array *array)
{
	uint64_t *index;
	int ret;

	if (!gguf_has_room(cursor, array->count, sizeof(uint64_t)))
		return gguf_bad(cursor->gguf, cursor->pos, cursor->err,
				"an array of %" PRIu64 " strings does not fit in the file",
				array->count);
	array->data = cursor->gguf->data + cursor->pos;
	if (!array->count)
		return 0;
	index = malloc(array->count * sizeof(*index));
	if (!index)
		return gguf_no_memory(cursor->gguf, cursor->err);
	ret = index_strings(cursor, array, index);
	if (ret)
		free(index);
	else
		array->index = index;
	return ret;
}

static int read_numbers(struct gguf_cursor *cursor,
			struct npu_gguf_array *array)
{
	size_t size = gguf_value_size(array->type);
	uint64_t offset = cursor->pos;

	if (!gguf_has_room(cursor, array->count, size))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"an array of %" PRIu64 " %s does not fit in the file",
				array->count, gguf_value_name(array->type));
	array->data = gguf_take(cursor, array->count * size, "an array");
	if (!array->data)
		return -EINVAL;
	if (array->type == NPU_GGUF_VALUE_BOOL)
		return check_bools(cursor, array->data, array->count, offset);
	return 0;
}

static int read_array(struct gguf_cursor *cursor, struct npu_gguf_array *array)
{
	uint64_t offset = cursor->pos;
	int ret = gguf_take_u32(cursor, "an array", &array->type);

	if (ret)
		return ret;
	if (array->type == NPU_GGUF_VALUE_ARRAY)
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"arrays of arrays are not supported");
	if (!gguf_value_name(array->type))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"array of unknown type %" PRIu32, array->type);
	ret = gguf_take_u64(cursor, "an array", &array->count);
	if (ret)
		return ret;
	if (array->type == NPU_GGUF_VALUE_STRING)
		return read_strings(cursor, array);
	return read_numbers(cursor, array);
}

static int read_value(struct gguf_cursor *cursor, struct gguf_entry *entry)
{
	switch (entry->type) {
	case NPU_GGUF_VALUE_STRING:
		return gguf_take_string(cursor, "a string", &entry->string);
	case NPU_GGUF_VALUE_ARRAY:
		return read_array(cursor, &entry->array);
	default:
		entry->scalar = gguf_take(cursor, gguf_value_size(entry->type),
					  "a number");
		if (!entry->scalar)
			return -EINVAL;
		if (entry->type == NPU_GGUF_VALUE_BOOL)
			return check_bools(cursor, entry->scalar, 1,
					   entry->offset);
		return 0;
	}
}

static int read_entry(struct gguf_cursor *cursor, struct gguf_entry *entry)
{
	uint64_t offset = cursor->pos;
	char quoted[GGUF_QUOTE_LEN];
	int ret = gguf_take_string(cursor, "a metadata key", &entry->key);

	if (ret)
		return ret;
	if (!entry->key.len || memchr(entry->key.data, 0, entry->key.len))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"metadata key '%s' is empty or has a NUL",
				gguf_quote(quoted, &entry->key));
	offset = cursor->pos;
	ret = gguf_take_u32(cursor, "the type of a metadata value",
			    &entry->type);
	if (ret)
		return ret;
	if (!gguf_value_name(entry->type))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"metadata key '%s' has unknown type %" PRIu32,
				gguf_quote(quoted, &entry->key), entry->type);
	entry->offset = cursor->pos;
	return read_value(cursor, entry);
}

static int compare_entries(const void *a, const void *b)
{
	const struct gguf_entry *const *x = a, *const *y = b;

	return gguf_compare(&(*x)->key, &(*y)->key);
}

static int sort_entries(struct npu_gguf *gguf, struct npu_error *err)
{
	char quoted[GGUF_QUOTE_LEN];

	if (!gguf->entry_count)
		return 0;
	gguf->by_key = malloc(gguf->entry_count * sizeof(*gguf->by_key));
	if (!gguf->by_key)
		return gguf_no_memory(gguf, err);
	for (uint64_t i = 0; i < gguf->entry_count; i++)
		gguf->by_key[i] = &gguf->entry[i];
	qsort(gguf->by_key, gguf->entry_count, sizeof(*gguf->by_key),
	      compare_entries);
	for (uint64_t i = 1; i < gguf->entry_count; i++)
		if (!compare_entries(&gguf->by_key[i - 1], &gguf->by_key[i]))
			return gguf_bad(gguf, gguf->by_key[i]->offset, err,
					"metadata key '%s' appears twice",
					gguf_quote(quoted,
						   &gguf->by_key[i]->key));
	return 0;
}

static int read_alignment(struct npu_gguf *gguf, struct npu_error *err)
{
	uint32_t alignment = DEFAULT_ALIGNMENT;
	int ret = npu_gguf_get_u32(gguf, "general.alignment", &alignment, err);

	if (ret && ret != -ENOENT)
		return ret;
	if (alignment < 8 || alignment > MAX_ALIGNMENT ||
	    alignment & (alignment - 1))
		return gguf_bad(gguf,
				gguf_find(gguf, "general.alignment")->offset,
				err, "general.alignment is %" PRIu32
				", expected a power of two from 8 to %u",
				alignment, MAX_ALIGNMENT);
	gguf->alignment = alignment;
	return 0;
}

int gguf_read_metadata(struct npu_gguf *gguf, struct gguf_cursor *cursor,
		       uint64_t count)
{
	int ret;

	if (!gguf_has_room(cursor, count, ENTRY_LEAST))
		return gguf_bad(gguf, 16, cursor->err, "%" PRIu64
				" metadata entries do not fit in the file",
				count);
	if (count) {
		gguf->entry = calloc(count, sizeof(*gguf->entry));
		if (!gguf->entry)
			return gguf_no_memory(gguf, cursor->err);
	}
	while (gguf->entry_count < count) {
		ret = read_entry(cursor, &gguf->entry[gguf->entry_count]);
		if (ret)
			return ret;
		gguf->entry_count++;
	}
	ret = sort_entries(gguf, cursor->err);
	if (ret)
		return ret;
	return read_alignment(gguf, cursor->err);
}
