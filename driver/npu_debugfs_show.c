// SPDX-License-Identifier: GPL-2.0-only
/*
 * What developers can read in debugfs: versions, queues with their jobs,
 * contexts, address spaces with mappings and page tables, buffers.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_debugfs.h"
#include "npu_device.h"
#include "npu_gem.h"
#include "npu_job.h"
#include "npu_vm.h"

static struct npu_device *npu_debugfs_device(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_npu_device(entry->dev);
}

static int npu_debugfs_versions(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	const struct drm_npu_device_info *info = &npu->info;
	const struct drm_driver *driver = npu->drm.driver;

	seq_printf(m, "driver      %d.%d\n", driver->major, driver->minor);
	seq_printf(m, "registers   %u.%u\n", NPU_VERSION_MAJOR(info->regs_version),
		   NPU_VERSION_MINOR(info->regs_version));
	seq_printf(m, "isa         %u.%u\n", NPU_VERSION_MAJOR(info->isa_version),
		   NPU_VERSION_MINOR(info->isa_version));
	seq_printf(m, "model       %u.%u\n", NPU_VERSION_MAJOR(info->model_version),
		   NPU_VERSION_MINOR(info->model_version));
	seq_printf(m, "profile     %s\n", info->profile);
	return 0;
}

static const char *npu_debugfs_queue_state(const struct npu_queue *queue)
{
	switch (queue->state) {
	case NPU_QUEUE_STOPPED:
		return "stopped";
	case NPU_QUEUE_LIVE:
		return "live";
	case NPU_QUEUE_DEAD:
		return "dead";
	}
	return "?";
}

static void npu_debugfs_queue(struct seq_file *m, struct npu_queue *queue)
{
	struct npu_sched_job *job;

	spin_lock_irq(&queue->lock);
	seq_printf(m, "queue %u: %s, priority %u, vector %u, tail %u\n", queue->id,
		   npu_debugfs_queue_state(queue), queue->priority, queue->vector, queue->tail);
	list_for_each_entry(job, &queue->inflight, link)
		seq_printf(m, "  job %#llx: client %llu context %u seqno %llu asid %u%s%s, %d\n",
			   job->desc.id, job->ctx->client->id, job->ctx->id, job->seqno,
			   job->desc.context, job->in_ring ? " in ring" : "",
			   job->started ? " started" : "", job->error);
	spin_unlock_irq(&queue->lock);
}

static int npu_debugfs_queues(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	u32 i;

	for (i = 0; i < npu->info.queues; i++)
		npu_debugfs_queue(m, &npu->queues[i]);
	return 0;
}

static void npu_debugfs_context(struct seq_file *m, struct npu_ctx *ctx)
{
	struct npu_ctx_record record;

	spin_lock_irq(&ctx->record_lock);
	record = ctx->record;
	spin_unlock_irq(&ctx->record_lock);
	seq_printf(m, "client %llu pid %d (%s) context %u: asid %u priority %u timeout %u ms",
		   ctx->client->id, ctx->client->pid, ctx->client->comm, READ_ONCE(ctx->id),
		   ctx->vm->mmu.asid, ctx->priority, jiffies_to_msecs(ctx->timeout));
	seq_printf(m, " submitted %llu done %llu failed %llu%s%s\n",
		   record.submitted, record.done, record.failed,
		   READ_ONCE(ctx->banned) ? " banned" : "",
		   READ_ONCE(ctx->killed) ? " closed" : "");
	if (!record.fault_job)
		return;
	seq_printf(m, "  job %llu failed: status %u fault %u access %u core %u pc %u",
		   record.fault_job, record.status, record.fault.code, record.fault.access,
		   record.fault.core, record.fault.pc);
	seq_printf(m, " operand %u opcode %#x address %#llx\n",
		   record.fault.operand, record.fault.opcode, record.fault.address);
}

static int npu_debugfs_contexts(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	struct npu_ctx *ctx;

	guard(mutex)(&npu->ctxs_lock);
	list_for_each_entry(ctx, &npu->ctxs, link)
		npu_debugfs_context(m, ctx);
	return 0;
}

static void npu_debugfs_vm(struct seq_file *m, struct npu_vm *vm)
{
	struct drm_printer p = drm_seq_file_printer(m);
	struct drm_gpuva *va;

	guard(mutex)(&vm->lock);
	seq_printf(m, "address space %u\n mappings\n", vm->mmu.asid);
	drm_gpuvm_for_each_va(va, &vm->base)
		seq_printf(m, "  %010llx-%010llx buffer %p offset %#llx%s\n", va->va.addr,
			   va->va.addr + va->va.range, va->gem.obj, va->gem.offset,
			   to_npu_vma(va)->readonly ? " readonly" : "");
	seq_puts(m, " page tables\n");
	npu_mmu_show(&vm->mmu, &p);
}

static int npu_debugfs_vms(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	struct npu_vm *vm;

	guard(mutex)(&npu->vms_lock);
	list_for_each_entry(vm, &npu->vms, link)
		npu_debugfs_vm(m, vm);
	return 0;
}

static const char *npu_debugfs_advice(const struct npu_bo *bo)
{
	if (!bo->base.madv)
		return "";
	return bo->base.madv > 0 ? ", not needed" : ", taken";
}

/* Under its lock nobody takes the list of its pages away. */
static u64 npu_debugfs_huge_bytes(const struct npu_bo *bo)
{
	const dma_addr_t *pages = READ_ONCE(bo->pages);
	u64 bytes = 0, at;

	lockdep_assert_held(&bo->lock);
	for (at = 0; pages && at + NPU_HUGE_SIZE <= bo->base.base.size; at += NPU_HUGE_SIZE)
		if (npu_mmu_contiguous(&pages[at >> NPU_PAGE_SHIFT]))
			bytes += NPU_HUGE_SIZE;
	return bytes;
}

static int npu_debugfs_buffers(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	struct npu_bo *bo;

	guard(mutex)(&npu->bos_lock);
	list_for_each_entry(bo, &npu->bos, link) {
		const struct drm_gem_object *obj = &bo->base.base;

		seq_printf(m, "buffer %p: %zu bytes, %u handles%s%s%s%s", obj, obj->size,
			   obj->handle_count, bo->base.pages ? ", resident" : "",
			   npu_debugfs_advice(bo),
			   bo->exclusive ? ", exclusive" : "",
			   obj->import_attach ? ", imported" : obj->dma_buf ? ", exported" : "");
		guard(mutex)(&bo->lock);
		if (npu_debugfs_huge_bytes(bo))
			seq_printf(m, ", %llu huge", npu_debugfs_huge_bytes(bo));
		if (bo->label)
			seq_printf(m, " \"%*pE\"", (int)strlen(bo->label), bo->label);
		seq_putc(m, '\n');
	}
	return 0;
}

static int npu_debugfs_memory(struct seq_file *m, void *data)
{
	struct npu_device *npu = npu_debugfs_device(m);
	struct npu_stats *stats = &npu->stats;

	seq_printf(m, "buffers     %lld\n", atomic64_read(&stats->bo_count));
	seq_printf(m, "bytes       %lld\n", atomic64_read(&stats->bo_bytes));
	seq_printf(m, "resident    %llu\n", npu_gem_resident_bytes(npu));
	seq_printf(m, "taken       %lld\n", atomic64_read(&stats->shrunk_bytes));
	seq_printf(m, "page tables %lld\n", atomic64_read(&stats->page_table_bytes));
	seq_printf(m, "mapped huge %lld\n", atomic64_read(&stats->huge_bytes));
	seq_printf(m, "spaces      %d\n", atomic_read(&stats->vms));
	return 0;
}

static const struct drm_debugfs_info npu_debugfs_files[] = {
	{ "versions", npu_debugfs_versions },
	{ "queues", npu_debugfs_queues },
	{ "contexts", npu_debugfs_contexts },
	{ "vms", npu_debugfs_vms },
	{ "buffers", npu_debugfs_buffers },
	{ "memory", npu_debugfs_memory },
};

/**
 * npu_debugfs_show_init() - make the files that can be read
 * @npu: device
 */
void npu_debugfs_show_init(struct npu_device *npu)
{
	drm_debugfs_add_files(&npu->drm, npu_debugfs_files, ARRAY_SIZE(npu_debugfs_files));
}
