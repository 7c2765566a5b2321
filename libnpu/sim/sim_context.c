// SPDX-License-Identifier: MIT
/* Contexts: DRM_IOCTL_NPU_CONTEXT_*. */
#include "sim_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sim_context_error(const struct sim *sim, const struct sim_context *ctx)
{
	if (ctx->killed || ctx->banned)
		return -ECANCELED;
	return sim->lost ? -EIO : 0;
}

/* Lock held. */
static int add(struct sim *sim, struct sim_context *ctx,
	       struct drm_npu_context_create *args)
{
	int ret;

	ctx->vm = sim_table_get(&sim->vms, args->vm_id);
	if (!ctx->vm)
		return -ENOENT;
	ret = sim_table_add(&sim->contexts_by_id, ctx, &args->id);
	if (ret)
		return ret;
	ctx->vm->refs++;
	sim->usage.contexts++;
	TAILQ_INSERT_TAIL(&sim->contexts, ctx, link);
	return 0;
}

/*
 * Whoever could be kept from the highest priority by CAP_SYS_NICE is the owner
 * of this machine.
 */
int sim_context_create(struct sim *sim, struct drm_npu_context_create *args)
{
	uint64_t timeout_ms = args->timeout_ms ? args->timeout_ms :
						 SIM_TIMEOUT_MS;
	struct sim_context *ctx;
	int ret;

	if (args->flags || args->pad ||
	    args->priority > DRM_NPU_PRIORITY_REALTIME ||
	    args->timeout_ms > SIM_TIMEOUT_MAX_MS)
		return -EINVAL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->refs = 1;
	ctx->priority = args->priority;
	ctx->timeout_ns = timeout_ms * 1000000;
	TAILQ_INIT(&ctx->pending);
	pthread_mutex_lock(&sim->lock);
	ret = add(sim, ctx, args);
	pthread_mutex_unlock(&sim->lock);
	if (ret)
		free(ctx);
	return ret;
}

void sim_context_put(struct sim *sim, struct sim_context *ctx)
{
	if (--ctx->refs)
		return;
	TAILQ_REMOVE(&sim->contexts, ctx, link);
	sim->usage.contexts--;
	sim_vm_put(sim, ctx->vm);
	free(ctx);
}

int sim_context_destroy(struct sim *sim,
			const struct drm_npu_context_destroy *args)
{
	struct sim_context *ctx;

	if (args->pad)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	ctx = sim_table_remove(&sim->contexts_by_id, args->id);
	if (ctx) {
		ctx->killed = true;
		if (ctx->queue)
			sim_queue_abort(sim, ctx->queue, ctx, NULL);
		sim_queue_pump(sim);
		sim_context_put(sim, ctx);
	}
	pthread_mutex_unlock(&sim->lock);
	sim_vm_reap(sim);
	return ctx ? 0 : -ENOENT;
}

int sim_context_query(struct sim *sim, struct drm_npu_context_query *args)
{
	uint32_t id = args->id, flags = args->flags;
	struct sim_context *ctx;

	if (flags & ~DRM_NPU_CONTEXT_QUERY_CLEAR || args->pad || args->pad2)
		return -EINVAL;
	pthread_mutex_lock(&sim->lock);
	ctx = sim_table_get(&sim->contexts_by_id, id);
	if (ctx) {
		struct drm_npu_context_query *record = &ctx->record;

		*args = *record;
		args->id = id;
		args->flags = flags;
		args->state = ctx->banned ? DRM_NPU_CONTEXT_BANNED : 0;
		if (flags & DRM_NPU_CONTEXT_QUERY_CLEAR)
			*record = (struct drm_npu_context_query){
				.jobs_submitted = record->jobs_submitted,
				.jobs_done = record->jobs_done,
				.jobs_failed = record->jobs_failed,
			};
	}
	pthread_mutex_unlock(&sim->lock);
	return ctx ? 0 : -ENOENT;
}
