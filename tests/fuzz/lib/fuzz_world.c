// SPDX-License-Identifier: MIT
#include "fuzz_world.h"

#include <string.h>

#define PAGE_RW	(NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ | NPU_PTE_WRITE)
#define PAGE_RO	(NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ)
#define ENTRIES	512u

static void put(uint8_t *memory, unsigned int page, unsigned int entry, uint64_t pte)
{
	memcpy(memory + WORLD_AT(page) + 8 * entry, &pte, sizeof(pte));
}

static void put_context(uint8_t *memory, unsigned int i, unsigned int table)
{
	struct npu_context context = {
		.flags = NPU_CONTEXT_VALID, .page_table = WORLD_BUS(table),
	};

	memcpy(memory + WORLD_AT(WORLD_CONTEXTS) + i * sizeof(context), &context,
	       sizeof(context));
}

static uint64_t leaf(unsigned int entry)
{
	uint64_t data = WORLD_BUS(WORLD_DATA + entry % WORLD_DATA_PAGES);

	if (entry >= WORLD_ABSENT)
		return 0;
	if (entry >= WORLD_CODE_ENTRY && entry < WORLD_CODE_ENTRY + WORLD_TABLES - WORLD_PROGRAMS)
		return PAGE_RO | WORLD_BUS(WORLD_PROGRAMS + entry - WORLD_CODE_ENTRY);
	return (entry >= WORLD_READ_ONLY ? PAGE_RO : PAGE_RW) | data;
}

void fuzz_world_build(uint8_t *memory)
{
	memset(memory, 0, FUZZ_SIZE);
	put_context(memory, 1, WORLD_ROOT);
	put_context(memory, 2, WORLD_TABLES);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		put(memory, WORLD_ROOT, i, NPU_PTE_VALID | WORLD_BUS(WORLD_MIDDLE));
		put(memory, WORLD_MIDDLE, i, NPU_PTE_VALID | WORLD_BUS(WORLD_LEAVES));
		put(memory, WORLD_LEAVES, i, leaf(i));
	}
	put(memory, WORLD_MIDDLE, ENTRIES - 1, PAGE_RO | FUZZ_BASE);
}

uint32_t fuzz_world_program(uint8_t *memory, unsigned int page, const struct npu_insn *insns,
			    uint32_t count, uint32_t sram)
{
	struct npu_program header = {
		.magic = NPU_PROGRAM_MAGIC, .isa_version = NPU_ISA_VERSION,
		.num_insns = count, .sram_size = sram,
	};

	memcpy(memory + WORLD_AT(page), &header, sizeof(header));
	memcpy(memory + WORLD_AT(page) + sizeof(header), insns, count * sizeof(*insns));
	return sizeof(header) + count * sizeof(*insns);
}

struct npu_job fuzz_world_job(unsigned int page, uint32_t size)
{
	return (struct npu_job){
		.id = 1, .flags = NPU_JOB_IRQ, .context = 1, .program = WORLD_CODE_VA(page),
		.program_size = size, .cores = 1, .budget = 64,
	};
}

static void start_queue(struct npu_core *npu, unsigned int q)
{
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_BASE_LO), WORLD_BUS(WORLD_RINGS + q));
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_BASE_HI), 0);
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_SIZE), 3);
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_VECTOR), 1 + q);
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_PRIORITY), q / 2);
	npu_core_write(npu, NPU_REG_Q(q, NPU_Q_CTRL), NPU_Q_CTRL_ENABLE);
}

void fuzz_world_start(struct npu_core *npu)
{
	npu_core_write(npu, NPU_REG_EVENT_BASE_LO, WORLD_BUS(WORLD_EVENTS));
	npu_core_write(npu, NPU_REG_EVENT_BASE_HI, 0);
	npu_core_write(npu, NPU_REG_EVENT_SIZE, 4);
	npu_core_write(npu, NPU_REG_EVENT_VECTOR, 0);
	npu_core_write(npu, NPU_REG_CTX_BASE_LO, WORLD_BUS(WORLD_CONTEXTS));
	npu_core_write(npu, NPU_REG_CTX_BASE_HI, 0);
	npu_core_write(npu, NPU_REG_CTX_COUNT, 4);
	npu_core_write(npu, NPU_REG_IRQ_ENABLE_SET, 0xffffffff);
	for (unsigned int q = 0; q < WORLD_QUEUES; q++)
		start_queue(npu, q);
	npu_core_write(npu, NPU_REG_TIMESLICE, 64);
	npu_core_write(npu, NPU_REG_CTRL, NPU_CTRL_ENABLE);
}
