/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_USERPTR_H__
#define __NPU_USERPTR_H__

#include <linux/kconfig.h>
#include <linux/mmu_notifier.h>

struct drm_device;
struct drm_file;
struct npu_bo;
struct npu_vm;
struct npu_vm_update;
struct npu_vma;

#if IS_ENABLED(CONFIG_HMM_MIRROR) && IS_ENABLED(CONFIG_MMU_NOTIFIER)

/**
 * struct npu_userptr - memory of a process
 */
struct npu_userptr {
	/** @bo: buffer */
	struct npu_bo *bo;

	/** @notifier: tells when the memory changes hands */
	struct mmu_interval_notifier notifier;

	/** @seq: when the pages of the buffer were looked up; under &npu_device.userptr_lock */
	unsigned long seq;
};

void npu_userptr_fini(struct npu_bo *bo);
void npu_userptr_free(struct npu_bo *bo);
int npu_userptr_populate(struct npu_bo *bo);
void npu_userptr_map(struct npu_vm_update *update, struct npu_vma *vma, struct npu_bo *bo);
bool npu_userptr_begin(struct npu_vm *vm);
void npu_userptr_end(struct npu_vm *vm);
int npu_userptr_revalidate(struct npu_vm *vm);

#else

/* No buffer is ever made of a process's memory. */
static inline void npu_userptr_fini(struct npu_bo *bo) { }
static inline void npu_userptr_free(struct npu_bo *bo) { }
static inline int npu_userptr_populate(struct npu_bo *bo) { return -EOPNOTSUPP; }

static inline void npu_userptr_map(struct npu_vm_update *update, struct npu_vma *vma,
				   struct npu_bo *bo) { }

static inline bool npu_userptr_begin(struct npu_vm *vm) { return true; }
static inline void npu_userptr_end(struct npu_vm *vm) { }
static inline int npu_userptr_revalidate(struct npu_vm *vm) { return 0; }

#endif

int npu_ioctl_bo_userptr(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __NPU_USERPTR_H__ */
