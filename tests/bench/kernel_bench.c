// SPDX-License-Identifier: MIT
/*
 * Speed of the arithmetic kernels on one thread of this host.
 *
 *	kernel_bench [kernels]
 *
 * Prints a line for each case: operations or bytes a second, best of some
 * runs, in processor time. These are host figures; the device's own time is
 * modelled.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "arith_convert.h"
#include "kernels.h"

#define RUNS	15
#define HUGE_SIZE	(2u << 20)

/**
 * struct bench - a MATMUL to time
 * @name: what it stands for
 * @type_a: type of A
 * @type_b: type of B
 * @layout: layout of B
 * @m: rows
 * @n: columns
 * @k: inner dimension
 * @group: k in a group, zero without
 */
struct bench {
	const char *name;
	uint8_t type_a, type_b, layout;
	uint32_t m, n, k, group;
};

static const struct bench benches[] = {
	{ "int8 gemm PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  1024, 1024, 1024, 0 },
	{ "int8 one panel PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  1024, 16, 1024, 0 },
	{ "int8 gemm NK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_NK,
	  1024, 1024, 1024, 0 },
	{ "int8 gemm KN", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_KN,
	  1024, 1024, 1024, 0 },
	{ "int8 prefill PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  32, 14336, 4096, 0 },
	{ "int8 decode PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  1, 14336, 4096, 0 },
	{ "int8 small decode PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  1, 1024, 1024, 0 },
	{ "int8 by 64 gemm PACK", NPU_TYPE_I8, NPU_TYPE_I8, NPU_LAYOUT_PACK,
	  512, 1024, 1024, 64 },
	{ "int4 by 32 gemm PACK", NPU_TYPE_I8, NPU_TYPE_I4, NPU_LAYOUT_PACK,
	  512, 1024, 1024, 32 },
	{ "int4 by 32 decode PACK", NPU_TYPE_I8, NPU_TYPE_I4, NPU_LAYOUT_PACK,
	  1, 14336, 4096, 32 },
	{ "int4 small decode PACK", NPU_TYPE_I8, NPU_TYPE_I4, NPU_LAYOUT_PACK,
	  1, 1024, 1024, 32 },
	{ "f16 gemm PACK", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_PACK,
	  512, 1024, 1024, 0 },
	{ "bf16 gemm PACK", NPU_TYPE_BF16, NPU_TYPE_BF16, NPU_LAYOUT_PACK,
	  512, 1024, 1024, 0 },
	{ "f16 decode PACK", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_PACK,
	  1, 4096, 4096, 0 },
	{ "f16 scores NK", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_NK,
	  64, 64, 128, 0 },
	{ "f16 scores NK, one row", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_NK,
	  1, 512, 128, 0 },
	{ "f16 values KN", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_KN,
	  64, 128, 64, 0 },
	{ "f16 values KN, one row", NPU_TYPE_F16, NPU_TYPE_F16, NPU_LAYOUT_KN,
	  1, 128, 512, 0 },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* @bytes of small numbers, as bytes and as 16-bit floats; on huge pages, as a guest's. */
static uint8_t *make(size_t bytes)
{
	size_t align = bytes < HUGE_SIZE ? 64 : HUGE_SIZE;
	uint8_t *p = aligned_alloc(align, (bytes + align - 1) / align * align);

	if (!p) {
		fprintf(stderr, "kernel_bench: no memory for %zu bytes\n", bytes);
		exit(1);
	}
	if (align == HUGE_SIZE)
		madvise(p, bytes, MADV_HUGEPAGE);
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(i * 2654435761u >> 27);
	return p;
}

static size_t weight_bytes(const struct bench *b)
{
	size_t k = b->k, panels = (b->n + 15) / 16;

	if (b->type_b == NPU_TYPE_I4)
		return panels * (k + 7) / 8 * 64;
	return panels * 16 * k * arith_size(b->type_b);
}

/* Strides and operands of @b; weights are dense in every layout. */
static void set_up(const struct bench *b, struct npu_mm_args *args)
{
	size_t bytes = weight_bytes(b);
	size_t groups = b->group ? (b->k + b->group - 1) / b->group : 0;

	args->m = b->m;
	args->n = b->n;
	args->k = b->k;
	args->group = b->group;
	args->flags = b->group ? NPU_F_GROUP : NPU_F_SB;
	args->type_a = b->type_a;
	args->type_b = b->type_b;
	args->type_c = NPU_TYPE_F32;
	args->type_s = NPU_TYPE_F32;
	args->layout = b->layout;
	args->lda = b->k * arith_size(b->type_a);
	args->ldc = b->n * 4;
	args->lds = groups * 64;
	if (b->layout == NPU_LAYOUT_PACK)
		args->ldb = bytes / ((b->n + 15) / 16);
	else
		args->ldb = (b->layout == NPU_LAYOUT_NK ? b->k : b->n) *
			    arith_size(b->type_b);
	args->a = make(b->m * args->lda);
	args->b = make(bytes);
	args->sb = make(b->n * 4 + (b->n + 15) / 16 * args->lds);
	args->c = make(b->m * args->ldc);
}

static double best_of(const struct npu_kernels *kernels,
		      const struct npu_mm_args *args)
{
	size_t work = (size_t)args->m * args->n * args->k;
	size_t repeat = 1 + (50u << 20) / work;
	double best = 1e9;

	for (int i = 0; i < RUNS; i++) {
		double start = now(), took;

		for (size_t j = 0; j < repeat; j++)
			kernels->matmul(args);
		took = (now() - start) / (double)repeat;
		if (took < best)
			best = took;
	}
	return best;
}

int main(int argc, char **argv)
{
	const struct npu_kernels *kernels = npu_kernels_pick(argc > 1 ? argv[1] :
								  NULL);

	if (!kernels) {
		fprintf(stderr, "kernel_bench: no kernels \"%s\" for this host: scalar, avx2 or avx512\n",
			argv[1]);
		return 2;
	}
	printf("%-24s %5s %5s %5s %10s %10s %8s\n", kernels->name, "M", "N", "K",
	       "us", "Gop/s", "GB/s");
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		const struct bench *b = &benches[i];
		struct npu_mm_args args = { 0 };
		double took;

		set_up(b, &args);
		took = best_of(kernels, &args);
		printf("%-24s %5u %5u %5u %10.1f %10.1f %8.1f\n", b->name, b->m,
		       b->n, b->k, took * 1e6,
		       2e-9 * b->m * b->n * b->k / took,
		       1e-9 * (double)weight_bytes(b) / took);
		free((void *)args.a);
		free((void *)args.b);
		free((void *)args.sb);
		free(args.c);
	}
	return 0;
}
