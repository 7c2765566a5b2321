// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory pressure
 *
 * When memory is short the pages of buffers that no job may use are taken:
 *
 * - of those that the program does not need (DRM_NPU_MADVISE_DONTNEED), mapped for the
 *   NPU or not, for good;
 * - of those that are bound nowhere: they are only unpinned, so that they can be swapped
 *   out, and pinned again by the next bind.
 *
 * A buffer that the CPU has mapped, or that another driver may use, keeps its pages.
 *
 * All this runs in reclaim. It takes no lock that may be held over an allocation,
 * and reservations only if they are free.
 */
#include <linux/dma-resv.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_shrinker.h"
#include "npu_vm.h"
#include "npu_compat.h"

static void npu_shrinker_put_work(struct work_struct *work)
{
	drm_gem_object_put(&container_of(work, struct npu_bo, put_work)->base.base);
}

/* Freeing takes the reservation, which who waits for memory may hold. */
static void npu_shrinker_put(struct npu_bo *bo)
{
	if (!refcount_dec_not_one(&bo->base.base.refcount.refcount))
		queue_work(npu_release_wq, &bo->put_work);
}

/**
 * npu_shrinker_init_bo() - make a buffer ready for the shrinker
 * @bo: buffer, its locks initialized
 */
void npu_shrinker_init_bo(struct npu_bo *bo)
{
	INIT_WORK(&bo->put_work, npu_shrinker_put_work);
	npu_shrinker_might_lock(&bo->lock);
}

static bool npu_shrinker_is_bound(const struct npu_bo *bo)
{
	return !list_empty(&bo->base.base.gpuva.list);
}

/* May its pages be taken, as far as can be seen without its locks? */
static bool npu_shrinker_may_take(const struct npu_bo *bo)
{
	const struct drm_gem_shmem_object *shmem = &bo->base;

	/* One use is that of the DMA mapping, others are those of the CPU. */
	if (!shmem->sgt || npu_compat_uses(shmem->pages_use_count) != 1 ||
	    npu_compat_uses(shmem->vmap_use_count) || bo->pins || shmem->base.dma_buf ||
	    shmem->base.import_attach)
		return false;
	return shmem->madv > 0 || (!npu_shrinker_is_bound(bo) && get_nr_swap_pages() > 0);
}

/* From here on a bind makes a new list. Return: the old one, or NULL if it cannot be taken. */
static dma_addr_t *npu_shrinker_take_list(struct npu_bo *bo)
{
	guard(mutex)(&bo->lock);
	return npu_shrinker_may_take(bo) ? xchg(&bo->pages, NULL) : NULL;
}

static void npu_shrinker_unpin(struct npu_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->base;

	npu_gem_free_table(bo, shmem->sgt);
	shmem->sgt = NULL;
	drm_gem_shmem_put_pages_locked(shmem);
}

/* With the reservation. Return: whether its pages were taken. */
static bool npu_shrinker_take_locked(struct npu_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->base;
	dma_addr_t *pages;

	if (!dma_resv_test_signaled(shmem->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return false;
	pages = npu_shrinker_take_list(bo);
	if (!pages)
		return false;
	if (!npu_vm_zap_bo(bo)) {
		/* A bind may have listed them meanwhile. */
		if (cmpxchg(&bo->pages, NULL, pages))
			kvfree(pages);
		return false;
	}
	if (shmem->madv > 0)
		drm_gem_shmem_purge_locked(shmem);
	else
		npu_shrinker_unpin(bo);
	kvfree(pages);
	return true;
}

static bool npu_shrinker_take(struct npu_bo *bo)
{
	struct dma_resv *resv = bo->base.base.resv;
	bool taken;

	if (!dma_resv_trylock(resv))
		return false;
	taken = npu_shrinker_take_locked(bo);
	dma_resv_unlock(resv);
	return taken;
}

/* Return: the next buffer to look at, referenced, or NULL; what was looked at moves to the end. */
static struct npu_bo *npu_shrinker_next(struct npu_device *npu, unsigned long *left)
{
	struct npu_bo *bo, *next;

	if (!mutex_trylock(&npu->bos_lock))
		return NULL;
	list_for_each_entry_safe(bo, next, &npu->bos, link) {
		if (!(*left)--)
			break;
		list_move_tail(&bo->link, &npu->bos);
		if (npu_shrinker_may_take(bo) && kref_get_unless_zero(&bo->base.base.refcount)) {
			mutex_unlock(&npu->bos_lock);
			return bo;
		}
	}
	mutex_unlock(&npu->bos_lock);
	return NULL;
}

static unsigned long npu_shrinker_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct npu_device *npu = shrinker->private_data;
	unsigned long count = 0;
	struct npu_bo *bo;

	if (!mutex_trylock(&npu->bos_lock))
		return 0;
	list_for_each_entry(bo, &npu->bos, link)
		if (npu_shrinker_may_take(bo))
			count += bo->base.base.size >> PAGE_SHIFT;
	mutex_unlock(&npu->bos_lock);
	return count ?: SHRINK_EMPTY;
}

static unsigned long npu_shrinker_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct npu_device *npu = shrinker->private_data;
	unsigned long left = atomic64_read(&npu->stats.bo_count), freed = 0;
	struct npu_bo *bo;
	int idx;

	if (!drm_dev_enter(&npu->drm, &idx))
		return SHRINK_STOP;
	while (freed < sc->nr_to_scan) {
		bo = npu_shrinker_next(npu, &left);
		if (!bo)
			break;
		if (npu_shrinker_take(bo))
			freed += bo->base.base.size >> PAGE_SHIFT;
		npu_shrinker_put(bo);
	}
	drm_dev_exit(idx);
	atomic64_add(freed << PAGE_SHIFT, &npu->stats.shrunk_bytes);
	return freed ?: SHRINK_STOP;
}

static void npu_shrinker_fini(void *shrinker)
{
	shrinker_free(shrinker);
}

/**
 * npu_shrinker_init() - let memory reclaim ask this device
 * @npu: device
 *
 * Until the driver is unbound.
 *
 * Return: 0 or -ENOMEM.
 */
int npu_shrinker_init(struct npu_device *npu)
{
	npu_shrinker_might_lock(&npu->vms_lock);
	npu->shrinker = shrinker_alloc(0, "drm-npu:%s", dev_name(npu->drm.dev));
	if (!npu->shrinker)
		return -ENOMEM;
	npu->shrinker->count_objects = npu_shrinker_count;
	npu->shrinker->scan_objects = npu_shrinker_scan;
	npu->shrinker->private_data = npu;
	shrinker_register(npu->shrinker);
	return devm_add_action_or_reset(npu->drm.dev, npu_shrinker_fini, npu->shrinker);
}

static int npu_shrinker_advise(struct npu_bo *bo, struct drm_npu_bo_madvise *args)
{
	struct drm_gem_shmem_object *shmem = &bo->base;
	int ret;

	ret = dma_resv_lock_interruptible(shmem->base.resv, NULL);
	if (ret)
		return ret == -EINTR ? -ERESTARTSYS : ret;
	if (args->advice == DRM_NPU_MADVISE_DONTNEED &&
	    (!shmem->base.filp || shmem->base.dma_buf || shmem->base.import_attach))
		ret = -EINVAL;
	else
		args->retained = drm_gem_shmem_madvise_locked(shmem, args->advice);
	dma_resv_unlock(shmem->base.resv);
	return ret;
}

/**
 * npu_ioctl_bo_madvise() - DRM_IOCTL_NPU_BO_MADVISE
 * @drm: device
 * @data: &struct drm_npu_bo_madvise
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_bo_madvise *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->pad || args->advice > DRM_NPU_MADVISE_DONTNEED)
		return -EINVAL;
	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = npu_shrinker_advise(to_npu_bo(obj), args);
	drm_gem_object_put(obj);
	return ret;
}
