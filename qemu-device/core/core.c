// SPDX-License-Identifier: MIT
/* Making and unmaking a machine, and its owner's way to the registers. */
#include "device.h"
#include "hazard.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SRAM_ALIGN	4096

struct complaint {
	char *text;
	size_t len;
};

#define complain(c, ...) npu_complain((c)->text, (c)->len, __VA_ARGS__)

bool npu_core_profile(const struct npu_core_config *config,
		      struct npu_profile *profile, char *error, size_t error_len)
{
	const struct complaint where = { error, error_len }, *c = &where;

	if (!npu_profile_load(config->profile, profile, error, error_len))
		return false;
	if (config->cores)
		profile->cores = config->cores;
	if (config->sram_size)
		profile->sram_size = config->sram_size;
	if (profile->cores > NPU_MAX_CORES)
		return complain(c, "cores=%u: at most %d", config->cores,
				NPU_MAX_CORES);
	if (profile->sram_size % NPU_SRAM_MIN ||
	    profile->sram_size > NPU_SRAM_MAX)
		return complain(c, "sram=%u: a multiple of %u, at most %u, is needed",
				config->sram_size, NPU_SRAM_MIN, NPU_SRAM_MAX);
	return true;
}

bool npu_core_choose(struct npu_core *npu, const struct npu_core_config *config,
		     char *error, size_t error_len)
{
	const struct complaint where = { error, error_len }, *c = &where;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (!npu_core_profile(config, &npu->profile, error, error_len))
		return false;
	npu->kernels = npu_kernels_pick(config->kernels);
	if (!npu->kernels)
		return complain(c, "kernels '%s' are unknown or cannot run on this host",
				config->kernels ? config->kernels : "");
	npu->num_queues = config->queues ? config->queues : NPU_DEFAULT_QUEUES;
	if (npu->num_queues < NPU_MIN_QUEUES || npu->num_queues > NPU_MAX_QUEUES)
		return complain(c, "queues=%u: from %d to %d", config->queues,
				NPU_MIN_QUEUES, NPU_MAX_QUEUES);
	if (config->pace && strcmp(config->pace, "model") &&
	    strcmp(config->pace, "host"))
		return complain(c, "pace=%s: 'model' and 'host' are possible",
				config->pace);
	npu->paced = config->pace && !strcmp(config->pace, "model");
	npu->pin = !config->no_pin;
	npu->num_threads = config->threads;
	if (!npu->num_threads)
		npu->num_threads = processors > 0 ? (unsigned int)processors : 1;
	if (npu->num_threads > npu->profile.cores)
		npu->num_threads = npu->profile.cores;
	return true;
}

static bool add_mmu(struct npu_core *npu, struct npu_mmu *mmu)
{
	mmu->npu = npu;
	npu->mmus[npu->num_mmus++] = mmu;
	return true;
}

static bool add_core(struct npu_core *npu, unsigned int i, bool hazards)
{
	struct npu_exec *ex = calloc(1, sizeof(*ex));

	npu->exec[i] = ex;
	if (!ex)
		return false;
	ex->npu = npu;
	ex->sram = aligned_alloc(SRAM_ALIGN, npu->profile.sram_size);
	if (hazards)
		ex->hazards = npu_hazards_new(npu->profile.sram_size);
	return ex->sram && (ex->hazards || !hazards) && add_mmu(npu, &ex->mmu);
}

static bool build(struct npu_core *npu, bool hazards)
{
	pthread_condattr_t attr;

	/* Memory that no job ever uses is never touched. */
	npu->num_execs = npu->num_queues * npu->profile.cores;
	for (unsigned int i = 0; i < npu->num_execs; i++)
		if (!add_core(npu, i, hazards))
			return false;
	npu->free_cores = 0xffffffffu >> (32 - npu->profile.cores);
	npu->ready_tail = &npu->ready;
	for (unsigned int q = 0; q < npu->num_queues; q++) {
		npu->queues[q].run.queue = q;
		add_mmu(npu, &npu->queues[q].run.mmu);
	}
	pthread_mutex_init(&npu->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&npu->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&npu->settled, NULL);
	npu_reset_begin(npu);
	return true;
}

/* Memory of a machine without threads. */
static void dismantle(struct npu_core *npu)
{
	for (unsigned int q = 0; q < npu->num_queues; q++) {
		free(npu->queues[q].run.program);
		free(npu->queues[q].run.mmu.windows);
	}
	for (unsigned int i = 0; i < npu->num_execs; i++) {
		struct npu_exec *ex = npu->exec[i];

		if (!ex)
			continue;
		free(ex->mmu.windows);
		npu_hazards_free(ex->hazards);
		free(ex->sram);
		free(ex);
	}
	for (unsigned int i = 0; i < npu->profile.cores; i++) {
		free(npu->rooms[i].bounce);
		free(npu->rooms[i].sums);
	}
	free(npu);
}

/* Signals are the owner's business: its threads get them, not these. */
static bool start_threads(struct npu_core *npu)
{
	unsigned int wanted = npu->num_threads, started = 0;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < wanted && !pthread_create(&npu->threads[started], NULL,
						   npu_sched_worker, npu))
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_lock(&npu->lock);
	npu->num_threads = started;
	pthread_mutex_unlock(&npu->lock);
	return started == wanted;
}

static void stop_threads(struct npu_core *npu)
{
	pthread_mutex_lock(&npu->lock);
	npu->quit = true;
	npu_sched_kick_all(npu);
	pthread_mutex_unlock(&npu->lock);
	for (unsigned int i = 0; i < npu->num_threads; i++)
		pthread_join(npu->threads[i], NULL);
	pthread_cond_destroy(&npu->settled);
	pthread_cond_destroy(&npu->work);
	pthread_mutex_destroy(&npu->lock);
}

struct npu_core *npu_core_new(const struct npu_core_config *config,
			      const struct npu_core_ops *ops, void *opaque,
			      char *error, size_t error_len)
{
	struct complaint c = { error, error_len };
	struct npu_core *npu = calloc(1, sizeof(*npu));

	if (!npu) {
		complain(&c, "out of memory");
		return NULL;
	}
	npu->ops = ops;
	npu->opaque = opaque;
	if (!npu_core_choose(npu, config, error, error_len)) {
		free(npu);
		return NULL;
	}
	if (!build(npu, config->hazards)) {
		complain(&c, "out of memory for %u cores of %u bytes of SRAM",
			 npu->profile.cores, npu->profile.sram_size);
		dismantle(npu);
		return NULL;
	}
	if (config->inject && !npu_core_inject(npu, config->inject, error, error_len)) {
		dismantle(npu);
		return NULL;
	}
	if (!start_threads(npu)) {
		complain(&c, "cannot start worker threads");
		stop_threads(npu);
		dismantle(npu);
		return NULL;
	}
	return npu;
}

void npu_core_free(struct npu_core *npu)
{
	if (!npu)
		return;
	npu_core_reset(npu);
	stop_threads(npu);
	dismantle(npu);
}

void npu_core_reset(struct npu_core *npu)
{
	struct npu_trace trace = { .kind = NPU_TRACE_RESET };

	pthread_mutex_lock(&npu->lock);
	npu->stuck = false;
	npu_reset_begin(npu);
	while (npu->resetting)
		npu_settled_wait(npu);
	pthread_mutex_unlock(&npu->lock);
	npu_trace(npu, &trace);
}

uint64_t npu_clock(const struct npu_core *npu)
{
	unsigned __int128 ns = npu->ops->clock_ns(npu->opaque);

	return (uint64_t)(ns * npu->profile.clock_khz / 1000000);
}

void npu_trace(const struct npu_core *npu, const struct npu_trace *event)
{
	if (npu->ops->trace)
		npu->ops->trace(npu->opaque, event);
}

void npu_core_set_power(struct npu_core *npu, bool awake)
{
	uint64_t clock = npu_clock(npu);

	pthread_mutex_lock(&npu->lock);
	npu_meter_advance(&npu->meter, &npu->profile, clock);
	npu->meter.asleep = !awake;
	pthread_mutex_unlock(&npu->lock);
}

static bool shows_time(uint32_t offset)
{
	switch (offset) {
	case NPU_REG_CLOCK_LO:
	case NPU_REG_CLOCK_HI:
	case NPU_REG_ENERGY_LO:
	case NPU_REG_ENERGY_HI:
	case NPU_REG_TEMP:
		return true;
	default:
		return false;
	}
}

static bool out_of_reach(uint32_t offset)
{
	return offset % 4 || offset >= NPU_BAR_REGS_SIZE;
}

uint32_t npu_core_read(struct npu_core *npu, uint32_t offset)
{
	uint64_t clock = 0;
	uint32_t value;

	if (out_of_reach(offset))
		return 0xffffffff;
	if (shows_time(offset))
		clock = npu_clock(npu);
	pthread_mutex_lock(&npu->lock);
	if (shows_time(offset))
		npu_meter_advance(&npu->meter, &npu->profile, clock);
	value = npu_regs_read(npu, offset);
	if (npu->resetting)
		clock = 0;
	pthread_mutex_unlock(&npu->lock);
	if (offset == NPU_REG_CLOCK_LO)
		return (uint32_t)clock;
	return offset == NPU_REG_CLOCK_HI ? (uint32_t)(clock >> 32) : value;
}

void npu_core_write(struct npu_core *npu, uint32_t offset, uint32_t value)
{
	struct npu_effect effect = { 0 };

	if (out_of_reach(offset))
		return;
	pthread_mutex_lock(&npu->lock);
	npu_regs_write(npu, offset, value, &effect);
	npu->busy += !!effect.vectors;
	pthread_mutex_unlock(&npu->lock);
	if (effect.traced)
		npu_trace(npu, &effect.trace);
	if (!effect.vectors)
		return;
	npu_irq_raise(npu, effect.vectors);
	pthread_mutex_lock(&npu->lock);
	npu->busy--;
	npu_reset_settle(npu);
	pthread_mutex_unlock(&npu->lock);
}
