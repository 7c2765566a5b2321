// SPDX-License-Identifier: MIT
/*
 * In the guest: an empty job from submit to fence, beside a direct 4 KiB read from a
 * virtio-blk disk. Median and 99th percentile. Then the same in a queue of high
 * priority, and by npu_async.
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
	struct npu_queue *queue, *high;
	struct npu_async *async;
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
	const struct npu_queue_options high = { .priority = NPU_QUEUE_HIGH };
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
	if (!ret)
		ret = npu_queue_create(e->vm, &high, &e->high, err);
	if (!ret)
		ret = npu_async_create(e->device, NULL, &e->async, err);
	if (ret)
		return ret;
	memcpy(npu_buffer_data(e->buffer), &program, sizeof(program));
	memcpy((char *)npu_buffer_data(e->buffer) + sizeof(program), &end, sizeof(end));
	e->job.program_size = sizeof(program) + sizeof(end);
	e->job.cores = 1;
	return 0;
}

static int run_jobs(struct empty_job *e, struct npu_queue *queue, double *us,
		    struct npu_error *err)
{
	int i, ret;

	for (i = -WARM_UP; i < ROUNDS; i++) {
		struct npu_fence *fence;
		double start = now_us();

		ret = npu_queue_submit(queue, &e->job, 1, &fence, err);
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

static int run_async(struct empty_job *e, double *us, struct npu_error *err)
{
	int i, ret;

	for (i = -WARM_UP; i < ROUNDS; i++) {
		struct npu_async_done done;
		double start = now_us();

		ret = npu_async_submit(e->async, e->queue, &e->job, 1, 0, err);
		if (!ret)
			ret = npu_async_wait(e->async, &done, 1, -1, err);
		if (ret != 1 || done.result)
			return -1;
		npu_fence_destroy(done.fence);
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

static void compare(const char *how, const double *job, const double *read, int percent,
		    const char *bar)
{
	const char *which = percent == 50 ? "median" : "99th percentile";
	int at = ROUNDS * percent / 100;

	bench_row((struct bench_side){ "empty job", job[at] },
		  (struct bench_side){ "virtio-blk 4 KiB read", read[at] }, "us", bar,
		  "in the guest, from submit to fence, %s%s", how, which);
}

int main(int argc, char **argv)
{
	static double job[ROUNDS], high[ROUNDS], async[ROUNDS], read[ROUNDS];
	struct empty_job e = { 0 };
	struct npu_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DISK (a virtio-blk disk, such as /dev/vda)\n", argv[0]);
		return 2;
	}
	if (open_job(&e, &err) || run_jobs(&e, e.queue, job, &err) ||
	    run_jobs(&e, e.high, high, &err) || run_async(&e, async, &err)) {
		fprintf(stderr, "submit_bench: %s\n", err.message);
		return 1;
	}
	if (run_reads(argv[1], read))
		return 1;
	qsort(job, ROUNDS, sizeof(*job), by_value);
	qsort(high, ROUNDS, sizeof(*high), by_value);
	qsort(async, ROUNDS, sizeof(*async), by_value);
	qsort(read, ROUNDS, sizeof(*read), by_value);
	compare("", job, read, 50, "<= 1.5");
	compare("", job, read, 99, "-");
	compare("high priority, ", high, read, 50, "-");
	compare("by npu_async, ", async, read, 50, "-");
	npu_async_destroy(e.async);
	npu_queue_destroy(e.high);
	npu_queue_destroy(e.queue);
	npu_buffer_destroy(e.buffer);
	npu_vm_destroy(e.vm);
	npu_device_close(e.device);
	return 0;
}
