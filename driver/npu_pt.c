// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single page tables: made, filled and freed.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "npu_device.h"
#include "npu_pt.h"

/**
 * npu_pt_alloc() - allocate a table
 * @npu: device; between drm_dev_enter() and drm_dev_exit()
 * @level: its level
 *
 * Counted as memory of the process.
 *
 * Return: table without entries, or NULL.
 */
struct npu_pt *npu_pt_alloc(struct npu_device *npu, u32 level)
{
	u32 children = level ? NPU_PT_ENTRIES : 0;
	struct npu_pt *pt;

	pt = kvzalloc(struct_size(pt, child, children), GFP_KERNEL_ACCOUNT);
	if (!pt)
		return NULL;
	pt->level = level;
	pt->entries = dma_alloc_coherent(npu->drm.dev, NPU_PAGE_SIZE, &pt->dma,
					 GFP_KERNEL_ACCOUNT);
	if (!pt->entries) {
		kvfree(pt);
		return NULL;
	}
	atomic64_add(NPU_PAGE_SIZE, &npu->stats.page_table_bytes);
	return pt;
}

static void npu_pt_free(struct npu_device *npu, struct npu_pt *pt)
{
	dma_free_coherent(npu->drm.dev, NPU_PAGE_SIZE, pt->entries, pt->dma);
	atomic64_sub(NPU_PAGE_SIZE, &npu->stats.page_table_bytes);
	kvfree(pt);
}

/**
 * npu_pt_free_list() - free tables
 * @npu: device
 * @list: &npu_pt.link of them; empty afterwards
 */
void npu_pt_free_list(struct npu_device *npu, struct list_head *list)
{
	struct npu_pt *pt, *next;

	list_for_each_entry_safe(pt, next, list, link)
		npu_pt_free(npu, pt);
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
	bool was = npu_pte_valid(pt->entries[index]), is = npu_pte_valid(entry);

	WRITE_ONCE(pt->entries[index], entry);
	pt->used += is - was;
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
 * @npu: device, which cannot reach it any more
 * @pt: table
 */
void npu_pt_free_tree(struct npu_device *npu, struct npu_pt *pt)
{
	u32 i;

	for (i = 0; pt->level && i < NPU_PT_ENTRIES; i++)
		if (pt->child[i])
			npu_pt_free_tree(npu, pt->child[i]);
	npu_pt_free(npu, pt);
}
