// SPDX-License-Identifier: MIT
/*
 * In the guest: an empty job from submit to fence, beside a direct 4 KiB read from a
 * virtio-blk disk. Median and 99th percentile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <npu/npu.h>

#include "bench.h"
#include "hw/npu_isa.h"
#include "hw/npu_regs.h"

#define ROUNDS 2000
#define WARM_UP 100
#define BLOCK 4096

struct empty_job {
	struct npu_device *device;
	struct npu_vm *vm;
	struct npu_buffer *buffer;
	struct npu_queue *queue;
	struct npu_queue_job job;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static int open_job(struct empty_job *e, struct npu_error *err)
{
	struct npu_program program = { .magic = NPU_PROGRAM_MAGIC, .num_insns = 1,
				       .isa_version = NPU_ISA_VERSION, .min_cores = 1 };
	struct npu_insn end = { .opcode = NPU_OP_END };
	int ret;

	ret = npu_device_open(NULL, &e->device, err);
	if (!ret)
		ret = npu_vm_create(e->device, &e->vm, err);
	if (!ret)
		ret = npu_buffer_create(e->device, e->vm, 4096, &e->buffer, err);
	if (!ret)
		ret = npu_vm_map(e->vm, e->buffer, NPU_VM_READONLY, &e->job.program, err);
	if (!ret)
		ret = npu_queue_create(e->vm, NULL, &e->queue, err);
	if (ret)
		return ret;
	memcpy(npu_buffer_data(e->buffer), &program, sizeof(program));
	memcpy((char *)npu_buffer_data(e->buffer) + sizeof(program), &end, sizeof(end));
	e->job.program_size = sizeof(program) + sizeof(end);
	e->job.cores = 1;
	return 0;
}

static int run_jobs(struct empty_job *e, double *us, struct npu_error *err)
{
	int i, ret;

	for (i = -WARM_UP; i < ROUNDS; i++) {
		struct npu_fence *fence;
		double start = now_us();

		ret = npu_queue_submit(e->queue, &e->job, 1, &fence, err);
		if (!ret) {
			ret = npu_fence_wait(fence, -1, err);
			npu_fence_destroy(fence);
		}
		if (ret)
			return ret;
		if (i >= 0)
			us[i] = now_us() - start;
	}
	return 0;
}

/* Reads spread over the disk; O_DIRECT keeps the guest's page cache out of it. */
static int run_reads(const char *disk, double *us)
{
	int fd = open(disk, O_RDONLY | O_DIRECT | O_CLOEXEC), i, ret = 0;
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	void *block;

	if (size < BLOCK || posix_memalign(&block, BLOCK, BLOCK)) {
		fprintf(stderr, "submit_bench: cannot read %s: %s\n", disk, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (i = -WARM_UP; i < ROUNDS && !ret; i++) {
		double start = now_us();

		if (pread(fd, block, BLOCK, (i + WARM_UP) % (size / BLOCK) * BLOCK) != BLOCK)
			ret = -1;
		if (i >= 0)
			us[i] = now_us() - start;
	}
	free(block);
	close(fd);
	return ret;
}

static void compare(const char *which, double job, double read, const char *bar)
{
	bench_row((struct bench_side){ "empty job", job },
		  (struct bench_side){ "virtio-blk 4 KiB read", read }, "us", bar,
		  "in the guest, from submit to fence, %s", which);
}

int main(int argc, char **argv)
{
	static double job[ROUNDS], read[ROUNDS];
	struct empty_job e = { 0 };
	struct npu_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DISK (a virtio-blk disk, such as /dev/vda)\n", argv[0]);
		return 2;
	}
	if (open_job(&e, &err) || run_jobs(&e, job, &err)) {
		fprintf(stderr, "submit_bench: %s\n", err.message);
		return 1;
	}
	if (run_reads(argv[1], read))
		return 1;
	qsort(job, ROUNDS, sizeof(*job), by_value);
	qsort(read, ROUNDS, sizeof(*read), by_value);
	compare("median", job[ROUNDS / 2], read[ROUNDS / 2], "<= 1.5");
	compare("99th percentile", job[ROUNDS * 99 / 100], read[ROUNDS * 99 / 100], "-");
	npu_queue_destroy(e.queue);
	npu_buffer_destroy(e.buffer);
	npu_vm_destroy(e.vm);
	npu_device_close(e.device);
	return 0;
}
