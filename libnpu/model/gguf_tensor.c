// SPDX-License-Identifier: MIT
/* Reading the tensor descriptions of a GGUF file and placing their data. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"

/*
 * The shortest description: length of the name, a one-byte name, number of
 * dimensions, one dimension, type, offset.
 */
#define TENSOR_LEAST (8 + 1 + 4 + 8 + 4 + 8)

static int read_name(struct gguf_cursor *cursor, struct npu_gguf_tensor *tensor)
{
	struct npu_gguf_string name;
	uint64_t offset = cursor->pos;
	char quoted[GGUF_QUOTE_LEN];
	int ret = gguf_take_string(cursor, "the name of a tensor", &name);

	if (ret)
		return ret;
	if (!name.len || name.len > NPU_GGUF_MAX_NAME ||
	    memchr(name.data, 0, name.len))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"tensor name '%s' of %zu bytes is not 1 to %d bytes without NUL",
				gguf_quote(quoted, &name), name.len,
				NPU_GGUF_MAX_NAME);
	memcpy(tensor->name, name.data, name.len);
	tensor->name[name.len] = '\0';
	return 0;
}

static const char *quote_name(char out[GGUF_QUOTE_LEN],
			      const struct npu_gguf_tensor *tensor)
{
	struct npu_gguf_string name = { tensor->name, strlen(tensor->name) };

	return gguf_quote(out, &name);
}

static int read_dims(struct gguf_cursor *cursor, struct npu_gguf_tensor *tensor)
{
	uint64_t offset = cursor->pos;
	char quoted[GGUF_QUOTE_LEN];
	int ret = gguf_take_u32(cursor, "a tensor", &tensor->n_dims);

	if (ret)
		return ret;
	if (!tensor->n_dims || tensor->n_dims > NPU_GGUF_MAX_DIMS)
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"tensor '%s' has %" PRIu32 " dimensions, expected 1 to %d",
				quote_name(quoted, tensor), tensor->n_dims,
				NPU_GGUF_MAX_DIMS);
	for (uint32_t i = 0; i < NPU_GGUF_MAX_DIMS; i++) {
		tensor->dims[i] = 1;
		if (i >= tensor->n_dims)
			continue;
		offset = cursor->pos;
		ret = gguf_take_u64(cursor, "a tensor", &tensor->dims[i]);
		if (ret)
			return ret;
		if (!tensor->dims[i])
			return gguf_bad(cursor->gguf, offset, cursor->err,
					"tensor '%s' has an empty dimension",
					quote_name(quoted, tensor));
	}
	return 0;
}

/* Whether the number of bytes can be expressed at all. */
static bool compute_size(struct npu_gguf_tensor *tensor)
{
	uint64_t elements = npu_gguf_type_elements(tensor->type);
	uint64_t total;

	tensor->rows = 1;
	for (uint32_t i = 1; i < NPU_GGUF_MAX_DIMS; i++)
		if (__builtin_mul_overflow(tensor->rows, tensor->dims[i],
					   &tensor->rows))
			return false;
	return !__builtin_mul_overflow(tensor->rows, tensor->dims[0], &total) &&
	       !__builtin_mul_overflow(tensor->dims[0] / elements,
				       npu_gguf_type_size(tensor->type),
				       &tensor->row_size) &&
	       !__builtin_mul_overflow(tensor->rows, tensor->row_size,
				       &tensor->size);
}

static int read_type(struct gguf_cursor *cursor, struct npu_gguf_tensor *tensor)
{
	uint64_t offset = cursor->pos;
	char quoted[GGUF_QUOTE_LEN];
	uint32_t elements;
	int ret = gguf_take_u32(cursor, "a tensor", &tensor->type);

	if (ret)
		return ret;
	elements = npu_gguf_type_elements(tensor->type);
	if (!elements)
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"tensor '%s' has type %" PRIu32
				", which is not supported (supported: F32, F16, BF16, I8, Q8_0, Q4_0, Q4_1, Q4_K, Q6_K)",
				quote_name(quoted, tensor), tensor->type);
	if (tensor->dims[0] % elements)
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"tensor '%s' has rows of %" PRIu64
				" elements, no multiple of %" PRIu32 " as %s needs",
				quote_name(quoted, tensor), tensor->dims[0],
				elements, npu_gguf_type_name(tensor->type));
	if (!compute_size(tensor))
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"tensor '%s' has more bytes than 64 bits count",
				quote_name(quoted, tensor));
	return 0;
}

static int read_tensor(struct gguf_cursor *cursor,
		       struct gguf_tensor_entry *entry)
{
	struct npu_gguf_tensor *tensor = &entry->tensor;
	char quoted[GGUF_QUOTE_LEN];
	uint64_t offset;
	int ret;

	entry->info = cursor->pos;
	ret = read_name(cursor, tensor);
	if (!ret)
		ret = read_dims(cursor, tensor);
	if (!ret)
		ret = read_type(cursor, tensor);
	if (ret)
		return ret;
	offset = cursor->pos;
	ret = gguf_take_u64(cursor, "a tensor", &tensor->offset);
	if (ret)
		return ret;
	if (tensor->offset % cursor->gguf->alignment)
		return gguf_bad(cursor->gguf, offset, cursor->err,
				"data of tensor '%s' at %" PRIu64
				" is not aligned to %" PRIu32 " bytes",
				quote_name(quoted, tensor), tensor->offset,
				cursor->gguf->alignment);
	return 0;
}

/* The file counts data from the end of the descriptions, rounded up. */
static int place_tensors(struct npu_gguf *gguf, struct gguf_cursor *cursor)
{
	uint64_t start = (uint64_t)cursor->pos + gguf->alignment - 1;
	char quoted[GGUF_QUOTE_LEN];

	start -= start % gguf->alignment;
	for (uint64_t i = 0; i < gguf->tensor_count; i++) {
		struct npu_gguf_tensor *tensor = &gguf->tensor[i].tensor;
		uint64_t relative = tensor->offset, end;

		if (__builtin_add_overflow(start, relative, &tensor->offset) ||
		    __builtin_add_overflow(tensor->offset, tensor->size,
					   &end) ||
		    end > gguf->size)
			return gguf_bad(gguf, gguf->tensor[i].info, cursor->err,
					"tensor '%s' does not fit in the file: %" PRIu64
					" bytes at %" PRIu64 " + %" PRIu64
					" of %zu", quote_name(quoted, tensor),
					tensor->size, start, relative,
					gguf->size);
		tensor->data = gguf->data + tensor->offset;
	}
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	const struct gguf_tensor_entry *const *x = a, *const *y = b;
	uint64_t left = (*x)->tensor.offset, right = (*y)->tensor.offset;

	return (left > right) - (left < right);
}

static int compare_names(const void *a, const void *b)
{
	const struct gguf_tensor_entry *const *x = a, *const *y = b;

	return strcmp((*x)->tensor.name, (*y)->tensor.name);
}

static int check_overlap(struct npu_gguf *gguf, struct npu_error *err)
{
	const struct gguf_tensor_entry **sorted = gguf->by_name;
	char first[GGUF_QUOTE_LEN], second[GGUF_QUOTE_LEN];

	qsort(sorted, gguf->tensor_count, sizeof(*sorted), compare_offsets);
	for (uint64_t i = 1; i < gguf->tensor_count; i++) {
		const struct npu_gguf_tensor *a = &sorted[i - 1]->tensor;
		const struct npu_gguf_tensor *b = &sorted[i]->tensor;

		if (a->offset + a->size > b->offset)
			return gguf_bad(gguf, sorted[i]->info, err,
					"data of tensors '%s' and '%s' overlaps",
					quote_name(first, a),
					quote_name(second, b));
	}
	return 0;
}

static int sort_names(struct npu_gguf *gguf, struct npu_error *err)
{
	const struct gguf_tensor_entry **sorted = gguf->by_name;
	char quoted[GGUF_QUOTE_LEN];

	qsort(sorted, gguf->tensor_count, sizeof(*sorted), compare_names);
	for (uint64_t i = 1; i < gguf->tensor_count; i++)
		if (!compare_names(&sorted[i - 1], &sorted[i]))
			return gguf_bad(gguf, sorted[i]->info, err,
					"tensor '%s' appears twice",
					quote_name(quoted, &sorted[i]->tensor));
	return 0;
}

/* Checks that need all tensors; they borrow @by_name before it is in order. */
static int check_tensors(struct npu_gguf *gguf, struct npu_error *err)
{
	int ret;

	if (!gguf->tensor_count)
		return 0;
	gguf->by_name = malloc(gguf->tensor_count * sizeof(*gguf->by_name));
	if (!gguf->by_name)
		return gguf_no_memory(gguf, err);
	for (uint64_t i = 0; i < gguf->tensor_count; i++)
		gguf->by_name[i] = &gguf->tensor[i];
	ret = check_overlap(gguf, err);
	if (!ret)
		ret = sort_names(gguf, err);
	return ret;
}

int gguf_read_tensors(struct npu_gguf *gguf, struct gguf_cursor *cursor,
		      uint64_t count)
{
	int ret;

	if (!gguf_has_room(cursor, count, TENSOR_LEAST))
		return gguf_bad(gguf, 8, cursor->err, "%" PRIu64
				" tensors do not fit in the file", count);
	if (count) {
		gguf->tensor = calloc(count, sizeof(*gguf->tensor));
		if (!gguf->tensor)
			return gguf_no_memory(gguf, cursor->err);
	}
	while (gguf->tensor_count < count) {
		ret = read_tensor(cursor, &gguf->tensor[gguf->tensor_count]);
		if (ret)
			return ret;
		gguf->tensor_count++;
	}
	ret = place_tensors(gguf, cursor);
	if (!ret)
		ret = check_tensors(gguf, cursor->err);
	return ret;
}

uint64_t npu_gguf_tensor_count(const struct npu_gguf *gguf)
{
	return gguf->tensor_count;
}

const struct npu_gguf_tensor *npu_gguf_tensor_at(const struct npu_gguf *gguf,
						 uint64_t index)
{
	return index < gguf->tensor_count ? &gguf->tensor[index].tensor : NULL;
}

const struct npu_gguf_tensor *npu_gguf_find_tensor(const struct npu_gguf *gguf,
						   const char *name)
{
	uint64_t low = 0, high = gguf->tensor_count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct npu_gguf_tensor *tensor =
			&gguf->by_name[middle]->tensor;
		int order = strcmp(name, tensor->name);

		if (!order)
			return tensor;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
