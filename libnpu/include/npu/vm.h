/* SPDX-License-Identifier: MIT */
/* Address spaces of the NPU. */
#ifndef NPU_VM_H
#define NPU_VM_H

#include <stddef.h>
#include <stdint.h>

#include <npu/buffer.h>
#include <npu/device.h>
#include <npu/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum npu_vm_flags - flags of a mapping */
enum npu_vm_flags {
	/** @NPU_VM_READONLY: the NPU may not write */
	NPU_VM_READONLY = 1 << 0,
};

/**
 * npu_vm_create() - create an empty address space
 * @device: device
 * @vm: receives the address space; give it back with npu_vm_destroy()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_create(struct npu_device *device, struct npu_vm **vm,
		  struct npu_error *err);

/**
 * npu_vm_destroy() - give an address space back
 * @vm: address space, or NULL
 */
void npu_vm_destroy(struct npu_vm *vm);

/** npu_vm_id() - the driver's id of an address space */
uint32_t npu_vm_id(const struct npu_vm *vm);

/**
 * npu_vm_map() - map a whole buffer
 * @vm: address space
 * @buffer: buffer
 * @flags: enum npu_vm_flags
 * @va: receives the address, chosen where nothing is mapped, from the top down
 * @err: what failed
 *
 * Return: 0, -ENOSPC if no range of that size is free, or another negative errno.
 */
int npu_vm_map(struct npu_vm *vm, struct npu_buffer *buffer, uint32_t flags,
	       uint64_t *va, struct npu_error *err);

/**
 * npu_vm_map_at() - map a part of a buffer at a given address
 * @vm: address space
 * @buffer: buffer
 * @offset: of the part, whole pages
 * @size: bytes, whole pages, not zero
 * @va: address, page aligned; what was mapped there no longer is
 * @flags: enum npu_vm_flags
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_map_at(struct npu_vm *vm, struct npu_buffer *buffer, uint64_t offset,
		  uint64_t size, uint64_t va, uint32_t flags,
		  struct npu_error *err);

/**
 * npu_vm_unmap() - unmap a range; holes in it are no error
 * @vm: address space
 * @va: first address, page aligned
 * @size: bytes, whole pages, not zero
 * @err: what failed
 *
 * When it returns the NPU no longer reaches what was mapped there.
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_unmap(struct npu_vm *vm, uint64_t va, uint64_t size,
		 struct npu_error *err);

/**
 * struct npu_vm_op - a change of an address space
 * @buffer: what is mapped; NULL: nothing, the range is unmapped
 * @offset: of the part of the buffer, whole pages
 * @size: bytes, whole pages, not zero
 * @va: first address, page aligned; what was mapped there no longer is
 * @flags: enum npu_vm_flags
 */
struct npu_vm_op {
	struct npu_buffer *buffer;
	uint64_t offset;
	uint64_t size;
	uint64_t va;
	uint32_t flags;
};

/**
 * npu_vm_bind() - make several changes at once
 * @vm: address space
 * @ops: changes, made in this order
 * @n: number of them
 * @done: receives how many were made; fewer than @n only after an error; or NULL
 * @err: what failed
 *
 * One request to the driver for as many as it takes at a time.
 *
 * Return: 0 or a negative errno.
 */
int npu_vm_bind(struct npu_vm *vm, const struct npu_vm_op *ops, size_t n, size_t *done,
		struct npu_error *err);

#ifdef __cplusplus
}
#endif

#endif /* NPU_VM_H */
