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

struct bus;
struct machine;

/* Of the queue and the events of a machine. */
#define MACHINE_QUEUE		0
#define MACHINE_CONTEXT		1
#define MACHINE_VECTOR		1
#define MACHINE_EVENT_VECTOR	0

/* Registers of a machine's queue. */
#define MACHINE_Q(reg)	NPU_REG_Q(MACHINE_QUEUE, reg)

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
 * machine_move() - go on with another device, in the state of this one
 * @m: machine
 * @config: the other device
 * @change: what to do to the state on its way, or NULL
 * @error: receives one line on failure
 * @len: bytes at @error
 *
 * Return: whether the other has taken it; if not, this one goes on.
 */
bool machine_move(struct machine *m, const struct npu_core_config *config,
		  void (*change)(uint8_t *state, size_t len), char *error, size_t len);

/**
 * machine_core() - the device itself, for register accesses
 * @m: machine
 *
 * Return: the core.
 */
struct npu_core *machine_core(struct machine *m);

/**
 * machine_bus() - the memory around it
 * @m: machine
 *
 * Return: the bus, which lives as long as @m.
 */
struct bus *machine_bus(struct machine *m);

/**
 * machine_map_page() - enter one page into the context's page table
 * @m: machine
 * @va: address, a multiple of the page's size
 * @pte: the entry; with NPU_PTE_LEAF at @level
 * @level: 0 for 4 KiB, 1 for 2 MiB
 *
 * Tables are made as needed. No invalidation is done.
 */
void machine_map_page(struct machine *m, uint64_t va, uint64_t pte, int level);

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
 * machine_submit() - put one job into the ring and ring the bell
 * @m: machine
 * @job: as machine_run()
 *
 * Return: the completion, whose id stays zero until it is complete.
 */
const struct npu_completion *machine_submit(struct machine *m, const struct npu_job *job);

/**
 * machine_wait() - wait for a job
 * @m: machine
 * @completion: what machine_submit() gave
 * @done: receives a copy
 *
 * Return: as machine_run().
 */
bool machine_wait(struct machine *m, const struct npu_completion *completion,
		  struct npu_completion *done);

/**
 * machine_events() - the event ring, 16 entries
 * @m: machine
 *
 * Return: its first entry; NPU_REG_EVENT_PROD counts them.
 */
const struct npu_event *machine_events(struct machine *m);

/**
 * machine_init() - what a driver does after a full reset
 * @m: machine
 */
void machine_init(struct machine *m);

/**
 * machine_run() - run one job and wait
 * @m: machine
 * @job: program, program_size, cores, budget, trace, num_args and args are taken; the rest is
 *	filled in
 * @done: receives the completion
 *
 * Return: true if the job ended as NPU_JOB_DONE; ends the test program if it hangs for a minute.
 */
bool machine_run(struct machine *m, const struct npu_job *job, struct npu_completion *done);

/* A profile of 1 MHz, which takes seconds for what the host does at once: a file to remove. */
char *machine_slow_profile(void);

#endif /* TESTS_HARNESS_MACHINE_H */
