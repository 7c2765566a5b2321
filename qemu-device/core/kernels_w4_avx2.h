/* SPDX-License-Identifier: MIT */
/*
 * Dot products of bytes with AVX2.
 *
 * Its product of bytes saturates, so weights and A are widened to 16 bits,
 * whose pairs of products are exact in 32.
 */
#ifndef NPU_CORE_KERNELS_W4_AVX2_H
#define NPU_CORE_KERNELS_W4_AVX2_H

#include "kernels_v16_avx2.h"

#define W4_OFFSET	0
/* Rows and panels of one pass over weights in registers; the same by group. */
#define W4_ROWS		2
#define W4_PANELS	1
#define W4_TALL_ROWS	2	/* of one panel */
/* Whether weights are needed faster than the host fetches them by itself. */
#define W4_PREFETCH	0
#define W4_GROUP_ROWS	2
#define W4_GROUP_PANELS	1

/*
 * Sixteen columns by four consecutive k, four columns in a register; their
 * sums, two a column; four k of A, four times.
 */
typedef struct {
	__m256i q[4];
} w4;
typedef w4 w4_sum;
typedef __m256i w4_a;
/* What each of sixteen nibbles means. */
typedef __m128i w4_table;

/* How weights are made bytes; all nibbles by the table. */
enum w4_kind { W4_BYTES, W4_PLAIN_NIBBLES, W4_TABLE_NIBBLES, W4_KINDS };

V16_INLINE w4_sum w4_zero(void)
{
	__m256i zero = _mm256_setzero_si256();

	return (w4_sum){ { zero, zero, zero, zero } };
}

/* Without an offset sums begin with zero, and the sum of A itself is kept. */
V16_INLINE int32_t w4_offset(unsigned int kind, unsigned int flags)
{
	(void)kind;
	(void)flags;
	return W4_OFFSET;
}

V16_INLINE int32_t w4_start_of(int32_t offset, int32_t sum)
{
	(void)offset;
	return sum;
}

V16_INLINE int32_t w4_sum_of(int32_t offset, int32_t start)
{
	(void)offset;
	return start;
}

/* A sum that begins as w4_start_of() says. */
V16_INLINE w4_sum w4_begin(int32_t x)
{
	(void)x;
	return w4_zero();
}

V16_INLINE w4 w4_i8(const uint8_t *block)
{
	const __m128i *quarter = (const __m128i *)block;
	w4 w;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		w.q[i] = _mm256_cvtepi8_epi16(_mm_loadu_si128(quarter + i));
	return w;
}

V16_INLINE w4_table w4_make_table(const int8_t *meaning, unsigned int kind,
				  unsigned int flags)
{
	(void)kind;
	(void)flags;
	return _mm_loadu_si128((const __m128i *)meaning);
}

/* The two times four k of a block of nibbles. */
V16_INLINE void w4_nibbles(unsigned int kind, const uint8_t *block, w4_table table,
			   w4 *low, w4 *high)
{
	const __m128i *quarter = (const __m128i *)block;
	__m128i mask = _mm_set1_epi8(15);

	(void)kind;
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m128i pair = _mm_loadu_si128(quarter + i);
		__m128i upper = _mm_and_si128(_mm_srli_epi16(pair, 4), mask);

		pair = _mm_and_si128(pair, mask);
		low->q[i] = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(table, pair));
		high->q[i] = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(table, upper));
	}
}

V16_INLINE w4_a w4_broadcast(const uint8_t *a)
{
	int32_t four;

	memcpy(&four, a, sizeof(four));
	return _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
}

V16_INLINE w4_sum w4_dot(w4_sum sum, w4 w, w4_a a)
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		sum.q[i] = _mm256_add_epi32(sum.q[i],
					    _mm256_madd_epi16(w.q[i], a));
	return sum;
}

/* Columns c and c + 4 of two registers, added up and put in order. */
V16_INLINE __m256i w4_join(__m256i left, __m256i right)
{
	return _mm256_permute4x64_epi64(_mm256_hadd_epi32(left, right), 0xd8);
}

V16_INLINE v16i w4_sums(w4_sum sum)
{
	return (v16i){ w4_join(sum.q[0], sum.q[1]), w4_join(sum.q[2], sum.q[3]) };
}

/* Layout NK: bytes of a step along k, and rows of A in a pass. */
#define NK_STEP		16
#define NK_ROWS		2

typedef __m256i nk_bytes;
typedef __m256i nk_sum;

V16_INLINE nk_bytes nk_load_a(const uint8_t *a, size_t n)
{
	uint8_t part[NK_STEP] = { 0 };

	if (n < NK_STEP) {
		memcpy(part, a, n);
		a = part;
	}
	return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)a));
}

V16_INLINE nk_bytes nk_load_w(const uint8_t *w, size_t n)
{
	return nk_load_a(w, n);
}

V16_INLINE nk_sum nk_zero(void) { return _mm256_setzero_si256(); }

V16_INLINE nk_sum nk_dot(nk_sum sum, nk_bytes w, nk_bytes a)
{
	return _mm256_add_epi32(sum, _mm256_madd_epi16(w, a));
}

V16_INLINE __m256i nk_half(nk_sum sum) { return sum; }

/* Sum of the signed bytes of @a. */
V16_INLINE int32_t w4_row_sum(const uint8_t *a, size_t k)
{
	__m256i ones = _mm256_set1_epi16(1), sum = _mm256_setzero_si256();
	int32_t lane[8], total = 0;

	for (size_t i = 0; i < k; i += NK_STEP)
		sum = nk_dot(sum, nk_load_a(a + i, k - i), ones);
	_mm256_storeu_si256((__m256i *)lane, sum);
	for (int i = 0; i < 8; i++)
		total += lane[i];
	return total;
}

#endif /* NPU_CORE_KERNELS_W4_AVX2_H */
