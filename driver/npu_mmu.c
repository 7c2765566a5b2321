// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: page tables
 *
 * Three levels of 512 entries; a level 1 entry is a table or a page of 2 MiB.
 * 2 MiB pages are used where bus addresses are contiguous and both sides are
 * aligned; they are split when part of one is mapped anew or unmapped, and
 * made again when a table fills up with what one page could say.
 *
 * Changes are made in four steps. npu_mmu_count_map() and npu_mmu_count_unmap()
 * count the tables that the change will need, npu_mmu_reserve() allocates them and may
 * fail; npu_mmu_map() and npu_mmu_unmap() change entries and cannot fail;
 * npu_mmu_flush() tells the TLB, once for any number of changes, and npu_mmu_end() frees
 * the tables that are out of use. Until then the device may still walk them.
 */
#include <linux/align.h>
#include <linux/sched.h>

#include "npu_device.h"
#include "npu_mmu.h"
#include "npu_pt.h"
#include "npu_tlb.h"

static u64 npu_pte_page(dma_addr_t page, u32 flags)
{
	return page | NPU_PTE_VALID | NPU_PTE_LEAF | NPU_PTE_READ |
	       (flags & NPU_MMU_READONLY ? 0 : NPU_PTE_WRITE);
}

/**
 * npu_mmu_init() - make empty page tables
 * @mmu: page tables
 * @npu: device
 * @asid: number of the address space
 * @usage: where they are accounted
 *
 * Return: 0 or -ENOMEM.
 */
int npu_mmu_init(struct npu_mmu *mmu, struct npu_device *npu, u32 asid,
		 struct npu_mmu_usage *usage)
{
	mmu->npu = npu;
	mmu->usage = usage;
	mmu->asid = asid;
	mmu->root = npu_pt_alloc(mmu, NPU_PT_TOP);
	return mmu->root ? 0 : -ENOMEM;
}

/**
 * npu_mmu_fini() - free page tables
 * @mmu: page tables that the device cannot reach any more
 */
void npu_mmu_fini(struct npu_mmu *mmu)
{
	if (mmu->root)
		npu_pt_free_tree(mmu->root);
	mmu->root = NULL;
}

/**
 * npu_mmu_root() - what goes into the context table
 * @mmu: page tables
 *
 * Return: bus address of the top table.
 */
dma_addr_t npu_mmu_root(const struct npu_mmu *mmu)
{
	return mmu->root->dma;
}

static void npu_mmu_clear_range(struct npu_mmu_update *update)
{
	update->start = U64_MAX;
	update->end = 0;
}

/**
 * npu_mmu_begin() - begin changes
 * @mmu: page tables
 * @update: receives them
 */
void npu_mmu_begin(struct npu_mmu *mmu, struct npu_mmu_update *update)
{
	update->mmu = mmu;
	INIT_LIST_HEAD(&update->spare[0]);
	INIT_LIST_HEAD(&update->spare[1]);
	update->num_spare[0] = 0;
	update->num_spare[1] = 0;
	INIT_LIST_HEAD(&update->dead);
	npu_mmu_clear_range(update);
}

/**
 * npu_mmu_reserve() - allocate what changes will need
 * @update: changes
 * @need: what that is; what is left from earlier ones counts
 *
 * Between drm_dev_enter() and drm_dev_exit(), without &npu_vm.lock.
 *
 * Return: 0 or -ENOMEM.
 */
int npu_mmu_reserve(struct npu_mmu_update *update, const struct npu_mmu_need *need)
{
	struct npu_pt *pt;
	u32 level;

	for (level = 0; level < ARRAY_SIZE(need->count); level++) {
		while (update->num_spare[level] < need->count[level]) {
			pt = npu_pt_alloc(update->mmu, level);
			if (!pt)
				return -ENOMEM;
			list_add(&pt->link, &update->spare[level]);
			update->num_spare[level]++;
			cond_resched();
		}
	}
	return 0;
}

/**
 * npu_mmu_has_reserved() - ask whether there is enough for changes
 * @update: changes
 * @need: what they need
 *
 * Return: whether npu_mmu_reserve() would have nothing to do.
 */
bool npu_mmu_has_reserved(const struct npu_mmu_update *update, const struct npu_mmu_need *need)
{
	return update->num_spare[0] >= need->count[0] && update->num_spare[1] >= need->count[1];
}

/* Tables that are out of use, and that the device has forgotten, serve again. */
static void npu_mmu_recycle(struct npu_mmu_update *update)
{
	struct npu_pt *pt, *next;

	npu_mmu_flush(update);
	list_for_each_entry_safe(pt, next, &update->dead, link) {
		memset(pt->entries, 0, NPU_PAGE_SIZE);
		if (pt->level)
			memset(pt->child, 0, NPU_PT_ENTRIES * sizeof(pt->child[0]));
		pt->used = 0;
		pt->revocable = false;
		list_move(&pt->link, &update->spare[pt->level]);
		update->num_spare[pt->level]++;
	}
}

static struct npu_pt *npu_mmu_take_spare(struct npu_mmu_update *update, u32 level)
{
	struct npu_pt *pt;

	if (list_empty(&update->spare[level]))
		npu_mmu_recycle(update);
	pt = list_first_entry(&update->spare[level], struct npu_pt, link);
	list_del_init(&pt->link);
	update->num_spare[level]--;
	return pt;
}

static void npu_mmu_bury(struct npu_mmu_update *update, struct npu_pt *parent, u32 index)
{
	list_add(&parent->child[index]->link, &update->dead);
	parent->child[index] = NULL;
}

static void npu_mmu_touch(struct npu_mmu_update *update, u64 va, u64 size)
{
	update->start = min(update->start, va);
	update->end = max(update->end, va + size);
}

/**
 * npu_mmu_contiguous() - ask whether pages can be mapped as one of 2 MiB
 * @pages: bus addresses, as many as that has
 *
 * Return: whether they can.
 */
bool npu_mmu_contiguous(const dma_addr_t *pages)
{
	u32 i;

	if (!IS_ALIGNED(pages[0], NPU_HUGE_SIZE))
		return false;
	for (i = 1; i < NPU_PT_ENTRIES; i++)
		if (pages[i] != pages[0] + i * NPU_PAGE_SIZE)
			return false;
	return true;
}

/* Bytes from va to the end of the range, or of the level 1 entry if that is nearer. */
static u64 npu_mmu_step(u64 va, u64 end)
{
	return min(end, ALIGN_DOWN(va, NPU_HUGE_SIZE) + NPU_HUGE_SIZE) - va;
}

static struct npu_pt *npu_mmu_level1(const struct npu_mmu *mmu, u64 va)
{
	return mmu->root->child[npu_pt_index(va, 2)];
}

/* A table of a level, for an entry that has none. */
static void npu_mmu_count(struct npu_mmu_need *need, u32 level, u64 va)
{
	u64 end = (va >> (NPU_PAGE_SHIFT + (level + 1) * NPU_PT_BITS)) + 1;

	if (need->last[level] == end)
		return;
	need->last[level] = end;
	need->count[level]++;
}

/**
 * npu_mmu_count_map() - count what npu_mmu_map() will need
 * @mmu: page tables; NULL if they may be anything by then
 * @need: the count is added
 * @va: first address
 * @size: bytes
 * @pages: bus addresses of the pages; NULL if they may be anything by then
 */
void npu_mmu_count_map(const struct npu_mmu *mmu, struct npu_mmu_need *need, u64 va, u64 size,
		       const dma_addr_t *pages)
{
	u64 end = va + size, step;

	for (; va < end; va += step) {
		struct npu_pt *pt = mmu ? npu_mmu_level1(mmu, va) : NULL;
		bool huge;

		step = npu_mmu_step(va, end);
		huge = pages && step == NPU_HUGE_SIZE && npu_mmu_contiguous(pages);
		if (pages)
			pages += step >> NPU_PAGE_SHIFT;
		if (!pt)
			npu_mmu_count(need, 1, va);
		if (!huge && (!pt || !pt->child[npu_pt_index(va, 1)]))
			npu_mmu_count(need, 0, va);
		cond_resched();
	}
}

/* Can there be a 2 MiB page at va? */
static bool npu_mmu_is_huge(const struct npu_mmu *mmu, u64 va)
{
	const struct npu_pt *pt;

	if (!mmu)
		return true;
	pt = npu_mmu_level1(mmu, va);
	return pt && pt->entries[npu_pt_index(va, 1)] & NPU_PTE_LEAF;
}

/**
 * npu_mmu_count_unmap() - count what npu_mmu_unmap() will need
 * @mmu: page tables; NULL if they may be anything by then
 * @need: the count is added
 * @va: first address
 * @size: bytes
 */
void npu_mmu_count_unmap(const struct npu_mmu *mmu, struct npu_mmu_need *need, u64 va, u64 size)
{
	u64 end = va + size;

	if (!IS_ALIGNED(va, NPU_HUGE_SIZE) && npu_mmu_is_huge(mmu, va))
		npu_mmu_count(need, 0, va);
	if (!IS_ALIGNED(end, NPU_HUGE_SIZE) && npu_mmu_is_huge(mmu, end))
		npu_mmu_count(need, 0, end);
}

/* A table in place of a 2 MiB page or of nothing. */
static struct npu_pt *npu_mmu_make_level0(struct npu_mmu_update *update, struct npu_pt *pt,
					  u32 index)
{
	struct npu_pt *child = npu_mmu_take_spare(update, 0);
	u64 entry = pt->entries[index];
	u32 i;

	if (npu_pte_valid(entry))
		for (i = 0; i < NPU_PT_ENTRIES; i++)
			npu_pt_set(child, i, entry + i * NPU_PAGE_SIZE);
	npu_pt_set_table(pt, index, child);
	return child;
}

/* A 2 MiB page in place of a table that says the same. */
static void npu_mmu_try_merge(struct npu_mmu_update *update, struct npu_pt *pt, u32 index, u64 va)
{
	const struct npu_pt *child = pt->child[index];
	u64 first = child->entries[0];
	u32 i;

	if (child->revocable || child->used != NPU_PT_ENTRIES ||
	    !IS_ALIGNED(first & NPU_PTE_ADDR, NPU_HUGE_SIZE))
		return;
	for (i = 1; i < NPU_PT_ENTRIES; i++)
		if (child->entries[i] != first + i * NPU_PAGE_SIZE)
			return;
	npu_pt_set(pt, index, first);
	npu_mmu_bury(update, pt, index);
	npu_mmu_touch(update, ALIGN_DOWN(va, NPU_HUGE_SIZE), NPU_HUGE_SIZE);
}

static void npu_mmu_map_huge(struct npu_mmu_update *update, struct npu_pt *pt, u64 va, u64 entry)
{
	u32 index = npu_pt_index(va, 1);

	if (npu_pte_valid(pt->entries[index]))
		npu_mmu_touch(update, va, NPU_HUGE_SIZE);
	npu_pt_set(pt, index, entry);
	if (pt->child[index])
		npu_mmu_bury(update, pt, index);
}

static void npu_mmu_map_small(struct npu_mmu_update *update, struct npu_pt *pt, u64 va, u64 size,
			      const dma_addr_t *pages, u32 flags)
{
	u32 index = npu_pt_index(va, 1), first = npu_pt_index(va, 0), i;
	struct npu_pt *child = pt->child[index];

	if (!child)
		child = npu_mmu_make_level0(update, pt, index);
	for (i = 0; i < size >> NPU_PAGE_SHIFT; i++) {
		if (npu_pte_valid(child->entries[first + i]))
			npu_mmu_touch(update, va + i * NPU_PAGE_SIZE, NPU_PAGE_SIZE);
		npu_pt_set(child, first + i, npu_pte_page(pages[i], flags));
	}
	child->revocable |= !!(flags & NPU_MMU_REVOCABLE);
	npu_mmu_try_merge(update, pt, index, va);
}

/**
 * npu_mmu_map() - map pages, replacing what was mapped
 * @update: changes; what npu_mmu_count_map() found is reserved
 * @va: first address
 * @size: bytes
 * @pages: bus addresses of the pages
 * @flags: enum npu_mmu_flags; with NPU_MMU_REVOCABLE it was counted without pages
 */
void npu_mmu_map(struct npu_mmu_update *update, u64 va, u64 size, const dma_addr_t *pages,
		 u32 flags)
{
	struct npu_mmu *mmu = update->mmu;
	u64 end = va + size, step;

	for (; va < end; va += step, pages += step >> NPU_PAGE_SHIFT) {
		struct npu_pt *pt = npu_mmu_level1(mmu, va);

		if (!pt) {
			pt = npu_mmu_take_spare(update, 1);
			npu_pt_set_table(mmu->root, npu_pt_index(va, 2), pt);
		}
		step = npu_mmu_step(va, end);
		if (step == NPU_HUGE_SIZE && !(flags & NPU_MMU_REVOCABLE) &&
		    npu_mmu_contiguous(pages))
			npu_mmu_map_huge(update, pt, va, npu_pte_page(pages[0], flags));
		else
			npu_mmu_map_small(update, pt, va, step, pages, flags);
		cond_resched();
	}
}

static void npu_mmu_unmap_small(struct npu_mmu_update *update, struct npu_pt *pt, u64 va, u64 size)
{
	u32 index = npu_pt_index(va, 1), first = npu_pt_index(va, 0), i;
	struct npu_pt *child = pt->child[index];

	if (!child)
		child = npu_mmu_make_level0(update, pt, index);
	for (i = 0; i < size >> NPU_PAGE_SHIFT; i++)
		npu_pt_set(child, first + i, 0);
	if (!child->used) {
		npu_pt_set(pt, index, 0);
		npu_mmu_bury(update, pt, index);
	}
}

static void npu_mmu_unmap_step(struct npu_mmu *mmu, struct npu_mmu_update *update, u64 va, u64 size)
{
	struct npu_pt *pt = npu_mmu_level1(mmu, va);
	u32 index = npu_pt_index(va, 1);

	if (!pt)
		return;
	npu_mmu_touch(update, va, size);
	if (size == NPU_HUGE_SIZE) {
		npu_pt_set(pt, index, 0);
		if (pt->child[index])
			npu_mmu_bury(update, pt, index);
	} else if (npu_pte_valid(pt->entries[index])) {
		npu_mmu_unmap_small(update, pt, va, size);
	}
	/* Perhaps it was empty before: npu_mmu_zap(). */
	if (!pt->used) {
		npu_pt_set(mmu->root, npu_pt_index(va, 2), 0);
		npu_mmu_bury(update, mmu->root, npu_pt_index(va, 2));
	}
}

/**
 * npu_mmu_unmap() - unmap whatever is mapped in a range
 * @update: changes; what npu_mmu_count_unmap() found is reserved
 * @va: first address
 * @size: bytes
 */
void npu_mmu_unmap(struct npu_mmu_update *update, u64 va, u64 size)
{
	struct npu_mmu *mmu = update->mmu;
	u64 end = va + size, step;

	for (; va < end; va += step) {
		if (!npu_mmu_level1(mmu, va)) {
			step = min(end, ALIGN_DOWN(va, SZ_1G) + SZ_1G) - va;
			continue;
		}
		step = npu_mmu_step(va, end);
		npu_mmu_unmap_step(mmu, update, va, step);
		cond_resched();
	}
}

/**
 * npu_mmu_can_zap() - ask whether npu_mmu_zap() can do it
 * @mmu: page tables
 * @va: first address
 * @size: bytes
 *
 * Return: false if a 2 MiB page lies across an end of the range.
 */
bool npu_mmu_can_zap(const struct npu_mmu *mmu, u64 va, u64 size)
{
	u64 end = va + size;

	return (IS_ALIGNED(va, NPU_HUGE_SIZE) || !npu_mmu_is_huge(mmu, va)) &&
	       (IS_ALIGNED(end, NPU_HUGE_SIZE) || !npu_mmu_is_huge(mmu, end));
}

static void npu_mmu_zap_step(struct npu_pt *pt, u64 va, u64 size)
{
	u32 index = npu_pt_index(va, 1), first = npu_pt_index(va, 0), i;
	struct npu_pt *child = pt->child[index];

	if (!child) {
		npu_pt_set(pt, index, 0);
		return;
	}
	for (i = 0; i < size >> NPU_PAGE_SHIFT; i++)
		npu_pt_set(child, first + i, 0);
}

/**
 * npu_mmu_zap() - take pages away from the device
 * @mmu: page tables; npu_mmu_can_zap()
 * @va: first address
 * @size: bytes
 *
 * Takes and frees no memory: tables stay, perhaps empty. The caller tells the TLB.
 */
void npu_mmu_zap(struct npu_mmu *mmu, u64 va, u64 size)
{
	u64 end = va + size, step;

	for (; va < end; va += step) {
		struct npu_pt *pt = npu_mmu_level1(mmu, va);

		step = npu_mmu_step(va, end);
		if (pt)
			npu_mmu_zap_step(pt, va, step);
	}
}

/**
 * npu_mmu_flush() - make the device forget translations that changed
 * @update: changes
 *
 * Between drm_dev_enter() and drm_dev_exit(), unless detached. When this returns
 * the device uses no translation from before.
 */
void npu_mmu_flush(struct npu_mmu_update *update)
{
	struct npu_mmu *mmu = update->mmu;

	if (update->start < update->end && !mmu->detached)
		npu_tlb_flush_range(mmu->npu, mmu->asid, update->start,
				    update->end - update->start);
	npu_mmu_clear_range(update);
}

/**
 * npu_mmu_end() - free tables that are out of use
 * @update: changes, flushed
 *
 * Between drm_dev_enter() and drm_dev_exit(), or as long as unbinding waits.
 */
void npu_mmu_end(struct npu_mmu_update *update)
{
	npu_pt_free_list(&update->dead);
	npu_pt_free_list(&update->spare[0]);
	npu_pt_free_list(&update->spare[1]);
	npu_mmu_begin(update->mmu, update);
}
