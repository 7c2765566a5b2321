// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of page tables, without a device: they are read as it would read
 * them, and nobody is told to flush.
 */
#include <kunit/device.h>
#include <kunit/test.h>

#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "npu_device.h"
#include "npu_mmu.h"
#include "npu_pt.h"

#define TEST_VA		(3ull << 30)
#define TEST_PHYS	(16ull << 30)
#define TEST_PAGES	(4 * NPU_PT_ENTRIES)
#define TEST_NONE	U64_MAX

/**
 * struct npu_mmu_test - page tables without a device behind them
 */
struct npu_mmu_test {
	/** @npu: what the tables need of a device */
	struct npu_device *npu;

	/** @mmu: the tables */
	struct npu_mmu mmu;

	/** @usage: their account */
	struct npu_mmu_usage usage;

	/** @update: changes */
	struct npu_mmu_update update;

	/** @pages: contiguous from TEST_PHYS on, until a test changes them */
	dma_addr_t pages[TEST_PAGES];
};

static int npu_mmu_test_init(struct kunit *test)
{
	struct npu_mmu_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct device *dev;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->npu = kunit_kzalloc(test, sizeof(*t->npu), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->npu);
	dev = kunit_device_register(test, "npu-mmu");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	/* Of system memory, as of a device without an IOMMU. */
	dev->dma_mask = &dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(52)));
	t->npu->drm.dev = dev;
	KUNIT_ASSERT_EQ(test, 0, npu_mmu_init(&t->mmu, t->npu, 0, &t->usage));
	/* The device has forgotten it: no TLB to tell. */
	t->mmu.detached = true;
	npu_mmu_begin(&t->mmu, &t->update);
	for (i = 0; i < TEST_PAGES; i++)
		t->pages[i] = TEST_PHYS + i * NPU_PAGE_SIZE;
	test->priv = t;
	return 0;
}

/* Whatever a test did, nothing is left. */
static void npu_mmu_test_exit(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;

	if (!t)
		return;
	npu_mmu_flush(&t->update);
	npu_mmu_end(&t->update);
	npu_mmu_fini(&t->mmu);
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->usage.table_bytes));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->usage.huge_bytes));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->npu->stats.page_table_bytes));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->npu->stats.huge_bytes));
}

/* An address translated as the device does it. Return: the leaf entry, or zero. */
static u64 npu_mmu_test_walk(struct npu_mmu_test *t, u64 va, u64 *page)
{
	const struct npu_pt *pt = t->mmu.root;

	while (pt) {
		u64 entry = pt->entries[npu_pt_index(va, pt->level)];
		u64 size = NPU_PAGE_SIZE << (pt->level * NPU_PT_BITS);

		*page = size;
		if (!npu_pte_valid(entry))
			return 0;
		if (npu_pte_leaf(entry))
			return entry;
		pt = pt->child[npu_pt_index(va, pt->level)];
		if (!pt || pt->dma != (entry & NPU_PTE_ADDR))
			return 0;
	}
	return 0;
}

static u64 npu_mmu_test_phys(struct npu_mmu_test *t, u64 va)
{
	u64 page, entry = npu_mmu_test_walk(t, va, &page);

	return entry ? (entry & NPU_PTE_ADDR) + (va & (page - 1)) : TEST_NONE;
}

static u64 npu_mmu_test_page(struct npu_mmu_test *t, u64 va)
{
	u64 page, entry = npu_mmu_test_walk(t, va, &page);

	return entry ? page : 0;
}

static u64 npu_mmu_test_tables(struct npu_mmu_test *t)
{
	return atomic64_read(&t->usage.table_bytes) / NPU_PAGE_SIZE;
}

/* As a call of VM_BIND does it: counted, reserved, changed, flushed, freed. */
static void npu_mmu_test_map(struct kunit *test, u64 va, u32 first, u32 count, u32 flags)
{
	struct npu_mmu_test *t = test->priv;
	const dma_addr_t *pages = t->pages + first;
	struct npu_mmu_need need = {};
	u64 size = (u64)count * NPU_PAGE_SIZE;

	npu_mmu_count_map(&t->mmu, &need, va, size, flags & NPU_MMU_REVOCABLE ? NULL : pages);
	KUNIT_ASSERT_EQ(test, 0, npu_mmu_reserve(&t->update, &need));
	KUNIT_EXPECT_TRUE(test, npu_mmu_has_reserved(&t->update, &need));
	npu_mmu_map(&t->update, va, size, pages, flags);
	npu_mmu_flush(&t->update);
	npu_mmu_end(&t->update);
}

static void npu_mmu_test_unmap(struct kunit *test, u64 va, u32 count)
{
	struct npu_mmu_test *t = test->priv;
	struct npu_mmu_need need = {};
	u64 size = (u64)count * NPU_PAGE_SIZE;

	npu_mmu_count_unmap(&t->mmu, &need, va, size);
	KUNIT_ASSERT_EQ(test, 0, npu_mmu_reserve(&t->update, &need));
	npu_mmu_unmap(&t->update, va, size);
	npu_mmu_flush(&t->update);
	npu_mmu_end(&t->update);
}

static void npu_mmu_test_small(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;

	npu_mmu_test_map(test, TEST_VA + NPU_PAGE_SIZE, 5, 2, NPU_MMU_READONLY);
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA));
	KUNIT_EXPECT_EQ(test, t->pages[5] + 8, npu_mmu_test_phys(t, TEST_VA + NPU_PAGE_SIZE + 8));
	KUNIT_EXPECT_EQ(test, t->pages[6], npu_mmu_test_phys(t, TEST_VA + 2 * NPU_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA + 3 * NPU_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3, npu_mmu_test_tables(t));
	npu_mmu_test_unmap(test, TEST_VA + NPU_PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, t->pages[6], npu_mmu_test_phys(t, TEST_VA + 2 * NPU_PAGE_SIZE));
	npu_mmu_test_unmap(test, TEST_VA + 2 * NPU_PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, 1, npu_mmu_test_tables(t));
}

static void npu_mmu_test_protection(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	u64 page;

	npu_mmu_test_map(test, TEST_VA, 0, 1, NPU_MMU_READONLY);
	npu_mmu_test_map(test, TEST_VA + NPU_PAGE_SIZE, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, NPU_PTE_READ,
			npu_mmu_test_walk(t, TEST_VA, &page) & (NPU_PTE_READ | NPU_PTE_WRITE));
	KUNIT_EXPECT_EQ(test, NPU_PTE_READ | NPU_PTE_WRITE,
			npu_mmu_test_walk(t, TEST_VA + NPU_PAGE_SIZE, &page) &
			(NPU_PTE_READ | NPU_PTE_WRITE));
}

static void npu_mmu_test_huge(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;

	npu_mmu_test_map(test, TEST_VA, 0, 2 * NPU_PT_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, 2, npu_mmu_test_tables(t));
	KUNIT_EXPECT_EQ(test, NPU_HUGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	KUNIT_EXPECT_EQ(test, 2 * NPU_HUGE_SIZE, atomic64_read(&t->usage.huge_bytes));
	KUNIT_EXPECT_EQ(test, TEST_PHYS + NPU_HUGE_SIZE + 12345,
			npu_mmu_test_phys(t, TEST_VA + NPU_HUGE_SIZE + 12345));
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA + 2 * NPU_HUGE_SIZE));
}

/* Addresses on both sides must be aligned, and the pages in a row. */
static void npu_mmu_test_not_huge(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;

	npu_mmu_test_map(test, TEST_VA, 1, NPU_PT_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, NPU_PAGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	npu_mmu_test_map(test, TEST_VA + NPU_HUGE_SIZE + NPU_PAGE_SIZE, 0, NPU_PT_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, NPU_PAGE_SIZE,
			npu_mmu_test_page(t, TEST_VA + NPU_HUGE_SIZE + NPU_PAGE_SIZE));
	swap(t->pages[NPU_PT_ENTRIES - 1], t->pages[NPU_PT_ENTRIES]);
	npu_mmu_test_map(test, TEST_VA, 0, NPU_PT_ENTRIES, 0);
	KUNIT_EXPECT_EQ(test, NPU_PAGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	KUNIT_EXPECT_EQ(test, t->pages[NPU_PT_ENTRIES - 1],
			npu_mmu_test_phys(t, TEST_VA + NPU_HUGE_SIZE - NPU_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, atomic64_read(&t->usage.huge_bytes));
}

static void npu_mmu_test_split_and_merge(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	u64 mid = TEST_VA + 7 * NPU_PAGE_SIZE;

	npu_mmu_test_map(test, TEST_VA, 0, NPU_PT_ENTRIES, 0);
	npu_mmu_test_unmap(test, mid, 1);
	KUNIT_EXPECT_EQ(test, 3, npu_mmu_test_tables(t));
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, mid));
	KUNIT_EXPECT_EQ(test, t->pages[6] + 1, npu_mmu_test_phys(t, mid - NPU_PAGE_SIZE + 1));
	KUNIT_EXPECT_EQ(test, t->pages[511], npu_mmu_test_phys(t, TEST_VA + 511 * NPU_PAGE_SIZE));
	/* What fits but may be written differently does not make it whole. */
	npu_mmu_test_map(test, mid, 7, 1, NPU_MMU_READONLY);
	KUNIT_EXPECT_EQ(test, NPU_PAGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	npu_mmu_test_map(test, mid, 7, 1, 0);
	KUNIT_EXPECT_EQ(test, NPU_HUGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	KUNIT_EXPECT_EQ(test, 2, npu_mmu_test_tables(t));
}

/* Across the border of two, from the middle of one to that of the next. */
static void npu_mmu_test_across(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	u64 at = TEST_VA + 256 * NPU_PAGE_SIZE;
	u32 i;

	npu_mmu_test_map(test, TEST_VA, 0, 3 * NPU_PT_ENTRIES, 0);
	npu_mmu_test_map(test, at, 1000, NPU_PT_ENTRIES, 0);
	for (i = 0; i < 3 * NPU_PT_ENTRIES; i += 31) {
		u32 page = i >= 256 && i < 256 + NPU_PT_ENTRIES ? i - 256 + 1000 : i;

		KUNIT_EXPECT_EQ(test, t->pages[page],
				npu_mmu_test_phys(t, TEST_VA + i * NPU_PAGE_SIZE));
	}
	npu_mmu_test_unmap(test, at, 2 * NPU_PT_ENTRIES);
	KUNIT_EXPECT_EQ(test, t->pages[255], npu_mmu_test_phys(t, at - NPU_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, at));
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA + NPU_HUGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->pages[1280],
			npu_mmu_test_phys(t, at + 2 * NPU_HUGE_SIZE));
}

/* First and last address, and the border between two tables of level 1. */
static void npu_mmu_test_ends(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	u64 last = BIT_ULL(NPU_VA_BITS) - NPU_PAGE_SIZE;

	npu_mmu_test_map(test, 0, 1, 1, 0);
	npu_mmu_test_map(test, last, 2, 1, 0);
	npu_mmu_test_map(test, TEST_VA - NPU_PAGE_SIZE, 3, 2, 0);
	KUNIT_EXPECT_EQ(test, t->pages[1], npu_mmu_test_phys(t, 0));
	KUNIT_EXPECT_EQ(test, t->pages[2], npu_mmu_test_phys(t, last));
	KUNIT_EXPECT_EQ(test, t->pages[3], npu_mmu_test_phys(t, TEST_VA - NPU_PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->pages[4], npu_mmu_test_phys(t, TEST_VA));
	npu_mmu_test_unmap(test, TEST_VA - NPU_PAGE_SIZE, 2);
	/* A range of nothing but holes, and one over all of it. */
	npu_mmu_test_unmap(test, SZ_1G, 3);
	npu_mmu_test_unmap(test, 0, BIT(NPU_VA_BITS - NPU_PAGE_SHIFT) - 1);
	KUNIT_EXPECT_EQ(test, t->pages[2], npu_mmu_test_phys(t, last));
	KUNIT_EXPECT_EQ(test, 3, npu_mmu_test_tables(t));
}

/* Pages that may be taken back are never covered by a huge one, and go without memory. */
static void npu_mmu_test_revocable(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	u64 size = NPU_HUGE_SIZE;

	npu_mmu_test_map(test, TEST_VA, 0, NPU_PT_ENTRIES, NPU_MMU_REVOCABLE);
	KUNIT_EXPECT_EQ(test, NPU_PAGE_SIZE, npu_mmu_test_page(t, TEST_VA));
	KUNIT_EXPECT_TRUE(test, npu_mmu_can_zap(&t->mmu, TEST_VA + NPU_PAGE_SIZE, SZ_64K));
	npu_mmu_zap(&t->mmu, TEST_VA, size);
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA));
	KUNIT_EXPECT_EQ(test, 3, npu_mmu_test_tables(t));
	npu_mmu_test_map(test, TEST_VA + NPU_HUGE_SIZE, 0, NPU_PT_ENTRIES, 0);
	KUNIT_EXPECT_FALSE(test, npu_mmu_can_zap(&t->mmu, TEST_VA + size, SZ_64K));
	KUNIT_EXPECT_TRUE(test, npu_mmu_can_zap(&t->mmu, TEST_VA + size, size));
	npu_mmu_zap(&t->mmu, TEST_VA + size, size);
	KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA + size));
	npu_mmu_test_unmap(test, TEST_VA, 2 * NPU_PT_ENTRIES);
	KUNIT_EXPECT_EQ(test, 1, npu_mmu_test_tables(t));
}

/* What is counted for the worst is enough for a queued call, whatever it finds. */
static void npu_mmu_test_worst_case(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	struct npu_mmu_need need = {};
	u64 odd = TEST_VA + 3 * NPU_PAGE_SIZE, size = NPU_HUGE_SIZE;
	u32 i;

	npu_mmu_count_map(NULL, &need, TEST_VA, 2 * size, t->pages);
	npu_mmu_count_unmap(NULL, &need, odd, size);
	npu_mmu_count_map(NULL, &need, odd, size, t->pages + 3);
	npu_mmu_count_unmap(NULL, &need, TEST_VA, 4 * size);
	KUNIT_ASSERT_EQ(test, 0, npu_mmu_reserve(&t->update, &need));
	for (i = 0; i < 3; i++) {
		npu_mmu_map(&t->update, TEST_VA, 2 * size, t->pages, 0);
		npu_mmu_unmap(&t->update, odd, size);
		KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, odd));
		npu_mmu_map(&t->update, odd, size, t->pages + 3, 0);
		KUNIT_EXPECT_EQ(test, t->pages[600],
				npu_mmu_test_phys(t, TEST_VA + 600 * NPU_PAGE_SIZE));
		npu_mmu_unmap(&t->update, TEST_VA, 4 * size);
		KUNIT_EXPECT_EQ(test, TEST_NONE, npu_mmu_test_phys(t, TEST_VA));
	}
}

/* What the TLB is told covers all that changed, and nothing if nothing did. */
static void npu_mmu_test_flushed_range(struct kunit *test)
{
	struct npu_mmu_test *t = test->priv;
	struct npu_mmu_need need = {};

	npu_mmu_count_map(&t->mmu, &need, TEST_VA, 2 * NPU_PAGE_SIZE, t->pages);
	KUNIT_ASSERT_EQ(test, 0, npu_mmu_reserve(&t->update, &need));
	npu_mmu_map(&t->update, TEST_VA, 2 * NPU_PAGE_SIZE, t->pages, 0);
	/* There was nothing before, so the device cannot know anything old. */
	KUNIT_EXPECT_GE(test, t->update.start, t->update.end);
	npu_mmu_map(&t->update, TEST_VA + NPU_PAGE_SIZE, NPU_PAGE_SIZE, t->pages, 0);
	KUNIT_EXPECT_EQ(test, TEST_VA + NPU_PAGE_SIZE, t->update.start);
	KUNIT_EXPECT_EQ(test, TEST_VA + 2 * NPU_PAGE_SIZE, t->update.end);
	npu_mmu_unmap(&t->update, TEST_VA, NPU_PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, TEST_VA, t->update.start);
	npu_mmu_flush(&t->update);
	KUNIT_EXPECT_GE(test, t->update.start, t->update.end);
}

static struct kunit_case npu_mmu_test_cases[] = {
	KUNIT_CASE(npu_mmu_test_small),
	KUNIT_CASE(npu_mmu_test_protection),
	KUNIT_CASE(npu_mmu_test_huge),
	KUNIT_CASE(npu_mmu_test_not_huge),
	KUNIT_CASE(npu_mmu_test_split_and_merge),
	KUNIT_CASE(npu_mmu_test_across),
	KUNIT_CASE(npu_mmu_test_ends),
	KUNIT_CASE(npu_mmu_test_revocable),
	KUNIT_CASE(npu_mmu_test_worst_case),
	KUNIT_CASE(npu_mmu_test_flushed_range),
	{ }
};

static struct kunit_suite npu_mmu_test_suite = {
	.name = "npu_mmu",
	.init = npu_mmu_test_init,
	.exit = npu_mmu_test_exit,
	.test_cases = npu_mmu_test_cases,
};

kunit_test_suite(npu_mmu_test_suite);
