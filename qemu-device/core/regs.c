// SPDX-License-Identifier: MIT
/* The register file, but for the queues'. */
#include "device.h"

#include <string.h>

#define LOW(x)	((uint32_t)(x))
#define HIGH(x)	((uint32_t)((x) >> 32))

static void set_low(uint64_t *reg, uint32_t value)
{
	*reg = (*reg & ~0xffffffffull) | value;
}

static void set_high(uint64_t *reg, uint32_t value)
{
	*reg = (uint64_t)value << 32 | LOW(*reg);
}

static uint32_t read_profile_name(const struct npu_profile *p, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, p->name + (offset - NPU_REG_PROFILE), sizeof(word));
	return word;
}

/* What the machine is: readable at any time. */
static bool read_capability(const struct npu_core *npu, uint32_t offset,
			    uint32_t *value)
{
	const struct npu_profile *p = &npu->profile;

	switch (offset) {
	case NPU_REG_ID:
		*value = NPU_ID_MAGIC;
		return true;
	case NPU_REG_VERSION:
		*value = NPU_REGS_VERSION;
		return true;
	case NPU_REG_ISA_VERSION:
		*value = NPU_ISA_VERSION;
		return true;
	case NPU_REG_MODEL_VERSION:
		*value = NPU_MODEL_VERSION;
		return true;
	case NPU_REG_CORES:
		*value = p->cores;
		return true;
	case NPU_REG_QUEUES:
		*value = npu->num_queues;
		return true;
	case NPU_REG_CONTEXTS:
		*value = NPU_MAX_CONTEXTS;
		return true;
	case NPU_REG_SRAM_SIZE:
		*value = p->sram_size;
		return true;
	case NPU_REG_VA_BITS:
		*value = NPU_VA_BITS;
		return true;
	case NPU_REG_CLOCK_KHZ:
		*value = p->clock_khz;
		return true;
	case NPU_REG_FEATURES_LO:
		*value = LOW(NPU_FEATURES);
		return true;
	case NPU_REG_FEATURES_HI:
		*value = HIGH(NPU_FEATURES);
		return true;
	case NPU_REG_MEM_MBPS:
		*value = p->mem_mbps < UINT32_MAX ? (uint32_t)p->mem_mbps : UINT32_MAX;
		return true;
	case NPU_REG_MACS_I8:
		*value = p->macs_i8;
		return true;
	case NPU_REG_MACS_I4:
		*value = p->macs_i4;
		return true;
	case NPU_REG_MACS_F16:
		*value = p->macs_f16;
		return true;
	case NPU_REG_VEC_LANES:
		*value = p->vec_lanes;
		return true;
	case NPU_REG_PROGRAM_MAX:
		*value = NPU_PROGRAM_SIZE_MAX;
		return true;
	case NPU_REG_BUDGET_MAX_LO:
		*value = LOW(NPU_BUDGET_MAX);
		return true;
	case NPU_REG_BUDGET_MAX_HI:
		*value = HIGH(NPU_BUDGET_MAX);
		return true;
	case NPU_REG_VECTORS:
		*value = NPU_MAX_VECTORS;
		return true;
	case NPU_REG_WORK_MAX:
		*value = NPU_WORK_MAX_LOG2;
		return true;
	case NPU_REG_TEMP_MAX:
		*value = NPU_METER_MAX_MC;
		return true;
	case NPU_REG_IDLE_MW:
		*value = npu_meter_idle_mw(p);
		return true;
	case NPU_REG_SLEEP_MW:
		*value = npu_meter_sleep_mw(p);
		return true;
	}
	if (offset < NPU_REG_PROFILE ||
	    offset >= NPU_REG_PROFILE + NPU_PROFILE_NAME_LEN)
		return false;
	*value = read_profile_name(p, offset);
	return true;
}

static bool job_under_way(const struct npu_core *npu)
{
	for (unsigned int q = 0; q < npu->num_queues; q++) {
		enum npu_run_state state = npu->queues[q].run.state;

		if (state != NPU_RUN_IDLE && state != NPU_RUN_WAITING)
			return true;
		if (npu->queues[q].error_event || npu->queues[q].threads)
			return true;
	}
	return false;
}

static bool is_busy(const struct npu_core *npu)
{
	return npu->resetting || npu->tlb_seq != npu->tlb.done ||
	       job_under_way(npu);
}

static uint32_t read_status(const struct npu_core *npu)
{
	uint32_t status = 0;

	if (!npu->resetting)
		status |= NPU_STATUS_READY;
	if (npu->fatal)
		status |= NPU_STATUS_FATAL;
	if (is_busy(npu))
		status |= NPU_STATUS_BUSY;
	return status;
}

static uint32_t read_counter(const struct npu_core *npu, uint32_t offset)
{
	uint64_t total = npu->totals[(offset - NPU_REG_COUNTER(0)) / 8];

	return offset & 4 ? HIGH(total) : LOW(total);
}

static uint32_t read_energy(const struct npu_core *npu, uint32_t offset)
{
	uint64_t part = npu->energy[(offset - NPU_REG_ENERGY_PART(0)) / 8];

	return offset & 4 ? HIGH(part) : LOW(part);
}

static bool is_energy(uint32_t offset)
{
	return offset >= NPU_REG_ENERGY_PART(0) &&
	       offset < NPU_REG_ENERGY_PART(NPU_ENERGY_PARTS);
}

static bool is_counter(uint32_t offset)
{
	return offset >= NPU_REG_COUNTER(0) &&
	       offset < NPU_REG_COUNTER(NPU_CNT_COUNT);
}

/* The queue whose register @offset is, or -1. */
static int queue_of(const struct npu_core *npu, uint32_t offset)
{
	uint32_t q = (offset - NPU_QUEUE_BASE) / NPU_QUEUE_STRIDE;

	return offset >= NPU_QUEUE_BASE && q < npu->num_queues ? (int)q : -1;
}

static uint32_t read_control(const struct npu_core *npu, uint32_t offset)
{
	switch (offset) {
	case NPU_REG_CTRL:
		return npu->enabled ? NPU_CTRL_ENABLE : 0;
	case NPU_REG_IRQ_STATUS:
		return npu->irq.status;
	case NPU_REG_IRQ_ENABLE:
		return npu->irq.enable;
	case NPU_REG_EVENT_VECTOR:
		return npu->irq.vector;
	case NPU_REG_TIMESLICE:
		return npu->timeslice;
	case NPU_REG_EVENT_BASE_LO:
		return LOW(npu->events.base_reg);
	case NPU_REG_EVENT_BASE_HI:
		return HIGH(npu->events.base_reg);
	case NPU_REG_EVENT_SIZE:
		return npu->events.log2;
	case NPU_REG_EVENT_PROD:
		return npu->events.prod;
	case NPU_REG_EVENT_CONS:
		return npu->events.cons;
	case NPU_REG_EVENT_DROPPED:
		return npu->events.dropped;
	case NPU_REG_CTX_BASE_LO:
		return LOW(npu->context_reg);
	case NPU_REG_CTX_BASE_HI:
		return HIGH(npu->context_reg);
	case NPU_REG_CTX_COUNT:
		return npu->context_count;
	case NPU_REG_TLB_CTX:
		return npu->tlb.context;
	case NPU_REG_TLB_VA_LO:
		return LOW(npu->tlb.va);
	case NPU_REG_TLB_VA_HI:
		return HIGH(npu->tlb.va);
	case NPU_REG_TLB_SIZE_LO:
		return LOW(npu->tlb.size);
	case NPU_REG_TLB_SIZE_HI:
		return HIGH(npu->tlb.size);
	case NPU_REG_TLB_SEQ:
		return npu->tlb_seq - npu->tlb.hidden;
	case NPU_REG_INJECT:
		return npu_inject_read(npu);
	case NPU_REG_TLB_DONE:
		return npu_tlb_shown(npu);
	case NPU_REG_ENERGY_LO:
		return LOW(npu->meter.energy_uj);
	case NPU_REG_ENERGY_HI:
		return HIGH(npu->meter.energy_uj);
	case NPU_REG_TEMP:
		return (uint32_t)npu_meter_temperature(&npu->meter);
	default:
		return 0;
	}
}

uint32_t npu_regs_read(struct npu_core *npu, uint32_t offset)
{
	uint32_t value;
	int q;

	if (read_capability(npu, offset, &value))
		return value;
	if (offset == NPU_REG_STATUS)
		return read_status(npu);
	if (npu->resetting)
		return 0;
	if (is_energy(offset))
		return read_energy(npu, offset);
	if (is_counter(offset))
		return read_counter(npu, offset);
	q = queue_of(npu, offset);
	if (q >= 0)
		return npu_queue_read(npu, (unsigned int)q, offset % NPU_QUEUE_STRIDE);
	return read_control(npu, offset);
}

static void write_ctrl(struct npu_core *npu, uint32_t value,
		       struct npu_effect *effect)
{
	if (value & NPU_CTRL_RESET) {
		effect->traced = true;
		effect->trace.kind = NPU_TRACE_RESET;
		npu->stuck = npu_inject_now(npu, NPU_INJECT_STUCK_RESET);
		npu_reset_begin(npu);
		return;
	}
	npu->enabled = value & NPU_CTRL_ENABLE;
	npu_sched_allocate(npu);
	npu_sched_kick(npu);
}

static void write_context_count(struct npu_core *npu, uint32_t count)
{
	if (npu->enabled || is_busy(npu) || count > NPU_MAX_CONTEXTS ||
	    (count && npu->context_reg % 64))
		return;
	npu->context_base = npu->context_reg;
	npu->context_count = count;
}

void npu_regs_write(struct npu_core *npu, uint32_t offset, uint32_t value,
		    struct npu_effect *effect)
{
	int q = queue_of(npu, offset);

	if (npu->resetting)
		return;
	if (q >= 0) {
		npu_queue_write(npu, (unsigned int)q, offset % NPU_QUEUE_STRIDE, value,
				effect);
		return;
	}
	switch (offset) {
	case NPU_REG_CTRL:
		write_ctrl(npu, value, effect);
		break;
	case NPU_REG_IRQ_STATUS:
		npu_irq_clear(npu, value);
		break;
	case NPU_REG_IRQ_ENABLE_SET:
		effect->vectors |= npu_irq_enable(npu, value);
		break;
	case NPU_REG_IRQ_ENABLE_CLR:
		npu->irq.enable &= ~value;
		break;
	case NPU_REG_EVENT_VECTOR:
		npu->irq.vector = value;
		break;
	case NPU_REG_TIMESLICE:
		npu->timeslice = value;
		npu_sched_allocate(npu);
		npu_sched_kick(npu);
		break;
	case NPU_REG_EVENT_BASE_LO:
		set_low(&npu->events.base_reg, value);
		break;
	case NPU_REG_EVENT_BASE_HI:
		set_high(&npu->events.base_reg, value);
		break;
	case NPU_REG_EVENT_SIZE:
		if (!npu->enabled && !is_busy(npu))
			npu_event_set_ring(npu, value);
		break;
	case NPU_REG_EVENT_CONS:
		npu->events.cons = value;
		break;
	case NPU_REG_CTX_BASE_LO:
		set_low(&npu->context_reg, value);
		break;
	case NPU_REG_CTX_BASE_HI:
		set_high(&npu->context_reg, value);
		break;
	case NPU_REG_CTX_COUNT:
		write_context_count(npu, value);
		break;
	case NPU_REG_TLB_CTX:
		npu->tlb.context = value;
		break;
	case NPU_REG_TLB_VA_LO:
		set_low(&npu->tlb.va, value);
		break;
	case NPU_REG_TLB_VA_HI:
		set_high(&npu->tlb.va, value);
		break;
	case NPU_REG_TLB_SIZE_LO:
		set_low(&npu->tlb.size, value);
		break;
	case NPU_REG_TLB_SIZE_HI:
		set_high(&npu->tlb.size, value);
		break;
	case NPU_REG_INJECT:
		npu_inject_write(npu, value);
		break;
	case NPU_REG_TLB_CMD:
		effect->vectors |= npu_tlb_invalidate(npu, value);
		break;
	}
}

bool npu_context_address(struct npu_core *npu, uint32_t context, uint64_t *at)
{
	bool known;

	pthread_mutex_lock(&npu->lock);
	known = context < npu->context_count;
	*at = npu->context_base + context * sizeof(struct npu_context);
	pthread_mutex_unlock(&npu->lock);
	return known;
}
