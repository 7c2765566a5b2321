// SPDX-License-Identifier: MIT
/* Asynchronous submits by ioctls: an npu_queue_submit() each, at once. */
#include <errno.h>
#include <stdlib.h>

#include "async_internal.h"
#include "backend.h"
#include "objects.h"

static int ioctl_submit(struct npu_async *async, struct npu_queue *queue,
			const struct npu_queue_job *jobs, uint32_t num_jobs,
			uint32_t num_waits, uint64_t tag, struct npu_error *err)
{
	struct async_op *op = calloc(1, sizeof(*op));

	(void)num_waits;
	if (!op)
		return npu_error_set(err, -ENOMEM, "%s: out of memory", async->device->path);
	op->tag = tag;
	/* What the driver refuses is an end like others, as it is by io_uring. */
	op->result = npu_queue_submit(queue, jobs, num_jobs, &op->fence, err);
	*async->last = op;
	async->last = &op->next;
	return 0;
}

static int ioctl_flush(struct npu_async *async, struct npu_error *err)
{
	(void)async;
	(void)err;
	return 0;
}

/* Takes an op out of the list; its jobs have ended. */
static void take(struct npu_async *async, struct async_op **at, struct npu_async_done *done)
{
	struct async_op *op = *at;
	struct npu_failure failure;
	struct npu_error err;

	*at = op->next;
	if (!*at)
		async->last = at;
	*done = (struct npu_async_done){ .tag = op->tag, .result = op->result, .fence = op->fence };
	if (op->fence)
		done->result = npu_fence_result(op->fence, -1, &failure, &err);
	free(op);
}

/* Those of which it is known without asking, and @ended, if there is one. */
static int take_ended(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		      const struct async_op *ended)
{
	struct async_op **at = &async->first;
	uint32_t n = 0;

	while (*at && n < max) {
		if (*at == ended || !(*at)->fence || npu_fence_has_ended((*at)->fence))
			take(async, at, &done[n++]);
		else
			at = &(*at)->next;
	}
	return (int)n;
}

static int ioctl_wait(struct npu_async *async, struct npu_async_done *done, uint32_t max,
		      int64_t deadline_ns, struct npu_error *err)
{
	const struct npu_device *device = async->device;
	uint32_t handles[NPU_ASYNC_MAX_ENTRIES], n = 0, first = 0;
	int ret = take_ended(async, done, max, NULL);
	struct async_op *op;

	if (ret)
		return ret;
	for (op = async->first; op; op = op->next)
		handles[n++] = npu_fence_syncobj(op->fence);
	ret = device->backend->sync_wait_any(device, handles, n, deadline_ns, &first);
	if (ret == -ETIME)
		return ret;
	if (ret)
		return npu_error_set(err, ret, "%s: cannot wait for jobs", device->path);
	for (op = async->first; first; first--)
		op = op->next;
	return take_ended(async, done, max, op);
}

static void ioctl_close(struct npu_async *async)
{
	(void)async;
}

const struct async_ops async_ioctl_ops = {
	.submit = ioctl_submit,
	.flush = ioctl_flush,
	.wait = ioctl_wait,
	.close = ioctl_close,
};
