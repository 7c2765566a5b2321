/* SPDX-License-Identifier: MIT */
/*
 * Sixteen lanes of binary32 in one AVX-512 register.
 *
 * The vocabulary in which kernels_v16_*.h are written; kernels_v16_avx2.h has
 * the same with two registers. Sixteen is the number of lanes of the
 * specification's reductions and of a panel's columns.
 */
#ifndef NPU_CORE_KERNELS_V16_AVX512_H
#define NPU_CORE_KERNELS_V16_AVX512_H

#include <immintrin.h>

#include "arith_lanes.h"

typedef __m512 v16;
typedef __m512i v16i;
typedef __mmask16 m16;

#define V16_INLINE static inline __attribute__((always_inline))

/* Sums of layout NK that are reduced together, and most rows of A for them. */
#define V16_NK_SUMS	16
#define V16_NK_ROWS	4
/* Rows and panels of one pass over weights in registers. */
#define V16_ROWS	4
#define V16_PANELS	4

V16_INLINE v16 v16_set1(float x) { return _mm512_set1_ps(x); }
/* Sixteen floats as they are. */
V16_INLINE v16 v16_get(const float *p) { return _mm512_loadu_ps(p); }
V16_INLINE void v16_put(float *p, v16 a) { _mm512_storeu_ps(p, a); }
V16_INLINE v16 v16_zero(void) { return _mm512_setzero_ps(); }
V16_INLINE v16 v16_add(v16 a, v16 b) { return _mm512_add_ps(a, b); }
V16_INLINE v16 v16_sub(v16 a, v16 b) { return _mm512_sub_ps(a, b); }
V16_INLINE v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
V16_INLINE v16 v16_div(v16 a, v16 b) { return _mm512_div_ps(a, b); }
V16_INLINE v16 v16_sqrt(v16 a) { return _mm512_sqrt_ps(a); }
V16_INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
/* a > b ? a : b and a < b ? a : b, also for NaN and zeros. */
V16_INLINE v16 v16_max(v16 a, v16 b) { return _mm512_max_ps(a, b); }
V16_INLINE v16 v16_min(v16 a, v16 b) { return _mm512_min_ps(a, b); }

V16_INLINE v16 v16_bits(uint32_t bits)
{
	return _mm512_castsi512_ps(_mm512_set1_epi32((int)bits));
}

V16_INLINE v16 v16_abs(v16 a)
{
	return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a),
						    _mm512_set1_epi32(INT32_MAX)));
}

V16_INLINE v16 v16_neg(v16 a)
{
	return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a),
						    _mm512_set1_epi32(INT32_MIN)));
}

/* 0xd8: bits of the second operand where the third has ones, else the first. */
V16_INLINE v16 v16_copysign(v16 a, v16 sign)
{
	return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
		_mm512_castps_si512(a), _mm512_castps_si512(sign),
		_mm512_set1_epi32(INT32_MIN), 0xd8));
}

V16_INLINE v16 v16_rint(v16 a)
{
	return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT |
				       _MM_FROUND_NO_EXC);
}

/* p * 2^n, rounded once; n is whole. */
V16_INLINE v16 v16_scale(v16 p, v16 n) { return _mm512_scalef_ps(p, n); }

V16_INLINE m16 v16_gt(v16 a, v16 b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

V16_INLINE m16 v16_eq(v16 a, v16 b)
{
	return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

V16_INLINE m16 v16_is_nan(v16 a)
{
	return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}

V16_INLINE v16 v16_select(m16 mask, v16 yes, v16 no)
{
	return _mm512_mask_mov_ps(no, mask, yes);
}

/* Lanes below @n. */
V16_INLINE m16 m16_first(size_t n)
{
	return n < 16 ? (m16)((1u << n) - 1) : (m16)0xffff;
}

V16_INLINE m16 m16_andnot(m16 a, m16 b) { return a & (m16)~b; }
V16_INLINE unsigned int m16_bits(m16 a) { return a; }

V16_INLINE v16i v16i_set1(int32_t x) { return _mm512_set1_epi32(x); }
V16_INLINE v16i v16i_zero(void) { return _mm512_setzero_si512(); }
V16_INLINE v16i v16i_add(v16i a, v16i b) { return _mm512_add_epi32(a, b); }
V16_INLINE v16i v16i_sub(v16i a, v16i b) { return _mm512_sub_epi32(a, b); }
V16_INLINE v16i v16i_mul(v16i a, v16i b) { return _mm512_mullo_epi32(a, b); }
V16_INLINE v16 v16i_float(v16i a) { return _mm512_cvtepi32_ps(a); }

/* Sixteen as they are. */
V16_INLINE void v16i_store_all(void *p, v16i a) { _mm512_storeu_si512(p, a); }

V16_INLINE v16i v16i_load(const void *p, size_t n)
{
	return _mm512_maskz_loadu_epi32(m16_first(n), p);
}

V16_INLINE void v16i_store(void *p, v16i a, size_t n)
{
	_mm512_mask_storeu_epi32(p, m16_first(n), a);
}

/* @n unsigned bytes. */
V16_INLINE v16i v16i_load_u8(const void *p, size_t n)
{
	return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(m16_first(n), p));
}

/* @n elements of @type at @p as binary32, zero in the lanes behind them. */
V16_INLINE v16 v16_load(unsigned int type, const void *p, size_t n)
{
	m16 mask = m16_first(n);
	__m256i half;

	switch (type) {
	case NPU_TYPE_I8:
		return v16i_float(_mm512_cvtepi8_epi32(
			_mm_maskz_loadu_epi8(mask, p)));
	case NPU_TYPE_I32:
		return v16i_float(_mm512_maskz_loadu_epi32(mask, p));
	case NPU_TYPE_F16:
		return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, p));
	case NPU_TYPE_BF16:
		half = _mm256_maskz_loadu_epi16(mask, p);
		return _mm512_castsi512_ps(_mm512_slli_epi32(
			_mm512_cvtepu16_epi32(half), 16));
	default:
		return _mm512_maskz_loadu_ps(mask, p);
	}
}

V16_INLINE __m256i v16_to_bfloat(v16 a)
{
	__m512i bits = _mm512_castps_si512(a);
	__m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16),
				       _mm512_set1_epi32(1));

	bits = _mm512_add_epi32(_mm512_add_epi32(bits, odd),
				_mm512_set1_epi32(0x7fff));
	return _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16));
}

/* Nearest even, saturated to @low..@high; @a has no NaN. */
V16_INLINE v16i v16_saturate(v16 a, float low, float high)
{
	return _mm512_cvtps_epi32(v16_max(v16_min(a, v16_set1(high)),
					  v16_set1(low)));
}

V16_INLINE v16i v16_to_i32(v16 a)
{
	m16 above = _mm512_cmp_ps_mask(a, v16_set1(0x1p31f), _CMP_GE_OQ);

	/* What is below the range becomes INT32_MIN by itself. */
	return _mm512_mask_mov_epi32(_mm512_cvtps_epi32(a), above,
				     _mm512_set1_epi32(INT32_MAX));
}

/* Converts the first @n lanes to @type and puts them at @p. */
V16_INLINE void v16_store(unsigned int type, void *p, v16 a, size_t n)
{
	bool integer = type == NPU_TYPE_I8 || type == NPU_TYPE_I32;
	m16 mask = m16_first(n);

	a = v16_select(v16_is_nan(a), integer ? v16_zero() : v16_bits(0x7fc00000),
		       a);
	switch (type) {
	case NPU_TYPE_I8:
		_mm512_mask_cvtepi32_storeu_epi8(
			p, mask, v16_saturate(a, -128.0f, 127.0f));
		return;
	case NPU_TYPE_I32:
		_mm512_mask_storeu_epi32(p, mask, v16_to_i32(a));
		return;
	case NPU_TYPE_F16:
		_mm256_mask_storeu_epi16(p, mask, _mm512_cvtps_ph(
			a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
		return;
	case NPU_TYPE_BF16:
		_mm256_mask_storeu_epi16(p, mask, v16_to_bfloat(a));
		return;
	default:
		_mm512_mask_storeu_ps(p, mask, a);
	}
}

/* Two consecutive k of a 64-byte block of 16-bit weights. */
V16_INLINE void v16_load_pair(unsigned int type, const void *block, v16 *k0,
			      v16 *k1)
{
	__m512i pair = _mm512_loadu_si512(block);
	__m512i high = _mm512_srli_epi32(pair, 16);

	if (type == NPU_TYPE_F16) {
		*k0 = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(pair));
		*k1 = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(high));
	} else {
		*k0 = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
		*k1 = _mm512_castsi512_ps(_mm512_slli_epi32(high, 16));
	}
}

/* Even and odd elements of the 32 in @low, @high; and back. */
V16_INLINE void v16_deinterleave(v16 low, v16 high, v16 *even, v16 *odd)
{
	__m512i index = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
					  22, 24, 26, 28, 30);

	*even = _mm512_permutex2var_ps(low, index, high);
	index = _mm512_add_epi32(index, _mm512_set1_epi32(1));
	*odd = _mm512_permutex2var_ps(low, index, high);
}

V16_INLINE void v16_interleave(v16 even, v16 odd, v16 *low, v16 *high)
{
	__m512i index = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
					  21, 6, 22, 7, 23);

	*low = _mm512_permutex2var_ps(even, index, odd);
	index = _mm512_add_epi32(index, _mm512_set1_epi32(8));
	*high = _mm512_permutex2var_ps(even, index, odd);
}

V16_INLINE __m256 v16_low(v16 a) { return _mm512_castps512_ps256(a); }

V16_INLINE __m256 v16_high(v16 a)
{
	return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1));
}

/* Lane sums of a and b, folded to eight lanes each. */
V16_INLINE v16 v16_fold8(v16 a, v16 b)
{
	return v16_add(_mm512_shuffle_f32x4(a, b, 0x44),
		       _mm512_shuffle_f32x4(a, b, 0xee));
}

V16_INLINE v16 v16_fold4(v16 a, v16 b)
{
	return v16_add(_mm512_shuffle_f32x4(a, b, 0x88),
		       _mm512_shuffle_f32x4(a, b, 0xdd));
}

V16_INLINE v16 v16_fold2(v16 a, v16 b)
{
	return v16_add(_mm512_shuffle_ps(a, b, 0x44),
		       _mm512_shuffle_ps(a, b, 0xee));
}

V16_INLINE v16 v16_fold1(v16 a, v16 b)
{
	return v16_add(_mm512_shuffle_ps(a, b, 0x88),
		       _mm512_shuffle_ps(a, b, 0xdd));
}

/*
 * Lane sums of V16_NK_SUMS vectors at once: each step folds two vectors
 * into one, and the last index puts sum number i into lane i.
 */
V16_INLINE void v16_fold_sums(v16 *a, float *sums)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6,
						10, 14, 3, 7, 11, 15);

#pragma GCC unroll 8
	for (int i = 0; i < 8; i++)
		a[i] = v16_fold8(a[2 * i], a[2 * i + 1]);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		a[i] = v16_fold4(a[2 * i], a[2 * i + 1]);
#pragma GCC unroll 2
	for (int i = 0; i < 2; i++)
		a[i] = v16_fold2(a[2 * i], a[2 * i + 1]);
	a[0] = v16_fold1(a[0], a[1]);
	_mm512_storeu_ps(sums, _mm512_permutexvar_ps(order, a[0]));
}

#endif /* NPU_CORE_KERNELS_V16_AVX512_H */
