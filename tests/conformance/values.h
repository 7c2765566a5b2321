/* SPDX-License-Identifier: MIT */
/* Random elements, mild and wild, the same in each run. */
#ifndef NPU_TESTS_CONFORMANCE_VALUES_H
#define NPU_TESTS_CONFORMANCE_VALUES_H

#include "arith_convert.h"

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* xorshift64* (Marsaglia, 2003; Vigna, 2016) */
static inline uint32_t random_bits(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)(random_state * 0x2545f4914f6cdd1d >> 32);
}

static inline uint32_t random_below(uint32_t n)
{
	return random_bits() % n;
}

static inline bool random_bool(void)
{
	return random_bits() & 1;
}

/* Uniform in -1..1. */
static inline float random_unit(void)
{
	return (float)(int32_t)random_bits() * 0x1p-31f;
}

/* How far the values of a test go. */
enum style {
	STYLE_MILD,	/* what a model has */
	STYLE_WILD,	/* anything, with all special values often */
	STYLE_TINY,	/* zeros of both signs and what underflows to them */
	STYLE_COUNT
};

/* Edges of binary32, of the other types' ranges and of exp's. */
static inline uint32_t random_special(void)
{
	static const uint32_t edge[] = {
		0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
		0xffc12345, 0x7f800001, 0xffffffff, 0x00000001, 0x807fffff,
		0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800000, 0xbf800000,
		0x42fe0000, 0x42ff0000, 0x43000000, 0xc3000000, 0xc3008000,
		0x4f000000, 0xcf000000, 0x4effffff, 0x4f7fffff, 0x3f000000,
		0x3fc00000, 0x40200000, 0x477fe000, 0x477fefff, 0x477ff000,
		0x33000000, 0x33000001, 0x387fe000, 0x42b17217, 0x42b17218,
		0xc2aeac4f, 0xc2aeac50, 0x7f7f8000, 0x7f7f7fff, 0x3f808000,
	};

	return edge[random_below(sizeof(edge) / sizeof(edge[0]))];
}

static inline float random_tiny(void)
{
	static const float tiny[] = { 0.0f, 1e-30f, 0x1p-149f, 1e-25f };
	float f = tiny[random_below(4)];

	if (random_below(16) == 0)
		return NAN;
	return random_below(4) ? -f : f;
}

static inline float random_float(enum style style)
{
	float f = random_unit() * 4.0f;

	if (style == STYLE_TINY)
		return random_tiny();
	if (style == STYLE_MILD)
		return f;
	switch (random_below(4)) {
	case 0:
		return arith_from_bits(random_special());
	case 1:
		return arith_from_bits(random_bits());
	case 2:
		return f * 100.0f;
	default:
		return f;
	}
}

static inline int8_t random_i8(void)
{
	static const int8_t edge[] = { -128, 127, 0, -1, -127 };

	if (random_below(8) == 0)
		return edge[random_below(sizeof(edge))];
	return (int8_t)random_bits();
}

static inline uint32_t random_i32(enum style style)
{
	static const uint32_t edge[] = {
		0x80000000, 0x7fffffff, 0x7fffff80, 0x7fffffc0, 0x01000001,
		0xfefffffd, 0,
	};

	if (style == STYLE_MILD)
		return random_below(2001) - 1000;
	if (style == STYLE_TINY)
		return random_below(3) - 1;
	if (random_below(4) == 0)
		return edge[random_below(sizeof(edge) / sizeof(edge[0]))];
	return random_bits();
}

/* Fill @count elements of @type at @p. */
static inline void random_elements(unsigned int type, uint8_t *p, size_t count,
				   enum style style)
{
	size_t size = arith_size(type);

	for (size_t i = 0; i < count; i++, p += size) {
		uint32_t word = type == NPU_TYPE_I32 ? random_i32(style) :
						       random_bits();
		float f = random_float(style);

		if (type == NPU_TYPE_I8)
			*p = (uint8_t)random_i8();
		else if (type == NPU_TYPE_I32 ||
			 (size == 2 && style == STYLE_WILD && random_bool()))
			memcpy(p, &word, size);
		else if (type == NPU_TYPE_F32)
			memcpy(p, &f, size);
		else
			arith_store(type, p, f);
	}
}

static inline void random_bytes(uint8_t *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		p[i] = (uint8_t)random_bits();
}

static inline const char *type_name(unsigned int type)
{
	static const char *const name[] = {
		[NPU_TYPE_NONE] = "none", [NPU_TYPE_I8] = "I8",
		[NPU_TYPE_I32] = "I32", [NPU_TYPE_F32] = "F32",
		[NPU_TYPE_F16] = "F16", [NPU_TYPE_BF16] = "BF16",
		[NPU_TYPE_I4] = "I4", [NPU_TYPE_C4] = "C4",
	};

	return name[type];
}

#endif /* NPU_TESTS_CONFORMANCE_VALUES_H */
