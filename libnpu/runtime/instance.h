/* SPDX-License-Identifier: MIT */
/* Loaded jobs, as their own files see them. */
#ifndef NPU_RUNTIME_INSTANCE_H
#define NPU_RUNTIME_INSTANCE_H

#include <pthread.h>

#include <npu/instance.h>

#include "hw/npu_regs.h"

struct cpu_machine;

/**
 * struct instance_segment - a segment in memory
 * @buffer: its memory; NULL: it is not the instance's
 * @va: its address
 * @size: bytes
 */
struct instance_segment {
	struct npu_buffer *buffer;
	uint64_t va;
	uint64_t size;
};

/**
 * struct npu_instance - a loaded job; what has no lock does not change until it is unloaded
 * @vm: address space
 * @queue: queue of its runs
 * @segments: @n_segments
 * @tensors: @n_tensors, without expected values
 * @programs: @n_programs, without names of arguments
 * @tags: @n_tags
 * @lock: held during a run of several parts, one of them after the other
 * @cpu: executes parts on the CPU; NULL until there is one
 * @cpu_changes: state of the VM's mappings that @cpu knows
 */
struct npu_instance {
	struct npu_vm *vm;
	struct npu_queue *queue;
	uint32_t n_segments, n_tensors, n_programs, n_tags;
	struct instance_segment *segments;
	struct npu_job_tensor *tensors;
	struct npu_job_program *programs;
	char (*tags)[NPU_JOB_NAME_LEN];
	pthread_mutex_t lock;
	struct cpu_machine *cpu;
	uint64_t cpu_changes;
};

/**
 * struct instance_given - a segment whose memory is not the instance's own
 * @va: address of the segment
 * @buffer: its memory; NULL: its owner maps what it needs into @npu_instance.vm
 */
struct instance_given {
	uint64_t va;
	struct npu_buffer *buffer;
};

/**
 * npu_instance_load() - as npu_job_load(), but without memory for some segments
 * @device: device
 * @image: image
 * @given: these segments
 * @n: number of them
 * @options: of its queue; NULL: the default
 * @instance: receives the instance; give it back with npu_job_unload()
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_instance_load(struct npu_device *device, const struct npu_job_image *image,
		      const struct instance_given *given, uint32_t n,
		      const struct npu_queue_options *options,
		      struct npu_instance **instance, struct npu_error *err);

/**
 * npu_instance_submit() - start one part of a run
 * @instance: instance
 * @part: program, for the device
 * @args: all of its arguments; NULL: the image's values
 * @waits: fences that must signal before, of this device or others
 * @num_waits: number of them
 * @fence: receives the fence; npu_job_wait() waits for it
 * @err: what failed
 *
 * Return: 0 or a negative errno.
 */
int npu_instance_submit(struct npu_instance *instance, const struct npu_job_program *part,
			const uint64_t *args, struct npu_fence *const *waits,
			uint32_t num_waits, struct npu_fence **fence, struct npu_error *err);

/** npu_job_stats_add() - add what @part cost to @to; cores are the most of both */
void npu_job_stats_add(struct npu_job_stats *to, const struct npu_job_stats *part);

/**
 * npu_instance_tag() - what a faulting instruction is for
 * @instance: loaded job
 * @program: address of the program
 * @fault: its fault
 *
 * Return: the name of the instruction's tag, or NULL if it has none.
 */
const char *npu_instance_tag(const struct npu_instance *instance, uint64_t program,
			     const struct npu_fault *fault);

/** npu_instance_memory() - the memory of a range in one segment, or NULL */
void *npu_instance_memory(const struct npu_instance *instance, uint64_t va,
			  uint64_t size);

#endif /* NPU_RUNTIME_INSTANCE_H */
