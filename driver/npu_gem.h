/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_GEM_H__
#define __NPU_GEM_H__

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_gem_shmem_helper.h>

struct dma_buf_attachment;
struct drm_device;
struct drm_file;
struct npu_device;
struct npu_userptr;
struct npu_vm;
struct sg_table;

/**
 * struct npu_bo - a buffer
 */
struct npu_bo {
	/** @base: pages in shared memory; first, as the helpers free its address */
	struct drm_gem_shmem_object base;

	/** @link: in &npu_device.bos; nowhere until the buffer is complete */
	struct list_head link;

	/** @exclusive: root object of the only VM that may map it, referenced; or NULL */
	struct drm_gem_object *exclusive;

	/** @detached: dma-buf that it was imported from, referenced; NULL while attached */
	struct dma_buf *detached;

	/**
	 * @lock: protects the list of mappings in @base; nothing is allocated under
	 * it, as for &npu_vm.lock
	 */
	struct mutex lock;

	/** @flags: enum drm_npu_bo_flags */
	u32 flags;

	/** @label: what user space calls it, or NULL; protected by @lock */
	char *label;

	/**
	 * @pages: bus addresses of its pages, or NULL; constant while it is pinned,
	 * or mapped and needed
	 */
	dma_addr_t *pages;

	/** @dma_direction: who reads and writes the pages when they are mapped for DMA */
	enum dma_data_direction dma_direction;

	/** @dma_attrs: how they are mapped for DMA */
	unsigned long dma_attrs;

	/** @pins: those who need @pages to stay; protected by @lock */
	u32 pins;

	/** @userptr: memory of a process that it is made of, or NULL */
	struct npu_userptr *userptr;

	/** @put_work: drops a reference where reclaim does not wait */
	struct work_struct put_work;
};

static inline struct npu_bo *to_npu_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct npu_bo, base);
}

/* Bus addresses of a pinned buffer from an offset on; NULL if they may change all the same. */
static inline const dma_addr_t *npu_gem_pages(const struct npu_bo *bo, u64 offset)
{
	return bo->userptr ? NULL : bo->pages + (offset >> PAGE_SHIFT);
}

struct drm_gem_object *npu_gem_create_object(struct drm_device *drm, size_t size);
struct drm_gem_object *npu_gem_import(struct drm_device *drm, struct dma_buf *dma_buf);
struct drm_gem_object *npu_gem_import_sg_table(struct drm_device *drm,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt);
dma_addr_t *npu_gem_make_list(struct sg_table *sgt, size_t count);
void npu_gem_free_table(struct npu_bo *bo, struct sg_table *sgt);
void npu_gem_init(struct npu_device *npu);
void npu_gem_publish(struct npu_bo *bo);
int npu_gem_pin(struct npu_bo *bo);
void npu_gem_unpin(struct npu_bo *bo);
void npu_gem_withdraw(struct npu_device *npu, struct npu_bo *bo);
u64 npu_gem_resident_bytes(struct npu_device *npu);
void npu_gem_revoke_all(struct npu_device *npu);

int npu_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_bo_label(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *drm_file);
int npu_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_GEM_H__ */
