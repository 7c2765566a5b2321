/* SPDX-License-Identifier: MIT */
/*
 * Dot products of bytes with AVX-512 VNNI.
 *
 * The instruction multiplies unsigned by signed bytes, so weights are taken
 * w4_offset() larger than they are; whoever uses the sums subtracts that times
 * the sum of A. All is modulo 2^32, so nothing is lost on the way.
 */
#ifndef NPU_CORE_KERNELS_W4_AVX512_H
#define NPU_CORE_KERNELS_W4_AVX512_H

#include "kernels_v16_avx512.h"

#define W4_OFFSET	128
/* Nibbles that mean numbers need no table: these offsets differ from them by an XOR. */
#define W4_OFFSET_I4	8
#define W4_OFFSET_ZP	16
/* Rows and panels of one pass over weights in registers; the same by group. */
#define W4_ROWS		6
#define W4_PANELS	4
#define W4_TALL_ROWS	12	/* of one panel */
/* Whether weights are needed faster than the host fetches them by itself. */
#define W4_PREFETCH	1
#define W4_GROUP_ROWS	4
#define W4_GROUP_PANELS	2

/* Sixteen columns by four consecutive k; their sums; four k of A. */
typedef __m512i w4;
typedef __m512i w4_sum;
typedef __m512i w4_a;
/* What each of sixteen nibbles means, or what makes numbers of them. */
typedef __m512i w4_table;

/* How weights are made bytes. */
enum w4_kind { W4_BYTES, W4_PLAIN_NIBBLES, W4_TABLE_NIBBLES, W4_KINDS };

V16_INLINE __m512i w4_shifted(__m512i bytes)
{
	return _mm512_xor_si512(bytes, _mm512_set1_epi8((char)0x80));
}

V16_INLINE w4_sum w4_zero(void) { return _mm512_setzero_si512(); }

V16_INLINE int32_t w4_offset(unsigned int kind, unsigned int flags)
{
	if (kind != W4_PLAIN_NIBBLES)
		return W4_OFFSET;
	return flags & NPU_F_ZP ? W4_OFFSET_ZP : W4_OFFSET_I4;
}

/* What sums begin with to end as they should, from the sum of A, and back. */
V16_INLINE int32_t w4_start_of(int32_t offset, int32_t sum) { return -offset * sum; }
V16_INLINE int32_t w4_sum_of(int32_t offset, int32_t start) { return start / -offset; }

/* A sum that begins with @x in each column. */
V16_INLINE w4_sum w4_begin(int32_t x) { return _mm512_set1_epi32(x); }

V16_INLINE w4 w4_i8(const uint8_t *block)
{
	return w4_shifted(_mm512_loadu_si512(block));
}

V16_INLINE w4_table w4_make_table(const int8_t *meaning, unsigned int kind,
				  unsigned int flags)
{
	__m128i table = _mm_loadu_si128((const __m128i *)meaning);

	if (kind == W4_PLAIN_NIBBLES)
		return _mm512_set1_epi8(flags & NPU_F_ZP ? W4_OFFSET_ZP : W4_OFFSET_I4);
	return w4_shifted(_mm512_broadcast_i32x4(table));
}

/* (@a & @mask) ^ @b */
V16_INLINE __m512i w4_masked_xor(__m512i a, __m512i mask, __m512i b)
{
	return _mm512_ternarylogic_epi32(a, mask, b, 0x6a);
}

/* The two times four k of a block of nibbles. */
V16_INLINE void w4_nibbles(unsigned int kind, const uint8_t *block, w4_table table,
			   w4 *low, w4 *high)
{
	__m512i mask = _mm512_set1_epi8(15);
	__m512i pair = _mm512_loadu_si512(block);
	__m512i upper = _mm512_srli_epi16(pair, 4);

	if (kind == W4_PLAIN_NIBBLES) {
		*low = w4_masked_xor(pair, mask, table);
		*high = w4_masked_xor(upper, mask, table);
		return;
	}
	upper = _mm512_and_si512(upper, mask);
	*low = _mm512_shuffle_epi8(table, _mm512_and_si512(pair, mask));
	*high = _mm512_shuffle_epi8(table, upper);
}

V16_INLINE w4_a w4_broadcast(const uint8_t *a)
{
	int32_t four;

	memcpy(&four, a, sizeof(four));
	return _mm512_set1_epi32(four);
}

V16_INLINE w4_sum w4_dot(w4_sum sum, w4 w, w4_a a)
{
	return _mm512_dpbusd_epi32(sum, w, a);
}

V16_INLINE v16i w4_sums(w4_sum sum) { return sum; }

/* Layout NK: bytes of a step along k, and rows of A in a pass. */
#define NK_STEP		64
#define NK_ROWS		4

typedef __m512i nk_bytes;
typedef __m512i nk_sum;

V16_INLINE __mmask64 nk_mask(size_t n)
{
	return n < 64 ? (1ull << n) - 1 : ~0ull;
}

/* @n bytes of A, zero behind them: the weights there then do not count. */
V16_INLINE nk_bytes nk_load_a(const uint8_t *a, size_t n)
{
	return _mm512_maskz_loadu_epi8(nk_mask(n), a);
}

V16_INLINE nk_bytes nk_load_w(const uint8_t *w, size_t n)
{
	return w4_shifted(_mm512_maskz_loadu_epi8(nk_mask(n), w));
}

V16_INLINE nk_sum nk_zero(void) { return _mm512_setzero_si512(); }

V16_INLINE nk_sum nk_dot(nk_sum sum, nk_bytes w, nk_bytes a)
{
	return _mm512_dpbusd_epi32(sum, w, a);
}

V16_INLINE __m256i nk_half(nk_sum sum)
{
	return _mm256_add_epi32(_mm512_castsi512_si256(sum),
				_mm512_extracti64x4_epi64(sum, 1));
}

/* Sum of the signed bytes of @a. */
V16_INLINE int32_t w4_row_sum(const uint8_t *a, size_t k)
{
	__m512i ones = _mm512_set1_epi8(1), sum = _mm512_setzero_si512();

	for (size_t i = 0; i < k; i += NK_STEP)
		sum = _mm512_dpbusd_epi32(sum, ones, nk_load_a(a + i, k - i));
	return _mm512_reduce_add_epi32(sum);
}

#endif /* NPU_CORE_KERNELS_W4_AVX512_H */
