// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define VA_PROGRAM 0x200000ull

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

double bench_median(double *seconds, unsigned int n)
{
	qsort(seconds, n, sizeof(*seconds), by_value);
	return seconds[n / 2];
}

void bench_open(struct bench_device *d)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);
	struct npu_core_config config = { 0 };
	struct npu_program *program;

	d->cores = threads >= 8 ? 8 : threads >= 4 ? 4 : threads >= 2 ? 2 : 1;
	config.cores = d->cores;
	config.threads = d->cores;
	d->m = machine_new(&config);
	program = machine_map(d->m, VA_PROGRAM, NPU_PAGE_SIZE, false);
	d->insns = (struct npu_insn *)(program + 1);
	d->job = (struct npu_job){ .program = VA_PROGRAM, .cores = d->cores };
}

void bench_close(struct bench_device *d)
{
	machine_free(d->m);
}

void bench_program(struct bench_device *d, uint32_t num_insns, uint32_t sram_size)
{
	struct npu_program *program = (struct npu_program *)d->insns - 1;

	*program = (struct npu_program){ .magic = NPU_PROGRAM_MAGIC, .num_insns = num_insns,
					 .isa_version = NPU_ISA_VERSION, .min_cores = d->cores,
					 .max_cores = d->cores, .sram_size = sram_size,
					 .num_args = d->job.num_args };
	d->job.program_size = (uint32_t)sizeof(*program) + num_insns * NPU_INSN_SIZE;
}

double bench_run(struct bench_device *d)
{
	struct npu_completion done;
	double start = bench_now();

	if (!machine_run(d->m, &d->job, &done)) {
		fprintf(stderr, "bench: the job failed with fault %u at instruction %u, address %#llx\n",
			done.fault.code, done.fault.pc, (unsigned long long)done.fault.address);
		exit(1);
	}
	return bench_now() - start;
}

struct npu_insn bench_lea(uint8_t dst, uint8_t base, uint64_t imm, uint32_t a, uint32_t x,
			  uint32_t b, uint32_t y)
{
	struct npu_insn insn = { .opcode = NPU_OP_LEA, .addr[0].reg = dst, .addr[1].reg = base,
				 .val = { a, x, b, y },
				 .imm = { (uint32_t)imm, (uint32_t)(imm >> 32) } };

	return insn;
}

void bench_row(struct bench_side ours, struct bench_side peer, const char *unit, const char *bar,
	       const char *work, ...)
{
	va_list args;

	va_start(args, work);
	vprintf(work, args);
	va_end(args);
	printf(" | %s %.4g %s | %s %.4g %s | %.2f | %s\n", ours.name, ours.value, unit, peer.name,
	       peer.value, unit, ours.value / peer.value, bar);
	fflush(stdout);
}

void bench_fill(void *to, size_t bytes)
{
	uint8_t *p = to;
	uint32_t seed = 1;
	size_t i;

	for (i = 0; i < bytes; i++) {
		seed = seed * 1664525 + 1013904223;
		p[i] = (uint8_t)(seed >> 24);
	}
}
