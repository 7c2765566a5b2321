// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers
 *
 * Buffers are GEM objects in shared memory, of huge pages if the kernel has some. They
 * are pinned and mapped for DMA from when they are bound until they are freed, memory is
 * short or the driver is unbound. One that is exclusive to a VM shares the VM's reservation
 * object, so that a submit has one lock to take and one fence to add for all such buffers
 * together.
 *
 * Buffers can be exported, and those of other drivers imported. Their fences do
 * not order jobs: programs move them between syncobjs and dma-bufs by themselves
 * (DMA_BUF_IOCTL_EXPORT_SYNC_FILE and IMPORT_SYNC_FILE).
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>

#include "npu_device.h"
#include "npu_drv.h"
#include "npu_gem.h"
#include "npu_shrinker.h"
#include "npu_userptr.h"
#include "npu_vm.h"
#include "npu_compat.h"

#define NPU_GEM_FLAGS	(DRM_NPU_BO_NO_MMAP | DRM_NPU_BO_READONLY)

static_assert(PAGE_SHIFT == NPU_PAGE_SHIFT);

static void npu_gem_free(struct drm_gem_object *obj)
{
	struct npu_device *npu = to_npu_device(obj->dev);
	struct npu_bo *bo = to_npu_bo(obj);
	struct drm_gem_object *exclusive = bo->exclusive;
	struct dma_buf *detached;

	if (bo->userptr)
		npu_userptr_fini(bo);
	npu_gem_withdraw(npu, bo);
	detached = bo->detached;
	kvfree(bo->pages);
	kfree(bo->label);
	mutex_destroy(&bo->lock);
	if (bo->userptr)
		npu_userptr_free(bo);
	else
		drm_gem_shmem_free(&bo->base);
	if (exclusive)
		drm_gem_object_put(exclusive);
	if (detached)
		dma_buf_put(detached);
}

/* The helper asks whether the buffer is imported, which unplugging undoes. */
static int npu_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret, idx;

	if (to_npu_bo(obj)->flags & DRM_NPU_BO_NO_MMAP)
		return -EPERM;
	if (!drm_dev_enter(obj->dev, &idx))
		return -ENODEV;
	ret = drm_gem_shmem_object_mmap(obj, vma);
	drm_dev_exit(idx);
	return ret;
}

static struct dma_buf *npu_gem_export(struct drm_gem_object *obj, int flags)
{
	if (to_npu_bo(obj)->exclusive || to_npu_bo(obj)->userptr)
		return ERR_PTR(-EINVAL);
	/* Importers would get other pages than those that it had. */
	if (READ_ONCE(to_npu_bo(obj)->base.madv) < 0)
		return ERR_PTR(-ENOMEM);
	return drm_gem_prime_export(obj, flags);
}

/* Under a spinlock, and against races only as good as a figure must be. */
static enum drm_gem_object_status npu_gem_status(struct drm_gem_object *obj)
{
	const struct npu_bo *bo = to_npu_bo(obj);

	bool resident = READ_ONCE(bo->base.pages) || (bo->userptr && READ_ONCE(bo->pages));

	return (resident ? DRM_GEM_OBJECT_RESIDENT : 0) |
	       (READ_ONCE(bo->base.madv) > 0 ? DRM_GEM_OBJECT_PURGEABLE : 0);
}

static const struct drm_gem_object_funcs npu_gem_funcs = {
	.free = npu_gem_free,
	.print_info = drm_gem_shmem_object_print_info,
	.export = npu_gem_export,
	.status = npu_gem_status,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = npu_gem_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/**
 * npu_gem_create_object() - allocate the structure of a buffer
 * @drm: device
 * @size: bytes of the buffer
 *
 * For the shared memory helpers, which free it with kfree() on errors.
 *
 * Return: object or an ERR_PTR().
 */
struct drm_gem_object *npu_gem_create_object(struct drm_device *drm, size_t size)
{
	struct npu_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&bo->link);
	mutex_init(&bo->lock);
	npu_shrinker_init_bo(bo);
	bo->dma_direction = DMA_BIDIRECTIONAL;
	bo->base.base.funcs = &npu_gem_funcs;
	/* Neither the device's writes nor those through a mapping mark them. */
	bo->base.pages_mark_dirty_on_put = true;
	bo->base.pages_mark_accessed_on_put = true;
	return &bo->base.base;
}

/**
 * npu_gem_init() - have buffers made of huge pages where they are large enough
 * @npu: device
 *
 * It works as well without.
 */
void npu_gem_init(struct npu_device *npu)
{
	int ret = drm_gem_huge_mnt_create(&npu->drm, "within_size");

	if (ret)
		drm_info(&npu->drm, "no huge pages for buffers: %d\n", ret);
}

/**
 * npu_gem_publish() - put a buffer into the list
 * @bo: buffer, complete
 */
void npu_gem_publish(struct npu_bo *bo)
{
	struct npu_device *npu = to_npu_device(bo->base.base.dev);

	npu_compat_gpuva_init(&bo->base.base);
	guard(mutex)(&npu->bos_lock);
	list_add_tail(&bo->link, &npu->bos);
	atomic64_add(bo->base.base.size, &npu->stats.bo_bytes);
	atomic64_inc(&npu->stats.bo_count);
}

/**
 * npu_gem_import() - &drm_driver.gem_prime_import
 * @drm: device
 * @dma_buf: buffer
 *
 * Return: object or an ERR_PTR().
 */
struct drm_gem_object *npu_gem_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj;
	int idx;

	/*
	 * Attaching maps for DMA. Unplugging waits until the buffer is in the
	 * list, or is unmapped after an error, and unmaps what is in the list.
	 */
	if (!drm_dev_enter(drm, &idx))
		return ERR_PTR(-ENODEV);
	obj = drm_gem_prime_import(drm, dma_buf);
	drm_dev_exit(idx);
	return obj;
}

/**
 * npu_gem_import_sg_table() - &drm_driver.gem_prime_import_sg_table
 * @drm: device
 * @attach: attachment to a dma-buf of another device
 * @sgt: its pages, mapped for this device
 *
 * Return: object or an ERR_PTR().
 */
struct drm_gem_object *npu_gem_import_sg_table(struct drm_device *drm,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt)
{
	struct drm_gem_object *obj;

	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (!IS_ERR(obj)) {
		obj->import_attach = attach;
		npu_gem_publish(to_npu_bo(obj));
	}
	return obj;
}

static struct npu_bo *npu_gem_create(struct npu_device *npu, size_t size, u32 flags,
				     struct npu_vm *vm)
{
	struct drm_gem_shmem_object *shmem;
	struct npu_bo *bo;

	shmem = drm_gem_shmem_create(&npu->drm, size);
	if (IS_ERR(shmem))
		return ERR_CAST(shmem);
	bo = to_npu_bo(&shmem->base);
	bo->flags = flags;
	if (vm) {
		bo->exclusive = drm_gpuvm_resv_obj(&vm->base);
		drm_gem_object_get(bo->exclusive);
		shmem->base.resv = bo->exclusive->resv;
	}
	npu_gem_publish(bo);
	return bo;
}

/**
 * npu_gem_resident_bytes() - memory that buffers take
 * @npu: device
 *
 * Return: bytes of all buffers that have pages.
 */
u64 npu_gem_resident_bytes(struct npu_device *npu)
{
	struct npu_bo *bo;
	u64 bytes = 0;

	guard(mutex)(&npu->bos_lock);
	list_for_each_entry(bo, &npu->bos, link)
		if (READ_ONCE(bo->base.pages))
			bytes += bo->base.base.size;
	return bytes;
}

/**
 * npu_ioctl_bo_create() - DRM_IOCTL_NPU_BO_CREATE
 * @drm: device
 * @data: &struct drm_npu_bo_create
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct npu_device *npu = to_npu_device(drm);
	struct drm_npu_bo_create *args = data;
	struct npu_vm *vm = NULL;
	struct npu_bo *bo;
	u32 handle;
	int ret;

	/* What no address space can map is a mistake; what memory cannot hold is bad luck. */
	if (args->flags & ~NPU_GEM_FLAGS || args->pad || !args->size ||
	    args->size > npu->info.va_end - npu->info.va_start)
		return -EINVAL;
	if (args->size >> PAGE_SHIFT > totalram_pages())
		return -ENOMEM;
	if (args->exclusive_vm_id) {
		vm = npu_vm_lookup(drm_file->driver_priv, args->exclusive_vm_id);
		if (!vm)
			return -ENOENT;
	}
	bo = npu_gem_create(npu, args->size, args->flags, vm);
	if (vm)
		npu_vm_put(vm);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(drm_file, &bo->base.base, &handle);
	if (!ret) {
		args->size = bo->base.base.size;
		args->handle = handle;
	}
	drm_gem_object_put(&bo->base.base);
	return ret;
}

/**
 * npu_ioctl_bo_label() - DRM_IOCTL_NPU_BO_LABEL
 * @drm: device
 * @data: &struct drm_npu_bo_label
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_bo_label(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_bo_label *args = data;
	struct drm_gem_object *obj;
	char *label = NULL;

	if (args->pad)
		return -EINVAL;
	if (args->label) {
		label = strndup_user(u64_to_user_ptr(args->label), DRM_NPU_BO_LABEL_LEN);
		/* -EINVAL if it is too long */
		if (IS_ERR(label))
			return PTR_ERR(label);
	}
	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj) {
		kfree(label);
		return -ENOENT;
	}
	scoped_guard(mutex, &to_npu_bo(obj)->lock)
		swap(to_npu_bo(obj)->label, label);
	kfree(label);
	drm_gem_object_put(obj);
	return 0;
}

/**
 * npu_ioctl_bo_mmap_offset() - DRM_IOCTL_NPU_BO_MMAP_OFFSET
 * @drm: device
 * @data: &struct drm_npu_bo_mmap_offset
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret = 0;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj)
		return -ENOENT;
	if (to_npu_bo(obj)->flags & DRM_NPU_BO_NO_MMAP)
		ret = -EPERM;
	else if (READ_ONCE(to_npu_bo(obj)->base.madv) < 0)
		ret = -ENOMEM;
	else
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return ret;
}

static int npu_gem_wait(struct drm_gem_object *obj, s64 timeout_ns)
{
	unsigned long timeout = drm_timeout_abs_to_jiffies(timeout_ns);
	long ret;

	if (!timeout)
		return dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP) ? 0 : -ETIMEDOUT;
	ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, true, timeout);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ETIMEDOUT;
}

/**
 * npu_ioctl_bo_wait() - DRM_IOCTL_NPU_BO_WAIT
 * @drm: device
 * @data: &struct drm_npu_bo_wait
 * @drm_file: file
 *
 * Return: 0 or a negative errno.
 */
int npu_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_bo_wait *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = npu_gem_wait(obj, args->timeout_ns);
	drm_gem_object_put(obj);
	return ret;
}
