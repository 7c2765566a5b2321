// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a buffer's pages are for the device: from its first bind until it is
 * freed, memory is short or the driver is unbound.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/wait.h>

#include <drm/drm_gem.h>

#include "npu_device.h"
#include "npu_gem.h"

/*
 * Exporters may have a mapping kept until its attachment goes (udmabuf and DRM
 * do), so only detaching takes it back for certain. The dma-buf itself stays:
 * its reservations are the buffer's.
 */
static void npu_gem_detach(struct npu_bo *bo)
{
	struct dma_buf_attachment *attach = bo->base.base.import_attach;

	dma_buf_unmap_attachment_unlocked(attach, bo->base.sgt, DMA_BIDIRECTIONAL);
	bo->base.sgt = NULL;
	bo->base.base.import_attach = NULL;
	bo->detached = attach->dmabuf;
	dma_buf_detach(attach->dmabuf, attach);
}

/**
 * npu_gem_free_table() - unmap pages from DMA and forget where they are
 * @bo: buffer that they are of
 * @sgt: the pages
 */
void npu_gem_free_table(struct npu_bo *bo, struct sg_table *sgt)
{
	dma_unmap_sgtable(bo->base.base.dev->dev, sgt, bo->dma_direction, bo->dma_attrs);
	sg_free_table(sgt);
	kfree(sgt);
}

/*
 * By the last user or after unplug, and without locks that are held over
 * reservations: an exporter's is taken.
 */
static void npu_gem_unmap_dma(struct npu_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->base;

	if (!shmem->sgt)
		return;
	if (shmem->base.import_attach) {
		npu_gem_detach(bo);
		return;
	}
	npu_gem_free_table(bo, shmem->sgt);
	shmem->sgt = NULL;
}

/* Others may hand out pieces of pages; the device maps whole ones. */
static bool npu_gem_whole_pages(struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (!PAGE_ALIGNED(sg_dma_address(sg) | sg_dma_len(sg)))
			return false;
	return true;
}

/**
 * npu_gem_make_list() - list the bus addresses of pages
 * @sgt: pages, mapped for DMA
 * @count: their number
 *
 * Return: list, to be freed with kvfree(), or an ERR_PTR().
 */
dma_addr_t *npu_gem_make_list(struct sg_table *sgt, size_t count)
{
	struct sg_dma_page_iter iter;
	dma_addr_t *pages;
	size_t i = 0;

	if (!npu_gem_whole_pages(sgt))
		return ERR_PTR(-EINVAL);
	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for_each_sgtable_dma_page(sgt, &iter, 0) {
		if (i == count)
			break;
		pages[i++] = sg_page_iter_dma_address(&iter);
	}
	if (i == count)
		return pages;
	kvfree(pages);
	return ERR_PTR(-EINVAL);
}

static int npu_gem_list_pages(struct npu_bo *bo, struct sg_table *sgt)
{
	dma_addr_t *pages = npu_gem_make_list(sgt, bo->base.base.size >> PAGE_SHIFT);

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	/* Filled before it is seen. Another thread may have been faster. */
	if (cmpxchg_release(&bo->pages, NULL, pages))
		kvfree(pages);
	return 0;
}

/**
 * npu_gem_pin() - make a buffer reachable for the device
 * @bo: buffer
 *
 * Between drm_dev_enter() and drm_dev_exit(). Its pages are pinned and mapped
 * for DMA until npu_gem_unpin(), and as long as memory is not short;
 * &npu_bo.pages says where they are. Memory of a process was faulted in before, and
 * may go at any time.
 *
 * Return: 0; -ENOMEM, also if its pages were taken; or another negative errno.
 */
int npu_gem_pin(struct npu_bo *bo)
{
	struct sg_table *sgt;
	int ret;

	scoped_guard(mutex, &bo->lock)
		bo->pins++;
	/* Pairs with the release in npu_gem_list_pages(). */
	if (bo->userptr || smp_load_acquire(&bo->pages))
		return 0;
	if (READ_ONCE(bo->base.madv) < 0) {
		npu_gem_unpin(bo);
		return -ENOMEM;
	}
	sgt = drm_gem_shmem_get_pages_sgt(&bo->base);
	ret = IS_ERR(sgt) ? PTR_ERR(sgt) : npu_gem_list_pages(bo, sgt);
	/* Taken just before it was pinned: what it has now is nobody's. */
	if (!ret && READ_ONCE(bo->base.madv) < 0)
		ret = -ENOMEM;
	if (ret)
		npu_gem_unpin(bo);
	return ret;
}

/**
 * npu_gem_unpin() - let a buffer's pages go when memory is short
 * @bo: buffer that was pinned
 *
 * Pages of a buffer that is mapped somewhere stay, unless the program does not need them.
 */
void npu_gem_unpin(struct npu_bo *bo)
{
	guard(mutex)(&bo->lock);
	bo->pins--;
}

/**
 * npu_gem_withdraw() - take a buffer out of the list and unmap it from DMA
 * @npu: device
 * @bo: buffer that nobody refers to
 *
 * Unbinding waits for those who are in here.
 */
void npu_gem_withdraw(struct npu_device *npu, struct npu_bo *bo)
{
	scoped_guard(mutex, &npu->bos_lock) {
		npu->bos_leaving++;
		if (!list_empty(&bo->link)) {
			list_del(&bo->link);
			atomic64_sub(bo->base.base.size, &npu->stats.bo_bytes);
			atomic64_dec(&npu->stats.bo_count);
		}
	}
	npu_gem_unmap_dma(bo);
	guard(mutex)(&npu->bos_lock);
	npu->bos_leaving--;
	wake_up(&npu->bos_wait);
}

/* Return: a buffer that may be mapped for DMA, referenced, or NULL if there is none. */
static struct npu_bo *npu_gem_next_mapped(struct npu_device *npu)
{
	struct npu_bo *bo;

	guard(mutex)(&npu->bos_lock);
	list_for_each_entry(bo, &npu->bos, link)
		if (bo->base.sgt && kref_get_unless_zero(&bo->base.base.refcount))
			return bo;
	return NULL;
}

/* Buffers that nobody refers to any more are unmapped by who frees them. */
static bool npu_gem_all_unmapped(struct npu_device *npu)
{
	struct npu_bo *bo;

	guard(mutex)(&npu->bos_lock);
	list_for_each_entry(bo, &npu->bos, link)
		if (bo->base.sgt)
			return false;
	return !npu->bos_leaving;
}

/* To look takes a mutex, so the task must not count as asleep meanwhile, as with wait_event(). */
static void npu_gem_wait_unmapped(struct npu_device *npu)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(&npu->bos_wait, &wait);
	while (!npu_gem_all_unmapped(npu))
		wait_woken(&wait, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	remove_wait_queue(&npu->bos_wait, &wait);
}

/**
 * npu_gem_revoke_all() - unmap all buffers from DMA
 * @npu: device, unplugged and stopped
 *
 * The DMA API must not be used when the driver is no longer bound, but buffers
 * may live on in files. Exporting looks at attachments under object_name_lock.
 */
void npu_gem_revoke_all(struct npu_device *npu)
{
	struct npu_bo *bo;

	while ((bo = npu_gem_next_mapped(npu))) {
		scoped_guard(mutex, &npu->drm.object_name_lock)
			npu_gem_unmap_dma(bo);
		drm_gem_object_put(&bo->base.base);
	}
	npu_gem_wait_unmapped(npu);
}
