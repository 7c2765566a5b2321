/* SPDX-License-Identifier: MIT */
/*
 * The runtime's objects, as its own files see them.
 *
 * References: buffers and VMs hold the device, VMs hold the buffers that are
 * mapped in them, queues hold their VM, fences hold their queue. The last
 * reference frees. Locks nest in the order queue, VM; no other two are held
 * together.
 */
#ifndef NPU_RUNTIME_OBJECTS_H
#define NPU_RUNTIME_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <npu/device.h>

#include "backend.h"
#include "va_space.h"
#include "vm_maps.h"

struct npu_tracer;
struct sim;

/**
 * struct npu_device - an open node
 * @refs: references
 * @backend: what carries out its requests
 * @fd: the node, or -1
 * @machine: what a backend without a node has instead
 * @path: its name
 * @info: what it told when it was opened
 * @tracer: file of its trace, or NULL
 * @share_lock: protects @shared
 * @shared: buffers that have been exported or imported. A device has one handle
 *	for one memory, however often it is imported
 */
struct npu_device {
	atomic_uint refs;
	const struct npu_backend *backend;
	int fd;
	struct sim *machine;
	char *path;
	struct npu_device_info info;
	struct npu_tracer *tracer;
	pthread_mutex_t share_lock;
	struct npu_buffer *shared;
};

/**
 * struct npu_buffer - a GEM object, mapped for the CPU
 * @refs: the caller's, and one of each mapping
 * @device: holds a reference
 * @size: bytes
 * @data: mapping of @size bytes
 * @handle: GEM handle
 * @is_shared: it is in the list of its device; never taken back
 * @next_shared: next one there
 */
struct npu_buffer {
	atomic_uint refs;
	struct npu_device *device;
	uint64_t size;
	void *data;
	uint32_t handle;
	atomic_bool is_shared;
	struct npu_buffer *next_shared;
};

/**
 * struct npu_vm - an address space
 * @refs: references
 * @device: holds a reference
 * @id: the driver's id
 * @lock: protects @space and @maps, and keeps them in step with the driver
 * @space: addresses in use
 * @maps: what is mapped there
 */
struct npu_vm {
	atomic_uint refs;
	struct npu_device *device;
	uint32_t id;
	pthread_mutex_t lock;
	struct va_space space;
	struct vm_maps maps;
};

struct npu_device *npu_device_get(struct npu_device *device);
struct npu_vm *npu_vm_get(struct npu_vm *vm);
struct npu_buffer *npu_buffer_get(struct npu_buffer *buffer);

/**
 * npu_device_ioctl() - a request of drm/npu_accel.h
 *
 * Return: 0, or a negative errno.
 */
int npu_device_ioctl(const struct npu_device *device, unsigned long request,
		     void *arg);

/**
 * npu_device_open_in() - open the first NPU among a folder's nodes
 * @dir: folder, /dev/accel but in tests
 *
 * The rest is as for npu_device_open().
 */
int npu_device_open_in(const char *dir, struct npu_device **device,
		       struct npu_error *err);

/**
 * npu_buffer_new() - a buffer without memory
 * @device: device
 * @err: no memory
 *
 * Return: the buffer, to be given back with npu_buffer_destroy(), or NULL.
 */
struct npu_buffer *npu_buffer_new(struct npu_device *device, struct npu_error *err);

/** npu_buffer_map() - map it for the CPU */
int npu_buffer_map(struct npu_buffer *buffer, struct npu_error *err);

/**
 * npu_buffer_drop() - drop a reference of a buffer that is shared
 *
 * Return: whether it was the last; then nobody finds the buffer any more.
 */
bool npu_buffer_drop(struct npu_buffer *buffer);

/** npu_deadline() - now plus a timeout, in CLOCK_MONOTONIC; negative: never */
int64_t npu_deadline(int64_t timeout_ns);

#endif /* NPU_RUNTIME_OBJECTS_H */
