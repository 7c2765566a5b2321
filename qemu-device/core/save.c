// SPDX-License-Identifier: MIT
/* The whole machine as bytes: hardware.rst, "Saved state". */
#include "device.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC	0x455441545355504eull	/* "NPUSTATE" */
#define VERSION	2

/* More than all fields of fixed size, of a queue and of a core. */
#define FIXED		(64u << 10)
#define PER_CORE	(sizeof(struct npu_timing) + FIXED)

uint64_t npu_core_state_max(const struct npu_core *npu)
{
	return FIXED + (uint64_t)npu->num_queues * (FIXED + NPU_PROGRAM_SIZE_MAX) +
	       (uint64_t)npu->num_execs * (npu->profile.sram_size + PER_CORE);
}

#define SAME(s, p, name)	npu_state_same((s), #name, (p)->name)

/* All that results, cycles and energies follow from. */
static void same_machine(struct npu_state *s, const struct npu_core *npu)
{
	const struct npu_profile *p = &npu->profile;

	npu_state_same_text(s, "profile", p->name, NPU_PROFILE_NAME_LEN);
	SAME(s, p, cores);
	SAME(s, p, sram_size);
	npu_state_same(s, "queues", npu->num_queues);
	npu_state_same(s, "pace=model", npu->paced);
	SAME(s, p, clock_khz);
	SAME(s, p, mem_mbps);
	SAME(s, p, mem_size);
	SAME(s, p, mem_latency);
	SAME(s, p, mem_burst);
	SAME(s, p, sram_banks);
	SAME(s, p, sram_bank_bytes);
	SAME(s, p, queue_cycles);
	SAME(s, p, irq_cycles);
	SAME(s, p, array_cols);
	SAME(s, p, macs_i8);
	SAME(s, p, macs_i4);
	SAME(s, p, macs_f16);
	SAME(s, p, vec_lanes);
	SAME(s, p, fj_mac_i8);
	SAME(s, p, fj_mac_i4);
	SAME(s, p, fj_mac_f16);
	SAME(s, p, fj_vec_op);
	SAME(s, p, fj_sram_byte);
	SAME(s, p, fj_mem_byte);
	SAME(s, p, fj_cycle);
	SAME(s, p, idle_mw);
	SAME(s, p, max_mw);
}

static void same_format(struct npu_state *s, const struct npu_core *npu)
{
	npu_state_same(s, "the first word of the state", MAGIC);
	npu_state_same(s, "the state's version", VERSION);
	npu_state_same(s, "the registers' version", NPU_REGS_VERSION);
	npu_state_same(s, "the instruction set's version", NPU_ISA_VERSION);
	npu_state_same(s, "the set of features", NPU_FEATURES);
	same_machine(s, npu);
}

static void visit_irq(struct npu_state *s, struct npu_core *npu)
{
	npu_state_u32(s, "IRQ_STATUS", &npu->irq.status, UINT32_MAX);
	npu_state_u32(s, "IRQ_ENABLE", &npu->irq.enable, UINT32_MAX);
	npu_state_u32(s, "EVENT_VECTOR", &npu->irq.vector, UINT32_MAX);
}

static void visit_events(struct npu_state *s, struct npu_event_ring *ring)
{
	npu_state_u64(s, &ring->base_reg);
	npu_state_u64(s, &ring->base);
	npu_state_u32(s, "EVENT_SIZE", &ring->log2, NPU_EVENT_LOG2_MAX);
	npu_state_u32(s, "EVENT_PROD", &ring->prod, UINT32_MAX);
	npu_state_u32(s, "EVENT_CONS", &ring->cons, UINT32_MAX);
	npu_state_u32(s, "EVENT_DROPPED", &ring->dropped, UINT32_MAX);
}

/* Nothing is held, so all invalidations are done. */
static void visit_tlb(struct npu_state *s, struct npu_core *npu)
{
	struct npu_tlb_regs *tlb = &npu->tlb;
	uint32_t seq = npu_state_number(s, "TLB_SEQ", npu->tlb_seq, UINT32_MAX);

	npu_state_u32(s, "hidden invalidations", &tlb->hidden, UINT32_MAX);
	npu_state_u32(s, "TLB_CTX", &tlb->context, UINT32_MAX);
	npu_state_u64(s, &tlb->va);
	npu_state_u64(s, &tlb->size);
	if (!s->loading || s->failed)
		return;
	tlb->done = seq;
	__atomic_store_n(&npu->tlb_seq, seq, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < npu->num_mmus; i++)
		npu->mmus[i]->seen = seq;
}

static void visit_contexts(struct npu_state *s, struct npu_core *npu)
{
	npu_state_u64(s, &npu->context_reg);
	npu_state_u64(s, &npu->context_base);
	npu_state_u32(s, "CTX_COUNT", &npu->context_count, NPU_MAX_CONTEXTS);
}

static void visit_inject(struct npu_state *s, struct npu_inject *inject)
{
	npu_state_bool(s, "faults on demand", &inject->allowed);
	for (unsigned int i = 0; i < NPU_INJECT_KINDS; i++)
		npu_state_u32(s, "occasions until a fault", &inject->countdown[i],
			      inject->allowed ? UINT32_MAX : 0);
}

/* Its own arithmetic keeps @heat_uk within what the register can show. */
static void visit_meter(struct npu_state *s, struct npu_meter *meter)
{
	int64_t most = (int64_t)INT32_MAX * 1000;
	uint64_t heat = (uint64_t)meter->heat_uk;

	npu_state_u64(s, &meter->ms);
	npu_state_u64(s, &meter->energy_uj);
	npu_state_u64(s, &meter->rest_pj);
	npu_state_u64(s, &heat);
	npu_state_bool(s, "asleep", &meter->asleep);
	if (meter->rest_pj >= 1000000 || (int64_t)heat > most || (int64_t)heat < -most)
		npu_state_refuse(s, "the meter shows what it cannot");
	else
		meter->heat_uk = (int64_t)heat;
}

static void visit_device(struct npu_state *s, struct npu_core *npu)
{
	npu_state_part(s, NULL, 0);
	npu_state_bool(s, "CTRL.ENABLE", &npu->enabled);
	npu_state_bool(s, "STATUS.FATAL", &npu->fatal);
	npu_state_bool(s, "a reset under way", &npu->resetting);
	npu_state_bool(s, "a stuck reset", &npu->stuck);
	if (npu->resetting && !npu->stuck)
		npu_state_refuse(s, "a reset is under way that is not stuck");
	visit_inject(s, &npu->inject);
	visit_irq(s, npu);
	visit_events(s, &npu->events);
	visit_tlb(s, npu);
	visit_contexts(s, npu);
	npu_state_bytes(s, npu->totals, sizeof(npu->totals));
	npu_state_bytes(s, npu->energy, sizeof(npu->energy));
	visit_meter(s, &npu->meter);
	npu_state_u32(s, "TIMESLICE", &npu->timeslice, UINT32_MAX);
	npu_state_u64(s, &npu->tickets);
}

static void visit_queue(struct npu_state *s, struct npu_core *npu, unsigned int q)
{
	struct npu_queue *queue = &npu->queues[q];

	npu_state_part(s, "queue", q);
	npu_state_bool(s, "enabled", &queue->enabled);
	npu_state_bool(s, "error", &queue->error);
	npu_state_bool(s, "error_event", &queue->error_event);
	npu_state_bool(s, "resetting", &queue->resetting);
	npu_state_bool(s, "stuck", &queue->stuck);
	npu_state_u64(s, &queue->base_reg);
	npu_state_u32(s, "Q_SIZE", &queue->size_reg, UINT32_MAX);
	npu_state_u64(s, &queue->base);
	npu_state_u32(s, "log2 of its entries", &queue->log2, NPU_QUEUE_LOG2_MAX);
	npu_state_u32(s, "ring", &queue->ring, UINT32_MAX);
	npu_state_u32(s, "Q_HEAD", &queue->head, UINT32_MAX);
	npu_state_u32(s, "Q_TAIL", &queue->tail, UINT32_MAX);
	npu_state_u32(s, "Q_VECTOR", &queue->vector, UINT32_MAX);
	npu_state_u32(s, "Q_PRIORITY", &queue->priority, NPU_Q_PRIORITY_MAX);
	npu_state_u64(s, &queue->arrival);
	npu_state_bytes(s, queue->aborted, sizeof(queue->aborted));
	if (queue->tail - queue->head > 1u << queue->log2)
		npu_state_refuse(s, "Q_TAIL is %u, too far from Q_HEAD, %u, for %u entries",
				 queue->tail, queue->head, 1u << queue->log2);
	npu_state_run(s, npu, &queue->run);
	if (queue->run.state != NPU_RUN_IDLE && queue->run.ring == queue->ring &&
	    queue->head == queue->tail)
		npu_state_refuse(s, "a job is at the head of an empty ring");
	queue->job_id = queue->run.state >= NPU_RUN_SUSPENDED ? queue->run.desc.id : 0;
}

static void visit(struct npu_state *s, struct npu_core *npu)
{
	same_format(s, npu);
	visit_device(s, npu);
	for (unsigned int q = 0; q < npu->num_queues; q++)
		visit_queue(s, npu, q);
	npu_state_part(s, NULL, 0);
	npu_state_ready(s, npu);
	if (s->loading && !s->failed && s->at != s->len)
		npu_state_refuse(s, "%zu bytes follow the state", s->len - s->at);
}

void *npu_core_save(struct npu_core *npu, size_t *len)
{
	struct npu_state s = { 0 };

	pthread_mutex_lock(&npu->lock);
	visit(&s, npu);
	pthread_mutex_unlock(&npu->lock);
	if (s.failed) {
		free(s.data);
		return NULL;
	}
	*len = s.len;
	return s.data;
}

/* Whatever a state that was refused has left behind. */
static void forget(struct npu_core *npu)
{
	for (unsigned int i = 0; i < npu->num_execs; i++)
		npu->exec[i]->run = NULL;
	npu->free_cores = 0xffffffffu >> (32 - npu->profile.cores);
	npu->ready = NULL;
	npu->ready_tail = &npu->ready;
	for (unsigned int q = 0; q < npu->num_queues; q++) {
		struct npu_run *run = &npu->queues[q].run;

		/* Threads look at these without a look at the state. */
		run->state = NPU_RUN_IDLE;
		run->num_cores = 0;
		run->due_ns = 0;
		run->parked = false;
	}
	npu->resetting = false;
	npu->stuck = false;
	npu->meter = (struct npu_meter){ 0 };
	npu_reset_registers(npu);
}

bool npu_core_load(struct npu_core *npu, const void *data, size_t len, char *error,
		   size_t error_len)
{
	struct npu_state s = {
		.loading = true, .data = (uint8_t *)data, .len = len,
		.error = error, .error_len = error_len,
	};

	npu_core_reset(npu);
	pthread_mutex_lock(&npu->lock);
	visit(&s, npu);
	if (s.failed)
		forget(npu);
	pthread_mutex_unlock(&npu->lock);
	return !s.failed;
}
