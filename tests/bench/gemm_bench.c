// SPDX-License-Identifier: MIT
/*
 * INT8 matrix multiply 1024 x 1024 x 1024 to I32: a program on the device's core, all host
 * processors, beside oneDNN's int8 gemm with as many threads. Prints both and the ratio.
 */
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

#define DIM 1024
#define TILE_M 128
#define TILE_N 512
#define PANEL ((uint32_t)NPU_PACK_COLS * DIM)
#define SRAM_C (TILE_M * DIM)
#define ROUNDS 15

#define VA_PROGRAM 0x200000ull
#define VA_A 0x400000ull
#define VA_B 0x800000ull
#define VA_C 0xc00000ull

#define REG(n) (NPU_VAL_REG | (n))

enum { R_FIRST = 8, R_ROW, R_A, R_PANEL, R_B, R_C, R_BASE_A, R_BASE_B, R_BASE_C };
enum { T_DONE = 1, T_FREE = 2 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct npu_insn lea(uint8_t dst, uint8_t base, uint64_t imm, uint32_t a, uint32_t x,
			   uint32_t b, uint32_t y)
{
	struct npu_insn insn = { .opcode = NPU_OP_LEA, .addr[0].reg = dst, .addr[1].reg = base,
				 .val = { a, x, b, y },
				 .imm = { (uint32_t)imm, (uint32_t)(imm >> 32) } };

	return insn;
}

/* Each core takes DIM / cores rows of A in tiles, and streams all of B for each. */
static uint32_t build(struct npu_insn *p, uint32_t cores)
{
	uint32_t n = 0;

	p[n++] = lea(R_FIRST, NPU_R_ZERO, 0, REG(NPU_R_CORE), DIM / cores, 0, 0);
	p[n++] = lea(R_BASE_A, NPU_R_ZERO, VA_A, 0, 0, 0, 0);
	p[n++] = lea(R_BASE_B, NPU_R_ZERO, VA_B, 0, 0, 0, 0);
	p[n++] = lea(R_BASE_C, NPU_R_ZERO, VA_C, 0, 0, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_NOP, .signal = T_FREE };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = R_ROW,
				    .addr[1].reg = R_FIRST,
				    .val = { DIM / TILE_M / cores, TILE_M, 0, 10 } };
	p[n++] = lea(R_A, R_BASE_A, 0, REG(R_ROW), DIM, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOAD, .addr[1].reg = R_A,
				    .val = { TILE_M * DIM, 1, 1 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_DRAIN };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_LOOP, .addr[0].reg = R_PANEL,
				    .val = { DIM / TILE_N, TILE_N / NPU_PACK_COLS, 0, 4 } };
	p[n++] = lea(R_B, R_BASE_B, 0, REG(R_PANEL), PANEL, 0, 0);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_MATMUL, .flags = NPU_F_STREAM,
				    .wait = T_FREE, .signal = T_DONE,
				    .type = { NPU_TYPE_I32, NPU_TYPE_I8, NPU_TYPE_I8 },
				    .mode = { NPU_LAYOUT_PACK },
				    .addr = { [NPU_MM_B].reg = R_B, [NPU_MM_C].offset = SRAM_C },
				    .val = { TILE_M, TILE_N, DIM, DIM, PANEL, TILE_N * 4 } };
	p[n++] = lea(R_C, R_BASE_C, 0, REG(R_ROW), DIM * 4, REG(R_PANEL), NPU_PACK_COLS * 4);
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_STORE, .wait = T_DONE, .signal = T_FREE,
				    .addr[0].reg = R_C, .addr[1].offset = SRAM_C,
				    .val = { TILE_N * 4, TILE_M, 1, DIM * 4, 0, TILE_N * 4 } };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_ENDLOOP };
	p[n++] = (struct npu_insn){ .opcode = NPU_OP_END };
	return n;
}

/* The same weights, row major for oneDNN and in panels for the device. */
static void fill(int8_t *a, int8_t *b, int8_t *packed)
{
	uint32_t k, n, seed = 1;

	for (k = 0; k < DIM * DIM; k++) {
		seed = seed * 1664525 + 1013904223;
		a[k] = (int8_t)(seed >> 24);
		b[k] = (int8_t)(seed >> 16);
	}
	for (n = 0; n < DIM; n++)
		for (k = 0; k < DIM; k++)
			packed[n / 16 * PANEL + k / 4 * 64 + n % 16 * 4 + k % 4] = b[k * DIM + n];
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double gops(double *seconds)
{
	qsort(seconds, ROUNDS, sizeof(*seconds), by_value);
	return 2.0 * DIM * DIM * DIM / seconds[ROUNDS / 2] * 1e-9;
}

int main(void)
{
	uint32_t threads = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t cores = threads >= 8 ? 8 : threads >= 4 ? 4 : threads >= 2 ? 2 : 1;
	struct npu_core_config config = { .cores = cores, .threads = cores };
	struct machine *m = machine_new(&config);
	int8_t *a = machine_map(m, VA_A, DIM * DIM, false);
	int8_t *packed = machine_map(m, VA_B, DIM * DIM, false);
	int32_t *c = machine_map(m, VA_C, DIM * DIM * 4, true);
	uint8_t *where = machine_map(m, VA_PROGRAM, 4096, false);
	int8_t *b = malloc(DIM * DIM);
	int32_t *ref = malloc(DIM * DIM * 4), zero = 0;
	struct npu_program *program = (void *)where;
	uint32_t n = build((void *)(where + sizeof(*program)), cores);
	struct npu_job job = { .program = VA_PROGRAM, .cores = cores,
			       .program_size = (uint32_t)sizeof(*program) + n * NPU_INSN_SIZE };
	struct npu_completion done;
	double device[ROUNDS], peer[ROUNDS];
	int i;

	*program = (struct npu_program){ .magic = NPU_PROGRAM_MAGIC, .num_insns = n,
					 .isa_version = NPU_ISA_VERSION, .min_cores = cores,
					 .max_cores = cores,
					 .sram_size = SRAM_C + TILE_M * TILE_N * 4 };
	fill(a, b, packed);
	for (i = 0; i < ROUNDS; i++) {
		device[i] = now();
		if (!machine_run(m, &job, &done)) {
			fprintf(stderr, "gemm: the job failed with fault %u at %u\n",
				done.fault.code, done.fault.pc);
			return 1;
		}
		device[i] = now() - device[i];
		peer[i] = now();
		if (dnnl_gemm_s8s8s32('N', 'N', 'F', DIM, DIM, DIM, 1, a, DIM, 0, b, DIM, 0, 0,
				      ref, DIM, &zero) != dnnl_success) {
			fprintf(stderr, "gemm: oneDNN refused\n");
			return 1;
		}
		peer[i] = now() - peer[i];
	}
	if (memcmp(c, ref, DIM * DIM * 4)) {
		fprintf(stderr, "gemm: the results differ\n");
		return 1;
	}
	printf("INT8 GEMM 1024^3, %u threads: device %.0f GOPS, oneDNN %.0f GOPS, ratio %.2f\n",
	       threads, gops(device), gops(peer), gops(device) / gops(peer));
	machine_free(m);
	free(b);
	free(ref);
	return 0;
}
