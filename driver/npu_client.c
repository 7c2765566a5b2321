// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients: what each open file has used, and how fdinfo tells it.
 *
 * The keys are those of Documentation/gpu/drm-usage-stats.rst, so that monitors
 * for GPUs read them. "npu" is time for which cores were held, on the device's
 * clock; the engines of a core are busy for a part of that, in modelled time.
 * A job counts when it ends.
 */
#include <linux/math64.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "npu_client.h"
#include "npu_device.h"
#include "npu_drv.h"

/**
 * npu_client_create() - make a client for the current process
 * @npu: device
 * @drm_file: file that it opens
 *
 * Return: client, or NULL if there is no memory.
 */
struct npu_client *npu_client_create(struct npu_device *npu, struct drm_file *drm_file)
{
	struct npu_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);

	if (!client)
		return NULL;
	kref_init(&client->refcount);
	spin_lock_init(&client->lock);
	client->npu = npu;
	client->drm_file = drm_file;
	client->id = drm_file->client_id;
	client->pid = task_tgid_nr(current);
	get_task_comm(client->comm, current->group_leader);
	spin_lock_irq(&npu->clients_lock);
	list_add_tail(&client->link, &npu->clients);
	spin_unlock_irq(&npu->clients_lock);
	return client;
}

/**
 * npu_client_close() - its file is gone
 * @client: client; the file's reference is dropped
 */
void npu_client_close(struct npu_client *client)
{
	spin_lock_irq(&client->npu->clients_lock);
	list_del(&client->link);
	spin_unlock_irq(&client->npu->clients_lock);
	npu_client_put(client);
}

static void npu_client_release(struct kref *refcount)
{
	kfree(container_of(refcount, struct npu_client, refcount));
}

/**
 * npu_client_put() - drop a reference
 * @client: client
 */
void npu_client_put(struct npu_client *client)
{
	kref_put(&client->refcount, npu_client_release);
}

/**
 * npu_client_account() - add a job that has ended
 * @client: client
 * @completion: what the device wrote, or NULL
 * @error: the job's error, or 0
 *
 * From any context.
 */
void npu_client_account(struct npu_client *client, const struct npu_completion *completion,
			int error)
{
	struct npu_client_stats *stats = &client->stats;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&client->lock, flags);
	stats->jobs_failed += !!error;
	if (completion) {
		stats->core_cycles += (completion->clock_end - completion->clock_start -
				       completion->clock_suspended) *
				      min_t(u32, completion->cores, NPU_MAX_CORES);
		for (i = 0; i < NPU_CNT_COUNT; i++)
			stats->counters[i] += completion->counters[i];
	}
	spin_unlock_irqrestore(&client->lock, flags);
}

static u64 npu_client_cycles_to_ns(const struct npu_device *npu, u64 cycles)
{
	return mul_u64_u32_div(cycles, USEC_PER_SEC, max(npu->info.clock_khz, 1u));
}

static void npu_client_show_engine(struct drm_printer *p, const struct npu_device *npu,
				   const char *name, u64 cycles)
{
	drm_printf(p, "drm-engine-%s:\t%llu ns\n", name, npu_client_cycles_to_ns(npu, cycles));
	drm_printf(p, "drm-engine-capacity-%s:\t%u\n", name, npu->info.cores);
}

/**
 * npu_client_show_fdinfo() - &drm_driver.show_fdinfo
 * @p: where to
 * @drm_file: file
 *
 * The core calls it between drm_dev_enter() and drm_dev_exit().
 */
void npu_client_show_fdinfo(struct drm_printer *p, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct npu_device *npu = file->npu;
	struct npu_client_stats stats;

	spin_lock_irq(&file->client->lock);
	stats = file->client->stats;
	spin_unlock_irq(&file->client->lock);

	npu_client_show_engine(p, npu, "npu", stats.core_cycles);
	drm_printf(p, "drm-cycles-npu:\t%llu\n", stats.core_cycles);
	drm_printf(p, "drm-total-cycles-npu:\t%llu\n",
		   npu_meter_clock(npu) * npu->info.cores);
	drm_printf(p, "drm-maxfreq-npu:\t%u KHz\n", npu->info.clock_khz);
	npu_client_show_engine(p, npu, "load", stats.counters[NPU_CNT_LD_BUSY]);
	npu_client_show_engine(p, npu, "store", stats.counters[NPU_CNT_ST_BUSY]);
	npu_client_show_engine(p, npu, "matrix", stats.counters[NPU_CNT_MAT_BUSY]);
	npu_client_show_engine(p, npu, "vector", stats.counters[NPU_CNT_VEC_BUSY]);
	drm_printf(p, "npu-jobs:\t%llu\n", stats.counters[NPU_CNT_JOBS]);
	drm_printf(p, "npu-jobs-failed:\t%llu\n", stats.jobs_failed);
	drm_printf(p, "npu-model-cycles:\t%llu\n", stats.counters[NPU_CNT_CYCLES]);
	drm_printf(p, "npu-queue-cycles:\t%llu\n", stats.counters[NPU_CNT_QUEUE_CYCLES]);
	drm_printf(p, "npu-memory-read:\t%llu\n", stats.counters[NPU_CNT_MEM_READ]);
	drm_printf(p, "npu-memory-written:\t%llu\n", stats.counters[NPU_CNT_MEM_WRITE]);
	drm_printf(p, "npu-energy-uj:\t%llu\n",
		   div_u64(stats.counters[NPU_CNT_ENERGY_PJ], USEC_PER_SEC));
	drm_printf(p, "npu-page-tables:\t%lld KiB\n",
		   atomic64_read(&file->client->mmu.table_bytes) / SZ_1K);
	drm_printf(p, "npu-mapped-huge:\t%lld KiB\n",
		   atomic64_read(&file->client->mmu.huge_bytes) / SZ_1K);
	drm_show_memory_stats(p, drm_file);
}
