// SPDX-License-Identifier: MIT
/*
 * Invalidation. Each core that a thread works for holds translations up to a
 * TLB_SEQ; TLB_DONE is the least of these. A core that no thread works for
 * drops what is stale before its next access.
 */
#include "device.h"

#define VA_LIMIT	(1ull << NPU_VA_BITS)

static void set_seen(struct npu_mmu *mmu, uint32_t seen)
{
	__atomic_store_n(&mmu->seen, seen, __ATOMIC_RELAXED);
}

uint32_t npu_tlb_shown(const struct npu_core *npu)
{
	const struct npu_tlb_regs *tlb = &npu->tlb;
	/* A distance, since the numbers wrap. */
	bool ahead = tlb->hiding && npu->tlb_seq - tlb->done >
				    npu->tlb_seq - tlb->hidden_seq;

	return tlb->done - tlb->hidden + ahead;
}

/* Advance TLB_DONE; vectors to raise. */
static uint32_t update_done(struct npu_core *npu)
{
	uint32_t done = npu->tlb_seq, shown = npu_tlb_shown(npu);

	for (unsigned int i = 0; i < npu->num_mmus; i++) {
		const struct npu_mmu *mmu = npu->mmus[i];

		/* Distances, since the numbers wrap. */
		if (mmu->active && npu->tlb_seq - mmu->seen > npu->tlb_seq - done)
			done = mmu->seen;
	}
	if (done == npu->tlb.done)
		return 0;
	npu->tlb.done = done;
	pthread_cond_broadcast(&npu->settled);
	return npu_tlb_shown(npu) == shown ? 0 : npu_irq_set(npu, NPU_IRQ_TLB);
}

bool npu_mmu_enter(struct npu_mmu *mmu)
{
	bool stale = mmu->seen != mmu->npu->tlb_seq;

	mmu->active = true;
	set_seen(mmu, mmu->npu->tlb_seq);
	return stale;
}

uint32_t npu_mmu_leave(struct npu_mmu *mmu)
{
	mmu->active = false;
	return update_done(mmu->npu);
}

void npu_tlb_acknowledge(struct npu_mmu *mmu)
{
	struct npu_core *npu = mmu->npu;
	uint32_t vectors;

	pthread_mutex_lock(&npu->lock);
	set_seen(mmu, npu->tlb_seq);
	vectors = update_done(npu);
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
}

/* Whether a command concerns translations that @mmu may hold. */
static bool concerns(const struct npu_core *npu, uint32_t cmd,
		     const struct npu_mmu *mmu)
{
	if (cmd == NPU_TLB_CMD_ALL)
		return true;
	if (mmu->context != npu->tlb.context)
		return false;
	return cmd == NPU_TLB_CMD_CTX ||
	       (npu->tlb.size && npu->tlb.va < VA_LIMIT);
}

uint32_t npu_tlb_invalidate(struct npu_core *npu, uint32_t cmd)
{
	uint32_t before = npu->tlb_seq;

	if (cmd < NPU_TLB_CMD_ALL || cmd > NPU_TLB_CMD_RANGE)
		return 0;
	/* Whom it does not concern has seen it, if all before it. */
	for (unsigned int i = 0; i < npu->num_mmus; i++) {
		struct npu_mmu *mmu = npu->mmus[i];

		if (mmu->active && mmu->seen == before &&
		    !concerns(npu, cmd, mmu))
			set_seen(mmu, before + 1);
	}
	__atomic_store_n(&npu->tlb_seq, before + 1, __ATOMIC_RELEASE);
	return update_done(npu);
}

void npu_core_invalidate(struct npu_core *npu)
{
	uint32_t vectors;

	pthread_mutex_lock(&npu->lock);
	while (npu->tlb.hiding)
		npu_settled_wait(npu);
	npu->tlb.hiding = true;
	npu->tlb.hidden++;
	npu->tlb.hidden_seq = npu->tlb_seq + 1;
	vectors = npu_tlb_invalidate(npu, NPU_TLB_CMD_ALL);
	while (npu->tlb.done != npu->tlb_seq)
		npu_settled_wait(npu);
	npu->tlb.hiding = false;
	pthread_cond_broadcast(&npu->settled);
	pthread_mutex_unlock(&npu->lock);
	npu_irq_raise(npu, vectors);
}
