// SPDX-License-Identifier: MIT
/* Checks of what ends a job: the interrupt, the time limit, a reset. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"
#include "units.h"
#include "validate_rig.h"

#define LATENCIES	16
#define TIMEOUT_MS	200
/* Without interrupts the driver looks at a queue twice a second. */
#define TOO_LATE_NS	200000000ull

static enum validate_result broken(struct validate *v)
{
	return validate_say(v, VALIDATE_FAILED, "%s; see the kernel's log ('dmesg')",
			    v->err.message);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Rounds of 2^20 instructions; none is the shortest job. */
static int build_spin(struct validate *v, struct rig *rig, struct npu_queue_job *job)
{
	struct npu_builder *b = rig_begin(v, 1);

	if (!b)
		return v->err.code;
	npu_build_loop(b, 8, NPU_R_ZERO, npu_reg(NPU_R_ARG(0)), npu_imm(1));
	npu_build_loop(b, 9, NPU_R_ZERO, npu_imm(1 << 20), npu_imm(1));
	npu_build_nop(b, NPU_ENGINE_CP, npu_order(0, 0));
	npu_build_endloop(b);
	npu_build_endloop(b);
	job->num_args = 1;
	job->cores = 1;
	return rig_end(v, rig, b, job);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Until the driver knows of the end: a fence may be satisfied with the record in memory. */
static int run_to_interrupt(struct validate *v, struct rig *rig, const struct npu_queue_job *job)
{
	int ret = rig_run(v, rig, job, NULL);

	return ret ? ret : npu_buffer_wait(rig->buffer, RIG_PATIENCE, &v->err);
}

static enum validate_result measure(struct validate *v, struct rig *rig)
{
	char shortest[UNITS_LEN], median[UNITS_LEN], longest[UNITS_LEN];
	uint64_t rounds = 0, ns[LATENCIES];
	struct npu_queue_job job = { .args = &rounds };

	if (build_spin(v, rig, &job) || run_to_interrupt(v, rig, &job))
		return broken(v);
	for (int i = 0; i < LATENCIES; i++) {
		uint64_t start = now_ns();

		if (run_to_interrupt(v, rig, &job))
			return broken(v);
		ns[i] = now_ns() - start;
	}
	qsort(ns, LATENCIES, sizeof(*ns), by_size);
	units_seconds((double)ns[0] / 1e9, shortest);
	units_seconds((double)ns[LATENCIES / 2] / 1e9, median);
	units_seconds((double)ns[LATENCIES - 1] / 1e9, longest);
	if (ns[0] > TOO_LATE_NS)
		return validate_say(v, VALIDATE_FAILED,
				    "the shortest job takes at least %s from submit to fence: interrupts do not arrive ('grep npu /proc/interrupts' should grow; does the machine have MSI-X?), or the CPUs are overloaded",
				    shortest);
	return validate_say(v, VALIDATE_OK, "submit to fence: %s, at best %s, at worst %s", median,
			    shortest, longest);
}

enum validate_result validate_interrupt(struct validate *v)
{
	enum validate_result result;
	struct rig rig;

	/* The longer the time limit, the later the driver looks by itself. */
	if (rig_open(v, &rig, 4096, npu_device_info(v->device)->timeout_max_ms))
		result = broken(v);
	else
		result = measure(v, &rig);
	rig_close(&rig);
	return result;
}

static enum validate_result hang(struct validate *v, struct rig *rig, struct rig *other)
{
	uint64_t forever = INT32_MAX, once = 0;
	struct npu_queue_job hung = { .args = &forever }, innocent = { .args = &once };
	uint64_t start;
	char time[UNITS_LEN];
	int ret;

	if (build_spin(v, rig, &hung) || build_spin(v, other, &innocent))
		return broken(v);
	start = now_ns();
	ret = rig_run(v, rig, &hung, NULL);
	units_seconds((double)(now_ns() - start) / 1e9, time);
	if (ret != -ETIMEDOUT)
		return validate_say(v, VALIDATE_FAILED,
				    "a job without end was not stopped after %u ms (%s); see the kernel's log ('dmesg')",
				    TIMEOUT_MS, ret ? v->err.message : "it ended well");
	if (rig_run(v, rig, &hung, NULL) != -EBADFD)
		return validate_say(v, VALIDATE_FAILED,
				    "the queue of a job without end still takes jobs");
	if (rig_run(v, other, &innocent, NULL))
		return broken(v);
	return validate_say(v, VALIDATE_OK,
			    "a job without end, limited to %u ms, was stopped after %s; other jobs go on",
			    TIMEOUT_MS, time);
}

enum validate_result validate_timeout(struct validate *v)
{
	enum validate_result result;
	struct rig rig, other = { 0 };

	if (rig_open(v, &rig, 4096, TIMEOUT_MS) || rig_open(v, &other, 4096, 0))
		result = broken(v);
	else
		result = hang(v, &rig, &other);
	rig_close(&other);
	rig_close(&rig);
	return result;
}

static bool used_by_others(const char *node)
{
	struct monitor_client *clients;
	bool others = false;
	size_t count;

	if (monitor_clients(node, &clients, &count))
		return true;
	for (size_t i = 0; i < count; i++)
		others |= clients[i].pid != getpid();
	free(clients);
	return others;
}

/* Return: 0 or a negative errno. */
static int write_reset(const char *node)
{
	char path[PATH_MAX], address[MONITOR_ADDRESS_LEN];
	int fd, ret = monitor_address(node, address);

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/reset", address);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, "device", 6) == 6 ? 0 : -EIO;
	close(fd);
	return ret;
}

static enum validate_result reset(struct validate *v, struct rig *rig)
{
	const char *node = npu_device_path(v->device);
	struct npu_device_usage before, after;
	uint64_t rounds = 0;
	struct npu_queue_job job = { .args = &rounds };
	char time[UNITS_LEN];
	uint64_t start;
	int ret;

	if (build_spin(v, rig, &job) || npu_device_usage(v->device, &before, &v->err))
		return broken(v);
	start = now_ns();
	ret = write_reset(node);
	units_seconds((double)(now_ns() - start) / 1e9, time);
	if (ret == -EACCES || ret == -EPERM || ret == -ENOENT)
		return validate_say(v, VALIDATE_SKIPPED,
				    "not tried: needs root and debugfs ('mount -t debugfs none /sys/kernel/debug')");
	if (ret)
		return validate_say(v, VALIDATE_FAILED, "the driver cannot be asked for a reset: %s",
				    strerror(-ret));
	if (rig_run(v, rig, &job, NULL) || npu_device_usage(v->device, &after, &v->err))
		return broken(v);
	if (after.resets == before.resets)
		return validate_say(v, VALIDATE_FAILED,
				    "the driver was asked for a reset and made none; see the kernel's log ('dmesg')");
	return validate_say(v, VALIDATE_OK, "reset in %s; a queue from before it goes on", time);
}

enum validate_result validate_reset(struct validate *v)
{
	enum validate_result result;
	struct rig rig;

	if (validate_in_process(v))
		return validate_say(v, VALIDATE_SKIPPED, "a device in the process has no driver to ask for a reset");
	if (used_by_others(npu_device_path(v->device)))
		return validate_say(v, VALIDATE_SKIPPED,
				    "not tried: other processes use the device ('npu-smi' lists them)");
	if (rig_open(v, &rig, 4096, 0))
		result = broken(v);
	else
		result = reset(v, &rig);
	rig_close(&rig);
	return result;
}
