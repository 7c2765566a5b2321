/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __NPU_MMU_H__
#define __NPU_MMU_H__

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/list.h>
#include <linux/types.h>

struct drm_printer;
struct npu_device;
struct npu_pt;

/**
 * struct npu_mmu_usage - what page tables take, and how they map
 */
struct npu_mmu_usage {
	/** @table_bytes: bytes of tables, those that are reserved or not yet freed included */
	atomic64_t table_bytes;

	/** @huge_bytes: bytes that are mapped in pages of 2 MiB */
	atomic64_t huge_bytes;
};

/**
 * struct npu_mmu - page tables of an address space
 *
 * Protected by &npu_vm.lock; the device reads the tables at any time. Nothing
 * may be allocated under the lock: reclaim takes it.
 */
struct npu_mmu {
	/** @npu: device */
	struct npu_device *npu;

	/** @usage: where they are accounted; outlives them */
	struct npu_mmu_usage *usage;

	/** @asid: number of the address space in the context table */
	u32 asid;

	/** @root: table of the top level; NULL when the device is gone */
	struct npu_pt *root;

	/** @detached: the device has forgotten the address space for good */
	bool detached;
};

/**
 * struct npu_mmu_need - tables that changes need
 *
 * Changes that are queued do not know what they will find, so for them it is
 * what they need at worst: an entry's table is counted once as long as
 * neighbouring changes are in the same one. Changes that take a table out of
 * use and need one again at the same place get the same one, after the TLB was told.
 */
struct npu_mmu_need {
	/** @count: by level */
	u32 count[2];

	/** @last: behind the address whose table was counted last, by level; zero: none */
	u64 last[2];
};

/**
 * struct npu_mmu_update - changes to page tables until they are complete
 *
 * Tables that are taken out of use are kept until the TLB was told.
 */
struct npu_mmu_update {
	/** @mmu: page tables */
	struct npu_mmu *mmu;

	/** @spare: tables to use, by level; so that an operation that has begun cannot fail */
	struct list_head spare[2];

	/** @num_spare: entries of @spare */
	u32 num_spare[2];

	/** @dead: tables that the device may still read */
	struct list_head dead;

	/** @start: first address whose translation changed */
	u64 start;

	/** @end: address behind the last one; @start not below it if nothing changed */
	u64 end;
};

int npu_mmu_init(struct npu_mmu *mmu, struct npu_device *npu, u32 asid,
		 struct npu_mmu_usage *usage);
void npu_mmu_fini(struct npu_mmu *mmu);
dma_addr_t npu_mmu_root(const struct npu_mmu *mmu);

/**
 * enum npu_mmu_flags - how pages are mapped
 * @NPU_MMU_READONLY: the device may not write
 * @NPU_MMU_REVOCABLE: npu_mmu_zap() must always do: no page of 2 MiB covers them
 */
enum npu_mmu_flags {
	NPU_MMU_READONLY = BIT(0),
	NPU_MMU_REVOCABLE = BIT(1),
};

bool npu_mmu_contiguous(const dma_addr_t *pages);
void npu_mmu_count_map(const struct npu_mmu *mmu, struct npu_mmu_need *need, u64 va, u64 size,
		       const dma_addr_t *pages);
void npu_mmu_count_unmap(const struct npu_mmu *mmu, struct npu_mmu_need *need, u64 va, u64 size);
void npu_mmu_begin(struct npu_mmu *mmu, struct npu_mmu_update *update);
int npu_mmu_reserve(struct npu_mmu_update *update, const struct npu_mmu_need *need);
bool npu_mmu_has_reserved(const struct npu_mmu_update *update, const struct npu_mmu_need *need);
void npu_mmu_map(struct npu_mmu_update *update, u64 va, u64 size, const dma_addr_t *pages,
		 u32 flags);
void npu_mmu_unmap(struct npu_mmu_update *update, u64 va, u64 size);
bool npu_mmu_can_zap(const struct npu_mmu *mmu, u64 va, u64 size);
void npu_mmu_zap(struct npu_mmu *mmu, u64 va, u64 size);
void npu_mmu_flush(struct npu_mmu_update *update);
void npu_mmu_end(struct npu_mmu_update *update);

bool npu_mmu_show_walk(const struct npu_mmu *mmu, u64 va, struct drm_printer *p);
void npu_mmu_show(const struct npu_mmu *mmu, struct drm_printer *p);

#endif /* __NPU_MMU_H__ */
