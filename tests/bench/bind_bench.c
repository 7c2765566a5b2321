// SPDX-License-Identifier: MIT
/*
 * In the guest, which needs 3 GiB of memory: what it takes to bind 1 GiB whose pages
 * are there, beside what it took to touch them first. Once with the pages that the
 * kernel gives by itself, once with small ones, for a machine that has no others.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <npu/npu.h>

#include "bench.h"

#define SIZE		(1ull << 30)
#define PAGE		4096
#define ROUNDS		3
#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

struct bind_times {
	double touch[ROUNDS];
	double bind[ROUNDS];
	double unbind[ROUNDS];
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

/* The driver may take the pages as early as for the mapping, so making it counts. */
static int run_once(struct npu_device *device, struct npu_vm *vm, double *touch, double *bind,
		    double *unbind, struct npu_error *err)
{
	double start = now_ms(), touched, bound;
	struct npu_buffer *buffer;
	volatile char *data;
	uint64_t at, va;
	int ret;

	ret = npu_buffer_create(device, vm, SIZE, &buffer, err);
	if (ret)
		return ret;
	data = npu_buffer_data(buffer);
	for (at = 0; at < SIZE; at += PAGE)
		data[at] = 1;
	touched = now_ms();
	ret = npu_vm_map(vm, buffer, 0, &va, err);
	bound = now_ms();
	if (!ret)
		ret = npu_vm_unmap(vm, va, SIZE, err);
	*unbind = now_ms() - bound;
	*bind = bound - touched;
	*touch = touched - start;
	npu_buffer_destroy(buffer);
	return ret;
}

static int run(const char *pages, struct npu_error *err)
{
	struct bind_times t = { 0 };
	struct npu_device *device;
	struct npu_vm *vm;
	double touch, bind;
	int i, ret;

	ret = npu_device_open(NULL, &device, err);
	if (ret)
		return ret;
	ret = npu_vm_create(device, &vm, err);
	for (i = 0; i < ROUNDS && !ret; i++)
		ret = run_once(device, vm, &t.touch[i], &t.bind[i], &t.unbind[i], err);
	if (ret)
		return ret;
	npu_vm_destroy(vm);
	npu_device_close(device);
	touch = median(t.touch);
	bind = median(t.bind);
	printf("unbind of 1 GiB, %s: %.1f ms\n", pages, median(t.unbind));
	bench_row((struct bench_side){ "bind", bind },
		  (struct bench_side){ "first touch of its pages", touch }, "ms", "<= 0.1",
		  "in the guest, 1 GiB, %s", pages);
	return 0;
}

/* Return: 0, or -1 if the kernel does not let it be set. */
static int write_setting(const char *value)
{
	int fd = open(SHMEM_ENABLED, O_WRONLY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(value);
	int ret;

	if (fd < 0)
		return -1;
	ret = write(fd, value, (size_t)len) == len ? 0 : -1;
	close(fd);
	return ret;
}

int main(void)
{
	struct npu_error err;
	int ret;

	ret = run("pages as the kernel gives them", &err);
	if (!ret && !write_setting("deny")) {
		ret = run("small pages", &err);
		write_setting("never");
	}
	if (ret)
		fprintf(stderr, "bind_bench: %s\n", err.message);
	return ret ? 1 : 0;
}
