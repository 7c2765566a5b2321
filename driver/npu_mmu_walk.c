// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables as text, for developers and core dumps.
 */
#include <drm/drm_print.h>

#include "npu_mmu.h"
#include "npu_pt.h"

/**
 * struct npu_mmu_run - neighbouring pages that look alike
 */
struct npu_mmu_run {
	/** @p: where to */
	struct drm_printer *p;

	/** @va: first address */
	u64 va;

	/** @end: address behind the last page; @va if there is none */
	u64 end;

	/** @entry: of the first page */
	u64 entry;

	/** @page: bytes of a page */
	u64 page;
};

static void npu_mmu_run_print(struct npu_mmu_run *run)
{
	if (run->end == run->va)
		return;
	drm_printf(run->p, "  %010llx-%010llx %012llx %c%c %s\n", run->va, run->end,
		   run->entry & NPU_PTE_ADDR,
		   run->entry & NPU_PTE_READ ? 'r' : '-', run->entry & NPU_PTE_WRITE ? 'w' : '-',
		   run->page == NPU_HUGE_SIZE ? "2M" : "4K");
}

static void npu_mmu_run_add(struct npu_mmu_run *run, u64 va, u64 entry, u64 page)
{
	if (va == run->end && page == run->page && entry == run->entry + (va - run->va)) {
		run->end += page;
		return;
	}
	npu_mmu_run_print(run);
	run->va = va;
	run->end = va + page;
	run->entry = entry;
	run->page = page;
}

static void npu_mmu_show_table(struct npu_mmu_run *run, const struct npu_pt *pt, u64 va)
{
	u64 step = NPU_PAGE_SIZE << (pt->level * NPU_PT_BITS);
	u32 i;

	for (i = 0; i < NPU_PT_ENTRIES; i++, va += step) {
		u64 entry = pt->entries[i];

		if (!npu_pte_valid(entry))
			continue;
		if (entry & NPU_PTE_LEAF)
			npu_mmu_run_add(run, va, entry, step);
		else
			npu_mmu_show_table(run, pt->child[i], va);
	}
}

/**
 * npu_mmu_show() - print all translations
 * @mmu: page tables; the address space is locked
 * @p: where to
 */
void npu_mmu_show(const struct npu_mmu *mmu, struct drm_printer *p)
{
	struct npu_mmu_run run = { .p = p };

	if (mmu->root)
		npu_mmu_show_table(&run, mmu->root, 0);
	npu_mmu_run_print(&run);
}

/**
 * npu_mmu_show_walk() - print the entries that an address is translated by
 * @mmu: page tables; the address space is locked
 * @va: address
 * @p: where to
 *
 * Return: whether it is mapped.
 */
bool npu_mmu_show_walk(const struct npu_mmu *mmu, u64 va, struct drm_printer *p)
{
	const struct npu_pt *pt = va >> NPU_VA_BITS ? NULL : mmu->root;

	while (pt) {
		u32 index = npu_pt_index(va, pt->level);
		u64 entry = pt->entries[index];

		drm_printf(p, "  level %u table %#llx index %u entry %#llx\n", pt->level,
			   (u64)pt->dma, index, entry);
		if (!npu_pte_valid(entry))
			return false;
		if (entry & NPU_PTE_LEAF)
			return true;
		pt = pt->child[index];
	}
	return false;
}
