// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: counters of chosen jobs
 *
 * The device counts for each job, so nothing has to be programmed before it
 * runs and jobs with different counters run side by side: what a completion
 * says is added to the object that the job names.
 */
#include <linux/cleanup.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_utils.h>

#include "drm/npu_accel.h"

#include "npu_drv.h"
#include "npu_perfmon.h"

/* Of a file. */
#define NPU_MAX_PERFMONS	1024

static void npu_perfmon_release(struct kref *refcount)
{
	struct npu_perfmon *perfmon = container_of(refcount, struct npu_perfmon, refcount);

	mutex_destroy(&perfmon->read_lock);
	kfree(perfmon);
}

/**
 * npu_perfmon_put() - drop a reference
 * @perfmon: counters, or NULL
 *
 * From any context.
 */
void npu_perfmon_put(struct npu_perfmon *perfmon)
{
	if (perfmon)
		kref_put(&perfmon->refcount, npu_perfmon_release);
}

/**
 * npu_perfmon_lookup() - find counters
 * @file: file
 * @id: their id there
 *
 * Return: counters, referenced, or NULL.
 */
struct npu_perfmon *npu_perfmon_lookup(struct npu_file *file, u32 id)
{
	struct npu_perfmon *perfmon;

	xa_lock(&file->perfmons);
	perfmon = xa_load(&file->perfmons, id);
	if (perfmon)
		kref_get(&perfmon->refcount);
	xa_unlock(&file->perfmons);
	return perfmon;
}

/**
 * npu_perfmon_begin_job() - a job that will be added is on its way
 * @perfmon: counters, or NULL
 */
void npu_perfmon_begin_job(struct npu_perfmon *perfmon)
{
	if (!perfmon)
		return;
	spin_lock_irq(&perfmon->lock);
	perfmon->pending++;
	spin_unlock_irq(&perfmon->lock);
}

static void npu_perfmon_add(struct npu_perfmon *perfmon, const struct npu_completion *completion)
{
	int i;

	perfmon->jobs++;
	for (i = 0; i < NPU_CNT_COUNT; i++)
		perfmon->values[i] += completion->counters[i];
}

/**
 * npu_perfmon_end_job() - add a job that has ended
 * @perfmon: counters, or NULL
 * @completion: what the device wrote, or NULL
 *
 * From any context.
 */
void npu_perfmon_end_job(struct npu_perfmon *perfmon, const struct npu_completion *completion)
{
	unsigned long flags;

	if (!perfmon)
		return;
	spin_lock_irqsave(&perfmon->lock, flags);
	if (completion)
		npu_perfmon_add(perfmon, completion);
	if (!--perfmon->pending)
		wake_up_all(&perfmon->idle);
	spin_unlock_irqrestore(&perfmon->lock, flags);
}

/**
 * npu_perfmon_close_file() - drop all counters of a file
 * @file: file that is closed
 */
void npu_perfmon_close_file(struct npu_file *file)
{
	struct npu_perfmon *perfmon;
	unsigned long id;

	xa_for_each(&file->perfmons, id, perfmon) {
		xa_erase(&file->perfmons, id);
		npu_perfmon_put(perfmon);
	}
}

/**
 * npu_ioctl_perfmon_create() - DRM_IOCTL_NPU_PERFMON_CREATE
 * @drm: device
 * @data: &struct drm_npu_perfmon_create
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_perfmon_create(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_perfmon_create *args = data;
	struct npu_perfmon *perfmon;
	u32 id;
	int ret;

	if (args->flags || !args->counters || args->counters >> NPU_CNT_COUNT)
		return -EINVAL;
	perfmon = kzalloc(sizeof(*perfmon), GFP_KERNEL_ACCOUNT);
	if (!perfmon)
		return -ENOMEM;
	kref_init(&perfmon->refcount);
	mutex_init(&perfmon->read_lock);
	spin_lock_init(&perfmon->lock);
	init_waitqueue_head(&perfmon->idle);
	perfmon->counters = args->counters;
	ret = xa_alloc(&file->perfmons, &id, perfmon, XA_LIMIT(1, NPU_MAX_PERFMONS),
		       GFP_KERNEL_ACCOUNT);
	if (ret) {
		npu_perfmon_put(perfmon);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	args->id = id;
	return 0;
}

/**
 * npu_ioctl_perfmon_destroy() - DRM_IOCTL_NPU_PERFMON_DESTROY
 * @drm: device
 * @data: &struct drm_npu_perfmon_destroy
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_perfmon_destroy(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_file *file = drm_file->driver_priv;
	struct drm_npu_perfmon_destroy *args = data;
	struct npu_perfmon *perfmon;

	if (args->pad)
		return -EINVAL;
	perfmon = xa_erase(&file->perfmons, args->id);
	if (!perfmon)
		return -ENOENT;
	npu_perfmon_put(perfmon);
	return 0;
}

static bool npu_perfmon_is_idle(struct npu_perfmon *perfmon)
{
	bool idle;

	spin_lock_irq(&perfmon->lock);
	idle = !perfmon->pending;
	spin_unlock_irq(&perfmon->lock);
	return idle;
}

/* That time runs out is no error. */
static int npu_perfmon_wait(struct npu_perfmon *perfmon, s64 timeout_ns)
{
	long left = drm_timeout_abs_to_jiffies(timeout_ns);

	if (!left)
		return 0;
	left = wait_event_interruptible_timeout(perfmon->idle, npu_perfmon_is_idle(perfmon), left);
	return left < 0 ? -ERESTARTSYS : 0;
}

/* With the reader's lock held. */
static int npu_perfmon_copy(struct npu_perfmon *perfmon, struct drm_npu_perfmon_read *args)
{
	u64 __user *to = u64_to_user_ptr(args->values);
	u64 values[NPU_CNT_COUNT];
	u32 i, pending, count = 0;
	u64 jobs;

	spin_lock_irq(&perfmon->lock);
	memcpy(values, perfmon->values, sizeof(values));
	jobs = perfmon->jobs;
	pending = perfmon->pending;
	spin_unlock_irq(&perfmon->lock);
	for (i = 0; i < NPU_CNT_COUNT; i++)
		if (perfmon->counters & BIT_ULL(i) && put_user(values[i], &to[count++]))
			return -EFAULT;
	args->jobs = jobs;
	args->pending = pending;
	if (!(args->flags & DRM_NPU_PERFMON_READ_CLEAR))
		return 0;
	/* Only what the caller has got; jobs may have ended meanwhile. */
	spin_lock_irq(&perfmon->lock);
	perfmon->jobs -= jobs;
	for (i = 0; i < NPU_CNT_COUNT; i++)
		perfmon->values[i] -= values[i];
	spin_unlock_irq(&perfmon->lock);
	return 0;
}

/**
 * npu_ioctl_perfmon_read() - DRM_IOCTL_NPU_PERFMON_READ
 * @drm: device
 * @data: &struct drm_npu_perfmon_read
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_perfmon_read(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_perfmon_read *args = data;
	struct npu_perfmon *perfmon;
	int ret;

	if (args->flags & ~DRM_NPU_PERFMON_READ_CLEAR)
		return -EINVAL;
	perfmon = npu_perfmon_lookup(drm_file->driver_priv, args->id);
	if (!perfmon)
		return -ENOENT;
	ret = args->num_values == hweight64(perfmon->counters) ? 0 : -EINVAL;
	if (!ret)
		ret = npu_perfmon_wait(perfmon, args->timeout_ns);
	if (!ret) {
		guard(mutex)(&perfmon->read_lock);
		ret = npu_perfmon_copy(perfmon, args);
	}
	npu_perfmon_put(perfmon);
	return ret;
}
