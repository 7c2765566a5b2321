// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: io_uring
 *
 * The node takes commands by io_uring. A command that submits jobs, or waits,
 * holds references on fences and completes when the last of them signals.
 *
 * A fence may signal in an interrupt, while a ring that is torn down cancels the
 * command and an io-wq worker still issues it. Who completes the command is
 * decided by dma_fence_remove_callback(): the callback runs, or is removed, once.
 * Cancelling before the callback is there leaves a mark that the issuer finds.
 * The request has a reference of the issuer and one of the command.
 *
 * Cancelling a command does not abort its jobs: the file's close does.
 */
#include <linux/dma-fence-chain.h>
#include <linux/io_uring/cmd.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>

#include "drm/npu_accel.h"

#include "npu_submit.h"
#include "npu_uring.h"
#include "npu_vm.h"
#include "npu_compat.h"

/**
 * enum npu_uring_state - of a request
 * @NPU_URING_NEW: not known to the fence yet
 * @NPU_URING_ARMED: the fence's callback, or its removal, completes the command
 * @NPU_URING_CANCELLED: to be cancelled as soon as the issuer has armed it
 */
enum npu_uring_state {
	NPU_URING_NEW,
	NPU_URING_ARMED,
	NPU_URING_CANCELLED,
};

/**
 * struct npu_uring_req - a command that waits for fences
 */
struct npu_uring_req {
	/** @refcount: references of the issuer and of the command */
	struct kref refcount;

	/** @cmd: io_uring's part; belongs to who completes it */
	struct io_uring_cmd *cmd;

	/** @cb: on the last of @fences */
	struct dma_fence_cb cb;

	/** @state: enum npu_uring_state */
	atomic_t state;

	/** @count: entries of @fences */
	u32 count;

	/** @fences: in the order in which they signal, referenced */
	struct dma_fence *fences[] __counted_by(count);
};

/**
 * struct npu_uring_pdu - what io_uring keeps with a command
 */
struct npu_uring_pdu {
	/** @req: its request */
	struct npu_uring_req *req;
};

static struct npu_uring_req **npu_uring_req_of(struct io_uring_cmd *cmd)
{
	return &io_uring_cmd_to_pdu(cmd, struct npu_uring_pdu)->req;
}

static struct npu_uring_req *npu_uring_req_alloc(struct io_uring_cmd *cmd, u32 count)
{
	struct npu_uring_req *req;

	req = kzalloc(struct_size(req, fences, count), GFP_KERNEL_ACCOUNT);
	if (!req)
		return NULL;
	kref_init(&req->refcount);
	req->cmd = cmd;
	req->count = count;
	return req;
}

static void npu_uring_req_release(struct kref *refcount)
{
	struct npu_uring_req *req = container_of(refcount, struct npu_uring_req, refcount);
	u32 i;

	for (i = 0; i < req->count; i++)
		dma_fence_put(req->fences[i]);
	kfree(req);
}

static void npu_uring_req_put(struct npu_uring_req *req)
{
	kref_put(&req->refcount, npu_uring_req_release);
}

/* The error of the first fence that has one, when all have signalled. */
static int npu_uring_result(const struct npu_uring_req *req)
{
	int ret;
	u32 i;

	for (i = 0; i < req->count; i++) {
		ret = dma_fence_get_status(dma_fence_chain_contained(req->fences[i]));
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* By who may complete it; the command's reference goes. */
static void npu_uring_complete(struct npu_uring_req *req, int result, unsigned int issue_flags)
{
	io_uring_cmd_done(req->cmd, result, issue_flags);
	npu_uring_req_put(req);
}

static void npu_uring_task_work(npu_compat_tw_req tw_req, io_tw_token_t tw)
{
	struct npu_uring_req *req = *npu_uring_req_of(io_uring_cmd_from_tw(tw_req));

	npu_uring_complete(req, npu_uring_result(req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);
}

/* In any context. Completions go to the task that submitted. */
static void npu_uring_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct npu_uring_req *req = container_of(cb, struct npu_uring_req, cb);

	io_uring_cmd_complete_in_task(req->cmd, npu_uring_task_work);
}

static void npu_uring_disarm(struct npu_uring_req *req, unsigned int issue_flags)
{
	if (dma_fence_remove_callback(req->fences[req->count - 1], &req->cb))
		npu_uring_complete(req, -ECANCELED, issue_flags);
}

/* Of all commands of a ring or a task that goes, perhaps again and again. */
static void npu_uring_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct npu_uring_req *req = *npu_uring_req_of(cmd);

	if (atomic_cmpxchg(&req->state, NPU_URING_NEW, NPU_URING_CANCELLED) == NPU_URING_ARMED)
		npu_uring_disarm(req, issue_flags);
}

/* Takes over the request, whose fences are there. */
static int npu_uring_wait(struct npu_uring_req *req, unsigned int issue_flags)
{
	*npu_uring_req_of(req->cmd) = req;
	kref_get(&req->refcount);
	io_uring_cmd_mark_cancelable(req->cmd, issue_flags);
	if (dma_fence_add_callback(req->fences[req->count - 1], &req->cb, npu_uring_signalled))
		npu_uring_complete(req, npu_uring_result(req), issue_flags);
	else if (atomic_cmpxchg(&req->state, NPU_URING_NEW, NPU_URING_ARMED) != NPU_URING_NEW)
		npu_uring_disarm(req, issue_flags);
	npu_uring_req_put(req);
	return -EIOCBQUEUED;
}

static int npu_uring_submit(struct io_uring_cmd *cmd, unsigned int issue_flags, u64 arg)
{
	struct drm_npu_submit __user *from = u64_to_user_ptr(arg);
	struct drm_npu_submit args;
	struct npu_uring_req *req;
	int ret;

	if (copy_from_user(&args, from, sizeof(args)))
		return -EFAULT;
	if (!args.jobs.count || args.jobs.count > NPU_MAX_SUBMIT_JOBS)
		return args.jobs.count ? -E2BIG : -EINVAL;
	req = npu_uring_req_alloc(cmd, args.jobs.count);
	if (!req)
		return -ENOMEM;
	ret = npu_submit(cmd->file->private_data, &args, req->fences,
			 issue_flags & IO_URING_F_NONBLOCK);
	if (ret) {
		npu_uring_req_put(req);
		/* To a task with work of io_uring a signal seems to be pending: not so a worker. */
		if (ret == -ERESTARTSYS)
			return issue_flags & IO_URING_F_NONBLOCK ? -EAGAIN : -EINTR;
		return ret;
	}
	/* The jobs are on their way whether the number can be told or not. */
	if (put_user(args.first_seqno, &from->first_seqno))
		args.first_seqno = 0;
	return npu_uring_wait(req, issue_flags);
}

static int npu_uring_syncobj(struct io_uring_cmd *cmd, unsigned int issue_flags, u64 arg)
{
	struct drm_npu_uring_wait args;
	struct npu_uring_req *req;
	int ret;

	if (copy_from_user(&args, u64_to_user_ptr(arg), sizeof(args)))
		return -EFAULT;
	if (args.pad)
		return -EINVAL;
	req = npu_uring_req_alloc(cmd, 1);
	if (!req)
		return -ENOMEM;
	ret = drm_syncobj_find_fence(cmd->file->private_data, args.handle, args.point, 0,
				     &req->fences[0]);
	if (ret) {
		/* May hold a fence that it has put. */
		req->fences[0] = NULL;
		npu_uring_req_put(req);
		return ret;
	}
	return npu_uring_wait(req, issue_flags);
}

/* Takes its time, so it is done by a worker of io_uring. */
static int npu_uring_bind(struct io_uring_cmd *cmd, unsigned int issue_flags, u64 arg)
{
	struct drm_npu_vm_bind __user *from = u64_to_user_ptr(arg);
	struct npu_uring_req *req = NULL;
	struct drm_npu_vm_bind args;
	int ret;

	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	if (copy_from_user(&args, from, sizeof(args)))
		return -EFAULT;
	if (args.flags & DRM_NPU_VM_BIND_ASYNC) {
		req = npu_uring_req_alloc(cmd, 1);
		if (!req)
			return -ENOMEM;
	}
	ret = npu_vm_bind(cmd->file->private_data, &args, req ? &req->fences[0] : NULL);
	if (!ret && req)
		return npu_uring_wait(req, issue_flags);
	if (req)
		npu_uring_req_put(req);
	if (ret == -ENOMEM && put_user(args.ops.count, &from->ops.count))
		ret = -EFAULT;
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/**
 * npu_uring_cmd() - &file_operations.uring_cmd
 * @cmd: command; &struct drm_npu_uring_cmd in its SQE
 * @issue_flags: of io_uring
 *
 * Return: 0 or a negative errno, which become the CQE's res; -EIOCBQUEUED if
 * that comes later; -EAGAIN to be called again by a worker that may sleep.
 */
int npu_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct drm_npu_uring_cmd *sqe;
	struct drm_file *drm_file = cmd->file->private_data;
	u64 arg;

	if (issue_flags & IO_URING_F_CANCEL) {
		npu_uring_cancel(cmd, issue_flags);
		return 0;
	}
	if (drm_dev_is_unplugged(drm_file->minor->dev))
		return -ENODEV;
	sqe = io_uring_sqe_cmd(cmd->sqe, struct drm_npu_uring_cmd);
	arg = READ_ONCE(sqe->arg);
	/* The flags above the mask are io_uring's own notes, such as that this is no first try. */
	if (READ_ONCE(sqe->reserved) || cmd->flags & IORING_URING_CMD_MASK)
		return -EINVAL;
	switch (cmd->cmd_op) {
	case DRM_NPU_URING_SUBMIT:
		return npu_uring_submit(cmd, issue_flags, arg);
	case DRM_NPU_URING_WAIT:
		return npu_uring_syncobj(cmd, issue_flags, arg);
	case DRM_NPU_URING_VM_BIND:
		return npu_uring_bind(cmd, issue_flags, arg);
	default:
		return -EOPNOTSUPP;
	}
}
