// SPDX-License-Identifier: MIT
/* Queues: a context of the driver and the order of its jobs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "drm/npu_accel.h"
#include "queue_internal.h"
#include "trace/trace.h"

struct npu_queue *npu_queue_get(struct npu_queue *queue)
{
	atomic_fetch_add_explicit(&queue->refs, 1, memory_order_relaxed);
	return queue;
}

static const uint32_t priorities[] = {
	[NPU_QUEUE_NORMAL] = DRM_NPU_PRIORITY_NORMAL,
	[NPU_QUEUE_LOW] = DRM_NPU_PRIORITY_LOW,
	[NPU_QUEUE_HIGH] = DRM_NPU_PRIORITY_HIGH,
	[NPU_QUEUE_REALTIME] = DRM_NPU_PRIORITY_REALTIME,
};

static int check_options(const struct npu_device *device,
			 const struct npu_queue_options *options,
			 struct npu_error *err)
{
	if (options->priority >= sizeof(priorities) / sizeof(*priorities))
		return npu_error_set(err, -EINVAL,
				     "%s: no priority %u: see enum npu_queue_priority",
				     device->path, options->priority);
	if (options->timeout_ms > device->info.timeout_max_ms)
		return npu_error_set(err, -EINVAL,
				     "%s: a timeout of %u ms is too long: the driver allows %u ms",
				     device->path, options->timeout_ms,
				     device->info.timeout_max_ms);
	return 0;
}

static int create_context(struct npu_queue *queue,
			  const struct npu_queue_options *options,
			  struct npu_error *err)
{
	const struct npu_device *device = queue->vm->device;
	struct drm_npu_context_create create = {
		.vm_id = queue->vm->id,
		.priority = priorities[options->priority],
		.timeout_ms = options->timeout_ms,
	};
	int ret = device->backend->sync_create(device, &queue->syncobj);

	if (ret)
		return npu_error_set(err, ret, "%s: cannot create a syncobj: %s",
				     device->path, strerror(-ret));
	ret = npu_device_ioctl(device, DRM_IOCTL_NPU_CONTEXT_CREATE, &create);
	if (ret == -EACCES)
		return npu_error_set(err, ret,
				     "%s: REALTIME priority needs CAP_SYS_NICE: ask for HIGH, or run as root",
				     device->path);
	if (ret)
		return npu_error_set(err, ret, "%s: cannot create a queue: %s%s",
				     device->path, strerror(-ret),
				     ret == -ENOSPC ? "; destroy some first" : "");
	queue->id = create.id;
	return 0;
}

int npu_queue_create(struct npu_vm *vm, const struct npu_queue_options *options,
		     struct npu_queue **out, struct npu_error *err)
{
	static atomic_ullong serial = 1;
	static const struct npu_queue_options defaults;
	struct npu_queue *queue;
	int ret;

	if (!options)
		options = &defaults;
	ret = check_options(vm->device, options, err);
	if (ret)
		return ret;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return npu_error_set(err, -ENOMEM, "%s: out of memory",
				     vm->device->path);
	atomic_init(&queue->refs, 1);
	queue->serial = atomic_fetch_add_explicit(&serial, 1, memory_order_relaxed);
	pthread_mutex_init(&queue->lock, NULL);
	queue->vm = npu_vm_get(vm);
	queue->results.vm = vm;
	queue->timeout_ms = options->timeout_ms ? options->timeout_ms :
			    vm->device->info.timeout_default_ms;
	ret = create_context(queue, options, err);
	if (ret) {
		npu_queue_destroy(queue);
		return ret;
	}
	*out = queue;
	return 0;
}

void npu_queue_destroy(struct npu_queue *queue)
{
	struct drm_npu_context_destroy destroy = { 0 };
	const struct npu_device *device;

	if (!queue)
		return;
	if (atomic_fetch_sub_explicit(&queue->refs, 1, memory_order_acq_rel) != 1)
		return;
	device = queue->vm->device;
	destroy.id = queue->id;
	if (queue->id)
		npu_device_ioctl(device, DRM_IOCTL_NPU_CONTEXT_DESTROY, &destroy);
	npu_trace_queue_gone(queue);
	npu_queue_forget_imports(queue);
	if (queue->syncobj)
		device->backend->sync_destroy(device, queue->syncobj);
	result_pool_fini(&queue->results);
	npu_vm_destroy(queue->vm);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
