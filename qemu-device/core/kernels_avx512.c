// SPDX-License-Identifier: MIT
/*
 * The implementation for AVX-512 F, BW, VL and VNNI.
 *
 * The whole file is compiled for that instruction set, whatever the compiler's
 * options say; nothing of it may run before avx512_usable() said yes.
 */
#include "kernels_scalar.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

static bool avx512_usable(void)
{
	unsigned int eax, ebx, ecx, edx;

	/* Not all compilers know F16C by name. */
	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_F16C) ||
	    !(ecx & bit_FMA))
		return false;
	return __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512vnni");
}

#ifdef __clang__
#pragma clang attribute push( \
	__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c"))), \
	apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512vnni,fma,f16c")
#endif

#include "kernels_w4_avx512.h"
#include "kernels_v16_math.h"
#include "kernels_v16_vector.h"
#include "kernels_v16_matmul_float.h"
#include "kernels_v16_matmul_rows.h"

static void avx512_sum_rows(const struct npu_mm_args *args, int32_t *sums)
{
	v16_sum_rows(args, sums);
}

static void avx512_matmul(const struct npu_mm_args *args)
{
	v16_matmul(args);
}

static void avx512_vector(const struct npu_vec_args *args)
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
static bool avx512_usable(void)
{
	return false;
}

#define avx512_sum_rows NULL
#define avx512_matmul npu_scalar_matmul
#define avx512_vector npu_scalar_vector

#endif

const struct npu_kernels npu_kernels_avx512 = {
	.name = "avx512",
	.usable = avx512_usable,
	.sum_rows = avx512_sum_rows,
	.matmul = avx512_matmul,
	.vector = avx512_vector,
};
