// SPDX-License-Identifier: MIT
/* Timelines of other devices, which jobs wait for. */
#include <string.h>

#include "queue_internal.h"

static void forget(struct npu_queue *queue, struct queue_import *import)
{
	const struct npu_device *device = queue->vm->device;

	if (import->serial)
		device->backend->sync_destroy(device, import->handle);
	import->serial = 0;
}

void npu_queue_forget_imports(struct npu_queue *queue)
{
	for (uint32_t i = 0; i < QUEUE_IMPORTS; i++)
		forget(queue, &queue->imports[i]);
}

int npu_queue_import(struct npu_queue *queue, const struct npu_queue *from,
		     uint32_t *handle, struct npu_error *err)
{
	const struct npu_device *device = queue->vm->device, *other = from->vm->device;
	struct queue_import *import;
	int ret;

	if (device == other) {
		*handle = from->syncobj;
		return 0;
	}
	for (uint32_t i = 0; i < QUEUE_IMPORTS; i++)
		if (queue->imports[i].serial == from->serial) {
			*handle = queue->imports[i].handle;
			return 0;
		}
	import = &queue->imports[queue->next_import++ % QUEUE_IMPORTS];
	forget(queue, import);
	ret = device->backend->sync_import(device, other, from->syncobj, &import->handle);
	if (ret)
		return npu_error_set(err, ret, "%s: cannot wait for jobs of %s: %s",
				     device->path, other->path, strerror(-ret));
	import->serial = from->serial;
	*handle = import->handle;
	return 0;
}
