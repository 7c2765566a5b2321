/* SPDX-License-Identifier: MIT */
/* Random weights in every element type that model files have. */
#ifndef NPU_TESTS_TINY_WEIGHTS_H
#define NPU_TESTS_TINY_WEIGHTS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <npu/gguf.h>

/* Uniform from -1 to 1. */
static inline float tiny_uniform(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) * 0x1p-23f - 1;
}

static inline uint8_t tiny_byte(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 24;
}

static inline uint16_t tiny_half(float value)
{
	_Float16 half = value;
	uint16_t bits;

	memcpy(&bits, &half, sizeof(bits));
	return bits;
}

static inline float *tiny_vector(uint32_t *seed, uint64_t n, float middle,
				 float spread, size_t *size)
{
	float *data = calloc(n, sizeof(*data));

	if (!data)
		abort();
	for (uint64_t i = 0; i < n; i++)
		data[i] = middle + tiny_uniform(seed) * spread;
	*size = n * sizeof(*data);
	return data;
}

/* Where a block has its F16 numbers, and the largest of its integers. */
struct tiny_block {
	uint32_t type;
	int scale_at, least_at;
	float largest;
};

static inline const struct tiny_block *tiny_block_of(uint32_t type)
{
	static const struct tiny_block blocks[] = {
		{ NPU_GGUF_Q8_0, 0, -1, 127 },
		{ NPU_GGUF_Q4_0, 0, -1, 8 },
		{ NPU_GGUF_Q4_1, 0, 2, 15 },
		{ NPU_GGUF_Q4_K, 0, 2, 15 * 63 },
		{ NPU_GGUF_Q6_K, 208, -1, 32 * 127 },
	};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].type == type)
			return &blocks[i];
	abort();
}

/*
 * Random integers under scales that make the largest weight about @spread.
 * Types with a minimum put it so that the middle is about zero.
 */
static inline void tiny_fill_block(uint32_t *seed, const struct tiny_block *b,
				   uint8_t *block, float spread)
{
	float wanted = spread * (1.25f + 0.25f * tiny_uniform(seed));
	uint16_t half;

	for (uint32_t i = 0; i < npu_gguf_type_size(b->type); i++)
		block[i] = tiny_byte(seed);
	half = tiny_half(wanted * (b->least_at < 0 ? 1 : 2) / b->largest);
	memcpy(block + b->scale_at, &half, 2);
	if (b->least_at < 0)
		return;
	/* Q4_1 adds its minimum, Q4_K takes a multiple of up to 63 away. */
	half = tiny_half(b->type == NPU_GGUF_Q4_1 ? -wanted : wanted / 63);
	memcpy(block + b->least_at, &half, 2);
}

static inline void *tiny_quantised(uint32_t *seed, uint32_t type, uint64_t n,
				   float spread, size_t *size)
{
	uint64_t blocks = n / npu_gguf_type_elements(type);
	uint32_t block_size = npu_gguf_type_size(type);
	uint8_t *data = calloc(blocks, block_size);

	if (!data)
		abort();
	for (uint64_t i = 0; i < blocks; i++)
		tiny_fill_block(seed, tiny_block_of(type),
				data + i * block_size, spread);
	*size = blocks * block_size;
	return data;
}

static inline void *tiny_short(uint32_t *seed, uint32_t type, uint64_t n,
			       float spread, size_t *size)
{
	uint16_t *data = calloc(n, sizeof(*data));
	uint32_t bits;

	if (!data)
		abort();
	for (uint64_t i = 0; i < n; i++) {
		float value = tiny_uniform(seed) * spread;

		memcpy(&bits, &value, sizeof(bits));
		data[i] = type == NPU_GGUF_F16 ? tiny_half(value) : bits >> 16;
	}
	*size = n * sizeof(*data);
	return data;
}

/* A matrix whose products with vectors are about as large as those. */
static inline void *tiny_weights(uint32_t *seed, uint32_t type, uint64_t row,
				 uint64_t rows, size_t *size)
{
	float spread = 2;

	while (spread * spread * row > 12)
		spread *= 0.5f;
	if (type == NPU_GGUF_F32)
		return tiny_vector(seed, row * rows, 0, spread, size);
	if (type == NPU_GGUF_F16 || type == NPU_GGUF_BF16)
		return tiny_short(seed, type, row * rows, spread, size);
	return tiny_quantised(seed, type, row * rows, spread, size);
}

#endif /* NPU_TESTS_TINY_WEIGHTS_H */
