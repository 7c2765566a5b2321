// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/half.h"
#include "source.h"
#include "stored.h"

#define BLOCK	   32u	/* elements of a block of Q4_0, Q4_1, Q8_0 */
#define Q4_0_BYTES (2 + 16)
#define Q4_1_BYTES (2 + 2 + 16)
#define Q8_0_BYTES (2 + 32)

/* Distance from a whole zero point at which one still is as good as exact. */
#define ZERO_SLACK 0.0625f

static float load_half(const uint8_t *p)
{
	uint16_t half;

	memcpy(&half, p, sizeof(half));
	return half_to_float(le16toh(half));
}

/* w = scale * q + least = scale * (q - zero), if the zero point is a whole one. */
static bool whole_zero(float scale, float least, float *zero)
{
	*zero = scale != 0 ? -least / scale : 0;
	if (scale == 0)
		return least == 0;
	return fabsf(*zero - rintf(*zero)) <= ZERO_SLACK && rintf(*zero) >= 0 &&
	       rintf(*zero) <= 255;
}

static bool all_zeros_whole(const struct npu_gguf_tensor *t)
{
	const uint8_t *block = t->data;
	float zero;

	for (uint64_t i = 0; i < t->size / Q4_1_BYTES; i++, block += Q4_1_BYTES)
		if (!whole_zero(load_half(block), load_half(block + 2), &zero))
			return false;
	return true;
}

static bool decides_logits(const struct npu_gguf_tensor *t)
{
	return !strcmp(t->name, "output.weight") || !strcmp(t->name, "token_embd.weight");
}

static struct npu_quant_format resolve_auto(const struct npu_gguf_tensor *t)
{
	static const struct npu_quant_format int8 = { .kind = NPU_QUANT_INT8 };

	if (t->quant)
		return t->quant->format;
	switch (t->type) {
	case NPU_GGUF_Q8_0:
		return (struct npu_quant_format){ .kind = NPU_QUANT_INT8, .group = BLOCK };
	case NPU_GGUF_Q4_0:
		return (struct npu_quant_format){ .kind = NPU_QUANT_INT4, .group = BLOCK };
	case NPU_GGUF_Q4_1:
		if (all_zeros_whole(t))
			return (struct npu_quant_format){
				.kind = NPU_QUANT_INT4, .group = BLOCK, .asymmetric = true,
			};
		return int8;
	default:
		return int8;
	}
}

struct npu_quant_format quant_resolve(const struct npu_gguf_tensor *tensor,
				      const struct npu_quant_format *asked)
{
	if (asked->kind == NPU_QUANT_AUTO)
		return resolve_auto(tensor);
	if ((asked->kind == NPU_QUANT_INT4 || asked->kind == NPU_QUANT_NF4) &&
	    decides_logits(tensor))
		return (struct npu_quant_format){ .kind = NPU_QUANT_INT8 };
	return *asked;
}

bool quant_as_stored(const struct npu_gguf_tensor *tensor,
		     const struct npu_quant_format *format)
{
	const struct npu_gguf_quant *q = tensor->quant;

	return q && q->format.kind == format->kind && q->format.group == format->group &&
	       q->format.asymmetric == format->asymmetric;
}

/* Blocks that hold their elements as nibbles, i and i + 16 in a byte. */
static void take_nibbles(int8_t *codes, const uint8_t *packed, int offset)
{
	for (uint32_t i = 0; i < BLOCK / 2; i++) {
		codes[i] = (int8_t)((packed[i] & 15) - offset);
		codes[i + BLOCK / 2] = (int8_t)((packed[i] >> 4) - offset);
	}
}

/* One block of a row; false if the format cannot hold it as it is. */
static bool take_block(struct panel *p, uint32_t row, uint32_t g, uint32_t type,
		       const uint8_t *block)
{
	int8_t *codes = p->codes + (size_t)row * p->k + (size_t)g * BLOCK;
	float zero;

	p->scales[row * p->groups + g] = load_half(block);
	switch (type) {
	case NPU_GGUF_Q4_0:
		take_nibbles(codes, block + 2, 8);
		return true;
	case NPU_GGUF_Q8_0:
		memcpy(codes, block + 2, BLOCK);
		return true;
	default:
		take_nibbles(codes, block + 4, 0);
		if (!whole_zero(load_half(block), load_half(block + 2), &zero))
			return false;
		p->zeros[row * p->groups + g] = (uint8_t)rintf(zero);
		return true;
	}
}

static uint32_t block_bytes(uint32_t type, const struct panel *p)
{
	if (p->layout.group != BLOCK)
		return 0;
	if (type == NPU_GGUF_Q8_0 && p->format.kind == NPU_QUANT_INT8)
		return Q8_0_BYTES;
	if (type == NPU_GGUF_Q4_0 && p->format.kind == NPU_QUANT_INT4 && !p->zeros)
		return Q4_0_BYTES;
	if (type == NPU_GGUF_Q4_1 && p->format.kind == NPU_QUANT_INT4 && p->zeros)
		return Q4_1_BYTES;
	return 0;
}

/* Rows whose blocks are groups of the panel's format already. */
static bool take_blocks(const struct npu_gguf_tensor *t, uint64_t first, uint32_t rows,
			struct panel *p)
{
	uint32_t bytes = block_bytes(t->type, p);

	if (!bytes)
		return false;
	panel_clear(p);
	for (uint32_t r = 0; r < rows; r++) {
		const uint8_t *block = (const uint8_t *)t->data + (first + r) * t->row_size;

		for (uint32_t g = 0; g < p->groups; g++, block += bytes)
			if (!take_block(p, r, g, t->type, block) ||
			    !isfinite(p->scales[r * p->groups + g]))
				return false;
	}
	return true;
}

static int not_finite(const struct npu_gguf_tensor *t, uint64_t row, struct npu_error *err)
{
	return npu_error_set(err, -EINVAL,
			     "%s: row %llu has a weight that is not a finite number: the file is damaged",
			     t->name, (unsigned long long)row);
}

int quant_source_panel(const struct npu_gguf_tensor *tensor, uint64_t first,
		       uint32_t rows, struct panel *p, float *scratch,
		       struct npu_error *err)
{
	char name[NPU_QUANT_NAME_LEN];

	if (tensor->type == NPU_GGUF_I8 && quant_as_stored(tensor, &p->format))
		return stored_panel(tensor, first, rows, p) ?
			       0 : not_finite(tensor, first, err);
	if (take_blocks(tensor, first, rows, p))
		return 0;
	for (uint32_t r = 0; r < rows; r++) {
		float *row = scratch + (size_t)r * p->k;

		npu_gguf_tensor_row(tensor, first + r, row);
		for (uint32_t i = 0; i < p->k; i++)
			if (!isfinite(row[i]))
				return not_finite(tensor, first + r, err);
	}
	if (!panel_quantize(p, scratch, rows, NULL))
		return npu_error_set(err, -EINVAL,
				     "%s: rows from %llu on have weights too large for %s: use int8",
				     tensor->name, (unsigned long long)first,
				     npu_quant_name(&p->format, name));
	return 0;
}
