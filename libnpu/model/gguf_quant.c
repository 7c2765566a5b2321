// SPDX-License-Identifier: MIT
/*
 * Tensors that npu-quantize has quantised: the arrays npu.quant.* of the
 * metadata, one element for each such tensor, against the tensors.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gguf_internal.h"
#include "quant/stored.h"

#define VERSION	   1u
#define MAX_INPUTS (1u << 20)

/* struct arrays - the metadata; @index holds the outliers of all tensors */
struct arrays {
	struct npu_gguf_array tensors, formats, inputs, outliers, index, scales;
};

static int get_array(const struct npu_gguf *gguf, const char *key, uint32_t type,
		     uint64_t count, struct npu_gguf_array *array, struct npu_error *err)
{
	int ret = npu_gguf_get_array(gguf, key, type, array, err);

	if (ret == -ENOENT)
		return npu_error_set(err, -EINVAL, "%s: %s is missing", npu_gguf_name(gguf),
				     key);
	if (!ret && count != UINT64_MAX && array->count != count)
		return npu_error_set(err, -EINVAL,
				     "%s: %s has %" PRIu64 " elements, expected %" PRIu64,
				     npu_gguf_name(gguf), key, array->count, count);
	return ret;
}

static int get_arrays(const struct npu_gguf *gguf, struct arrays *a, struct npu_error *err)
{
	int ret = get_array(gguf, "npu.quant.tensors", NPU_GGUF_VALUE_STRING, UINT64_MAX,
			    &a->tensors, err);
	uint64_t n = a->tensors.count;

	if (!ret)
		ret = get_array(gguf, "npu.quant.formats", NPU_GGUF_VALUE_STRING, n,
				&a->formats, err);
	if (!ret)
		ret = get_array(gguf, "npu.quant.inputs", NPU_GGUF_VALUE_U32, n, &a->inputs,
				err);
	if (!ret)
		ret = get_array(gguf, "npu.quant.outliers", NPU_GGUF_VALUE_U32, n,
				&a->outliers, err);
	if (!ret)
		ret = get_array(gguf, "npu.quant.outlier_index", NPU_GGUF_VALUE_U32,
				UINT64_MAX, &a->index, err);
	if (!ret)
		ret = get_array(gguf, "npu.quant.input_scales", NPU_GGUF_VALUE_F32, n,
				&a->scales, err);
	return ret;
}

static int bad(const struct npu_gguf *gguf, uint64_t i, const char *what,
	       struct npu_error *err)
{
	return npu_error_set(err, -EINVAL, "%s: npu.quant: tensor %" PRIu64 ": %s",
			     npu_gguf_name(gguf), i, what);
}

/* A string of the file with a NUL behind it; false when it is too long for that. */
static bool copy_string(const struct npu_gguf_array *array, uint64_t i, char *dst,
			size_t size)
{
	struct npu_gguf_string s;

	if (npu_gguf_array_string(array, i, &s) || s.len >= size ||
	    memchr(s.data, 0, s.len))
		return false;
	memcpy(dst, s.data, s.len);
	dst[s.len] = '\0';
	return true;
}

static int64_t u32_at(const struct npu_gguf_array *array, uint64_t i)
{
	int64_t value = 0;

	return npu_gguf_array_i64(array, i, &value) ? 0 : value;
}

/* The outliers of tensor @i, which start at @used of all that there are. */
static int read_outliers(struct npu_gguf *gguf, const struct arrays *a, uint64_t i,
			 uint32_t k, uint64_t *used, struct npu_error *err)
{
	struct npu_gguf_quant *q = &gguf->quant[i];
	int64_t last = -1;

	q->outliers = (uint32_t)u32_at(&a->outliers, i);
	q->outlier_index = gguf->outlier_index + *used;
	if (q->outliers > k || q->outliers > a->index.count - *used)
		return bad(gguf, i, "more outliers than inputs, or than outlier_index has", err);
	if (q->outliers && q->format.kind != NPU_QUANT_MIXED)
		return bad(gguf, i, "outliers in a format that has none", err);
	for (uint32_t o = 0; o < q->outliers; o++) {
		int64_t column = u32_at(&a->index, *used + o);

		if (column <= last || column >= k)
			return bad(gguf, i, "outliers that do not rise, or are no inputs", err);
		gguf->outlier_index[*used + o] = (uint32_t)column;
		last = column;
	}
	*used += q->outliers;
	return 0;
}

/* The rows must be as long as the format says. */
static int attach(struct npu_gguf *gguf, struct npu_gguf_tensor *t, uint64_t i, uint32_t k,
		  struct npu_error *err)
{
	const struct npu_gguf_quant *q = &gguf->quant[i];
	uint64_t row;

	if (q->format.kind == NPU_QUANT_F16) {
		if (t->type != NPU_GGUF_F16 || t->dims[0] != k || t->quant)
			return bad(gguf, i, "its format is f16, and it is no such matrix", err);
		t->quant = q;
		return 0;
	}
	row = stored_row_bytes(&q->format, k, q->outliers);
	if (t->type != NPU_GGUF_I8 || t->n_dims != 2 || t->dims[0] != row || t->quant)
		return npu_error_set(err, -EINVAL,
				     "%s: tensor '%s' is no I8 matrix with rows of %" PRIu64 " bytes, or is named twice in npu.quant.tensors",
				     npu_gguf_name(gguf), t->name, row);
	t->dims[0] = k;
	t->quant = q;
	return 0;
}

static int read_one(struct npu_gguf *gguf, const struct arrays *a, uint64_t i,
		    uint64_t *used, struct npu_error *err)
{
	struct npu_gguf_quant *q = &gguf->quant[i];
	char name[NPU_GGUF_MAX_NAME + 1], format[NPU_QUANT_NAME_LEN];
	const struct npu_gguf_tensor *found;
	int64_t k = u32_at(&a->inputs, i);
	int ret;

	if (!copy_string(&a->tensors, i, name, sizeof(name)))
		return bad(gguf, i, "its name is too long", err);
	found = npu_gguf_find_tensor(gguf, name);
	if (!found)
		return bad(gguf, i, "the file has no such tensor", err);
	if (!copy_string(&a->formats, i, format, sizeof(format)) ||
	    npu_quant_parse(format, &q->format, NULL) ||
	    q->format.kind == NPU_QUANT_AUTO)
		return bad(gguf, i, "its format is none that tensors are stored in", err);
	if (k < 1 || k > MAX_INPUTS)
		return bad(gguf, i, "its number of inputs is not 1 to 2^20", err);
	if (npu_gguf_array_f32(&a->scales, i, &q->input_scale) ||
	    !isfinite(q->input_scale) || q->input_scale < 0 ||
	    (q->input_scale > 0 && !isfinite(1 / q->input_scale)))
		return bad(gguf, i, "its input scale is no scale", err);
	ret = read_outliers(gguf, a, i, (uint32_t)k, used, err);
	if (ret)
		return ret;
	/* found lies in gguf->tensor, which is not const here */
	return attach(gguf, (struct npu_gguf_tensor *)found, i, (uint32_t)k, err);
}

int gguf_read_quant(struct npu_gguf *gguf, struct npu_error *err)
{
	struct arrays a = { 0 };
	uint32_t version = 0;
	uint64_t used = 0;
	int ret;

	if (!npu_gguf_has(gguf, "npu.quant.version"))
		return 0;
	ret = npu_gguf_get_u32(gguf, "npu.quant.version", &version, err);
	if (!ret && version != VERSION)
		return npu_error_set(err, -ENOTSUP,
				     "%s: npu.quant.version is %" PRIu32 ", this library reads version %u",
				     npu_gguf_name(gguf), version, VERSION);
	if (!ret)
		ret = get_arrays(gguf, &a, err);
	if (ret)
		return ret;
	gguf->quant = calloc(a.tensors.count + 1, sizeof(*gguf->quant));
	gguf->outlier_index = calloc(a.index.count + 1, sizeof(*gguf->outlier_index));
	if (!gguf->quant || !gguf->outlier_index)
		return gguf_no_memory(gguf, err);
	for (uint64_t i = 0; !ret && i < a.tensors.count; i++)
		ret = read_one(gguf, &a, i, &used, err);
	if (!ret && used != a.index.count)
		ret = bad(gguf, a.tensors.count, "outlier_index has more than they use", err);
	return ret;
}
