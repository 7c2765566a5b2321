/* SPDX-License-Identifier: MIT */
/*
 * The CPU as a core: what the device cannot do, with the results that the
 * instruction set defines.
 *
 * The arithmetic of qemu-device/core, on memory of this process. An address
 * space is mapped into it as it is into a device: a program reaches what is
 * mapped and nothing else. Bus addresses are the process's own.
 */
#ifndef NPU_CPU_CPU_MACHINE_H
#define NPU_CPU_CPU_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <npu/error.h>

#include "hw/npu_regs.h"

struct cpu_machine;

/**
 * cpu_machine_create() - make one, with nothing mapped
 * @machine: receives it; give it back with cpu_machine_destroy()
 * @err: what failed
 *
 * Return: 0 or -ENOMEM.
 */
int cpu_machine_create(struct cpu_machine **machine, struct npu_error *err);

/** cpu_machine_destroy() - give it back; NULL is allowed */
void cpu_machine_destroy(struct cpu_machine *machine);

/** cpu_machine_unmap_all() - nothing is mapped any more */
void cpu_machine_unmap_all(struct cpu_machine *machine);

/**
 * cpu_machine_map() - let addresses lead to memory
 * @machine: no program of it runs
 * @va: first address, page aligned
 * @memory: what is there, page aligned
 * @size: bytes, whole pages
 * @readonly: programs may not write
 *
 * Return: 0 or -ENOMEM.
 */
int cpu_machine_map(struct cpu_machine *machine, uint64_t va, void *memory,
		    uint64_t size, bool readonly);

/**
 * cpu_machine_run() - run a program to its end
 * @machine: machine
 * @program: its address
 * @size: its bytes
 * @args: its arguments
 * @num_args: number of @args
 * @done: receives how it ended
 */
void cpu_machine_run(struct cpu_machine *machine, uint64_t program, uint32_t size,
		     const uint64_t *args, uint32_t num_args,
		     struct npu_completion *done);

#endif /* NPU_CPU_CPU_MACHINE_H */
