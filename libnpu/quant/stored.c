// SPDX-License-Identifier: MIT
#include <endian.h>
#include <math.h>
#include <string.h>

#include <hw/npu_isa.h>

#include "model/half.h"
#include "nf4.h"
#include "stored.h"

#define PAIR_BYTES 8u

/* Where the parts of a row begin. */
struct parts {
	uint64_t zeros, scales, pairs, outliers, size;
	uint32_t groups, n_pairs;
	bool nibbles;
};

static struct parts parts_of(const struct npu_quant_format *format, uint32_t k,
			     uint32_t outliers)
{
	struct quant_layout l = quant_layout_of(format);
	struct parts p = { .groups = quant_groups(&l, k), .nibbles = l.type != NPU_TYPE_I8 };
	uint32_t scale = l.scale == NPU_TYPE_F32 ? 4 : l.scale == NPU_TYPE_F16 ? 2 : 1;

	p.n_pairs = l.scale == NPU_TYPE_I8 ? (p.groups + 15) / 16 : 0;
	p.zeros = p.nibbles ? ((uint64_t)k + 1) / 2 : k;
	p.scales = p.zeros + (l.zeros ? p.groups : 0);
	p.pairs = p.scales + (uint64_t)p.groups * scale;
	p.outliers = p.pairs + (uint64_t)p.n_pairs * PAIR_BYTES;
	p.size = p.outliers + (uint64_t)outliers * 2;
	return p;
}

uint64_t stored_row_bytes(const struct npu_quant_format *format, uint32_t k,
			  uint32_t outliers)
{
	return parts_of(format, k, outliers).size;
}

static void put16(uint8_t *dst, uint16_t v)
{
	v = htole16(v);
	memcpy(dst, &v, sizeof(v));
}

static uint16_t get16(const uint8_t *src)
{
	uint16_t v;

	memcpy(&v, src, sizeof(v));
	return le16toh(v);
}

static void put_float(uint8_t *dst, float f)
{
	uint32_t v;

	memcpy(&v, &f, sizeof(v));
	v = htole32(v);
	memcpy(dst, &v, sizeof(v));
}

static float get_float(const uint8_t *src)
{
	uint32_t v;

	memcpy(&v, src, sizeof(v));
	return float_from_bits(le32toh(v));
}

static void put_codes(uint8_t *dst, const int8_t *codes, uint32_t k, bool nibbles)
{
	if (!nibbles) {
		memcpy(dst, codes, k);
		return;
	}
	for (uint32_t i = 0; i < k; i += 2)
		dst[i / 2] = (uint8_t)((codes[i] & 15) |
				       (i + 1 < k ? codes[i + 1] & 15 : 0) << 4);
}

void stored_put(uint8_t *dst, const struct panel *p, uint32_t row,
		const uint16_t *outlier, uint32_t outliers)
{
	struct parts at = parts_of(&p->format, p->k, outliers);
	size_t first = (size_t)row * p->groups;

	put_codes(dst, p->codes + (size_t)row * p->k, p->k, at.nibbles);
	if (p->zeros)
		memcpy(dst + at.zeros, p->zeros + first, p->groups);
	for (uint32_t g = 0; g < p->groups; g++) {
		if (p->layout.scale == NPU_TYPE_F32)
			put_float(dst + at.scales + 4 * g, p->scales[first + g]);
		else if (p->layout.scale == NPU_TYPE_F16)
			put16(dst + at.scales + 2 * g, float_to_half(p->scales[first + g]));
		else
			dst[at.scales + g] = p->bytes[first + g];
	}
	for (uint32_t i = 0; i < 2 * p->pairs; i++)
		put_float(dst + at.pairs + 4 * i, p->pair[i]);
	for (uint32_t i = 0; i < outliers; i++)
		put16(dst + at.outliers + 2 * i, outlier[i]);
}

static void get_codes(int8_t *codes, const uint8_t *src, uint32_t k, bool nibbles, bool sign)
{
	if (!nibbles) {
		memcpy(codes, src, k);
		return;
	}
	for (uint32_t i = 0; i < k; i++) {
		int nibble = src[i / 2] >> (i % 2 * 4) & 15;

		codes[i] = (int8_t)(sign && nibble > 7 ? nibble - 16 : nibble);
	}
}

static const uint8_t *row_of(const struct npu_gguf_tensor *t, uint64_t row)
{
	return (const uint8_t *)t->data + row * t->row_size;
}

/* A row's scales; of NF4 also its bytes and pairs. */
static void get_scales(struct panel *p, uint32_t row, const uint8_t *src,
		       const struct parts *at, float *pair)
{
	for (uint32_t i = 0; i < 2 * at->n_pairs; i++)
		pair[i] = get_float(src + at->pairs + 4 * i);
	for (uint32_t g = 0; g < p->groups; g++) {
		float *scale = &p->scales[(size_t)row * p->groups + g];

		if (p->layout.scale == NPU_TYPE_F32) {
			*scale = get_float(src + at->scales + 4 * g);
		} else if (p->layout.scale == NPU_TYPE_F16) {
			*scale = half_to_float(get16(src + at->scales + 2 * g));
		} else {
			p->bytes[(size_t)row * p->groups + g] = src[at->scales + g];
			*scale = nf4_scale(src[at->scales + g], pair + 2 * (g / 16));
		}
	}
}

static bool scales_finite(const struct panel *p, uint32_t rows)
{
	for (size_t i = 0; i < (size_t)rows * p->groups; i++)
		if (!isfinite(p->scales[i]))
			return false;
	return true;
}

bool stored_panel(const struct npu_gguf_tensor *tensor, uint64_t first, uint32_t rows,
		  struct panel *p)
{
	struct parts at = parts_of(&p->format, p->k, tensor->quant->outliers);
	bool same = true, sign = p->format.kind == NPU_QUANT_INT4 && !p->zeros;
	const uint8_t *pairs = row_of(tensor, first) + at.pairs;

	panel_clear(p);
	for (uint32_t r = 0; r < rows; r++) {
		const uint8_t *src = row_of(tensor, first + r);

		get_codes(p->codes + (size_t)r * p->k, src, p->k, at.nibbles, sign);
		if (p->zeros)
			memcpy(p->zeros + (size_t)r * p->groups, src + at.zeros, p->groups);
		get_scales(p, r, src, &at, p->pair);
		same &= !memcmp(pairs, src + at.pairs, (size_t)at.n_pairs * PAIR_BYTES);
	}
	if (!scales_finite(p, rows))
		return false;
	if (!same)
		nf4_double_quantize(p, rows);
	return true;
}

void stored_outliers(const struct npu_gguf_tensor *tensor, uint64_t row, uint16_t *dst)
{
	const struct npu_gguf_quant *q = tensor->quant;
	struct parts at = parts_of(&q->format, (uint32_t)tensor->dims[0], q->outliers);

	for (uint32_t i = 0; i < q->outliers; i++)
		dst[i] = get16(row_of(tensor, row) + at.outliers + 2 * i);
}

/* The value of an input, from the row's bytes. */
static float value_at(const struct npu_quant_format *f, const struct parts *at,
		      const uint8_t *src, uint32_t i)
{
	uint32_t g = f->group ? i / f->group : 0;
	int nibble = at->nibbles ? src[i / 2] >> (i % 2 * 4) & 15 : 0;

	if (f->kind == NPU_QUANT_NF4) {
		float pair[2] = { get_float(src + at->pairs + PAIR_BYTES * (g / 16)),
				  get_float(src + at->pairs + PAIR_BYTES * (g / 16) + 4) };

		return nf4_codebook[nibble] * nf4_scale(src[at->scales + g], pair);
	}
	if (!f->group)
		return (int8_t)src[i] * get_float(src + at->scales);
	if (f->kind == NPU_QUANT_INT8)
		nibble = (int8_t)src[i];
	else if (f->asymmetric)
		nibble -= src[at->zeros + g];
	else if (nibble > 7)
		nibble -= 16;
	return nibble * half_to_float(get16(src + at->scales + 2 * g));
}

void stored_row(const struct npu_gguf_tensor *tensor, uint64_t row, float *dst)
{
	const struct npu_gguf_quant *q = tensor->quant;
	uint32_t k = (uint32_t)tensor->dims[0];
	struct parts at = parts_of(&q->format, k, q->outliers);
	const uint8_t *src = row_of(tensor, row);

	for (uint32_t i = 0; i < k; i++)
		dst[i] = value_at(&q->format, &at, src, i);
	for (uint32_t i = 0; i < q->outliers; i++)
		dst[q->outlier_index[i]] =
			half_to_float(get16(src + at.outliers + 2 * i));
}

#define PAIR_GROUPS 16u	/* that share a pair */

uint32_t stored_cut_unit(const struct npu_quant_format *format)
{
	if (format->kind == NPU_QUANT_NF4)
		return format->group * PAIR_GROUPS;
	return format->group ? format->group : 2;
}

void stored_cut(const struct npu_gguf_tensor *tensor, uint64_t row, uint64_t first,
		const struct npu_gguf_tensor *cut, uint32_t skip, uint8_t *dst)
{
	const struct npu_quant_format *f = &tensor->quant->format;
	struct parts from = parts_of(f, (uint32_t)tensor->dims[0], tensor->quant->outliers);
	struct parts to = parts_of(f, (uint32_t)cut->dims[0], cut->quant->outliers);
	uint64_t group = f->group ? first / f->group : 0;
	uint64_t scale = (from.pairs - from.scales) / from.groups;
	const uint8_t *src = row_of(tensor, row);

	memcpy(dst, src + (from.nibbles ? first / 2 : first), to.zeros);
	memcpy(dst + to.zeros, src + from.zeros + group, to.scales - to.zeros);
	memcpy(dst + to.scales, src + from.scales + group * scale, to.pairs - to.scales);
	memcpy(dst + to.pairs, src + from.pairs + group / PAIR_GROUPS * PAIR_BYTES,
	       to.outliers - to.pairs);
	memcpy(dst + to.outliers, src + from.outliers + (uint64_t)skip * 2,
	       to.size - to.outliers);
}
