/* SPDX-License-Identifier: MIT */
/*
 * What benches on the host share: the clock, the median, the table, and a
 * device with all processors.
 */
#ifndef NPU_TESTS_BENCH_H
#define NPU_TESTS_BENCH_H

#include "machine.h"

#define BENCH_REG(n) (NPU_VAL_REG | (n))

/**
 * struct bench_device - a device in this process and one job
 * @m: the machine around it
 * @job: runs the program; arguments may be set between runs
 * @cores: its cores, a power of two, with a thread each
 * @insns: room for the program's instructions, BENCH_INSNS
 */
struct bench_device {
	struct machine *m;
	struct npu_job job;
	uint32_t cores;
	struct npu_insn *insns;
};

#define BENCH_INSNS 30

/** bench_now() - seconds of the monotonic clock */
double bench_now(void);

/** bench_median() - the median of @n seconds, which it puts into order */
double bench_median(double *seconds, unsigned int n);

/** bench_open() - a device with as many cores as the host has processors, 8 at most */
void bench_open(struct bench_device *d);

/** bench_close() - free it */
void bench_close(struct bench_device *d);

/**
 * bench_program() - complete the program
 * @d: whose insns are filled in, and whose job says how many arguments there are
 * @num_insns: how many of them
 * @sram_size: bytes of SRAM that it uses
 */
void bench_program(struct bench_device *d, uint32_t num_insns, uint32_t sram_size);

/** bench_run() - seconds that the job takes; ends the program if it fails */
double bench_run(struct bench_device *d);

/** bench_lea() - R[dst] = R[base] + imm + a * x + b * y */
struct npu_insn bench_lea(uint8_t dst, uint8_t base, uint64_t imm, uint32_t a, uint32_t x,
			  uint32_t b, uint32_t y);

/**
 * struct bench_side - one side of a comparison
 * @name: what ran
 * @value: how much of the unit; more is better
 */
struct bench_side {
	const char *name;
	double value;
};

/**
 * bench_row() - print a row of the table that tests/bench/run makes
 * @ours: the device
 * @peer: what it is compared with
 * @unit: of both
 * @bar: what the ratio should be, such as ">= 2.0"; or "-"
 * @work: what was done; a format
 */
void bench_row(struct bench_side ours, struct bench_side peer, const char *unit, const char *bar,
	       const char *work, ...) __attribute__((format(printf, 5, 6)));

/** bench_fill() - @bytes of noise, the same in each run */
void bench_fill(void *to, size_t bytes);

#endif /* NPU_TESTS_BENCH_H */
