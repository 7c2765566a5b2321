// SPDX-License-Identifier: MIT
/*
 * Stored elements to floats. The packed 4- and 6-bit types are packed here
 * from numbers that are known, element by element.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <npu/gguf.h>

#include "tap.h"

#define HALF_ONE_AND_A_HALF "\x00\x3e"
#define HALF_QUARTER "\x00\x34"

static uint32_t state = 1;

static uint32_t random_below(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static bool same(const float *got, const float *want, int n)
{
	for (int i = 0; i < n; i++) {
		if (got[i] != want[i]) {
			diag("element %d: got %g, want %g", i, got[i], want[i]);
			return false;
		}
	}
	return true;
}

static void test_floats(void)
{
	static const uint16_t halves[] = {
		0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x83ff,
		0x7c00, 0xfc00,
	};
	static const float half_values[] = {
		0, -0.0f, 1, -2, 65504, 0x1p-14f, 0x1p-24f, -0x1.ff8p-15f,
		INFINITY, -INFINITY,
	};
	static const uint16_t brains[] = { 0x3f80, 0xc040, 0x0001, 0x7f80 };
	static const float brain_values[] = { 1, -3, 0x1p-133f, INFINITY };
	uint16_t nan = 0x7e01;
	float got[10];

	npu_gguf_dequantize(NPU_GGUF_F16, halves, got, 10);
	ok(same(got, half_values, 10), "F16");
	ok(signbit(got[1]), "F16 keeps the sign of zero");
	npu_gguf_dequantize(NPU_GGUF_F16, &nan, got, 1);
	ok(isnan(got[0]), "F16 NaN");
	npu_gguf_dequantize(NPU_GGUF_BF16, brains, got, 4);
	ok(same(got, brain_values, 4), "BF16");
	npu_gguf_dequantize(NPU_GGUF_F32, half_values, got, 10);
	ok(same(got, half_values, 10), "F32");
}

/* All finite halves: sign, exponent and mantissa by their definition. */
static void test_every_half(void)
{
	int bad = 0;

	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		uint16_t half = bits;
		int exponent = half >> 10 & 31, mantissa = half & 1023;
		float want = exponent ? ldexpf(1024 + mantissa, exponent - 25) :
			     ldexpf(mantissa, -24);
		float got;

		if (exponent == 31)
			continue;
		npu_gguf_dequantize(NPU_GGUF_F16, &half, &got, 1);
		bad += got != (half & 0x8000 ? -want : want);
	}
	is(bad, 0, "every finite F16");
}

static void test_q8_0(void)
{
	unsigned char blocks[2 * 34];
	float got[64], want[64];

	for (int b = 0; b < 2; b++) {
		memcpy(blocks + b * 34, b ? HALF_QUARTER : HALF_ONE_AND_A_HALF, 2);
		for (int i = 0; i < 32; i++) {
			int q = i ? (int)random_below(256) - 128 : -128;

			blocks[b * 34 + 2 + i] = q;
			want[b * 32 + i] = (b ? 0.25f : 1.5f) * q;
		}
	}
	is(npu_gguf_dequantize(NPU_GGUF_Q8_0, blocks, got, 64), 0, "Q8_0 reads");
	ok(same(got, want, 64), "Q8_0 values");
	is(npu_gguf_dequantize(NPU_GGUF_Q8_0, blocks, got, 63), -EINVAL,
	   "not in the middle of a block");
	is(npu_gguf_dequantize(99, blocks, got, 32), -EINVAL, "unknown type");
}

static void test_q4(void)
{
	unsigned char plain[18] = HALF_ONE_AND_A_HALF;
	unsigned char shifted[20] = HALF_ONE_AND_A_HALF HALF_QUARTER;
	float got[32], want_plain[32], want_shifted[32];

	for (int i = 0; i < 32; i++) {
		int q = random_below(16);

		plain[2 + i % 16] |= q << i / 16 * 4;
		shifted[4 + i % 16] |= q << i / 16 * 4;
		want_plain[i] = 1.5f * (q - 8);
		want_shifted[i] = 1.5f * q + 0.25f;
	}
	npu_gguf_dequantize(NPU_GGUF_Q4_0, plain, got, 32);
	ok(same(got, want_plain, 32), "Q4_0 values");
	npu_gguf_dequantize(NPU_GGUF_Q4_1, shifted, got, 32);
	ok(same(got, want_shifted, 32), "Q4_1 values");
}

/* Pack 6-bit scales and minima the way the format's authors do. */
static void pack_q4_k_scales(unsigned char *packed, const int *s, const int *m)
{
	for (int j = 0; j < 8; j++) {
		if (j < 4) {
			packed[j] = s[j];
			packed[j + 4] = m[j];
		} else {
			packed[j + 4] = (s[j] & 15) | (m[j] & 15) << 4;
			packed[j - 4] |= s[j] >> 4 << 6;
			packed[j] |= m[j] >> 4 << 6;
		}
	}
}

static void test_q4_k(void)
{
	unsigned char block[144] = HALF_ONE_AND_A_HALF HALF_QUARTER;
	float got[256], want[256];
	int s[8], m[8];

	for (int j = 0; j < 8; j++) {
		s[j] = random_below(64);
		m[j] = random_below(64);
	}
	pack_q4_k_scales(block + 4, s, m);
	for (int i = 0; i < 256; i++) {
		int q = random_below(16), group = i / 32;

		block[16 + i / 64 * 32 + i % 32] |= q << (i % 64 / 32 * 4);
		want[i] = 1.5f * s[group] * q - 0.25f * m[group];
	}
	npu_gguf_dequantize(NPU_GGUF_Q4_K, block, got, 256);
	ok(same(got, want, 256), "Q4_K values");
}

/*
 * Byte l of 32 in each half of the block: four elements l, l + 32, l + 64,
 * l + 96 have their high bits in one byte, their low bits in two.
 */
static void test_q6_k(void)
{
	unsigned char block[210] = { 0 };
	float got[256], want[256];
	int q[256];

	memcpy(block + 208, HALF_QUARTER, 2);
	for (int i = 0; i < 16; i++)
		block[192 + i] = random_below(256);
	for (int i = 0; i < 256; i++) {
		q[i] = random_below(64);
		want[i] = 0.25f * (signed char)block[192 + i / 16] * (q[i] - 32);
	}
	for (int n = 0; n < 2; n++) {
		for (int l = 0; l < 32; l++) {
			int *e = q + n * 128 + l;

			block[n * 64 + l] = (e[0] & 15) | (e[64] & 15) << 4;
			block[n * 64 + l + 32] = (e[32] & 15) | (e[96] & 15) << 4;
			block[128 + n * 32 + l] = e[0] >> 4 | e[32] >> 4 << 2 |
						  e[64] >> 4 << 4 | e[96] >> 4 << 6;
		}
	}
	npu_gguf_dequantize(NPU_GGUF_Q6_K, block, got, 256);
	ok(same(got, want, 256), "Q6_K values");
}

static void test_types(void)
{
	static const struct {
		uint32_t type, elements, size;
		const char *name;
	} want[] = {
		{ NPU_GGUF_F32, 1, 4, "F32" }, { NPU_GGUF_F16, 1, 2, "F16" },
		{ NPU_GGUF_BF16, 1, 2, "BF16" },
		{ NPU_GGUF_Q8_0, 32, 34, "Q8_0" },
		{ NPU_GGUF_Q4_0, 32, 18, "Q4_0" },
		{ NPU_GGUF_Q4_1, 32, 20, "Q4_1" },
		{ NPU_GGUF_Q4_K, 256, 144, "Q4_K" },
		{ NPU_GGUF_Q6_K, 256, 210, "Q6_K" },
	};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		is_str(npu_gguf_type_name(want[i].type), want[i].name, "name");
		is(npu_gguf_type_elements(want[i].type), want[i].elements,
		   "elements of %s", want[i].name);
		is(npu_gguf_type_size(want[i].type), want[i].size,
		   "bytes of %s", want[i].name);
	}
	ok(!npu_gguf_type_name(5) && !npu_gguf_type_size(5), "no type 5");
	ok(!npu_gguf_type_name(31) && !npu_gguf_type_elements(UINT32_MAX),
	   "no type past the end");
}

int main(void)
{
	test_floats();
	test_every_half();
	test_q8_0();
	test_q4();
	test_q4_k();
	test_q6_k();
	test_types();
	return done_testing();
}
