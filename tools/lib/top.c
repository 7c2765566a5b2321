// SPDX-License-Identifier: MIT
/* Looks at an NPU, and works out what it did since the look before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double at_most_one(double part)
{
	return part < 1 ? part : 1;
}

static const struct monitor_client *find_before(const struct top *top, uint64_t client)
{
	static const struct monitor_client none;

	for (size_t i = 0; i < top->count; i++)
		if (top->processes[i].client.client == client)
			return &top->processes[i].client;
	return &none;
}

/* A file that was not there before did all that it did in this interval. */
static void since(const struct top *top, double seconds, const struct monitor_client *client,
		  struct top_process *process, struct top_totals *sum)
{
	const struct monitor_client *old = find_before(top, client->client);
	double core_ns = seconds * 1e9 * top->info.cores;
	double cycles = (double)(client->model_cycles - old->model_cycles);

	process->client = *client;
	if (!top->time)
		return;
	process->cores = (double)(client->engine_ns - old->engine_ns) / core_ns;
	process->matrix = (double)(client->matrix_ns - old->matrix_ns) / core_ns;
	process->vector = (double)(client->vector_ns - old->vector_ns) / core_ns;
	process->bytes = (double)(client->mem_read - old->mem_read +
				  client->mem_written - old->mem_written) / seconds;
	process->jobs = (double)(client->jobs - old->jobs) / seconds;
	sum->cores += process->cores;
	sum->matrix += process->matrix;
	sum->vector += process->vector;
	sum->bytes += process->bytes;
	sum->jobs += process->jobs;
	sum->model_seconds += cycles / (top->info.clock_khz * 1e3);
}

static int by_use(const void *a, const void *b)
{
	const struct top_process *x = a, *y = b;

	if (x->cores != y->cores)
		return x->cores < y->cores ? 1 : -1;
	return (x->client.pid > y->client.pid) - (x->client.pid < y->client.pid);
}

static void push(double history[TOP_HISTORY], double part)
{
	memmove(history, history + 1, (TOP_HISTORY - 1) * sizeof(*history));
	history[TOP_HISTORY - 1] = at_most_one(part > 0 ? part : 0);
}

static void finish_totals(struct top *top, struct top_totals *sum, double seconds,
			  const struct monitor_figures *figures)
{
	sum->busy = -1;
	if (figures->busy_us >= 0 && top->figures.busy_us >= 0)
		sum->busy = at_most_one((double)(figures->busy_us - top->figures.busy_us) /
					(seconds * 1e6));
	sum->cores = at_most_one(sum->cores);
	sum->model_bytes = sum->model_seconds > 0 ?
		sum->bytes * seconds / sum->model_seconds : 0;
	top->totals = *sum;
	push(top->history.busy, sum->busy);
	push(top->history.cores, sum->cores);
	push(top->history.memory, sum->model_bytes / (top->info.mem_mbps * 1e6));
}

int top_look(struct top *top, struct npu_error *err)
{
	double time = now(), seconds = time - top->time;
	struct top_totals sum = { 0 };
	struct top_process *processes;
	struct monitor_client *clients;
	struct monitor_figures figures;
	size_t count;
	int ret = monitor_clients(top->node, &clients, &count);

	if (ret)
		return npu_error_set(err, ret, ret == -ENODEV ?
				     "%s is gone: see the kernel's log ('dmesg')" :
				     "%s: out of memory", top->node);
	processes = calloc(count + 1, sizeof(*processes));
	if (!processes) {
		free(clients);
		return npu_error_set(err, -ENOMEM, "%s: out of memory", top->node);
	}
	monitor_figures(top->node, &figures);
	for (size_t i = 0; i < count; i++)
		since(top, seconds, &clients[i], &processes[i], &sum);
	free(clients);
	if (top->time)
		finish_totals(top, &sum, seconds, &figures);
	top->time = time;
	top->figures = figures;
	free(top->processes);
	top->processes = processes;
	top->count = count;
	qsort(processes, count, sizeof(*processes), by_use);
	return 0;
}

int top_open(struct top *top, const char *path, struct npu_error *err)
{
	struct npu_device *device;
	int ret = npu_device_open(path, &device, err);

	memset(top, 0, sizeof(*top));
	if (ret)
		return ret;
	top->info = *npu_device_info(device);
	if (npu_device_fd(device) < 0)
		ret = npu_error_set(err, -ENODEV,
				    "%s: a device in the process is used by nobody else: give a node, such as /dev/accel/accel0",
				    npu_device_path(device));
	else if (strlen(npu_device_path(device)) >= sizeof(top->node))
		ret = npu_error_set(err, -ENAMETOOLONG, "%s: the name is too long",
				    npu_device_path(device));
	else
		memcpy(top->node, npu_device_path(device),
		       strlen(npu_device_path(device)) + 1);
	/* Not kept open, so that the device may sleep, and is not held by us. */
	npu_device_close(device);
	return ret ? ret : top_look(top, err);
}

void top_close(struct top *top)
{
	free(top->processes);
}
