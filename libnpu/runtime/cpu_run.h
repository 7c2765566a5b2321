/* SPDX-License-Identifier: MIT */
/* Parts of a run that the CPU executes. */
#ifndef NPU_RUNTIME_CPU_RUN_H
#define NPU_RUNTIME_CPU_RUN_H

#include <npu/error.h>
#include <npu/job.h>

struct npu_instance;

/**
 * npu_cpu_run() - run a program on the CPU, with the memory of a loaded job
 * @instance: job; nothing else of it runs
 * @program: program
 * @args: its arguments
 * @err: which instruction failed and why
 *
 * Return: 0, or the negative errno that the device would give for the fault.
 */
int npu_cpu_run(struct npu_instance *instance, const struct npu_job_program *program,
		const uint64_t *args, struct npu_error *err);

#endif /* NPU_RUNTIME_CPU_RUN_H */
