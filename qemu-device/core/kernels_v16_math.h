/* SPDX-License-Identifier: MIT */
/*
 * Functions of arith_math.h and arith_lanes.h on sixteen lanes at once: the
 * same operations in the same order, hence the same bits.
 *
 * Included behind kernels_v16_avx2.h or kernels_v16_avx512.h.
 */
#ifndef NPU_CORE_KERNELS_V16_MATH_H
#define NPU_CORE_KERNELS_V16_MATH_H

/* exp of @x that is not above 128 ln 2; NaN becomes a NaN by itself. */
V16_INLINE v16 v16_exp_below(v16 x)
{
	v16 n = v16_rint(v16_mul(x, v16_bits(ARITH_LOG2E)));
	v16 r = v16_fma(n, v16_bits(ARITH_MINUS_LN2_HIGH), x);
	v16 p = v16_set1(arith_exp_term[0]);

	r = v16_fma(n, v16_bits(ARITH_MINUS_LN2_LOW), r);
#pragma GCC unroll 8
	for (int i = 1; i < ARITH_EXP_TERMS; i++)
		p = v16_fma(p, r, v16_set1(arith_exp_term[i]));
	p = v16_scale(p, n);
	/* Below the range n means nothing. */
	return v16_select(v16_gt(v16_bits(ARITH_EXP_MIN), x), v16_zero(), p);
}

V16_INLINE v16 v16_exp(v16 x)
{
	return v16_select(v16_gt(x, v16_bits(ARITH_EXP_MAX)), v16_set1(INFINITY),
			  v16_exp_below(x));
}

/* 1 + exp(-x) */
V16_INLINE v16 v16_one_plus_exp_minus(v16 x)
{
	return v16_add(v16_set1(1.0f), v16_exp(v16_neg(x)));
}

V16_INLINE v16 v16_tanh(v16 x)
{
	v16 one = v16_set1(1.0f);
	v16 t = v16_exp(v16_mul(v16_set1(-2.0f), v16_abs(x)));

	return v16_copysign(v16_div(v16_sub(one, t), v16_add(one, t)), x);
}

V16_INLINE v16 v16_gelu(v16 x)
{
	v16 inner = v16_fma(v16_mul(x, x), v16_bits(ARITH_GELU_CUBE),
			    v16_bits(ARITH_GELU_LINE));

	return v16_div(x, v16_one_plus_exp_minus(v16_mul(x, inner)));
}

V16_INLINE v16 v16_gelu_erf(v16 x)
{
	v16 one = v16_set1(1.0f);
	v16 z = v16_mul(v16_abs(x), v16_bits(ARITH_ERF_SCALE));
	v16 t = v16_div(one, v16_fma(v16_bits(ARITH_ERF_P), z, one));
	v16 q = v16_bits(arith_erf_term[0]);
	v16 erf;

#pragma GCC unroll 8
	for (int i = 1; i < ARITH_ERF_TERMS; i++)
		q = v16_fma(q, t, v16_bits(arith_erf_term[i]));
	erf = v16_mul(v16_mul(q, t), v16_exp(v16_neg(v16_mul(z, z))));
	erf = v16_copysign(v16_sub(one, erf), x);
	return v16_mul(v16_mul(x, v16_set1(0.5f)), v16_add(one, erf));
}

/* @op is an enum npu_unary. Not inline: its cases are long. */
static v16 v16_unary(unsigned int op, v16 x)
{
	v16 one = v16_set1(1.0f);

	switch (op) {
	case NPU_UNARY_RELU:
		return v16_max(x, v16_zero());
	case NPU_UNARY_GELU:
		return v16_gelu(x);
	case NPU_UNARY_GELU_ERF:
		return v16_gelu_erf(x);
	case NPU_UNARY_SILU:
		return v16_div(x, v16_one_plus_exp_minus(x));
	case NPU_UNARY_EXP:
		return v16_exp(x);
	case NPU_UNARY_SIGMOID:
		return v16_div(one, v16_one_plus_exp_minus(x));
	case NPU_UNARY_TANH:
		return v16_tanh(x);
	case NPU_UNARY_RECIP:
		return v16_div(one, x);
	case NPU_UNARY_SQRT:
		return v16_sqrt(x);
	case NPU_UNARY_RSQRT:
		return v16_div(one, v16_sqrt(x));
	case NPU_UNARY_ABS:
		return v16_abs(x);
	case NPU_UNARY_SQUARE:
		return v16_mul(x, x);
	default:
		return x;
	}
}

/* @op is an enum npu_binary. */
V16_INLINE v16 v16_binary(unsigned int op, v16 a, v16 b)
{
	switch (op) {
	case NPU_BINARY_SUB:
		return v16_sub(a, b);
	case NPU_BINARY_MUL:
		return v16_mul(a, b);
	case NPU_BINARY_DIV:
		return v16_div(a, b);
	case NPU_BINARY_MAX:
		return v16_max(a, b);
	case NPU_BINARY_MIN:
		return v16_min(a, b);
	default:
		return v16_add(a, b);
	}
}

/* @now in the first @n lanes; what no element reaches stays as @before. */
V16_INLINE v16 v16_keep(size_t n, v16 now, v16 before)
{
	return n >= 16 ? now : v16_select(m16_first(n), now, before);
}

V16_INLINE __m256 v8_fold_step(unsigned int op, __m256 upper, __m256 lower)
{
	if (op == NPU_BINARY_MAX)
		return _mm256_max_ps(upper, lower);
	if (op == NPU_BINARY_MIN)
		return _mm256_min_ps(upper, lower);
	return _mm256_add_ps(upper, lower);
}

V16_INLINE __m128 v4_fold_step(unsigned int op, __m128 upper, __m128 lower)
{
	if (op == NPU_BINARY_MAX)
		return _mm_max_ps(upper, lower);
	if (op == NPU_BINARY_MIN)
		return _mm_min_ps(upper, lower);
	return _mm_add_ps(upper, lower);
}

/* arith_lanes_fold(): @op is ADD, MAX or MIN. */
V16_INLINE float v16_fold(unsigned int op, v16 a)
{
	__m256 eight = v8_fold_step(op, v16_high(a), v16_low(a));
	__m128 four = v4_fold_step(op, _mm256_extractf128_ps(eight, 1),
				   _mm256_castps256_ps128(eight));
	__m128 two = v4_fold_step(op, _mm_movehl_ps(four, four), four);

	return _mm_cvtss_f32(v4_fold_step(op, _mm_shuffle_ps(two, two, 1), two));
}

#endif /* NPU_CORE_KERNELS_V16_MATH_H */
