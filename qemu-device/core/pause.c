// SPDX-License-Identifier: MIT
/*
 * The machine held still: no thread works, no memory is mapped, and all that a
 * job is lies in the machine's own structures. Only a reset goes on, since
 * whoever asked for it may wait for it.
 */
#include "device.h"

bool npu_pause_halts(const struct npu_core *npu)
{
	return npu->unmapping ||
	       (__atomic_load_n(&npu->paused, __ATOMIC_RELAXED) && !npu->resetting);
}

/* Mappings that cores kept for their next slice. */
static void let_go(struct npu_core *npu)
{
	npu->unmapping = true;
	pthread_mutex_unlock(&npu->lock);
	for (unsigned int i = 0; i < npu->num_mmus; i++)
		npu_mmu_drop(npu->mmus[i]);
	pthread_mutex_lock(&npu->lock);
	npu->unmapping = false;
}

void npu_core_pause(struct npu_core *npu)
{
	pthread_mutex_lock(&npu->lock);
	__atomic_store_n(&npu->paused, true, __ATOMIC_RELAXED);
	while (npu->busy || (npu->resetting && !npu_reset_rests(npu)))
		npu_settled_wait(npu);
	let_go(npu);
	/* A reset may have begun meanwhile. */
	npu_sched_kick_all(npu);
	pthread_mutex_unlock(&npu->lock);
}

void npu_core_resume(struct npu_core *npu)
{
	pthread_mutex_lock(&npu->lock);
	__atomic_store_n(&npu->paused, false, __ATOMIC_RELAXED);
	npu_sched_allocate(npu);
	npu_sched_kick_all(npu);
	pthread_mutex_unlock(&npu->lock);
}

void npu_settled_wait(struct npu_core *npu)
{
	if (!npu->nudged) {
		pthread_cond_wait(&npu->settled, &npu->lock);
		return;
	}
	npu->nudged = false;
	pthread_mutex_unlock(&npu->lock);
	npu->ops->serve(npu->opaque);
	pthread_mutex_lock(&npu->lock);
}

void npu_core_nudge(struct npu_core *npu)
{
	pthread_mutex_lock(&npu->lock);
	npu->nudged = npu->ops->serve;
	pthread_cond_broadcast(&npu->settled);
	pthread_mutex_unlock(&npu->lock);
}
