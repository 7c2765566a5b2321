/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where kernels differ. The driver is written for the newest; what older ones
 * lack is made up for here, by what driver/probe/ found when it was compiled
 * against the kernel: numbers of versions lie, as distributions backport. Goes
 * when the driver does upstream (tools/upstream-series).
 *
 * Include it last: what a kernel calls otherwise is renamed by macros.
 */
#ifndef __NPU_COMPAT_H__
#define __NPU_COMPAT_H__

#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/io_uring/cmd.h>
#include <linux/kmemleak.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_managed.h>
#include <drm/gpu_scheduler.h>

#include "npu_gem.h"
#include "npu_probed.h"

/* Asked for in vain where it is not known. */
#ifndef DMA_ATTR_REQUIRE_COHERENT
#define DMA_ATTR_REQUIRE_COHERENT	0
#endif

/* Workqueues that do not say that they are unbound were of one processor. */
#ifndef NPU_HAVE_WQ_PERCPU
#define WQ_PERCPU			0
#endif

/*
 * The lock of a buffer's list of mappings: once each driver's own. Those could
 * change mappings at any time, and had to ask for them as a feature.
 */
#ifdef NPU_HAVE_GPUVA_LOCK
static inline void npu_compat_gpuva_init(struct drm_gem_object *obj)
{
}

static inline struct mutex *npu_compat_gpuva_lock(struct drm_gem_object *obj)
{
	return &obj->gpuva.lock;
}
#else
static inline void npu_compat_gpuva_init(struct drm_gem_object *obj)
{
	drm_gem_gpuva_set_lock(obj, &to_npu_bo(obj)->lock);
}

static inline struct mutex *npu_compat_gpuva_lock(struct drm_gem_object *obj)
{
	return &to_npu_bo(obj)->lock;
}

static inline struct drm_gpuvm_bo *npu_compat_obtain_bo(struct drm_gpuvm_bo *vm_bo)
{
	guard(mutex)(npu_compat_gpuva_lock(vm_bo->obj));
	return drm_gpuvm_bo_obtain_prealloc(vm_bo);
}

#define drm_gpuvm_bo_obtain_prealloc	npu_compat_obtain_bo
#define DRM_GPUVM_IMMEDIATE_MODE	0
#define DRIVER_GEM			(DRIVER_GEM | DRIVER_GEM_GPUVA)
#endif

#ifndef NPU_HAVE_GPUVM_MAP_REQ
struct drm_gpuvm_map_req {
	struct drm_gpuva_op_map map;
};

static inline int npu_compat_sm_map(struct drm_gpuvm *gpuvm, void *priv,
				    const struct drm_gpuvm_map_req *req)
{
	return drm_gpuvm_sm_map(gpuvm, priv, req->map.va.addr, req->map.va.range,
				req->map.gem.obj, req->map.gem.offset);
}

#define drm_gpuvm_sm_map		npu_compat_sm_map
#endif

/*
 * Buffers came from the kernel's own mount of shared memory, for which the
 * administrator alone decides about huge pages. One of the driver's own, in
 * dev_private, which drivers with a structure around drm_device have no use for.
 */
#ifndef NPU_HAVE_HUGE_MNT
static inline void npu_compat_huge_mnt_free(struct drm_device *drm, void *mnt)
{
	kern_unmount(mnt);
}

static inline int drm_gem_huge_mnt_create(struct drm_device *drm, const char *value)
{
	struct file_system_type *tmpfs = get_fs_type("tmpfs");
	struct vfsmount *mnt;
	char options[32];

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return 0;
	if (!tmpfs)
		return -ENODEV;
	snprintf(options, sizeof(options), "huge=%s", value);
	mnt = vfs_kern_mount(tmpfs, SB_KERNMOUNT, tmpfs->name, options);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	drm->dev_private = mnt;
	return drmm_add_action_or_reset(drm, npu_compat_huge_mnt_free, mnt);
}

static inline struct drm_gem_shmem_object *npu_compat_shmem_create(struct drm_device *drm,
								   size_t size)
{
	struct drm_gem_shmem_object *shmem = drm_gem_shmem_create(drm, size);
	struct file *file;

	if (IS_ERR(shmem) || !drm->dev_private)
		return shmem;
	file = shmem_file_setup_with_mnt(drm->dev_private, "drm mm object", shmem->base.size,
					 VM_NORESERVE);
	/* Small pages are better than none. */
	if (IS_ERR(file))
		return shmem;
	mapping_set_gfp_mask(file->f_mapping, mapping_gfp_mask(shmem->base.filp->f_mapping));
	fput(shmem->base.filp);
	shmem->base.filp = file;
	return shmem;
}

#define drm_gem_shmem_create		npu_compat_shmem_create
#endif

/* Helpers for shared memory under a reservation had no name of their own. */
#ifndef NPU_HAVE_SHMEM_LOCKED
#define drm_gem_shmem_madvise_locked	drm_gem_shmem_madvise
#define drm_gem_shmem_purge_locked	drm_gem_shmem_purge
#define drm_gem_shmem_put_pages_locked	drm_gem_shmem_put_pages
#endif

/* And they counted uses in plain integers. */
#ifdef NPU_HAVE_SHMEM_REFCOUNT
#define npu_compat_uses(count)		refcount_read(&(count))
#else
#define npu_compat_uses(count)		(count)
#endif

/*
 * Who has a sync file may ask for the name of its fence's timeline for ever, and was
 * led to the scheduler that the job once had, which goes with the device. A fence
 * that has signalled is led to one that never goes instead: a KiB each time that
 * the module is loaded.
 */
#ifndef NPU_HAVE_FENCE_NAMES
extern struct drm_gpu_scheduler *npu_compat_ended;
struct drm_gpu_scheduler *npu_compat_ended __weak;

static inline void npu_compat_fences_init(void)
{
	npu_compat_ended = kzalloc(sizeof(*npu_compat_ended) + sizeof("npu"), GFP_KERNEL);
	if (!npu_compat_ended)
		return;
	npu_compat_ended->name = memcpy(npu_compat_ended + 1, "npu", sizeof("npu"));
	kmemleak_not_leak(npu_compat_ended);
}

static inline void npu_compat_fence_ended(struct drm_sched_fence *s_fence)
{
	if (npu_compat_ended)
		WRITE_ONCE(s_fence->sched, npu_compat_ended);
}
#else
static inline void npu_compat_fences_init(void)
{
}

static inline void npu_compat_fence_ended(struct drm_sched_fence *s_fence)
{
}
#endif

#ifndef NPU_HAVE_URING_CMD_DONE3
#define io_uring_cmd_done(cmd, ret, issue_flags) io_uring_cmd_done(cmd, ret, 0, issue_flags)
#endif

#ifndef NPU_HAVE_URING_SQE_TYPE
#define io_uring_sqe_cmd(sqe, type)	((const type *)io_uring_sqe_cmd(sqe))
#endif

/* Task work got the command and the flags, now it gets what leads to them. */
#ifdef NPU_HAVE_URING_TW_REQ
#define npu_compat_tw_req		struct io_tw_req
#else
#define npu_compat_tw_req		struct io_uring_cmd *
#define io_tw_token_t			unsigned int
#define io_uring_cmd_from_tw(tw_req)	(tw_req)
#define IO_URING_CMD_TASK_WORK_ISSUE_FLAGS IO_URING_F_COMPLETE_DEFER
#endif

#endif /* __NPU_COMPAT_H__ */
