// SPDX-License-Identifier: MIT
/*
 * Any program: it ends, leaves no mapping behind, and does the same with all
 * arithmetic kernels, to the byte and to the cycle. What a dry run foretells
 * comes true.
 */
#include <stdlib.h>

#include "device.h"
#include "fuzz_bytes.h"
#include "fuzz_program.h"
#include "fuzz_world.h"
#include "npu_dry_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CORES	2u
#define MACHINES 3u
#define DATA_SIZE (WORLD_DATA_PAGES * FUZZ_PAGE)
#define DATA_KINDS 4u
#define CODE_MAX ((WORLD_TABLES - WORLD_PROGRAMS) * FUZZ_PAGE)

static const char *const kernels[MACHINES] = { "scalar", "avx2", "avx512" };

/* The machine of one kind of kernels, and what its job ended as. */
struct machine {
	struct npu_core *npu;
	struct fuzz_bus *bus;
	uint32_t tail;
	struct npu_completion done;
};

static struct machine machines[MACHINES];
static uint8_t kinds[DATA_KINDS][DATA_SIZE];
static uint8_t code[CODE_MAX];

static const struct npu_core_config config = {
	.cores = CORES, .sram_size = FUZZ_PROGRAM_SRAM, .threads = 1, .queues = 4,
};

static uint32_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 32;
}

/* Mild floats with few that are not; halves; any bits; small bytes. */
static void make_data(void)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < DATA_SIZE; i += 4) {
		float f = (int)(next(&state) % 4000) / 16.0f - 125;
		uint32_t any = next(&state), halves = (any & 0x8fff8fff) | 0x30003000;

		if (any % 16)
			memcpy(kinds[0] + i, &f, 4);
		else
			memcpy(kinds[0] + i, &any, 4);
		memcpy(kinds[1] + i, &halves, 4);
		memcpy(kinds[2] + i, &any, 4);
		any &= 0x07070707;
		memcpy(kinds[3] + i, &any, 4);
	}
}

static void start_machine(unsigned int i)
{
	struct npu_core_config mine = config;
	char error[256];

	mine.kernels = kernels[i];
	machines[i].bus = fuzz_bus_new();
	fuzz_world_build(machines[i].bus->memory);
	machines[i].npu = npu_core_new(&mine, &fuzz_bus_ops, machines[i].bus, error, sizeof(error));
	if (machines[i].npu)
		fuzz_world_start(machines[i].npu);
}

static void start(void)
{
	if (machines[0].npu)
		return;
	make_data();
	for (unsigned int i = 0; i < MACHINES; i++)
		start_machine(i);
	/* One to compare with is needed; a host without AVX-512 goes without. */
	fuzz_assert(machines[0].npu && (machines[1].npu || machines[2].npu));
}

/* The program as the device will read it; its bytes. */
static uint32_t assemble(const struct fuzz_program *head, const uint8_t *insns, size_t size)
{
	struct npu_program header = {
		.magic = NPU_PROGRAM_MAGIC, .isa_version = NPU_ISA_VERSION,
		.sram_size = head->sram, .num_args = head->num_args,
	};

	if (size > CODE_MAX - sizeof(header))
		size = CODE_MAX - sizeof(header);
	header.num_insns = size / sizeof(struct npu_insn);
	size = header.num_insns * sizeof(struct npu_insn);
	memcpy(code, &header, sizeof(header));
	code[head->spoil_at % sizeof(header)] ^= head->spoil_with;
	memcpy(code + sizeof(header), insns, size);
	return sizeof(header) + size;
}

static void submit(struct machine *m, const struct fuzz_program *head, uint32_t size)
{
	uint32_t slot = m->tail++ % 8;
	struct npu_job job = fuzz_world_job(WORLD_PROGRAMS, size);

	job.id = m->tail;
	job.cores = head->cores % (CORES + 1);
	job.budget = 64u << head->budget % 4;
	job.num_args = head->num_args;
	memcpy(job.args, head->args, sizeof(head->args));
	job.completion = WORLD_BUS(WORLD_DONE) + 512 * slot;
	m->bus->clock = 0;
	fuzz_bus_heal(m->bus);
	npu_core_write(m->npu, NPU_REG_IRQ_STATUS, 0xffffffff);
	memcpy(m->bus->memory + WORLD_AT(WORLD_DATA), kinds[head->data % DATA_KINDS], DATA_SIZE);
	memcpy(m->bus->memory + WORLD_AT(WORLD_PROGRAMS), code, size);
	memcpy(m->bus->memory + WORLD_AT(WORLD_RINGS) + 512 * slot, &job, sizeof(job));
	npu_core_write(m->npu, NPU_REG_Q(0, NPU_Q_TAIL), m->tail);
}

static void wait_for(struct machine *m)
{
	uint32_t slot = (m->tail - 1) % 8;

	fuzz_bus_wait(m->bus, 1, 1);
	memcpy(&m->done, m->bus->memory + WORLD_AT(WORLD_DONE) + 512 * slot, sizeof(m->done));
	fuzz_assert(m->done.id == m->tail);
	fuzz_assert(m->done.status == NPU_JOB_DONE || m->done.status == NPU_JOB_FAULT);
	fuzz_assert(!(npu_core_read(m->npu, NPU_REG_STATUS) & NPU_STATUS_FATAL));
	fuzz_assert(!m->bus->mappings);
	m->done.clock_start = 0;
	m->done.clock_end = 0;
}

static void compare(const struct machine *a, const struct machine *b)
{
	fuzz_assert(!memcmp(&a->done, &b->done, sizeof(a->done)));
	fuzz_assert(!memcmp(a->bus->memory + WORLD_AT(WORLD_DATA),
			    b->bus->memory + WORLD_AT(WORLD_DATA), DATA_SIZE));
	for (unsigned int i = 0; i < CORES; i++) {
		const struct npu_exec *x = a->npu->exec[i], *y = b->npu->exec[i];

		fuzz_assert(!memcmp(x->regs, y->regs, sizeof(x->regs)));
		fuzz_assert(!memcmp(x->sram, y->sram, FUZZ_PROGRAM_SRAM));
	}
}

/* Whether what a program does may depend on data: then a dry run may be in the dark. */
static bool looks_at_data(uint32_t size)
{
	const struct npu_insn *insn = (const void *)(code + sizeof(struct npu_program));

	for (size_t i = 0; i < (size - sizeof(struct npu_program)) / sizeof(*insn); i++)
		if (insn[i].opcode == NPU_OP_SLOAD)
			return true;
	return false;
}

/* A fault that depends on memory, of which a dry run has none. */
static bool of_memory(uint32_t code)
{
	switch (code) {
	case NPU_FAULT_CONTEXT:
	case NPU_FAULT_PAGE:
	case NPU_FAULT_PROTECTION:
	case NPU_FAULT_PAGE_TABLE:
	case NPU_FAULT_BUS:
	case NPU_FAULT_INDEX:
		return true;
	default:
		return false;
	}
}

static void foretell(const struct machine *m, const struct fuzz_program *head, uint32_t size)
{
	uint64_t args[256] = { 0 };
	struct npu_dry_run dry = {
		.config = &config, .program = malloc(size), .program_size = size,
		.cores = head->cores % (CORES + 1), .args = args, .num_args = head->num_args,
		.budget = 64u << head->budget % 4,
	};
	bool looks = looks_at_data(size);
	char error[256];

	memcpy((void *)dry.program, code, size);
	memcpy(args, head->args, sizeof(head->args));
	fuzz_assert(npu_dry_run(&dry, error, sizeof(error)));
	free((void *)dry.program);
	if (m->done.status == NPU_JOB_DONE) {
		fuzz_assert(dry.done.status == NPU_JOB_DONE || looks);
		fuzz_assert(dry.done.status != NPU_JOB_DONE ||
			    !memcmp(dry.done.counters, m->done.counters,
				    sizeof(dry.done.counters)));
	} else if (!looks && m->done.cores == 1 && !of_memory(m->done.fault.code)) {
		fuzz_assert(!memcmp(&dry.done.fault, &m->done.fault, sizeof(dry.done.fault)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_program head;
	uint32_t bytes;

	if (size < sizeof(head) + sizeof(struct npu_insn))
		return 0;
	start();
	memcpy(&head, data, sizeof(head));
	bytes = assemble(&head, data + sizeof(head), size - sizeof(head));
	for (unsigned int i = 0; i < MACHINES; i++)
		if (machines[i].npu)
			submit(&machines[i], &head, bytes);
	for (unsigned int i = 0; i < MACHINES; i++)
		if (machines[i].npu)
			wait_for(&machines[i]);
	for (unsigned int i = 1; i < MACHINES; i++)
		if (machines[i].npu)
			compare(&machines[0], &machines[i]);
	foretell(&machines[0], &head, bytes);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	return fuzz_program_mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
				 uint8_t *out, size_t max_size, unsigned int seed)
{
	return fuzz_program_cross(a, a_size, b, b_size, out, max_size, seed);
}
