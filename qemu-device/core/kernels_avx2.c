// SPDX-License-Identifier: MIT
/*
 * The implementation for AVX2 with FMA and F16C.
 *
 * The whole file is compiled for that instruction set, whatever the compiler's
 * options say; nothing of it may run before avx2_usable() said yes.
 */
#include "kernels_scalar.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

static bool avx2_usable(void)
{
	unsigned int eax, ebx, ecx, edx;

	/* Not all compilers know F16C by name. */
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	       __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_F16C;
}

#ifdef __clang__
#pragma clang attribute push( \
	__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif

#include "kernels_w4_avx2.h"
#include "kernels_v16_math.h"
#include "kernels_v16_vector.h"
#include "kernels_v16_matmul_float.h"
#include "kernels_v16_matmul_rows.h"

static void avx2_sum_rows(const struct npu_mm_args *args, int32_t *sums)
{
	v16_sum_rows(args, sums);
}

static void avx2_matmul(const struct npu_mm_args *args)
{
	v16_matmul(args);
}

static void avx2_vector(const struct npu_vec_args *args)
{
	v16_vector(args);
}

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

/* Another architecture: never chosen, and the same arithmetic. */
static bool avx2_usable(void)
{
	return false;
}

#define avx2_sum_rows NULL
#define avx2_matmul npu_scalar_matmul
#define avx2_vector npu_scalar_vector

#endif

const struct npu_kernels npu_kernels_avx2 = {
	.name = "avx2",
	.usable = avx2_usable,
	.sum_rows = avx2_sum_rows,
	.matmul = avx2_matmul,
	.vector = avx2_vector,
};
