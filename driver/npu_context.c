// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: who may run jobs, with what priority, and how they fared.
 */
#include <linux/capability.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_notify.h"
#include "npu_reset.h"
#include "npu_vm.h"

static void npu_ctx_release_work(struct work_struct *work)
{
	struct npu_ctx *ctx = container_of(work, struct npu_ctx, release_work);
	struct npu_device *npu = ctx->vm->npu;

	scoped_guard(mutex, &npu->ctxs_lock)
		list_del(&ctx->link);
	atomic_dec(&npu->stats.contexts);
	drm_sched_entity_fini(&ctx->entity);
	mutex_destroy(&ctx->submit_lock);
	npu_vm_put(ctx->vm);
	npu_client_put(ctx->client);
	kfree(ctx);
}

/* The last job may be put by a scheduler's work, which must not wait for memory. */
static void npu_ctx_release(struct kref *refcount)
{
	struct npu_ctx *ctx = container_of(refcount, struct npu_ctx, refcount);

	queue_work(npu_release_wq, &ctx->release_work);
}

/**
 * npu_ctx_put() - drop a reference
 * @ctx: context
 *
 * From any context.
 */
void npu_ctx_put(struct npu_ctx *ctx)
{
	kref_put(&ctx->refcount, npu_ctx_release);
}

/**
 * npu_ctx_lookup() - find a context
 * @file: file
 * @id: its id there
 *
 * Return: context, referenced, or NULL.
 */
struct npu_ctx *npu_ctx_lookup(struct npu_file *file, u32 id)
{
	struct npu_ctx *ctx;

	xa_lock(&file->contexts);
	ctx = xa_load(&file->contexts, id);
	if (ctx)
		npu_ctx_get(ctx);
	xa_unlock(&file->contexts);
	return ctx;
}

/**
 * npu_ctx_ban() - let no job of a context run any more
 * @ctx: context with a job that hung
 */
void npu_ctx_ban(struct npu_ctx *ctx)
{
	WRITE_ONCE(ctx->banned, true);
	npu_notify_ban(ctx);
}

/**
 * npu_ctx_account() - write a job's end into the context's books
 * @ctx: context
 * @seqno: number of the job
 * @completion: what the device wrote, or NULL
 * @error: the job's error, or 0
 *
 * The first failure stands until it is cleared: later ones often follow from it.
 */
void npu_ctx_account(struct npu_ctx *ctx, u64 seqno, const struct npu_completion *completion,
		     int error)
{
	struct npu_ctx_record *record = &ctx->record;
	unsigned long flags;

	spin_lock_irqsave(&ctx->record_lock, flags);
	if (!error) {
		record->done++;
	} else {
		record->failed++;
		if (!record->fault_job) {
			record->fault_job = seqno;
			record->status = completion ? completion->status : NPU_JOB_PENDING;
			if (completion)
				record->fault = completion->fault;
		}
	}
	spin_unlock_irqrestore(&ctx->record_lock, flags);
}

/* No job of it begins after this; those in a ring are aborted. */
static void npu_ctx_kill(struct npu_ctx *ctx)
{
	struct npu_device *npu = ctx->vm->npu;
	int idx;
	u32 i;

	WRITE_ONCE(ctx->killed, true);
	if (!drm_dev_enter(&npu->drm, &idx))
		return;
	for (i = 0; i < npu->info.queues; i++)
		if (npu->queues[i].priority == ctx->priority)
			npu_queue_cancel(&npu->queues[i], ctx);
	drm_dev_exit(idx);
}

/**
 * npu_ctx_close_file() - destroy all contexts of a file
 * @file: file that is closed
 */
void npu_ctx_close_file(struct npu_file *file)
{
	struct npu_ctx *ctx;
	unsigned long id;

	xa_for_each(&file->contexts, id, ctx) {
		xa_erase(&file->contexts, id);
		npu_ctx_kill(ctx);
		npu_ctx_put(ctx);
	}
}

static int npu_ctx_init_entity(struct npu_ctx *ctx, struct npu_device *npu)
{
	struct npu_sched_list *list = &npu->scheds[ctx->priority];

	return drm_sched_entity_init(&ctx->entity, DRM_SCHED_PRIORITY_KERNEL, list->sched,
				     list->count, NULL);
}

static struct npu_ctx *npu_ctx_create(struct npu_vm *vm, struct npu_client *client,
				      const struct drm_npu_context_create *args)
{
	u32 timeout_ms = args->timeout_ms ?: NPU_TIMEOUT_DEFAULT_MS;
	struct npu_ctx *ctx;
	int ret;

	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);
	ctx->priority = args->priority;
	ret = npu_ctx_init_entity(ctx, vm->npu);
	if (ret) {
		kfree(ctx);
		return ERR_PTR(ret);
	}
	kref_init(&ctx->refcount);
	INIT_WORK(&ctx->release_work, npu_ctx_release_work);
	mutex_init(&ctx->submit_lock);
	spin_lock_init(&ctx->record_lock);
	ctx->timeout = msecs_to_jiffies(timeout_ms);
	ctx->client = npu_client_get(client);
	ctx->vm = npu_vm_get(vm);
	atomic_inc(&vm->npu->stats.contexts);
	guard(mutex)(&vm->npu->ctxs_lock);
	list_add_tail(&ctx->link, &vm->npu->ctxs);
	return ctx;
}

/**
 * npu_ioctl_context_create() - DRM_IOCTL_NPU_CONTEXT_CREATE
 * @drm: device
 * @data: &struct drm_npu_context_create
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_context_create *args = data;
	struct npu_ctx *ctx;
	struct npu_vm *vm;
	u32 id;
	int ret;

	if (args->flags || args->pad || args->priority > DRM_NPU_PRIORITY_REALTIME ||
	    args->timeout_ms > NPU_TIMEOUT_MAX_MS)
		return -EINVAL;
	if (args->priority == DRM_NPU_PRIORITY_REALTIME && !capable(CAP_SYS_NICE))
		return -EACCES;
	vm = npu_vm_lookup(file, args->vm_id);
	if (!vm)
		return -ENOENT;
	ctx = npu_ctx_create(vm, file->client, args);
	npu_vm_put(vm);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	/* Once it has an id another thread may destroy it. */
	npu_ctx_get(ctx);
	ret = xa_alloc(&file->contexts, &id, ctx, XA_LIMIT(1, NPU_MAX_CTXS), GFP_KERNEL_ACCOUNT);
	if (ret)
		npu_ctx_put(ctx);
	else
		WRITE_ONCE(ctx->id, id);
	npu_ctx_put(ctx);
	if (ret)
		return ret == -EBUSY ? -ENOSPC : ret;
	args->id = id;
	return 0;
}

/**
 * npu_ioctl_context_destroy() - DRM_IOCTL_NPU_CONTEXT_DESTROY
 * @drm: device
 * @data: &struct drm_npu_context_destroy
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_context_destroy *args = data;
	struct npu_ctx *ctx;

	if (args->pad)
		return -EINVAL;
	ctx = xa_erase(&file->contexts, args->id);
	if (!ctx)
		return -ENOENT;
	npu_ctx_kill(ctx);
	npu_ctx_put(ctx);
	return 0;
}

static void npu_ctx_report(const struct npu_ctx_record *record, struct drm_npu_context_query *args)
{
	const struct npu_fault *fault = &record->fault;

	args->jobs_submitted = record->submitted;
	args->jobs_done = record->done;
	args->jobs_failed = record->failed;
	args->fault_job = record->fault_job;
	args->status = record->status;
	args->code = fault->code;
	args->access = fault->access;
	args->core = fault->core;
	args->pc = fault->pc;
	args->operand = fault->operand;
	args->opcode = fault->opcode;
	args->address = fault->address;
	args->needs[0] = fault->needs[0];
	args->needs[1] = fault->needs[1];
}

/**
 * npu_ioctl_context_query() - DRM_IOCTL_NPU_CONTEXT_QUERY
 * @drm: device
 * @data: &struct drm_npu_context_query
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_context_query(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_context_query *args = data;
	struct npu_ctx_record record;
	struct npu_ctx *ctx;

	if (args->flags & ~DRM_NPU_CONTEXT_QUERY_CLEAR || args->pad || args->pad2)
		return -EINVAL;
	ctx = npu_ctx_lookup(file, args->id);
	if (!ctx)
		return -ENOENT;
	spin_lock_irq(&ctx->record_lock);
	record = ctx->record;
	if (args->flags & DRM_NPU_CONTEXT_QUERY_CLEAR) {
		ctx->record.fault_job = 0;
		ctx->record.status = 0;
		memset(&ctx->record.fault, 0, sizeof(ctx->record.fault));
	}
	spin_unlock_irq(&ctx->record_lock);
	args->state = READ_ONCE(ctx->banned) ? DRM_NPU_CONTEXT_BANNED : 0;
	npu_ctx_report(&record, args);
	npu_ctx_put(ctx);
	return 0;
}
