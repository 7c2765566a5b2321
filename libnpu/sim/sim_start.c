// SPDX-License-Identifier: MIT
/* Starting a machine: its facts, rings, tables and interrupts. */
#include "sim_machine.h"

#include <errno.h>
#include <string.h>

#define IRQ_QUEUES	(0xffffu << 16)

/* For which a job keeps its cores while others of its priority wait: as the driver. */
#define TIMESLICE_MS	1

/* As the driver: with few queues one for each priority, of more most are normal. */
static const uint8_t priorities[] = {
	DRM_NPU_PRIORITY_NORMAL, DRM_NPU_PRIORITY_HIGH,
	DRM_NPU_PRIORITY_LOW, DRM_NPU_PRIORITY_REALTIME,
	DRM_NPU_PRIORITY_NORMAL, DRM_NPU_PRIORITY_NORMAL,
	DRM_NPU_PRIORITY_HIGH, DRM_NPU_PRIORITY_NORMAL,
};

void sim_write64(struct sim *sim, uint32_t reg, uint64_t value)
{
	npu_core_write(sim->core, reg, value);
	npu_core_write(sim->core, reg + 4, value >> 32);
}

uint64_t sim_read64(struct sim *sim, uint32_t reg)
{
	uint32_t high = npu_core_read(sim->core, reg + 4), low, before;

	do {
		before = high;
		low = npu_core_read(sim->core, reg);
		high = npu_core_read(sim->core, reg + 4);
	} while (high != before);
	return (uint64_t)high << 32 | low;
}

static void read_profile(struct sim *sim)
{
	for (uint32_t i = 0; i < NPU_PROFILE_NAME_LEN; i += 4) {
		uint32_t word = npu_core_read(sim->core, NPU_REG_PROFILE + i);

		memcpy(sim->info.profile + i, &word, sizeof(word));
	}
}

static void read_info(struct sim *sim)
{
	struct drm_npu_device_info *info = &sim->info;
	struct npu_core *core = sim->core;

	info->regs_version = npu_core_read(core, NPU_REG_VERSION);
	info->isa_version = npu_core_read(core, NPU_REG_ISA_VERSION);
	info->model_version = npu_core_read(core, NPU_REG_MODEL_VERSION);
	info->cores = npu_core_read(core, NPU_REG_CORES);
	info->queues = npu_core_read(core, NPU_REG_QUEUES);
	info->sram_size = npu_core_read(core, NPU_REG_SRAM_SIZE);
	info->va_bits = npu_core_read(core, NPU_REG_VA_BITS);
	info->clock_khz = npu_core_read(core, NPU_REG_CLOCK_KHZ);
	info->features = sim_read64(sim, NPU_REG_FEATURES_LO);
	info->page_sizes = NPU_PAGE_SIZE | NPU_HUGE_SIZE;
	info->mem_mbps = npu_core_read(core, NPU_REG_MEM_MBPS);
	info->macs_i8 = npu_core_read(core, NPU_REG_MACS_I8);
	info->macs_i4 = npu_core_read(core, NPU_REG_MACS_I4);
	info->macs_f16 = npu_core_read(core, NPU_REG_MACS_F16);
	info->vec_lanes = npu_core_read(core, NPU_REG_VEC_LANES);
	info->program_max = npu_core_read(core, NPU_REG_PROGRAM_MAX);
	info->budget_max = sim_read64(sim, NPU_REG_BUDGET_MAX_LO);
	info->work_max = npu_core_read(core, NPU_REG_WORK_MAX);
	info->va_start = NPU_HUGE_SIZE;
	info->va_end = 1ull << NPU_VA_BITS;
	info->max_args = NPU_JOB_MAX_ARGS;
	info->timeout_default_ms = SIM_TIMEOUT_MS;
	info->timeout_max_ms = SIM_TIMEOUT_MAX_MS;
	info->max_vms = SIM_MAX_VMS;
	info->max_contexts = SIM_MAX_CONTEXTS;
	read_profile(sim);
}

static void *alloc(struct sim *sim, size_t size, uint64_t *addr)
{
	uint64_t pages = (size + NPU_PAGE_SIZE - 1) / NPU_PAGE_SIZE;

	return sim_bus_alloc(&sim->bus, pages * NPU_PAGE_SIZE, addr);
}

static int init_queue(struct sim *sim, uint32_t q)
{
	struct sim_queue *queue = &sim->queues[q];

	queue->id = q;
	queue->priority = priorities[q % sizeof(priorities)];
	TAILQ_INIT(&queue->jobs);
	queue->ring = alloc(sim, SIM_RING_JOBS * sizeof(*queue->ring),
			    &queue->ring_bus);
	queue->done = alloc(sim, SIM_RING_JOBS * sizeof(*queue->done),
			    &queue->done_bus);
	return queue->ring && queue->done ? 0 : -ENOMEM;
}

int sim_start_init(struct sim *sim)
{
	int ret = 0;

	read_info(sim);
	sim->table = alloc(sim, SIM_ASIDS * sizeof(*sim->table),
			   &sim->table_bus);
	if (!sim->table)
		return -ENOMEM;
	for (uint32_t q = 0; q < sim->info.queues && !ret; q++)
		ret = init_queue(sim, q);
	if (!ret)
		sim_start(sim);
	for (uint32_t q = 0; q < sim->info.queues && !ret; q++)
		sim_queue_start(sim, &sim->queues[q]);
	return ret;
}

void sim_start(struct sim *sim)
{
	struct npu_core *core = sim->core;

	sim_write64(sim, NPU_REG_CTX_BASE_LO, sim->table_bus);
	npu_core_write(core, NPU_REG_CTX_COUNT, SIM_ASIDS);
	npu_core_write(core, NPU_REG_EVENT_VECTOR, 0);
	npu_core_write(core, NPU_REG_TIMESLICE, sim->info.clock_khz * TIMESLICE_MS);
	npu_core_write(core, NPU_REG_IRQ_ENABLE_SET,
		       NPU_IRQ_FATAL | NPU_IRQ_TLB | IRQ_QUEUES);
	npu_core_write(core, NPU_REG_CTRL, NPU_CTRL_ENABLE);
}
