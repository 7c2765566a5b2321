/* SPDX-License-Identifier: MIT */
/* Loaded jobs, as their own files see them. */
#ifndef NPU_RUNTIME_INSTANCE_H
#define NPU_RUNTIME_INSTANCE_H

#include <npu/instance.h>

/**
 * struct instance_segment - a segment in memory
 * @buffer: its memory
 * @va: its address
 * @size: bytes
 */
struct instance_segment {
	struct npu_buffer *buffer;
	uint64_t va;
	uint64_t size;
};

/**
 * struct npu_instance - a loaded job; nothing of it changes until it is unloaded
 * @vm: address space
 * @queue: queue of its runs
 * @segments: @n_segments
 * @tensors: @n_tensors, without expected values
 * @programs: @n_programs, without names of arguments
 * @tags: @n_tags
 */
struct npu_instance {
	struct npu_vm *vm;
	struct npu_queue *queue;
	uint32_t n_segments, n_tensors, n_programs, n_tags;
	struct instance_segment *segments;
	struct npu_job_tensor *tensors;
	struct npu_job_program *programs;
	char (*tags)[NPU_JOB_NAME_LEN];
};

/** npu_instance_memory() - the memory of a range in one segment, or NULL */
void *npu_instance_memory(const struct npu_instance *instance, uint64_t va,
			  uint64_t size);

#endif /* NPU_RUNTIME_INSTANCE_H */
