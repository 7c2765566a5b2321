/* SPDX-License-Identifier: MIT */
/* What the self-test's jobs share: memory, a queue, a place for a program. */
#ifndef NPU_TOOLS_VALIDATE_RIG_H
#define NPU_TOOLS_VALIDATE_RIG_H

#include <npu/program.h>

#include "validate.h"

#define RIG_CODE	16384		/* bytes of a rig's program */
#define RIG_PATIENCE	(60 * 1000000000ll)	/* for which a job may keep us waiting, ns */

/**
 * struct rig - an address space with one buffer, and a queue
 * @va: of the buffer: a program, then data
 * @data: data for the CPU
 * @data_va: data for the NPU
 */
struct rig {
	struct npu_vm *vm;
	struct npu_buffer *buffer;
	struct npu_queue *queue;
	uint64_t va, data_va;
	unsigned char *data;
};

/**
 * rig_open() - make one
 * @v: self-test; its err receives what failed
 * @rig: receives it; give it back with rig_close(), also after an error
 * @size: bytes of data
 * @timeout_ms: of the queue; 0: the default
 *
 * Return: 0 or a negative errno.
 */
int rig_open(struct validate *v, struct rig *rig, uint64_t size, uint32_t timeout_ms);

/** rig_close() - give everything back */
void rig_close(struct rig *rig);

/** rig_begin() - start a program that takes @num_args arguments; NULL: no memory */
struct npu_builder *rig_begin(struct validate *v, uint32_t num_args);

/**
 * rig_end() - end a program and put it in the rig's memory
 * @v: self-test
 * @rig: rig; its program before this one is gone
 * @builder: what rig_begin() gave; destroyed
 * @job: receives program and size
 *
 * Return: 0 or a negative errno.
 */
int rig_end(struct validate *v, struct rig *rig, struct npu_builder *builder,
	    struct npu_queue_job *job);

/**
 * rig_run() - submit a job and wait for it
 * @v: self-test; its err receives what failed
 * @rig: rig
 * @job: job
 * @completion: receives the device's record, if there is one; or NULL
 *
 * Return: 0 or the job's error.
 */
int rig_run(struct validate *v, struct rig *rig, const struct npu_queue_job *job,
	    struct npu_completion *completion);

/** rig_copy() - make a job that copies @size bytes from arguments 0 to 1, on each core its own */
int rig_copy(struct validate *v, struct rig *rig, uint32_t size, struct npu_queue_job *job);

/** rig_fill() - bytes that look random and are the same each time */
void rig_fill(unsigned char *data, uint64_t size, uint32_t seed);

#endif /* NPU_TOOLS_VALIDATE_RIG_H */
