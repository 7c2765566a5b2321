// SPDX-License-Identifier: MIT
/*
 * In the guest: empty jobs of one core from sixteen contexts, beside as many from
 * one: who shares the device loses nothing. Median of rounds that take turns.
 */
#include <stdio.h>
#include <string.h>

#include <npu/npu.h>

#include "bench.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

#define CONTEXTS 16
#define JOBS 640
#define ROUNDS 9

struct sharers {
	struct npu_device *device;
	struct npu_vm *vm;
	struct npu_buffer *buffer;
	struct npu_queue *queues[CONTEXTS];
	struct npu_queue_job job;
};

static int open_queues(struct sharers *s, struct npu_error *err)
{
	struct npu_program program = { .magic = NPU_PROGRAM_MAGIC, .num_insns = 1,
				       .isa_version = NPU_ISA_VERSION, .min_cores = 1 };
	struct npu_insn end = { .opcode = NPU_OP_END };
	int ret;

	ret = npu_device_open(NULL, &s->device, err);
	if (!ret)
		ret = npu_vm_create(s->device, &s->vm, err);
	if (!ret)
		ret = npu_buffer_create(s->device, s->vm, 4096, &s->buffer, err);
	if (!ret)
		ret = npu_vm_map(s->vm, s->buffer, NPU_VM_READONLY, &s->job.program, err);
	for (unsigned int i = 0; i < CONTEXTS && !ret; i++)
		ret = npu_queue_create(s->vm, NULL, &s->queues[i], err);
	if (ret)
		return ret;
	memcpy(npu_buffer_data(s->buffer), &program, sizeof(program));
	memcpy((char *)npu_buffer_data(s->buffer) + sizeof(program), &end, sizeof(end));
	s->job.program_size = sizeof(program) + sizeof(end);
	s->job.cores = 1;
	return 0;
}

static void close_queues(struct sharers *s)
{
	for (unsigned int i = 0; i < CONTEXTS; i++)
		npu_queue_destroy(s->queues[i]);
	npu_buffer_destroy(s->buffer);
	npu_vm_destroy(s->vm);
	npu_device_close(s->device);
}

/* Jobs by turns over the first @contexts queues; the last of each has a fence. */
static int run_jobs(struct sharers *s, unsigned int contexts, double *seconds,
		    struct npu_error *err)
{
	struct npu_fence *fences[CONTEXTS] = { NULL };
	double start = bench_now();
	int ret = 0;

	for (unsigned int i = 0; i < JOBS && !ret; i++) {
		unsigned int q = i % contexts;

		ret = npu_queue_submit(s->queues[q], &s->job, 1,
				       i + contexts < JOBS ? NULL : &fences[q], err);
	}
	for (unsigned int q = 0; q < contexts; q++) {
		if (!ret && fences[q])
			ret = npu_fence_wait(fences[q], -1, err);
		npu_fence_destroy(fences[q]);
	}
	*seconds = bench_now() - start;
	return ret;
}

int main(void)
{
	double one[ROUNDS], many[ROUNDS];
	struct sharers s = { 0 };
	struct npu_error err;
	int ret = open_queues(&s, &err);

	for (unsigned int i = 0; i < ROUNDS && !ret; i++) {
		ret = run_jobs(&s, 1, &one[i], &err);
		if (!ret)
			ret = run_jobs(&s, CONTEXTS, &many[i], &err);
	}
	if (ret) {
		fprintf(stderr, "contexts_bench: %s\n", err.message);
		return 1;
	}
	bench_row((struct bench_side){ "16 contexts", JOBS / bench_median(many, ROUNDS) },
		  (struct bench_side){ "one context", JOBS / bench_median(one, ROUNDS) },
		  "jobs/s", ">= 1.0", "in the guest, empty jobs of one core");
	close_queues(&s);
	return 0;
}
