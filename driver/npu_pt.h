/* SPDX-License-Identifier: GPL-2.0-only */
/* Page tables from inside: for who changes them, and who shows them. */
#ifndef __NPU_PT_H__
#define __NPU_PT_H__

#include <linux/bits.h>
#include <linux/list.h>

#include "hw/npu_regs.h"

struct npu_mmu;

#define NPU_PT_ENTRIES	BIT(NPU_PT_BITS)
#define NPU_PT_TOP	(NPU_PT_LEVELS - 1)

/**
 * struct npu_pt - a table
 */
struct npu_pt {
	/** @link: in a list of an update */
	struct list_head link;

	/** @mmu: page tables that it belongs to, or is spare for */
	struct npu_mmu *mmu;

	/** @dma: bus address of @entries */
	dma_addr_t dma;

	/** @entries: what the device reads */
	u64 *entries;

	/** @used: valid entries */
	u32 used;

	/** @huge: those of them that are pages of 2 MiB */
	u32 huge;

	/** @revocable: it holds pages that no page of 2 MiB may cover */
	bool revocable;

	/** @level: 2 is the root */
	u32 level;

	/** @child: tables that entries point to; none at level 0 */
	struct npu_pt *child[];
};

static inline u32 npu_pt_index(u64 va, u32 level)
{
	return va >> (NPU_PAGE_SHIFT + level * NPU_PT_BITS) & (NPU_PT_ENTRIES - 1);
}

static inline bool npu_pte_valid(u64 entry)
{
	return entry & NPU_PTE_VALID;
}

static inline bool npu_pte_leaf(u64 entry)
{
	return npu_pte_valid(entry) && entry & NPU_PTE_LEAF;
}

struct npu_pt *npu_pt_alloc(struct npu_mmu *mmu, u32 level);
void npu_pt_free_list(struct list_head *list);
void npu_pt_free_tree(struct npu_pt *pt);
void npu_pt_set(struct npu_pt *pt, u32 index, u64 entry);
void npu_pt_set_table(struct npu_pt *pt, u32 index, struct npu_pt *child);

#endif /* __NPU_PT_H__ */
