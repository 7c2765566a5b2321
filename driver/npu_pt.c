// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single page tables: made, filled and freed.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "npu_device.h"
#include "npu_mmu.h"
#include "npu_pt.h"

static void npu_pt_count_tables(struct npu_mmu *mmu, s64 bytes)
{
	atomic64_add(bytes, &mmu->npu->stats.page_table_bytes);
	atomic64_add(bytes, &mmu->usage->table_bytes);
}

static void npu_pt_count_huge(struct npu_pt *pt, s32 pages)
{
	pt->huge += pages;
	atomic64_add((s64)pages * NPU_HUGE_SIZE, &pt->mmu->npu->stats.huge_bytes);
	atomic64_add((s64)pages * NPU_HUGE_SIZE, &pt->mmu->usage->huge_bytes);
}

/**
 * npu_pt_alloc() - allocate a table
 * @mmu: page tables that it is for; between drm_dev_enter() and drm_dev_exit()
 * @level: its level
 *
 * Counted as memory of the process.
 *
 * Return: table without entries, or NULL.
 */
struct npu_pt *npu_pt_alloc(struct npu_mmu *mmu, u32 level)
{
	u32 children = level ? NPU_PT_ENTRIES : 0;
	struct npu_pt *pt;

	pt = kvzalloc(struct_size(pt, child, children), GFP_KERNEL_ACCOUNT);
	if (!pt)
		return NULL;
	pt->mmu = mmu;
	pt->level = level;
	pt->entries = dma_alloc_coherent(mmu->npu->drm.dev, NPU_PAGE_SIZE, &pt->dma,
					 GFP_KERNEL_ACCOUNT);
	if (!pt->entries) {
		kvfree(pt);
		return NULL;
	}
	npu_pt_count_tables(mmu, NPU_PAGE_SIZE);
	return pt;
}

static void npu_pt_free(struct npu_pt *pt)
{
	if (pt->huge)
		npu_pt_count_huge(pt, -(s32)pt->huge);
	npu_pt_count_tables(pt->mmu, -(s64)NPU_PAGE_SIZE);
	dma_free_coherent(pt->mmu->npu->drm.dev, NPU_PAGE_SIZE, pt->entries, pt->dma);
	kvfree(pt);
}

/**
 * npu_pt_free_list() - free tables
 * @list: &npu_pt.link of them; empty afterwards
 */
void npu_pt_free_list(struct list_head *list)
{
	struct npu_pt *pt, *next;

	list_for_each_entry_safe(pt, next, list, link)
		npu_pt_free(pt);
	INIT_LIST_HEAD(list);
}

/**
 * npu_pt_set() - set an entry
 * @pt: table
 * @index: number of the entry
 * @entry: what the device reads, as one access
 */
void npu_pt_set(struct npu_pt *pt, u32 index, u64 entry)
{
	u64 old = pt->entries[index];

	WRITE_ONCE(pt->entries[index], entry);
	pt->used += npu_pte_valid(entry) - npu_pte_valid(old);
	if (pt->level && npu_pte_leaf(entry) != npu_pte_leaf(old))
		npu_pt_count_huge(pt, npu_pte_leaf(entry) ? 1 : -1);
}

/**
 * npu_pt_set_table() - put a table into an entry
 * @pt: table
 * @index: number of the entry
 * @child: table of the next level, filled
 */
void npu_pt_set_table(struct npu_pt *pt, u32 index, struct npu_pt *child)
{
	dma_wmb(); /* the child's entries before the way to it */
	npu_pt_set(pt, index, child->dma | NPU_PTE_VALID);
	pt->child[index] = child;
}

/**
 * npu_pt_free_tree() - free a table and all below
 * @pt: table, which the device cannot reach any more
 */
void npu_pt_free_tree(struct npu_pt *pt)
{
	u32 i;

	for (i = 0; pt->level && i < NPU_PT_ENTRIES; i++)
		if (pt->child[i])
			npu_pt_free_tree(pt->child[i]);
	npu_pt_free(pt);
}
