// SPDX-License-Identifier: MIT
/*
 * INT8 matrix multiply to I32: a program on the device's core, all host processors, beside oneDNN's
 * int8 gemm with as many threads. Prints both and the ratio.
 *
 * The two take turns in blocks: oneDNN's threads go on spinning for some milliseconds after a
 * call, so that what runs next beside them would be slowed, and a pause before the next one would
 * slow them.
 */
#define _GNU_SOURCE
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

#define TILE_M 128
#define TILE_N 512
#define BLOCKS 3
#define ROUNDS 7	/* of a block, after one that warms up */
#define PAUSE_NS 100000000

#define VA_A 0x10000000ull
#define VA_B 0x20000000ull
#define VA_C 0x40000000ull

enum { R_FIRST = 8, R_ROW, R_A, R_PANEL, R_B, R_C, R_BASE_A, R_BASE_B, R_BASE_C };
enum { T_DONE = 1, T_FREE = 2 };

/**
 * struct gemm - C[m][n] = A[m][k] * B[k][n]
 * @m: rows, a multiple of TILE_M by cores
 * @n: columns, a multiple of TILE_N
 * @k: inner dimension
 * @panel: bytes of sixteen columns of B
 * @a: A
 * @b: B, row major
 * @c: what the device makes
 * @ref: what oneDNN makes
 */
struct gemm {
	uint32_t m, n, k, panel;
	int8_t *a, *b;
	int32_t *c, *ref;
};

/* Each core takes its rows of A in tiles, and streams all of B for each. */
static uint32_t build(struct npu_insn *p, const struct gemm *g, uint32_t cores)
{
	uint32_t n = 0, sram_c = TILE_M * g->k;

	p[n++] = bench_lea(R_FIRST, NPU_R_ZERO, 0, BENCH_REG(NPU_R_CORE), g->m / cores, 0, 0);
	p[n++] = bench_lea(R_BASE_A, NPU_R_ZERO, VA_A, 0, 0, 0, 0);
	p[n++] = bench_lea(R_BASE_B, NPU_R_ZERO, VA_B, 0, 0, 0, 0);
	p[n++] = bench_lea(R_BASE_C, NPU_R_ZERO, VA_C, 0, 0, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_NOP, .signal = T_FREE };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = R_ROW,
				    .addr[1].reg = R_FIRST,
				    .val = { g->m / TILE_M / cores, TILE_M, 0, 10 } };
	p[n++] = bench_lea(R_A, R_BASE_A, 0, BENCH_REG(R_ROW), g->k, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOAD, .addr[1].reg = R_A,
				    .val = { TILE_M * g->k, 1, 1 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = R_PANEL,
				    .val = { g->n / TILE_N, TILE_N / NPU_PACK_COLS, 0, 4 } };
	p[n++] = bench_lea(R_B, R_BASE_B, 0, BENCH_REG(R_PANEL), g->panel, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_MATMUL, .flags = NPU_F_STREAM,
				    .wait = T_FREE, .signal = T_DONE,
				    .type = { NPU_TYPE_I32, NPU_TYPE_I8, NPU_TYPE_I8 },
				    .mode = { NPU_LAYOUT_PACK },
				    .addr = { [NPU_MM_B].reg = R_B, [NPU_MM_C].offset = sram_c },
				    .val = { TILE_M, TILE_N, g->k, g->k, g->panel, TILE_N * 4 } };
	p[n++] = bench_lea(R_C, R_BASE_C, 0, BENCH_REG(R_ROW), g->n * 4, BENCH_REG(R_PANEL),
			   NPU_PACK_COLS * 4);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_STORE, .wait = T_DONE, .signal = T_FREE,
				    .addr[0].reg = R_C, .addr[1].offset = sram_c,
				    .val = { TILE_N * 4, TILE_M, 1, g->n * 4, 0, TILE_N * 4 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_END };
	return n;
}

/* The same weights, row major for oneDNN and in panels for the device. */
static void fill(struct gemm *g, uint8_t *packed)
{
	uint32_t k, n;

	bench_fill(g->a, (size_t)g->m * g->k);
	bench_fill(g->b, (size_t)g->k * g->n);
	for (n = 0; n < g->n; n++)
		for (k = 0; k < g->k; k++)
			packed[(size_t)n / 16 * g->panel + k / 4 * 64 + n % 16 * 4 + k % 4] =
				(uint8_t)g->b[(size_t)k * g->n + n];
}

static void *whole_pages(struct machine *m, uint64_t va, size_t size, bool writable)
{
	return machine_map(m, va, (size + NPU_HUGE_SIZE - 1) / NPU_HUGE_SIZE * NPU_HUGE_SIZE,
			   writable);
}

/* Memory on huge pages, as the device's is. */
static void *huge_pages(size_t size)
{
	void *p = aligned_alloc(NPU_HUGE_SIZE,
				(size + NPU_HUGE_SIZE - 1) / NPU_HUGE_SIZE * NPU_HUGE_SIZE);

	if (!p) {
		fprintf(stderr, "gemm: no memory\n");
		exit(1);
	}
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static double run_peer(const struct gemm *g)
{
	int32_t zero = 0;
	double start = bench_now();

	if (dnnl_gemm_s8s8s32('N', 'N', 'F', g->m, g->n, g->k, 1, g->a, g->k, 0, g->b, g->n, 0, 0,
			      g->ref, g->n, &zero) != dnnl_success) {
		fprintf(stderr, "gemm: oneDNN refused\n");
		exit(1);
	}
	return bench_now() - start;
}

static void measure(struct bench_device *d, const struct gemm *g, double *device, double *peer)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int block, i;

	for (block = 0; block < BLOCKS; block++) {
		bench_run(d);
		for (i = 0; i < ROUNDS; i++)
			*device++ = bench_run(d);
		run_peer(g);
		for (i = 0; i < ROUNDS; i++)
			*peer++ = run_peer(g);
		nanosleep(&pause, NULL);
	}
}

static void compare(uint32_t m, uint32_t n, uint32_t k)
{
	const int samples = BLOCKS * ROUNDS;
	double device[BLOCKS * ROUNDS], peer[BLOCKS * ROUNDS], work = 2e-9 * m * n * k;
	struct gemm g = { .m = m, .n = n, .k = k, .panel = NPU_PACK_COLS * k };
	struct bench_device d;
	uint8_t *packed;

	bench_open(&d);
	g.a = whole_pages(d.m, VA_A, (size_t)m * k, false);
	packed = whole_pages(d.m, VA_B, (size_t)n * k, false);
	g.c = whole_pages(d.m, VA_C, (size_t)m * n * 4, true);
	g.b = huge_pages((size_t)n * k);
	g.ref = huge_pages((size_t)m * n * 4);
	fill(&g, packed);
	bench_program(&d, build(d.insns, &g, d.cores), TILE_M * k + TILE_M * TILE_N * 4);
	measure(&d, &g, device, peer);
	if (memcmp(g.c, g.ref, (size_t)m * n * 4)) {
		fprintf(stderr, "gemm: the results differ\n");
		exit(1);
	}
	bench_row((struct bench_side){ "device", work / bench_median(device, samples) },
		  (struct bench_side){ "oneDNN", work / bench_median(peer, samples) },
		  "GOPS", ">= 1.0", "INT8 GEMM %ux%ux%u, %u threads", m, k, n, d.cores);
	bench_close(&d);
	free(g.b);
	free(g.ref);
}

int main(void)
{
	compare(1024, 1024, 1024);
	compare(512, 14336, 4096);
	return 0;
}
