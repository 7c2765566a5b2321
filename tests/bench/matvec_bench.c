// SPDX-License-Identifier: MIT
/*
 * Matrix times vector, 4096x14336, on the device with all host processors, beside what as many
 * threads read in the same run, and beside ggml, where it is there. A job multiplies as many
 * matrices as fit into half a gigabyte, as a token takes a model's; so no cache holds what comes
 * next.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_peer.h"
#include "kernels.h"

#define K 4096u
#define N 14336u
#define GROUP 32u
#define PANELS (N / NPU_PACK_COLS)
#define LDS (K / GROUP * NPU_PACK_COLS * 2)
#define ARENA (1ull << 29)
#define BLOCKS 3
#define TURNS 7
#define ROUNDS 15

#define VA_X 0x10000000ull
#define VA_Y 0x10200000ull
#define VA_ARENA 0x40000000ull

#define SRAM_X 0
#define SRAM_Y K

enum { R_B = 8, R_S, R_Y, R_BASE_X, R_BASE_Y, R_ARENA, R_MATRIX };

/**
 * struct matvec - one kind of weights
 * @name: for people
 * @peer: what ggml calls weights of the same kind
 * @type: of weights
 * @panel: bytes of sixteen columns
 * @size: bytes of the weights of a matrix
 * @bytes: and of its scales, which lie behind them
 * @flags: of the MATMUL
 */
struct matvec {
	const char *name, *peer;
	uint8_t type;
	uint32_t panel;
	size_t size, bytes;
	uint16_t flags;
};

static const struct matvec kinds[] = {
	{ "INT8", "q8_0", NPU_TYPE_I8, K * 16, (size_t)K * N, (size_t)K * N, 0 },
	{ "INT4, a scale for 32,", "q4_0", NPU_TYPE_I4, K * 8, (size_t)K * N / 2,
	  (size_t)K * N / 2 + (size_t)PANELS * LDS, NPU_F_GROUP },
};

static uint32_t matrices(const struct matvec *v)
{
	return (uint32_t)(ARENA / v->bytes);
}

/* Each core loads x, and takes its share of the columns of each matrix. */
static uint32_t build(struct npu_insn *p, const struct matvec *v, uint32_t cores)
{
	uint32_t n = 0, panels = PANELS / cores, cols = N / cores;

	p[n++] = bench_lea(R_BASE_X, NPU_R_ZERO, VA_X, 0, 0, 0, 0);
	p[n++] = bench_lea(R_BASE_Y, NPU_R_ZERO, VA_Y, 0, 0, 0, 0);
	p[n++] = bench_lea(R_ARENA, R_BASE_Y, VA_ARENA - VA_Y, 0, 0, 0, 0);
	p[n++] = bench_lea(R_Y, R_BASE_Y, 0, BENCH_REG(NPU_R_CORE), cols * 4, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOAD, .addr[0].offset = SRAM_X,
				    .addr[1].reg = R_BASE_X, .val = { K, 1, 1 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = R_MATRIX,
				    .addr[1].reg = R_ARENA,
				    .val = { matrices(v), (uint32_t)v->bytes, 0, 5 } };
	p[n++] = bench_lea(R_B, R_MATRIX, 0, BENCH_REG(NPU_R_CORE), panels * v->panel, 0, 0);
	p[n++] = bench_lea(R_S, R_MATRIX, v->size, BENCH_REG(NPU_R_CORE), panels * LDS, 0, 0);
	p[n] = (struct npu_insn){ .opcode = NPU_OP_MATMUL, .flags = v->flags | NPU_F_STREAM,
				  .type = { NPU_TYPE_F32, NPU_TYPE_I8, v->type },
				  .mode = { NPU_LAYOUT_PACK },
				  .addr = { [NPU_MM_A].offset = SRAM_X, [NPU_MM_B].reg = R_B,
					    [NPU_MM_C].offset = SRAM_Y },
				  .val = { 1, cols, K, K, v->panel, cols * 4 } };
	if (v->flags & NPU_F_GROUP) {
		p[n].type[NPU_MM_TYPE_S] = NPU_TYPE_F16;
		p[n].addr[NPU_MM_SB].reg = R_S;
		p[n].val[NPU_MM_GROUP] = GROUP;
		p[n].val[NPU_MM_LDS] = LDS;
	}
	n++;
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_STORE, .addr[0].reg = R_Y,
				    .addr[1].offset = SRAM_Y, .val = { cols * 4, 1, 1 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_END };
	return n;
}

/* The definition's result for a few columns of the last matrix. */
static void check(const struct matvec *v, const uint8_t *x, const uint8_t *arena, const float *y)
{
	const uint8_t *matrix = arena + (matrices(v) - 1) * v->bytes;
	uint32_t first = N / 2;
	float want[64];
	struct npu_mm_args args = {
		.m = 1, .n = 64, .k = K, .group = v->flags & NPU_F_GROUP ? GROUP : K,
		.a = x, .b = matrix + first / 16 * v->panel, .c = (uint8_t *)want,
		.lda = K, .ldb = v->panel, .ldc = sizeof(want), .lds = LDS,
		.sb = matrix + v->size + first / 16 * LDS, .flags = v->flags,
		.type_c = NPU_TYPE_F32, .type_a = NPU_TYPE_I8, .type_b = v->type,
		.type_s = NPU_TYPE_F16, .layout = NPU_LAYOUT_PACK,
	};

	npu_kernels_scalar.matmul(&args);
	if (memcmp(want, y + first, sizeof(want))) {
		fprintf(stderr, "matvec: %s: the results differ\n", v->name);
		exit(1);
	}
}

/**
 * struct reader - one thread that reads its share of the arena
 * @from: first byte
 * @size: bytes
 * @cpu: where it runs
 * @sum: what it read, so that it must
 */
struct reader {
	const uint8_t *from;
	size_t size;
	uint32_t cpu;
	uint64_t sum;
};

typedef uint64_t words __attribute__((vector_size(16)));

/* One stream, which hosts read faster than several side by side. */
static void *read_all(void *arg)
{
	struct reader *r = arg;
	size_t i;
	words a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(r->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (i = 0; i < r->size; i += 64) {
		a += *(const words *)(r->from + i);
		b += *(const words *)(r->from + i + 16);
		c += *(const words *)(r->from + i + 32);
		d += *(const words *)(r->from + i + 48);
	}
	a += b + c + d;
	r->sum = a[0] ^ a[1];
	return NULL;
}

/* Seconds to read the arena by all threads. */
static double read_arena(const uint8_t *arena, uint32_t threads)
{
	struct reader r[8] = { 0 };
	pthread_t thread[8];
	double start = bench_now();
	uint32_t i;

	for (i = 0; i < threads; i++) {
		r[i] = (struct reader){ .from = arena + ARENA / threads * i,
					.size = ARENA / threads, .cpu = i };
		if (pthread_create(&thread[i], NULL, read_all, &r[i])) {
			fprintf(stderr, "matvec: no thread\n");
			exit(1);
		}
	}
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return bench_now() - start;
}

/* Noise that is finite as F16 too, whatever of it are scales. */
static void fill(uint8_t *arena)
{
	uint64_t i;

	bench_fill(arena, ARENA);
	for (i = 1; i < ARENA; i += 2)
		arena[i] &= 0xbf;
}

static void pause_threads(void)
{
	/* Threads of a library go on spinning for some time after a call. */
	const struct timespec pause = { .tv_nsec = 100000000 };

	nanosleep(&pause, NULL);
}

/* ggml's threads spin as well, so that the two take turns in blocks. */
static void measure_peer(struct bench_device *d, const struct matvec *v)
{
	const struct bench_product product = { v->peer, K, N, 1, matrices(v), d->cores };
	double device[BLOCKS * TURNS], peer[BLOCKS * TURNS], work;
	struct bench_peer ggml;
	char name[128];
	int block, i;

	if (!bench_peer_open(&ggml, &product))
		return;
	for (block = 0; block < BLOCKS; block++) {
		pause_threads();
		for (i = 0; i < TURNS; i++)
			device[block * TURNS + i] = bench_run(d);
		for (i = 0; i < TURNS; i++)
			peer[block * TURNS + i] = bench_peer_run(&ggml);
	}
	snprintf(name, sizeof(name), "ggml %s (%s)", v->peer, ggml.layout);
	work = (double)matrices(v) * K * N * 1e-9;
	bench_row((struct bench_side){ "device", work / bench_median(device, BLOCKS * TURNS) },
		  (struct bench_side){ name, work / bench_median(peer, BLOCKS * TURNS) },
		  "G weights/s", ">= 2.0", "%s %ux%u by a vector, %u threads", v->name, K, N,
		  d->cores);
	bench_peer_close(&ggml);
}

static void measure(struct bench_device *d, const struct matvec *v, const uint8_t *arena)
{
	double device[ROUNDS], reads[ROUNDS];
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		device[i] = bench_run(d);
		reads[i] = read_arena(arena, d->cores);
	}
	bench_row((struct bench_side){ "device", (double)(matrices(v) * v->bytes) * 1e-9 /
						 bench_median(device, ROUNDS) },
		  (struct bench_side){ "reads of memory", (double)ARENA * 1e-9 /
							  bench_median(reads, ROUNDS) },
		  "GB/s", ">= 0.85", "%s %ux%u by a vector, %u threads", v->name, K, N, d->cores);
}

int main(void)
{
	struct bench_device d;
	uint8_t *x, *arena;
	float *y;
	unsigned int i;

	bench_open(&d);
	x = machine_map(d.m, VA_X, NPU_HUGE_SIZE, false);
	y = machine_map(d.m, VA_Y, NPU_HUGE_SIZE, true);
	arena = machine_map(d.m, VA_ARENA, ARENA, false);
	bench_fill(x, K);
	fill(arena);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bench_program(&d, build(d.insns, &kinds[i], d.cores), SRAM_Y + N / d.cores * 4);
		bench_run(&d);
		check(&kinds[i], x, arena, y);
		measure(&d, &kinds[i], arena);
		measure_peer(&d, &kinds[i]);
	}
	bench_close(&d);
	return 0;
}
