// SPDX-License-Identifier: MIT
/* Files of traces: opening, chunks, the end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <npu/trace.h>
#include <npu/vm.h>

#include "runtime/objects.h"
#include "trace.h"
#include "tracer.h"

#define BUFFER_SIZE	(8ull << 20)
#define BUFFERS		8
#define LIMIT		(1ull << 30)
#define LEAST_BUFFER	(64ull << 10)
#define MOST_BUFFER	(1ull << 30)

uint64_t tracer_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A number of the environment; what is none counts as not set. */
static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = secure_getenv(name);
	unsigned long long value;
	char *end;

	if (!text || !*text || *text == '-')
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, 0);
	return *end || errno ? otherwise : value;
}

static void fail(struct npu_tracer *t, int code)
{
	if (!t->failed)
		fprintf(stderr, "npu: trace: cannot write: %s; the trace ends here\n",
			strerror(code));
	t->failed = true;
}

/* All of it, or the file ends where it went wrong. Lock held. */
static void write_all(struct npu_tracer *t, struct iovec *iov, int n)
{
	while (n && !t->failed) {
		ssize_t done = writev(t->fd, iov, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			fail(t, errno);
			return;
		}
		t->written += done;
		while (n && (size_t)done >= iov->iov_len) {
			done -= iov->iov_len;
			iov++;
			n--;
		}
		if (n) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
}

bool tracer_has_room(struct npu_tracer *t)
{
	bool room;

	pthread_mutex_lock(&t->lock);
	room = !t->failed && t->written < t->limit;
	pthread_mutex_unlock(&t->lock);
	return room;
}

void tracer_chunk(struct npu_tracer *t, uint32_t type, struct iovec *iov, int n)
{
	struct npu_trace_chunk chunk = { .type = type };

	for (int i = 1; i < n; i++)
		chunk.size += iov[i].iov_len;
	iov[0] = (struct iovec){ &chunk, sizeof(chunk) };
	pthread_mutex_lock(&t->lock);
	write_all(t, iov, n);
	pthread_mutex_unlock(&t->lock);
}

void tracer_count(struct npu_tracer *t, bool untraced)
{
	pthread_mutex_lock(&t->lock);
	t->jobs++;
	t->untraced += untraced;
	pthread_mutex_unlock(&t->lock);
}

static void write_device(struct npu_tracer *t, const struct npu_device *device)
{
	const struct npu_device_info *info = &device->info;
	struct npu_trace_device d = {
		.magic = NPU_TRACE_MAGIC, .time_ns = tracer_now_ns(),
		.mem_mbps = info->mem_mbps, .sram_size = info->sram_size,
		.cores = info->cores, .clock_khz = info->clock_khz,
		.macs_i8 = info->macs_i8, .macs_i4 = info->macs_i4,
		.macs_f16 = info->macs_f16, .vec_lanes = info->vec_lanes,
		.pid = getpid(),
	};
	struct iovec iov[] = { { 0 }, { &d, sizeof(d) } };

	snprintf(d.path, sizeof(d.path), "%s", device->path);
	snprintf(d.profile, sizeof(d.profile), "%s", info->profile);
	snprintf(d.command, sizeof(d.command), "%s", program_invocation_short_name);
	tracer_chunk(t, NPU_TRACE_DEVICE, iov, 2);
}

/* A new file in @dir for this process. */
static int create_file(const char *dir)
{
	static atomic_uint number;
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%d-%u.nputrace", dir, (int)getpid(),
			     atomic_fetch_add(&number, 1)) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

void npu_trace_open(struct npu_device *device)
{
	const char *dir = secure_getenv("NPU_TRACE");
	struct npu_tracer *t;

	if (!dir || !*dir)
		return;
	t = calloc(1, sizeof(*t));
	if (!t)
		return;
	t->fd = create_file(dir);
	if (t->fd < 0) {
		fprintf(stderr, "npu: trace: cannot make a file in %s: %s; there is no trace\n",
			dir, strerror(errno));
		free(t);
		return;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->limit = setting("NPU_TRACE_LIMIT", LIMIT);
	t->buffer_size = setting("NPU_TRACE_BUFFER", BUFFER_SIZE);
	if (t->buffer_size < LEAST_BUFFER)
		t->buffer_size = LEAST_BUFFER;
	if (t->buffer_size > MOST_BUFFER)
		t->buffer_size = MOST_BUFFER;
	t->buffers = BUFFERS;
	write_device(t, device);
	device->tracer = t;
}

void npu_trace_close(struct npu_device *device)
{
	struct npu_tracer *t = device->tracer;
	struct npu_trace_end end;
	struct iovec iov[] = { { 0 }, { &end, sizeof(end) } };

	if (!t)
		return;
	end = (struct npu_trace_end){ tracer_now_ns(), t->jobs, t->untraced };
	tracer_chunk(t, NPU_TRACE_END, iov, 2);
	close(t->fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
	device->tracer = NULL;
}

void npu_trace_bind(const struct npu_vm *vm, const struct npu_vm_op *op)
{
	struct npu_tracer *t = vm->device->tracer;
	struct npu_trace_map map = {
		.va = op->va, .size = op->size, .vm = vm->id,
		.mapped = !!op->buffer,
		.handle = op->buffer ? op->buffer->handle : 0,
		.readonly = !!(op->flags & NPU_VM_READONLY),
	};
	struct iovec iov[] = { { 0 }, { &map, sizeof(map) } };

	if (!t)
		return;
	map.time_ns = tracer_now_ns();
	tracer_chunk(t, NPU_TRACE_MAP, iov, 2);
}
