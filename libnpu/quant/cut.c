// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cut.h"
#include "stored.h"

uint32_t quant_cut_unit(const struct npu_gguf_tensor *tensor)
{
	if (tensor->quant && tensor->type == NPU_GGUF_I8)
		return stored_cut_unit(&tensor->quant->format);
	return npu_gguf_type_elements(tensor->type);
}

/* Rows keep their distance in the file, and begin later. */
static void cut_in_place(const struct npu_gguf_tensor *tensor, uint64_t first,
			 uint64_t count, struct npu_gguf_tensor *cut)
{
	uint64_t elements = npu_gguf_type_elements(tensor->type);
	uint64_t skip = first / elements * npu_gguf_type_size(tensor->type);
	uint64_t left = (tensor->dims[0] - first - count) / elements *
			npu_gguf_type_size(tensor->type);

	cut->offset += skip;
	cut->data = (const char *)tensor->data + skip;
	cut->size -= skip + left;
}

/* The outliers among some inputs. */
static uint32_t cut_outliers(const struct npu_gguf_quant *q, uint64_t first, uint64_t count,
			     uint32_t *index, uint32_t *skip)
{
	uint32_t n = 0;

	*skip = 0;
	for (uint32_t i = 0; i < q->outliers; i++) {
		if (q->outlier_index[i] < first)
			(*skip)++;
		else if (q->outlier_index[i] - first < count)
			index[n++] = q->outlier_index[i] - first;
	}
	return n;
}

/**
 * struct cut_rows - memory of rows that are copied
 * @quant: how they are quantised
 */
struct cut_rows {
	struct npu_gguf_quant quant;
	uint32_t index[];
};

int quant_cut(const struct npu_gguf_tensor *tensor, uint64_t first, uint64_t count,
	      struct npu_gguf_tensor *cut, void **memory, struct npu_error *err)
{
	const struct npu_gguf_quant *q = tensor->quant;
	uint64_t index_bytes, row_bytes, size;
	struct cut_rows *rows;
	uint32_t skip;
	uint8_t *data;

	*cut = *tensor;
	*memory = NULL;
	cut->dims[0] = count;
	if (!q || tensor->type != NPU_GGUF_I8) {
		cut_in_place(tensor, first, count, cut);
		return 0;
	}
	index_bytes = q->outliers * sizeof(*rows->index);
	row_bytes = stored_row_bytes(&q->format, count, q->outliers);
	if (__builtin_mul_overflow(row_bytes, tensor->rows, &size) ||
	    __builtin_add_overflow(size, sizeof(*rows) + index_bytes, &size))
		return npu_error_set(err, -ENOMEM, "no memory for a part of %s", tensor->name);
	rows = malloc(size);
	if (!rows)
		return npu_error_set(err, -ENOMEM, "no memory for a part of %s", tensor->name);
	rows->quant = *q;
	rows->quant.outliers = cut_outliers(q, first, count, rows->index, &skip);
	rows->quant.outlier_index = rows->index;
	cut->quant = &rows->quant;
	cut->row_size = stored_row_bytes(&q->format, count, rows->quant.outliers);
	cut->size = cut->row_size * cut->rows;
	data = (uint8_t *)rows + sizeof(*rows) + index_bytes;
	cut->data = data;
	for (uint64_t r = 0; r < tensor->rows; r++)
		stored_cut(tensor, r, first, cut, skip, data + r * cut->row_size);
	*memory = rows;
	return 0;
}
