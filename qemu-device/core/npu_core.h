/* SPDX-License-Identifier: MIT */
/*
 * The machine, independent of who owns it: QEMU, a test, a fuzzer, a process.
 *
 * An owner makes one with npu_core_new(), forwards register accesses to it and
 * gives it a way to reach memory and to raise interrupts. Jobs run on the
 * core's own threads.
 */
#ifndef NPU_CORE_H
#define NPU_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct npu_core;

/**
 * struct npu_trace - something worth a line in a trace
 * @kind: what happened
 * @queue: hardware queue
 * @context: context of the job
 * @job: id of the job
 * @arg: DOORBELL: tail; JOB_END: enum npu_job_status; FAULT: enum npu_fault_code
 * @pc: FAULT: instruction
 * @address: FAULT: address
 */
struct npu_trace {
	enum npu_trace_kind {
		NPU_TRACE_DOORBELL,
		NPU_TRACE_JOB_START,
		NPU_TRACE_JOB_END,
		NPU_TRACE_JOB_SUSPEND,
		NPU_TRACE_JOB_RESUME,
		NPU_TRACE_FAULT,
		NPU_TRACE_QUEUE_RESET,
		NPU_TRACE_RESET,
	} kind;
	unsigned int queue, context, pc;
	uint64_t job, arg, address;
};

/**
 * struct npu_hazard - two accesses to SRAM that nothing orders
 * @job: id of the job
 * @core: core within the job
 * @address: first byte that both touch
 * @len: bytes from there that both touch
 * @access: the later one in program order, and the earlier one: instruction,
 *	its opcode and tag, and whether it writes
 */
struct npu_hazard {
	uint64_t job;
	unsigned int core;
	uint64_t address, len;
	struct npu_hazard_access {
		uint32_t pc, tag;
		uint8_t opcode;
		bool write;
	} access[2];
};

/**
 * struct npu_core_ops - what the owner does for the machine
 * @read: copy @len bytes from bus address @addr; false if any is not memory
 * @write: copy @len bytes to bus address @addr; false if any is not memory
 * @map: give a host pointer to bus address @addr for up to *@len bytes, which it
 *       shortens to what is contiguous; NULL if it is not plain memory. The
 *       pointer stays good until @unmap.
 * @unmap: give a mapping back, with the pointer and length that @map gave;
 *       @dirty if it may have been written
 * @raise: send MSI-X message @vector
 * @clock_ns: virtual time of the machine
 * @trace: note an event; may be NULL
 * @hazard: tell of a hazard, with hazards=on; may be NULL
 * @serve: do what the core's threads may be waiting for: see npu_core_nudge();
 *	NULL if they never wait for their owner
 * @thread_begin: a thread of the core's starts, before it calls anything else; may be NULL
 * @thread_end: and ends, after all else; may be NULL
 *
 * All are called from any of the core's threads, and from within a register
 * access, without a lock of the core's that a register access takes.
 */
struct npu_core_ops {
	bool (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
	bool (*write)(void *opaque, uint64_t addr, const void *buf, size_t len);
	void *(*map)(void *opaque, uint64_t addr, size_t *len, bool write);
	void (*unmap)(void *opaque, void *host, size_t len, bool dirty);
	void (*raise)(void *opaque, unsigned int vector);
	uint64_t (*clock_ns)(void *opaque);
	void (*trace)(void *opaque, const struct npu_trace *event);
	void (*hazard)(void *opaque, const struct npu_hazard *hazard);
	void (*serve)(void *opaque);
	void (*thread_begin)(void *opaque);
	void (*thread_end)(void *opaque);
};

/**
 * struct npu_core_config - what machine to build
 * @profile: name of the machine's profile, or of a file; NULL for "edge"
 * @kernels: name of the arithmetic kernels, NULL for the fastest here
 * @cores: cores, 0 for the profile's
 * @sram_size: bytes of SRAM of a core, 0 for the profile's
 * @queues: hardware queues, 0 for the default
 * @pace: "model": jobs end when the modelled time has passed; NULL or "host":
 *	as soon as the host is done
 * @inject: faults on demand, see npu_core_inject(); NULL: none, and the register
 *	for them is off
 * @hazards: look for accesses to SRAM that no token orders; slow
 * @threads: worker threads, 0 for one a host processor (at most one a core)
 * @no_pin: do not give each thread a processor of its own where there are as many
 */
struct npu_core_config {
	const char *profile;
	const char *kernels;
	const char *pace;
	const char *inject;
	unsigned int cores;
	uint32_t sram_size;
	unsigned int queues;
	unsigned int threads;
	bool hazards;
	bool no_pin;
};

/**
 * npu_core_config_parse() - what machine to build, from text
 * @config: receives it; give it back with npu_core_config_free()
 * @text: "PROFILE,PROPERTY=VALUE,...", all of it optional: the members of
 *	struct npu_core_config by the names that QEMU has for them
 * @error: receives one line on failure
 * @error_len: bytes at @error
 *
 * Return: whether the text can be understood.
 */
bool npu_core_config_parse(struct npu_core_config *config, const char *text,
			   char *error, size_t error_len);

/** npu_core_config_free() - free the strings of a configuration that was parsed */
void npu_core_config_free(struct npu_core_config *config);

/**
 * npu_core_new() - build a machine
 * @config: what to build; copied
 * @ops: the owner's side; must outlive the machine
 * @opaque: passed to @ops
 * @error: receives one line on failure
 * @error_len: bytes at @error
 *
 * Return: the machine, after full reset, or NULL.
 */
struct npu_core *npu_core_new(const struct npu_core_config *config,
			      const struct npu_core_ops *ops, void *opaque,
			      char *error, size_t error_len);

/**
 * npu_core_free() - stop all jobs, wait for the threads, free the machine
 * @core: machine, or NULL
 */
void npu_core_free(struct npu_core *core);

/**
 * npu_core_inject() - let something go wrong
 * @core: machine
 * @faults: "KIND@N+...": lost-irq, stuck-job, stuck-queue, stuck-reset,
 *	completion, dma (enum npu_inject_kind), at the N-th occasion, without it
 *	the next; "on" to allow the register only
 * @error: receives one line on failure
 * @error_len: bytes at @error
 *
 * Return: whether the text can be understood.
 */
bool npu_core_inject(struct npu_core *core, const char *faults, char *error,
		     size_t error_len);

/**
 * npu_core_reset() - full reset; returns when no job runs and no access is under way
 * @core: machine
 *
 * What NPU_CTRL_RESET starts, waited for: for the owner's reset lines and FLR.
 */
void npu_core_reset(struct npu_core *core);

/**
 * npu_core_invalidate() - let go of all memory; returns when nothing is held
 * @core: machine
 *
 * For an owner whose memory is about to change under the device: jobs that run
 * ask for their mappings anew. What the registers show does not change.
 */
void npu_core_invalidate(struct npu_core *core);

/**
 * npu_core_set_power() - the machine falls asleep or wakes up
 * @core: machine
 * @awake: false: D3hot; it draws less until it is woken
 *
 * Only power and temperature depend on it: the owner resets a machine that loses
 * its state, and keeps accesses away from one that sleeps.
 */
void npu_core_set_power(struct npu_core *core, bool awake);

/**
 * npu_core_nudge() - a thread of the core's waits in @ops for its owner
 * @core: machine
 *
 * For an owner whose @read, @write or @map need another thread, which may itself
 * be in npu_core_reset(), npu_core_invalidate(), npu_core_pause() or
 * npu_core_free(): those then call @serve while they wait.
 */
void npu_core_nudge(struct npu_core *core);

/**
 * npu_core_pause() - hold the machine still; returns when nothing is under way
 * @core: machine
 *
 * Jobs stop between two instructions, so the wait is that for one of them on
 * each core. No memory is held afterwards, and all that was written has been
 * given back as dirty. Registers can still be read and written; of what that
 * starts only a full reset comes to its end.
 */
void npu_core_pause(struct npu_core *core);

/**
 * npu_core_resume() - let a machine go on that was held still
 * @core: machine
 */
void npu_core_resume(struct npu_core *core);

/**
 * npu_core_state_max() - most bytes that npu_core_save() gives
 * @core: machine
 *
 * Return: bytes, for owners that must not take in more.
 */
uint64_t npu_core_state_max(const struct npu_core *core);

/**
 * npu_core_save() - all that a guest can see of the machine, as bytes
 * @core: machine, held still by npu_core_pause()
 * @len: receives their number
 *
 * Registers, queues, and the jobs under way down to each core's registers and
 * SRAM; no memory of the guest. Little endian, with a version.
 *
 * Return: the bytes, to be freed with free(), or NULL: out of memory.
 */
void *npu_core_save(struct npu_core *core, size_t *len);

/**
 * npu_core_load() - continue where another machine was saved
 * @core: machine of the same profile, held still by npu_core_pause()
 * @data: what npu_core_save() gave, or anything else
 * @len: bytes at @data
 * @error: receives one line on failure
 * @error_len: bytes at @error
 *
 * Jobs go on with npu_core_resume(), and give the same bytes and counters as if
 * nothing had happened, if memory is what it was. After a failure the machine
 * is as after a full reset.
 *
 * Return: whether the state could be taken.
 */
bool npu_core_load(struct npu_core *core, const void *data, size_t len,
		   char *error, size_t error_len);

/**
 * npu_core_read() - read a 32-bit register
 * @core: machine
 * @offset: offset in BAR 0
 *
 * Return: its value; all ones if @offset is unaligned or outside.
 */
uint32_t npu_core_read(struct npu_core *core, uint32_t offset);

/**
 * npu_core_write() - write a 32-bit register
 * @core: machine
 * @offset: offset in BAR 0
 * @value: value
 *
 * Never waits for a job or an instruction.
 */
void npu_core_write(struct npu_core *core, uint32_t offset, uint32_t value);

#endif /* NPU_CORE_H */
