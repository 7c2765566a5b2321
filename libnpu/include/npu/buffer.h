/* SPDX-License-Identifier: MIT */
/* Memory that CPU and NPU share. */
#ifndef NPU_BUFFER_H
#define NPU_BUFFER_H

#include <stdint.h>

#include <npu/device.h>
#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct npu_buffer;
struct npu_vm;

/**
 * npu_buffer_create() - create a buffer of zeros
 * @device: device
 * @vm: the only address space that it will be mapped in, which makes every
 *	submit cheaper; NULL: any
 * @size: bytes, not zero; rounded up to whole pages
 * @buffer: receives the buffer; give it back with npu_buffer_destroy()
 * @err: what failed
 *
 * CPU and NPU see each other's writes without copies: the CPU those of a job
 * once its fence has signalled, the NPU those made before the submit.
 *
 * Return: 0 or a negative errno.
 */
int npu_buffer_create(struct npu_device *device, struct npu_vm *vm,
		      uint64_t size, struct npu_buffer **buffer,
		      struct npu_error *err);

/**
 * npu_buffer_destroy() - give a buffer back
 * @buffer: buffer, or NULL
 *
 * Its CPU pointer ends here. Where it is mapped for the NPU it stays so, until
 * unmapped or until the address space is destroyed.
 */
void npu_buffer_destroy(struct npu_buffer *buffer);

/**
 * npu_buffer_export() - let others use a buffer's memory
 * @buffer: buffer, created without an address space of its own
 * @fd: receives a dma-buf, for npu_buffer_import() on any device, for another
 *	driver, or another process; the caller closes it
 * @err: what failed
 *
 * A device in the process ("sim") gives a memfd, which only others of its kind
 * import; while it is made no job may use the buffer, and nobody may write to it.
 *
 * Return: 0; -EBUSY when jobs use the buffer of a device in the process; or
 * another negative errno.
 */
int npu_buffer_export(struct npu_buffer *buffer, int *fd, struct npu_error *err);

/**
 * npu_buffer_import() - use memory of another device
 * @device: device
 * @fd: what npu_buffer_export() gave, or a dma-buf of another driver; not needed
 *	any more when this returns
 * @buffer: receives the buffer; give it back with npu_buffer_destroy()
 * @err: what failed
 *
 * Nothing orders the jobs of the devices that share the memory: let a job wait
 * for the fences of the other device's (&npu_queue_job.waits).
 *
 * Return: 0 or a negative errno.
 */
int npu_buffer_import(struct npu_device *device, int fd, struct npu_buffer **buffer,
		      struct npu_error *err);

/** npu_buffer_data() - the buffer's memory, for reading and writing by the CPU */
void *npu_buffer_data(const struct npu_buffer *buffer);

/** npu_buffer_size() - its size in bytes, whole pages */
uint64_t npu_buffer_size(const struct npu_buffer *buffer);

/** npu_buffer_handle() - its GEM handle on the device's file */
uint32_t npu_buffer_handle(const struct npu_buffer *buffer);

/**
 * npu_buffer_wait() - wait for all jobs submitted so far that may use a buffer
 * @buffer: buffer
 * @timeout_ns: longest wait in nanoseconds; 0: do not wait; negative: no limit
 * @err: what failed
 *
 * Return: 0, -ETIMEDOUT, or another negative errno.
 */
int npu_buffer_wait(struct npu_buffer *buffer, int64_t timeout_ns,
		    struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_BUFFER_H */
