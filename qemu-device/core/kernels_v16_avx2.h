/* SPDX-License-Identifier: MIT */
/*
 * Sixteen lanes of binary32 in two AVX2 registers: the vocabulary of
 * kernels_v16_avx512.h for hosts without AVX-512.
 *
 * AVX2 cannot mask elements below 32 bits, so a part of a vector goes through
 * a buffer on the stack.
 */
#ifndef NPU_CORE_KERNELS_V16_AVX2_H
#define NPU_CORE_KERNELS_V16_AVX2_H

#include <immintrin.h>

#include "arith_lanes.h"

typedef struct {
	__m256 low, high;
} v16;

typedef struct {
	__m256i low, high;
} v16i;

/* All ones in the lanes that are chosen. */
typedef v16 m16;

#define V16_INLINE static inline __attribute__((always_inline))

/* Sums of layout NK that are reduced together, and most rows of A for them. */
#define V16_NK_SUMS	4
#define V16_NK_ROWS	2
/* Rows and panels of one pass over weights in registers. */
#define V16_ROWS	4
#define V16_PANELS	1

#define V8_NEAREST	(_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

#define V16_EACH(f, a) ((v16){ f((a).low), f((a).high) })
#define V16_EACH2(f, a, b) ((v16){ f((a).low, (b).low), f((a).high, (b).high) })
#define V16I_EACH2(f, a, b) \
	((v16i){ f((a).low, (b).low), f((a).high, (b).high) })

V16_INLINE v16 v16_set1(float x)
{
	return (v16){ _mm256_set1_ps(x), _mm256_set1_ps(x) };
}

/* Sixteen floats as they are. */
V16_INLINE v16 v16_get(const float *p)
{
	return (v16){ _mm256_loadu_ps(p), _mm256_loadu_ps(p + 8) };
}

V16_INLINE void v16_put(float *p, v16 a)
{
	_mm256_storeu_ps(p, a.low);
	_mm256_storeu_ps(p + 8, a.high);
}

V16_INLINE v16 v16_zero(void) { return v16_set1(0.0f); }
V16_INLINE v16 v16_add(v16 a, v16 b) { return V16_EACH2(_mm256_add_ps, a, b); }
V16_INLINE v16 v16_sub(v16 a, v16 b) { return V16_EACH2(_mm256_sub_ps, a, b); }
V16_INLINE v16 v16_mul(v16 a, v16 b) { return V16_EACH2(_mm256_mul_ps, a, b); }
V16_INLINE v16 v16_div(v16 a, v16 b) { return V16_EACH2(_mm256_div_ps, a, b); }
V16_INLINE v16 v16_sqrt(v16 a) { return V16_EACH(_mm256_sqrt_ps, a); }

V16_INLINE v16 v16_fma(v16 a, v16 b, v16 c)
{
	return (v16){ _mm256_fmadd_ps(a.low, b.low, c.low),
		      _mm256_fmadd_ps(a.high, b.high, c.high) };
}

/* a > b ? a : b and a < b ? a : b, also for NaN and zeros. */
V16_INLINE v16 v16_max(v16 a, v16 b) { return V16_EACH2(_mm256_max_ps, a, b); }
V16_INLINE v16 v16_min(v16 a, v16 b) { return V16_EACH2(_mm256_min_ps, a, b); }

V16_INLINE v16 v16_bits(uint32_t bits)
{
	__m256 half = _mm256_castsi256_ps(_mm256_set1_epi32((int)bits));

	return (v16){ half, half };
}

V16_INLINE v16 v16_abs(v16 a)
{
	return V16_EACH2(_mm256_and_ps, a, v16_bits(0x7fffffff));
}

V16_INLINE v16 v16_neg(v16 a)
{
	return V16_EACH2(_mm256_xor_ps, a, v16_bits(0x80000000));
}

V16_INLINE v16 v16_copysign(v16 a, v16 sign)
{
	v16 mask = v16_bits(0x80000000);

	sign = V16_EACH2(_mm256_and_ps, sign, mask);
	a = V16_EACH2(_mm256_andnot_ps, mask, a);
	return V16_EACH2(_mm256_or_ps, a, sign);
}

V16_INLINE __m256 v8_rint(__m256 a)
{
	return _mm256_round_ps(a, V8_NEAREST);
}

V16_INLINE v16 v16_rint(v16 a) { return V16_EACH(v8_rint, a); }

V16_INLINE __m256 v8_scale(__m256 p, __m256 n)
{
	__m256i bias = _mm256_set1_epi32(127);
	__m256i whole = _mm256_cvtps_epi32(n);
	__m256i half = _mm256_srai_epi32(whole, 1);
	__m256i rest = _mm256_sub_epi32(whole, half);

	half = _mm256_slli_epi32(_mm256_add_epi32(half, bias), 23);
	rest = _mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23);
	p = _mm256_mul_ps(p, _mm256_castsi256_ps(half));
	return _mm256_mul_ps(p, _mm256_castsi256_ps(rest));
}

/* p * 2^n in two steps; n is whole, -126..128. */
V16_INLINE v16 v16_scale(v16 p, v16 n) { return V16_EACH2(v8_scale, p, n); }

V16_INLINE __m256 v8_gt(__m256 a, __m256 b)
{
	return _mm256_cmp_ps(a, b, _CMP_GT_OQ);
}

V16_INLINE __m256 v8_eq(__m256 a, __m256 b)
{
	return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}

V16_INLINE __m256 v8_unordered(__m256 a, __m256 b)
{
	return _mm256_cmp_ps(a, b, _CMP_UNORD_Q);
}

V16_INLINE m16 v16_gt(v16 a, v16 b) { return V16_EACH2(v8_gt, a, b); }
V16_INLINE m16 v16_eq(v16 a, v16 b) { return V16_EACH2(v8_eq, a, b); }
V16_INLINE m16 v16_is_nan(v16 a) { return V16_EACH2(v8_unordered, a, a); }

V16_INLINE v16 v16_select(m16 mask, v16 yes, v16 no)
{
	return (v16){ _mm256_blendv_ps(no.low, yes.low, mask.low),
		      _mm256_blendv_ps(no.high, yes.high, mask.high) };
}

/* Lanes below @n. */
V16_INLINE m16 m16_first(size_t n)
{
	__m256i limit = _mm256_set1_epi32(n < 16 ? (int)n : 16);
	__m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
	__m256i above = _mm256_add_epi32(lane, _mm256_set1_epi32(8));

	return (m16){ _mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, lane)),
		      _mm256_castsi256_ps(_mm256_cmpgt_epi32(limit, above)) };
}

/* In @a and not in @b. */
V16_INLINE m16 m16_andnot(m16 a, m16 b)
{
	return V16_EACH2(_mm256_andnot_ps, b, a);
}

V16_INLINE unsigned int m16_bits(m16 a)
{
	return (unsigned int)_mm256_movemask_ps(a.low) |
	       (unsigned int)_mm256_movemask_ps(a.high) << 8;
}

V16_INLINE v16i v16i_set1(int32_t x)
{
	return (v16i){ _mm256_set1_epi32(x), _mm256_set1_epi32(x) };
}

V16_INLINE v16i v16i_zero(void) { return v16i_set1(0); }

V16_INLINE v16i v16i_add(v16i a, v16i b)
{
	return V16I_EACH2(_mm256_add_epi32, a, b);
}

V16_INLINE v16i v16i_sub(v16i a, v16i b)
{
	return V16I_EACH2(_mm256_sub_epi32, a, b);
}

V16_INLINE v16i v16i_mul(v16i a, v16i b)
{
	return V16I_EACH2(_mm256_mullo_epi32, a, b);
}

V16_INLINE v16 v16i_float(v16i a)
{
	return (v16){ _mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high) };
}

V16_INLINE v16i v16i_load_all(const void *p)
{
	return (v16i){ _mm256_loadu_si256(p),
		       _mm256_loadu_si256((const __m256i *)p + 1) };
}

V16_INLINE void v16i_store_all(void *p, v16i a)
{
	_mm256_storeu_si256(p, a.low);
	_mm256_storeu_si256((__m256i *)p + 1, a.high);
}

V16_INLINE v16i v16i_load(const void *p, size_t n)
{
	uint32_t part[16] = { 0 };

	if (n >= 16)
		return v16i_load_all(p);
	memcpy(part, p, n * sizeof(part[0]));
	return v16i_load_all(part);
}

V16_INLINE void v16i_store(void *p, v16i a, size_t n)
{
	uint32_t part[16];

	if (n >= 16) {
		v16i_store_all(p, a);
		return;
	}
	v16i_store_all(part, a);
	memcpy(p, part, n * sizeof(part[0]));
}

V16_INLINE v16i v16i_from_u8(__m128i bytes)
{
	return (v16i){ _mm256_cvtepu8_epi32(bytes),
		       _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)) };
}

V16_INLINE v16i v16i_from_i8(__m128i bytes)
{
	return (v16i){ _mm256_cvtepi8_epi32(bytes),
		       _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)) };
}

/* @n unsigned bytes. */
V16_INLINE v16i v16i_load_u8(const void *p, size_t n)
{
	uint8_t part[16] = { 0 };

	memcpy(part, p, n < 16 ? n : 16);
	return v16i_from_u8(_mm_loadu_si128((const __m128i *)part));
}

V16_INLINE v16 v16_from_bfloat(__m256i halves)
{
	__m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves));
	__m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(halves, 1));

	return (v16){ _mm256_castsi256_ps(_mm256_slli_epi32(low, 16)),
		      _mm256_castsi256_ps(_mm256_slli_epi32(high, 16)) };
}

V16_INLINE v16 v16_from_half(__m256i halves)
{
	return (v16){ _mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
		      _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)) };
}

V16_INLINE v16 v16_load_all(unsigned int type, const void *p)
{
	switch (type) {
	case NPU_TYPE_I8:
		return v16i_float(v16i_from_i8(_mm_loadu_si128(p)));
	case NPU_TYPE_I32:
		return v16i_float(v16i_load_all(p));
	case NPU_TYPE_F16:
		return v16_from_half(_mm256_loadu_si256(p));
	case NPU_TYPE_BF16:
		return v16_from_bfloat(_mm256_loadu_si256(p));
	default:
		return (v16){ _mm256_loadu_ps(p),
			      _mm256_loadu_ps((const float *)p + 8) };
	}
}

/* @n elements of @type at @p as binary32, zero in the lanes behind them. */
V16_INLINE v16 v16_load(unsigned int type, const void *p, size_t n)
{
	uint8_t part[64] = { 0 };

	if (n >= 16)
		return v16_load_all(type, p);
	memcpy(part, p, n * arith_size(type));
	return v16_load_all(type, part);
}

/* Upper halves of the lanes, rounded to nearest even. */
V16_INLINE __m256i v8_to_bfloat(__m256 a)
{
	__m256i bits = _mm256_castps_si256(a);
	__m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16),
				       _mm256_set1_epi32(1));

	bits = _mm256_add_epi32(_mm256_add_epi32(bits, odd),
				_mm256_set1_epi32(0x7fff));
	return _mm256_srli_epi32(bits, 16);
}

/* packus works within 128 bits: 0xd8 puts the quarters in order. */
V16_INLINE __m256i v16_to_bfloat(v16 a)
{
	__m256i packed = _mm256_packus_epi32(v8_to_bfloat(a.low),
					     v8_to_bfloat(a.high));

	return _mm256_permute4x64_epi64(packed, 0xd8);
}

V16_INLINE __m256i v8_to_i8_range(__m256 a)
{
	a = _mm256_min_ps(a, _mm256_set1_ps(127.0f));
	a = _mm256_max_ps(a, _mm256_set1_ps(-128.0f));
	return _mm256_cvtps_epi32(a);
}

V16_INLINE __m128i v16_to_i8(v16 a)
{
	__m256i words = _mm256_packs_epi32(v8_to_i8_range(a.low),
					   v8_to_i8_range(a.high));

	words = _mm256_permute4x64_epi64(words, 0xd8);
	return _mm_packs_epi16(_mm256_castsi256_si128(words),
			       _mm256_extracti128_si256(words, 1));
}

V16_INLINE __m256i v8_to_i32(__m256 a)
{
	__m256 above = _mm256_cmp_ps(a, _mm256_set1_ps(0x1p31f), _CMP_GE_OQ);
	__m256i top = _mm256_set1_epi32(INT32_MAX);

	/* What is below the range becomes INT32_MIN by itself. */
	return _mm256_blendv_epi8(_mm256_cvtps_epi32(a), top,
				  _mm256_castps_si256(above));
}

V16_INLINE void v16_store_half(void *p, v16 a)
{
	_mm_storeu_si128(p, _mm256_cvtps_ph(a.low, V8_NEAREST));
	_mm_storeu_si128((__m128i *)p + 1, _mm256_cvtps_ph(a.high, V8_NEAREST));
}

V16_INLINE void v16_store_all(unsigned int type, void *p, v16 a)
{
	bool integer = type == NPU_TYPE_I8 || type == NPU_TYPE_I32;

	a = v16_select(v16_is_nan(a), integer ? v16_zero() : v16_bits(0x7fc00000),
		       a);
	switch (type) {
	case NPU_TYPE_I8:
		_mm_storeu_si128(p, v16_to_i8(a));
		return;
	case NPU_TYPE_I32:
		v16i_store_all(p, (v16i){ v8_to_i32(a.low), v8_to_i32(a.high) });
		return;
	case NPU_TYPE_F16:
		v16_store_half(p, a);
		return;
	case NPU_TYPE_BF16:
		_mm256_storeu_si256(p, v16_to_bfloat(a));
		return;
	default:
		_mm256_storeu_ps(p, a.low);
		_mm256_storeu_ps((float *)p + 8, a.high);
	}
}

/* Converts the first @n lanes to @type and puts them at @p. */
V16_INLINE void v16_store(unsigned int type, void *p, v16 a, size_t n)
{
	uint8_t part[64];

	if (n >= 16) {
		v16_store_all(type, p, a);
		return;
	}
	v16_store_all(type, part, a);
	memcpy(p, part, n * arith_size(type));
}

/* Eight columns of pairs: the first of each to the low half, the second above. */
V16_INLINE __m256i v8_split_pairs(__m256i pairs)
{
	const __m256i order = _mm256_setr_epi8(
		0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
		0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);

	return _mm256_permute4x64_epi64(_mm256_shuffle_epi8(pairs, order), 0xd8);
}

/* Two consecutive k of a 64-byte block of 16-bit weights. */
V16_INLINE void v16_load_pair(unsigned int type, const void *block, v16 *k0,
			      v16 *k1)
{
	__m256i low = _mm256_loadu_si256(block);
	__m256i high = _mm256_loadu_si256((const __m256i *)block + 1);
	__m256i top = _mm256_set1_epi32((int)0xffff0000);

	if (type == NPU_TYPE_F16) {
		v16 first = v16_from_half(v8_split_pairs(low));
		v16 second = v16_from_half(v8_split_pairs(high));

		*k0 = (v16){ first.low, second.low };
		*k1 = (v16){ first.high, second.high };
		return;
	}
	k0->low = _mm256_castsi256_ps(_mm256_slli_epi32(low, 16));
	k0->high = _mm256_castsi256_ps(_mm256_slli_epi32(high, 16));
	k1->low = _mm256_castsi256_ps(_mm256_and_si256(low, top));
	k1->high = _mm256_castsi256_ps(_mm256_and_si256(high, top));
}

V16_INLINE __m256 v8_order_quarters(__m256 a)
{
	return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(a), 0xd8));
}

/* Even and odd elements of the 32 in @low, @high; and back. */
V16_INLINE void v16_deinterleave(v16 low, v16 high, v16 *even, v16 *odd)
{
	even->low = v8_order_quarters(_mm256_shuffle_ps(low.low, low.high, 0x88));
	odd->low = v8_order_quarters(_mm256_shuffle_ps(low.low, low.high, 0xdd));
	even->high = v8_order_quarters(_mm256_shuffle_ps(high.low, high.high,
							 0x88));
	odd->high = v8_order_quarters(_mm256_shuffle_ps(high.low, high.high,
							0xdd));
}

V16_INLINE v16 v8_interleave(__m256 even, __m256 odd)
{
	__m256 low = _mm256_unpacklo_ps(even, odd);
	__m256 high = _mm256_unpackhi_ps(even, odd);

	return (v16){ _mm256_permute2f128_ps(low, high, 0x20),
		      _mm256_permute2f128_ps(low, high, 0x31) };
}

V16_INLINE void v16_interleave(v16 even, v16 odd, v16 *low, v16 *high)
{
	*low = v8_interleave(even.low, odd.low);
	*high = v8_interleave(even.high, odd.high);
}

V16_INLINE __m256 v16_low(v16 a) { return a.low; }
V16_INLINE __m256 v16_high(v16 a) { return a.high; }

/* Lane sums of a and b, folded to four lanes each. */
V16_INLINE __m256 v8_fold4(__m256 a, __m256 b)
{
	return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20),
			     _mm256_permute2f128_ps(a, b, 0x31));
}

V16_INLINE __m256 v8_fold2(__m256 a, __m256 b)
{
	return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44),
			     _mm256_shuffle_ps(a, b, 0xee));
}

/*
 * Lane sums of V16_NK_SUMS vectors at once: each step folds two vectors
 * into one, and the last puts sum number i into lane i.
 */
V16_INLINE void v16_fold_sums(v16 *a, float *sums)
{
	__m256 first = v8_fold4(_mm256_add_ps(a[0].low, a[0].high),
				_mm256_add_ps(a[1].low, a[1].high));
	__m256 second = v8_fold4(_mm256_add_ps(a[2].low, a[2].high),
				 _mm256_add_ps(a[3].low, a[3].high));
	__m256 both = v8_fold2(first, second);
	__m128 low = _mm256_castps256_ps128(both);
	__m128 high = _mm256_extractf128_ps(both, 1);

	/* low: sums 0, 2 as pairs of lanes; high: sums 1, 3. */
	low = _mm_add_ps(_mm_shuffle_ps(low, high, 0x88),
			 _mm_shuffle_ps(low, high, 0xdd));
	_mm_storeu_ps(sums, _mm_shuffle_ps(low, low, 0xd8));
}

#endif /* NPU_CORE_KERNELS_V16_AVX2_H */
