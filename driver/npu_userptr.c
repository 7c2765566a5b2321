// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: memory of processes
 *
 * A buffer may be made of memory that a process has. Its pages are not pinned:
 * they are looked up by hmm_range_fault(), and an MMU interval notifier tells when
 * they change hands. Then the notifier waits for the fences in the buffer's reservation,
 * and takes the pages out of all page tables of the NPU.
 *
 * Whoever relies on the pages checks, with userptr_lock held for reading, that they are still
 * the right ones, and lets it go only when that shows: a submit when its fence is in the
 * reservation, a bind when the pages are in the page tables. A submit that finds
 * that any were taken away looks them up anew first.
 *
 * The notifier runs in reclaim. Nothing is allocated under the locks that it takes.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/hmm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "npu_device.h"
#include "npu_gem.h"
#include "npu_userptr.h"
#include "npu_vm.h"
#include "npu_compat.h"

#if IS_ENABLED(CONFIG_HMM_MIRROR) && IS_ENABLED(CONFIG_MMU_NOTIFIER)

/* Pages that were looked up, on their way into a buffer. */
struct npu_userptr_pages {
	struct sg_table *sgt;
	dma_addr_t *list;
	unsigned long seq;
};

static struct npu_device *npu_userptr_device(const struct npu_bo *bo)
{
	return to_npu_device(bo->base.base.dev);
}

static void npu_userptr_free_pages(struct npu_bo *bo, struct npu_userptr_pages *pages)
{
	if (pages->sgt)
		npu_gem_free_table(bo, pages->sgt);
	kvfree(pages->list);
}

static bool npu_userptr_is_valid(const struct npu_bo *bo)
{
	struct npu_userptr *userptr = bo->userptr;

	lockdep_assert_held(&npu_userptr_device(bo)->userptr_lock);
	return bo->pages && !mmu_interval_read_retry(&userptr->notifier, userptr->seq);
}

/* Between drm_dev_enter() and drm_dev_exit(): after that unbinding does it. */
static void npu_userptr_drop(struct npu_bo *bo)
{
	struct npu_device *npu = npu_userptr_device(bo);
	struct npu_userptr_pages pages;

	down_write(&npu->userptr_lock);
	pages.sgt = bo->base.sgt;
	pages.list = bo->pages;
	bo->base.sgt = NULL;
	bo->pages = NULL;
	up_write(&npu->userptr_lock);
	npu_userptr_free_pages(bo, &pages);
}

static bool npu_userptr_invalidate(struct mmu_interval_notifier *notifier,
				   const struct mmu_notifier_range *range, unsigned long seq)
{
	struct npu_bo *bo = container_of(notifier, struct npu_userptr, notifier)->bo;
	struct npu_device *npu = npu_userptr_device(bo);
	int idx;

	if (!mmu_notifier_range_blockable(range))
		return false;
	down_write(&npu->userptr_lock);
	mmu_interval_set_seq(notifier, seq);
	npu->userptr_epoch++;
	up_write(&npu->userptr_lock);
	dma_resv_wait_timeout(bo->base.base.resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	if (drm_dev_enter(&npu->drm, &idx)) {
		npu_vm_zap_userptr(bo);
		npu_userptr_drop(bo);
		drm_dev_exit(idx);
	}
	return true;
}

static const struct mmu_interval_notifier_ops npu_userptr_ops = {
	.invalidate = npu_userptr_invalidate,
};

/**
 * npu_userptr_fini() - hear no more of the process
 * @bo: buffer that nobody refers to
 *
 * Waits for a notifier that is at work, so without any lock that it takes.
 */
void npu_userptr_fini(struct npu_bo *bo)
{
	if (bo->userptr->bo)
		mmu_interval_notifier_remove(&bo->userptr->notifier);
}

/**
 * npu_userptr_free() - free the buffer itself
 * @bo: buffer, unmapped from DMA
 */
void npu_userptr_free(struct npu_bo *bo)
{
	drm_gem_object_release(&bo->base.base);
	kfree(bo->userptr);
	kfree(bo);
}

static int npu_userptr_fault(struct npu_bo *bo, unsigned long *pfns, unsigned long *seq)
{
	struct mmu_interval_notifier *notifier = &bo->userptr->notifier;
	struct hmm_range range = {
		.notifier = notifier,
		.start = notifier->interval_tree.start,
		.end = notifier->interval_tree.last + 1,
		.hmm_pfns = pfns,
		.default_flags = HMM_PFN_REQ_FAULT |
				 (bo->flags & DRM_NPU_BO_READONLY ? 0 : HMM_PFN_REQ_WRITE),
	};
	struct mm_struct *mm = notifier->mm;
	int ret;

	/* The process may be gone, while its buffers are not. */
	if (!mmget_not_zero(mm))
		return -EFAULT;
	do {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		range.notifier_seq = mmu_interval_read_begin(notifier);
		mmap_read_lock(mm);
		ret = hmm_range_fault(&range);
		mmap_read_unlock(mm);
	} while (ret == -EBUSY);
	mmput(mm);
	*seq = range.notifier_seq;
	return ret == -EPERM || ret == -EINVAL ? -EFAULT : ret;
}

/* Turns page frame numbers into pages, in place. */
static struct page **npu_userptr_to_pages(unsigned long *pfns, size_t count)
{
	struct page **pages = (struct page **)pfns;
	size_t i;

	for (i = 0; i < count; i++)
		pages[i] = hmm_pfn_to_page(pfns[i]);
	return pages;
}

static int npu_userptr_map_dma(struct npu_bo *bo, struct page **from,
			       struct npu_userptr_pages *pages)
{
	size_t size = bo->base.base.size;
	struct sg_table *sgt;
	int ret;

	sgt = kzalloc(sizeof(*sgt), GFP_KERNEL_ACCOUNT);
	if (!sgt)
		return -ENOMEM;
	ret = sg_alloc_table_from_pages(sgt, from, size >> PAGE_SHIFT, 0, size,
					GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_free;
	ret = dma_map_sgtable(bo->base.base.dev->dev, sgt, bo->dma_direction, bo->dma_attrs);
	if (ret)
		goto err_table;
	pages->sgt = sgt;
	pages->list = npu_gem_make_list(sgt, size >> PAGE_SHIFT);
	if (IS_ERR(pages->list)) {
		ret = PTR_ERR(pages->list);
		pages->list = NULL;
	}
	return ret;

err_table:
	sg_free_table(sgt);
err_free:
	kfree(sgt);
	return ret;
}

/* Puts the pages into the buffer, unless they are old by now. What is left is freed. */
static int npu_userptr_install(struct npu_bo *bo, struct npu_userptr_pages *pages)
{
	struct npu_device *npu = npu_userptr_device(bo);
	int ret = 0;

	down_write(&npu->userptr_lock);
	if (mmu_interval_read_retry(&bo->userptr->notifier, pages->seq)) {
		ret = -EAGAIN;
	} else if (!npu_userptr_is_valid(bo)) {
		swap(bo->base.sgt, pages->sgt);
		swap(bo->pages, pages->list);
		bo->userptr->seq = pages->seq;
	}
	up_write(&npu->userptr_lock);
	return ret;
}

/* Not under drm_dev_enter() while it faults: that may wait for jobs that unplugging ends. */
static int npu_userptr_try_populate(struct npu_bo *bo, unsigned long *pfns)
{
	struct npu_userptr_pages pages = {};
	size_t count = bo->base.base.size >> PAGE_SHIFT;
	int idx, ret;

	memset(pfns, 0, count * sizeof(*pfns));
	ret = npu_userptr_fault(bo, pfns, &pages.seq);
	if (ret)
		return ret;
	if (!drm_dev_enter(bo->base.base.dev, &idx))
		return -ENODEV;
	ret = npu_userptr_map_dma(bo, npu_userptr_to_pages(pfns, count), &pages);
	if (!ret)
		ret = npu_userptr_install(bo, &pages);
	npu_userptr_free_pages(bo, &pages);
	drm_dev_exit(idx);
	return ret;
}

/**
 * npu_userptr_populate() - look the pages of a process's memory up
 * @bo: buffer
 *
 * Without &npu_vm.lock, and not between drm_dev_enter() and drm_dev_exit().
 *
 * Return: 0; -EFAULT if there is no memory, or it may not be written; -EINTR if
 * the process is being killed; -ENODEV; or -ENOMEM.
 */
int npu_userptr_populate(struct npu_bo *bo)
{
	struct npu_device *npu = npu_userptr_device(bo);
	unsigned long *pfns;
	bool valid;
	int ret;

	down_read(&npu->userptr_lock);
	valid = npu_userptr_is_valid(bo);
	up_read(&npu->userptr_lock);
	if (valid)
		return 0;
	static_assert(sizeof(*pfns) == sizeof(struct page *));
	pfns = kvmalloc_array(bo->base.base.size >> PAGE_SHIFT, sizeof(*pfns), GFP_KERNEL_ACCOUNT);
	if (!pfns)
		return -ENOMEM;
	do {
		ret = npu_userptr_try_populate(bo, pfns);
	} while (ret == -EAGAIN);
	kvfree(pfns);
	return ret;
}

static void npu_userptr_map_range(struct npu_vm_update *update, struct npu_vma *vma,
				  struct npu_bo *bo)
{
	const struct drm_gpuva *va = &vma->base;

	npu_mmu_map(&update->mmu, va->va.addr, va->va.range,
		    bo->pages + (va->gem.offset >> PAGE_SHIFT),
		    NPU_MMU_REVOCABLE | (vma->readonly ? NPU_MMU_READONLY : 0));
	vma->seq = bo->userptr->seq;
}

/**
 * npu_userptr_map() - put a process's memory into page tables
 * @update: operations, reserved; the address space is locked
 * @vma: mapping
 * @bo: its buffer
 *
 * If the pages were taken away meanwhile nothing is mapped there, and the next
 * submit looks them up.
 */
void npu_userptr_map(struct npu_vm_update *update, struct npu_vma *vma, struct npu_bo *bo)
{
	struct npu_device *npu = npu_userptr_device(bo);

	down_read(&npu->userptr_lock);
	if (npu_userptr_is_valid(bo)) {
		npu_userptr_map_range(update, vma, bo);
	} else {
		npu_mmu_unmap(&update->mmu, vma->base.va.addr, vma->base.va.range);
		WRITE_ONCE(update->vm->userptr_epoch, npu->userptr_epoch - 1);
	}
	up_read(&npu->userptr_lock);
}

/**
 * npu_userptr_begin() - begin to rely on an address space
 * @vm: address space
 *
 * Return: false if memory of a process is to be looked up first; else
 * npu_userptr_end() has to follow, and nothing may be allocated until then.
 */
bool npu_userptr_begin(struct npu_vm *vm)
{
	struct npu_device *npu = vm->npu;

	down_read(&npu->userptr_lock);
	if (!READ_ONCE(vm->has_userptr) ||
	    READ_ONCE(vm->userptr_epoch) == npu->userptr_epoch)
		return true;
	up_read(&npu->userptr_lock);
	return false;
}

/**
 * npu_userptr_end() - what relies on an address space shows in its fences
 * @vm: address space
 */
void npu_userptr_end(struct npu_vm *vm)
{
	up_read(&vm->npu->userptr_lock);
}

static bool npu_userptr_is_mapped(const struct npu_vma *vma, const struct npu_bo *bo)
{
	return npu_userptr_is_valid(bo) && vma->seq == bo->userptr->seq;
}

/* Return: a buffer that is not mapped as it should, referenced; or NULL: all are. */
static struct npu_bo *npu_userptr_find_stale(struct npu_vm *vm)
{
	struct npu_device *npu = vm->npu;
	struct npu_bo *stale = NULL;
	struct drm_gpuva *va;

	guard(mutex)(&vm->lock);
	down_read(&npu->userptr_lock);
	drm_gpuvm_for_each_va(va, &vm->base) {
		struct npu_bo *bo = to_npu_bo(va->gem.obj);

		if (bo->userptr && !npu_userptr_is_mapped(to_npu_vma(va), bo)) {
			drm_gem_object_get(va->gem.obj);
			stale = bo;
			break;
		}
	}
	if (!stale)
		WRITE_ONCE(vm->userptr_epoch, npu->userptr_epoch);
	up_read(&npu->userptr_lock);
	return stale;
}

/* Return: whether enough was reserved; if not @need says what is. */
static bool npu_userptr_try_remap(struct npu_vm_update *update, struct npu_bo *bo,
				  struct npu_mmu_need *need)
{
	struct npu_vm *vm = update->vm;
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	guard(mutex)(&vm->lock);
	guard(rwsem_read)(&vm->npu->userptr_lock);
	guard(mutex)(npu_compat_gpuva_lock(&bo->base.base));
	vm_bo = npu_vm_find_bo(vm, bo);
	if (!vm_bo || !npu_userptr_is_valid(bo))
		return true;
	memset(need, 0, sizeof(*need));
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		npu_mmu_count_map(NULL, need, va->va.addr, va->va.range, NULL);
	if (!npu_mmu_has_reserved(&update->mmu, need))
		return false;
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		npu_userptr_map_range(update, to_npu_vma(va), bo);
	return true;
}

static int npu_userptr_remap(struct npu_vm *vm, struct npu_bo *bo)
{
	struct npu_mmu_need need = {};
	struct npu_vm_update update;
	int idx, ret = 0;

	if (!drm_dev_enter(&vm->npu->drm, &idx))
		return -ENODEV;
	npu_vm_begin(vm, &update);
	while (!ret && !npu_userptr_try_remap(&update, bo, &need))
		ret = npu_vm_reserve(&update, &need, 0);
	scoped_guard(mutex, &vm->lock)
		npu_mmu_flush(&update.mmu);
	npu_mmu_end(&update.mmu);
	npu_vm_end(&update);
	drm_dev_exit(idx);
	return ret;
}

/**
 * npu_userptr_revalidate() - look up memory of processes that was taken away
 * @vm: address space
 *
 * It may be taken away again at once.
 *
 * Return: 0; -EFAULT if there is none any more; -ERESTARTSYS; -ENODEV; or -ENOMEM.
 */
int npu_userptr_revalidate(struct npu_vm *vm)
{
	struct npu_bo *bo;
	int ret = 0;

	if (mutex_lock_interruptible(&vm->bind_lock))
		return -ERESTARTSYS;
	while (!ret && (bo = npu_userptr_find_stale(vm))) {
		ret = npu_userptr_populate(bo);
		if (!ret)
			ret = npu_userptr_remap(vm, bo);
		drm_gem_object_put(&bo->base.base);
	}
	mutex_unlock(&vm->bind_lock);
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

static struct npu_bo *npu_userptr_create(struct npu_device *npu,
					 const struct drm_npu_bo_userptr *args)
{
	struct drm_gem_object *obj = npu_gem_create_object(&npu->drm, args->size);
	struct npu_bo *bo;
	int ret;

	if (IS_ERR(obj))
		return ERR_CAST(obj);
	bo = to_npu_bo(obj);
	bo->userptr = kzalloc(sizeof(*bo->userptr), GFP_KERNEL_ACCOUNT);
	if (!bo->userptr) {
		kfree(bo);
		return ERR_PTR(-ENOMEM);
	}
	drm_gem_private_object_init(&npu->drm, obj, args->size);
	bo->flags = args->flags | DRM_NPU_BO_NO_MMAP;
	/*
	 * The process reads and writes it meanwhile, perhaps by several buffers, so copies
	 * of it would be of no use, and nobody would say when to bring caches up to date.
	 */
	bo->dma_attrs = DMA_ATTR_SKIP_CPU_SYNC | DMA_ATTR_REQUIRE_COHERENT;
	if (args->flags & DRM_NPU_BO_READONLY)
		bo->dma_direction = DMA_TO_DEVICE;
	npu_gem_publish(bo);
	ret = mmu_interval_notifier_insert(&bo->userptr->notifier, current->mm, args->pointer,
					   args->size, &npu_userptr_ops);
	if (!ret) {
		bo->userptr->bo = bo;
		ret = npu_userptr_populate(bo);
	}
	if (ret) {
		drm_gem_object_put(obj);
		return ERR_PTR(ret == -EINTR ? -ERESTARTSYS : ret);
	}
	return bo;
}

#else

static struct npu_bo *npu_userptr_create(struct npu_device *npu,
					 const struct drm_npu_bo_userptr *args)
{
	return ERR_PTR(-EOPNOTSUPP);
}

#endif

static int npu_userptr_check(const struct npu_device *npu, const struct drm_npu_bo_userptr *args)
{
	if (args->flags & ~DRM_NPU_BO_READONLY || !args->size ||
	    !PAGE_ALIGNED(args->size | args->pointer) ||
	    args->size > npu->info.va_end - npu->info.va_start)
		return -EINVAL;
	if (args->size >> PAGE_SHIFT > totalram_pages())
		return -ENOMEM;
	return access_ok(u64_to_user_ptr(args->pointer), args->size) ? 0 : -EFAULT;
}

/**
 * npu_ioctl_bo_userptr() - DRM_IOCTL_NPU_BO_USERPTR
 * @drm: device
 * @data: &struct drm_npu_bo_userptr
 * @drm_file: file
 *
 * Return: 0 or a negative errno; -EOPNOTSUPP if the kernel cannot mirror memory.
 */
int npu_ioctl_bo_userptr(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_npu_bo_userptr *args = data;
	struct npu_bo *bo;
	u32 handle;
	int ret;

	ret = npu_userptr_check(to_npu_device(drm), args);
	if (ret)
		return ret;
	bo = npu_userptr_create(to_npu_device(drm), args);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(drm_file, &bo->base.base, &handle);
	if (!ret)
		args->handle = handle;
	drm_gem_object_put(&bo->base.base);
	return ret;
}
