// SPDX-License-Identifier: MIT
/* Asynchronous submits, whichever way they go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "async_internal.h"
#include "objects.h"

#define ENTRIES 64

static int no_uring(const struct npu_device *device, int code, struct npu_error *err)
{
	const char *why = strerror(-code);

	if (code == -EPERM)
		why = "the kernel forbids it to this process (sysctl kernel.io_uring_disabled)";
	else if (code == -ENOSYS)
		why = "the kernel has no io_uring";
	else if (device->fd < 0)
		why = "it is a device in the process";
	else if (device->tracer)
		why = "it is traced (NPU_TRACE)";
	else if (code == -EOPNOTSUPP)
		why = "the driver takes no commands by it";
	return npu_error_set(err, code, "%s: cannot be reached by io_uring: %s; NPU_ASYNC_IOCTL works everywhere",
			     device->path, why);
}

/* A trace is made of what each call of the driver says, at the time that it says so. */
static int open_way(struct npu_async *async, uint32_t way, struct npu_error *err)
{
	const struct npu_device *device = async->device;
	int ret = -EOPNOTSUPP;

	if (way != NPU_ASYNC_IOCTL && device->fd >= 0 && !device->tracer)
		ret = async_uring_open(async);
	if (ret && way == NPU_ASYNC_URING)
		return no_uring(device, ret, err);
	async->ops = ret ? &async_ioctl_ops : &async_uring_ops;
	return 0;
}

int npu_async_create(struct npu_device *device, const struct npu_async_options *options,
		     struct npu_async **out, struct npu_error *err)
{
	static const struct npu_async_options defaults;
	struct npu_async *async;
	int ret;

	if (!options)
		options = &defaults;
	if (options->way > NPU_ASYNC_IOCTL || options->entries > NPU_ASYNC_MAX_ENTRIES)
		return npu_error_set(err, -EINVAL, "%s: no way %u with %u entries: see enum npu_async_way; at most %u entries",
				     device->path, options->way, options->entries,
				     NPU_ASYNC_MAX_ENTRIES);
	async = calloc(1, sizeof(*async));
	if (!async)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", device->path);
	async->device = npu_device_get(device);
	async->owner = pthread_self();
	async->entries = options->entries ? options->entries : ENTRIES;
	async->last = &async->first;
	ret = open_way(async, options->way, err);
	if (ret) {
		npu_device_close(async->device);
		free(async);
		return ret;
	}
	*out = async;
	return 0;
}

/* Whose ends cannot be waited for stay as they are: the device may write to them. */
void npu_async_destroy(struct npu_async *async)
{
	struct npu_async_done done[16];
	struct npu_error err;
	int n;

	if (!async)
		return;
	while ((n = npu_async_wait(async, done, 16, -1, &err)) > 0)
		while (n--)
			npu_fence_destroy(done[n].fence);
	async->ops->close(async);
	npu_device_close(async->device);
	free(async);
}

enum npu_async_way npu_async_way(const struct npu_async *async)
{
	return async->ops == &async_uring_ops ? NPU_ASYNC_URING : NPU_ASYNC_IOCTL;
}

static int check_thread(const struct npu_async *async, struct npu_error *err)
{
	if (pthread_equal(async->owner, pthread_self()))
		return 0;
	return npu_error_set(err, -EPERM, "%s: asynchronous submits belong to the thread that created them: create others for this one",
			     async->device->path);
}

int npu_async_submit(struct npu_async *async, struct npu_queue *queue,
		     const struct npu_queue_job *jobs, uint32_t num_jobs, uint64_t tag,
		     struct npu_error *err)
{
	uint32_t num_waits;
	int ret = check_thread(async, err);

	if (!ret && queue->vm->device != async->device)
		ret = npu_error_set(err, -EXDEV, "%s: the queue is one of %s",
				    async->device->path, queue->vm->device->path);
	if (!ret && async->in_flight == async->entries)
		ret = npu_error_set(err, -EAGAIN, "%s: %u submits are under way: wait for one with npu_async_wait()",
				    async->device->path, async->entries);
	if (!ret)
		ret = npu_submit_check(queue, jobs, num_jobs, &num_waits, err);
	if (!ret)
		ret = async->ops->submit(async, queue, jobs, num_jobs, num_waits, tag, err);
	async->in_flight += !ret;
	return ret;
}

int npu_async_flush(struct npu_async *async, struct npu_error *err)
{
	int ret = check_thread(async, err);

	return ret ? ret : async->ops->flush(async, err);
}

int npu_async_wait(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		   int64_t timeout_ns, struct npu_error *err)
{
	int ret = check_thread(async, err);

	if (!ret && !max)
		ret = npu_error_set(err, -EINVAL, "%s: no room for what has ended",
				    async->device->path);
	if (ret || !async->in_flight)
		return ret;
	ret = async->ops->wait(async, done, max, npu_deadline(timeout_ns), err);
	if (ret > 0)
		async->in_flight -= (uint32_t)ret;
	if (ret == -ETIME)
		npu_error_set(err, ret, "%s: no submit has ended yet", async->device->path);
	return ret;
}
