// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events for user space, read from the node in DRM's own way.
 *
 * A file says by ioctl which it wants; DRM queues them and bounds how many.
 * They are sent from the path of fences, so memory for them is taken only if
 * there is some; what could not be sent is counted in the next one.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "npu_client.h"
#include "npu_context.h"
#include "npu_device.h"
#include "npu_drv.h"
#include "npu_notify.h"
#include "npu_vm.h"

/**
 * struct npu_pending - an event on its way
 */
struct npu_pending {
	/** @base: DRM's part; first, as DRM frees its address */
	struct drm_pending_event base;

	/** @event: what user space reads */
	struct drm_npu_event event;
};

static bool npu_notify_wanted(const struct npu_client *client, u32 type)
{
	return READ_ONCE(client->event_mask) & DRM_NPU_EVENT_MASK(type);
}

/* With event_lock held. Return: 0 or a negative errno if it could not be sent. */
static int npu_notify_send_locked(struct npu_device *npu, struct npu_client *client,
				  const struct drm_npu_event *event)
{
	struct npu_pending *pending;
	int ret;

	pending = kzalloc(sizeof(*pending), GFP_NOWAIT | __GFP_NOWARN);
	if (!pending)
		return -ENOMEM;
	pending->event = *event;
	pending->event.base.length = sizeof(pending->event);
	pending->event.dropped = client->events_dropped;
	pending->event.time_ns = ktime_get_ns();
	ret = drm_event_reserve_init_locked(&npu->drm, client->drm_file, &pending->base,
					    &pending->event.base);
	if (ret) {
		kfree(pending);
		return ret;
	}
	drm_send_event_locked(&npu->drm, &pending->base);
	return 0;
}

static void npu_notify_send(struct npu_device *npu, struct npu_client *client,
			    const struct drm_npu_event *event)
{
	unsigned long flags;

	spin_lock_irqsave(&npu->drm.event_lock, flags);
	if (client->drm_file && npu_notify_wanted(client, event->base.type)) {
		if (npu_notify_send_locked(npu, client, event))
			client->events_dropped++;
		else
			client->events_dropped = 0;
	}
	spin_unlock_irqrestore(&npu->drm.event_lock, flags);
}

/**
 * npu_notify_job() - a job failed
 * @ctx: its context
 * @seqno: its number
 * @completion: what the device wrote, or NULL
 * @error: the job's error
 *
 * From any context.
 */
void npu_notify_job(struct npu_ctx *ctx, u64 seqno, const struct npu_completion *completion,
		    int error)
{
	struct drm_npu_event event = {
		.base.type = DRM_NPU_EVENT_JOB_FAILED,
		.context_id = READ_ONCE(ctx->id),
		.seqno = seqno,
		.error = error,
	};

	if (!npu_notify_wanted(ctx->client, event.base.type))
		return;
	if (completion) {
		event.status = completion->status;
		event.code = completion->fault.code;
		event.access = completion->fault.access;
		event.pc = completion->fault.pc;
		event.address = completion->fault.address;
	}
	npu_notify_send(ctx->vm->npu, ctx->client, &event);
}

/**
 * npu_notify_ban() - a context was banned
 * @ctx: context
 *
 * From any context.
 */
void npu_notify_ban(struct npu_ctx *ctx)
{
	const struct drm_npu_event event = {
		.base.type = DRM_NPU_EVENT_CONTEXT_BANNED,
		.context_id = READ_ONCE(ctx->id),
		.error = -EBADFD,
	};

	npu_notify_send(ctx->vm->npu, ctx->client, &event);
}

/**
 * npu_notify_all() - something happened to the device
 * @npu: device
 * @type: enum drm_npu_event_type
 *
 * From any context.
 */
void npu_notify_all(struct npu_device *npu, u32 type)
{
	const struct drm_npu_event event = { .base.type = type };
	struct npu_client *client;
	unsigned long flags;

	spin_lock_irqsave(&npu->clients_lock, flags);
	list_for_each_entry(client, &npu->clients, link)
		npu_notify_send(npu, client, &event);
	spin_unlock_irqrestore(&npu->clients_lock, flags);
}

/**
 * npu_notify_close() - send a file no more events
 * @client: its client
 *
 * Before DRM throws away those that nobody has read.
 */
void npu_notify_close(struct npu_client *client)
{
	struct npu_device *npu = client->npu;

	spin_lock_irq(&npu->drm.event_lock);
	client->drm_file = NULL;
	spin_unlock_irq(&npu->drm.event_lock);
}

/**
 * npu_ioctl_events() - DRM_IOCTL_NPU_EVENTS
 * @drm: device
 * @data: &struct drm_npu_events
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_events(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_events *args = data;

	if (args->mask & ~DRM_NPU_EVENT_MASK_ALL || args->pad)
		return -EINVAL;
	WRITE_ONCE(file->client->event_mask, args->mask);
	return 0;
}
