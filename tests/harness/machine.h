/* SPDX-License-Identifier: MIT */
/* The device core with memory and page tables, in the process of a test. */
#ifndef TESTS_HARNESS_MACHINE_H
#define TESTS_HARNESS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/npu_isa.h"
#include "hw/npu_regs.h"
#include "npu_core.h"

struct machine;

/**
 * machine_new() - a device with one enabled queue and one context (number 1)
 * @config: the device
 *
 * Return: the machine; ends the test program if it cannot be made.
 */
struct machine *machine_new(const struct npu_core_config *config);

/**
 * machine_free() - stop and free it, with all memory it gave
 * @m: machine
 */
void machine_free(struct machine *m);

/**
 * machine_core() - the device itself, for register accesses
 * @m: machine
 *
 * Return: the core.
 */
struct npu_core *machine_core(struct machine *m);

/**
 * machine_map() - memory at an address of the context
 * @m: machine
 * @va: page-aligned address
 * @size: bytes
 * @writable: whether the device may write
 *
 * Return: the same memory in this process, zeroed; it lives as long as @m.
 */
void *machine_map(struct machine *m, uint64_t va, size_t size, bool writable);

/**
 * machine_run() - run one job and wait
 * @m: machine
 * @job: program, program_size, cores, budget, num_args and args are taken; the rest is filled in
 * @done: receives the completion
 *
 * Return: true if the job ended as NPU_JOB_DONE; ends the test program if it hangs for a minute.
 */
bool machine_run(struct machine *m, const struct npu_job *job, struct npu_completion *done);

#endif /* TESTS_HARNESS_MACHINE_H */
