// SPDX-License-Identifier: MIT
/* Element types of GGUF tensors, and how to turn them into floats. */
#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <npu/gguf.h>

#include "half.h"
#include "quant/stored.h"

static uint16_t load16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return le16toh(value);
}

static void f32_block(const uint8_t *p, float *dst)
{
	uint32_t bits;

	memcpy(&bits, p, sizeof(bits));
	*dst = float_from_bits(le32toh(bits));
}

static void i8_block(const uint8_t *p, float *dst)
{
	*dst = (int8_t)*p;
}

static void f16_block(const uint8_t *p, float *dst)
{
	*dst = half_to_float(load16(p));
}

static void bf16_block(const uint8_t *p, float *dst)
{
	*dst = bfloat_to_float(load16(p));
}

static void q8_0_block(const uint8_t *p, float *dst)
{
	float scale = half_to_float(load16(p));

	for (int i = 0; i < 32; i++)
		dst[i] = scale * (int8_t)p[2 + i];
}

/* Elements i and i + 16 share a byte, the first in the low four bits. */
static void q4_0_block(const uint8_t *p, float *dst)
{
	float scale = half_to_float(load16(p));

	for (int i = 0; i < 16; i++) {
		dst[i] = scale * ((p[2 + i] & 15) - 8);
		dst[i + 16] = scale * ((p[2 + i] >> 4) - 8);
	}
}

static void q4_1_block(const uint8_t *p, float *dst)
{
	float scale = half_to_float(load16(p));
	float least = half_to_float(load16(p + 2));

	for (int i = 0; i < 16; i++) {
		dst[i] = scale * (p[4 + i] & 15) + least;
		dst[i + 16] = scale * (p[4 + i] >> 4) + least;
	}
}

/*
 * Q4_K packs a 6-bit scale and a 6-bit minimum for each of its 8 groups in 12
 * bytes. Groups 0-3 have them in the low bits of bytes 0-3 and 4-7; groups 4-7
 * have the low four bits in the nibbles of bytes 8-11 and the high two bits on
 * top of the bytes of groups 0-3.
 */
static void q4_k_scales(const uint8_t *packed, int group, int *scale, int *least)
{
	if (group < 4) {
		*scale = packed[group] & 63;
		*least = packed[group + 4] & 63;
		return;
	}
	*scale = (packed[group + 4] & 15) | packed[group - 4] >> 6 << 4;
	*least = packed[group + 4] >> 4 | packed[group] >> 6 << 4;
}

/* F16 scale, F16 minimum, 12 bytes of scales, then 4 bits an element. */
static void q4_k_block(const uint8_t *p, float *dst)
{
	float scale = half_to_float(load16(p));
	float least = half_to_float(load16(p + 2));

	for (int group = 0; group < 8; group++) {
		/* Two groups share 32 bytes: low nibbles, high nibbles. */
		const uint8_t *q = p + 16 + group / 2 * 32;
		int shift = group % 2 * 4;
		int s, m;

		q4_k_scales(p + 4, group, &s, &m);
		for (int i = 0; i < 32; i++)
			dst[group * 32 + i] = scale * s * (q[i] >> shift & 15) -
					      least * m;
	}
}

/*
 * 128 bytes with the low 4 bits, 64 bytes with the high 2 bits, 16 scales, an
 * F16 scale over them. Each half of 128 elements is 4 runs of 32: runs 0 and 2
 * share 32 bytes of nibbles, so do runs 1 and 3; all four share 32 bytes of
 * high bits.
 */
static void q6_k_block(const uint8_t *p, float *dst)
{
	float scale = half_to_float(load16(p + 208));

	for (int i = 0; i < 256; i++) {
		int half = i / 128, run = i / 32 % 4, lane = i % 32;
		int low = p[half * 64 + run % 2 * 32 + lane] >> run / 2 * 4;
		int high = p[128 + half * 32 + lane] >> run * 2;
		int q = (low & 15) | (high & 3) << 4;

		dst[i] = scale * (int8_t)p[192 + i / 16] * (q - 32);
	}
}

static const struct {
	const char *name;
	uint32_t elements;
	uint32_t size;
	void (*to_float)(const uint8_t *block, float *dst);
} types[] = {
	[NPU_GGUF_F32]	= { "F32", 1, 4, f32_block },
	[NPU_GGUF_F16]	= { "F16", 1, 2, f16_block },
	[NPU_GGUF_Q4_0]	= { "Q4_0", 32, 2 + 16, q4_0_block },
	[NPU_GGUF_Q4_1]	= { "Q4_1", 32, 2 + 2 + 16, q4_1_block },
	[NPU_GGUF_Q8_0]	= { "Q8_0", 32, 2 + 32, q8_0_block },
	[NPU_GGUF_Q4_K]	= { "Q4_K", 256, 2 + 2 + 12 + 128, q4_k_block },
	[NPU_GGUF_Q6_K]	= { "Q6_K", 256, 128 + 64 + 16 + 2, q6_k_block },
	[NPU_GGUF_I8]	= { "I8", 1, 1, i8_block },
	[NPU_GGUF_BF16]	= { "BF16", 1, 2, bf16_block },
};

const char *npu_gguf_type_name(uint32_t type)
{
	return type < sizeof(types) / sizeof(types[0]) ? types[type].name : NULL;
}

uint32_t npu_gguf_type_elements(uint32_t type)
{
	return npu_gguf_type_name(type) ? types[type].elements : 0;
}

uint32_t npu_gguf_type_size(uint32_t type)
{
	return npu_gguf_type_name(type) ? types[type].size : 0;
}

int npu_gguf_dequantize(uint32_t type, const void *src, float *dst, uint64_t n)
{
	uint32_t elements = npu_gguf_type_elements(type);
	const uint8_t *block = src;

	if (!elements || n % elements)
		return -EINVAL;
	for (uint64_t i = 0; i < n; i += elements) {
		types[type].to_float(block, dst + i);
		block += types[type].size;
	}
	return 0;
}

int npu_gguf_tensor_row(const struct npu_gguf_tensor *tensor, uint64_t row,
			float *dst)
{
	const uint8_t *data = tensor->data;

	if (row >= tensor->rows)
		return -ERANGE;
	if (tensor->quant && tensor->type == NPU_GGUF_I8) {
		stored_row(tensor, row, dst);
		return 0;
	}
	return npu_gguf_dequantize(tensor->type, data + row * tensor->row_size,
				   dst, tensor->dims[0]);
}
